"""The commands on a colony in a directory, when something is wrong: what they say, and that the colony stays whole."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import phago
import pytest
from conftest import NOTES
from phago import _bar as progress
from phago import cli
from phago.cli import directory, taking
from phago.extract import Source
from support import CLEAN, HERE, as_json, digest_of, ids_of, seeded_documents, with_sigint

PROGRAM = [sys.executable, "-W", "ignore", "-m", "phago"]


# --- what is wrong -----------------------------------------------------------------------------------------------


READING = [["query", "ions"], ["get", "a"], ["export"], ["stats"], ["verify"], ["graph", "ions"]]
WRITING = [["delete", "a"], ["compact"], ["snapshot", "copy"]]
MAKING = [["ingest", "notes"], ["sync", "notes"], ["import", "notes/rows.jsonl"]]


@pytest.mark.parametrize("command", READING + WRITING)
def test_a_directory_without_a_colony_is_told_of_and_left_alone(notes, says, command):
    name, *rest = command
    for place in ("missing", notes):
        before = sorted(os.listdir())
        code, out, err = says(name, place, *rest)
        assert (code, out, err) == (2, "", f"phago: there is no colony at `{Path(place).resolve()}`\n")
        assert sorted(os.listdir()) == before
    assert sorted(os.listdir(notes)) == sorted(NOTES)


@pytest.mark.parametrize("command", READING + WRITING + MAKING)
def test_a_file_is_no_place_for_a_colony(notes, says, command):
    name, *rest = command
    said = says(name, "notes/lungs.txt", *rest)
    assert said == (2, "", "phago: `notes/lungs.txt` is a file; a colony lives in a directory\n")


@pytest.mark.parametrize("command", MAKING)
def test_no_colony_is_made_among_other_files(notes, says, command):
    name, *rest = command
    code, out, err = says(name, notes, *rest)
    assert (code, out) == (2, "")
    assert err == (
        "phago: `notes` holds other files, such as `heart.md`; give the directory of a colony, an empty one, or a new "
        "one\n"
    )
    assert sorted(os.listdir(notes)) == sorted(NOTES)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("notes", "holds other files"),
        ("notes/lungs.txt", "is a file"),
        ("m", "`m` holds a colony"),
        ("m/inside", "lies in the directory of a colony"),
    ],
)
def test_a_snapshot_wants_a_place_of_its_own(kept, says, to, reason):
    before = digest_of("m")
    code, out, err = says("snapshot", kept, to)
    assert (code, out) == (2, "")
    assert reason in err.replace(str(Path().resolve()) + "/", "")
    assert digest_of("m") == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["ingest", "m"],
        ["ingest", "m", "missing"],
        ["ingest", "m", "notes", "deep/notes"],
        ["ingest", "m", "notes", "--shards", "0"],
        ["ingest", "m", "notes", "--shards", "1025"],
        ["ingest", "m", "notes", "--wait", "-1"],
        ["ingest", "m", "notes", "--wait", "nan"],
        ["ingest", "", "notes"],
        ["query", "m"],
        ["query", "m", "ions", "-k", "0"],
        ["query", "m", "ions", "-k", "1" + "0" * 30],
        ["query", "m", "ions", "-k", "²"],
        ["query", "m", "ions", "--where", "year"],
        ["query", "m", "ions", "--where", "=1"],
        ["query", "m", "ions", "--where", " =1"],
        ["query", "m", "ions", "--where", "{"],
        ["query", "m", "ions", "--where", '{"year": {"foo": 1}}'],
        ["query", "m", "ions", "--where", "year=[1]"],
        ["query", "m", "ions", "--where", '{"a":' * 100_000],
        ["query", "m", "ions", "--where", "$and=1"],
        ["query", "m", "caf\udce9"],
        ["query", "m", "ions", "--where", "k=\udce9"],
        ["get", "m", "\udce9"],
        ["delete", "m"],
        ["delete", "m", "a", "--where", "year=1"],
        ["delete", "m", "\udce9"],
        ["graph", "m", "\udce9"],
        ["import", "m", "missing.jsonl"],
        ["import", "m", "notes"],
        ["export", "m", "missing/out.jsonl"],
        ["export", "m", "notes"],
    ],
)
def test_wrong_usage_ends_with_2_and_changes_nothing(kept, says, arguments):
    shutil.copytree("notes", "deep/notes")
    before = digest_of("m")
    code, out, err = says(*arguments)
    assert (code, out) == (2, "")
    assert re.search(r"^phago(?: \w+)?: .+$", err, re.MULTILINE)
    assert digest_of("m") == before


@pytest.mark.parametrize(
    "condition", ["year=<", "year==5", "year=<5", "year=>5", "year<>5", "year!==5", "year<", "year >="]
)
@pytest.mark.parametrize("command", ["query", "delete", "export"])
def test_a_condition_with_two_signs_or_without_a_bound_is_refused(kept, says, command, condition):
    before = digest_of(kept)
    code, out, err = says(command, kept, *(["yeast"] if command == "query" else []), "--where", condition)
    assert (code, out) == (2, "")
    assert f"phago: `--where {condition}` " in err
    assert "in quotes" in err
    assert digest_of(kept) == before


def test_a_huge_k_gives_what_there_is(kept, says):
    assert len(as_json(says("query", kept, "yeast", "-k", 1_000_000, "--json"))[1]["hits"]) >= 2


def test_a_damaged_colony_ends_with_3_and_names_the_file(kept, says):
    file = next(Path(kept).glob("checkpoint-*"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    code, out, err = says("verify", kept)
    assert (code, err) == (3, "")
    assert "something is damaged" in out
    assert file.name in out
    code, row = as_json(says("verify", kept, "--json"))
    assert (code, Path(row["damage"][0]["path"]).name) == (3, file.name)
    for name, *rest in READING + WRITING + MAKING:
        if name != "verify":
            code, out, err = says(name, kept, *rest)
            assert (code, out) == (3, ""), name
            assert file.name in err
    assert file.read_bytes() == content


def test_a_colony_of_a_later_phago_is_told_of(kept, says, monkeypatch):
    def later(*_, **__):
        raise phago.VersionError("a later phago", path="m", found=2, supported=1)

    monkeypatch.setattr(directory, "open_colony", later)
    assert says("stats", kept) == (2, "", "phago: a later phago\n")


@pytest.mark.parametrize("command", WRITING + MAKING)
def test_a_second_writer_ends_with_4_and_the_owners_pid(kept, says, command):
    name, *rest = command
    before = digest_of("m")
    with phago.open(kept):
        code, out, err = says(name, kept, *rest)
        assert (code, out) == (4, "")
        assert str(os.getpid()) in err
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", err)
        # Who only reads is let in.
        assert says("stats", kept)[0] == 0
    assert digest_of("m") == before


@pytest.mark.parametrize("command", WRITING + MAKING)
def test_a_writer_waits_for_another_as_long_as_it_is_told_to(kept, says, monkeypatch, command):
    name, *rest = command
    other = phago.open(kept)
    waited = []

    def opened(*arguments, **named):
        # The other one ends while this one waits, or just before: both are well.
        ending = threading.Thread(target=other.close)
        ending.start()
        waited.append(named["wait"])
        try:
            return phago.open(*arguments, **named)
        finally:
            ending.join()

    assert says(name, kept, *rest, "--wait", "0.05")[0] == 4
    monkeypatch.setattr(directory, "open_colony", opened)
    assert says(name, kept, *rest, "--wait", "100")[0] != 4
    assert waited == [100.0]


def test_a_directory_that_may_not_be_written_is_told_of(kept, says, monkeypatch):
    if os.geteuid() != 0:
        os.chmod(kept, 0o500)
        os.chmod(Path(kept, "LOCK"), 0o400)
        code, out, err = says("delete", kept, "bread")
        os.chmod(kept, 0o700)
        assert (code, out) == (2, "")
        assert "ermission" in err
    else:
        # No mode keeps root out.
        def refused(*_, **__):
            raise phago.StorageError(
                "could not lock `m/LOCK`: Permission denied", path="m", attempted="lock", cause="x"
            )

        monkeypatch.setattr(directory, "open_colony", refused)
        assert says("delete", kept, "bread") == (2, "", "phago: could not lock `m/LOCK`: Permission denied\n")


# --- streams -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["export"], ["stats"], ["query", "yeast", "--json"], ["get", "bread"]])
def test_a_reader_who_leaves_is_no_error(kept, command):
    name, *rest = command
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [*PROGRAM, name, kept, *rest], env=CLEAN, stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [["export"], ["stats"]])
def test_an_output_on_a_full_disk_is_told_of(kept, command):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, *command, kept], env=CLEAN, stdout=full, stderr=subprocess.PIPE, check=False, text=True
        )
    assert done.returncode == 2
    assert re.fullmatch(r"phago: the system refused: .*No space left on device\n", done.stderr)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("command", ["stats m", "export m", "import m", "query m zebra", "get m none"])
def test_closed_streams_are_no_traceback(kept, command, closed):
    line = f'exec "$0" -W ignore -m phago {command} {closed}'
    done = subprocess.run(["sh", "-c", line, sys.executable], env=CLEAN, input=b"", capture_output=True, check=False)
    assert done.returncode in (0, 1, 2)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def child_of(line):
    line = f'exec "$0" -W ignore -m phago {line}'
    done = subprocess.run(["sh", "-c", line, sys.executable], env=CLEAN, capture_output=True, check=False, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["stats m", "stats m --json", "query m yeast", "get m bread --json", "map m"])
def test_what_only_answers_says_that_there_is_no_output(kept, command):
    assert child_of(f"{command} >&-") == (2, "", "phago: there is no output to answer on\n")


@pytest.mark.parametrize("command", ["export m", "export m - --format parquet", "export m - --format html --json"])
def test_an_export_to_an_output_that_is_closed_is_told_of(kept, command):
    assert child_of(f"{command} >&-") == (2, "", "phago: there is no output; give a FILE\n")


@pytest.mark.parametrize("more", ["", " --json"])
def test_what_changes_a_colony_does_so_without_an_output(kept, more):
    for command in ("export m out.jsonl", "import n out.jsonl", "delete n bread", "snapshot n o", "verify o"):
        assert child_of(f"{command}{more} >&-") == (0, "", ""), command
    assert "bread" not in ids_of("o")
    assert len(ids_of("o")) == len(ids_of("m")) - 1


def test_no_message_is_taken_for_an_answer_where_messages_are_closed(kept):
    assert child_of("query m zebra 2>&-") == (1, "", "")
    assert child_of("stats none 2>&-") == (2, "", "")
    assert child_of("query m '\"a' --operators 2>&-") == (2, "", "")


def test_a_terminal_of_another_encoding_shows_question_marks(kept):
    with phago.open(kept) as colony:
        colony.ingest({"id": "é", "text": "Café."})
    env = {**CLEAN, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([*PROGRAM, "get", kept, "bread"], env=env, capture_output=True, check=True)
    assert shown.stdout == b"Bread\n\nYeast makes bread.\n"
    row = subprocess.run([*PROGRAM, "query", kept, "cafe", "--json"], env=env, capture_output=True, check=False)
    assert json.loads(row.stdout)["question"] == "cafe"


class Terminal:
    """An error stream that is a terminal."""

    encoding = "utf-8"

    def __init__(self):
        self.written = ""

    def isatty(self):
        return True

    def write(self, text):
        self.written += text
        return len(text)

    def flush(self):
        pass


@pytest.mark.parametrize("has_rich", [False, True])
def test_progress_is_shown_on_a_terminal_and_goes_when_it_is_done(notes, monkeypatch, has_rich):
    if has_rich:
        pytest.importorskip("rich")
        monkeypatch.setenv("TERM", "xterm")
    else:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with progress.progress() as tell:
        tell("reading files", 3, 40)
    assert "reading files" in terminal.written
    assert "40" in terminal.written
    assert terminal.written.endswith("\x1b[K") or "\x1b[2K" in terminal.written
    terminal.written = ""
    with progress.progress(quiet=True) as tell:
        tell("reading files", 3, 40)
    assert terminal.written == ""


# --- interruptions -----------------------------------------------------------------------------------------------

# Says so when the command comes to a place for the nth time, and stops there until it is ended or told to go on.
STOPPING = """
import sys
from phago import cli
from phago.cli import directory, taking
from phago.extract import Source
from phago import Colony

