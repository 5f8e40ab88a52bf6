"""The command line: what it shows, and what it says when something is wrong."""

import os
import re
import signal
import subprocess
import sys

import phago
import pytest
from phago import cli
from phago.cli import command, demo
from support import CLEAN, with_sigint

PROGRAM = [sys.executable, "-W", "ignore", "-m", "phago"]


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory, monkeypatch):
    """Pictures of the demo go where the files of tests go."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def folder(tmp_path):
    texts = {
        "heart.txt": "The heart pumps blood through the body. Blood carries oxygen.",
        "lungs.txt": "The lungs take oxygen from the air and give it to the blood.",
        "bread.md": "Flour, water, salt and yeast make bread. Yeast makes the dough rise.",
        "beer.md": "Malt, water and yeast make beer. Yeast turns sugar into alcohol.",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x00\x00")
    return tmp_path


def digests(output):
    return re.findall(r"^ +\d+ shards? +([0-9a-f]{64})$", output, re.MULTILINE)


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"phago {phago.__version__}\n"


def test_a_folder_is_digested_and_answers_and_has_one_digest(folder, capsys):
    assert cli.main(["demo", str(folder), "--shards", "3", "--ask", "what carries oxygen", "--ask", "zebra"]) == 0
    output = capsys.readouterr().out
    assert "4 documents" in output
    assert "1 binary" in output
    assert re.search(r"\? what carries oxygen\n  heart ", output)
    assert "Blood carries oxygen" in output
    assert re.search(r"^  (carries|oxygen) -> \w+ 0\.\d\d", output, re.MULTILINE)
    assert "? zebra\n  nothing here has these words" in output
    assert len(digests(output)) == 3
    assert len(set(digests(output))) == 1


def test_a_folder_makes_questions_of_its_own_words(folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    assert cli.main(["demo", str(folder), "--shards", "2"]) == 0
    asked = re.findall(r"^\? (.+)$", capsys.readouterr().out, re.MULTILINE)
    assert 1 <= len(asked) <= 5
    words = " ".join(asked).split()
    assert len(words) == len(set(words))


def test_unequal_digests_end_with_1(folder, capsys, monkeypatch):
    digest = phago.Colony.digest
    monkeypatch.setattr(phago.Colony, "digest", lambda self: f"{self.shards:02}" + digest(self)[2:])
    assert cli.main(["demo", str(folder), "--ask", "oxygen"]) == 1
    assert "DIFFER" in capsys.readouterr().out


@pytest.mark.timeout(300)
def test_the_demo_answers_with_what_shows_well(capsys):
    assert cli.main(["demo"]) == 0
    output = capsys.readouterr().out
    found = dict(re.findall(r"^\? (.+)\n  (\S+) ", output, re.MULTILINE))
    assert list(found) == list(demo.PYTHON_QUESTIONS)
    assert found["lock that the same thread may acquire again"] == "threading.RLock"
    assert found["merge several sorted inputs into one sorted stream"] == "heapq.merge"
    assert len(re.findall(r"^ +\d+ +[\d,]+ +[\d,]+ +[\d,]+$", output, re.MULTILINE)) >= 10
    assert len(digests(output)) == 3
    assert len(set(digests(output))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder `nowhere`"),
        (["file.txt"], "`file.txt` is a file; give the folder it is in"),
        (["empty"], "there are no text files in `empty`"),
        (["pictures"], "there are no text files in `pictures` (left out: 1 binary)"),
    ],
)
def test_a_wrong_folder_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(b"\0")
    assert cli.main(["demo", *arguments]) == 2
    assert capsys.readouterr() == ("", f"phago: {message}\n")


def test_a_forbidden_folder_is_one_line(folder, monkeypatch, capsys):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", forbidden)
    assert cli.main(["demo", str(folder)]) == 2
    assert capsys.readouterr().err == f"phago: the folder `{folder}` may not be read by this user\n"


@pytest.mark.parametrize("arguments", [["sing"], ["demo", "--shards", "0"], ["demo", "--shards", "x"]])
def test_wrong_usage_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: phago" in capsys.readouterr().err


def test_alone_it_says_what_it_can_do(capsys):
    assert cli.main([]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert all(f"\n    {name} " in printed.err for name in ("demo", "ingest", "query", "mcp"))


def test_without_docstrings_the_demo_says_what_to_do():
    done = subprocess.run([sys.executable, "-OO", *PROGRAM[1:], "demo"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "phago: Python runs with -OO, which strips the documentation; run it without\n"


def interrupted_demo(handler):
    """The demo that gets a SIGINT once it has begun; where the signal falls is left to chance."""
    command = with_sigint(handler, [*PROGRAM, "demo"])
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    said, errors = running.communicate(timeout=100)
    return running.returncode, said, errors


def test_ctrl_c_ends_with_130_and_no_traceback():
    code, _, errors = interrupted_demo("SIG_DFL")
    assert (code, errors) == (130, "phago: interrupted\n")


# Run by `-m` as well: Python ends a module in another way than a file.
INTERRUPTED = """
import io, runpy, signal, sys

class Named:
    def __set_name__(self, owner, name):
        signal.raise_signal(signal.SIGINT)

class Undone:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        raise LookupError("nothing to undo")

class Output(io.StringIO):
    def write(self, text):
        {}

sys.stdout = Output()
runpy.run_module("phago", run_name="__main__")
"""


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("exec('signal.raise_signal(signal.SIGINT)')", id="code-from-a-string"),
        pytest.param("type('Class', (), {'name': Named()})", id="a-class-that-is-made"),
        # As argparse does where it takes back what it had not set yet.
        pytest.param("with Undone(): signal.raise_signal(signal.SIGINT)", id="another-error-on-the-way-out"),
    ],
)
def test_ctrl_c_ends_with_130_also_where_python_makes_something_else_of_it(place, tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED.format(place), encoding="utf-8")
    command = with_sigint("SIG_DFL", [sys.executable, "-m", "interrupted", "--version"])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "phago: interrupted\n")


def endless():
    error = ValueError("own")
    raise error from error


def hidden():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise ValueError("own") from None


@pytest.mark.parametrize("fails", [endless, hidden])
def test_what_is_no_interruption_is_raised(monkeypatch, fails):
    monkeypatch.setattr(command, "run", lambda argv: fails())
    with pytest.raises(ValueError, match="own"):
        cli.main([])


def test_an_end_that_is_asked_for_is_no_interruption():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        with pytest.raises(SystemExit):
            cli.main(["--version"])


def test_who_was_started_to_ignore_ctrl_c_goes_on_to_the_end():
    code, said, errors = interrupted_demo("SIG_IGN")
    assert (code, errors) == (0, "")
    assert len(said.splitlines()) > 5


def test_a_reader_who_leaves_is_no_error(folder):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [*PROGRAM, "demo", str(folder), "--ask", "oxygen"],
            env=CLEAN,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 141
    assert done.stderr == b""
