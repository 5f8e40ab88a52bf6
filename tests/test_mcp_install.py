"""A memory in a client's configuration: nothing else of it changes, and it works."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path, PurePath

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_clients import Client, run, written
from phago.mcp.clients import CLIENTS
from support import CLEAN


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


PLACES = {
    ("claude", "linux"): "~/.config/Claude/claude_desktop_config.json",
    ("claude", "darwin"): "~/Library/Application Support/Claude/claude_desktop_config.json",
    ("claude", "win32"): "~/AppData/Roaming/Claude/claude_desktop_config.json",
    ("claude-code", "linux"): "~/.claude.json",
    ("claude-code", "win32"): "~/.claude.json",
    ("cursor", "darwin"): "~/.cursor/mcp.json",
    ("cursor", "win32"): "~/.cursor/mcp.json",
    ("vscode", "linux"): "~/.config/Code/User/mcp.json",
    ("vscode", "darwin"): "~/Library/Application Support/Code/User/mcp.json",
    ("vscode", "win32"): "~/AppData/Roaming/Code/User/mcp.json",
}


@pytest.mark.parametrize(("client", "platform"), PLACES)
def test_where_each_client_looks(client, platform):
    environment = {"HOME": "/home/a", "USERPROFILE": "/home/a", "APPDATA": "/home/a/AppData/Roaming"}
    assert CLIENTS[client].file(platform, environment) == PurePath(PLACES[client, platform].replace("~", "/home/a"))


def test_another_place_of_settings_is_heeded():
    given = {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}
    assert str(CLIENTS["vscode"].file("linux", given)) == "/x/Code/User/mcp.json"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_client_gets_the_same_in_its_place(client, home, says):
    code, out, err = says("mcp", "install", client, "m")
    assert (code, err) == (0, "")
    file = CLIENTS[client].file(sys.platform, os.environ)
    assert out.startswith(f"{CLIENTS[client].name} starts `phago` from {file}; restart it")
    args = ["-m", "phago", "mcp", str(Path("m").absolute())]
    server = {"type": "stdio", "command": sys.executable, "args": args}
    assert json.loads(file.read_text()) == {CLIENTS[client].key: {"phago": server}}


def test_what_was_written_starts_a_server(home, says):
    client = "vscode"
    code, out, err = says("mcp", "install", client, home / "my memory")
    assert (code, err) == (0, "")
    file = CLIENTS[client].file(sys.platform, os.environ)
    assert str(file) in out
    server = json.loads(file.read_text())[CLIENTS[client].key]["phago"]

    async def main():
        command = StdioServerParameters(command=server["command"], args=server["args"], env=dict(CLEAN))
        with written() as log:
            async with stdio_client(command, errlog=log) as streams, ClientSession(*streams) as session:
                await session.initialize()
                assert (await Client(session).ask("remember", documents=["Ions."]))["new"] == 1

    run(asyncio.wait_for(main(), 30))
    assert (home / "my memory").is_dir()


def test_a_model_of_the_working_directory_is_found_wherever_the_client_starts(home, says, monkeypatch, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mine_here.py").write_text("def two(texts): return [[float(len(text)), 1.0] for text in texts]\n")
    asked = ("mcp", "install", "cursor", "m", "--embed", "mine_here:two", "--model", "mine")
    code, _, err = says(*asked)
    assert (code, err) == (0, "")
    server = json.loads(CLIENTS["cursor"].file(sys.platform, os.environ).read_text())["mcpServers"]["phago"]
    assert server["args"][-4:] == ["--embed", "mine_here:two", "--model", "mine"]
    assert server["env"] == {"PYTHONPATH": str(folder)}

    async def main():
        # As the client does: in another folder, with the environment of the entry.
        env = {**CLEAN, **server["env"]}
        command = StdioServerParameters(command=server["command"], args=server["args"], env=env, cwd=str(tmp_path))
        with written() as log:
            async with stdio_client(command, errlog=log) as streams, ClientSession(*streams) as session:
                await session.initialize()
                assert (await Client(session).ask("remember", documents=["Ions."]))["new"] == 1

    run(asyncio.wait_for(main(), 30))
    for embed, why in (("mine_here:three", "has no attribute"), ("mine_here", "is not MODULE:FUNCTION")):
        code, out, err = says("mcp", "install", "cursor", "m", "--replace", "--embed", embed)
        assert (code, out) == (2, "")
        assert why in err


def test_everything_else_stays(home, says):
    file = home / ".cursor/mcp.json"
    file.parent.mkdir()
    before = '{\n    "other": [1.5, null, "ü"],\n    "mcpServers": {"a": {"command": "x"}},\n    "last": {}\n}'
    file.write_text(before, encoding="utf-8")
    file.chmod(0o600)
    code, out, _ = says("mcp", "install", "cursor", "m")
    assert code == 0
    text = file.read_text(encoding="utf-8")
    after = json.loads(text)
    assert list(after) == ["other", "mcpServers", "last"]
    assert text.startswith('{\n    "other"')
    assert after["mcpServers"].pop("phago")["args"][-1] == str(Path("m").absolute())
    assert after == json.loads(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (kept,) = file.parent.glob("*.bak")
    assert str(kept) in out
    assert kept.read_text(encoding="utf-8") == before
    assert len(list(file.parent.iterdir())) == 2


def test_twice_is_once_and_another_memory_is_asked_about(home, says):
    assert says("mcp", "install", "vscode", "m")[0] == 0
    file = CLIENTS["vscode"].file(sys.platform, os.environ)
    before = file.read_bytes()
    assert says("mcp", "install", "vscode", "m")[0] == 0
    assert [one.name for one in file.parent.iterdir()] == ["mcp.json"]
    code, _, err = says("mcp", "install", "vscode", "n")
    assert code == 2
    assert "it has another server `phago` already; --name" in err
    assert file.read_bytes() == before
    assert says("mcp", "install", "vscode", "n", "--name", "notes", "--read-only")[0] == 0
    assert says("mcp", "install", "vscode", "o", "--replace")[0] == 0
    servers = json.loads(file.read_text())["servers"]
    assert [server["args"][3].rsplit("/", 1)[1] for server in servers.values()] == ["o", "n"]
    assert servers["notes"]["args"][-1] == "--read-only"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (b'{\n  // mine\n  "servers": {}\n}', "it is no plain JSON, perhaps for its comments"),
        (b'{"servers": {},}', "it is no plain JSON"),
        (b"[]", "it is no object"),
        (b'{"servers": []}', "its `servers` is no object"),
        (b'{"a": 1, "a": 2}', "it has one key twice"),
        (b'{"a": 1e999}', "a number that JSON has not"),
        (b'{"a": "\\ud800"}', "half of a character"),
        (b'{"a": "\xff"}', "it is not UTF-8"),
    ],
)
def test_what_cannot_be_kept_is_left_with_the_text_to_paste(home, says, there, told):
    file = home / "mcp.json"
    file.write_bytes(there)
    code, out, err = says("mcp", "install", "vscode", "m", "--file", file)
    assert (code, out) == (2, "")
    assert told in err
    assert json.loads(err[err.index("\n") :])["servers"]["phago"]["command"] == sys.executable
    assert file.read_bytes() == there
    assert [one.name for one in home.glob("mcp.json*")] == ["mcp.json"]


def test_printing_writes_nothing(home, says):
    code, out, _ = says("mcp", "install", "claude-code", "m", "--print")
    assert code == 0
    assert json.loads(out)["mcpServers"]["phago"]["type"] == "stdio"
    assert list(home.glob(".claude*")) == []


def test_an_empty_file_and_a_linked_one(home, says):
    (home / "real.json").write_text("\ufeff")
    (home / "link.json").symlink_to(home / "real.json")
    assert says("mcp", "install", "cursor", "m", "--file", home / "link.json")[0] == 0
    assert (home / "link.json").is_symlink()
    assert "phago" in json.loads((home / "real.json").read_text())["mcpServers"]


def test_a_folder_that_may_not_be_written_and_a_client_that_is_none(home, says):
    (home / "file").write_text("")
    code, _, err = says("mcp", "install", "cursor", "m", "--file", home / "file/mcp.json")
    assert code == 2
    assert "cannot be written" in err
    code, _, err = says("mcp", "install", "emacs", "m")
    assert code == 2
    assert "claude" in err
