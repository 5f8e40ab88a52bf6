"""One memory, many processes: `phago.connect` on a directory."""

import array
import datetime
import decimal
import fractions
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import struct
import sys
import threading
import uuid

import phago
import pytest
from phago.remote import arguments, line, shared
from sharing import Process, told

NOTES = [{"id": f"n{number}", "text": f"Note {number} is about ions and membranes."} for number in range(20)]


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "memory"


def test_the_first_owns_it_and_the_others_get_the_same_answers(directory):
    with phago.connect(directory) as one, phago.connect(directory) as other:
        assert (one.is_owner, other.is_owner) == (True, False)
        assert other.ingest(NOTES) == phago.IngestReport(accepted=20)
        assert other.run().digested == 20
        assert one.query("ions in note 3") == other.query("ions in note 3")
        assert one.explain("ions", "n3") == other.explain("ions", "n3")
        assert one.digest() == other.digest()
        assert (len(other), "n3" in other, "x" in other, 3 in other) == (20, True, False, False)
        assert other.config == one.config
        assert (other.path, other.shards) == (directory, one.shards)
        assert [found.id for found in other.documents(after="n5", limit=2)] == ["n6", "n7"]
        assert list(other.documents()) == list(one.documents())
        assert other.delete("n3") is True
        assert other.delete(["n4", "nobody"]) == 1
        assert other.delete(where={"$not": {"x": 1}}) == 18
        assert repr(other) == f"<Client of {directory}>"
        assert "<svg" in other._repr_html_()
    assert repr(other) == "<closed Client>"
    assert other._repr_html_() == "<code>&lt;closed Client&gt;</code>"
    assert not (directory / "owner.json").exists()
    with phago.open(directory) as colony:
        assert len(colony) == 0


def test_a_colony_of_the_same_inputs_has_the_same_digest(directory):
    moment = datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC)
    config = phago.ColonyConfig(seed=5)
    with phago.Colony(seed=5) as here, phago.connect(directory, config=config), phago.connect(directory) as there:
        for colony in (here, there):
            colony.ingest([phago.Document("Ions.", id="d", expires=moment, metadata={"a": 1})])
            colony.ingest(iter(NOTES))
            colony.run()
            colony.reinforce(colony.query("note 3")[0])
            colony.emit("wanted", "ions", 0.5)
            colony.pin("membranes")
            colony.update({"id": "n5", "text": "Changed."})
            assert [tick.tick for tick in colony.ticks(3)]
            colony.tick(now=moment)
            colony.survey()
        assert here.digest() == there.digest()
        assert here.insights() == there.insights()
        assert list(here.graph.edges) == list(there.graph.edges)
        assert here.field("wanted") == there.field("wanted")
        assert here.pinned() == there.pinned()


def test_progress_is_told_here(directory):
    with phago.connect(directory), phago.connect(directory) as client:
        seen = []
        client.ingest(NOTES, progress=seen.append)
        assert seen == [phago.Progress("ingest", 20, 20)]
        report = client.run(progress=seen.append)
        assert (report.digested, seen[-1]) == (20, phago.Progress("run", 20, 20))
        assert client.run(progress=seen.append).ticks == 0
        assert client.run(2).ticks == 0


def test_documents_are_numbered_over_all_calls(directory, monkeypatch):
    monkeypatch.setattr(arguments, "BYTES_AT_ONCE", 2_000)
    with phago.connect(directory), phago.connect(directory) as client:
        given = [{"id": f"{number}", "text": f"{number} {'long ' * 20}"} for number in range(2_500)]
        given[2_345]["text"] = " "
        with pytest.raises(phago.InvalidDocument, match=r"^document 2345 \(id `2345`\)") as caught:
            client.ingest(given)
        assert caught.value.index == 2_345
        assert len(client) == caught.value.report.accepted >= 2_300
        report = client.ingest(given, "skip")
        assert [one.index for one in report.rejected] == [2_345]
        assert (report.accepted + report.unchanged, len(client)) == (2_499, 2_499)
        given[7]["text"] = "Other."
        with pytest.raises(phago.DocumentExists) as exists:
            client.ingest(given[5:])
        assert exists.value.index == 2
        assert client.update_all(given, "skip").changed == 1


