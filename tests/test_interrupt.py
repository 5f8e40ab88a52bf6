"""Ctrl-C, cancelling and freeing: control is back while the work is still going on, and nobody else is held up."""

import asyncio
import gc
import json
import os
import sys
import threading
import time

import phago
import pytest
from phago import _phago
from support import child, child_says, cluster, ingest_into

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

# Other work on the machine delays a process now and then: the fastest of some tries counts.
TRIES = 5

# A colony and a question that keep every call busy for some hundred milliseconds.
BUSY = """
import asyncio, json, os, signal, threading, time
import phago

documents = [
    {"id": str(at), "text": f"w{at} " + " ".join(f"t{at * other % 9977}" for other in range(100))} for at in range(8000)
]
twin = phago.AsyncColony(2, seed=1)
colony = twin._colony
colony.ingest(documents)
colony.run()
question = " ".join(f"t{at}" for at in range(9000))
big = " ".join(f"{at}x{at % 977}" for at in range(400_000))
"""

SYNC = {
    "explain": "colony.explain(question, '5')",
    "query": "colony.query(question)",
    "lexical": "colony.query(question, ranking='lexical')",
    "concepts": "colony.concepts(question, 20_000)",
    "digest": "colony.digest()",
    "evidence": "colony.digest('evidence')",
    "edges": "colony.graph.edges",
    "ingest": "colony.ingest([big + str(time.monotonic())])",
}


def test_every_long_call_answers_ctrl_c():
    program = f"""{BUSY}
def press(wait):
    time.sleep(wait)
    os.kill(os.getpid(), signal.SIGINT)

calls = {{{", ".join(f"{name!r}: lambda: {call}" for name, call in SYNC.items())}}}
share = {{}}
for name, call in calls.items():
    begun = time.monotonic()
    call()
    whole = time.monotonic() - begun
    for _ in range({TRIES}):
        thread = threading.Thread(target=press, args=(whole / 10,))
        begun = time.monotonic()
        thread.start()
        try:
            call()
            # Now and then a call ends before Ctrl-C comes.
            thread.join()
            time.sleep(60)
        except KeyboardInterrupt:
            # A waiting call looks for signals fifty times a second; a call of that length cannot be cut shorter.
            share.setdefault(name, []).append((time.monotonic() - begun - 0.02) / whole)
        thread.join()
    # The colony goes on, also while interrupted work runs to its end.
    assert len(colony.query("w5", k=1)) == 1
print(json.dumps(share))
"""
    done = child(program, timeout=240)
    assert done.returncode == 0, done.stderr
    share = json.loads(done.stdout)
    assert set(share) == set(SYNC)
    for name, took in share.items():
        assert min(took) < 0.7, (name, took)


ASYNC = {
    "explain": "twin.explain(question, '5')",
    "query": "twin.query(question)",
    "concepts": "twin.concepts(question)",
    "digest": "twin.digest()",
    "edges": "twin.graph.read_edges()",
    "ingest": "twin.ingest([big + str(time.monotonic())])",
}


def test_a_cancelled_call_lets_its_loop_end():
    program = f"""{BUSY}
async def cancelled(call):
    task = asyncio.create_task(call())
    await asyncio.sleep(0.01)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass

async def whole(call):
    await call()

def timed(run):
    begun = time.monotonic()
    # A loop that waits for a thread of its own as it ends does so here.
    asyncio.run(run)
    return time.monotonic() - begun

calls = {{{", ".join(f"{name!r}: lambda: {call}" for name, call in ASYNC.items())}}}
share = {{}}
for name, call in calls.items():
    alone = timed(whole(call))
    share[name] = [timed(cancelled(call)) / alone for _ in range({TRIES})]
print(json.dumps(share))
print(asyncio.run(twin.run()).ticks >= 0, len(asyncio.run(twin.query("w5", k=1))))
"""
    share, after = child_says(program, timeout=240).splitlines()
    share = json.loads(share)
    assert set(share) == set(ASYNC)
    for name, took in share.items():
        assert min(took) < 0.7, (name, took)
    assert after == "True 1"


def test_what_was_cancelled_before_its_turn_never_begins():
    program = """
import asyncio
import phago

async def main():
    twin = phago.AsyncColony(2)
    texts = [" ".join(f"w{at}x{word}" for word in range(4000)) for at in range(300)]
    tasks = [asyncio.create_task(twin.ingest(text)) for text in texts]
    await asyncio.sleep(0)
    for task in tasks[1:]:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    # Calls are worked off in order: this one comes after all of those.
    await twin.digest()
    print(ended[0].accepted, sum(isinstance(one, asyncio.CancelledError) for one in ended), len(twin) < 200)

asyncio.run(main())
"""
    assert child_says(program) == "1 299 True\n"


