"""What the command line exits with."""

from __future__ import annotations

__all__ = ["BUSY", "DAMAGED", "FOUND", "NOTHING_FOUND", "USAGE", "Problem"]

FOUND = 0
# Also what `demo` ends with where digests differ.
NOTHING_FOUND = 1
# What the parser ends with, and whatever else the user can mend.
USAGE = 2
DAMAGED = 3
BUSY = 4


class Problem(Exception):
    """Something the user can mend; the message says it in one line."""

    def __init__(self, message: str, code: int = USAGE, block: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.block = block
        """What is shown below it, as it is."""