owner, name = {
    "read": (taking, "read_sources"), "put": (taking, "_put"), "tick": (Colony, "tick"), "close": (Colony, "close"),
}[sys.argv[1]]
left = int(sys.argv[2])
real = getattr(owner, name)

def stop():
    global left
    left -= 1
    if left == 0:
        print("here", flush=True)
        sys.stdin.read()

def stopping(*arguments, **named):
    stop()
    return real(*arguments, **named)

def reading(*arguments, **named):
    for found in real(*arguments, **named):
        stop()
        yield found

setattr(owner, name, reading if name == "read_sources" else stopping)
sys.exit(cli.main(sys.argv[3:]))
"""

PLACES = [("read", 1), ("read", 700), ("read", 1001), ("put", 2), ("put", 3), ("tick", 1), ("tick", 4), ("close", 1)]


def stopped_at(place, times, command):
    """A command that has come to a place, and stands there."""
    running = subprocess.Popen(
        with_sigint("SIG_DFL", [sys.executable, "-c", STOPPING, place, str(times), *command]),
        env={**CLEAN, "PYTHONPATH": str(HERE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = running.stdout.readline()
    assert line == "here\n", (line, running.stderr.read())
    return running


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Lines for three batches, and the digest of a colony that took them in undisturbed."""
    folder = tmp_path_factory.mktemp("many")
    rows = [{"id": f"d{at}", "text": one["text"]} for at, one in enumerate(seeded_documents(2300, longest=20))]
    lines = folder / "rows.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)))
    assert cli.main(["sync", str(folder / "undisturbed"), str(lines)]) == 0
    return str(lines), digest_of(folder / "undisturbed")