@LINUX
def test_many_awaited_calls_take_few_threads():
    program = """
import asyncio, pathlib
import phago

def names():
    found = []
    for task in pathlib.Path("/proc/self/task").iterdir():
        try:
            found.append((task / "comm").read_text().strip())
        except OSError:
            pass
    return found

async def main():
    async with phago.AsyncColony(2) as twin:
        await twin.ingest([{"id": str(at), "text": f"word{at} w{at % 7}"} for at in range(1000)])
        asked = asyncio.gather(*(twin.query(f"word{at} w{at % 7}") for at in range(1000)))
        most = 0
        while not asked.done():
            most = max(most, names().count("phago-call"))
            await asyncio.sleep(0.001)
        print([hits[0].id for hits in await asked] == [str(at) for at in range(1000)], most)

asyncio.run(main())
"""
    right, most = child_says(program, PYTHON_CPU_COUNT="3").split()
    assert right == "True"
    # Three cores and two to spare, and two that keep timers.
    assert 0 < int(most) <= 7


async def test_answers_that_come_together_are_handed_over_in_stints():
    # Each takes a while to be made into Python's objects, and all are there before the loop looks.
    async with phago.AsyncColony(2) as twin:
        await twin.ingest(f"word{at}" for at in range(2000))
        world, question = twin._colony._world, " ".join(f"word{at}" for at in range(2000))
        calls = [world.search(question, 2000).start() for _ in range(40)]
        # Calls are worked off in order, and this thread stands still until the last of them is through.
        last = threading.Event()
        watch = asyncio.get_running_loop().run_in_executor(None, wait_for_threads, last)
        last.wait(60)
        turns = 0
        while not all(call.done() for call in calls):
            turns += 1
            await asyncio.sleep(0)
        await watch
    assert turns > 5


def wait_for_threads(last):
    # The processor time of the whole process stands still when nobody works any more.
    before = None
    while before != (before := round(time.process_time(), 2)):
        time.sleep(0.2)
    last.set()


@pytest.mark.parametrize("way", ["colony", "twin", "shards", "close", "async close"])
async def test_a_colony_is_freed_on_a_thread_of_its_own(way):
    gc.collect()
    before = _phago.wait_until_freed().wait()
    match way:
        case "shards":
            coordinator, shards, runner = cluster(2)
            ingest_into(shards, [{"id": "a", "text": "one"}, {"id": "b", "text": "two"}])
            runner.run_sync(2)
            del coordinator, shards, runner
        case "twin" | "async close":
            held = phago.AsyncColony(2)
            await held.ingest("one text")
            if way == "async close":
                await held.close()
            del held
        case _:
            held = phago.Colony(2)
            held.ingest("one text")
            if way == "close":
                held.close()
            del held
    assert _phago.wait_until_freed().wait() == before + 1


# --- cores -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "env", "want"),
    [
        (("-X", "cpu_count=3"), {}, 3),
        ((), {"PYTHON_CPU_COUNT": "5"}, 5),
        (("-X", "cpu_count=3"), {"PYTHON_CPU_COUNT": "5"}, 3),
        (("-X", "cpu_count=default"), {}, None),
        (("-E", "-W", "ignore"), {"PYTHON_CPU_COUNT": "5"}, None),
    ],
)
def test_the_number_of_cores_is_what_python_was_told(flags, env, want):
    path = [f"import sys; sys.path[:0] = {sys.path!r}"]
    program = "\n".join([*path, "import phago; print(phago.Colony().shards, phago._phago.cores())"])
    system = child_says(path[0] + "\nimport phago; print(phago._phago.cores())").strip()
    want = want or int(system)
    assert child_says(program, flags=flags, **env) == f"{want} {want}\n"


@LINUX
def test_the_number_of_cores_honours_the_affinity():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); import phago; print(phago.Colony().shards)"
    )
    assert child_says(program) == "1\n"


# --- other libraries' loops --------------------------------------------------------------------------------------


def test_without_asyncio_there_is_advice():
    for begin in (phago.AsyncColony(1).__aenter__, lambda: phago.AsyncColony(1).query("ions")):
        with pytest.raises(RuntimeError, match=r"no running event loop.*trio\.to_thread\.run_sync"):
            begin().send(None)


