"""Vectors that a model of this process makes, for a colony that another one may have: texts come, vectors go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .._embedding import Embedding
from .._question import Question
from .arguments import Batch, batches, document

Ask = Callable[..., Any]
"""The answer to a call by its name, with its arguments."""


class Vectors:
    """A model, and whom to ask what it is needed for.

    Raises (when it is made):
        ConfigError: The colony was told the name of another model.
    """

    def __init__(self, embedding: Embedding, ask: Ask) -> None:
        self._embedding, self._ask = embedding, ask
        if embedding.model is not None:
            ask("tell_model", model=embedding.model)

    def batches(self, documents: list[Any], first: int, *, is_update: bool = False) -> Iterator[Batch]:
        """Documents as `arguments.batches` cuts them, each with a vector where it came without one."""
        for batch in batches(documents, first, is_update=is_update):
            refused = {at for at, *_ in batch.refused}
            given = [
                # What was refused is shown as it was given, and refused again for the same reason.
                documents[batch.first - first + at] if at in refused else one
                for at, one in enumerate(self._filled(batch.documents))
            ]
            # With their vectors they may be too much for one call.
            yield from batches(given, batch.first, is_update=is_update)

    def of_document(self, told: Any) -> Any:
        """A document as plain values, for an update, with a vector where it came without one."""
        (filled,) = self._filled([told])
        return document(filled, 0, is_update=True)

    def of_question(self, asked: Question) -> Any:
        """The vector of a question: the one that it came with, or the model's; None where none would count."""
        made = self._embedding.vectors(asked.texts(self._embedding))
        return made[0] if made else asked.vector

    def _filled(self, documents: list[Any]) -> list[Any]:
        wanted = self._ask("embeddable", documents=documents)
        made = iter(self._embedding.vectors([one for one in wanted if isinstance(one, str)]))
        return [
            told if one is None else _with(told, next(made) if isinstance(one, str) else one)
            for told, one in zip(documents, wanted, strict=True)
        ]


def _with(told: Any, vector: Any) -> dict[str, Any]:
    return {**({"text": told} if isinstance(told, str) else told), "vector": vector}
