"""The commands on a colony in a directory: what they print, what they end with, and what they leave behind."""

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
from phago import cli
from phago.cli import memory, progress, taking
from support import HERE, child_says, seeded_documents, with_sigint

PROGRAM = [sys.executable, "-W", "ignore", "-m", "phago"]
CLEAN = {**os.environ, "PYTHONWARNINGS": "ignore"}

NOTES = {
    "heart.md": "# The heart\n\nThe heart pumps blood. Blood carries oxygen.",
    "lungs.txt": "The lungs take oxygen from the air and give it to the blood.",
    "rows.jsonl": '{"id": "bread", "title": "Bread", "text": "Yeast makes bread.", '
    '"metadata": {"year": 2021, "tag": "food"}}\n'
    '{"id": "beer", "text": "Yeast makes beer.", "metadata": {"year": 1998}}\n',
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def notes():
    Path("notes").mkdir()
    for name, text in NOTES.items():
        Path("notes", name).write_text(text, encoding="utf-8")
    return "notes"


@pytest.fixture
def says(capsys):
    """Run a command; what it ended with, printed, and told of."""

    def run(*arguments):
        try:
            code = cli.main(list(map(str, arguments)))
        except SystemExit as end:
            code = end.code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return code, printed.out, printed.err

    return run


@pytest.fixture
def kept(notes, says):
    """A colony that holds the notes."""
    assert says("ingest", "m", notes) == (0, "4 new, 0 changed, 0 unchanged, 0 deleted.\n", "")
    return "m"


def as_json(said):
    code, out, err = said
    assert err == ""
    return code, json.loads(out)


def digest(path="m", of="state"):
    assert phago.verify(path).is_whole
    with phago.open(path, read_only=True) as colony:
        return colony.digest(of)


def ids(path="m"):
    with phago.open(path, read_only=True) as colony:
        return [one.id for one in colony.documents()]


# --- taking in ---------------------------------------------------------------------------------------------------


def test_ingest_makes_a_colony_and_digests(kept, says):
    with phago.open(kept, read_only=True) as colony:
        assert (len(colony), colony.stats().pending) == (4, 0)
    assert says("ingest", kept, "notes") == (0, "0 new, 0 changed, 4 unchanged, 0 deleted.\n", "")


def test_ingest_tells_what_it_left_out(kept, says):
    for number in range(3):
        Path("notes", f"{number}.png").write_bytes(b"\x89PNG")
    Path("notes", "bad.txt").write_bytes(b"\xff\xfa")
    Path("notes", "blank.txt").write_text("")
    code, out, _ = says("ingest", kept, "notes")
    assert code == 0
    assert out.splitlines()[1:-1] == [
        "Left out: 5.",
        "  3 of an unknown kind (.png), such as notes/0.png",
        "  notes/bad.txt: not UTF-8",
        "  notes/blank.txt: blank",
    ]
    assert re.fullmatch(
        r"  Known kinds: \.htm, .+, each with \.gz or without; what has no suffix is text\.", out.splitlines()[-1]
    )
    code, row = as_json(says("ingest", kept, "notes", "--json"))
    assert (code, row["new"], row["unchanged"], row["kept"]) == (0, 0, 4, 0)
    assert [one["path"] for one in row["left_out"]] == [
        f"notes/{name}" for name in ("0.png", "1.png", "2.png", "bad.txt", "blank.txt")
    ]


def test_many_reasons_are_counted(kept, says):
    for number in range(14):
        Path("notes", f"a.x{number}").write_text("")
    out = says("ingest", kept, "notes")[1]
    assert "  and 4 for other reasons; --json lists all\n" in out


def test_paths_without_a_document_end_with_1(says):
    Path("empty").mkdir()
    assert says("ingest", "m", "empty") == (1, "0 new, 0 changed, 0 unchanged, 0 deleted.\n", "")
    assert phago.verify("m").is_whole


def test_a_document_that_is_refused_is_left_out_and_the_rest_is_taken_in(says):
    rows = [{"id": "a", "text": "One."}, {"id": "", "text": "No id."}, {"id": "\ud800", "text": "Half a sign."}]
    rows += [
        {"id": "b", "text": "Two.", "metadata": {"year": {}}},
        {"id": "a", "text": "Again."},
        {"id": "c", "text": "Last."},
    ]
    Path("d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    code, row = as_json(says("ingest", "m", "d.jsonl", "--json"))
    assert (code, row["new"], len(row["left_out"])) == (0, 2, 4)
    assert ids() == ["a", "c"]
    again = as_json(says("sync", "m", "d.jsonl", "--json"))[1]
    assert (again["unchanged"], again["deleted"], again["left_out"]) == (2, 0, row["left_out"])


def test_sync_brings_the_colony_to_what_the_paths_hold(kept, says):
    Path("notes", "new.txt").write_text("Salt and water.")
    Path("notes", "heart.md").write_text("# The heart\n\nIt beats.")
    Path("notes", "lungs.txt").unlink()
    Path("notes", "rows.jsonl").write_text(NOTES["rows.jsonl"].splitlines()[0])
    assert as_json(says("sync", kept, "notes", "--json")) == (
        0,
        {"new": 1, "changed": 1, "unchanged": 1, "deleted": 2, "kept": 0, "left_out": []},
    )
    assert ids() == ["bread", "notes/heart.md", "notes/new.txt"]
    before = digest()
    assert says("sync", kept, "notes") == (0, "0 new, 0 changed, 3 unchanged, 0 deleted.\n", "")
    assert digest() == before


def test_sync_leaves_alone_what_came_from_elsewhere(kept, says):
    Path("more").mkdir()
    Path("more", "x.txt").write_text("Elsewhere.")
    with phago.open(kept) as colony:
        colony.ingest({"id": "by hand", "text": "By hand."})
    assert says("sync", kept, "more")[0] == 0
    for file in Path("more").iterdir():
        file.unlink()
    assert says("sync", kept, "more")[:2] == (0, "0 new, 0 changed, 0 unchanged, 1 deleted.\n")
    assert ids() == ["beer", "bread", "by hand", "notes/heart.md", "notes/lungs.txt"]


def test_sync_does_not_take_over_the_document_of_another_source(kept, says):
    Path("other.jsonl").write_text('{"id": "bread", "text": "Another bread."}')
    code, row = as_json(says("sync", kept, "other.jsonl", "--json"))
    assert (code, row["new"], row["changed"]) == (1, 0, 0)
    assert row["left_out"][0]["reason"].startswith("the id is that of a document from ")
    assert as_json(says("get", kept, "bread", "--json"))[1]["text"] == "Yeast makes bread."


def test_a_folder_that_was_moved_brings_its_documents(kept, says):
    Path("deep").mkdir()
    shutil.move("notes", "deep/notes")
    assert says("sync", kept, "deep/notes")[:2] == (0, "0 new, 4 changed, 0 unchanged, 0 deleted.\n")
    assert len(ids()) == 4


def test_sync_deletes_nothing_that_it_could_not_read(kept, says, monkeypatch):
    real = Path.open

    def refused(path, *arguments, **named):
        if path.name in ("heart.md", "rows.jsonl"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refused)
    Path("notes", "lungs.txt").unlink()
    code, out, _ = says("sync", kept, "notes")
    assert code == 1
    home = Path(kept).resolve()
    assert "Not deleted: 4 that may be in what could not be read." in out
    monkeypatch.undo()
    assert len(ids(home)) == 4


def test_the_colony_may_live_in_the_folder_that_it_holds(notes, says):
    assert says("ingest", "notes/m", notes)[:2] == (0, "4 new, 0 changed, 0 unchanged, 0 deleted.\n")
    assert says("sync", "notes/m", notes)[:2] == (0, "0 new, 0 changed, 4 unchanged, 0 deleted.\n")


# --- asking ------------------------------------------------------------------------------------------------------


def test_query(kept, says):
    code, out, err = says("query", kept, "what carries oxygen", "-k", 1)
    assert (code, err) == (0, "")
    assert re.fullmatch(
        r"1\. \d\.\d{3}  notes/heart\.md  The heart\n   # The heart The heart pumps blood\. Blood carries oxygen\.\n\n",
        out,
    )


def test_query_explains(kept, says):
    out = says("query", kept, "oxygen", "-k", 1, "--explain")[1]
    found = re.search(r"= (\S+) lexical \+ (\S+) concepts \+ (\S+) bridge$", out, re.MULTILINE)
    score = re.match(r"1\. (\S+)", out)[1]
    assert sum(map(float, found.groups())) == pytest.approx(float(score), abs=0.002)
    assert re.search(r"^     \w+ by oxygen", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (["year=2021"], ["bread"]),
        (["year>=1998"], ["beer", "bread"]),
        (["year<2021"], ["beer"]),
        (["year>1998", "tag=food"], ["bread"]),
        (["year!=2021"], ["beer"]),
        (["tag=food"], ["bread"]),
        (['tag="food"'], ["bread"]),
        (['{"year": {"in": [1998, 2021]}}'], ["beer", "bread"]),
        (["year=1900"], []),
        (["nothing=1"], []),
        (["tag=" + "[" * 100_000], []),
    ],
)
def test_query_where(kept, says, where, found):
    conditions = [part for condition in where for part in ("--where", condition)]
    code, row = as_json(says("query", kept, "yeast", "--json", *conditions))
    assert sorted(hit["id"] for hit in row["hits"]) == found
    assert code == (0 if found else 1)


def test_query_as_json_is_what_python_gives(kept, says):
    with phago.open(kept, read_only=True) as colony:
        hits = [hit.to_dict() for hit in colony.query("yeast blood", k=3)]
    code, row = as_json(says("query", kept, "yeast blood", "-k", 3, "--json"))
    assert (code, row) == (0, {"question": "yeast blood", "hits": json.loads(json.dumps(hits))})


def test_query_without_an_answer_says_why(kept, says):
    assert says("query", kept, "zebra") == (
        1,
        "",
        "phago: nothing found: no document has any of the question's words\n",
    )
    assert says("query", kept, "")[0] == 1
    assert says("query", kept, "--", "-k")[0] == 1
    assert as_json(says("query", kept, "zebra", "--json")) == (1, {"question": "zebra", "hits": []})


def test_query_lexical_is_bm25_alone(kept, says):
    rows = as_json(says("query", kept, "yeast", "--lexical", "--json"))[1]["hits"]
    with phago.open(kept, read_only=True) as colony:
        assert [(row["id"], row["score"]) for row in rows] == [
            (hit.id, hit.score) for hit in colony.query("yeast", ranking="lexical")
        ]


def test_get(kept, says):
    assert says("get", kept, "bread") == (0, "Bread\n\nYeast makes bread.\n", "")
    assert says("get", kept, "beer") == (0, "Yeast makes beer.\n", "")
    code, row = as_json(says("get", kept, "bread", "--json"))
    source = str(Path("notes/rows.jsonl").parent.resolve())
    assert (code, row) == (
        0,
        {
            "id": "bread",
            "title": "Bread",
            "text": "Yeast makes bread.",
            "metadata": {"source_path": source, "tag": "food", "year": 2021},
        },
    )
    assert says("get", kept, "none") == (1, "", "phago: there is no document `none`\n")


def test_graph(kept, says):
    code, out, _ = says("graph", kept, "yeast", "-k", 2)
    assert code == 0
    assert out.splitlines()[0] == "yeast: in 2 documents"
    assert re.fullmatch(r"  0\.\d{3}  \w+  \(together \d times?\)", out.splitlines()[1])
    assert len(out.splitlines()) == 3
    code, row = as_json(says("graph", kept, "yeast", "--json"))
    with phago.open(kept, read_only=True) as colony:
        edges = colony.graph.neighbors("yeast")
        assert [(one["target"], one["weight"]) for one in row["neighbors"]] == [
            (edge.target, edge.weight) for edge in edges
        ]
    assert says("graph", kept, "zebra") == (1, "", "phago: there is no concept `zebra`\n")


def test_stats(kept, says):
    code, row = as_json(says("stats", kept, "--json"))
    with phago.open(kept, read_only=True) as colony:
        assert (code, row) == (0, {name: getattr(colony.stats(), name) for name in row})
    assert (row["documents"], row["pending"], row["digested"]) == (4, 0, 4)
    assert says("stats", kept)[1].splitlines()[1] == "documents  4"


# --- changing and keeping ----------------------------------------------------------------------------------------


def test_delete(kept, says):
    assert says("delete", kept, "bread", "none") == (0, "1 deleted.\n", "")
    assert says("delete", kept, "bread") == (1, "0 deleted.\n", "")
    assert as_json(says("delete", kept, "--where", "year=1998", "--json")) == (0, {"deleted": 1})
    assert ids() == ["notes/heart.md", "notes/lungs.txt"]
    assert says("graph", kept, "yeast")[0] == 1


def test_what_is_exported_is_imported_as_it_was(kept, says):
    assert says("export", kept, "out.jsonl") == (0, "4 documents written to out.jsonl.\n", "")
    assert says("import", "n", "out.jsonl") == (0, "4 imported, 0 unchanged.\n", "")
    assert as_json(says("import", "n", "out.jsonl", "--json")) == (0, {"imported": 0, "unchanged": 4})
    assert digest("n", "evidence") == digest("m", "evidence")
    assert as_json(says("export", kept, "--where", "year=2021", "one.jsonl", "--json")) == (0, {"exported": 1})
    assert says("export", kept, "--where", "year=1", "none.jsonl")[0] == 1


def test_export_and_import_by_pipe(kept):
    """Bytes pass as they are, in whatever encoding the terminal has."""
    with phago.open(kept) as colony:
        colony.ingest({"id": "é", "text": "Café, 細胞膜."})
    env = {**CLEAN, "PYTHONIOENCODING": "ascii"}
    sent = subprocess.run([*PROGRAM, "export", kept], env=env, capture_output=True, check=True)
    taken = subprocess.run([*PROGRAM, "import", "n"], env=env, input=sent.stdout, capture_output=True, check=True)
    assert taken.stdout == b"5 imported, 0 unchanged.\n"
    assert "Café, 細胞膜." in sent.stdout.decode("utf-8")
    assert digest("n", "evidence") == digest("m", "evidence")


@pytest.mark.parametrize("line", ['{"a', "[1]", '{"text": 1}', '{"text": "a", "year": 1}', "[" * 100_000, b"\xff"])
def test_a_line_that_cannot_be_imported_is_told_of(kept, says, line):
    Path("bad.jsonl").write_bytes(line if isinstance(line, bytes) else line.encode())
    before = digest()
    code, out, err = says("import", kept, "bad.jsonl")
    assert (code, out) == (2, "")
    assert err.startswith("phago: ")
    assert digest() == before


def test_compact_leaves_nothing_of_what_was_deleted(kept, says):
    secret = b"nobody may read this"

    def holding():
        return [file.name for file in Path(kept).iterdir() if secret in file.read_bytes()]

    # Ended without a close, which would write the colony down as a whole, and with a delete that waits for a tick.
    for change in (f"ingest({{'id': 'x', 'text': {secret.decode()!r}}}); colony.run()", "delete('x')"):
        child_says(f"import os, phago; colony = phago.open({kept!r}); colony.{change}; os._exit(0)")
        assert len(holding()) == 1
    assert says("compact", kept) == (0, "Compacted.\n", "")
    assert holding() == []
    assert as_json(says("compact", kept, "--json")) == (0, {"compacted": True})
    assert ids() == ["beer", "bread", "notes/heart.md", "notes/lungs.txt"]


def test_snapshot_is_a_colony_of_its_own(kept, says):
    assert says("snapshot", kept, "copy") == (0, "Copied to copy.\n", "")
    assert digest("copy") == digest()
    assert as_json(says("snapshot", kept, "copy2", "--json")) == (0, {"snapshot": "copy2"})
    assert says("delete", "copy", "bread")[0] == 0
    assert "bread" in ids()


def test_verify(kept, says):
    code, row = as_json(says("verify", kept, "--json"))
    size = sum(file.stat().st_size for file in Path(kept).iterdir() if file.name != "LOCK")
    assert (code, row["damage"]) == (0, [])
    assert abs(row["bytes"] - size) <= 8192
    assert re.fullmatch(r"[\d,]+ bytes read; nothing is damaged\.\n", says("verify", kept)[1])


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
    assert err == "phago: `notes` holds other files; give the directory of a colony, an empty one, or a new one\n"
    assert sorted(os.listdir(notes)) == sorted(NOTES)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("notes", "holds other files"),
        ("notes/lungs.txt", "is a file"),
        ("m", "`m` holds a colony"),
        ("m/inside", "lies in the directory of the colony"),
    ],
)
def test_a_snapshot_wants_a_place_of_its_own(kept, says, to, reason):
    before = digest()
    code, out, err = says("snapshot", kept, to)
    assert (code, out) == (2, "")
    assert reason in err.replace(str(Path().resolve()) + "/", "")
    assert digest() == before


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
    before = digest()
    code, out, err = says(*arguments)
    assert (code, out) == (2, "")
    assert re.search(r"^phago(?: \w+)?: .+$", err, re.MULTILINE)
    assert digest() == before


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

    monkeypatch.setattr(memory, "open_colony", later)
    assert says("stats", kept) == (2, "", "phago: a later phago\n")