def test_a_file_crosses_as_documents(directory, tmp_path):
    with phago.connect(directory), phago.connect(directory) as client:
        client.ingest([*NOTES, "One without an id."])
        assert client.export_jsonl(tmp_path / "out.jsonl") == 21
        with phago.Colony() as colony:
            colony.import_jsonl(tmp_path / "out.jsonl")
            assert colony.digest("evidence") == client.digest("evidence")
        client.snapshot(tmp_path / "copy")
        client.checkpoint()
        client.compact()
        with phago.open(tmp_path / "copy") as colony:
            assert len(colony) == 21


NONE_OF_THESE = [
    {"text": "ion", "id": uuid.UUID(int=5)},
    {"text": pathlib.Path("a/b")},
    {"text": "ion", "title": datetime.date(2024, 1, 2)},
    {"text": "ion", "thread": uuid.UUID(int=5), "place": 1},
    {"text": "ion", "vector": b"abcd"},
    {"text": "ion", "vector": [10**5000]},
    {"text": "ion", "vector": fractions.Fraction(1, 3)},
    {"text": "ion", "place": 10**5000, "thread": "t"},
    {"text": "ion", "metadata": {"a": 10**5000}},
    {"text": "ion", "metadata": {None: 1}},
    {"text": "ion", "metadata": {"a": object()}},
    {"text": "ion", "expires": datetime.timedelta(days=1)},
    {"text": "ion", 1: 2},
    {"id": "no text"},
    None,
    b"bytes",
    object(),
]


def test_documents_are_refused_over_a_line_as_by_a_colony_and_the_others_are_taken_in_their_order(directory):
    given = [one for number, odd in enumerate(NONE_OF_THESE) for one in ({"text": f"ion {number}"}, odd)]
    given.append({"text": "rain", "id": "row", "vector": array.array("i", [1, 2]), "place": True})
    with phago.Colony() as here, phago.connect(directory), phago.connect(directory) as there:
        for odd in NONE_OF_THESE:
            if odd is not None:
                with pytest.raises(phago.InvalidDocument) as wanted:
                    here.ingest([{"text": "ion"}, odd])
                with pytest.raises(phago.InvalidDocument) as found:
                    there.ingest([{"text": "ion"}, odd])
                assert re.sub("0x[0-9a-f]+", "", str(found.value)) == re.sub("0x[0-9a-f]+", "", str(wanted.value))
                assert found.value.fields == wanted.value.fields
        assert len(there) == 0
        for take in ("ingest", "update_all"):
            assert getattr(there, take)(given, on_error="skip") == getattr(here, take)(given, on_error="skip")
        assert there.digest() == here.digest()
        # The first one that is none is told of, whoever found out.
        for first in (["", {"text": 3}], [{"text": 3}, ""], [{"text": uuid.UUID(int=1)}, ""]):
            with pytest.raises(phago.InvalidDocument) as found:
                there.ingest(first)
            assert found.value.index == 0


@pytest.mark.parametrize("key", [None, 1, True, 1.5, b"a", uuid.UUID(int=1)])
def test_a_key_of_a_filter_that_is_no_text_never_becomes_one(directory, key):
    metadata = {"None": "z", "null": "z", "1": "z", "true": "z", "1.5": "z", "True": "z"}
    with phago.connect(directory), phago.connect(directory) as client:
        client.ingest({"text": "ion", "metadata": metadata})
        for where in ({key: "z"}, {"$or": [{key: "z"}, {"1": "z"}]}, {"1": {key: "z"}}, {"$not": {key: "y"}}):
            for ask in (client.count, client.documents, lambda where: client.query("ion", where=where)):
                with pytest.raises(phago.ConfigError, match="`where`"):
                    list(found) if isinstance(found := ask(where), phago.Hits) else found
            with pytest.raises(phago.ConfigError, match="`where`"):
                client.delete(where=where)
        assert len(client) == 1


