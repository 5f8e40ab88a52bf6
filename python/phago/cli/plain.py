"""Lines for a terminal, in which nothing of a document acts on it."""

from __future__ import annotations

import sys
import unicodedata
from typing import TextIO

__all__ = ["plain", "show", "warn"]

# Joiners: what they join are letters of Persian and Hindi, and parts of one emoji.
_HARMLESS = "\u200c\u200d"


def plain(text: str, *, is_block: bool = False) -> str:
    r"""A text with what is no printable sign as Python escapes it, such as `\x1b`: it may be of anybody.

    Signs of control could move the cursor, set the title of the window or paint over what was said; those of direction
    turn around what follows; an id with a line feed would look like a line of its own.

    >>> plain("a\x1b[31m\u202eb\n")
    'a\\x1b[31m\\u202eb\\n'

    Args:
        text: The text.
        is_block: Whether it is of several lines, so that line feeds and tabs stay.
    """
    if text.isprintable():
        return text
    kept = _HARMLESS + "\n\t" * is_block
    return "".join(one.encode("unicode_escape").decode() if _acts(one) and one not in kept else one for one in text)


def _acts(sign: str) -> bool:
    kind = unicodedata.category(sign)
    # Halves of characters become question marks where they are printed, as does what a terminal has no sign for.
    return (kind[0] == "C" and kind != "Cs") or kind in ("Zl", "Zp")


def show(line: str = "", *, to: TextIO | None = None, is_block: bool = False) -> None:
    """Print a line, at once: all that the commands say goes through this, but JSON, and texts that were asked for."""
    print(plain(line, is_block=is_block), file=to, flush=True)


def warn(message: str) -> None:
    """Print a message of the command itself, beside what it answers."""
    if sys.stderr is None:
        # Whoever closed it wants none. `print` would take the output instead, which is of the answer.
        return
    show(f"phago: {message}", to=sys.stderr)
