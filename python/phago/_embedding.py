"""The caller's own model: a callable that makes vectors of texts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from ._checks import refusal, text_of
from ._later import module

if TYPE_CHECKING:
    from . import _phago, errors
else:
    errors = module("phago.errors")

__all__ = ["Embed", "Embedding", "Vector"]

Vector = Any
"""A vector: numbers in a list, a tuple, an array or any buffer of floats, of one dimension."""

Embed = Callable[[list[str]], Any]
"""A model: called with some texts, it returns as many vectors, in their order: a list of them, or an array with a row
for each. For an `AsyncColony` it may be a coroutine function.
"""

MODEL_BYTES_MAX = 512

BATCH = 64
"""Texts that a model is given at once, at most."""


class Embedding:
    """A model and its name."""

    def __init__(self, embed: Embed, model: str | None) -> None:
        if not callable(embed):
            raise refusal("embed", embed, "a callable that makes vectors of a list of texts, or None")
        self._embed = embed
        self.model = None if model is None else text_of("model", model)
        # Here and not where the colony is told: a directory is made before that.
        if self.model is not None and not 1 <= len(self.model.encode()) <= MODEL_BYTES_MAX:
            raise refusal("model", model, f"a name of 1 to {MODEL_BYTES_MAX} bytes of UTF-8")

    def vectors(self, texts: list[str]) -> list[Vector]:
        """The vectors of texts, in their order."""
        made: list[Vector] = []
        for batch in _batches(texts):
            try:
                given = self._embed(batch)
            except Exception as error:
                raise _failed(batch, error) from error
            if isinstance(given, CoroutineType):
                given.close()
                raise refusal("embed", self._embed, "a plain callable; only an `AsyncColony` awaits one")
            made += _rows(given, batch)
        return made

    async def vectors_async(self, texts: list[str]) -> list[Vector]:
        """The twin for event loops: a plain callable is called in a thread, so that the loop is left to others."""
        # It brings logging, which a program without a loop does not need.
        import asyncio
        import inspect

        made: list[Vector] = []
        for batch in _batches(texts):
            try:
                if inspect.iscoroutinefunction(self._embed):
                    given = await self._embed(batch)
                else:
                    given = await asyncio.to_thread(self._embed, batch)
                    if inspect.isawaitable(given):
                        given = await given
            except Exception as error:
                raise _failed(batch, error) from error
            made += _rows(given, batch)
        return made

    def fill(self, world: _phago.World, documents: Sequence[Any], first: int) -> list[Vector]:
        """The vector of each document that has none; `None` for one that has, or that is not valid."""
        wanted = world.embeddable(documents, first).wait()
        return _filled(wanted, self.vectors(_texts(wanted)))

    async def fill_async(self, world: _phago.World, documents: Sequence[Any], first: int) -> list[Vector]:
        """The twin for event loops."""
        wanted = await world.embeddable(documents, first).start()
        return _filled(wanted, await self.vectors_async(_texts(wanted)))


def embedding_of(embed: Embed | None, model: str | None) -> Embedding | None:
    """The model that a caller gave."""
    if embed is None:
        if model is not None:
            raise refusal("model", model, "None without `embed`: it is the name of that")
        return None
    return Embedding(embed, model)


def _batches(texts: list[str]) -> Iterator[list[str]]:
    return (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))


def _texts(wanted: list[Any]) -> list[str]:
    return [one for one in wanted if isinstance(one, str)]


def _filled(wanted: list[Any], made: list[Vector]) -> list[Vector]:
    vectors = iter(made)
    return [next(vectors) if isinstance(one, str) else one for one in wanted]


def _rows(given: Any, texts: list[str]) -> list[Vector]:
    try:
        # No more than tell that it is too many: it may be an iterator without an end.
        rows = list(itertools.islice(given, len(texts) + 1))
    except TypeError as error:
        what = f"`embed` returned {type(given).__name__}; accepted are as many vectors as texts"
        raise errors.EmbedError(what, texts=len(texts)) from error
    if len(rows) != len(texts):
        count = f"more than {len(texts)}" if len(rows) > len(texts) else f"{len(rows)}"
        what = f"`embed` returned {count} vectors for {len(texts)} texts; accepted are as many"
        raise errors.EmbedError(what, texts=len(texts))
    if any(row is None for row in rows):
        at = next(at for at, row in enumerate(rows) if row is None)
        raise errors.EmbedError(f"`embed` returned None for text {at}; accepted is a vector", texts=len(texts))
    return rows


def _failed(texts: list[str], error: Exception) -> errors.EmbedError:
    return errors.EmbedError(
        f"`embed` failed for {len(texts)} texts: {type(error).__name__}: {error}", texts=len(texts)
    )
