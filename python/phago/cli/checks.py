"""What `phago doctor` looks at: the installation, a directory, and what an agent sees of it. Nothing is changed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import __version__, _phago
from ..errors import PhagoError, VersionError
from ..opening import open as open_colony
from ..opening import verify

__all__ = ["Check", "agent", "directory", "installation"]

# What is needed to write a checkpoint, which is about as large as the colony, and then something.
_SPARE_BYTES = 64 << 20

# Above this, reading every byte takes too long for a quick look.
_QUICK_BYTES = 1 << 30

# What only those need who work on phago itself.
_INNER = {"test", "bench", "check", "dev", "docs", "frameworks", "trials"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    what: str
    found: str
    is_well: bool | None = True
    """None where there is nothing to judge."""


def installation() -> Iterator[Check]:
    """Versions, the native module, and which extras are there."""
    yield Check("phago", __version__)
    implementation = platform.python_implementation()
    yield Check("Python", f"{implementation} {platform.python_version()} at {sys.executable}", None)
    yield Check("platform", f"{platform.platform()}, {_phago.cores()} cores to use", None)
    kind = "compiled without optimisation: right answers, wrong timings" if _phago.DEBUG_BUILD else "optimised"
    # Whoever builds so knows it, and nothing is wrong with the memory.
    yield Check("native module", f"{kind}; {_phago.__file__}", None if _phago.DEBUG_BUILD else True)
    try:
        distribution = importlib.metadata.distribution("phago")
    except importlib.metadata.PackageNotFoundError:
        yield Check("installed", "no package of this name; phago is imported from a folder", None)
        return
    if distribution.version != __version__:
        yield Check("installed", f"as version {distribution.version}, which is another one", False)
    extras: dict[str, list[str]] = {}
    for requirement in distribution.requires or []:
        named = re.match(r"([\w.-]+).*extra\s*==\s*['\"]([\w.-]+)['\"]", requirement)
        if named and named[2] not in _INNER:
            extras.setdefault(named[2], []).append(named[1])
    for extra, packages in sorted(extras.items()):
        yield Check(f"phago[{extra}]", ", ".join(map(_version, packages)), None)


def _version(package: str) -> str:
    try:
        return f"{package} {importlib.metadata.version(package)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{package} is not installed"


def _advice(path: Path) -> str:
    try:
        path.absolute()
    except FileNotFoundError:
        return "accepted is an absolute path, as there is no working directory any more"
    return "`phago ingest` or `phago mcp` makes it"


def directory(path: Path) -> Iterator[Check]:
    """Whether a directory can be used, is whole, and who has it."""
    if not path.exists():
        yield Check("directory", f"there is no `{path}`; {_advice(path)}", False)
        return
    if not path.is_dir():
        yield Check("directory", f"`{path}` is a file; a colony lives in a directory", False)
        return
    yield Check("directory", str(path.resolve()), None)
    rights = {"read": os.R_OK, "write": os.W_OK, "enter": os.X_OK}
    lacking = [name for name, right in rights.items() if not os.access(path, right)]
    yield Check(
        "rights", f"this user may not {', '.join(lacking)} it" if lacking else "may be read and written", not lacking
    )
    shared = _phago.network_file_system(path)
    if shared is not None:
        yield Check("file system", f"{shared}, which machines share: it may lose what was acknowledged", False)
    else:
        yield Check("file system", _file_system(path) or "of this machine")
    size = _size(path)
    free = shutil.disk_usage(path).free
    yield Check("disk", f"{size:,} bytes used, {free:,} free", free > size + _SPARE_BYTES)
    yield _owner(path)
    if "read" not in lacking and "enter" not in lacking:
        yield _wholeness(path, size)


def _file_system(path: Path) -> str | None:
    """The kind of the file system, where the system tells it."""
    best, kind = -1, None
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            fields, _, more = line.partition(" - ")
            mount = fields.split()[4].replace("\\040", " ")
            if path.resolve().is_relative_to(mount) and len(mount) > best:
                best, kind = len(mount), more.split()[0]
    return kind


def _size(path: Path) -> int:
    size = 0
    for file in path.iterdir():
        # One of an earlier generation may go just now.
        with contextlib.suppress(OSError):
            size += file.stat().st_size
    return size


def _owner(path: Path) -> Check:
    """Who has it open to write, as its lock says; the lock itself is left alone."""
    try:
        told = (path / "LOCK").read_text(encoding="ascii").split()
        pid, since = int(told[0]), told[1]
    except (OSError, ValueError, IndexError):
        return Check("writer", "nobody so far")
    if not _is_alive(pid):
        return Check("writer", f"none; the last one was process {pid}, since {since}")
    shares = ", and shares it" if (path / "owner.json").exists() else ""
    return Check("writer", f"process {pid}, since {since}, if that still has it{shares}")


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        # There a signal would end it.
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _wholeness(path: Path, size: int) -> Check:
    try:
        if size > _QUICK_BYTES:
            with open_colony(path, read_only=True):
                return Check("files", "opened; `phago verify` reads every byte")
        report = verify(path)
    except VersionError as error:
        return Check("files", f"{error}", False)
    except PhagoError as error:
        return Check("files", str(error), False)
    if report.is_whole:
        torn = (
            f"; {report.torn_bytes:,} bytes of a write that was cut off, which is no damage"
            if report.torn_bytes
            else ""
        )
        return Check("files", f"whole: {report.bytes:,} bytes read, {report.records:,} records of the log{torn}")
    return Check("files", "damaged: " + "; ".join(map(str, report.damage[:3])), False)


def agent(path: Path) -> Iterator[Check]:
    """The tools that an agent sees, what they cost it, and a question that it could ask."""
    try:
        from ..mcp import Service
        from ..mcp.budget import tokens
    except ImportError as error:
        yield Check("agent", str(error), None)
        return
    try:
        with open_colony(path, read_only=True) as colony:
            listed = Service(colony).methods["tools/list"]({})["tools"]
            names = ", ".join(tool["name"] for tool in listed)
            read = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in listed]
            cost = f"{tokens(read):,} tokens, and {tokens(listed):,} where a client shows schemas of answers too"
            yield Check("agent's tools", f"{names}: {cost}")
            document = next(iter(colony.documents(limit=1)), None)
            if document is None:
                yield Check("agent's recall", "there are no documents yet", None)
                return
            question = " ".join((document.title or document.text).split()[:8])
            result = Service(colony, changes=False).methods["tools/call"](
                {"name": "recall", "arguments": {"question": question, "k": 3}}
            )
            if result["isError"]:
                yield Check("agent's recall", result["content"][0]["text"], False)
                return
            hits = result["structuredContent"]["hits"]
            best = f"`{hits[0]['id']}` best, of {tokens(result['structuredContent']):,} tokens" if hits else "nothing"
            # A title or a beginning may be signs without a word.
            yield Check("agent's recall", f"{question[:60]!r} finds {best}", True if hits else None)
    except PhagoError as error:
        yield Check("agent's recall", str(error), False)
