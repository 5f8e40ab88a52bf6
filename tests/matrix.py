"""One corpus through one colony, as a child process of the matrix runs it: prints what must not depend on how."""

import hashlib
import json
import sys

import phago
from support import Chance, answers, cranfield, cranfield_questions, real_documents

# Small ticks, so that a batch is not over before the next one comes.
CONFIG = {"documents_per_tick": 60, "documents_per_digester": 16}


def grow(documents, shards, parallelism, seed, config=None):
    """Three batches between ticks, each in an order and in chunks of the seed; the colony, quiet at the end."""
    runner = phago.RunnerConfig(max_parallelism=parallelism)
    colony = phago.Colony(shards, config=phago.ColonyConfig(**(CONFIG | (config or {}))), runner=runner)
    chance = Chance(seed)
    third = -(-len(documents) // 3)
    totals = []
    for start in range(0, len(documents), third):
        batch = chance.shuffled(documents[start : start + third])
        while batch:
            size = 1 + chance.below(len(batch))
            colony.ingest(batch[:size])
            batch = batch[size:]
        totals += [colony.tick().total_edges() for _ in range(2)]
        for document in documents[start : start + 5]:
            assert colony.reinforce(colony.query(document["text"][:80], k=1)[0])
    totals += [result.total_edges() for result in colony.ticks()]
    return colony, totals


def facts(colony, totals, documents, questions):
    """All that must be equal, small enough to print."""
    digested = [colony.get(document["id"]).digested for document in documents]
    ranked = answers(colony, questions)
    concepts = [
        [(row.id, row.score.hex()) for row in colony._world.concepts(question, 10).wait()] for question in questions
    ]

    def short(value):
        return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]

    return {
        "digest": colony.digest(),
        "rankings": short(ranked),
        "concepts": short(concepts),
        "digested": short(digested),
        "total_edges": short(totals),
        "edges": colony.stats().edges,
        "hits": sum(map(len, ranked)),
        "last": max(digested),
        "ticks": len(totals),
    }


def main():
    order = json.loads(sys.argv[1])
    if order["corpus"] == "cranfield":
        documents, questions = cranfield(), cranfield_questions()[:40]
    else:
        documents = real_documents(order["count"])
        questions = [document["text"][:80] for document in documents[::15]]
    for shards in order["shards"]:
        for parallelism in order["parallelism"]:
            colony, totals = grow(documents, shards, parallelism, order["seed"] + 97 * shards + parallelism)
            with colony:
                print(json.dumps([shards, parallelism, facts(colony, totals, documents, questions)]), flush=True)


if __name__ == "__main__":
    main()