@pytest.mark.parametrize("client", ["owner", "other"])
def test_a_filter_that_a_colony_refuses_deletes_nothing_over_a_line(directory, client):
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    missing = [pandas.NaT, numpy.datetime64("NaT"), [pandas.NaT]]
    missing += [{"in": [pandas.NaT, 3]}, {"ne": pandas.NaT}, {"$not": {"eq": pandas.NaT}}, {"exists": numpy.True_}]
    last = datetime.datetime.max.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-5)))
    missing += [last, [last], {"gt": last}, numpy.datetime64("20000-01-01"), numpy.timedelta64(5, "ns")]
    good = [{"year": numpy.int64(2024)}, {"day": datetime.date(2024, 1, 1)}, {"day": pandas.Timestamp("2024-01-01")}]
    documents = [
        {"id": "dated", "text": "ion", "metadata": {"year": 2024, "day": datetime.date(2024, 1, 1)}},
        {"id": "undated", "text": "ion"},
    ]
    with phago.connect(directory) as owner, phago.connect(directory) as other, phago.Colony() as here:
        there = owner if client == "owner" else other
        for memory in (there, here):
            memory.ingest(documents)
        for condition in missing:
            for ask in ("delete", "count", "query"):
                more = {"text": "ion"} if ask == "query" else {}
                with pytest.raises(phago.ConfigError) as wanted:
                    getattr(here, ask)(where={"year": condition}, **more)
                with pytest.raises(phago.ConfigError) as found:
                    getattr(there, ask)(where={"year": condition}, **more)
                assert found.value.field == wanted.value.field == "where"
        for value in (last, numpy.datetime64("20000-01-01")):
            bad = [*documents, {"id": "bad", "text": "ion", "metadata": {"day": value}}]
            assert there.ingest(bad, "skip").rejected == here.ingest(bad, "skip").rejected != ()
        assert [there.count(where=where) for where in good] == [here.count(where=where) for where in good] == [1, 1, 0]
        assert len(there) == 2


def test_numbers_and_rankings_of_a_question_are_taken_over_a_line_as_by_a_colony(directory):
    numpy = pytest.importorskip("numpy")
    with phago.connect(directory) as owner, phago.connect(directory) as other, phago.Colony() as here:
        owner.ingest(NOTES)
        here.ingest(NOTES)
        numbers = [numpy.float32(0.5), numpy.int64(2), fractions.Fraction(1, 2), decimal.Decimal("1.5")]
        for more in [{name: number} for name in ("newer", "half_life") for number in numbers]:
            wanted = here.query("ions", **more)
            assert other.query("ions", **more) == owner.query("ions", **more) == wanted
            assert other.explain("ions", "n1", **more) == here.explain("ions", "n1", **more)
        for ranking in ({}, {"seeds_max": 3}, b"x", object(), "bm25", ["lexical"]):
            for memory in (here, owner, other):
                with pytest.raises(phago.ConfigError, match=r"`ranking`|ranking is"):
                    memory.query("ions", ranking=ranking)


@pytest.mark.parametrize("label", [datetime.date(2024, 1, 1), 3, None, pathlib.Path("a")])
def test_a_label_that_is_no_text_never_becomes_one(directory, label):
    with phago.connect(directory), phago.connect(directory) as client:
        for ask in (client.graph.node, client.graph.neighbors, lambda one: client.graph.shortest_path(one, "b")):
            with pytest.raises(TypeError, match=r"`(label|source)` is a string"):
                ask(label)


@pytest.mark.parametrize("now", ["2031-01-01T00:00:00+00:00", "tomorrow", datetime.date(2031, 1, 1), object(), 3, True])
def test_a_now_that_is_no_datetime_is_refused_and_not_obeyed(directory, now):
    with phago.connect(directory), phago.connect(directory) as client:
        client.ingest({"text": "ion", "expires": datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)})
        for ask in (client.tick, client.run, lambda now: list(client.ticks(now=now))):
            with pytest.raises(phago.ConfigError, match="`now`"):
                ask(now=now)
        with pytest.raises(phago.ConfigError, match="`now`"):
            client.run(now=now, progress=print)
        assert len(client) == 1


def test_what_cannot_cross_says_so(directory):
    class Curator(phago.Agent):
        def sense(self, view):
            return []

    with phago.connect(directory) as client:
        with pytest.raises(phago.ConfigError, match=r"agents are code"):
            client.spawn(Curator)
        assert client.agents() == []
        assert client.refresh() is False
        with pytest.raises(TypeError, match="cannot be pickled"):
            __import__("pickle").dumps(client)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"token": "abc"}, phago.ConfigError, "`token`"),
        ({"timeout": 0}, phago.ConfigError, "`timeout`"),
        ({"make": "yes"}, phago.ConfigError, "`make`"),
        ({"make": False}, phago.ColonyNotFound, "no colony"),
        ({"shards": 0}, phago.ConfigError, "`shards`"),
    ],
)
def test_what_is_not_accepted_is_named_and_makes_nothing(directory, given, error, match):
    with pytest.raises(error, match=match) as caught:
        phago.connect(directory, **given)
    assert "abc" not in str(caught.value)
    assert not directory.exists()


