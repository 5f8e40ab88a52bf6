"""How far a command has come, on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["Tell", "progress"]

# Writing more often costs time and nobody reads it.
_EVERY = 0.1

Tell = Callable[[str, int, int | None], None]
"""Takes what is done, how many are done, and of how many if that is known."""


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[Tell]:
    """Give a function that is told how far a command has come, and shows it.

    It is a bar where rich is installed, else a line of numbers. Nothing is shown where errors go to no terminal, or
    where `quiet`.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    try:
        import rich.console
        import rich.progress as bars
    except ImportError:
        with _line() as tell:
            yield tell
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
    )
    with bars.Progress(*columns, console=rich.console.Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, visible=False)
        yield lambda what, done, total: shown.update(task, description=what, completed=done, total=total, visible=True)


@contextlib.contextmanager
def _line() -> Iterator[Tell]:
    last = 0.0

    def tell(what: str, done: int, total: int | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            of = "" if total is None else f" of {total:,}"
            print(f"\r{what}: {done:,}{of}", end="\x1b[K", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if last:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
