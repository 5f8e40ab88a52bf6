"""One memory, many processes: `phago.connect` on a directory."""

import array
import contextlib
import datetime
import fractions
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import sys
import threading
import time
import uuid

import phago
import pytest
from campaign import size, tell
from owners import trial
from phago.remote import arguments, line, place, shared
from sharing import Process

NOTES = [{"id": f"n{number}", "text": f"Note {number} is about ions and membranes."} for number in range(20)]

# Seconds in which even a machine with much else to do comes to it; the trial of `make trials` says how long it took.
SOON = 8


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "memory"


def told(directory):
    return json.loads((directory / "owner.json").read_bytes())


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


@pytest.mark.parametrize("label", [datetime.date(2024, 1, 1), 3, None, pathlib.Path("a")])
def test_a_label_that_is_no_text_never_becomes_one(directory, label):
    with phago.connect(directory), phago.connect(directory) as client:
        for ask in (client.graph.node, client.graph.neighbors, lambda one: client.graph.shortest_path(one, "b")):
            with pytest.raises(TypeError, match="is not an instance of 'str'"):
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


# --- owners come and go ---


def test_when_the_owner_closes_the_next_call_takes_over(directory):
    one, other = phago.connect(directory), phago.connect(directory)
    other.ingest(NOTES)
    one.close()
    one.close()
    begun = time.monotonic()
    assert len(other) == 20
    assert time.monotonic() - begun < SOON
    assert other.is_owner
    with pytest.raises(phago.ClosedError):
        len(one)
    other.close()
    with pytest.raises(phago.ClosedError):
        other.query("a")


def test_one_that_is_forgotten_is_no_owner(directory):
    one, other = phago.connect(directory), phago.connect(directory)
    del one
    other.ingest(NOTES)
    assert other.is_owner
    other.close()


def test_when_the_owner_is_killed_another_one_takes_over_within_a_second(directory):
    with Process(directory) as owner, Process(directory) as other, phago.connect(directory) as client:
        assert owner.does("client.is_owner") is True
        client.ingest(NOTES)
        for process in (owner, other):
            process.kill()
            begun = time.monotonic()
            assert client.query("ions", k=1)
            assert len(client) == 20
            assert time.monotonic() - begun < SOON
        assert client.is_owner


def test_who_waits_for_an_answer_gets_it_from_the_next_owner(directory):
    with Process(directory) as owner, phago.connect(directory) as client:
        client.ingest(NOTES)
        owner.stop()
        found = []
        asking = threading.Thread(target=lambda: found.append(client.count()))
        asking.start()
        time.sleep(0.2)
        owner.kill()
        asking.join(5)
        assert found == [20]


def test_what_cannot_be_done_twice_is_unknown_when_its_owner_dies(directory):
    with Process(directory) as owner, phago.connect(directory) as client:
        client.ingest(NOTES)
        owner.stop()
        found = []

        def tick():
            try:
                client.tick()
            except phago.RpcError as error:
                found.append(str(error))

        asking = threading.Thread(target=tick)
        asking.start()
        time.sleep(0.2)
        owner.kill()
        asking.join(5)
        assert "whether it is done is unknown" in found[0]
        assert client.tick().tick >= 1


def test_a_stopped_owner_is_told_of_and_goes_on(directory):
    with Process(directory) as owner, phago.connect(directory, timeout=0.5) as client:
        client.ingest(NOTES)
        owner.stop()
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(phago.RpcError, match="may be stopped"):
                client.count()
            assert time.monotonic() - begun < SOON
        with pytest.raises(phago.RpcError, match="may be stopped"):
            phago.connect(directory, timeout=0.5)
        # More than a socket holds.
        with pytest.raises(phago.RpcError, match="may be stopped"):
            client.ingest({"id": "large", "text": "large " * 500_000})
        owner.sent(signal.SIGCONT)
        assert client.count() >= 20
        assert not client.is_owner


