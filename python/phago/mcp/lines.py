"""The lines of standard input, for an event loop that must be able to end while none comes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading

__all__ = ["Lines"]

_CHUNK = 1 << 16


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
                    self._hand_over(b"".join([*parts, line]).decode(errors="replace"))
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
