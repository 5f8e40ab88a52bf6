"""Finding passages, and reading a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from ..._checks import question_of
from ...colony import Colony
from ...config import Ranking
from ...results import StoredDocument
from ..budget import TokenBudget, fitted, part_of, shortened
from ..provenance import HitRow, Origin, hit_row, origin_of
from ..tool import Answer, Arguments, Cut, Refused, Tool

__all__ = ["RECALL"]

_UNKNOWN_BYTES = 160
_BY_WORDS = Ranking(similar_weight=0.0, similar_seed=0.0)
_TEXTS, _WHOLE = ("passage", "title"), ("metadata", "parts", "path", "source", "thread", "uri")


class _Recall(Arguments):
    question: str | None = Field(
        None, description='In words of your own; also "an exact phrase", +required, -excluded, title:word, begin*'
    )
    id: str | None = Field(None, description="Instead: read this document, from character `start` on")
    start: int = Field(0, ge=0)
    k: int = Field(5, ge=1, le=100, description="Hits, at most")
    skip: int = Field(0, ge=0, le=10_000, description="Hits to leave out at the beginning: those that you know")
    where: dict[str, Any] | None = Field(
        None, description='Filter on metadata: {"year": 2021}, {"tag": ["a", "b"]}, {"year": {"gte": 2020}}'
    )
    since: str | None = Field(None, description="Only documents of this moment (ISO 8601 with an offset) or later")
    until: str | None = Field(None, description="Only documents of this moment or earlier")
    newer: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="What being new is worth; 0.3 puts the newest of equals first"
    )
    token_budget: TokenBudget = 2000


class _Document(Origin):
    text: str
    start: int
    end: int = Field(description="The text is that from character `start` to here")
    length: int = Field(description="Characters of the whole text")


class _Recalled(Answer):
    hits: list[HitRow] = Field(description="The best first")
    document: _Document | None = Field(None, description="The document that was asked for by its id")
    nothing: str | None = Field(None, description="Why nothing was found")
    unknown: list[str] = Field(
        default_factory=list, description="Words of the question that no document has: the hits are about its others"
    )
    cut: Cut | None = None


def _recall(memory: Colony, asked: _Recall) -> dict[str, Any]:
    if (asked.question is None) == (asked.id is None):
        raise Refused("give `question` or `id`: one of them")
    if asked.id is not None:
        return _read(memory, asked.id, asked)
    question = question_of("question", asked.question)
    filters: dict[str, Any] = {"where": asked.where, "since": asked.since, "until": asked.until}
    # The head of a longer answer is the shorter one.
    found = memory.query(question, k=asked.skip + asked.k, newer=asked.newer, **filters)
    # Where there are hits, it is asked for unknown words alone, and a model need not be asked again.
    told = memory.explain(question, ranking=_BY_WORDS if found else None)
    unknown = _some(told.unknown if told is not None else ())
    frame: dict[str, Any] = {"unknown": unknown} if unknown else {}
    if not found:
        why = told.nothing if told is not None else None
        return {"hits": [], "nothing": why or "no document matches the filters or operators", **frame}
    if len(found) <= asked.skip:
        return {"hits": [], "nothing": f"there are only {len(found)} hits; `skip` is {asked.skip}", **frame}
    rows = [row for hit in found[asked.skip : asked.skip + asked.k] if (row := hit_row(memory, hit)) is not None]
    return fitted(
        frame,
        "hits",
        rows,
        asked.token_budget,
        lambda kept: f"the same call with `skip` = {asked.skip + kept}" + ("" if kept else " and more `token_budget`"),
        lambda row, room: shortened(row, room, _TEXTS, _WHOLE),
    )


def _some(words: Sequence[str]) -> list[str]:
    """The first words, in a few bytes: they come in any case."""
    some: list[str] = []
    for word in words:
        if len("".join([*some, word]).encode()) > _UNKNOWN_BYTES:
            break
        some.append(word)
    return some


def _read(memory: Colony, id: str, asked: _Recall) -> dict[str, Any]:
    document = memory.get(id)
    if document is None:
        raise Refused(f"there is no document `{id[:80]}`; `recall` with a `question` finds ids")
    length = len(document.text)
    if asked.start >= length:
        raise Refused(f"`start` is {asked.start}; the document has {length} characters")
    row = part_of(document, asked.start, _frame(document, asked.token_budget), asked.token_budget)
    answer: dict[str, Any] = {"hits": [], "document": row}
    if row["end"] < length:
        rest = f"the same call with `start` = {row['end']}"
        answer["cut"] = {"left_out": 0, "shortened": 1, "rest": rest}
    return answer


def _frame(document: StoredDocument, budget: int) -> dict[str, Any]:
    """What is said beside the text, in at most half of the budget."""
    frame = {**origin_of(document), "length": len(document.text)}
    short = shortened(frame, budget * 2, ("title",), ("metadata", "source", "thread", "uri"))
    # An id alone may be longer than that.
    return short if short is not None else {"id": document.id[:40], "length": len(document.text), "cut": ["id"]}


RECALL = Tool(
    "recall",
    "Find what the memory knows. Use it before answering anything that earlier sessions or stored documents may know, "
    "and with `id` to read a document that a hit is from. Each hit has its passage, where it is from, and why.",
    _Recall,
    _Recalled,
    _recall,
)
