"""Taking documents into the memory."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any

from pydantic import Field

from ... import _phago
from ...colony import Colony
from ...errors import DocumentExists
from ..budget import TokenBudget, fitted
from ..tool import Answer, Arguments, Cut, Given, Refused, Tool

__all__ = ["REMEMBER"]

# One chunk of `ingest`, and one call of a client: all of them are taken, or none.
_MOST = 1000
_CHARACTERS_MAX = 3_000_000

_Plain = str | int | float | bool


class _Document(Given):
    text: str
    id: str | None = Field(None, description="A name of your own to find it by; without one, a hash of the content")
    title: str = ""
    thread: str | None = Field(None, description="The conversation, file or log it is a part of; with `place`")
    place: int | None = Field(None, description="Its place in that thread, such as the number of the turn")
    time: datetime.datetime | None = Field(None, description="The moment it is of: ISO 8601 with an offset")
    metadata: dict[str, _Plain | list[_Plain]] = Field(
        default_factory=dict, description="What `recall` can filter by with `where`"
    )


class _Remember(Arguments):
    documents: list[str | _Document] = Field(
        min_length=1, max_length=_MOST, description="Texts, or objects with `text`; one fact or passage each"
    )
    replace: bool = Field(False, description="Replace documents that have these ids with other content")
    token_budget: TokenBudget = 2000


class _Remembered(Answer):
    ids: list[str] = Field(description="The ids of the documents, in their order")
    new: int
    changed: int = Field(description="Documents that were replaced")
    unchanged: int = Field(description="Documents that were there with the same content")
    cut: Cut | None = None


def _remember(memory: Colony, asked: _Remember) -> dict[str, Any]:
    documents = [_fields(one) for one in asked.documents]
    characters = sum(len(one["text"]) for one in documents)
    if len(documents) > 1 and characters > _CHARACTERS_MAX:
        raise Refused(
            f"`documents` has texts of {characters} characters; nothing was remembered. "
            f"Accepted are up to {_CHARACTERS_MAX} in one call, or one document"
        )
    ids = [one["id"] for one in documents]
    if asked.replace:
        updated = memory.update_all(documents)
        counts = {"new": updated.new, "changed": updated.changed, "unchanged": updated.unchanged}
    else:
        try:
            taken = memory.ingest(documents)
        except DocumentExists as error:
            raise Refused(
                f"`{error.id}` is the id of a document with other content; nothing was remembered. "
                "Give `replace` = true to replace it, or another `id`"
            ) from None
        counts = {"new": taken.accepted, "changed": 0, "unchanged": taken.unchanged}
    # Found by its words already; its concepts and what they are wired to come with this.
    memory.run()
    return fitted(
        counts,
        "ids",
        ids,
        asked.token_budget,
        lambda kept: (
            f"all were remembered; the ids of those from number {kept} on are told by the same call with these"
        ),
    )


def _fields(given: str | _Document) -> dict[str, Any]:
    document = {"text": given} if isinstance(given, str) else given.model_dump(exclude_none=True, exclude_defaults=True)
    # Named here, so that the answer can tell the name.
    return {"id": _hash_of(document), **document}


def _hash_of(document: dict[str, Any]) -> str:
    title, text = document.get("title", ""), document["text"]
    if document.keys() <= {"title", "text"}:
        # The one that a colony gives it.
        return _phago.content_id(title, text)
    # Two turns of a conversation may both be "Yes.".
    content = json.dumps(document, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


REMEMBER = Tool(
    "remember",
    "Store texts so that they are found in later sessions. Use it for facts, decisions, preferences and passages worth "
    "keeping. Give an `id` to what may change later, and `replace` it then.",
    _Remember,
    _Remembered,
    _remember,
    changes=True,
)
