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

__all__ = ["ODD", "Lines", "readable"]

_CHUNK = 1 << 16


# A half of a character, as JSON can write it, and numbers that Python does not read.
_HARDLY_JSON = re.compile(r"\\u[dD][89a-fA-F]|[0-9]{300}|[eE]\+?[0-9]{3}|NaN|Infinity")
_DIGITS_MAX = 4_000
# Of lists and objects in each other: the SDK reads some 200, and a filter has 16.
_DEPTH_MAX = 100


# Of a value in the arguments of a tool: what stands for it. No tool takes it, and `Tool.answered` says what is wrong.
ODD = "\N{REPLACEMENT CHARACTER}phago"


def readable(line: str) -> str:
    """A line whose JSON the SDK can read, so that it is answered: it says nothing to one that it cannot read.

    A number of thousands of digits, one that no float holds, one that is none of JSON's, text with half of a character,
    and what nests deeper than any tool takes: among a tool's arguments each becomes an object under `ODD` that tells
    what it is, and is text elsewhere.
    """
    is_odd = _HARDLY_JSON.search(line) is not None
    if not is_odd and line.count("[") + line.count("{") <= _DEPTH_MAX:
        return line
    try:
        told = json.loads(line, parse_int=_integer, parse_float=_real, parse_constant=_number)
    except (ValueError, RecursionError):
        return line
    shallow = _shallow(told, _DEPTH_MAX)
    if not is_odd and shallow == told:
        return line
    if isinstance(shallow, dict) and isinstance(params := shallow.get("params"), dict) and "arguments" in params:
        params["arguments"] = _marked(params["arguments"])
    return json.dumps(shallow, ensure_ascii=False).encode(errors="replace").decode()


class _Odd(str):
    """What a value is, in its place."""


def _number(digits: str) -> _Odd:
    return _Odd(f"is the number {digits[:20]}{'...' if len(digits) > 20 else ''}")


def _integer(digits: str) -> int | _Odd:
    return int(digits) if len(digits) < _DIGITS_MAX else _number(digits)


def _real(digits: str) -> float | _Odd:
    found = float(digits)
    return found if math.isfinite(found) else _number(digits)


def _shallow(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        return _Odd("nests too deeply")
    if isinstance(value, list):
        return [_shallow(one, depth - 1) for one in value]
    return {key: _shallow(one, depth - 1) for key, one in value.items()}


def _marked(value: Any) -> Any:
    if isinstance(value, list):
        return [_marked(one) for one in value]
    if isinstance(value, dict):
        is_whole = all(map(_is_whole, value))
        return {key: _marked(one) for key, one in value.items()} if is_whole else {ODD: "has half of a character"}
    if isinstance(value, _Odd):
        return {ODD: value}
    return {ODD: "has half of a character"} if isinstance(value, str) and not _is_whole(value) else value


def _is_whole(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


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