@pytest.mark.parametrize(("place", "times"), PLACES)
def test_kill_9_at_any_place_is_made_good_by_the_next_sync(many, says, place, times):
    lines, undisturbed = many
    running = stopped_at(place, times, ["sync", "m", lines])
    running.send_signal(signal.SIGKILL)
    running.communicate(timeout=60)
    assert phago.verify("m").is_whole
    assert says("sync", "m", lines)[0] == 0
    assert digest_of("m") == undisturbed
    again = as_json(says("sync", "m", lines, "--json"))[1]
    assert (again["new"], again["changed"], again["unchanged"], again["deleted"]) == (0, 0, 2300, 0)


@pytest.mark.parametrize(("place", "times"), PLACES)
def test_ctrl_c_at_any_place_leaves_a_whole_colony_that_goes_on(many, says, place, times):
    lines, undisturbed = many
    running = stopped_at(place, times, ["sync", "m", lines])
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "phago: interrupted\n")
    report = phago.verify("m")
    assert (report.damage, report.torn_bytes) == ((), 0)
    assert says("sync", "m", lines)[0] == 0
    assert digest_of("m") == undisturbed


def test_a_batch_that_was_taken_in_survives_kill_9(many, here):
    running = stopped_at("put", 3, ["ingest", "m", many[0]])
    running.kill()
    running.communicate(timeout=60)
    assert len(ids_of("m")) == 2 * taking._BATCH


