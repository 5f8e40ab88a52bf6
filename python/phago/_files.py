"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["placed", "written"]

# Names of what a process has open: writing there goes on where that stands, and nothing is put in its place.
_OPEN = ("/dev/fd/", "/dev/std", "/proc/")


@contextmanager
def placed(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name to write to; the path gets what was written there when that is whole, and nothing otherwise.

    A link is followed, and a file that is replaced keeps its rights. What is no file, such as a pipe or a device, is
    written to and stays.

    Raises:
        OSError: It cannot be written; its `filename` is the path as it was given.
    """
    given = os.fspath(path)
    try:
        before = os.stat(given) if given else None
    except FileNotFoundError:
        before = None
    if not given:
        raise FileNotFoundError(errno.ENOENT, "the path is empty", given)
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), given)
    if before is not None and (not stat.S_ISREG(before.st_mode) or given.startswith(_OPEN)):
        with _passed_on(given) as temporary:
            yield temporary
        return
    try:
        whole = Path(os.path.realpath(given))
    except FileNotFoundError:
        # Told by Python without the name of a file.
        raise FileNotFoundError(errno.ENOENT, "there is no working directory any more", given) from None
    # Threads of one process may write at once; the name is short, as that of the file may be as long as can be.
    temporary = whole.with_name(f".phago.{os.urandom(8).hex()}")
    try:
        with _named(given, temporary):
            # Made here, so that the rights of what is replaced hold from the first byte on.
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            if before is not None:
                with contextlib.suppress(OSError, AttributeError):
                    os.chown(temporary, before.st_uid, before.st_gid)
                os.chmod(temporary, stat.S_IMODE(before.st_mode))
            yield temporary
            os.replace(temporary, whole)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """Open such a file for text, in UTF-8."""
    with placed(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        yield file


@contextmanager
def _passed_on(given: str) -> Iterator[Path]:
    # Few ever write to what is no file, and each colony would wait for these.
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "out"
        yield temporary
        with temporary.open("rb") as whole, open(given, "wb") as target:
            shutil.copyfileobj(whole, target)


@contextmanager
def _named(given: str, temporary: Path) -> Iterator[None]:
    """Errors name what was given, and not the name that is written to meanwhile."""
    try:
        yield
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) != os.fspath(temporary):
            raise
        raise type(error)(error.errno, error.strerror or str(error), given) from None
