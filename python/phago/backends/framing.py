"""Messages as runs of bytes: a number, the length of each part, the parts. Nothing is pickled."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_HEAD = struct.Struct("<QI")
_LENGTH = struct.Struct("<q")


def pack(number: int, parts: Sequence[bytes | None]) -> list[bytes]:
    """The runs of one frame. None stands for a part that is not there, which an empty one is not."""
    lengths = [_LENGTH.pack(-1 if part is None else len(part)) for part in parts]
    return [b"".join([_HEAD.pack(number, len(parts)), *lengths]), *(part for part in parts if part)]


def unpack(frame: bytes | bytearray) -> tuple[int, list[bytes | None]]:
    """The number and the parts of a frame.

    Raises:
        ValueError: These bytes are none.
    """
    view = memoryview(frame)
    try:
        number, count = _HEAD.unpack_from(view)
        at = _HEAD.size + count * _LENGTH.size
        lengths = [_LENGTH.unpack_from(view, _HEAD.size + place * _LENGTH.size)[0] for place in range(count)]
    except struct.error as error:
        raise ValueError(f"a frame of {len(frame)} bytes is cut off") from error
    if at + sum(length for length in lengths if length > 0) != len(view):
        raise ValueError(f"a frame of {len(frame)} bytes has parts of {lengths} bytes")
    parts: list[bytes | None] = []
    for length in lengths:
        parts.append(None if length < 0 else bytes(view[at : at + length]))
        at += max(length, 0)
    return number, parts
