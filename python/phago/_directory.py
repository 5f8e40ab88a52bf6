"""What a directory holds before a colony lives there, and what is no directory at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from ._checks import directory_of, refusal

__all__ = ["copy_given", "directory_given", "is_elsewhere", "is_server", "is_url", "other_file", "refuse_others"]

# The files by which a colony is one, and those that stand beside them; others have a LOCK too.
_COLONYS = re.compile(r"witness|(?:log|checkpoint)-(?:0|[1-9]\d*)", re.ASCII)
_BESIDE = re.compile(r"LOCK|owner\.(?:json(?:\.new)?|leaving)")
# What systems put into any folder, beside names that begin with a dot.
_SYSTEMS = {"lost+found", "desktop.ini", "thumbs.db", "$recycle.bin", "system volume information"}
# What names a server in want of its scheme: a name or an address, and a port.
_SERVER = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}(?:/.*)?", re.ASCII)
# What names something that is reached in another way; one letter is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_ACCEPTED = "the directory of a colony, an empty one, or a new one"


def is_url(given: Any) -> bool:
    """Whether a text is the address of a server."""
    return isinstance(given, str) and given.partition("://")[0].lower() in ("http", "https") and "://" in given


def is_server(given: Any) -> bool:
    """Whether a text is the address of a server in want of its scheme, and no directory."""
    return isinstance(given, str) and _SERVER.fullmatch(given) is not None and not os.path.isdir(given)


def is_elsewhere(given: Any) -> bool:
    """Whether a text is an address with a scheme, of whichever kind, and no directory."""
    return isinstance(given, str) and _SCHEME.match(given) is not None


def directory_given(name: str, given: Any) -> Path:
    """An argument that is the path of a directory, and no server: those are connected to.

    Raises:
        ConfigError: It is the address of a server, or of something else.
    """
    if is_url(given) or is_server(given):
        address = given if is_url(given) else f"http://{given}"
        raise refusal(name, given, "the path of a directory", f"`phago.connect({address!r})` reaches a server")
    if is_elsewhere(given):
        raise refusal(name, given, "the path of a directory")
    return directory_of(name, given)


def copy_given(name: str, given: Any, home: Path | None) -> Path:
    """An argument that is the place of a copy of the colony that lives at `home`.

    Raises:
        ConfigError: No directory, one that holds other files and no colony, or one inside of a colony's.
    """
    path = directory_given(name, given)
    refuse_others(name, path, "an empty directory, or a new one")
    # As `resolve`, but a link that leads to itself is no error yet: the system has words for it.
    above = Path(os.path.realpath(path)).parents
    if (home is not None and Path(os.path.realpath(home)) in above) or any(map(_is_colonys, above)):
        raise refusal(name, str(path), "a directory beside it", "it lies in the directory of a colony")
    return path


# Anybody may call a file `witness`.
def _is_colonys(path: Path) -> bool:
    try:
        names = os.listdir(path)
    except OSError:
        return False
    return "witness" in names and sum(map(bool, map(_COLONYS.fullmatch, names))) > 1


def refuse_others(name: str, path: Path, accepted: str = _ACCEPTED) -> None:
    """Do nothing for a directory in which a colony lives or can be made.

    Raises:
        ConfigError: It holds other files and no colony.
    """
    other = other_file(path)
    if other is not None:
        raise refusal(name, str(path), accepted, f"it holds other files, such as {other!r}")


def other_file(path: Path) -> str | None:
    """A file in a directory that holds no colony; None where there is none.

    A directory with other files is most likely meant for something else, such as to be read. Hidden files and those
    that systems put into any folder are no matter.
    """
    try:
        names = os.listdir(path)
    except OSError:
        # It is not there, or whoever opens it says what is wrong.
        return None
    if any(map(_COLONYS.fullmatch, names)):
        return None
    is_ours = _BESIDE.fullmatch
    others = (one for one in names if not (one.startswith(".") or one.lower() in _SYSTEMS or is_ours(one)))
    return min(others, default=None)
