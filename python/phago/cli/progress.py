"""How far a command has come, on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["Tell", "progress"]

# Writing more often costs time and nobody reads it.
_EVERY = 0.1

Tell = Callable[[str, int], None]


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[Tell]:
    """Give a function that takes what is done and how many are done.

    It writes one line again and again, on nothing but a terminal, and not where `quiet`.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda what, done: None
        return
    last = 0.0

    def tell(what: str, done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            print(f"\r{what}: {done:,}", end="\x1b[K", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if last:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
