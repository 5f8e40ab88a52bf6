"""Taking documents out of the memory."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...colony import Colony
from ..tool import Answer, Arguments, Tool

__all__ = ["FORGET"]


class _Forget(Arguments):
    ids: list[str] = Field(min_length=1, max_length=1000, description="The documents' ids, as `recall` tells them")


class _Forgotten(Answer):
    forgotten: list[str] = Field(description="Ids of the documents that are gone now")
    not_there: list[str] = Field(description="Ids that no document had")


def _forget(memory: Colony, asked: _Forget) -> dict[str, Any]:
    ids = list(dict.fromkeys(asked.ids))
    # One by one, as another agent may be forgetting the same ones: only one of the two is told so.
    gone = [one for one in ids if memory.delete(one)]
    # What they wired leaves the graph with this.
    memory.run()
    there = set(gone)
    return {"forgotten": gone, "not_there": [one for one in ids if one not in there]}


FORGET = Tool(
    "forget",
    "Delete documents for good: nothing that they brought stays in any answer. Use it when the user asks to forget, or "
    "for what is wrong. It cannot be undone. To correct a document, `remember` it with `replace`.",
    _Forget,
    _Forgotten,
    _forget,
    changes=True,
)
