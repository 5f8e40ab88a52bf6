"""How far a call has come, for whoever watches it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .results import Progress

if TYPE_CHECKING:
    from ._phago import RunRow, World

__all__ = ["OnProgress", "Show", "shown", "so_far", "taken"]

OnProgress: TypeAlias = Callable[[Progress], object] | Literal[True]
"""Called with a `Progress`; or True for a bar."""

Show: TypeAlias = Callable[[Progress], object]


@contextlib.contextmanager
def shown(wanted: OnProgress | Any | None) -> Iterator[Show | None]:
    """Give the function that is told how far the call has come, if one is wanted.

    Raises:
        TypeError: For what is neither True, None nor a function.
    """
    if wanted is None or wanted is False:
        yield None
    elif wanted is True:
        from ._bar import progress as bar

        with bar() as tell:
            yield lambda told: tell(told.what, told.done, told.total)
    elif callable(wanted):
        yield wanted
    else:
        raise TypeError(f"`progress` is a function that takes a Progress, or True, not {type(wanted).__name__}")


def so_far(rows: list[RunRow], world: World) -> Progress:
    """What a run has done, tick by tick, and what waits."""
    done = sum(row.digested + row.failed for row in rows)
    return Progress("run", done, done + world.pending)


def taken(documents: Any, done: int) -> Progress:
    """How many documents were read, of those that there are if they can be counted."""
    is_one = isinstance(documents, str | Mapping)
    return Progress("ingest", done, len(documents) if isinstance(documents, Sized) and not is_one else None)
