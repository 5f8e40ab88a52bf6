"""Listing, counting, deleting many, and the way out and in as lines of JSON."""

import json
import logging

import phago
import pytest
from support import child_says, seeded_documents

DOCUMENTS = [
    {**one, "metadata": {"third": at % 3, "tags": ["x", f"t{at % 5}"]}} for at, one in enumerate(seeded_documents(60))
]


@pytest.fixture(params=[1, 3])
def colony(request):
    with phago.Colony(request.param) as made:
        made.ingest(DOCUMENTS)
        yield made


def names(colony, **options):
    return [document.id for document in colony.documents(**options)]


def test_documents_come_in_the_order_of_their_ids_whole_and_in_pages(colony):
    every = names(colony)
    assert every == sorted(every)
    assert len(every) == len(DOCUMENTS) == colony.count()
    pages, last = [], None
    while page := names(colony, after=last, limit=7):
        pages.append(page)
        last = page[-1]
    assert [len(page) for page in pages] == [7] * 8 + [4]
    assert [name for page in pages for name in page] == every
    assert [colony.get(name) for name in every] == list(colony.documents())


def test_a_filter_lists_and_counts_what_a_question_would_find(colony):
    where = {"third": 1, "tags": "t2"}
    expected = [one.id for one in colony.documents() if one.metadata["third"] == 1 and "t2" in one.metadata["tags"]]
    assert expected
    assert names(colony, where=where) == expected
    assert colony.count(where) == len(expected)
    assert colony.count({"third": 9}) == 0
    with pytest.raises(phago.ConfigError, match="where"):
        colony.count({"third": {"like": 1}})


def test_a_document_deleted_before_its_turn_is_left_out(colony):
    listing = colony.documents()
    first = next(listing)
    last = names(colony)[-1]
    assert first.id != last
    long = phago.Colony(1)
    long.ingest({"id": f"{at:05}", "text": "ions"} for at in range(1500))
    listing = long.documents()
    next(listing)
    long.delete("01499")
    assert sum(1 for _ in listing) == 1498


def test_many_are_deleted_by_id_or_by_filter(colony):
    every = names(colony)
    assert colony.delete([*every[:5], every[0], "none"]) == 5
    assert colony.delete(iter(())) == 0
    third = colony.count({"third": 1})
    assert third > 0
    assert colony.delete(where={"third": 1}) == third
    assert colony.count({"third": 1}) == 0
    left = [one for one in DOCUMENTS if one["metadata"]["third"] != 1]
    with phago.Colony(2) as other:
        other.ingest(left)
        other.delete(every[:5])
        assert other.digest("evidence") == colony.digest("evidence")


def test_what_is_exported_and_imported_has_the_same_evidence(colony, tmp_path):
    colony.ingest(
        {"id": "odd", "text": "a\u2028b \u00e9\n\t", "metadata": {"f": 1.0, "i": 1, "b": True, "u": 2**64 - 1}}
    )
    colony.ingest({"id": "titled", "text": "", "title": "Only a title", "metadata": {"e": [], "s": ""}})
    colony.run()
    path = tmp_path / "out.jsonl"
    assert colony.export_jsonl(path) == len(colony)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    assert len([json.loads(line) for line in lines]) == len(colony)
    with phago.Colony(2) as twin:
        assert twin.import_jsonl(path).accepted == len(colony)
        assert twin.digest("evidence") == colony.digest("evidence")
        assert twin.import_jsonl(path).unchanged == len(colony)
    assert colony.export_jsonl(path, where={"third": 0}) == colony.count({"third": 0})
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_a_fault_says_where_and_an_export_that_fails_leaves_nothing(colony, tmp_path):
    path = tmp_path / "in.jsonl"
    for line, said in (
        (b"{", r"^document 1 on line 3 of `.*in.jsonl` is not JSON at column 2: Expecting"),
        (b"[]", r"^document 1 on line 3 of `.*in.jsonl` is list; accepted is a JSON object$"),
        (b'{"text": "caf\xe9"}', r"^document 1 on line 3 of `.*in.jsonl` is not UTF-8 at byte 14: invalid"),
        (b'{"text": "x", "page": 1}', "page"),
    ):
        path.write_bytes(b'{"text": "one"}\n\n' + line + b"\n")
        with phago.Colony(1) as other, pytest.raises(phago.InvalidDocument, match=said) as caught:
            other.import_jsonl(path)
        assert caught.value.index == 1
    with pytest.raises(FileNotFoundError):
        colony.export_jsonl(tmp_path / "none" / "out.jsonl")
    with pytest.raises(phago.ConfigError):
        colony.export_jsonl(tmp_path / "out.jsonl", where={"third": {"like": 1}})
    assert list(tmp_path.iterdir()) == [path]