@pytest.mark.parametrize("where", ["", "a\0b", 3, None, "http://", "http://a:b:c", "http://u:p@host", "http://h?x=1"])
def test_nowhere_is_refused(where):
    with pytest.raises((phago.ConfigError, TypeError), match="where"):
        phago.connect(where)


@pytest.mark.parametrize(
    "where", ["localhost:8000", "127.0.0.1:8301", "example.org:80", "[::1]:8000", "localhost:8000/memory"]
)
def test_a_server_without_its_scheme_makes_no_directory(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(phago.ConfigError, match=re.escape(f"did you mean http://{where}?")):
        phago.connect(where)
    assert list(tmp_path.iterdir()) == []
    # A directory that is there is meant.
    (tmp_path / where).mkdir(parents=True)
    with phago.connect(where) as client:
        assert client.count() == 0


@pytest.mark.parametrize("where", ["ftp://a", "file:///tmp/a", "HTTPS+x://a", "s3://bucket/memory"])
def test_an_address_of_another_scheme_makes_no_directory(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for reach in (phago.connect, phago.open):
        with pytest.raises(phago.ConfigError, match=f"{re.escape(repr(where))}; accepted is the path"):
            reach(where)
    assert list(tmp_path.iterdir()) == []


def test_a_file_or_a_damaged_colony_is_told_of_as_by_open(directory):
    directory.write_text("no colony")
    with pytest.raises(phago.PhagoError) as here, phago.open(directory):
        pass
    with pytest.raises(type(here.value)):
        phago.connect(directory)
    directory.unlink()
    with phago.open(directory) as colony:
        colony.ingest(NOTES)
    for file in directory.iterdir():
        if file.name != "LOCK":
            file.write_bytes(b"damage")
    with pytest.raises(phago.CorruptionError):
        phago.connect(directory)


def test_errors_are_those_of_a_colony(directory):
    with phago.connect(directory), phago.connect(directory) as client:
        with pytest.raises(phago.ConfigError, match="`k` is 0") as caught:
            client.query("a", k=0)
        assert caught.value.fields == {"field": "k", "value": 0, "accepted": "an integer from 1 to 2147483647"}
        with pytest.raises(phago.ConfigError, match="`where`"):
            client.query("a", where={"a": {"no": 1}})
        with pytest.raises(phago.ConfigError, match="`concept` is `nothing`"):
            client.pin("nothing")
        with pytest.raises(phago.LimitError):
            client.query("a" * 70_000)
        with pytest.raises(ValueError, match="surrogate"):
            client.get("\ud800")
        with pytest.raises(phago.InvalidDocument):
            client.update({"text": "no id"})
        with pytest.raises(TypeError):
            client.delete("a", where={"a": 1})


# --- programs that share with nobody ---


def test_open_has_it_alone_or_not_at_all(directory):
    with phago.connect(directory), pytest.raises(phago.BusyError) as caught:
        phago.open(directory)
    assert caught.value.pid == os.getpid()
    with phago.open(directory), pytest.raises(phago.BusyError):
        phago.connect(directory, timeout=0.5)
    colony = phago.open(directory)
    threading.Timer(0.3, colony.close).start()
    with phago.connect(directory) as client:
        assert client.is_owner
    with phago.connect(directory), phago.open(directory, read_only=True) as colony:
        assert len(colony) == 0


# --- what lies in the directory ---


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "\xff", '{"address": 3, "key": "zz", "pid": 1}'])
def test_what_a_file_of_no_owner_says_is_not_believed(directory, text):
    phago.open(directory).close()
    (directory / "owner.json").write_text(text, encoding="latin-1")
    with phago.connect(directory) as one, phago.connect(directory) as other:
        assert (one.is_owner, other.count()) == (True, 0)


def test_a_socket_whose_owner_died_is_no_owner(directory, tmp_path):
    with Process(directory) as owner:
        place = told(directory)
        owner.kill()
    assert told(directory) == place
    with phago.connect(directory) as client:
        assert client.is_owner
        # Nothing of the dead one is left.
        assert not os.path.exists(place["address"])
        assert told(directory)["pid"] == os.getpid()


