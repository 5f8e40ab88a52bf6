"""Faults of processes and of actors of Ray: a colony on nodes that die, stop or fall silent is as one that has none."""

import collections
import contextlib
import gc
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import phago
import pytest
from campaign import size, tell
from phago._intake import CHUNKS
from phago.backends import Processes
from striking import STRIKING, Strike, StrikingProcesses
from support import CLEAN, HERE, Chance, seeded_documents, with_sigint

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
    pytest.mark.timeout(7200),
]
NODES = 2
# As many as a driver does that is not killed before.
OPERATIONS = 16
CONFIG = phago.ColonyConfig(documents_per_tick=8)
DOCUMENTS = [document for document in seeded_documents(16_000, vocabulary=300) if "id" in document]
# What a step of the life below says at least once, and when nodes are made again.
IN_TICK = ["Act", "Decay", "Commit"]
IN_CHANGE = ["Prepare", "Apply", "Discard"]
IN_QUESTION = ["Hear", "Speak", "Reach", "Weigh", "Tell", "Documents", "Digest"]
IN_REBUILD = ["Join", "Prepare", "Apply", "Act", "Decay", "Commit"]
# What is noticed at once, and what only in time, which is dear.
HOWS = {
    "processes": (["kill", "pipe"], ["stop", "silence"]),
    "ray": (["kill", "ray.kill", "raise"], ["stop", "silence", "hang"]),
}
# Seconds that a message may take; Ray answers late where its machine is busy.
WAITS = {"processes": 2, "ray": 5}


@pytest.fixture(params=STRIKING)
def backend(request):
    """The name of a backend, and what its transport is made with beside a number of nodes."""
    if request.param == "ray":
        return "ray", {"address": request.getfixturevalue("ray_cluster").address}
    return request.param, {}


def runner(timeout_ms=2_000, recover="auto"):
    return phago.RunnerConfig(phase_timeout_ms=timeout_ms, recover=recover, max_parallelism=2)


def step(colony, number):
    """One turn of a life, in which every order and every round of a question is sent."""
    batch = DOCUMENTS[6 * number : 6 * number + 6]
    said = [colony.ingest(batch).accepted, colony.ingest(batch).unchanged]
    colony.tick()
    said.append(colony.update({"id": batch[0]["id"], "text": batch[1]["text"]}))
    hits = list(colony.query(batch[2]["text"][:80], 5))
    said += [repr(hits), repr(colony.explain(batch[2]["text"], batch[0]["id"]))]
    said += [repr(list(colony.query(batch[3]["title"], 3, ranking="lexical")))]
    said += [colony.delete(batch[4]["id"]), colony.delete("nobody"), colony.reinforce(hits[0])]
    colony.tick()
    return said, len(colony), colony.digest()


def gone(pids):
    """Whether none of these processes lives; zombies that somebody may still wait for do not."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            return False
    return True


def wait_until_gone(pids):
    """A worker that outlives its driver is waited for until the test's own limit."""
    deadline = time.monotonic() + 60
    while not gone(pids):
        assert time.monotonic() < deadline, f"{pids} outlive their driver"
        time.sleep(0.01)