@pytest.mark.skipif(sys.platform == "win32", reason="the system bounds what is read")
def test_an_owner_that_is_stopped_in_the_midst_of_an_answer_is_told_of():
    ours, theirs = multiprocessing.Pipe()
    waiting = line.Line(ours, 0.5)
    # The length of a frame and its beginning, and then nothing.
    os.write(theirs.fileno(), struct.pack("!i", 1_000_000) + b"{")
    begun = time.monotonic()
    with pytest.raises(line.Silence):
        waiting.answered()
    assert time.monotonic() - begun < SOON
    waiting.close()
    theirs.close()


@pytest.mark.skipif(sys.platform != "linux", reason="others refuse at once")
def test_an_owner_at_whose_door_too_many_wait_is_told_of(tmp_path):
    address = str(tmp_path / "socket")
    with contextlib.ExitStack() as open_ones, socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen(1)
        for _ in range(3):
            one = open_ones.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(address)
        begun = time.monotonic()
        with pytest.raises(line.Silence):
            line.dial(place.Place(address, b"key", 1), 0.5)
        assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("timeout", [0.1, 0.49, float("nan"), 0, -1, True, "1"])
def test_less_patience_than_a_living_owner_needs_is_refused(directory, timeout):
    with pytest.raises(phago.ConfigError, match="`timeout`"):
        phago.connect(directory, timeout=timeout)
    assert not directory.exists()


def test_the_least_patience_is_enough_for_a_long_call(directory):
    with phago.connect(directory) as one, phago.connect(directory, timeout=line.PATIENCE_MIN) as other:
        slow(one, 1.5)
        assert other.stats().documents == 0


def slow(client, seconds):
    """Have the owner take its time at `stats`."""

    class Slow:
        def __init__(self, colony):
            self._colony = colony

        def __getattr__(self, name):
            if name == "stats":
                time.sleep(seconds)
            return getattr(self._colony, name)

    owner = client._channel._owner
    owner.colony = Slow(owner.colony)
    return owner


def test_a_long_call_is_waited_for_as_its_owner_lives(directory):
    with phago.connect(directory) as one, phago.connect(directory, timeout=1.5) as other:
        slow(one, 2.5)
        assert other.stats().documents == 0


def test_an_owner_that_leaves_finishes_what_is_under_way(directory):
    one, other = phago.connect(directory), phago.connect(directory)
    slow(one, 1.0)
    found = []
    asking = threading.Thread(target=lambda: found.append(other.stats().documents))
    asking.start()
    time.sleep(0.3)
    begun = time.monotonic()
    one.close()
    assert 0.3 < time.monotonic() - begun < SOON
    asking.join(5)
    assert found == [0]
    assert not other.is_owner
    other.close()


def test_a_client_that_closes_in_the_midst_of_a_call_leaves_the_owner_well(directory):
    with phago.connect(directory) as one:
        other = phago.connect(directory)
        slow(one, 0.5)
        found = []
        asking = threading.Thread(target=lambda: found.append(other.stats()))
        asking.start()
        time.sleep(0.1)
        other.close()
        asking.join(5)
        assert len(found) == 1
        with pytest.raises(phago.ClosedError):
            other.count()
        assert one.count() == 0


def test_control_c_ends_a_call_and_the_next_one_works(directory):
    with phago.connect(directory) as one, Process(directory) as other:
        slow(one, 3.0)
        other.begins("client.stats()")
        time.sleep(0.3)
        begun = time.monotonic()
        # It has one handler: KeyboardInterrupt is no Exception, and ends it.
        other.sent(signal.SIGINT)
        other.process.wait(5)
        # Before the call would have ended.
        assert time.monotonic() - begun < 2.5
        assert one.count() == 0
        # What other tests have made of the signal is not tried here.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with phago.connect(directory) as third:
                threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
                with pytest.raises(KeyboardInterrupt):
                    third.stats()
                assert third.count() == 0
        finally:
            signal.signal(signal.SIGINT, before)


def test_several_that_begin_at_the_same_moment_share_it(directory):
    begun = threading.Barrier(6)
    clients, errors = [], []

    def connect():
        begun.wait()
        try:
            clients.append(phago.connect(directory))
            clients[-1].ingest({"text": f"One of {threading.get_ident()}."})
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=connect) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [client.is_owner for client in clients].count(True) == 1
    assert {len(client) for client in clients} == {6}
    for client in clients:
        client.close()


