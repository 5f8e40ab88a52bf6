"""Where the owner of a directory can be reached: a file in the directory says so, to those who may read it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

FILE = "owner.json"
"""In the directory of a colony."""

LEAVING = "owner.leaving"
"""There too, while an owner lets go of it: the number of its process."""

# The path of a socket has room for 107 bytes on Linux and 103 on macOS.
_ADDRESS_BYTES_MAX = 100
# Seconds after which a socket that nobody listens at is in nobody's way any more; how many are looked at.
_OLD = 86_400.0
_SWEPT_MAX = 256


@dataclass(frozen=True, slots=True)
class Place:
    """Where an owner listens, and what it wants to hear."""

    address: str
    """A socket, or a named pipe."""
    key: bytes
    """Who knows it may ask."""
    pid: int


def new_place() -> Place:
    """A place for a new owner, in a folder of this user alone."""
    name = secrets.token_hex(8)
    if sys.platform == "win32":
        address = rf"\\.\pipe\phago-{name}"
    else:
        folder = _folder()
        _sweep(folder)
        address = str(folder / name)
    return Place(address, secrets.token_bytes(32), os.getpid())


# Who was killed left a socket, and nobody owned its directory since.
def _sweep(folder: Path) -> None:
    import socket

    with contextlib.suppress(OSError):
        for found in list(folder.iterdir())[:_SWEPT_MAX]:
            if time.time() - found.lstat().st_mtime < _OLD:
                continue
            with socket.socket(socket.AF_UNIX) as line:
                try:
                    line.connect(str(found))
                except ConnectionRefusedError:
                    found.unlink()


# Whoever can write into the folder could answer in the owner's place, so one that is there must be ours.
def _folder() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    roots = [Path(runtime, "phago")] if runtime and os.path.isdir(runtime) else []
    roots += [Path(root, f"phago-{os.getuid()}") for root in (tempfile.gettempdir(), "/tmp")]
    for root in roots:
        if len(os.fsencode(root)) + 17 > _ADDRESS_BYTES_MAX:
            continue
        with contextlib.suppress(OSError):
            root.mkdir(mode=0o700, exist_ok=True)
            found = root.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
                return root
    return Path(tempfile.mkdtemp(prefix="phago-", dir="/tmp"))


def is_leaving(directory: Path, pid: int | None) -> bool:
    """Whether this process, which has the directory open, has said that it is about to let go of it."""
    try:
        return int((directory / LEAVING).read_bytes()) == pid
    except (OSError, ValueError):
        return False


def read_place(directory: Path) -> Place | None:
    """Where the owner of a directory listens; `None` where none has said so.

    Raises:
        PermissionError: It speaks to another user.
    """
    try:
        told = json.loads((directory / FILE).read_bytes())
        if told["directory"] != _identity(directory):
            # It came with a copy of another directory, whose owner has nothing to say here.
            return None
        return Place(told["address"], bytes.fromhex(told["key"]), told["pid"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _identity(directory: Path) -> list[int]:
    found = directory.stat()
    return [found.st_dev, found.st_ino]


def write_place(directory: Path, place: Place) -> None:
    """Say where the owner listens. The file is there whole or not at all, and no other user can read it."""
    told = {"address": place.address, "key": place.key.hex(), "pid": place.pid, "directory": _identity(directory)}
    temporary = directory / f"{FILE}.new"
    # Only the owner writes here; what is there was left by one that died.
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(told, file)
        os.replace(temporary, directory / FILE)
    except BaseException:
        # On a full disk, for example.
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def remove_place(directory: Path, place: Place) -> None:
    """Take back what was said, and the socket with it."""
    with contextlib.suppress(OSError):
        if read_place(directory) == place:
            (directory / FILE).unlink()
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.unlink(place.address)
