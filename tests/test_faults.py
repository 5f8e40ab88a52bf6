"""Hangs, panics, cancels and Ctrl-C in every phase: whole ticks, typed errors, control back, a colony that goes on.

Here a fault is its caller's error at once; `test_recover.py` has ticks that are redone.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading

import phago
import pytest
from support import (
    FOREVER_MS,
    HERE,
    PHASES,
    TIMEOUT_MS,
    await_fault,
    child_says,
    cluster,
    impatient_colony,
    ingest_into,
    seeded_documents,
    with_sigint,
    world_digest,
)

DOCUMENTS = seeded_documents(180)
SHARDS = 3
CONFIG = phago.ColonyConfig(documents_per_tick=40)


def batches():
    return [DOCUMENTS[at : at + 60] for at in range(0, 180, 60)]


@pytest.fixture(scope="module")
def expected():
    """The digest of a run without faults."""
    with impatient_colony(30_000, shards=1) as calm:
        for batch in batches():
            calm.ingest(batch)
            calm.run(2)
        calm.run()
        return calm.digest()


# --- hang, panic -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", ["hang", "deaf", "panic"])
def test_a_fault_in_any_phase_is_typed_undone_and_forgotten(kind, phase, expected):
    with impatient_colony() as tried:
        for number, batch in enumerate(batches()):
            tried.ingest(batch)
            if number == 1:
                # Nobody waits for a worker that does not listen.
                fault = (kind, 1, phase, 3, FOREVER_MS) if kind == "deaf" else (kind, 1, phase, 3)
                tried._runner.inject(fault)
                before = tried.digest()
                with pytest.raises(phago.ShardDied if kind == "panic" else phago.PhaseTimeout) as caught:
                    tried.run(2)
                error = caught.value
                assert (error.shards, error.phase, error.tick) == ((1,), phase, 3)
                assert isinstance(error.shards[0], phago.ShardId)
                assert isinstance(error.phase, phago.TickPhase)
                assert "shard-1" in str(error)
                if kind == "panic":
                    assert "injected panic" in error.cause
                else:
                    assert isinstance(error, TimeoutError)
                    assert error.waited >= TIMEOUT_MS / 1000
                assert tried.digest() == before
                assert tried.stats().tick == 2
                assert tried.query(DOCUMENTS[0]["text"])[0].text == DOCUMENTS[0]["text"]
            assert [result.tick for result in tried.ticks(2)] == [2 * number + 1, 2 * number + 2]
        tried.run()
        assert tried.digest() == expected


@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_under_a_coordinator_leaves_all_shards_and_the_coordinator_at_the_old_tick(phase):
    coordinator, shards, runner = cluster(2, phase_timeout_ms=TIMEOUT_MS, max_parallelism=2, recover="manual")
    ingest_into(shards, [document for document in DOCUMENTS if "id" in document][:20])
    runner.tick_sync()
    before = world_digest(runner), [shard.stats() for shard in shards]
    for kind, error in (("hang", phago.PhaseTimeout), ("panic", phago.ShardDied)):
        runner._native.inject((kind, 0, phase, 2))
        with pytest.raises(error) as caught:
            runner.tick_sync()
        assert (caught.value.shards, caught.value.phase, caught.value.tick) == ((0,), phase, 2)
        assert (coordinator.current_tick, *[shard.current_tick for shard in shards]) == (1, 1, 1)
        assert (world_digest(runner), [shard.stats() for shard in shards]) == before
    assert runner.tick_sync().tick == 2
    assert coordinator.current_tick == 2


def test_all_who_fail_are_named_and_a_hang_does_not_hide_a_death():
    with impatient_colony(threads=4, shards=4) as tried:
        tried.ingest(DOCUMENTS[:20])
        for shard in (2, 0):
            tried._runner.inject(("panic", shard, "Act", 1))
        with pytest.raises(phago.ShardDied) as died:
            tried.tick()
        assert died.value.shards == (0, 2)
        for shard in (3, 1):
            tried._runner.inject(("hang", shard, "Decay", 1))
        with pytest.raises(phago.PhaseTimeout) as late:
            tried.tick()
        assert late.value.shards == (1, 3)
        tried._runner.inject(("hang", 1, "Sense", 1))
        tried._runner.inject(("panic", 2, "Sense", 1))
        with pytest.raises(phago.ShardDied) as died:
            tried.tick()
        assert died.value.shards == (2,)
        assert tried.tick().tick == 1


def test_a_fault_that_stays_fails_every_tick_and_its_end_ends_it(expected):
    with impatient_colony(timeout_ms=400) as tried:
        tried.ingest(batches()[0])
        tried._runner.inject(("hang", 2, "Act", None))
        before = tried.digest()
        for _ in range(4):
            with pytest.raises(phago.PhaseTimeout):
                tried.run()
        assert tried.digest() == before
        tried._runner.inject(None)
        tried.run(2)
        for batch in batches()[1:]:
            tried.ingest(batch)
            tried.run(2)
        tried.run()
        assert tried.digest() == expected


def test_a_death_is_noticed_long_before_the_deadline():
    with impatient_colony(timeout_ms=FOREVER_MS) as tried:
        tried._runner.inject(("panic", 1, "Act", 1))
        tried._runner.inject(("deaf", 2, "Act", 1, FOREVER_MS))
        with pytest.raises(phago.ShardDied):
            tried.tick()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (("hang", 9, "Act", 1), phago.ShardNotFound),
        (("meet", 0, "Act", 1, 9), phago.ShardNotFound),
        (("meet", 0, "Act", 1), ValueError),
        (("explode", 0, "Act", 1), ValueError),
        (("hang", 0, "Rest", 1), ValueError),
    ],
)
def test_what_is_no_fault_is_refused(fault, error):
    with impatient_colony() as tried, pytest.raises(error):
        tried._runner.inject(fault)


# --- cancel, wait_for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("way", ["cancel", "wait_for", "timeout"])
async def test_whoever_stops_waiting_gets_control_back_and_whole_ticks(way, phase, expected):
    runner = phago.RunnerConfig(phase_timeout_ms=FOREVER_MS, max_parallelism=2)
    async with phago.AsyncColony(SHARDS, config=CONFIG, runner=runner) as tried:
        for number, batch in enumerate(batches()):
            await tried.ingest(batch)
            before = await tried.digest()
            tried._colony._runner.inject(("hang", number, phase, 2 * number + 1))
            if way == "cancel":
                waiting = asyncio.create_task(tried.run(2))
                await await_fault(tried._colony._runner)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            else:

                async def within():
                    async with asyncio.timeout(0.03):
                        await tried.tick()

                with pytest.raises(TimeoutError) as caught:
                    await (asyncio.wait_for(tried.tick(), 0.03) if way == "wait_for" else within())
                assert not isinstance(caught.value, phago.PhagoError)
            # Where no more than a moment was granted, it may be over before the fault.
            tried._colony._runner.inject(None)
            assert await tried.digest() == before
            assert (await tried.tick()).tick == 2 * number + 1
            assert (await tried.run(1)).ticks == 1
        await tried.run()
        assert await tried.digest() == expected


async def test_cancelling_at_any_moment_leaves_whole_ticks(expected):
    runner = phago.RunnerConfig(max_parallelism=2, recover="manual")
    async with phago.AsyncColony(SHARDS, config=CONFIG, runner=runner) as tried:
        native = tried._colony._runner

        async def settle():
            # A tick whose commit had begun goes through. One that fails behind it in the queue waits for that.
            native.inject(("panic", 0, "Sense", None))
            with pytest.raises(phago.ShardDied):
                await tried.tick()
            native.inject(None)
            return (await tried.stats()).tick

        for number, batch in enumerate(batches()):
            await tried.ingest(batch)
            for attempt in range(60):
                tick = await settle()
                if tick == 2 * number + 2:
                    break
                if attempt == 0:
                    # However busy the machine is, this one is cancelled before its commit.
                    native.inject(("hang", 0, "Decay", None))
                waiting = asyncio.create_task(tried.tick())
                await asyncio.sleep(attempt % 9 * 0.0003)
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await waiting
                assert await settle() == tick or attempt > 0
            while await settle() < 2 * number + 2:
                await tried.tick()
        await tried.run()
        assert await tried.digest() == expected


# --- Ctrl-C ------------------------------------------------------------------------------------------------------

INTERRUPTED = """
import asyncio, sys
import phago
import threading
from support import FOREVER_MS, wait_for_fault
from test_faults import CONFIG, SHARDS, batches

