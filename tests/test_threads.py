"""Threads beside threads: parallel work, questions beside a hung tick, forks."""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import phago
import pytest
from support import (
    FOREVER_MS,
    PHASES,
    TIMEOUT_MS,
    await_fault,
    child,
    child_says,
    cluster,
    impatient_colony,
    seeded_documents,
    wait_for_fault,
)

DOCUMENTS = seeded_documents(180)


# --- parallelism, threads ----------------------------------------------------------------------------------------


def test_two_threads_meet_in_a_phase_and_one_cannot():
    for phase in PHASES:
        with impatient_colony(timeout_ms=FOREVER_MS, threads=2) as tried:
            tried._runner.inject(("meet", 0, phase, 1, 1))
            assert tried.tick().tick == 1
        with impatient_colony(timeout_ms=TIMEOUT_MS, threads=1) as tried:
            tried._runner.inject(("meet", 0, phase, 1, 1))
            with pytest.raises(phago.PhaseTimeout) as caught:
                tried.tick()
            assert (caught.value.shards, caught.value.phase) == ((0,), phase)
            assert tried.tick().tick == 1


def test_no_more_threads_work_than_were_allowed():
    # Two wait for the third, so only a third thread can let them go.
    for threads in (3, 2):
        with impatient_colony(timeout_ms=FOREVER_MS if threads == 3 else TIMEOUT_MS, threads=threads) as tried:
            for shard in range(2):
                tried._runner.inject(("meet", shard, "Act", 1, 2))
            if threads == 3:
                assert tried.tick().tick == 1
            else:
                with pytest.raises(phago.PhaseTimeout):
                    tried.tick()


class Counter(threading.Thread):
    """Counts for as long as it lives, a step a millisecond."""

    def __init__(self):
        super().__init__(daemon=True)
        self.count = 0
        self.stopped = False

    def run(self):
        while not self.stopped:
            self.count += 1
            time.sleep(0.001)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.join()


def test_python_runs_beside_a_run():
    with impatient_colony(timeout_ms=TIMEOUT_MS) as tried, Counter() as counter:
        tried.ingest(DOCUMENTS[:10])
        tried._runner.inject(("hang", 0, "Act", 1))
        begun = counter.count
        with pytest.raises(phago.PhaseTimeout):
            tried.run()
        # A call that kept the interpreter would let the counter take a step or two at its ends.
        assert counter.count - begun > 20


def test_python_runs_beside_a_digest_an_ingest_and_a_snapshot():
    known = " ".join(document["text"] for document in DOCUMENTS)
    with phago.Colony(2, config=phago.ColonyConfig(max_edge_degree=5000, concepts_per_document=800)) as tried:
        tried.ingest(known)
        tried.run()
        with Counter() as counter:
            for work in (
                lambda number: tried.ingest(f"{number} {known * 40}"),
                lambda number: tried.digest(),
                lambda number: tried.graph.edges,
            ):
                begun, number = counter.count, 0
                until = time.monotonic() + 0.5
                while time.monotonic() < until:
                    number += 1
                    work(number)
                # As above: a step or two for every call is what a call that keeps the interpreter would allow.
                assert counter.count - begun > 20, number


