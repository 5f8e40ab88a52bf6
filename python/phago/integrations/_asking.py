"""A question as the retrievers of frameworks ask it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .._checks import count, one_of, refusal
from ..results import Hit, Hits

__all__ = ["asked_of", "checked", "content_of", "found", "found_async", "needed", "place_of", "provenance_of"]

_T = TypeVar("_T")


def checked(colony: Any, k: int, content: str) -> None:
    """Refuse at once what would fail with the first question."""
    for name in ("query", "ingest"):
        if not callable(getattr(colony, name, None)):
            raise refusal("colony", colony, "a `phago.Colony`, or what has its methods")
    count("k", k, 1)
    one_of("content", content, ("text", "passage"))


def asked_of(colony: Any, asked: Mapping[str, Any], **named: Any) -> dict[str, Any]:
    """What each question asks: what stands in `asked`, and what was named beside it and is not None.

    Raises:
        ConfigError: Something is in both, or is nothing that `query` takes.
    """
    named = {name: value for name, value in named.items() if value is not None}
    for name in named.keys() & asked.keys():
        raise refusal(name, named[name], "here or in `asked`, and not in both")
    taken = inspect.signature(colony.query).parameters
    if all(one.kind is not one.VAR_KEYWORD for one in taken.values()):
        known = [name for name in taken if name not in ("text", "k")]
        for name in asked.keys() - set(known):
            raise refusal("asked", name, f"what `query` takes beside the question and its `k`: {', '.join(known)}")
    return {**asked, **named}


def _is_async(colony: Any) -> bool:
    return asyncio.iscoroutinefunction(colony.query)


def found(colony: Any, question: str, k: int, asked: Mapping[str, Any]) -> Hits:
    """What a colony answers.

    Raises:
        TypeError: An `AsyncColony`, which only event loops can ask.
    """
    if _is_async(colony):
        raise TypeError("an `AsyncColony` answers `ainvoke` and `aretrieve` only; a `Colony` answers both kinds")
    hits: Hits = colony.query(question, k=k, **asked)
    return hits


async def found_async(colony: Any, question: str, k: int, asked: Mapping[str, Any]) -> Hits:
    """The same for event loops, which are left to others meanwhile."""
    if _is_async(colony):
        hits: Hits = await colony.query(question, k=k, **asked)
        return hits
    return await asyncio.to_thread(found, colony, question, k, asked)


def content_of(hit: Hit, content: str) -> str:
    """The text of a hit, or its best passage; of a lexical answer, which has none, the text."""
    return (hit.passage or hit.text) if content == "passage" else hit.text


def provenance_of(hit: Hit) -> dict[str, Any]:
    """What is known of a hit beside its text and its document's metadata, as what JSON can hold."""
    told = hit.to_dict()
    return {name: value for name, value in told.items() if name not in ("id", "text", "metadata")}


def place_of(hit: Hit) -> str:
    """The key in metadata under which that stands: `phago`, unless the document has such a key itself."""
    return "phago.hit" if "phago" in hit.metadata else "phago"


def needed(extra: str, package: str) -> Callable[[ImportError], ImportError]:
    """The error of a module whose framework is not there."""

    def told(error: ImportError) -> ImportError:
        return ImportError(
            f'phago.integrations.{package} needs its framework: pip install "phago[{extra}]"', name=error.name
        )

    return told