def test_a_hundred_connections_at_once(directory):
    with phago.connect(directory) as one:
        one.ingest(NOTES)
        clients = [phago.connect(directory) for _ in range(100)]
        found = []
        threads = [threading.Thread(target=lambda it=it: found.append(it.query("ions", k=1)[0].id)) for it in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 100
        assert len(set(found)) == 1
        for client in clients:
            client.close()
        assert one.count() == 20


def test_no_more_connections_than_there_is_room_for_and_then_again(directory, monkeypatch):
    monkeypatch.setattr("phago.remote.owner.LINES_MAX", 2)
    with phago.connect(directory) as one, phago.connect(directory) as two, phago.connect(directory) as three:
        assert (two.count(), three.count()) == (0, 0)
        threading.Timer(0.3, two.close).start()
        with phago.connect(directory, timeout=5) as four:
            assert four.count() == one.count() == 0


def test_who_finds_no_room_is_told_so(directory, monkeypatch):
    monkeypatch.setattr("phago.remote.owner.LINES_MAX", 1)
    with phago.connect(directory), phago.connect(directory) as two:
        assert two.count() == 0
        with pytest.raises(phago.RpcError, match="lets nobody in: it serves 1 at once"):
            phago.connect(directory, timeout=0.5)


def test_an_owner_that_takes_long_to_leave_is_waited_for(directory, monkeypatch):
    one = phago.connect(directory)
    one.ingest(NOTES)
    close = one._channel._owner.colony.close
    monkeypatch.setattr(one._channel._owner.colony, "close", lambda: (time.sleep(2), close()))
    leaving = threading.Thread(target=one.close)
    leaving.start()
    time.sleep(0.2)
    with phago.connect(directory, timeout=0.5) as other:
        assert (other.is_owner, len(other)) == (True, 20)
    leaving.join()
    assert not (directory / place.LEAVING).exists()


def test_an_owner_that_is_out_of_threads_or_handles_goes_on(directory, monkeypatch):
    from phago.remote import owner

    with phago.connect(directory) as one:
        failed = []

        class Failing(line.Line):
            def __init__(self, *arguments):
                failed.append(1)
                if len(failed) < 3:
                    raise OSError(24, "Too many open files")
                super().__init__(*arguments)

        monkeypatch.setattr(owner, "Line", Failing)
        with phago.connect(directory, timeout=5) as other:
            assert other.count() == one.count() == 0
        assert len(failed) >= 3


# --- forks ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
# Python 3.12 warns of forks beside threads, which is what is tried here.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_a_connection_of_its_own(directory):
    with phago.connect(directory) as one, phago.connect(directory) as other:
        other.ingest(NOTES)
        for client in (one, other):
            child = os.fork()
            if not child:
                try:
                    ended = 0 if len(client) == 20 and not client.is_owner else 1
                except BaseException:
                    ended = 2
                os._exit(ended)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert len(client) == 20
        assert one.is_owner


@pytest.mark.skipif(sys.platform != "linux", reason="locks are let go of on Linux")
def test_a_child_that_outlives_the_owner_keeps_nobody_out(directory):
    with Process(directory) as owner, phago.connect(directory) as client:
        client.ingest(NOTES)
        child = owner.does("__import__('os').fork() or __import__('time').sleep(60)")
        try:
            begun = time.monotonic()
            owner.kill()
            assert len(client) == 20
            assert client.is_owner
            assert time.monotonic() - begun < SOON
        finally:
            os.kill(child, signal.SIGKILL)


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


# --- eight processes whose owner is killed ---


@pytest.mark.timeout(900)
def test_no_acknowledged_write_is_lost_when_owners_are_killed(tmp_path, capfd):
    seconds = size("owners", 8, 600)
    found = trial(seconds, 2 if seconds < 60 else 20, directory=tmp_path)
    tell(capfd, f"{seconds} s: {json.dumps(found)}")
    assert found["errors"] == []
    assert found["lost"] == []
    assert found["risen"] == []
    assert found["kills"] >= 2
    assert found["acknowledged"] > 100
    assert max(found["takeovers"]) < SOON
