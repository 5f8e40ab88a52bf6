"""The twin for event loops: the same names, real coroutines, and nothing printed when a loop ends in the middle."""

import asyncio
import inspect
import threading

import phago
import pytest
from support import answers, child_says, cluster, seeded_documents

DOCUMENTS = seeded_documents(60)


def public(kind):
    return {name for name in dir(kind) if not name.startswith("_")}


def test_the_twins_have_the_same_names_and_arguments():
    assert public(phago.AsyncColony) == public(phago.Colony)
    compared = 0
    for name in public(phago.Colony) | {"__init__"}:
        one, two = (inspect.getattr_static(kind, name) for kind in (phago.Colony, phago.AsyncColony))
        assert isinstance(one, property) == isinstance(two, property), name
        if not isinstance(one, property):
            mine, twins = (inspect.signature(member).parameters for member in (one, two))
            assert list(mine) == list(twins), name
            assert [p.default for p in mine.values()] == [p.default for p in twins.values()], name
            compared += 1
    assert compared >= 9
    for name in ("__len__", "__contains__", "__bool__", "__repr__"):
        assert name in vars(phago.AsyncColony)
    for name in ("__aenter__", "__aexit__"):
        assert hasattr(phago.AsyncColony, name)


async def test_the_twins_do_the_same():
    questions = [document["text"] for document in DOCUMENTS[:10]]
    with phago.Colony(3, seed=5) as colony:
        async with phago.AsyncColony(2, seed=5) as twin:
            assert await twin.ingest(DOCUMENTS) == colony.ingest(DOCUMENTS)
            assert await twin.tick() is not None
            colony.tick()
            assert (await twin.run(1)).ticks == colony.run(1).ticks
            assert [result.tick async for result in twin.ticks()] == [result.tick for result in colony.ticks()]
            assert await twin.digest() == colony.digest()
            assert (await twin.stats()).edges == colony.stats().edges
            assert len(twin) == len(colony)
            assert ("doc-0" in twin, "nothing" in twin) == (True, False)
            assert await twin.get("doc-0") == colony.get("doc-0")
            assert await twin.get("nothing") is None
            found = [[(hit.id, hit.score.hex()) for hit in await twin.query(question)] for question in questions]
            assert found == answers(colony, questions)
            assert [*twin.graph.edges] == [*colony.graph.edges]
            assert (twin.config, twin.shards) == (colony.config, 2)
            assert repr(twin).startswith("<AsyncColony of 60 documents")
        with pytest.raises(phago.ClosedError):
            await twin.query("anything")
        with pytest.raises(phago.ClosedError):
            await twin.run()


async def test_errors_are_the_same_too():
    async with phago.AsyncColony(2) as twin:
        with pytest.raises(phago.InvalidDocument) as caught:
            await twin.ingest(["good", 5])
        assert (caught.value.index, caught.value.report) == (1, phago.IngestReport())
        assert (await twin.ingest(["good", 5], on_error="skip")).accepted == 1
        with pytest.raises(phago.ConfigError):
            await twin.query("good", k=0)
        with pytest.raises(phago.LimitError):
            await twin.query("x" * 70_000)
        with pytest.raises(phago.ConfigError):
            await twin.run(-1)
        with pytest.raises(phago.ConfigError):
            await twin.ingest(["good"], on_error="hope")


async def test_awaitables_are_real_coroutines():
    coordinator, _, runner = cluster(1)
    async with phago.AsyncColony(1) as colony:
        made = [
            colony.tick(),
            colony.run(),
            colony.ingest("text"),
            colony.query("text"),
            colony.get("a"),
            colony.stats(),
            colony.digest(),
            runner.tick(),
            runner.run(1),
            coordinator.wait_for_phase("Sense", 1),
        ]
        for one in made:
            assert inspect.iscoroutine(one)
            # Nothing has begun that was not awaited.
            one.close()
        assert (await colony.stats()).tick == 0
        assert coordinator.current_tick == 0
        for one in (colony.ticks(), runner.ticks(1)):
            assert inspect.isasyncgen(one)
            await one.aclose()
        async with asyncio.TaskGroup() as group:
            ticks = [group.create_task(colony.tick()) for _ in range(3)]
        assert sorted(task.result().tick for task in ticks) == [1, 2, 3]


async def test_synchronous_calls_work_inside_a_running_loop():
    coordinator, _, runner = cluster(2)
    with phago.Colony(2) as colony:
        colony.ingest(DOCUMENTS)
        assert colony.run().digested == 60
        assert len(colony.query(DOCUMENTS[0]["text"])) == 10
        assert len(colony.digest()) == 64
    assert runner.tick_sync().tick == 1
    assert [result.tick for result in runner.run_sync(2)] == [2, 3]
    assert (await runner.tick()).tick == 4
    assert coordinator.current_tick == 4