def schedule(backend):
    """Strikes for each turn: each kind of message, then each with each fault, then drawn ones without end."""
    kinds = [*IN_TICK, *IN_CHANGE, *IN_QUESTION]
    quick, slow = HOWS[backend]
    whens = ["before", "after", "during"]
    ways = [("kill", 0, "before"), (quick[1], 1, "after")]
    if backend == "ray":
        whens.append("within")
        ways += [("kill", 1, "within"), ("raise", 0, "before")]
    plain = [
        [Strike(kind, how, (node,), when)]
        for turn, (number, kind) in itertools.product(range(len(ways)), enumerate(kinds))
        for how, node, when in [ways[(number + turn) % len(ways)]]
    ]
    # What is only noticed in time: one of each.
    late = [[Strike("Act", "stop")], [Strike("Hear", "stop", (1,))], [Strike("Prepare", "silence", (1,))]]
    late += [[Strike("Commit", "silence")], [Strike("Apply", "stop", (1,))]]
    if backend == "ray":
        late += [[Strike("Decay", "hang")], [Strike("Commit", "hang", (1,), "within")], [Strike("Speak", "hang")]]
    both = [[Strike(kind, "kill", (0, 1))] for kind in [*IN_TICK, "Apply", "Speak"]]
    again = [
        [Strike("Decay", "kill"), Strike(kind, "kill", (1,), whens[number % 2])]
        for number, kind in enumerate(IN_REBUILD)
    ]
    yield from [*plain[: len(kinds)], late.pop(0), both.pop(0), again.pop(0)]
    yield from plain[len(kinds) :] + late + both + again
    chance = Chance(10)
    while True:
        is_late = chance.below(16) == 0
        how = (hows := slow if is_late else quick)[chance.below(len(hows))]
        nodes = [(0,), (1,), (0, 1)][chance.below(3)]
        when = "before" if is_late else whens[chance.below(len(whens))]
        if when == "within" and how == "ray.kill":
            when = "during"
        drawn = [Strike(kinds[chance.below(len(kinds))], how, nodes, when, chance.below(2))]
        if chance.below(4) == 0:
            drawn.append(Strike(IN_REBUILD[chance.below(len(IN_REBUILD))], "kill", (chance.below(2),)))
        yield drawn


def test_faults_leave_no_trace(backend, tmp_path, capfd):
    name, where = backend
    calm = phago.Colony(1, config=CONFIG)
    transport = STRIKING[name](NODES, **where)
    wanted = size("node_faults", 60, 300) if name == "processes" else size("actor_faults", 17, 300)
    violations = []
    options = {"shards": 4, "config": CONFIG, "runner": runner(1000 * WAITS[name])}
    with phago.open(tmp_path / "memory", backend=transport, **options) as colony:
        for number, strikes in enumerate(schedule(name)):
            told = str(strikes)
            transport.arm(*strikes)
            found = step(colony, number)
            transport.arm()
            if found != step(calm, number):
                violations.append((number, told))
            if number % 10 == 9:
                # What is made again is then read from here, and the log behind it is short.
                colony.checkpoint()
            if len(transport.struck.done) >= wanted:
                break
        digest = colony.digest()
        ids = sorted(document.id for document in colony.documents())
    wait_until_gone(transport.all_pids)
    struck = collections.Counter(f"{strike.how} at {strike.kind}" for strike in transport.struck.done)
    told = f"{struck.total()} faults in {number + 1} turns, {len(violations)} violations"
    tell(capfd, f"{name}: {told}: {', '.join(f'{count} {what}' for what, count in sorted(struck.items()))}")
    assert not violations
    assert {*IN_TICK, *IN_CHANGE, "Hear", "Documents", "Digest"} <= {strike.kind for strike in transport.struck.done}
    assert {*IN_QUESTION, "Join", "Section", "Build"} <= transport.struck.kinds
    assert digest == calm.digest()
    with phago.open(tmp_path / "memory", shards=3) as here:
        assert here.digest() == digest
        assert sorted(document.id for document in here.documents()) == ids


@pytest.mark.parametrize("kind", ["Act", "Decay"])
@pytest.mark.parametrize(
    ("how", "when"), [("kill", "before"), ("kill", "after"), ("cut", "before"), ("stop", "before")]
)
def test_an_error_names_the_shards_the_phase_and_the_tick(backend, tmp_path, kind, how, when):
    name, where = backend
    transport = STRIKING[name](NODES, **where)
    # What this backend has beside signals.
    how = HOWS[name][0][-1] if how == "cut" else how
    options = {"shards": 4, "config": CONFIG, "runner": runner(1000 * WAITS[name], "manual")}
    with (
        phago.open(tmp_path / "memory", backend=transport, **options) as colony,
        phago.Colony(1, config=CONFIG) as calm,
    ):
        for one in (colony, calm):
            one.ingest(DOCUMENTS[:20])
            one.tick()
        before = transport.pids()
        transport.arm(Strike(kind, how, (1,), when))
        with pytest.raises(phago.PhaseTimeout if how == "stop" else phago.ShardDied) as raised:
            colony.tick()
        error = raised.value
        # Node 0 is late too where Ray fetches from the stopped node what it sent.
        may_wait = (name, how, kind) == ("ray", "stop", "Decay")
        named = [int(shard) for shard in error.shards]
        assert (named, error.phase, error.tick) in [([2, 3], kind, 2), ([0, 1, 2, 3], kind, 2)][: 1 + may_wait]
        if how == "stop":
            assert error.waited == WAITS[name]
        elif when == "before" and how == "kill" and name == "processes":
            assert "node 1: process" in error.cause
            assert "SIGKILL" in error.cause
        elif when == "before":
            assert error.cause.startswith("node 1: ")
            assert how != "raise" or "spoilt" in error.cause
        assert colony.digest() == calm.digest()
        assert (colony.tick().tick, calm.tick().tick) == (2, 2)
        # Whoever lived is not made again.
        assert [pid in before for pid in transport.pids()] == [named == [2, 3], False]
        assert colony.digest() == calm.digest()


