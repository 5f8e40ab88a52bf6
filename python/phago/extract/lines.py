"""Documents as lines of JSON, and what is no document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from ..document import BYTES_MAX, FIELDS, Document

__all__ = ["LeftOut", "is_text", "records"]

_FIELDS = {"_id", *FIELDS}
# What a packed file may unpack to, a line at a time or whole: no small file fills the memory.
_LINE_MAX = 4 * BYTES_MAX


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a line of one, that is no document."""

    path: str
    """As the ids of its documents would begin."""
    reason: str
    is_unread: bool = False
    """Whether it could not be read, so that what it holds is not known."""
    is_of_lines: bool = False
    """Whether it is a file, or a line of one, whose documents may have any ids."""
    is_unknown: bool = False
    """Whether it is of a kind that is not read."""


def records(stream: IO[bytes], name: str) -> Iterator[Document | LeftOut]:
    """The documents of a stream of lines; `name` is that of the file."""
    number = 0
    while line := stream.readline(_LINE_MAX):
        number += 1
        at = f"{name}:{number}"
        if len(line) >= _LINE_MAX:
            reason = "over 64 MiB in one line; what follows it is not read"
            yield _left_out(at, reason)
            return
        if line.strip():
            yield _record(line, at, first=number == 1)


def is_text(value: str) -> bool:
    """Whether it is valid text: a name of a file may be any bytes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# A line that is there and is no document now may have been one, of any id.
def _left_out(at: str, reason: str) -> LeftOut:
    return LeftOut(at, reason, is_unread=True, is_of_lines=True)


def _record(line: bytes, at: str, *, first: bool) -> Document | LeftOut:
    try:
        row = json.loads(line.decode("utf-8-sig" if first else "utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
        return _left_out(at, reason)
    if not isinstance(row, dict):
        return _left_out(at, "no object with `text`")
    unknown = row.keys() - _FIELDS
    if unknown:
        # No field is lost in silence.
        return _left_out(at, f"has the field `{min(unknown)}`; known are {', '.join(sorted(_FIELDS))}")
    key: Any = row.get("id", row.get("_id"))
    key = at if key is None else str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    text, title, metadata = row.get("text"), row.get("title") or "", row.get("metadata") or {}
    for field, value, kind in (
        ("id", key, str),
        ("text", text, str),
        ("title", title, str),
        ("metadata", metadata, dict),
    ):
        if not isinstance(value, kind):
            return _left_out(at, f"has `{field}` of type {type(value).__name__}; accepted is {kind.__name__}")
    if not is_text(key):
        return _left_out(at, "has an `id` that is not valid text")
    # `ingest` reads the other fields, and says what is wrong with them: a time is text in JSON.
    row.pop("_id", None)
    return Document(**{**row, "text": text, "id": key, "title": title, "metadata": metadata})
