"""Whatever goes wrong in a tick, and wherever: a typed error, the old state, and a next tick that works."""

import asyncio
import os
import signal
import threading
import time

import phago
import pytest
from phago import _phago

PHASES = ["Sense", "Act", "Decay", "Advance"]
SHARDS = 3
# What a caller may wait for the answer beyond the event itself; the machine may be busy.
SOON = 0.2 + 1.0


def documents():
    return [{"id": str(i), "text": " ".join(f"word{(i * 7 + j * j) % 97}" for j in range(30))} for i in range(120)]


class Rig:
    """A world with work to do, and a runner that can be made to fail."""

    def __init__(self, timeout_ms=20_000, parallelism=2):
        self.world = _phago.World.create({}, SHARDS)
        self.runner = _phago.Runner.of_world(self.world, timeout_ms, True, parallelism)
        self.world.ingest(documents(), 0, False)
        self.before = self.world.digest()

    def is_whole_and_goes_on(self):
        assert (self.world.tick, self.world.digest()) == (0, self.before)
        self.runner.inject(None)
        assert self.runner.tick_sync().tick == 1
        self.runner.run_sync()
        assert self.world.digest() == undisturbed()


def undisturbed(_digest=[]):  # noqa: B006 - a memory
    if not _digest:
        rig = Rig()
        rig.runner.run_sync()
        _digest.append(rig.world.digest())
    return _digest[0]


@pytest.mark.parametrize("phase", PHASES)
def test_a_shard_that_hangs_is_a_timeout(phase):
    rig = Rig(timeout_ms=150)
    rig.runner.inject(("hang", 1, phase, 1))
    with pytest.raises(phago.PhaseTimeout) as caught:
        rig.runner.tick_sync()
    error = caught.value
    assert (error.shards, error.phase, error.tick) == ((phago.ShardId(1),), phago.TickPhase(phase), 1)
    assert error.waited >= 0.15
    assert isinstance(error, TimeoutError)
    rig.is_whole_and_goes_on()


def test_a_shard_that_does_not_even_look_is_a_timeout():
    rig = Rig(timeout_ms=150)
    rig.runner.inject(("deaf", 1, "Act", 1, 2_000))
    began = time.monotonic()
    with pytest.raises(phago.PhaseTimeout):
        rig.runner.tick_sync()
    assert time.monotonic() - began < 0.15 + SOON
    rig.is_whole_and_goes_on()


@pytest.mark.parametrize("phase", PHASES)
def test_a_shard_that_panics_has_died(phase):
    rig = Rig()
    rig.runner.inject(("panic", 2, phase, 1))
    with pytest.raises(phago.ShardDied, match="injected panic") as caught:
        rig.runner.tick_sync()
    assert (caught.value.shards, caught.value.phase, caught.value.tick) == ((2,), phase, 1)
    rig.is_whole_and_goes_on()


@pytest.mark.parametrize("phase", PHASES)
async def test_faults_reach_who_awaits(phase):
    rig = Rig(timeout_ms=150)
    rig.runner.inject(("hang", 0, phase, 1))
    with pytest.raises(phago.PhaseTimeout):
        await rig.runner.tick()
    rig.runner.inject(("panic", 0, phase, 1))
    with pytest.raises(phago.ShardDied):
        await rig.runner.run()
    rig.is_whole_and_goes_on()


@pytest.mark.parametrize("phase", PHASES)
async def test_wait_for_gives_control_back(phase):
    rig = Rig()
    rig.runner.inject(("hang", 1, phase, 1))
    began = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(rig.runner.tick(), 0.1)
    assert time.monotonic() - began < 0.1 + SOON
    rig.is_whole_and_goes_on()


@pytest.mark.parametrize("phase", PHASES)
async def test_a_cancelled_tick_leaves_the_queue_to_the_next(phase):
    rig = Rig()
    rig.runner.inject(("hang", 1, phase, 1))

    async def tick():
        return await rig.runner.tick()

    first = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    second = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).tick == 1
    await rig.runner.run()
    assert rig.world.digest() == undisturbed()


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_gives_control_back(phase):
    rig = Rig()
    rig.runner.inject(("hang", 1, phase, 1))
    struck = []

    def strike():
        struck.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.1, strike)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        rig.runner.run_sync()
    assert time.monotonic() - struck[0] < SOON
    timer.join()
    rig.is_whole_and_goes_on()


async def test_queries_do_not_wait_for_a_tick_that_hangs():
    rig = Rig()
    rig.runner.inject(("hang", 0, "Decay", 1))
    tick = asyncio.ensure_future(rig.runner.tick())
    await asyncio.sleep(0.05)
    assert len(rig.world.search("word1 word2", 3)) == 3
    assert rig.world.digest() == rig.before
    tick.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tick
    rig.is_whole_and_goes_on()


def test_what_is_ingested_during_a_tick_takes_effect_after_it():
    rig = Rig(timeout_ms=300)
    rig.runner.inject(("hang", 1, "Sense", 1))
    failures = []

    def tick():
        try:
            rig.runner.tick_sync()
        except phago.PhaseTimeout as error:
            failures.append(error)

    thread = threading.Thread(target=tick)
    thread.start()
    time.sleep(0.1)
    assert rig.world.ingest(["one late document"], 0, False) == (1, 0, [])
    assert rig.world.search("late", 1) == []
    thread.join()
    assert len(failures) == 1
    assert len(rig.world.search("late", 1)) == 1


@pytest.mark.parametrize(("parallelism", "meets"), [(1, False), (2, True)])
def test_two_shards_work_at_the_same_time(parallelism, meets):
    rig = Rig(timeout_ms=500, parallelism=parallelism)
    rig.runner.inject(("meet", 0, "Act", 1, 1))
    if meets:
        assert rig.runner.tick_sync().tick == 1
    else:
        with pytest.raises(phago.PhaseTimeout) as caught:
            rig.runner.tick_sync()
        assert caught.value.shards == (0,)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (("explode", 0, "Act", 1), ValueError),
        (("hang", 0, "Rest", 1), ValueError),
        (("meet", 0, "Act", 1), ValueError),
        (("hang", SHARDS, "Act", 1), phago.ShardNotFound),
    ],
)
def test_what_is_no_fault_is_refused(fault, error):
    with pytest.raises(error):
        Rig().runner.inject(fault)