way = sys.argv[1]
runner = phago.RunnerConfig(phase_timeout_ms=FOREVER_MS, max_parallelism=2)
colony = phago.Colony(SHARDS, config=CONFIG, runner=runner)
twin = phago.AsyncColony(1)
twin._colony = colony

def ready():
    wait_for_fault(colony._runner)
    print("ready", flush=True)

def hang(what):
    threading.Thread(target=ready, daemon=True).start()
    try:
        what()
    except KeyboardInterrupt:
        print("back", flush=True)
    else:
        print("not interrupted", flush=True)

for number, batch in enumerate(batches()):
    colony.ingest(batch)
    for phase in ("Sense", "Act", "Decay", "Advance"):
        before = colony.digest()
        colony._runner.inject(("hang", number, phase, 2 * number + 1))
        if way == "sync":
            hang(colony.run if number else colony.tick)
        else:
            hang(lambda: asyncio.run(twin.run() if number else twin.tick()))
        assert colony.digest() == before
    assert colony.run(2).ticks == 2
    assert colony.stats().tick == 2 * number + 2
colony.run()
print(colony.digest(), flush=True)
"""


@pytest.mark.parametrize("way", ["sync", "async"])
def test_ctrl_c_in_any_phase_gives_control_back_and_whole_ticks(way, expected):
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        with_sigint("SIG_DFL", [sys.executable, "-c", INTERRUPTED, way]),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        killer = threading.Timer(100, process.kill)
        killer.start()
        back, last = 0, ""
        for line in process.stdout:
            last = line.strip()
            if last == "ready":
                process.send_signal(signal.SIGINT)
            back += last == "back"
        errors = process.stderr.read()
        killer.cancel()
    assert process.returncode == 0, errors
    assert errors == ""
    assert last == expected
    assert back == 12


def test_ctrl_c_during_a_digest_or_a_long_ingest_is_answered():
    program = """
import os, signal, threading
import phago
from support import words

known = words(4000)
colony = phago.Colony(2, config=phago.ColonyConfig(max_edge_degree=4000, concepts_per_document=400))
colony.ingest([" ".join(known[at * 400 : at * 400 + 400]) for at in range(10)])
colony.run()
text = " ".join(known) * 60
for what in (lambda: [colony.digest() for _ in range(100)],
             lambda: [colony.ingest([f"{n} {m} {text}" for m in range(4)]) for n in range(100)],
             lambda: [colony.query(text[:60_000]) for _ in range(100_000)],
             lambda: [colony.tick() for _ in range(10_000_000)]):
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        timer.start()
        what()
    except KeyboardInterrupt:
        print("back")
    else:
        print("never")
# An ingest that was under way is taken in its own time; the colony goes on.
print(colony.tick().tick > 0)
"""
    assert child_says(program).split() == ["back"] * 4 + ["True"]