def test_threads_that_feed_and_ask_one_colony_lose_nothing():
    with impatient_colony(30_000, shards=1) as calm:
        calm.ingest(DOCUMENTS)
        calm.run()
        reference = calm.digest()
    with impatient_colony(30_000) as tried:
        failures = []
        start = threading.Barrier(6)

        def work(body, items):
            try:
                start.wait(10)
                for item in items:
                    body(item)
            except BaseException as error:
                failures.append(error)

        def ask(document):
            hits = tried.query(document["text"], k=3)
            assert len(hits) <= 3
            assert len(tried) <= len(DOCUMENTS)
            assert tried.stats().tick == 0

        threads = [
            threading.Thread(target=work, args=(lambda one: tried.ingest([one]), DOCUMENTS[at::2])) for at in range(2)
        ]
        # The same documents again from the other side: every one is taken once.
        threads += [threading.Thread(target=work, args=(lambda one: tried.ingest([one]), DOCUMENTS[::-1]))]
        threads += [threading.Thread(target=work, args=(ask, DOCUMENTS)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert failures == []
        assert len(tried) == len(DOCUMENTS)
        tried.run()
        assert tried.digest() == reference


def test_ticks_of_several_threads_are_made_one_after_another():
    with impatient_colony(30_000) as tried:
        tried.ingest(DOCUMENTS)
        made, lock = [], threading.Lock()

        def work():
            for _ in range(25):
                result = tried.tick()
                with lock:
                    made.append(result.tick)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for at in range(60):
            tried.query("anything")
            tried.ingest(f"more number{at}x")
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert sorted(made) == list(range(1, 101))
        tried.run()
        assert tried.stats().digested == len(tried) == len(DOCUMENTS) + 60


async def test_concurrent_ticks_queue_in_the_order_of_their_arrival():
    _, _, runner = cluster(2)
    # A queue that several threads fill keeps an order by luck: not twenty times.
    for first in range(1, 401, 20):
        results = await asyncio.gather(*(runner.tick() for _ in range(20)))
        assert [result.tick for result in results] == list(range(first, first + 20))
    # One that leaves the queue is not missed, and those behind it move up.
    runner._native.inject(("deaf", 0, "Act", 401, 1_000))
    waiting = [asyncio.create_task(runner.tick()) for _ in range(4)]
    await await_fault(runner._native)
    waiting[2].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(done[2], asyncio.CancelledError)
    assert [done[at].tick for at in (0, 1, 3)] == [401, 402, 403]


# --- a hung tick -------------------------------------------------------------------------------------------------


class Hung:
    """A colony with a tick under way that hangs without listening, in a thread of its own."""

    def __init__(self, phase, *, milliseconds, timeout_ms=FOREVER_MS):
        self.colony = impatient_colony(timeout_ms)
        self.colony.ingest(DOCUMENTS[:60])
        self.colony.run()
        self.tick = self.colony.stats().tick
        self.colony.ingest(DOCUMENTS[60:70])
        self.colony._runner.inject(("deaf", 1, phase, self.tick + 1, milliseconds))
        self.outcome = None
        self.thread = threading.Thread(target=self.work)

    def work(self):
        try:
            self.outcome = self.colony.tick()
        except phago.PhagoError as error:
            self.outcome = error

    def __enter__(self):
        self.thread.start()
        wait_for_fault(self.colony._runner)
        return self

    def __exit__(self, *_):
        self.thread.join(30)
        assert not self.thread.is_alive()

    @property
    def hangs(self):
        return self.thread.is_alive()


@pytest.mark.parametrize("phase", PHASES)
def test_a_hung_tick_blocks_no_question(phase):
    with Hung(phase, milliseconds=2_000) as hung:
        tried = hung.colony
        question = DOCUMENTS[5]["text"]
        assert tried.query(question)[0].text == question
        assert tried.query(DOCUMENTS[65]["text"])[0].digested is None
        assert tried.get("doc-0").digested in (1, 2)
        assert (len(tried), "doc-0" in tried) == (70, True)
        assert tried.stats().tick == hung.tick
        assert tried.graph.node(DOCUMENTS[0]["text"].split()[0]) is not None
        assert len(tried.graph.edges) == tried.stats().edges
        digest = tried.digest()
        # All was answered before the tick went on.
        assert hung.hangs
    assert hung.outcome.tick == hung.tick + 1
    assert tried.digest() != digest
    assert tried.query(DOCUMENTS[65]["text"])[0].digested == hung.tick + 1
    tried.close()


@pytest.mark.parametrize("commits", [True, False], ids=["committed", "undone"])
def test_what_is_ingested_during_a_tick_takes_effect_after_it(commits):
    late = {"id": "late", "text": "zeppelin zeppelin"}
    with Hung("Decay", milliseconds=2_000, timeout_ms=FOREVER_MS if commits else TIMEOUT_MS) as hung:
        tried = hung.colony
        before = tried.digest()
        assert tried.ingest([late]).accepted == 1
        assert tried.ingest([late]).unchanged == 1
        with pytest.raises(phago.DocumentExists):
            tried.ingest([{"id": "late", "text": "other"}])
        # Pending counts it; nothing else does before the tick has ended.
        assert tried.query("zeppelin").pending == 11
        if hung.hangs:
            seen = len(tried.query("zeppelin")), len(tried), "late" in tried, tried.digest() == before
            assert not hung.hangs or seen == (0, 70, False, True)
    assert isinstance(hung.outcome, phago.DistributedTickResult if commits else phago.PhaseTimeout)
    assert [hit.id for hit in tried.query("zeppelin")] == ["late"]
    assert len(tried) == 71
    assert tried.get("late").arrival == hung.tick + (2 if commits else 1)
    assert tried.get("late").digested is None
    tried.run()
    assert tried.stats().digested == 71
    tried.close()


def test_a_colony_may_be_closed_while_a_tick_hangs():
    with Hung("Act", milliseconds=300) as hung:
        hung.colony.close()
        with pytest.raises(phago.ClosedError):
            hung.colony.query("anything")


# --- fork --------------------------------------------------------------------------------------------------------


def test_after_a_fork_everything_is_a_typed_error_and_a_new_colony_works():
    program = """
import asyncio, os
import phago
from support import cluster, ingest_into

colony = phago.Colony(2)
colony.ingest([{"id": "a", "text": "two words"}])
colony.run()
nodes = colony.graph.nodes
coordinator, shards, runner = cluster(2)
runner.tick_sync()
before = colony.digest()
twin = phago.AsyncColony(2)
asyncio.run(twin.ingest("two words"))
tries = {
    "tick": colony.tick, "run": colony.run, "query": lambda: colony.query("words"), "get": lambda: colony.get("a"),
    "ingest": lambda: colony.ingest("more"), "digest": colony.digest, "stats": colony.stats,
    "len": lambda: len(colony), "in": lambda: "a" in colony, "nodes": lambda: colony.graph.nodes,
    "node": lambda: colony.graph.node("words"), "tick_sync": runner.tick_sync,
    "tick_phase": lambda: shards[0].tick_phase("Sense"), "shard stats": shards[0].stats,
    "await": lambda: asyncio.run(runner.tick()), "await query": lambda: asyncio.run(twin.query("words")),
}
pid = os.fork()
if pid == 0:
    try:
        for name, what in tries.items():
            try:
                what()
                print(name, "no error")
            except phago.CoordinatorUnavailable as error:
                assert "fork" in str(error) and error.reason
        print(*map(repr, (colony, twin, colony.graph, runner, coordinator, shards[0])), sep=", ")
        colony.close(), runner.close(), asyncio.run(twin.close())
        print(colony, twin, sep=", ")
        with phago.Colony(2) as fresh:
            fresh.ingest([{"id": "a", "text": "two words"}])
            fresh.run()
            print(fresh.digest() == before, flush=True)
        del colony, runner, shards, coordinator
    except BaseException as error:
        print(type(error), error, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(colony.tick().tick, runner.tick_sync().tick)
"""
    lines = child_says(program).splitlines()
    assert lines[0] == (
        "<unavailable Colony>, <unavailable AsyncColony>, <unavailable graph>, <unavailable DistributedRunner>, "
        "<unavailable Coordinator>, <unavailable ShardedColony shard-0>"
    )
    assert lines[1:-1] == ["<closed Colony>, <closed AsyncColony>", "True"]
    assert lines[-1].split()[1] == "2"


def test_a_forked_child_that_ends_by_itself_does_not_hang():
    program = """
import multiprocessing, phago

def work(queue):
    with phago.Colony(1) as fresh:
        fresh.ingest("two words")
        queue.put(fresh.run().digested)

colony = phago.Colony(2)
colony.ingest("two words")
colony.run()
context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=work, args=(queue,))
process.start()
print(queue.get(timeout=20))
process.join(20)
print(process.exitcode, colony.tick().tick > 0)
"""
    assert child_says(program).split() == ["1", "0", "True"]


def test_the_first_agents_of_a_colony_may_come_by_several_threads():
    def kind(number):
        members = {"kind": f"kind{number}", "sense": lambda self, view: None}
        return type(f"Kind{number}", (phago.Agent,), members)

    kinds = [kind(number) for number in range(8)]
    for _ in range(20):
        with phago.Colony(shards=1) as colony, ThreadPoolExecutor(8) as threads:
            colony.ingest("some words are here")
            colony.run()
            meet = threading.Barrier(8)

            def spawn(kind, colony=colony, meet=meet):
                meet.wait()
                return colony.spawn(kind)

            assert len({one for ids in threads.map(spawn, kinds) for one in ids}) == 8
            # All are known, so that a tick asks each.
            assert {kind.kind for kind in kinds} == colony._minds._kinds.keys()


# Its user has no other thread, and may have so many.
FEW_THREADS = """
import asyncio, ctypes, os, resource, tempfile
import phago

most, where = int(os.environ["MOST"]), os.environ["WHERE"]
if os.geteuid() == 0:
    os.setresuid(70_000 + most, 0, 0)
    # Who may do everything has no limit.
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None, use_errno=True).capset(header, nothing) == 0
resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


async def use_twin():
    async with phago.AsyncColony(2) as colony:
        await colony.ingest("ions cross the membrane")
        await colony.run()
        return await colony.query("ions")


def use():
    with tempfile.TemporaryDirectory() as directory:
        with phago.open(directory) if where == "disk" else phago.Colony(2) as colony:
            colony.ingest([f"ions cross the membrane {number}" for number in range(100)])
            colony.run()
            return colony.query("ions")


try:
    print("answered", len(asyncio.run(use_twin()) if where == "twin" else use()) > 0)
except phago.CoordinatorUnavailable as error:
    assert "thread could be started" in str(error), error
    print("refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is counted otherwise")
@pytest.mark.parametrize("where", ["memory", "disk", "twin"])
def test_where_no_thread_can_be_started_calls_say_so(where):
    # Others of a user who may not choose another one count too, and a limit in between cannot be told.
    limits = range(1, 8) if os.geteuid() == 0 else [1]
    said = []
    for most in limits:
        done = child(FEW_THREADS, MOST=str(most), WHERE=where)
        assert done.returncode == 0, (most, done.stderr)
        said.append(done.stdout.split())
    assert said[0] == ["refused"]
    if len(limits) > 1:
        assert said[-1] == ["answered", "True"]
        assert said == sorted(said, reverse=True), "who may have more threads is not refused again"
