"""The command line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]

# What shells report for a program that ended by SIGINT: 128 + 2.
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    It is 0 for well, 1 for not well or nothing found, 2 for what the caller can mend, 3 for a damaged colony, 4 for
    one that another process writes, 130 for interrupted.

    Args:
        argv: The arguments; those of the process by default.
    """
    try:
        # Loaded where an interruption is answered: most of the time before the first word is spent here.
        from .command import run

        return run(argv)
    except SystemExit:
        raise
    except BaseException as error:
        if not _is_interruption(error):
            raise
        from .plain import warn

        warn("interrupted")
        return _INTERRUPTED


def _is_interruption(error: BaseException | None) -> bool:
    # Libraries make other errors of it, and so does Python 3.11 where a class is being made.
    seen: set[int] = set()
    while error is not None and id(error) not in seen and not isinstance(error, KeyboardInterrupt):
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return isinstance(error, KeyboardInterrupt)
