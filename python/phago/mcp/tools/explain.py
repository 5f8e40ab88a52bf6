"""Why a document has its score."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..._checks import question_of
from ...colony import Colony
from ...results import Explanation
from ...results.answers import by_name
from ..budget import TokenBudget, fitted
from ..tool import Answer, Arguments, Cut, Refused, Tool

__all__ = ["EXPLAIN"]


class _Explain(Arguments):
    question: str
    id: str | None = Field(None, description="A document, found or not; without one, the question alone is explained")
    token_budget: TokenBudget = 2000


class _Share(Answer):
    part: str = Field(
        description="What gives points: word, title, named, concept, bridge, context, speaker. What gives none: unmet "
        "(an operator that it does not meet), unknown (a word that no document has), read_as"
    )
    origin: str = Field("", description="The word, the concept, or the id of the document that it is from")
    points: float = 0.0
    words: list[str] = Field(default_factory=list, description="Words of the question that led to it")


class _Explained(Answer):
    score: float
    parts: dict[str, float] = Field(default_factory=dict, description="What the score is the sum of")
    shares: list[_Share] = Field(default_factory=list, description="What the parts are made of")
    nothing: str | None = Field(None, description="Why the question finds nothing at all")
    cut: Cut | None = None


def _explain(memory: Colony, asked: _Explain) -> dict[str, Any]:
    told = memory.explain(question_of("question", asked.question), asked.id)
    if told is None:
        raise Refused(f"there is no document `{(asked.id or '')[:80]}`; `recall` with a `question` finds ids")
    frame: dict[str, Any] = {
        "score": round(told.score, 4),
        "parts": {name: round(points, 4) for name, points in by_name(told.parts) if points},
    }
    if told.nothing is not None:
        frame["nothing"] = told.nothing
    return fitted(
        frame,
        "shares",
        _shares(told),
        asked.token_budget,
        lambda kept: "the same call with a larger `token_budget`",
    )


def _shares(told: Explanation) -> list[dict[str, Any]]:
    shares = [_share("unmet", one) for one in told.unmet]
    shares += [_share("unknown", word) for word in told.unknown]
    shares += [_share("read_as", f"{word} as {other}") for word, other in told.read_as]
    shares += [_share("word", one.word, one.points) for one in told.words]
    shares += [_share(part, "", getattr(told, part)) for part in ("title", "named") if getattr(told, part)]
    shares += [_share("concept", one.label, one.points, [word.word for word in one.words]) for one in told.concepts]
    shares += [_share("bridge", one.seed, one.points) for one in told.bridges]
    shares += [_share("context", one.id, one.points) for one in told.context]
    return shares + [_share("speaker", "", told.speaker)] * bool(told.speaker)


def _share(part: str, origin: str, points: float = 0.0, words: list[str] | None = None) -> dict[str, Any]:
    row = {"part": part, "origin": origin, "points": round(points, 4), "words": words}
    return {name: value for name, value in row.items() if value}


EXPLAIN = Tool(
    "explain",
    "Tell why a document has its score for a question, or why a question finds nothing. Use it when a hit surprises "
    "you, or one that you expected is missing.",
    _Explain,
    _Explained,
    _explain,
)
