"""Taking documents out of the memory."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...colony import Colony
from ..budget import TokenBudget, fitted
from ..tool import Answer, Arguments, Cut, Tool

__all__ = ["FORGET"]


class _Forget(Arguments):
    ids: list[str] = Field(min_length=1, max_length=1000, description="The documents' ids, as `recall` tells them")
    token_budget: TokenBudget = 2000


class _Forgotten(Answer):
    gone: int = Field(description="How many documents are gone now")
    missing: int = Field(description="How many of the ids no document had")
    forgotten: list[str] = Field(description="Ids of the documents that are gone now")
    not_there: list[str] = Field(description="Ids that no document had")
    cut: Cut | None = None


def _forget(memory: Colony, asked: _Forget) -> dict[str, Any]:
    ids = list(dict.fromkeys(asked.ids))
    gone = [one for one in ids if one in memory]
    # Together, as each by itself would be written to the disk by itself. Of two agents that forget the same document at
    # once, both may be told that it is gone.
    memory.delete(gone)
    # What they wired leaves the graph with this.
    memory.run()
    there = set(gone)
    missing = [one for one in ids if one not in there]
    frame = {"gone": len(gone), "missing": len(missing), "not_there": [], "forgotten": []}
    # What was not there is what the agent does not know; both lists together keep to the budget.
    told = fitted(frame, "not_there", missing, asked.token_budget, _rest)
    first = told.pop("cut", None)
    told = fitted(told, "forgotten", gone, asked.token_budget, _rest)
    if first is not None:
        told["cut"] = {**first, "left_out": first["left_out"] + told.get("cut", {}).get("left_out", 0)}
    return told


def _rest(kept: int) -> str:
    return "the ids that you gave and that are in neither list are told by a call with fewer of them"


FORGET = Tool(
    "forget",
    "Delete documents for good: nothing that they brought stays in any answer. Use it when the user asks to forget, or "
    "for what is wrong. It cannot be undone. To correct a document, `remember` it with `replace`.",
    _Forget,
    _Forgotten,
    _forget,
    changes=True,
)