DRIVER = """
import json, sys
import phago
from striking import STRIKING, Strike
from test_backend_faults import CONFIG, DOCUMENTS, OPERATIONS, WAITS, operation, runner

path, kind, when, passing, backend, where = sys.argv[1:]
transport = STRIKING[backend](2, **json.loads(where))
colony = phago.open(path, shards=4, config=CONFIG, runner=runner(1000 * WAITS[backend]), backend=transport)
print(*transport.pids(), flush=True)
for number in range(OPERATIONS):
    if number == 4:
        transport.arm(Strike(kind, "driver", (0, 1), when, int(passing)))
    operation(colony, number)
    print(number, flush=True)
"""


def operation(colony, number):
    """One change of a colony; each changes its digest."""
    batch = DOCUMENTS[6 * number : 6 * number + 6]
    match number % 4:
        case 0:
            colony.ingest(batch)
        case 1 | 3:
            colony.tick()
        case 2:
            colony.query(DOCUMENTS[6 * (number - 2)]["text"][:60])
            colony.update({"id": DOCUMENTS[6 * (number - 2)]["id"], "text": batch[1]["text"]})


def program(source, *arguments, **options):
    """Starts a program in a process group of its own."""
    path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    return subprocess.Popen(
        with_sigint("SIG_DFL", [sys.executable, "-c", source, *map(str, arguments)]),
        env={**CLEAN, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def test_a_driver_that_is_killed_loses_nothing_and_leaves_no_process(backend, tmp_path, capfd):
    name, where = backend
    digests = []
    with phago.Colony(1, config=CONFIG) as calm:
        for number in range(OPERATIONS):
            digests.append(calm.digest())
            operation(calm, number)
        digests.append(calm.digest())
    kinds = [*IN_TICK, "Prepare", "Apply", "Hear", "Tell"]
    cases = list(itertools.product(kinds, ["before", "after"], [0, 1]))
    wanted = size("drivers", 8, len(cases)) if name == "processes" else size("ray_drivers", 2, 14)
    for number, (kind, when, passing) in enumerate(cases[:: max(1, len(cases) // wanted)]):
        path = tmp_path / f"memory-{number}"
        with program(DRIVER, path, kind, when, passing, name, json.dumps(where)) as child:
            out, errors = child.communicate()
        assert child.returncode == -signal.SIGKILL, (kind, when, passing, errors)
        pids, *done = [[int(word) for word in line.split()] for line in out.splitlines()]
        wait_until_gone(pids)
        other = {"backend": "processes", "nodes": 3} if number % 2 else {}
        with phago.open(path, shards=3, **other) as again:
            found = again.digest()
            assert found in digests[len(done) : len(done) + 2], (kind, when, passing)
            # It goes on as if nothing had happened.
            for further in range(digests.index(found, len(done)), OPERATIONS):
                operation(again, further)
            assert again.digest() == digests[-1], (kind, when, passing)
    tell(capfd, f"{name}: {number + 1} drivers killed, lost: 0, nodes left: 0")


# So many documents that the second chunk is read while the first is taken in.
AHEAD = CHUNKS[0]
# So many documents that the log is made durable, and the driver does its own part, while nodes apply them.
LONG = 100


@contextlib.contextmanager
def struck_and_calm(tmp_path):
    """A colony over nodes that are struck and one that is not. At the end they are equal, and so is what is stored."""
    transport = StrikingProcesses(NODES)
    options = {"shards": 5, "config": CONFIG, "runner": runner()}
    with (
        phago.open(tmp_path / "memory", backend=transport, **options) as colony,
        phago.Colony(1, config=CONFIG) as calm,
    ):
        yield colony, calm, transport
        digest = colony.digest()
        assert digest == calm.digest()
    with phago.open(tmp_path / "memory", shards=3) as here:
        assert here.digest() == digest


@pytest.mark.parametrize("kind", ["Prepare", "Apply", "Keep", "Piece"])
@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_long_chunks_stay_whole_when_nodes_die(tmp_path, kind, when):
    with struck_and_calm(tmp_path) as (colony, calm, transport):
        for number in range(4):
            chunk = DOCUMENTS[LONG * number : LONG * (number + 1)]
            if number in (1, 2):
                transport.arm(Strike(kind, "kill", (number % 2,), when))
            assert colony.ingest(chunk) == calm.ingest(chunk)
            if kind in ("Keep", "Piece"):
                colony.checkpoint()
            assert colony.digest() == calm.digest()
        assert len(transport.struck.done) == 2
        colony.run()
        calm.run()


@pytest.mark.parametrize("when", ["before", "within", "after"])
def test_a_node_that_dies_while_its_columns_are_fetched_costs_the_checkpoint_alone(tmp_path, when):
    with struck_and_calm(tmp_path) as (colony, calm, transport):
        transport.arm(Strike("Piece", "kill", (1,), when))
        # The log becomes long, so that a checkpoint is due. It is written beside what comes next.
        for turn in range(131_072 // len(DOCUMENTS) + 1):
            for first in range(0, len(DOCUMENTS), 4000):
                given = [document | {"id": f"{document['id']} {turn}"} for document in DOCUMENTS[first : first + 4000]]
                assert colony.ingest(given) == calm.ingest(given)
        for _ in range(100):
            if transport.struck.done:
                break
            time.sleep(0.1)
        assert len(transport.struck.done) == 1
        colony.run(20)
        calm.run(20)


def test_who_closes_a_colony_waits_for_the_checkpoint_that_its_nodes_have(tmp_path):
    path = tmp_path / "memory"
    with phago.open(path, backend=Processes(NODES), shards=5, config=CONFIG) as colony:
        before = {file.name for file in path.glob("checkpoint-*")}
        # The last one makes it due.
        turns = (document | {"id": f"{document['id']} {turn}"} for turn in itertools.count() for document in DOCUMENTS)
        colony.ingest(itertools.islice(turns, 131_072))
    assert {file.name for file in path.glob("checkpoint-*")} > before


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_documents_are_taken_in_when_nodes_die_that_read_them_ahead(tmp_path, when):
    with struck_and_calm(tmp_path) as (colony, calm, transport):
        transport.arm(Strike("Read", "kill", (1,), when))
        given = DOCUMENTS[: 3 * AHEAD + 200]
        assert colony.ingest(given) == calm.ingest(given)
        assert len(transport.struck.done) == 1
        assert colony.digest() == calm.digest()
        # All of them are there, so nothing of them is read again.
        assert colony.ingest(given).unchanged == len(given)
        assert colony.digest() == calm.digest()


def test_a_node_that_is_late_with_what_it_reads_ahead_is_not_lost(tmp_path):
    with struck_and_calm(tmp_path) as (colony, calm, transport):
        pids = transport.pids()
        transport.arm(Strike("Read", "silence", (1,)))
        given = DOCUMENTS[: 3 * AHEAD + 200]
        assert colony.ingest(given) == calm.ingest(given)
        assert len(transport.struck.done) == 1
        assert transport.pids() == pids


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_the_twin_for_event_loops_reads_ahead_over_nodes_that_die(tmp_path, when):
    transport = StrikingProcesses(NODES)
    transport.arm(Strike("Read", "kill", (1,), when))
    given = DOCUMENTS[: 3 * AHEAD + 200]
    opened = phago.open_async(tmp_path / "memory", backend=transport, shards=5, config=CONFIG, runner=runner())
    async with opened as twin:
        with phago.Colony(1, config=CONFIG) as calm:
            assert await twin.ingest(given) == calm.ingest(given)
            assert len(transport.struck.done) == 1
            await twin.run(3)
            calm.run(3)
            assert await twin.digest() == calm.digest()


def test_what_an_iterable_gave_before_it_failed_is_taken_in(tmp_path):
    def failing():
        yield from DOCUMENTS[: AHEAD + 100]
        raise OSError("the source is gone")

    with phago.open(tmp_path / "memory", backend=Processes(NODES), shards=4, config=CONFIG) as colony:
        with pytest.raises(OSError, match="the source is gone"):
            colony.ingest(failing())
        assert len(colony) == AHEAD


def test_a_refused_chunk_leaves_the_one_before_it(tmp_path):
    refused = {"id": DOCUMENTS[5]["id"], "text": "something else"}
    given = [*DOCUMENTS[: AHEAD + 100], refused, *DOCUMENTS[AHEAD + 100 : AHEAD + 200]]
    told = []
    with (
        phago.open(tmp_path / "memory", backend=Processes(NODES), shards=4, config=CONFIG) as colony,
        phago.Colony(1, config=CONFIG) as calm,
    ):
        for one in (colony, calm):
            with pytest.raises(phago.DocumentExists) as raised:
                one.ingest(given)
            first = (raised.value.index, raised.value.report, one.digest())
            told.append((first, one.ingest(given, on_error="skip"), one.digest()))
    assert told[0] == told[1]
    assert (told[0][0][0], told[0][0][1].accepted, told[0][1].accepted) == (AHEAD + 100, AHEAD, 200)


LONG_DRIVER = """
import sys
import phago
from striking import Strike, StrikingProcesses
from test_backend_faults import CONFIG, DOCUMENTS, LONG, runner

path, kind, when = sys.argv[1:]
transport = StrikingProcesses(2)
colony = phago.open(path, shards=4, config=CONFIG, runner=runner(), backend=transport)
print(*transport.pids(), flush=True)
for number in range(3):
    if number == 1:
        transport.arm(Strike(kind, "driver", (0, 1), when))
    colony.ingest(DOCUMENTS[LONG * number : LONG * (number + 1)])
    print(number, flush=True)
"""


@pytest.mark.parametrize(
    ("kind", "when"), [("Prepare", "after"), ("Apply", "before"), ("Apply", "during"), ("Apply", "after")]
)
def test_a_long_chunk_is_whole_or_absent_when_its_driver_is_killed(tmp_path, kind, when):
    with program(LONG_DRIVER, tmp_path / "memory", kind, when) as child:
        out, errors = child.communicate()
    assert child.returncode == -signal.SIGKILL, errors
    pids, *done = [[int(word) for word in line.split()] for line in out.splitlines()]
    wait_until_gone(pids)
    with phago.open(tmp_path / "memory", shards=3) as again, phago.Colony(1, config=CONFIG) as calm:
        kept = len(again) // LONG
        assert kept in (len(done), len(done) + 1)
        calm.ingest(DOCUMENTS[: LONG * kept])
        assert again.digest() == calm.digest()


INTERRUPTED = """
import os, sys
import phago
from striking import Strike, StrikingProcesses
from test_backend_faults import CONFIG, DOCUMENTS, runner

path, kind, when = sys.argv[1:]
transport = StrikingProcesses(2)
with phago.open(path, shards=4, config=CONFIG, runner=runner(), backend=transport) as colony:
    colony.ingest(DOCUMENTS[:20])
    pids = transport.pids()
    transport.arm(Strike(kind, "interrupt", (0, 1), when))
    calls = {"Prepare": lambda: colony.ingest(DOCUMENTS[20:40]), "Apply": lambda: colony.ingest(DOCUMENTS[20:40])}
    calls["Hear"] = lambda: colony.query(DOCUMENTS[3]["text"][:60])
    try:
        calls.get(kind, colony.run)()
        while True:
            pass
    except KeyboardInterrupt:
        print("interrupted")
    colony.ingest(DOCUMENTS[:40])
    colony.run()
    print(len(colony), colony.digest("evidence"), transport.pids() == pids)
"""


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        ("Prepare", "before"),
        ("Apply", "after"),
        ("Act", "before"),
        ("Decay", "during"),
        ("Commit", "after"),
        ("Hear", "before"),
    ],
)
def test_ctrl_c_reaches_the_driver_alone(tmp_path, kind, when):
    with phago.Colony(1, config=CONFIG) as calm:
        calm.ingest(DOCUMENTS[:40])
        calm.run()
        expected = f"{len(calm)} {calm.digest('evidence')} True"
    with program(INTERRUPTED, tmp_path / "memory", kind, when) as child:
        out, errors = child.communicate(timeout=120)
    assert (child.returncode, errors) == (0, "")
    assert out.split("\n") == ["interrupted", expected, ""]


def test_ctrl_c_comes_back_from_a_tick_whose_node_is_stopped(tmp_path):
    source = INTERRUPTED.replace("runner=runner()", "runner=runner(600_000)").replace(
        'Strike(kind, "interrupt", (0, 1), when)', 'Strike(kind, "stop")'
    )
    source = source.replace("import os, sys\n", "import os, signal, sys, threading\n").replace(
        "    try:\n",
        "    threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGINT]).start()\n    try:\n",
    )
    source = source.replace('print("interrupted")', 'print("interrupted"); os.kill(pids[0], signal.SIGCONT)')
    with program(source, tmp_path / "memory", "Act", "before") as child:
        out, errors = child.communicate(timeout=120)
    assert (child.returncode, errors) == (0, "")
    assert out.startswith("interrupted\n40 ")


ENDS = {
    "without close": "",
    "dropped": "del colony; import gc; gc.collect()",
    "forked": """
child = os.fork()
if child == 0:
    try:
        colony.query("text")
    except phago.PhagoError as error:
        print(type(error).__name__, flush=True)
    del colony
    os._exit(0)
os.waitpid(child, 0)
colony.ingest("more text")
print(len(colony))
colony.close()
""",
    "killed beside a fork": """
child = os.fork()
if child == 0:
    time.sleep(600)
print(child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
""",
}


@pytest.mark.parametrize("end", ENDS)
def test_no_process_outlives_its_driver(tmp_path, end):
    source = """
import os, signal, sys, time
import phago
from phago._intake import CHUNKS
from phago.backends import Processes
transport = Processes(2)
colony = phago.open(sys.argv[1], shards=2, backend=transport)
colony.ingest("some text")
print(*transport.pids(), flush=True)
"""
    with program(source + ENDS[end], tmp_path / "memory") as child:
        pids = [int(pid) for pid in child.stdout.readline().split()]
        if end == "killed beside a fork":
            fork = int(child.stdout.readline())
            assert child.wait() == -signal.SIGKILL
            wait_until_gone(pids)
            os.kill(fork, signal.SIGKILL)
        out, errors = child.communicate()
    assert len(pids) == 2
    wait_until_gone(pids)
    assert errors == ""
    if end == "forked":
        assert (child.returncode, out.split()) == (0, ["CoordinatorUnavailable", "2"])


def children():
    """The processes that this one made and has not waited for."""
    listed = [Path(f"/proc/self/task/{thread}/children") for thread in os.listdir("/proc/self/task")]
    return sorted(pid for one in listed if one.exists() for pid in one.read_text().split())


def test_a_hundred_restarts_leave_no_file_open_and_no_zombie():
    gc.collect()
    before = len(os.listdir("/proc/self/fd")), children()
    transport = Processes(2)
    open_files = len(os.listdir("/proc/self/fd"))
    assert open_files > before[0]
    for number in range(100):
        transport.restart([number % 2])
        assert len(os.listdir("/proc/self/fd")) == open_files
        assert len(children()) == len(before[1]) + 2
    transport.close()
    transport.close()
    assert (len(os.listdir("/proc/self/fd")), children()) == before
    with pytest.raises(ValueError, match="ended"):
        transport.restart([0])
    assert children() == before[1]
