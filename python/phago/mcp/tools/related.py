"""What a concept is wired to, and the documents like another one."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..._checks import question_of
from ...colony import Colony
from ..budget import TokenBudget, fitted, shortened
from ..provenance import HitRow, hit_row
from ..tool import Answer, Arguments, Cut, Refused, Tool

__all__ = ["RELATED"]


class _Related(Arguments):
    concept: str | None = Field(None, description="A word: what occurs together with it")
    id: str | None = Field(None, description="Instead: the documents most like this one")
    k: int = Field(10, ge=1, le=100, description="Entries, at most")
    skip: int = Field(0, ge=0, le=10_000, description="Entries to leave out at the beginning: those that you know")
    token_budget: TokenBudget = 2000


class _Wired(Answer):
    concept: str
    weight: float = Field(description="How strongly they are wired, 0 to 1")
    together: int = Field(description="Documents that had both")


class _RelatedTo(Answer):
    concepts: list[_Wired] = Field(default_factory=list, description="The strongest first")
    documents: list[HitRow] = Field(default_factory=list, description="The most similar first")
    mentions: int | None = Field(None, description="Documents that have the concept")
    total: int | None = Field(None, description="Concepts it is wired to, in all")
    cut: Cut | None = None


def _related(memory: Colony, asked: _Related) -> dict[str, Any]:
    if (asked.concept is None) == (asked.id is None):
        raise Refused("give `concept` or `id`: one of them")
    return _wired(memory, asked.concept, asked) if asked.concept is not None else _alike(memory, asked.id or "", asked)


def _wired(memory: Colony, concept: str, asked: _Related) -> dict[str, Any]:
    node = memory.graph.node(question_of("concept", concept))
    if node is None:
        near = [one.label for one in memory.concepts(concept, 3)] if concept.strip() else []
        hint = f"; near it: {', '.join(near)}" if near else "; `insights` tells what there is"
        raise Refused(f"there is no concept `{concept[:80]}`{hint}")
    edges = memory.graph.neighbors(node.label)
    rows = [
        {"concept": edge.target, "weight": round(edge.weight, 4), "together": edge.co_activations}
        for edge in edges[asked.skip : asked.skip + asked.k]
    ]
    frame = {"mentions": node.mentions, "total": len(edges)}
    return fitted(frame, "concepts", rows, asked.token_budget, _rest(asked))


def _alike(memory: Colony, id: str, asked: _Related) -> dict[str, Any]:
    found = memory.similar(id, k=asked.skip + asked.k)
    if found is None:
        raise Refused(f"there is no document `{id[:80]}`; `recall` with a `question` finds ids")
    rows = [row for hit in found[asked.skip :] if (row := hit_row(memory, hit)) is not None]

    def shorten(row: dict[str, Any], room: int) -> dict[str, Any] | None:
        return shortened(row, room, ("passage", "title"), ("metadata", "parts", "path", "source", "thread", "uri"))

    return fitted({}, "documents", rows, asked.token_budget, _rest(asked), shorten)


def _rest(asked: _Related) -> Any:
    return lambda kept: (
        f"the same call with `skip` = {asked.skip + kept}" + ("" if kept else " and more `token_budget`")
    )


RELATED = Tool(
    "related",
    "Follow associations: what a word is wired to in this memory, or the documents most like another one. Use it to "
    "explore around a topic, or to find words for a better question.",
    _Related,
    _RelatedTo,
    _related,
)
