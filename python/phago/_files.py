"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["placed", "written"]


@contextmanager
def placed(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name beside the path to write to; it gets the right one when all is written, and is removed otherwise."""
    whole = Path(path)
    temporary = whole.with_name(f".{whole.name}.{os.getpid()}")
    try:
        yield temporary
        os.replace(temporary, whole)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Open such a file for text, in UTF-8."""
    with placed(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file