# --- what cannot be taken in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["sync", "ingest"])
def test_a_prefix_that_leaves_no_room_for_an_id_changes_nothing(kept, says, command):
    before = digest_of("m")
    code, out, err = says(command, kept, "notes", "--prefix", "p" * 512)
    assert (code, out) == (2, "")
    assert "the prefix is too long for `notes`: an id takes at most 512 bytes" in err
    assert digest_of("m") == before


def test_what_has_no_room_below_a_prefix_stays_as_it_was(kept, says):
    before = ids_of("m")
    # Room for `notes/` and for short names only.
    Path("notes", "x").write_text("A short name.")
    code, row = as_json(says("sync", kept, "notes", "--prefix", "p" * 504, "--json"))
    assert (code, row["new"], row["deleted"]) == (0, 1, 0)
    of_files = ["notes/heart.md", "notes/lungs.txt"]
    assert [one["path"] for one in row["left_out"] if "its id takes" in one["reason"]] == [
        f"{'p' * 504}/{name}" for name in of_files
    ]
    assert row["kept"] == 2
    assert set(ids_of("m")) == {*before, f"{'p' * 504}/notes/x"}
    # What is taken in elsewhere leaves the place where it was.
    assert as_json(says("sync", kept, "notes", "--prefix", "q", "--json"))[1]["deleted"] == 3
    assert ids_of("m") == ["beer", "bread", "q/notes/heart.md", "q/notes/lungs.txt", "q/notes/x"]


def test_a_watched_file_that_is_not_taken_deletes_nothing_of_what_stands(tmp_path):
    (tmp_path / "a.md").write_text("Ions.")
    source = Source(tmp_path / "a.md", "a.md")
    with phago.Colony() as colony:
        metadata = {"source_path": source.label}
        parts = [phago.Document("a piece", id=f"a.md//{number}", metadata=metadata) for number in (1, 2)]
        colony.ingest([*parts, {"id": "a.md", "text": "of another source", "metadata": {"source_path": str(tmp_path)}}])
        # It has become short, so that its parts would be gone; its id is that of another source.
        taken = taking.take_file(colony, source, "a.md", [phago.Document("Ions.", id="a.md", metadata=metadata)])
        assert (taken.kept, taken.counts["deleted"], len(taken.left_out)) == (2, 0, 1)
        assert [one.id for one in colony.documents()] == ["a.md", "a.md//1", "a.md//2"]


