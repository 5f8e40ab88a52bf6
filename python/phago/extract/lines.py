"""Documents as lines of JSON, and what is no document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from ..document import BYTES_MAX, FIELDS, Document

__all__ = ["LeftOut", "is_text", "records"]

_FIELDS = {"_id", *FIELDS}
# What a packed file may unpack to, a line at a time or whole: no small file fills the memory.
_LINE_MAX = 4 * BYTES_MAX
_ID_FIRST = re.compile(rb'\s*\{\s*"_?id"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.)*"|-?\d{1,30})\s*[,}]')
_ID = re.compile(rb'"_?id"\s*:')


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
    id: str | None = None
    """Of a line, the id that it states: it can have been a document of no other one."""


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


# A line that is there and is no document now may have been one, of any id, unless it states one.
def _left_out(at: str, reason: str, key: Any = None) -> LeftOut:
    key = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    is_known = isinstance(key, str) and is_text(key)
    return LeftOut(at, reason, is_unread=True, is_of_lines=True, id=key if is_known else None)


def _stated(line: bytes) -> str | None:
    """The id that a line states which is no JSON: one that was cut off, for example.

    It must be the first field, and the only one of such a name. In the midst of a line it may be part of the metadata,
    and where there are two, two lines may have become one.
    """
    found = _ID_FIRST.match(line)
    if found is None or len(_ID.findall(line)) != 1:
        return None
    try:
        key: Any = json.loads(found[1].decode())
    except ValueError:
        return None
    return key if isinstance(key, str) else str(key)


def _record(line: bytes, at: str, *, first: bool) -> Document | LeftOut:
    try:
        row = json.loads(line.decode("utf-8-sig" if first else "utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
        return _left_out(at, reason, _stated(line))
    if not isinstance(row, dict):
        return _left_out(at, "no object with `text`")
    unknown = row.keys() - _FIELDS
    key: Any = row.get("id", row.get("_id"))
    if unknown:
        # No field is lost in silence.
        return _left_out(at, f"has the field `{min(unknown)}`; known are {', '.join(sorted(_FIELDS))}", key)
    key = at if key is None else str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    text, title, metadata = row.get("text"), row.get("title") or "", row.get("metadata") or {}
    for field, value, kind in (
        ("id", key, str),
        ("text", text, str),
        ("title", title, str),
        ("metadata", metadata, dict),
    ):
        if not isinstance(value, kind):
            reason = f"has `{field}` of type {type(value).__name__}; accepted is {kind.__name__}"
            return _left_out(at, reason, key)
    if not is_text(key):
        return _left_out(at, "has an `id` that is not valid text")
    # `ingest` reads the other fields, and says what is wrong with them: a time is text in JSON.
    row.pop("_id", None)
    return Document(**{**row, "text": text, "id": key, "title": title, "metadata": metadata})
