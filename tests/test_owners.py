"""Owners of a shared memory: they close, die, stop, fork and are killed, and the next one goes on."""

import contextlib
import json
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import phago
import pytest
from campaign import size, tell
from owners import trial
from phago.remote import line, place
from sharing import Process

NOTES = [{"id": f"n{number}", "text": f"Note {number} is about ions and membranes."} for number in range(20)]

# Seconds in which even a machine with much else to do comes to it; the trial of `make trials` says how long it took.
SOON = 8


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "memory"


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
    while not (directory / place.LEAVING).exists():
        time.sleep(0.01)
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


def test_an_owner_that_cannot_say_where_it_is_leaves_nothing(directory, tmp_path):
    with phago.open(directory):
        pass
    before, run = sorted(os.listdir(directory)), tmp_path / "run"
    run.mkdir()
    code = """
import errno, os, sys, phago
from phago.remote import place
def full(told, file):
    file.write("{")
    file.flush()
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
place.json.dump = full
try:
    phago.connect(sys.argv[1])
except phago.StorageError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(directory)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(run)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be shared" in done.stdout
    assert "No space left on device" in done.stdout
    assert sorted(os.listdir(directory)) == before
    assert list((run / "phago").iterdir()) == []
    with phago.connect(directory) as client:
        assert client.is_owner
