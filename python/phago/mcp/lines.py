"""The lines of standard input, for an event loop that must be able to end while none comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import re
import threading
from typing import Any

__all__ = ["Lines"]

_CHUNK = 1 << 16


# A half of a character, as JSON can write it, and numbers that Python does not read.
_ODD = re.compile(r"\\u[dD][89a-fA-F]|[0-9]{300}|[eE]\+?[0-9]{3}|NaN|Infinity")
_DIGITS_MAX = 4_000
# Of lists and objects in each other: the SDK reads some 200, and a filter has 16.
_DEPTH_MAX = 100


def readable(line: str) -> str:
    """A line whose JSON the SDK can read, so that it is answered: it says nothing to one that it cannot read.

    Halves of characters become question marks. A number of thousands of digits, one that no float holds, one that is
    none of JSON's, and what nests deeper than any tool takes, become text, which no tool takes for one.
    """
    is_odd = _ODD.search(line) is not None
    if not is_odd and line.count("[") + line.count("{") <= _DEPTH_MAX:
        return line
    try:
        told = json.loads(line, parse_int=_integer, parse_float=_real, parse_constant="the number {}".format)
    except (ValueError, RecursionError):
        return line
    shallow = _shallow(told, _DEPTH_MAX)
    if not is_odd and shallow == told:
        return line
    return json.dumps(shallow, ensure_ascii=False).encode(errors="replace").decode()


def _shallow(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return "what nests too deeply"
    if isinstance(value, list):
        return [_shallow(one, depth - 1) for one in value]
    return {key: _shallow(one, depth - 1) for key, one in value.items()}


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < _DIGITS_MAX else f"{digits[:20]}..."


def _real(digits: str) -> float | str:
    found = float(digits)
    return found if math.isfinite(found) else f"the number {digits[:20]}"


class Lines:
    """Lines, read by a thread that nobody waits for.

    The SDK reads in a thread of a pool, which a program that is told to end waits for: until the client sends one more
    line. Bytes are read past Python's own buffer, as a thread that holds its lock at the end would stop the
    interpreter.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop = loop
        threading.Thread(target=self._read, name="phago-stdin", daemon=True).start()

    def _read(self) -> None:
        parts: list[bytes] = []
        try:
            while chunk := os.read(0, _CHUNK):
                *whole, last = chunk.split(b"\n")
                for line in whole:
                    self._hand_over(readable(b"".join([*parts, line]).decode(errors="replace")))
                    parts = []
                parts.append(last)
        except OSError:
            # The client has gone, in a way that the system calls an error.
            pass
        finally:
            self._hand_over(None)

    def _hand_over(self, line: str | None) -> None:
        # The loop may have ended first.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line