@pytest.mark.parametrize("command", WRITING + MAKING)
def test_a_second_writer_ends_with_4_and_the_owners_pid(kept, says, command):
    name, *rest = command
    before = digest()
    with phago.open(kept):
        code, out, err = says(name, kept, *rest)
        assert (code, out) == (4, "")
        assert str(os.getpid()) in err
        assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", err)
        # Who only reads is let in.
        assert says("stats", kept)[0] == 0
    assert digest() == before


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
    monkeypatch.setattr(memory, "open_colony", opened)
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

        monkeypatch.setattr(memory, "open_colony", refused)
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
from phago.cli import taking
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


@pytest.fixture
def many():
    """Lines for three batches, and what a colony is that took them in undisturbed."""
    rows = [{"id": f"d{at}", "text": one["text"]} for at, one in enumerate(seeded_documents(2300, longest=20))]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert cli.main(["sync", "undisturbed", "rows.jsonl"]) == 0
    return digest("undisturbed")


def test_kill_9_at_any_place_is_made_good_by_the_next_sync(many, says):
    for place, times in PLACES:
        shutil.rmtree("m", ignore_errors=True)
        running = stopped_at(place, times, ["sync", "m", "rows.jsonl"])
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=60)
        assert phago.verify("m").is_whole
        assert says("sync", "m", "rows.jsonl")[0] == 0
        assert digest() == many, (place, times)
        again = as_json(says("sync", "m", "rows.jsonl", "--json"))[1]
        assert (again["new"], again["changed"], again["unchanged"], again["deleted"]) == (0, 0, 2300, 0)


def test_ctrl_c_at_any_place_leaves_a_whole_colony_that_goes_on(many, says):
    for place, times in PLACES:
        shutil.rmtree("m", ignore_errors=True)
        running = stopped_at(place, times, ["sync", "m", "rows.jsonl"])
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        assert (running.returncode, out, err) == (130, "", "phago: interrupted\n"), (place, times)
        report = phago.verify("m")
        assert (report.damage, report.torn_bytes) == ((), 0)
        assert says("sync", "m", "rows.jsonl")[0] == 0
        assert digest() == many, (place, times)


def test_a_batch_that_was_taken_in_survives_kill_9(many):
    running = stopped_at("put", 3, ["ingest", "m", "rows.jsonl"])
    running.kill()
    running.communicate(timeout=60)
    assert len(ids()) == 2 * taking._BATCH