def test_a_copy_of_a_directory_is_another_memory(directory, tmp_path):
    with phago.connect(directory) as one:
        one.ingest(NOTES)
        shutil.copytree(directory, tmp_path / "copy")
        with phago.connect(tmp_path / "copy") as copy:
            assert copy.is_owner
            copy.ingest({"id": "x", "text": "Only in the copy."})
            assert (len(copy), len(one)) == (21, 20)
        # Its end and its beginning took nothing from the first one.
        with phago.connect(directory) as other:
            assert (other.is_owner, len(other)) == (False, 20)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are those of Unix")
def test_only_this_user_can_ask(directory):
    with phago.connect(directory):
        place = told(directory)
        assert stat.S_IMODE((directory / "owner.json").stat().st_mode) == 0o600
        folder = os.path.dirname(place["address"])
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert len(os.fsencode(place["address"])) < 104


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets of Unix")
def test_old_sockets_of_the_dead_are_swept_and_those_of_the_living_stay(directory, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "phago"
    folder.mkdir(mode=0o700)
    living = socket.socket(socket.AF_UNIX)
    living.bind(str(folder / "living"))
    living.listen()
    for name in ("dead", "fresh"):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder / name))
    for name in ("living", "dead"):
        os.utime(folder / name, (1, 1))
    with phago.connect(directory) as one, phago.connect(directory) as other:
        assert other.count() == one.count() == 0
        address = told(directory)["address"]
        assert {found.name for found in folder.iterdir()} == {"living", "fresh", os.path.basename(address)}
    living.close()


def test_a_long_path_is_no_hindrance(tmp_path):
    directory = tmp_path / ("long" * 40) / ("longer" * 30)
    directory.mkdir(parents=True)
    with phago.connect(directory) as one, phago.connect(directory) as other:
        assert (one.is_owner, other.count()) == (True, 0)


def test_another_key_is_not_let_in(directory):
    with phago.connect(directory) as one:
        place = told(directory)
        (directory / "owner.json").write_text(json.dumps({**place, "key": "00" * 32}))
        with pytest.raises(phago.BusyError):
            phago.connect(directory, timeout=0.5)
        (directory / "owner.json").write_text(json.dumps(place))
        with phago.connect(directory) as other:
            assert other.count() == one.count()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets of Unix")
def test_what_is_no_frame_harms_nobody(directory):
    with phago.connect(directory) as one:
        address = told(directory)["address"]
        junk = [
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0" * 100,
            struct.pack("!i", -1) + struct.pack("!Q", 2**62),
            b"\xff" * 50,
        ]
        held = []
        for data in junk * 4:
            raw = socket.socket(socket.AF_UNIX)
            raw.connect(address)
            raw.sendall(data)
            # Some stay, and say nothing more.
            held.append(raw)
        with phago.connect(directory) as other:
            assert other.count() == one.count() == 0
        for raw in held:
            raw.close()


def test_a_frame_that_is_too_large_is_refused_on_both_sides(directory, monkeypatch):
    monkeypatch.setattr(shared, "FRAME_BYTES_MAX", 10_000)
    with phago.connect(directory) as one, phago.connect(directory) as other:
        with pytest.raises(phago.LimitError) as caught:
            other.get("x" * 20_000)
        assert caught.value.limit == 10_000
        monkeypatch.setattr(shared, "FRAME_BYTES_MAX", 2**40)
        monkeypatch.setattr("phago.remote.owner.FRAME_BYTES_MAX", 10_000)
        # The owner reads it no further, and who sends it does not ask for ever.
        with pytest.raises(phago.RpcError, match="8 times"):
            other.get("x" * 2_000_000)
        assert other.count() == one.count() == 0


def test_frames_that_are_no_calls_are_answered(directory):
    with phago.connect(directory) as one:
        place = phago.remote.place.read_place(directory)
        raw = line.dial(place, 5.0)
        for frame in (b"", b"{}", b"\xff", b"[" * 100_000, b'{"wire": 1, "call": "close"}'):
            raw.send_bytes(frame)
            assert b'"error"' in raw.answered()
        raw.close()
        assert one.count() == 0


def test_a_directory_that_was_deleted_is_told_of(directory):
    with phago.connect(directory) as one, phago.connect(directory) as other:
        other.ingest(NOTES)
        shutil.rmtree(directory)
        # Who is connected goes on with it; nobody new comes.
        assert other.count() == 20
        with pytest.raises(phago.ColonyNotFound):
            phago.connect(directory, make=False, timeout=0.5)
        assert one.count() == 20
        with pytest.warns(phago.CheckpointWarning):
            one.close()
