"""The programs that start an MCP server: where each keeps what it starts, and how an entry is put there."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["CLIENTS", "Client", "Unreadable", "entry", "install"]


class Unreadable(Exception):
    """A configuration that cannot be changed without losing something of it; the message says why."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that starts MCP servers."""

    name: str
    key: str
    """Under which its servers stand in its file."""
    linux: str
    macos: str
    windows: str

    def file(self, platform: str, environment: Mapping[str, str]) -> Path:
        """Where it keeps its servers for this user.

        Args:
            platform: As `sys.platform` has it.
            environment: Where homes and settings are: `HOME`, `XDG_CONFIG_HOME`; `USERPROFILE`, `APPDATA`.
        """
        home = Path(environment.get("USERPROFILE" if platform == "win32" else "HOME") or Path.home())
        places = {
            "~": home,
            "XDG": Path(environment.get("XDG_CONFIG_HOME") or home / ".config"),
            "APPDATA": Path(environment.get("APPDATA") or home / "AppData" / "Roaming"),
        }
        named = {"win32": self.windows, "darwin": self.macos}.get(platform, self.linux)
        first, *rest = named.split("/")
        return places[first].joinpath(*rest)


_ELECTRON = ("XDG/{0}", "~/Library/Application Support/{0}", "APPDATA/{0}")

CLIENTS = {
    "claude": Client(
        "Claude Desktop", "mcpServers", *(place.format("Claude/claude_desktop_config.json") for place in _ELECTRON)
    ),
    "claude-code": Client("Claude Code", "mcpServers", *("~/.claude.json",) * 3),
    "cursor": Client("Cursor", "mcpServers", *("~/.cursor/mcp.json",) * 3),
    "vscode": Client("VS Code", "servers", *(place.format("Code/User/mcp.json") for place in _ELECTRON)),
}


def entry(memory: Path, *options: str) -> dict[str, Any]:
    """What starts the server of a memory: this Python, wherever it is, and full paths, as clients start it anywhere."""
    return {"type": "stdio", "command": sys.executable, "args": ["-m", "phago", "mcp", str(memory), *options]}


def install(client: Client, file: Path, name: str, server: Mapping[str, Any], *, replace: bool = False) -> Path | None:
    """Put a server into a client's file, and leave whatever else is there as it is.

    The file is there as before or with the server in it, at any moment; what was there before stays beside it.

    Args:
        client: The client.
        file: Its file; made, with its folder, where there is none.
        name: By what name the client shows it.
        server: What starts it.
        replace: Whether another server of this name goes.

    Returns:
        The copy of what was there; None where nothing was, or where this server is there already.

    Raises:
        Unreadable: What is there is no plain JSON, or another server has this name.
        OSError: The system refused.
    """
    # Some keep their settings elsewhere, behind links.
    file = Path(os.path.realpath(file))
    before = file.read_bytes() if file.exists() else None
    text = "" if before is None else _decoded(before)
    there = _parsed(text)
    servers = there.setdefault(client.key, {})
    if not isinstance(servers, dict):
        raise Unreadable(f"its `{client.key}` is no object")
    if servers.get(name) == server:
        return None
    if name in servers and not replace:
        raise Unreadable(
            f"it has another server `{name}` already; --name gives this one another name, --replace its place"
        )
    servers[name] = dict(server)
    data = _written(there, text)
    kept = None
    if before is not None:
        moment = datetime.datetime.now(datetime.UTC)
        kept = file.with_name(f"{file.name}.{moment:%Y%m%dT%H%M%S%f}.bak")
        shutil.copy2(file, kept)
    _write(file, data)
    return kept


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None


def _parsed(text: str) -> dict[str, Any]:
    if not text.strip():
        return {}
    try:
        there = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise Unreadable(f"it is no plain JSON, perhaps for its comments: {error}") from None
    if not isinstance(there, dict):
        raise Unreadable("it is no object")
    return there


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Unreadable("it has one key twice, of which one would be lost")
    return found


def _written(there: dict[str, Any], text: str) -> bytes:
    """The object as JSON, indented as it was."""
    indented = re.search(r"^\{\s*?\n([ \t]+)\S", text)
    indent = indented[1] if indented else "  "
    try:
        return f"{json.dumps(there, indent=indent, ensure_ascii=False, allow_nan=False)}\n".encode()
    except UnicodeEncodeError:
        raise Unreadable("it has half of a character") from None
    except ValueError:
        raise Unreadable("it has a number that JSON has not") from None


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        if file.exists():
            shutil.copymode(file, name)
        os.replace(name, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
