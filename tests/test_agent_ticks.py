"""Agents of one's own in ticks that others make, cancel and interrupt, while agents come and go."""

import asyncio
import contextlib
import random
import threading
import time

import phago
import pytest
from support import begun, child_says


@pytest.fixture
def colony():
    with phago.Colony(shards=3) as colony:
        yield begun(colony)


def kind(sense, **state):
    """A class of agents that does this."""
    return type("Thing", (phago.Agent,), {"sense": sense, "state": state})


class Walker(phago.Agent):
    """Walks on."""

    state = {"home": phago.Concept}

    def sense(self, view):
        here = view.strongest(self.home, "interest")
        return None if here is None else [phago.Move(here)]


def test_ticks_of_several_threads_and_loops_queue(colony):
    colony.spawn(kind(lambda self, view: setattr(self, "number", self.number + 1), number=int), count=3)
    threads = [threading.Thread(target=lambda: [colony.tick() for _ in range(20)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [agent.state["number"] for agent in colony.agents("Thing")] == [60] * 3


async def test_a_loop_goes_on_while_agents_are_asked():
    def sense(self, view):
        time.sleep(0.05)
        self.number += 1

    async with phago.AsyncColony() as colony:
        await colony.spawn(kind(sense, number=int), count=2)
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                await asyncio.sleep(0.005)
                beats += 1

        beating = asyncio.create_task(beat())
        await asyncio.gather(*(colony.tick() for _ in range(3)))
        beating.cancel()
        assert beats >= 10
        assert [agent.state["number"] for agent in await colony.agents("Thing")] == [3, 3]


async def test_a_cancelled_tick_leaves_no_choices_for_the_next():
    def sense(self, view):
        if view.tick == 0 and not over.is_set():
            time.sleep(0.3)
            over.set()
            return [phago.Trace("late", concept=self.home)]
        return None

    over = threading.Event()
    async with phago.AsyncColony() as colony:
        await colony.ingest("Ions cross the membrane.")
        await colony.spawn(kind(sense, home=phago.Concept), home="ions")
        ticking = asyncio.create_task(colony.tick())
        await asyncio.sleep(0.1)
        ticking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ticking
        await asyncio.to_thread(over.wait, 5)
        await asyncio.sleep(0.1)
        assert (await colony.stats()).tick == 0
        await colony.tick()
        assert await colony.field("late", of="trace") == []


def test_agents_are_asked_again_where_the_colony_moved_on_meanwhile(colony):
    asked = []

    def sense(self, view):
        asked.append(view.tick)
        self.number += 1
        if len(asked) == 1:
            # As a tick does that was cancelled when it was being committed.
            colony._runner.tick_sync()

    colony.spawn(kind(sense, number=int))
    assert colony.tick().tick == 6
    assert asked == [4, 5]
    assert [agent.state for agent in colony.agents("Thing")] == [{"number": 1}]


async def test_the_tick_after_a_cancelled_one_works(tmp_path):
    chance = random.Random(5)
    counting = kind(lambda self, view: setattr(self, "number", view.tick + 1), number=int)
    cancelled = 0
    async with phago.open_async(tmp_path / "colony", shards=3) as colony:
        await colony.ingest("Ions cross the membrane.")
        await colony.spawn(counting, count=3)
        for _ in range(250):
            ticking = asyncio.create_task(colony.tick())
            await asyncio.sleep(chance.uniform(0.0, 0.001))
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking
            cancelled += ticking.cancelled()
            made = await colony.tick()
            # Agents acted in this one.
            assert [agent.state["number"] for agent in await colony.agents("Thing")] == [made.tick] * 3
    assert cancelled > 5


@contextlib.contextmanager
def repeated(work):
    """Do something over and over on another thread meanwhile."""
    done = threading.Event()

    def repeat():
        while not done.is_set():
            work()

    other = threading.Thread(target=repeat)
    other.start()
    try:
        yield
    finally:
        done.set()
        other.join()


def test_agents_are_spawned_while_ticks_are_made(colony):
    colony.spawn(phago.Walkers, count=3, home="membrane")
    with repeated(lambda: colony.spawn(phago.Walkers, count=1, home="cell")):
        for _ in range(60):
            colony.tick()


@pytest.mark.parametrize("kind", [phago.Walkers, Walker])
def test_agents_come_and_go_while_ticks_are_made(colony, kind):
    gone = 0

    def change():
        nonlocal gone
        colony.dismiss(kind.kind)
        colony.spawn(kind, count=1 + gone % 3, home="cell")
        gone += 1

    colony.spawn(kind, count=3, home="membrane")
    colony.emit("interest", "holds", 65_536.0)
    with repeated(change):
        for _ in range(300):
            colony.tick()
    assert gone > 20


def test_agents_may_be_dismissed_by_a_signal_that_comes_in_a_tick():
    program = """
import faulthandler, signal
import phago

class Thing(phago.Agent):
    def sense(self, view):
        return [phago.Die()]

faulthandler.dump_traceback_later(30, exit=True)
with phago.Colony(shards=1) as colony:
    colony.spawn(Thing, count=2)
    signal.signal(signal.SIGALRM, lambda *_: colony.dismiss("Thing"))
    colony._runner.inject(("deaf", 0, "Sense", None, 300))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    print(colony.tick().tick, colony.agents("Thing"))
"""
    assert child_says(program) == "1 []\n"


@pytest.mark.parametrize("does", [[], [phago.Die()], [phago.Sleep(9)], [phago.Spawn()]])
def test_who_is_spawned_anew_while_others_are_asked_does_nothing_that_those_chose(does):
    class Thing(phago.Agent):
        state = {"n": int}

        def sense(self, view):
            if self.n < 100 and colony.agents("Thing")[0].state["n"] < 100:
                colony.dismiss("Thing")
                assert colony.spawn(Thing, count=2, n=100) == before
            self.n += 1
            return does if self.n < 100 else []

    with phago.Colony(seed=1) as colony:
        before = colony.spawn(Thing, count=2)
        colony.tick()
        assert [agent.state["n"] for agent in colony.agents("Thing")] == [100, 100]
        colony.tick()
        assert [agent.state["n"] for agent in colony.agents("Thing")] == [101, 101]


def test_a_tick_that_a_signal_asks_for_within_one_of_agents_is_refused():
    program = """
import faulthandler, signal, time
import phago

class Thing(phago.Agent):
    def sense(self, view):
        time.sleep(0.3)
        return []

faulthandler.dump_traceback_later(30, exit=True)
with phago.Colony(shards=1) as colony:
    colony.spawn(Thing)
    for handler in (lambda *_: colony.tick(), lambda *_: list(colony.ticks(1)), lambda *_: colony.run(1)):
        colony.ingest(f"ions cross membrane{colony.stats().documents}")
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            colony.tick()
        except RuntimeError as error:
            print(error)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(colony.tick().tick > 0, colony.run().ticks)
"""
    *refused, works = child_says(program).splitlines()
    assert refused == ["a signal's handler makes no tick of a colony with agents within another one"] * 3
    assert works.startswith("True")


async def test_agents_come_and_go_while_a_loop_makes_ticks():
    async with phago.AsyncColony(shards=3) as colony:
        begun_at = await colony.ingest(["Ions cross the membrane.", "The membrane holds the cell."])
        assert begun_at.accepted == 2
        await colony.run()
        done = False

        async def change():
            while not done:
                await colony.dismiss("Walkers")
                await colony.spawn(phago.Walkers, count=2, home="cell")

        changing = asyncio.create_task(change())
        for _ in range(100):
            await colony.tick()
        done = True
        await changing
        assert len(await colony.agents("Walkers")) == 2