def test_a_path_that_is_too_long_for_an_id_is_named(kept, says):
    deep = Path("notes", *["d" * 200] * 3)
    deep.mkdir(parents=True)
    (deep / "far.txt").write_text("Too deep.")
    code, out, _ = says("sync", kept, str(Path("notes")))
    assert code == 0
    assert f"{deep}/far.txt: its id takes" in out
    code, out, _ = says("sync", kept, str(deep), "--prefix", "d" * 305)
    assert (code, f"{'d' * 305}/{'d' * 200}/far.txt: its id takes" in out) == (1, True)


def test_an_id_that_is_there_twice_deletes_nothing(kept, says):
    other = Path("other")
    other.mkdir()
    (other / "rows.jsonl").write_text('{"id": "shared", "text": "It came from the other folder."}\n')
    assert says("sync", kept, "other")[0] == 0
    Path("notes", "shared.jsonl").write_text('{"id": "shared", "text": "Now notes says so too."}\n')
    code, row = as_json(says("sync", kept, "notes", "other", "--json"))
    assert (code, row["deleted"], row["kept"]) == (0, 0, 1)
    with phago.open("m", read_only=True) as colony:
        assert colony.get("shared").text == "It came from the other folder."


# --- what a terminal would obey ----------------------------------------------------------------------------------

EVIL = "a\x1b[2J\nphago: all is well\x9b31m\u202e\u2028\x7f"
# As it is shown on one line.
SHOWN = "a\\x1b[2J\\nphago: all is well\\x9b31m\\u202e\\u2028\\x7f"


def acts(text):
    return set(text) & set("\x1b\x9b\u202e\u2028\x7f")


def test_nothing_of_a_document_acts_on_a_terminal(says):
    text = "Ions \x1b]0;title\x07 cross.\n\tEmoji \U0001f469\u200d\U0001f4bb stay."
    row = {"id": EVIL, "title": EVIL, "text": text}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({"id": EVIL, "text": "Twice."}), encoding="utf-8")
    code, out, _ = says("sync", "m", "rows.jsonl")
    assert (code, f"  {SHOWN}: the id is there twice" in out, acts(out)) == (0, True, set())
    code, out, _ = says("query", "m", "ions", "--explain")
    assert out.startswith("1. ")
    assert f"{SHOWN}  {SHOWN}" in out.splitlines()[0]
    assert "\\x1b]0;title\\x07 cross. Emoji \U0001f469\u200d\U0001f4bb stay." in out
    assert acts(out) == set()
    # What programs read is as it was taken in: JSON, the text that `get` prints, and lines that `export` writes.
    assert as_json(says("query", "m", "ions", "--json"))[1]["hits"][0]["id"] == EVIL
    code, out, _ = says("get", "m", EVIL)
    assert out == f"{SHOWN}\n\n{text}\n"
    assert says("similar", "m", EVIL + "x") == (1, "", f"phago: there is no document `{SHOWN}x`\n")


def test_the_message_of_a_model_does_not_act_on_a_terminal(kept, says, monkeypatch):
    Path("evil.py").write_text(f"def embed(texts):\n    raise ValueError({EVIL!r})\n")
    Path("broken.py").write_text(f"raise ValueError({EVIL!r})\n")
    monkeypatch.syspath_prepend(str(Path().resolve()))
    code, _, err = says("query", kept, "ions", "--embed", "evil:embed")
    assert (code, SHOWN in err, acts(err), err.count("\n")) == (2, True, set(), 1)
    code, _, err = says("query", kept, "ions", "--embed", "broken:embed")
    assert (code, SHOWN in err, acts(err)) == (2, True, set())


def test_a_model_whose_module_ends_the_program_cannot_be_loaded(kept, says, monkeypatch):
    Path("ending.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(str(Path().resolve()))
    code, out, err = says("query", kept, "ions", "--embed", "ending:embed")
    assert (code, out) == (2, "")
    assert "'ending:embed' cannot be loaded, as it ends the program" in err


def test_the_directory_of_the_colony_is_not_read_and_that_is_said(kept, says):
    before = digest_of("m")
    code, out, _ = says("sync", kept, kept)
    assert (code, "m: the directory of this colony, which is not read" in out) == (1, True)
    assert digest_of("m") == before
