"""The commands on a colony in a directory: what they print, and what they end with."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import phago
import pytest
from conftest import NOTES
from support import CLEAN, as_json, child_says, digest_of, ids_of

PROGRAM = [sys.executable, "-W", "ignore", "-m", "phago"]


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
        r"  Known kinds: \.docx, .+, each with \.gz or without; what has no suffix is text\.", out.splitlines()[-1]
    )
    code, row = as_json(says("ingest", kept, "notes", "--json"))
    assert (code, row["new"], row["unchanged"], row["kept"]) == (0, 0, 4, 0)
    assert [one["path"] for one in row["left_out"]] == [
        f"notes/{name}" for name in ("0.png", "1.png", "2.png", "bad.txt", "blank.txt")
    ]


LETTERS = """
def letters(texts):
    return [[text.lower().count(sign) + 0.01 for sign in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
"""


def test_a_model_and_times_from_the_command_line(says):
    Path("letters_of.py").write_text(LETTERS)
    rows = [
        {"id": "old", "text": "Alice works at the mill.", "time": "2019-05-01T00:00Z"},
        {"id": "new", "text": "Alice works at the bank.", "time": "2024-05-01T00:00Z"},
        {"id": "copy", "text": "Alice works at the bank!", "time": "2024-05-01T00:00Z"},
    ]
    Path("facts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = ("--embed", "letters_of:letters", "--model", "letters")
    assert says("ingest", "m", "facts.jsonl", *model)[0] == 0
    assert says("ingest", "m", "facts.jsonl", *model)[1].startswith("0 new, 0 changed, 3 unchanged")

    def found(*arguments):
        code, row = as_json(says("query", "m", "Alice works", "--json", *arguments))
        return code, [hit["id"] for hit in row["hits"]], [hit["parts"]["similar"] for hit in row["hits"]]

    assert any(found(*model)[2])
    assert not any(found()[2])
    assert found("--as-of", "2020-01-01T00:00+00:00")[1] == ["old"]
    assert set(found("--since", "2020-01-01T00:00+00:00")[1]) == {"new", "copy"}
    assert found("--until", "2018-01-01T00:00+00:00")[:2] == (1, [])
    assert found("--newer", "0.3", "--half-life", "180d")[1][2] == "old"
    assert found("--diverse", "0.6")[1].index("old") < 2
    code, row = as_json(says("similar", "m", "new", "-k", "1", "--json"))
    assert (code, [hit["id"] for hit in row["hits"]]) == (0, ["copy"])
    assert says("similar", "m", "nobody")[0] == 1
    assert says("query", "m", "Alice", "--half-life", "soon")[0] == 2
    code, _, error = says("query", "m", "Alice", "--embed", "letters_of:letters", "--model", "words")
    assert (code, "`letters`, which made" in error) == (2, True)


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
    assert ids_of("m") == ["a", "c"]
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
    assert ids_of("m") == ["bread", "notes/heart.md", "notes/new.txt"]
    before = digest_of("m")
    assert says("sync", kept, "notes") == (0, "0 new, 0 changed, 3 unchanged, 0 deleted.\n", "")
    assert digest_of("m") == before


def test_sync_leaves_alone_what_came_from_elsewhere(kept, says):
    Path("more").mkdir()
    Path("more", "x.txt").write_text("Elsewhere.")
    with phago.open(kept) as colony:
        colony.ingest({"id": "by hand", "text": "By hand."})
    assert says("sync", kept, "more")[0] == 0
    for file in Path("more").iterdir():
        file.unlink()
    assert says("sync", kept, "more")[:2] == (0, "0 new, 0 changed, 0 unchanged, 1 deleted.\n")
    assert ids_of("m") == ["beer", "bread", "by hand", "notes/heart.md", "notes/lungs.txt"]


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
    assert len(ids_of("m")) == 4


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
    assert len(ids_of(home)) == 4


def test_sync_cleans_what_it_read_whole_beside_what_it_could_not_read(kept, says):
    text = "# One\n\nThe heart pumps.\n\n# Two\n\nBlood flows.\n"
    Path("notes", "heart.md").write_text(text, encoding="utf-8")
    assert says("sync", kept, "notes", "--sections")[0] == 0
    home = Path(kept).resolve()
    assert {"notes/heart.md//1", "notes/heart.md//2"} <= set(ids_of(home))
    with Path("notes", "rows.jsonl").open("a", encoding="utf-8") as lines:
        lines.write("no JSON\n")
    Path("notes", "lungs.txt").write_text(" \n", encoding="utf-8")
    code, row = as_json(says("sync", kept, "notes", "--json"))
    assert (code, row["kept"], row["deleted"]) == (0, 0, 3)
    assert sorted(ids_of(home)) == ["beer", "bread", "notes/heart.md"]
    # A file that is gone may have become a line that was not read.
    Path("notes", "heart.md").unlink()
    assert as_json(says("sync", kept, "notes", "--json"))[1]["kept"] == 1


@pytest.mark.parametrize("command", ["ingest", "sync"])
def test_the_folder_of_another_colony_is_no_notes(kept, says, command):
    says("import", "notes/other", "notes/rows.jsonl")
    says("import", "notes/compact", "notes/rows.jsonl")
    says("compact", "notes/compact")
    code, row = as_json(says(command, "all", "notes", "--json"))
    assert (code, row["new"]) == (0, 4)
    assert row["left_out"] == [
        {"path": f"notes/{name}", "reason": "a folder that holds a colony"} for name in ("compact", "other")
    ]
    code, row = as_json(says(command, "all", "m", "--json"))
    assert (row["new"], row["left_out"]) == (0, [{"path": "m", "reason": "a folder that holds a colony"}])


def test_the_colony_may_live_in_the_folder_that_it_holds(notes, says):
    assert says("ingest", "notes/m", notes)[:2] == (0, "4 new, 0 changed, 0 unchanged, 0 deleted.\n")
    assert says("sync", "notes/m", notes)[:2] == (0, "0 new, 0 changed, 4 unchanged, 0 deleted.\n")


def test_a_misspelt_word_is_told_of_in_the_answer(kept, says):
    code, out, _ = says("query", kept, "oxigen of yeest and the heart")
    assert code == 0
    assert out.startswith(
        "No document has `oxigen`; read as `oxygen`.\nNo document has `yeest`; read as `yeast`.\n\n1. "
    )
    for question in (["oxygen of yeast"], ["oxy*"], ["oxigen", "--lexical"]):
        assert "read as" not in says("query", kept, *question)[1]
    rows = as_json(says("query", kept, "oxigen", "--json"))[1]["hits"]
    assert {word["read_as"] for row in rows for word in row["path"]["words"]} == {"oxygen"}


def test_two_folders_of_one_name_live_side_by_side_with_prefixes(kept, says, notes):
    twin = Path("ann", "notes")
    twin.mkdir(parents=True)
    (twin / "heart.md").write_text("# Hearts\n\nAnn drew them.")
    (twin / "rows.jsonl").write_text('{"id": "stated", "text": "As it says."}\n{"text": "Without an id."}')
    code, row = as_json(says("sync", kept, str(twin), "--json"))
    assert (code, row["new"]) == (0, 2)
    assert [one["path"] for one in row["left_out"]] == ["notes/heart.md"]
    for command in ("ingest", "sync"):
        code, row = as_json(says(command, kept, str(twin), "--prefix", "ann/", "--json"))
        assert row["left_out"] == []
    of_ann = ["ann/notes/heart.md", "ann/notes/rows.jsonl:2", "stated"]
    of_all = ["beer", "bread", "notes/heart.md", "notes/lungs.txt"]
    assert ids_of("m") == sorted(of_ann + of_all)
    assert says("sync", kept, "notes")[:2] == (0, "0 new, 0 changed, 4 unchanged, 0 deleted.\n")
    (twin / "heart.md").unlink()
    assert as_json(says("sync", kept, str(twin), "--prefix", "ann", "--json"))[1]["deleted"] == 1
    assert ids_of("m") == sorted(of_ann[1:] + of_all)
    code, _, error = says("sync", kept, "notes", str(twin))
    assert (code, "each with a prefix of its own" in error) == (2, True)
    assert says("sync", kept, "notes", "--prefix", " /")[0] == 2


def test_a_line_that_states_its_id_keeps_that_document_alone(kept, says):
    lines = [json.dumps({"id": f"line {number}", "text": f"Text {number}."}) for number in range(5)]
    lines.append('{"text": "It goes by its place."}')
    Path("notes", "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert says("sync", kept, "notes")[0] == 0
    # Of two the text is cut off or misspelt, one is whole, two are gone, and so is what went by its place.
    lines = [lines[0], lines[1][:-4], lines[2].replace('"text"', '"txet"'), "", "", ""]
    Path("notes", "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    Path("notes", "lungs.txt").unlink()
    code, row = as_json(says("sync", kept, "notes", "--json"))
    assert (code, row["kept"], row["deleted"], len(row["left_out"])) == (0, 3, 3, 2)
    assert ids_of("m") == ["line 0", "line 1", "line 2", "notes/heart.md", "notes/rows.jsonl:6"]


# --- lifetimes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fading(says):
    """A colony with a document that expires at noon, and the file that holds it."""
    row = {"id": "fades", "text": "It fades at noon.", "expires": "2030-06-01T12:00:00+00:00"}
    Path("fading.jsonl").write_text(json.dumps(row))
    Path("rest.jsonl").write_text('{"id": "stays", "text": "It stays."}')
    assert says("ingest", "m", "fading.jsonl", "rest.jsonl", "--now", "2030-06-01T13:59:59+02:00")[0] == 0
    assert ids_of("m") == ["fades", "stays"]
    return "m"


@pytest.mark.parametrize(
    "command",
    [("ingest", "rest.jsonl"), ("sync", "rest.jsonl"), ("import", "rest.jsonl"), ("delete", "stays"), ("compact",)],
    ids=lambda command: command[0],
)
def test_what_expires_by_now_leaves_with_each_command_that_digests(fading, says, command):
    name, *arguments = command
    Path("rest.jsonl").write_text('{"id": "new", "text": "It is new."}')
    # An hour before noon by the offset, though the clock on the wall shows noon.
    assert says(name, fading, *arguments, "--now", "2030-06-01T12:00:00+01:00")[0] == 0
    assert "fades" in ids_of(fading)
    code = says(name, fading, *arguments, "--now", "2030-06-01T12:00:00Z")[0]
    assert code == (1 if name == "delete" else 0)
    assert "fades" not in ids_of(fading)
    with phago.open(fading, read_only=True) as colony:
        assert colony.graph.node("noon") is None


def test_now_is_the_time_of_the_machine(says):
    Path("old.jsonl").write_text('{"id": "old", "text": "Gone.", "expires": "2020-01-01T00:00:00+00:00"}')
    Path("far.jsonl").write_text('{"id": "far", "text": "Here.", "expires": "9000-01-01T00:00:00+00:00"}')
    assert says("ingest", "m", "old.jsonl", "far.jsonl", "--now", "now")[0] == 0
    assert ids_of("m") == ["far"]


@pytest.mark.parametrize("given", ["2030-06-01T12:00:00", "2030-06-01", "noon", "", "1e9", "2030-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_wrong_usage(says, given):
    code, out, err = says("ingest", "m", "notes", f"--now={given}")
    assert (code, out) == (2, "")
    assert "a time with its offset, such as 2030-06-01T12:00:00+02:00, or `now`" in err
    assert not Path("m").exists()


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
        (['tag="<"'], []),
        (['tag>""'], ["bread"]),
        (["nothing="], []),
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
        "phago: nothing found: no document has any of the question's words, function words aside\n",
    )
    assert says("query", kept, "")[0] == 1
    assert says("query", kept, "--", "-k")[0] == 1
    why = "no document has any of the question's words, function words aside"
    assert as_json(says("query", kept, "zebra", "--json")) == (1, {"question": "zebra", "hits": [], "nothing": why})


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
    assert ids_of("m") == ["notes/heart.md", "notes/lungs.txt"]
    assert says("graph", kept, "yeast")[0] == 1


def test_what_is_exported_is_imported_as_it_was(kept, says):
    assert says("export", kept, "out.jsonl") == (0, "4 documents written to out.jsonl.\n", "")
    assert says("import", "n", "out.jsonl") == (0, "4 imported, 0 unchanged.\n", "")
    assert as_json(says("import", "n", "out.jsonl", "--json")) == (0, {"imported": 0, "unchanged": 4})
    assert digest_of("n", "evidence") == digest_of("m", "evidence")
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
    assert digest_of("n", "evidence") == digest_of("m", "evidence")


@pytest.mark.parametrize("line", ['{"a', "[1]", '{"text": 1}', '{"text": "a", "year": 1}', "[" * 100_000, b"\xff"])
def test_a_line_that_cannot_be_imported_is_told_of(kept, says, line):
    Path("bad.jsonl").write_bytes(line if isinstance(line, bytes) else line.encode())
    before = digest_of("m")
    code, out, err = says("import", kept, "bad.jsonl")
    assert (code, out) == (2, "")
    assert err.startswith("phago: document 0")
    assert ("on line 1 of `bad.jsonl` is " in err) == (line not in ('{"text": 1}', '{"text": "a", "year": 1}'))
    assert digest_of("m") == before


def test_a_line_ends_at_a_line_feed_and_at_no_sign_of_a_text(kept, says):
    """Which the text may have, as JSON has them in a string as they are."""
    with phago.open(kept) as colony:
        colony.ingest({"id": "odd", "text": "Ions\u2028cross\x85the\u2029membrane.", "title": "\x85"})
    assert says("export", kept, "out.jsonl")[0] == 0
    assert says("import", "n", "out.jsonl") == (0, "5 imported, 0 unchanged.\n", "")
    assert digest_of("n", "evidence") == digest_of("m", "evidence")


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
    assert ids_of("m") == ["beer", "bread", "notes/heart.md", "notes/lungs.txt"]


def test_snapshot_is_a_colony_of_its_own(kept, says):
    assert says("snapshot", kept, "copy") == (0, "Copied to copy.\n", "")
    assert digest_of("copy") == digest_of("m")
    assert as_json(says("snapshot", kept, "copy2", "--json")) == (0, {"snapshot": "copy2"})
    assert says("delete", "copy", "bread")[0] == 0
    assert "bread" in ids_of("m")


def test_verify(kept, says):
    code, row = as_json(says("verify", kept, "--json"))
    size = sum(file.stat().st_size for file in Path(kept).iterdir() if file.name != "LOCK")
    assert (code, row["damage"]) == (0, [])
    assert abs(row["bytes"] - size) <= 8192
    assert re.fullmatch(r"[\d,]+ bytes read; nothing is damaged\.\n", says("verify", kept)[1])


# --- over processes and machines ---------------------------------------------------------------------------------


@pytest.fixture(params=["processes", "ray"])
def spread(request, monkeypatch):
    """The options that spread a colony over two nodes."""
    if request.param == "ray":
        monkeypatch.setenv("RAY_ADDRESS", request.getfixturevalue("ray_cluster").address)
    return "--backend", request.param, "--nodes", "2"


@pytest.mark.timeout(600)
def test_commands_say_the_same_over_nodes(spread, notes, says):
    for memory, options in (("here", ()), ("there", spread)):
        assert says("ingest", memory, notes, *options) == (0, "4 new, 0 changed, 0 unchanged, 0 deleted.\n", "")
    assert digest_of("there") == digest_of("here")
    for asked in (("query", "here", "what carries oxygen", "--explain"), ("graph", "here", "blood"), ("stats", "here")):
        said = says(*asked)
        assert said[0] == 0
        assert says(*asked, *spread) == said
    assert says("delete", "there", "bread", *spread) == (0, "1 deleted.\n", "")
    assert says("get", "there", "bread")[0] == 1


def test_a_colony_on_nodes_is_read_by_its_only_user(kept, says):
    with phago.open(kept):
        assert says("query", kept, "oxygen")[0] == 0
        assert says("query", kept, "oxygen", "--backend", "processes", "--nodes", "2")[0] == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--backend", "moon"), "invalid choice: 'moon'"),
        (("--nodes", "0"), "'0' is not a number from 1 to 1024"),
        (("--nodes", "2"), "`nodes` is 2; accepted is 1 or none, as the threads of this process are one node"),
        (("--backend", "processes", "--nodes", "5", "--shards", "4"), "`nodes` is 5"),
        (("--backend", "ray", "--nodes", "5", "--shards", "4"), "`nodes` is 5"),
    ],
)
def test_wrong_nodes_end_with_2(options, told, kept, notes, says):
    code, out, said = says("ingest", kept, notes, *options)
    assert (code, out) == (2, "")
    assert told in said


def test_ray_that_is_not_installed_ends_with_2(kept, says, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert says("query", kept, "oxygen", "--backend", "ray") == (
        2,
        "",
        'phago: this needs Ray: pip install "phago[ray]"\n',
    )


@pytest.mark.parametrize(
    ("name", "data", "kept_too"),
    [
        ("heart.md", b"caf\xe9", ["notes/heart.md"]),
        ("heart.md", b"a\0b", ["notes/heart.md"]),
        ("heart.md", b"a" * ((16 << 20) + 1), ["notes/heart.md"]),
        # Of the line of beer nothing is left, and the other one says whose it is.
        ("rows.jsonl", b'{"id": "bread", "text": "Bread.", "colour": 1}\n', ["bread"]),
        ("rows.jsonl", b'{"id": "bread", "text": 3}\n', ["bread"]),
        ("rows.jsonl", b'["bread"]\n', ["beer", "bread"]),
        ("rows.jsonl", b"caf\xe9\n", ["beer", "bread"]),
    ],
)
def test_what_is_there_and_cannot_be_read_keeps_its_documents(kept, says, name, data, kept_too):
    Path("notes", name).write_bytes(data)
    _, row = as_json(says("sync", kept, "notes", "--json"))
    gone = {"beer", "bread"} - set(kept_too) if name == "rows.jsonl" else set()
    assert (row["deleted"], row["kept"]) == (len(gone), len(kept_too))
    assert set(kept_too) <= set(ids_of("m"))
    # What is known to hold nothing, or to be gone, keeps nothing.
    Path("notes", name).write_bytes(b"\n")
    assert as_json(says("sync", kept, "notes", "--json"))[1]["deleted"] == len(kept_too)


def test_a_file_that_became_a_pipe_keeps_its_document(kept, says):
    Path("notes", "heart.md").unlink()
    os.mkfifo(Path("notes", "heart.md"))
    assert as_json(says("sync", kept, "notes", "--json"))[1]["kept"] == 1
    assert "notes/heart.md" in ids_of("m")


def test_an_empty_path_is_no_path(kept, says):
    before = ids_of("m")
    for command in (
        ("ingest", "m", ""),
        ("sync", "m", ""),
        ("sync", "", "notes"),
        ("ingest", "", "notes"),
        ("doctor", ""),
    ):
        code, out, error = says(*command)
        assert (code, out) == (2, "")
        assert error.startswith("phago: ")
        assert error.count("\n") == 1
    assert ids_of("m") == before


def test_a_linked_folder_is_told_of_and_keeps_what_it_held(kept, says):
    Path("notes", "deep").mkdir()
    Path("notes", "deep", "a.txt").write_text("Deep.")
    assert says("sync", kept, "notes")[0] == 0
    shutil.move("notes/deep", "elsewhere")
    Path("notes", "deep").symlink_to(Path("elsewhere").resolve())
    row = as_json(says("sync", kept, "notes", "--json"))[1]
    assert row["left_out"] == [{"path": "notes/deep", "reason": "a link to a folder, which is not followed"}]
    assert (row["deleted"], row["kept"]) == (0, 1)
    Path("notes", "deep").unlink()
    assert as_json(says("sync", kept, "notes", "--json"))[1]["deleted"] == 1
