"""One colony, however it is cut up, threaded, seeded and fed: equal digests, rankings, scores and counts."""

import json
import os
import subprocess
import sys

import phago
import pytest
from matrix import facts, grow
from support import HERE, Chance, answers, real_documents, seeded_documents, words

SEEDS = [("0", "1"), ("1", "0xfeedface"), ("4242", "18446744073709551615")]


def matrix(order, seeds):
    """Run a part of the matrix in a child with its own seeds of Python's and of the internal maps."""
    hash_seed, map_seed = seeds
    done = subprocess.run(
        [sys.executable, str(HERE / "matrix.py"), json.dumps(order)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PHAGO_MAP_SEED": map_seed, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=order.get("timeout", 110),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("seeds", SEEDS, ids=["0", "1", "2"])
def test_one_digest_for_shards_threads_and_seeds(seeds):
    documents = real_documents(300)
    assert len(documents) == 300
    questions = [document["text"][:80] for document in documents[::15]]
    colony, totals = grow(documents, 1, 1, seed=0)
    with colony:
        expected = facts(colony, totals, documents, questions)
    # The test must see a real graph, real answers, and more than one tick of work.
    assert expected["edges"] > 5_000
    assert expected["hits"] > 100
    assert expected["last"] >= 5
    order = {"corpus": "real", "count": 300, "shards": [1, 2, 3, 7, 16], "parallelism": [1, 4], "seed": int(seeds[0])}
    found = matrix(order, seeds)
    assert len(found) == 10
    for shards, parallelism, other in found:
        assert other == expected, f"{shards} shards, {parallelism} threads"


def test_more_workers_than_cores_and_more_shards_than_documents_change_nothing():
    documents = real_documents(40)
    with grow(documents, 1, 1, 0)[0] as colony:
        expected = colony.digest()
    for shards, parallelism in ((64, 64), (2, 64), (300, 3)):
        with grow(documents, shards, parallelism, 9)[0] as colony:
            assert colony.digest() == expected


def test_ghosts_are_no_part_of_what_is_known():
    documents = real_documents(120)
    digests, ghosts = set(), []
    for size in (1, 7, 100_000):
        colony, _ = grow(documents, 5, 2, 3, {"ghosts_max": size})
        with colony:
            ghosts.append(colony.stats().ghosts)
            digests.add((colony.digest(), str(answers(colony, ["function class", "the import of a module"]))))
    assert ghosts[0] == 5
    assert ghosts[0] < ghosts[1] < ghosts[2]
    assert len(digests) == 1


def test_the_digest_sees_what_it_should():
    documents = seeded_documents(40)

    def digest(config=None, given=documents, ticks=4, seed=0):
        with phago.Colony(2, seed=seed, config=config) as colony:
            colony.ingest(given)
            for _ in range(ticks):
                colony.tick()
            return colony.digest()

    reference = digest()
    assert digest() == reference
    assert digest(given=documents[::-1]) == reference
    assert digest(phago.ColonyConfig(ghosts_max=5)) == reference
    others = [
        digest(given=documents[:-1]),
        digest(given=[*documents[:-1], dict(documents[-1], title="other")]),
        digest(given=[*documents[:-1], dict(documents[-1], id="renamed")]),
        digest(ticks=3),
        digest(ticks=5),
        digest(seed=1),
        digest(phago.ColonyConfig(edge_decay_rate=0.004)),
        digest(phago.ColonyConfig(signal_decay_rate=0.06)),
        digest(phago.ColonyConfig(max_edge_degree=29)),
    ]
    assert len({reference, *others}) == len(others) + 1


def test_when_inputs_arrive_matters_and_in_what_order_within_a_cut_does_not():
    documents = seeded_documents(60)

    def digest(cuts, shards=3):
        with phago.Colony(shards) as colony:
            for cut in cuts:
                for chunk in cut:
                    colony.ingest(chunk)
                colony.tick()
            colony.run()
            return colony.digest(), colony.stats().tick

    halves = (documents[:30], documents[30:])
    together, ticks = digest([[documents], []])
    apart, same_ticks = digest([[halves[0]], [halves[1]]])
    chance = Chance(4)
    assert digest([[[one] for one in chance.shuffled(documents)], []])[0] == together
    assert digest([[halves[1], halves[0]], []], shards=1)[0] == together
    assert digest([[chance.shuffled(halves[0])], [[one] for one in halves[1][::-1]]])[0] == apart
    assert digest([[halves[0], halves[0]], [halves[1], documents]])[0] == apart
    assert (together == apart) is False
    assert abs(ticks - same_ticks) <= 1


@pytest.mark.parametrize("cap", [1, 5, 30])
def test_documents_of_equal_words_leave_one_digest(cap):
    known = words(80)
    digests = set()
    for shards in (1, 2, 3, 7, 16):
        with phago.Colony(shards, config=phago.ColonyConfig(max_edge_degree=cap)) as colony:
            texts = [" ".join(known[at % 4 * 20 : at % 4 * 20 + 20]) for at in Chance(shards).shuffled(range(40))]
            colony.ingest([{"id": f"{at}-{text[:12]}", "text": text} for at, text in enumerate(sorted(texts))])
            colony.run()
            assert colony.stats().edges == 80 * min(cap, 19)
            digests.add(colony.digest())
    assert len(digests) == 1
