"""What the tests share: seeded texts, real documents, clusters, child processes."""

import asyncio
import gzip
import importlib
import json
import os
import pickle
import subprocess
import sys
import time
import warnings
from pathlib import Path

import phago
import pytest
from phago import _phago

HERE = Path(__file__).resolve().parent
PHASES = ["Sense", "Act", "Decay", "Advance"]
DATA = os.environ.get("PHAGO_DATA", "")


def imported(name):
    """A module of the package; None for one of `integrations` whose framework is not installed."""
    with warnings.catch_warnings():
        if name.startswith("phago.integrations."):
            warnings.simplefilter("ignore")
        try:
            return importlib.import_module(name)
        except ImportError as error:
            if "needs its framework: pip install" in str(error):
                return None
            raise


class Chance:
    """A counter-based generator (SplitMix64): the same text for a seed on every machine and Python."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def below(self, bound):
        return self.next() % bound

    def shuffled(self, items):
        items = list(items)
        for place in range(len(items) - 1, 0, -1):
            other = self.below(place + 1)
            items[place], items[other] = items[other], items[place]
        return items

    def rank(self, vocabulary):
        """A rank below `vocabulary`, with a probability about proportional to 1 / rank (Zipf)."""
        return int(vocabulary ** (self.next() / 2**64)) - 1


def words(count):
    """Different words, each of which is its own stem, so that a test can name nodes without a stemmer."""
    found = []
    number = 0
    while len(found) < count:
        number += 1
        left, word = number, ""
        while left:
            word += "bdfgklmnprtz"[left % 12] + "aou"[left // 12 % 3]
            left //= 36
        word += "k"
        if _phago.analyse(word) == [word]:
            found.append(word)
    return found


def seeded_documents(count, seed=11, vocabulary=900, longest=60):
    """Documents of 5 to `longest` words, every seventh without an id."""
    chance, known = Chance(seed), words(vocabulary)
    found = []
    for number in range(count):
        length = 5 + chance.below(longest - 4)
        text = " ".join(known[chance.rank(vocabulary)] for _ in range(length))
        document = {"title": known[chance.rank(vocabulary)], "text": f"{text} n{number}x"}
        if number % 7 != 3:
            document["id"] = f"doc-{number}"
        found.append(document)
    return found


def cranfield():
    """The collection's documents, from the folder that `PHAGO_DATA` names."""
    with gzip.open(Path(DATA) / "cranfield" / "corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = map(json.loads, lines)
        found = [{"id": row["_id"], "title": row["title"], "text": row["text"]} for row in rows]
    return [one for one in found if one["title"].strip() or one["text"].strip()]


def has_cranfield():
    return bool(DATA) and (Path(DATA) / "cranfield" / "corpus.jsonl.gz").exists()


def cranfield_questions():
    with (Path(DATA) / "cranfield" / "queries.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def real_documents(count):
    """Real text: cranfield where it is at hand, else the manual of the running Python, else seeded words."""
    if has_cranfield():
        return cranfield()[:count]
    try:
        from pydoc_data.topics import topics
    except ImportError:
        return seeded_documents(count)
    found = []
    for name in sorted(topics):
        for number, paragraph in enumerate(topics[name].split("\n\n")):
            if len(paragraph) > 120:
                found.append({"id": f"{name}/{number}", "title": name, "text": paragraph})
    return Chance(1).shuffled(found)[:count]


def cluster(shards, config=None, **runner):
    """A coordinator, its shards, and a runner over them."""
    coordinator = phago.Coordinator(shards)
    config = config or phago.ColonyConfig()
    parts = [phago.ShardedColony(phago.ShardId(at), config, coordinator.ring) for at in range(shards)]
    return coordinator, parts, phago.DistributedRunner(coordinator, parts, phago.RunnerConfig(**runner))


def ingest_into(shards, documents):
    """Each document to its home."""
    for document in documents:
        home = shards[0].ring.get_shard(document["id"])
        shards[home].ingest_document(document)


def tick_by_hand(shards, *, wire=False, order=lambda items: items):
    """One tick as its owner drives it; with `wire` every batch is pickled on its way. Results and bytes sent."""
    results = [shard.tick_phase(phase) for phase in ("Sense", "Act") for shard in order(shards)]
    sent = 0
    for shard in order(shards):
        for to, batch in order(list(shard.take_outbox().items())):
            sent += batch.nbytes
            shards[to].deliver(pickle.loads(pickle.dumps(batch)) if wire else batch)
    results += [shard.tick_phase("Decay") for shard in order(shards)]
    for shard in order(shards):
        shard.tick_phase("Advance")
    return results, sent


def world_digest(runner):
    """The digest of what a runner drives, which the machine's parts do not show."""
    return runner._native.world.digest().wait()


def edges_of(colony):
    """The graph as a dictionary: (source id, target id) to (weight, co_activations, created, last)."""
    table = colony._world.edges().wait()
    rows = (table.get(at) for at in range(len(table)))
    return {(row.source_id, row.target_id): (row.weight, row.co_activations, row.created, row.last) for row in rows}


def answers(colony, questions, k=10):
    """Rankings with their exact scores."""
    return [[(hit.id, hit.score.hex()) for hit in colony.query(question, k=k)] for question in questions]


def child(program, *, timeout=60, flags=(), **env):
    """Run a program in a fresh interpreter that can import this module, and that Ctrl-C reaches."""
    return subprocess.run(
        with_sigint("SIG_DFL", [sys.executable, *flags, "-c", program]),
        env={**os.environ, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore", **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def child_says(program, **options):
    """What such a program prints; it must end well and complain of nothing."""
    done = child(program, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


# Phases that hang are given up after this: long enough that none does on a busy machine by itself.
TIMEOUT_MS = 1_000
# Longer than any test may take: who waits for it in vain is found by pytest's own limit.
FOREVER_MS = 600_000


def impatient_colony(timeout_ms=TIMEOUT_MS, threads=2, shards=3, recover="manual"):
    """Phases soon time out, a fault is its caller's error at once, and ticks grant few documents."""
    runner = phago.RunnerConfig(phase_timeout_ms=timeout_ms, max_parallelism=threads, recover=recover)
    return phago.Colony(shards, config=phago.ColonyConfig(documents_per_tick=40), runner=runner)


def wait_for_fault(native):
    """Until every fault that a native runner was ordered has begun: the tick hangs in the midst of its phase."""
    while native.faults:
        time.sleep(0.001)


async def await_fault(native):
    """`wait_for_fault` for event loops."""
    await asyncio.to_thread(wait_for_fault, native)


# As a user's: output to a file or a pipe is buffered, whatever this process inherited.
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"} | {"PYTHONWARNINGS": "ignore"}

# A process inherits that SIGINT is ignored, as the jobs of a shell without a terminal do, and Python then leaves it so.
HANDLED = """
import os, signal, sys
signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


def with_sigint(handler, command):
    """A command that begins with SIGINT as `SIG_DFL` or `SIG_IGN`, whatever this process inherited."""
    return [sys.executable, "-I", "-S", "-c", HANDLED, handler, *command]


def steps(hit):
    """A hit's path in steps: a concept and the question's words that led to it, or a word and those beside it."""
    words = [word.word for word in hit.path.words]
    straight = [(word, words[at + 1 :]) for at, word in enumerate(words)]
    return [(step.label, [word.word for word in step.words]) for step in hit.path.concepts] + straight


def as_json(said):
    """The code and the row of a command that was told `--json`."""
    code, out, err = said
    assert err == ""
    return code, json.loads(out)


def digest_of(path, of="state"):
    """The digest of a colony in a directory, which is whole."""
    assert phago.verify(path).is_whole
    with phago.open(path, read_only=True) as colony:
        return colony.digest(of)


def ids_of(path):
    """The documents of a colony in a directory."""
    with phago.open(path, read_only=True) as colony:
        return [one.id for one in colony.documents()]


def files_of(path):
    """The bytes of all files of a folder, by name."""
    return {file.name: file.read_bytes() for file in sorted(Path(path).iterdir())}


def begun(colony):
    """A colony with a little in it, digested."""
    colony.ingest(["Ions cross the membrane.", "The membrane holds the cell.", "Enzymes in the cell split sugar."])
    colony.run()
    return colony


def refused(colony, error=phago.AgentError):
    """Make a tick that fails, and see that nothing changed. Returns the error."""
    before, tick = colony.digest(), colony.stats().tick
    with pytest.raises(error) as caught:
        colony.tick()
    assert (colony.digest(), colony.stats().tick) == (before, tick)
    return caught.value