BROKEN = b"""\xef\xbb\xbf
{"id": "a", "text": "Ions cross."}
{bad
{"id": "b", "text": " "}
[1]

{"id": "caf\xe9", "text": "Ions."}
{"id": "c", "text": "Ions rest. \xe2\x80\xa8\xc2\x85"}\r
{"id": "d", "text": "Ions %b"}
""" % (b"x" * 300)
# The place of each among the lines that are not blank, its field, and what is said of it. The first line is a mark.
LEFT_OUT = [
    (1, "document", "on line 3 of `{path}` is not JSON at column 2: Expecting property name"),
    (2, "text", ""),
    (3, "document", "on line 5 of `{path}` is list; accepted is a JSON object"),
    (4, "document", "on line 7 of `{path}` is not UTF-8 at byte 12: invalid continuation byte"),
]


@pytest.mark.parametrize("memory", ["colony", "owner", "other", "async", "async client"])
async def test_lines_that_are_no_documents_are_left_out_and_told_of_by_their_number(tmp_path, caplog, memory):
    path, shared = tmp_path / "in.jsonl", tmp_path / "shared"
    path.write_bytes(BROKEN)
    if memory == "colony":
        with phago.Colony(1) as colony:
            report, ids = colony.import_jsonl(path, "skip"), [one.id for one in colony.documents()]
    elif memory == "async":
        async with phago.AsyncColony(1) as colony:
            report, ids = await colony.import_jsonl(path, "skip"), [one.id async for one in colony.documents()]
    elif memory == "async client":
        async with await phago.connect_async(shared) as client:
            report, ids = await client.import_jsonl(path, "skip"), [one.id async for one in client.documents()]
    else:
        with phago.connect(shared) as owner, phago.connect(shared) as other:
            report = (owner if memory == "owner" else other).import_jsonl(path, "skip")
            ids = [one.id for one in owner.documents()]
    assert (report.accepted, ids) == (3, ["a", "c", "d"])
    assert [(one.index, one.field) for one in report.rejected] == [(at, field) for at, field, _ in LEFT_OUT]
    for one, (_, _, said) in zip(report.rejected, LEFT_OUT, strict=True):
        assert one.reason.startswith(said.format(path=path))
    assert [(one.index, one.id) for one in report.unindexed] == [(6, "d")]
    assert "its document on line 3 of" in caplog.text


async def test_the_twin_for_event_loops_has_the_same(tmp_path):
    path = tmp_path / "out.jsonl"
    async with phago.AsyncColony(2) as colony:
        await colony.ingest(DOCUMENTS)
        every = [one.id async for one in colony.documents()]
        assert every == sorted(every)
        assert [one.id async for one in colony.documents(after=every[3], limit=2)] == every[4:6]
        assert await colony.count({"third": 1}) == 20
        assert await colony.export_jsonl(path) == 60
        assert await colony.delete(every[:3]) == 3
        assert await colony.delete(every[3]) is True
        assert await colony.delete(where={"third": 1}) > 0
        with pytest.raises(phago.ConfigError):
            await colony.delete()
        await colony.delete([one.id async for one in colony.documents()])
        assert (await colony.import_jsonl(path)).accepted == 60


def test_ticks_are_told_at_debug_and_what_is_undone_or_refused_as_a_warning(caplog):
    caplog.set_level(logging.DEBUG, logger="phago")
    with phago.Colony(2, runner=phago.RunnerConfig(phase_timeout_ms=40, recover="manual")) as colony:
        colony.ingest(["ions cross", 5], on_error="skip")
        colony._runner.inject(("hang", 0, "Act", 1))
        with pytest.raises(phago.PhaseTimeout):
            colony.tick()
        colony.tick()
        colony.run()
    said = [
        (record.levelname, record.getMessage().split(":")[0]) for record in caplog.records if record.name == "phago"
    ]
    assert said[:2] == [("WARNING", "document 1 was left out"), ("WARNING", "a tick was undone")]
    assert ("DEBUG", "tick 1") in said
    assert said[-1][0] == "DEBUG"


def test_nothing_is_said_where_nobody_listens():
    program = (
        "import logging, phago\n"
        "with phago.Colony(1) as colony:\n"
        "    colony.ingest(['ions', 5], on_error='skip')\n"
        "    colony.run()\n"
        "print('well')\n"
    )
    assert child_says(program) == "well\n"
    assert (
        child_says(program.replace("logging, ", "") + "import sys; print('logging' in sys.modules)") == "well\nFalse\n"
    )


def test_arrival_is_the_first_tick_that_could_digest_a_document():
    with phago.Colony(2, config=phago.ColonyConfig(documents_per_tick=2)) as colony:
        colony.ingest({"id": f"{at}", "text": "ions cross"} for at in range(3))
        colony.tick()
        colony.ingest({"id": "late", "text": "ions rest"})
        colony.run()
        found = {one.id: (one.arrival, one.digested) for one in colony.documents()}
    assert [arrival for arrival, _ in found.values()] == [1, 1, 1, 2]
    assert sorted(digested for _, digested in found.values()) == [1, 1, 2, 2]


@pytest.mark.parametrize("path", [True, 3, None])
def test_a_file_is_named_by_a_path_and_by_no_number(path):
    # A number is a file that is open already, and would be closed.
    with phago.Colony() as colony, pytest.raises(TypeError, match="PathLike"):
        colony.import_jsonl(path)