async def test_the_loop_goes_on_while_a_tick_works():
    runner = phago.RunnerConfig(phase_timeout_ms=300, max_parallelism=2, recover="manual")
    async with phago.AsyncColony(2, runner=runner) as colony:
        await colony.ingest(DOCUMENTS[:5])
        steps = 0

        async def walk():
            nonlocal steps
            while True:
                steps += 1
                await asyncio.sleep(0.001)

        walker = asyncio.create_task(walk())
        colony._colony._runner.inject(("deaf", 0, "Act", 1, 250))
        await colony.tick()
        assert steps > 20
        steps = 0
        colony._colony._runner.inject(("hang", 1, "Decay", 2))
        with pytest.raises(phago.PhaseTimeout):
            await colony.run()
        assert steps > 20
        walker.cancel()


async def test_ticks_without_work_let_others_have_their_turn():
    turns = 0

    async def other():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with phago.AsyncColony(2) as colony:
        beside = asyncio.create_task(other())
        ticks = [(await colony.tick()).tick for _ in range(50)]
        assert ticks == list(range(1, 51))
        assert turns >= 50
        # One that was cancelled before the loop went round is made, or is not; nothing is left half-way.
        dropped = asyncio.ensure_future(colony.tick())
        await asyncio.sleep(0)
        dropped.cancel()
        assert (await colony.tick()).tick in (51, 52)
        beside.cancel()


def test_each_thread_may_have_a_loop_of_its_own():
    with phago.Colony(2) as colony:
        twin = phago.AsyncColony(1)
        twin._colony.close()
        twin._colony = colony
        made = []

        def work():
            async def ticks():
                made.extend([(await twin.tick()).tick for _ in range(10)])

            asyncio.run(ticks())

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()
        assert sorted(made) == list(range(1, 41))


async def test_a_cancelled_ingest_leaves_whole_chunks():
    async with phago.AsyncColony(2) as colony:
        documents = [{"id": f"n{at}", "text": f"word{at}x"} for at in range(20_000)]
        taken = []
        for patience in (0.0, 0.002, 0.01):
            task = asyncio.create_task(colony.ingest(documents))
            await asyncio.sleep(patience)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # A chunk under way is taken whole or not at all.
            for _ in range(500):
                if len(colony) % 1000 == 0:
                    break
                await asyncio.sleep(0.01)
            assert len(colony) % 1000 == 0
            taken.append(len(colony))
        assert taken[-1] < len(documents)
        await asyncio.sleep(0.05)
        before = len(colony)
        report = await colony.ingest(documents)
        assert (report.accepted, report.unchanged) == (len(documents) - before, before)


def test_nothing_is_printed_when_a_loop_ends_with_ticks_under_way():
    program = """
import asyncio, gc, sys
import phago
from support import seeded_documents

def unraisable(found):
    print("unraisable", found.exc_value, found.err_msg)

sys.unraisablehook = unraisable

async def main(colony, way, phase):
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: print("handler", context))
    await colony.ingest(seeded_documents(20))
    colony._colony._runner.inject(("hang", 0, phase, None))
    tasks = [asyncio.create_task(colony.tick()) for _ in range(3)]
    await asyncio.sleep(0.02)
    if way == "cancel":
        for task in tasks:
            task.cancel()
    elif way == "raise":
        raise ZeroDivisionError
    elif way == "stop":
        loop.stop()

for way in ("leave", "cancel", "raise", "stop"):
    for phase in ("Sense", "Decay"):
        colony = phago.AsyncColony(2)
        if way == "stop":
            loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(main(colony, way, phase))
                loop.run_until_complete(asyncio.sleep(0))
            except RuntimeError:
                pass
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0.01))
            loop.close()
        else:
            try:
                asyncio.run(main(colony, way, phase))
            except ZeroDivisionError:
                pass
        gc.collect()
        # The colony is usable with the next loop.
        colony._colony._runner.inject(None)
        print(asyncio.run(colony.tick()).tick)
        del colony
        gc.collect()
"""
    for flags in ((), ("-X", "dev")):
        said = child_says(program, flags=flags).splitlines()
        assert said == ["1"] * 8, said


def test_a_process_may_end_while_ticks_hang():
    program = """
import asyncio, threading, time
import phago

colony = phago.Colony(2)
colony.ingest("two words")
colony._runner.inject(("deaf", 0, "Act", 1, 600_000))
threading.Thread(target=colony.tick, daemon=True).start()
async def main():
    twin = phago.AsyncColony(2)
    twin._colony._runner.inject(("hang", 0, "Act", 1))
    task = asyncio.create_task(twin.tick())
    await asyncio.sleep(0.05)
asyncio.run(main())
print("end", flush=True)
"""
    assert child_says(program) == "end\n"


async def test_a_call_of_the_native_module_begins_once_by_either_way():
    world = phago._phago.World.create({}, 2)
    for way in (lambda call: call.wait(), lambda call: call.start()):
        call = world.digest()
        assert call.wait() == await world.digest().start()
        with pytest.raises(phago.BusyError, match="begun already"):
            way(call)
    # Arguments are read where it is made.
    with pytest.raises(phago.ConfigError, match="where"):
        world.count(3)


def test_a_call_without_a_loop_is_not_begun():
    with pytest.raises(RuntimeError, match="no running event loop"):
        phago._phago.World.create({}, 2).digest().start()
