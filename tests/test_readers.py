"""A directory has one writer, who is named to others, and any number of readers, who change nothing."""

import os
import pickle
import re
import subprocess
import sys
import threading

import phago
import pytest
from support import child_says, files_of

HOLDER = """
import sys
import phago

with phago.open(sys.argv[1]) as colony:
    colony.ingest({"id": "a", "text": "ions cross the membrane"})
    print("ready", flush=True)
    for line in sys.stdin:
        colony.ingest({"id": line.strip(), "text": f"the membrane holds {line}"})
        colony.run()
        if line == "c\\n":
            colony.checkpoint()
        print(colony.digest(), flush=True)
"""


class Holder:
    """A process that has a directory open for writing, and takes one more document when it is told."""

    def __init__(self, path):
        command = [sys.executable, "-W", "ignore", "-c", HOLDER, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def __enter__(self):
        return self

    def take(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.communicate()
        assert self.process.returncode == 0


def test_a_second_writer_is_told_who_the_first_is(tmp_path):
    with Holder(tmp_path) as holder:
        with pytest.raises(phago.BusyError) as caught:
            phago.open(tmp_path, wait=0.05)
        assert caught.value.pid == holder.process.pid
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", caught.value.since)
        assert f"in process {holder.process.pid} since {caught.value.since}" in str(caught.value)
        assert pickle.loads(pickle.dumps(caught.value)).fields == caught.value.fields
    with phago.open(tmp_path) as colony:
        assert "a" in colony
        with pytest.raises(phago.BusyError) as caught:
            phago.open(tmp_path)
        assert caught.value.pid == os.getpid()


def test_whoever_waits_opens_it_when_the_first_writer_is_done(tmp_path):
    first = phago.open(tmp_path)
    first.ingest("text")
    tried = threading.Event()

    def close():
        tried.wait()
        first.close()

    closing = threading.Thread(target=close)
    closing.start()
    with pytest.raises(phago.BusyError):
        phago.open(tmp_path)
    tried.set()
    with phago.open(tmp_path, wait=100) as second:
        assert len(second) == 1
    closing.join()


def test_a_reader_sees_the_last_tick_of_a_writer_and_moves_on(tmp_path):
    with Holder(tmp_path) as holder, phago.open(tmp_path, read_only=True, shards=3) as reader:
        assert len(reader) == 1
        assert not reader.refresh()
        before, digest = reader.digest(), holder.take("b")
        graph = reader.graph
        assert (reader.digest(), "b" in reader) == (before, False), "it stands still"
        assert reader.refresh()
        assert (reader.digest(), "b" in reader) == (digest, True)
        assert graph.node("membrane").mentions == 2, "the graph moves with its colony"
        # A new generation of files begins.
        digest = holder.take("c")
        assert reader.refresh()
        assert reader.digest() == digest
        assert [hit.id for hit in reader.query("holds")] == ["b", "c"]
        digest = holder.take("d")
        assert reader.refresh()
        assert not reader.refresh()
        assert reader.digest() == digest


CHANGES = {
    "ingest": lambda colony: colony.ingest("more"),
    "update": lambda colony: colony.update({"id": "a", "text": "more"}),
    "delete": lambda colony: colony.delete("a"),
    "reinforce": lambda colony: colony.reinforce(colony.query("ions")[0]),
    "tick": lambda colony: colony.tick(),
    "run": lambda colony: colony.run(),
    "ticks": lambda colony: list(colony.ticks()),
    "checkpoint": lambda colony: colony.checkpoint(),
    "compact": lambda colony: colony.compact(),
    "snapshot": lambda colony: colony.snapshot("copy"),
}


def test_a_reader_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "memory"
    monkeypatch.chdir(tmp_path)
    with phago.open(path) as colony:
        colony.ingest({"id": "a", "text": "ions cross the membrane"})
    before = files_of(path)
    with phago.open(path, read_only=True) as reader:
        digest = reader.digest()
        for name, change in CHANGES.items():
            with pytest.raises(phago.ReadOnlyError) as caught:
                change(reader)
            assert caught.value.path == str(path), name
        assert reader.digest() == digest
        assert "Colony of 1 documents" in repr(reader)
        with phago.open(path), phago.open(path, read_only=True):
            pass
    assert sorted(before) == sorted(files_of(path))
    assert not (tmp_path / "copy").exists()
    reader.close()
    with pytest.raises(phago.ClosedError):
        reader.refresh()


def test_a_forked_child_does_not_keep_the_directory(tmp_path):
    program = f"""
import os, phago
colony = phago.open({str(tmp_path)!r}, shards=2)
colony.ingest("text")
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    os.close(go[1])
    try:
        colony.ingest("more")
    except phago.CoordinatorUnavailable:
        os.write(ready[1], b"refused")
    colony.close()
    os.read(go[0], 1)
    os._exit(0)
print(os.read(ready[0], 7).decode())
try:
    phago.open({str(tmp_path)!r})
except phago.BusyError:
    print("held by the parent")
colony.close()
with phago.open({str(tmp_path)!r}) as again:
    print(len(again))
os.write(go[1], b"x")
os.waitpid(child, 0)
"""
    assert child_says(program) == "refused\nheld by the parent\n1\n"
