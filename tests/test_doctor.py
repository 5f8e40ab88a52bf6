"""What `phago doctor` says of an installation, a directory and an agent's view; completions and the manual page."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import phago
import pytest
from phago.cli import checks
from test_docs import tool

manual = tool("manual")


def told(says, *arguments):
    """(the code, what was found by what was looked at)"""
    code, out, err = says("doctor", *arguments, "--json")
    assert err == ""
    row = json.loads(out)
    assert row["is_well"] is (code == 0)
    return code, {check["what"]: (check["found"], check["is_well"]) for check in row["checks"]}


def test_versions_and_extras(says):
    code, found = told(says)
    assert code == 0
    assert found["phago"] == (phago.__version__, True)
    assert sys.executable in found["Python"][0]
    assert "cores to use" in found["platform"][0]
    assert "matplotlib" in found["phago[plot]"][0]
    assert not {"phago[test]", "phago[check]", "phago[dev]", "phago[bench]"} & set(found)


def test_a_directory_that_is_well_and_what_an_agent_sees(kept, says):
    code, found = told(says, kept)
    assert code == 0
    assert found["directory"][0] == str(Path(kept).resolve())
    assert found["files"][0].startswith("whole: ")
    assert "nobody" in found["writer"][0] or f"process {os.getpid()}" in found["writer"][0]
    assert found["agent's tools"][0].startswith("remember, recall, explain, forget, related, insights, status: ")
    assert "finds `" in found["agent's recall"][0]
    out = says("doctor", kept)[1]
    assert out.splitlines()[-1] == "All is well."
    assert phago.verify(kept).is_whole


def test_nothing_is_changed_while_another_process_writes(tmp_path, says):
    with phago.open(tmp_path / "m") as colony:
        colony.ingest("Ions.")
        before = {file.name: file.read_bytes() for file in (tmp_path / "m").iterdir()}
        code, found = told(says, tmp_path / "m")
        assert code == 0
        assert f"process {os.getpid()}, since 20" in found["writer"][0]
        assert {file.name: file.read_bytes() for file in (tmp_path / "m").iterdir()} == before
        colony.ingest("Yeast.")
    program = "import phago, sys; phago.open(sys.argv[1]).close()"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "m")], check=True)
    assert told(says, tmp_path / "m")[1]["writer"][0].startswith("none; the last one was process ")


def damaged(path):
    with phago.open(path) as colony:
        colony.ingest({"id": f"d{number}", "text": f"word {number}"} for number in range(50))
        colony.checkpoint()
    (file,) = path.glob("checkpoint-*")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_what_is_wrong_is_named_and_ends_with_1(tmp_path, says, monkeypatch):
    code, found = told(says, tmp_path / "nowhere")
    assert code == 1
    assert found["directory"] == (
        f"there is no `{tmp_path / 'nowhere'}`; `phago ingest` or `phago mcp` makes it",
        False,
    )
    (tmp_path / "file").write_text("")
    assert "is a file" in told(says, tmp_path / "file")[1]["directory"][0]
    (tmp_path / "empty").mkdir()
    code, found = told(says, tmp_path / "empty")
    assert (code, found["files"][1]) == (1, False)
    damaged(tmp_path / "m")
    code, out, _ = says("doctor", tmp_path / "m")
    assert code == 1
    assert "!!  files" in out
    assert "damaged: " in out
    assert out.splitlines()[-1] == "Something is wrong: files."
    assert "agent's tools" not in out


def test_a_full_disk_rights_and_shared_file_systems(kept, says, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
        code, found = told(says, kept)
        assert (code, found["disk"][1]) == (1, False)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, right: right != os.W_OK)
        code, found = told(says, kept)
        assert (code, found["rights"]) == (1, ("this user may not write it", False))
    with monkeypatch.context() as patched:
        patched.setattr(checks._phago, "network_file_system", lambda path: "NFS")
        code, found = told(says, kept)
        assert (code, found["file system"][1]) == (1, False)
        assert found["file system"][0].startswith("NFS, which machines share")


def test_an_empty_memory_is_well(tmp_path, says):
    phago.open(tmp_path / "m").close()
    code, found = told(says, tmp_path / "m")
    assert (code, found["agent's recall"]) == (0, ("there are no documents yet", None))


def test_without_the_sdk_it_says_what_is_missing(kept, says, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("phago.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    code, found = told(says, kept)
    assert (code, found["agent"]) == (0, ('phago.mcp needs the official SDK: pip install "phago[mcp]"', None))
    code, out, err = says("mcp", kept)
    assert (code, out, err) == (2, "", 'phago: phago.mcp needs the official SDK: pip install "phago[mcp]"\n')


# --- completions and the manual page -----------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_its_completions(says, tmp_path, shell):
    code, out, err = says("completions", shell)
    assert (code, err) == (0, "")
    for word in ("ingest", "doctor", "mcp", "--read-only"[2:]):
        assert word in out
    script = tmp_path / "script"
    script.write_text(out, encoding="utf-8")
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert subprocess.run([shell, "-n", str(script)], capture_output=True, timeout=20).returncode == 0
    if shell == "bash":
        asked = 'source "$1"; COMP_WORDS=(phago do); COMP_CWORD=1; _shtab_phago; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", asked, "-", str(script)], capture_output=True, text=True, timeout=20)
        assert done.stdout == "doctor\n"
    if shell == "fish":
        asked = f"source {script}; complete --do-complete 'phago do'"
        done = subprocess.run(["fish", "-N", "-c", asked], capture_output=True, text=True, timeout=20)
        assert done.stdout.startswith("doctor")


def test_without_shtab_it_says_what_is_missing(says, monkeypatch):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert says("completions", "bash") == (2, "", 'phago: completions need shtab: pip install "phago[completions]"\n')
    assert says("completions", "tcsh")[0] == 2


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of argparse break lines elsewhere")
def test_the_manual_page_is_the_help(monkeypatch):
    pytest.importorskip("argparse_manpage")
    monkeypatch.setenv("COLUMNS", "80")
    assert manual.page() == manual.PAGE.read_text(encoding="utf-8"), "`make man` writes it"
    assert ".SS \\fBphago mcp\\fR" in manual.PAGE.read_text(encoding="utf-8")