def test_a_loop_that_cannot_watch_a_socket_is_refused_by_name():
    program = """
import asyncio
import phago

class Proactor(asyncio.SelectorEventLoop):
    def add_reader(self, *_):
        raise NotImplementedError

loop = Proactor.__new__(Proactor)
# The loop needs its own reader as it is made.
Proactor.add_reader, own = asyncio.SelectorEventLoop.add_reader, Proactor.add_reader
loop.__init__()
Proactor.add_reader = own
try:
    loop.run_until_complete(phago.AsyncColony(1).query("ions"))
except RuntimeError as error:
    print("add_reader" in str(error))
loop.close()
"""
    assert child_says(program) == "True\n"


# --- what handlers raise is never passed over ------------------------------------------------------------------------


class Stop(BaseException):
    """What a signal handler may raise."""


class Stopping:
    """A value that is looked at when a signal comes."""

    def __init__(self, at):
        self.at = at

    def stop(self, name):
        if name == self.at:
            raise Stop

    @property
    def __class__(self):
        self.stop("class")
        return Stopping

    def __index__(self):
        self.stop("index")
        raise TypeError

    def __repr__(self):
        self.stop("repr")
        return "stopping"


@pytest.mark.parametrize("at", ["class", "index", "repr"])
@pytest.mark.parametrize("nest", [lambda odd: odd, lambda odd: {"key": odd}, lambda odd: {"key": {"in": [odd]}}])
def test_a_filter_that_is_read_when_a_signal_comes_ends_with_what_its_handler_raised(at, nest):
    with phago.Colony(1) as colony:
        colony.ingest("a text")
        colony.run()
        with pytest.raises((Stop, phago.ConfigError)) as caught:
            colony.query("text", where=nest(Stopping(at)))
        assert caught.type is Stop or (at == "index" and nest(1) == 1)


@pytest.mark.parametrize("at", ["class", "index", "repr"])
def test_a_document_that_is_read_when_a_signal_comes_ends_with_what_its_handler_raised(at):
    odd = Stopping(at)
    with phago.Colony(1) as colony:
        before = colony.digest()
        for document in [{"text": "a text", "metadata": {"key": odd}}, *([odd] if at == "class" else [])]:
            with pytest.raises(Stop):
                colony.ingest([document])
        assert colony.digest() == before


def test_no_signal_is_lost_wherever_it_comes():
    program = """
import collections, dataclasses, json, signal, phago

class Stop(Exception):
    pass

armed, fired, caught = False, 0, 0

def stop(*_):
    global armed, fired
    if armed:
        armed = False
        fired += 1
        raise Stop

signal.signal(signal.SIGALRM, stop)
colony = phago.Colony(2)
colony.ingest([phago.Document(f"w{number} common", metadata={"n": number}) for number in range(50)])
colony.run()
documents = [phago.Document("w1 common", id=str(number), metadata={"n": number}) for number in range(500)]
Row = dataclasses.make_dataclass("Row", [("id", str), ("text", str)])
rows = [Row(str(number), "w1 common") for number in range(300)]
mappings = [collections.UserDict(id=str(number), text="w1 common") for number in range(300)]

def refused():
    try:
        colony.query("common", k=-1)
    except phago.ConfigError:
        pass

# Where Python runs within a call, many signals are needed for one to come at any one place.
calls = [
    (60, lambda: colony.query("common w1", k=2000)),
    (60, lambda: colony.query("common", where={"n": {"gt": 3}})),
    (2000, lambda: colony.query("common", diverse=1)),
    (500, refused),
    (300, lambda: phago.Colony(1).close()),
    (60, lambda: colony.explain("common w2", "1")),
    (60, lambda: colony.run(max_ticks=1)),
    (500, lambda: colony.ingest([{"text": "", "id": "x"}, *documents], on_error="skip")),
    (500, lambda: colony.ingest(rows)),
    (500, lambda: colony.update_all(mappings)),
    (60, lambda: colony.concepts("common")),
]
signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
for times, call in calls:
    for _ in range(times):
        try:
            armed = True
            while armed:
                call()
        except Stop:
            caught += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(json.dumps([sum(times for times, _ in calls), fired, caught]))
"""
    done = child(program, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    wanted, fired, caught = json.loads(done.stdout)
    assert fired == caught == wanted
