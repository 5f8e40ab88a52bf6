"""Ticks in which shards die or hang are redone, and nothing but `recovered` tells."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading

import phago
import pytest
from phago import _phago
from support import (
    FOREVER_MS,
    HERE,
    PHASES,
    TIMEOUT_MS,
    await_fault,
    cluster,
    impatient_colony,
    ingest_into,
    seeded_documents,
    tick_by_hand,
    with_sigint,
    world_digest,
)

DOCUMENTS = seeded_documents(180)
BATCHES = [DOCUMENTS[at : at + 60] for at in range(0, 180, 60)]
CONFIG = phago.ColonyConfig(documents_per_tick=40)
REDOS_MAX = _phago.REDOS_MAX


def lived(colony, strike=lambda number: None):
    """A life of three batches, with `strike` before the ticks of each. What `run` said, and both digests."""
    reports = []
    for number, batch in enumerate(BATCHES):
        colony.ingest(batch)
        strike(number)
        reports.append(colony.run(2))
    reports.append(colony.run())
    counts = [(report.ticks, report.digested, report.failed) for report in reports]
    return counts, colony.digest(), colony.digest("evidence"), [report.recovered for report in reports]


@pytest.fixture(scope="module")
def expected():
    """A life without faults."""
    with impatient_colony(30_000, shards=1) as calm:
        return lived(calm)[:3]


def faults(kind, shard, phase, tick, times):
    """As many faults, one for each attempt."""
    fault = (kind, shard, phase, tick, FOREVER_MS) if kind == "deaf" else (kind, shard, phase, tick)
    return [fault] * times


def impatience(kind):
    """A panic is noticed long before any deadline."""
    return FOREVER_MS if kind == "panic" else TIMEOUT_MS


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("kind", "shards", "times"), [("panic", 3, REDOS_MAX), ("hang", 7, 1), ("deaf", 2, 2)])
@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_life_with_faults_is_the_life_without(where, kind, shards, times, phase, expected, tmp_path):
    runner = phago.RunnerConfig(phase_timeout_ms=impatience(kind), max_parallelism=2)
    options = {"shards": shards, "config": CONFIG, "runner": runner}
    with phago.Colony(**options) if where == "memory" else phago.open(tmp_path / "kept", **options) as tried:

        def strike(number):
            for fault in faults(kind, number % shards, phase, 2 * number + 1, times if number else 0):
                tried._runner.inject(fault)

        *told, recovered = lived(tried, strike)
    assert tuple(told) == expected
    assert recovered == [0, times, times, 0]
    if where == "disk":
        with phago.open(tmp_path / "kept", shards=3) as again:
            assert (again.digest(), again.digest("evidence")) == expected[1:]


@pytest.mark.parametrize("phase", PHASES)
async def test_every_way_to_make_a_tick_redoes_it(phase):
    calm = impatient_colony(30_000, shards=1)
    calm.ingest(DOCUMENTS[:60])
    coordinator, shards, runner = cluster(3, CONFIG, phase_timeout_ms=FOREVER_MS, max_parallelism=2)
    ingest_into(shards, [document for document in DOCUMENTS if "id" in document][:20])
    twin = phago.AsyncColony(3, config=CONFIG, runner=phago.RunnerConfig(max_parallelism=2))
    colony = twin._colony
    await twin.ingest(DOCUMENTS[:60])

    async def awaited():
        return await twin.tick()

    async def stepped():
        async for result in twin.ticks(1):
            return result

    async def stepped_sync():
        return next(colony.ticks(1))

    async def sync():
        return colony.tick()

    for tick, way in enumerate([awaited, stepped, stepped_sync, sync], 1):
        colony._runner.inject(("panic", 1, phase, tick))
        colony._runner.inject(("panic", 2, phase, tick))
        result, other = await way(), calm.tick()
        assert (result.tick, result.recovered, other.recovered) == (tick, 1, 0)
        assert (result.total_nodes(), result.total_edges()) == (other.total_nodes(), other.total_edges())
        assert colony.digest() == calm.digest()
    for tick, made in enumerate([runner.tick, lambda: asyncio.to_thread(runner.tick_sync)], 1):
        runner._native.inject(("panic", 1, phase, tick))
        result = await made()
        assert (result.tick, result.recovered, coordinator.current_tick) == (tick, 1, tick)
    runner._native.inject(("panic", 1, phase, 4))
    assert [result.recovered for result in await runner.run(3)] == [0, 1, 0]
    runner._native.inject(("panic", 1, phase, 6))
    assert [result.recovered for result in runner.run_sync(2)] == [1, 0]
    # By hand it goes on where the runner stopped, and comes to the same.
    _, others, calm_runner = cluster(2, CONFIG)
    ingest_into(others, [document for document in DOCUMENTS if "id" in document][:20])
    calm_runner.run_sync(8)
    digest = world_digest(calm_runner)
    native = runner._native.world
    runner.close()
    tick_by_hand(shards)
    assert native.digest().wait() == digest
    await twin.close()
    calm.close()


def test_equal_results_may_differ_in_how_often_they_were_redone():
    result = phago.DistributedTickResult(1, (), 2)
    assert (result, result.recovered) == (phago.DistributedTickResult(1, ()), 2)
    report = phago.RunReport(1, 2, 0, 0.5, 3)
    assert (report, report.recovered) == (phago.RunReport(1, 2, 0, 0.5), 3)


@pytest.mark.parametrize("phase", PHASES)
def test_a_fault_that_stays_is_the_error_after_the_bound_and_changes_nothing(phase):
    with impatient_colony(FOREVER_MS, recover="auto") as tried:
        tried.ingest(BATCHES[0])
        tried.run(1)
        before = tried.digest()
        for fault in faults("panic", 1, phase, 2, REDOS_MAX + 2):
            tried._runner.inject(fault)
        with pytest.raises(phago.ShardDied) as caught:
            tried.run()
        assert (caught.value.shards, caught.value.phase, caught.value.tick) == ((1,), phase, 2)
        # One try and as many redos as the bound: one fault is left, for the next call.
        assert tried._runner.faults == 1
        assert (tried.digest(), tried.stats().tick) == (before, 1)
        assert tried.tick().recovered == 1


def test_a_hang_that_stays_is_the_error_after_the_bound():
    with impatient_colony(200, recover="auto") as tried:
        tried.ingest(BATCHES[0])
        before = tried.digest()
        tried._runner.inject(("hang", 2, "Act", None))
        with pytest.raises(phago.PhaseTimeout):
            tried.tick()
        assert tried.digest() == before
        tried._runner.inject(None)
        assert tried.tick().tick == 1


def test_a_redo_is_told_as_a_warning(caplog):
    caplog.set_level(logging.WARNING, logger="phago")
    with impatient_colony(FOREVER_MS, recover="auto") as tried:
        tried.ingest(BATCHES[0])
        tried._runner.inject(("panic", 1, "Act", 1))
        tried.tick()
        tried._runner.inject(("panic", 2, "Decay", 2))
        tried.run()
    _, _, runner = cluster(2)
    runner._native.inject(("panic", 0, "Sense", 1))
    runner.tick_sync()
    said = [record.getMessage() for record in caplog.records if record.name == "phago"]
    assert len(said) == 3
    assert said[0].startswith("tick 1 was redone: shard-1 died in Act of tick 1: injected panic")
    assert said[1].startswith("ticks were redone 1 times, the last one because shard-2 died in Decay of tick 2")
    assert said[2].startswith("tick 1 was redone: shard-0 died in Sense")


# --- cancel, Ctrl-C: the second attempt hangs after the first one died -------------------------------------------


@pytest.mark.parametrize("phase", PHASES)
async def test_a_cancel_during_a_redo_ends_it(phase):
    runner = phago.RunnerConfig(phase_timeout_ms=FOREVER_MS, max_parallelism=2)
    async with phago.AsyncColony(3, config=CONFIG, runner=runner) as tried:
        await tried.ingest(BATCHES[0])
        before = await tried.digest()
        native = tried._colony._runner
        for how in ("cancel", "wait_for"):
            native.inject(("panic", 1, phase, 1))
            native.inject(("deaf", 1, phase, 1, FOREVER_MS))
            waiting = asyncio.create_task(tried.tick() if how == "cancel" else asyncio.wait_for(tried.tick(), 2))
            await await_fault(native)
            if how == "cancel":
                waiting.cancel()
            with pytest.raises(asyncio.CancelledError if how == "cancel" else TimeoutError):
                await waiting
            assert await tried.digest() == before
        assert (await tried.tick()).tick == 1


INTERRUPTED = """
import threading
import phago
from support import FOREVER_MS, PHASES, wait_for_fault
from test_recover import BATCHES, CONFIG

colony = phago.Colony(3, config=CONFIG, runner=phago.RunnerConfig(phase_timeout_ms=FOREVER_MS, max_parallelism=2))
colony.ingest(BATCHES[0])
before = colony.digest()

def ready():
    wait_for_fault(colony._runner)
    print("ready", flush=True)

for phase in PHASES:
    for kind in (("panic", 1, phase, 1), ("deaf", 1, phase, 1, FOREVER_MS)):
        colony._runner.inject(kind)
    threading.Thread(target=ready, daemon=True).start()
    try:
        colony.run()
    except KeyboardInterrupt:
        print("back", colony.digest() == before, flush=True)
print(colony.tick().tick, flush=True)
"""


def test_ctrl_c_during_a_redo_ends_it():
    environment = {**os.environ, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
    command = with_sigint("SIG_DFL", [sys.executable, "-c", INTERRUPTED])
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        killer = threading.Timer(100, process.kill)
        killer.start()
        said = []
        for line in process.stdout:
            said.append(line.strip())
            if said[-1] == "ready":
                process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
        killer.cancel()
    assert (process.returncode, errors) == (0, "")
    assert said == ["ready", "back True"] * 4 + ["1"]
