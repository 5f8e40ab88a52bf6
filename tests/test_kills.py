"""Writers that are killed at any time and at any call to the disk lose nothing that they said was done."""

import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import phago
import pytest
from campaign import size, tell
from kills import OPERATIONS, Order, Server, library, operation
from support import Chance

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux" or not shutil.which("cc"), reason="it preloads a library"),
    pytest.mark.timeout(7200),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(library(tmp_path_factory.mktemp("library"))) as server:
        yield server


class Twin:
    """The colony that was never killed: its digests after each operation."""

    def __init__(self):
        self.colony = phago.Colony(1)
        self.digests = [self.colony.digest()]

    def after(self, count):
        while len(self.digests) <= count:
            operation(self.colony, len(self.digests) - 1)
            self.digests.append(self.colony.digest())
        return self.digests[count]


def found(path, twin, ended, shards, what):
    """How many operations a colony has, which may be one more than was said."""
    done = ended["done"]
    try:
        assert phago.verify(path).is_whole, what
    except phago.ColonyNotFound:
        # It died before there was a colony, and the next one makes it.
        assert not ended["opened"], what
    with phago.open(path, shards=shards) as colony:
        digest = colony.digest()
    if digest == twin.after(done):
        return done
    assert digest == twin.after(done + 1), f"{what}: {done} operations were acknowledged"
    return done + 1


def test_a_writer_that_dies_at_any_call_loses_nothing(server, tmp_path, capfd):
    every = size("kill_every", 7, 1)
    twin, kills, by_how, beyond, in_opening, points = Twin(), 0, {}, 0, 0, 0
    for turn, how in enumerate(("before", "half", "after")):
        for at in range(1 + turn * every // 3, 10_000, every):
            path = tmp_path / f"{how}-{at}"
            ended = server.obey(Order(str(path), shards=1 + at % 3, at=at, how=how))
            if ended["closed"]:
                assert ended["status"] == 0
                points = at
                break
            assert ended["killed"], (how, at, ended)
            kills += 1
            by_how[how] = by_how.get(how, 0) + 1
            in_opening += not ended["opened"]
            beyond += found(path, twin, ended, 1 + at % 2, f"{how} call {at}") - ended["done"]
            shutil.rmtree(path)
    told = f"{points} calls, {by_how}, {in_opening} while opening, {beyond} found beyond what was said, lost: 0"
    tell(capfd, f"T6 kills at calls to the disk: {kills} of {told}")
    assert kills > 3 * 60 / every
    assert twin.after(OPERATIONS)


def test_a_writer_that_is_killed_at_any_time_loses_nothing(server, tmp_path, capfd):
    wanted, seed = size("kills", 40, 2000), 5
    chance, kills, in_opening, at_calls, acknowledged, beyond, colonies = Chance(seed), 0, 0, 0, 0, 0, 0
    while kills < wanted:
        colonies += 1
        path, twin, done = tmp_path / f"memory-{colonies}", Twin(), 0
        for life in range(40):
            if kills == wanted:
                break
            shards, checkpoint, close = 1 + chance.below(3), 3 + chance.below(9), 5 + chance.below(20)
            kind = chance.below(3)
            order = Order(str(path), shards, done, 1_000_000, checkpoint, close)
            if kind == 0:
                # Also inside of an opening, which is a recovery.
                order = Order(
                    **vars(order) | {"at": 1 + chance.below(30), "how": ("before", "half", "after")[life % 3]}
                )
                at_calls += 1
            else:
                order = replace(order, after=chance.below(60 if kind == 1 else 12) / 1000)
            ended = server.obey(order)
            assert ended["killed"], ended
            kills += 1
            in_opening += not ended["opened"]
            acknowledged += ended["done"] - done
            done = found(path, twin, ended, 1 + life % 4, f"colony {colonies}, kill {life} of {order}")
            beyond += done - ended["done"]
        shutil.rmtree(path)
    told = f"operations acknowledged {acknowledged}, {beyond} found beyond, lost: 0"
    tell(capfd, f"T6 kills: {kills}, {at_calls} of them at calls to the disk, {in_opening} while opening; {told}")
    assert acknowledged > kills / 4
    assert in_opening > kills / 20


@pytest.mark.parametrize("shards", [1, 3])
def test_ticks_in_which_nothing_happens_outlive_the_process_too(tmp_path, shards):
    # Each life ends in another way after the last tick that it said was made: of none, one and many.
    code = (
        "import os, phago, sys\n"
        "colony = phago.open(sys.argv[1], shards=int(sys.argv[2]))\n"
        "colony.ingest({'id': sys.argv[3], 'text': 'ions cross the membrane'})\n"
        "colony.run()\n"
        "for _ in range(int(sys.argv[3])): colony.tick()\n"
        "if sys.argv[3] == '40': colony.checkpoint()\n"
        "print(colony.tick().tick, colony.digest(), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    for ticks in ("0", "1", "40", "1000"):
        command = [sys.executable, "-c", code, str(tmp_path / "m"), str(shards), ticks]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        with phago.open(tmp_path / "m") as colony:
            assert ended.stdout.split() == [str(colony.stats().tick), colony.digest()]
