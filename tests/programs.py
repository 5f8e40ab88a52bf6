"""Random programs at the bounds of what is accepted: one colony on many shards, compared after every step.

python tests/programs.py SEED [SEED ...]     runs the programs of these seeds and tells what differs
"""

import datetime
import itertools
import sys
from dataclasses import dataclass, field

import phago
from support import Chance, words

SHARDS = (1, 2, 3, 7, 16)
STATS = ("tick", "documents", "pending", "digested", "failed", "terms", "nodes", "edges", "digesters")

# For each field the least, the most and what lies close to them.
RATES = (0.0, 1e-300, 1e-12, 0.005, 0.5, 1.0 - 2**-53, 1.0)
CONFIG = {
    "edge_decay_rate": RATES,
    "edge_prune_threshold": (0.0, 1e-300, 2**-24, 0.05, 0.1, 0.15, 1.0),
    "staleness_factor": (0.0, 1e-300, 1.5, 1000.0),
    "maturation_ticks": (0, 1, 50, 2**30),
    "reinforcement_gain": (0.0, 2**-24, 0.05, 1.0),
    "max_edge_degree": (1, 2, 30, 2**20),
    "concepts_per_document": (1, 2, 30, 2**16),
    "documents_per_tick": (1, 2, 5, 4096, 2**24),
    "bytes_per_tick": (1, 200, 2**25, 2**40),
    "documents_per_digester": (1, 3, 64, 2**24),
    "ghosts_max": (1, 1000),
    "seed": (0, 7, 2**64 - 1),
}
RANKING = {
    "coverage_power": (0.0, 0.15, 1.0, 8.0),
    "passage_share": (0.0, 0.5, 1.0),
    "title_weight": (0.0, 0.4, 100.0),
    "named_weight": (0.0, 0.6, 100.0),
    "name_mass": (0.01, 1.4, 100.0),
    "name_power": (0.0, 2.0, 16.0),
    "name_share": (0.0, 2.0, 100.0),
    "bearers_max": (1, 2, 32, 10_000),
    "seeds_max": (1, 2, 20),
    "seed_power": (0.0, 1.0, 8.0, 64.0),
    "seed_floor": (0.0, 0.01, 1.0),
    "stretch_words_max": (1, 5, 150, 2**24),
    "concepts_max": (1, 3, 30, 10_000),
    "own_share": (0.0, 0.2, 1.0, 100.0),
    "hop_share": (0.0, 0.2, 10.0),
    "concepts_weight": (0.0, 1.8, 100.0),
    "concepts_power": (0.01, 0.7, 16.0),
    "concepts_evidence": (0.0, 5.0, 10_000.0),
    "bridge_weight": (0.0, 0.9, 100.0),
    "exhaustive_max": (0, 3, 500),
    "lexical_candidates": (20, 100, 2**24),
    "concept_candidates": (1, 5, 80, 2**24),
    "postings_max": (1, 50, 8000, 2**40),
}
KNOWN = words(120)
NOON = datetime.datetime(2030, 6, 1, 12, tzinfo=datetime.UTC)
ODD = ("naïve", "STRASSE", "T", "AT&T", "日本語の検索", "ตัวอย่าง", "3.14", "don't", "x" * 300, "👍", "parseHTTPResponse")


class Different(AssertionError):
    """Two colonies of one program that should be equal and are not."""


@dataclass
class Counts:
    """What was tried."""

    programs: int = 0
    states: int = 0
    questions: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def __str__(self):
        kinds = ", ".join(f"{count:,} x {kind}" for kind, count in sorted(self.kinds.items()))
        return (
            f"{self.programs:,} programs, {self.states:,} states compared, {self.questions:,} questions asked; {kinds}"
        )


def one_of(chance, items):
    return items[chance.below(len(items))]


def settings(chance, bounds):
    """Some fields at values of the table, the others at their defaults."""
    return {name: one_of(chance, values) for name, values in bounds.items() if chance.below(3)}


def text(chance, longest=40):
    parts = [KNOWN[chance.rank(len(KNOWN))] for _ in range(1 + chance.below(longest))]
    if chance.below(5) == 0:
        parts.insert(chance.below(len(parts) + 1), one_of(chance, ODD))
    if chance.below(8) == 0:
        parts = [f"{' '.join(parts[at : at + 9])}." for at in range(0, len(parts), 9)] * (1 + chance.below(6))
    return " ".join(parts)


def document(chance, number):
    made = {"text": text(chance)}
    if chance.below(3):
        made["title"] = " ".join(KNOWN[chance.below(25)] for _ in range(1 + chance.below(3)))
    if chance.below(6):
        made["id"] = f"d{number}"
    if chance.below(2):
        made["metadata"] = {"n": chance.below(4), "tags": [one_of(chance, "abc") for _ in range(chance.below(3))]}
    if chance.below(4) == 0:
        made["expires"] = one_of(chance, (0, 1, 3, 7, 20, 60, 2**32 - 2, moment(chance)))
    return made


def moment(chance):
    return NOON + chance.below(20) * datetime.timedelta(microseconds=1)


def program(seed):
    """A config and steps, each a name and what it takes."""
    chance = Chance(seed)
    steps, number = [], 0
    for _ in range(6 + chance.below(10)):
        kinds = ("ingest", "ingest", "tick", "run", "update", "delete", "reinforce", "idle", "clear", "now", "renew")
        kind = one_of(chance, kinds) if number else "ingest"
        if kind == "ingest":
            batch = [document(chance, number + at) for at in range(1 + chance.below(25))]
            number += len(batch)
            steps.append((kind, batch))
        elif kind in ("update", "delete"):
            chosen = [f"d{chance.below(number)}" for _ in range(1 + chance.below(6))]
            steps.append((kind, [{**document(chance, 0), "id": name} for name in chosen]))
        elif kind == "renew":
            ends = (None, 0, 2, 9, 40, moment(chance))
            steps.append((kind, {f"d{chance.below(number)}": one_of(chance, ends) for _ in range(1 + chance.below(6))}))
        elif kind == "now":
            steps.append((kind, moment(chance)))
        elif kind == "reinforce":
            steps.append((kind, [text(chance, 4) for _ in range(1 + chance.below(3))]))
        elif kind == "idle":
            steps.append((kind, one_of(chance, (1, 3, 60))))
        elif kind == "clear":
            # Seldom: what follows it begins from nothing.
            steps.append((kind, None) if chance.below(4) == 0 else ("tick", None))
        else:
            steps.append((kind, None))
    return phago.ColonyConfig(**settings(chance, CONFIG)), steps, [text(chance, 6) for _ in range(3)]


def play(colony, kind, given, chance):
    """One step; `chance` gives orders and batches, which must not matter."""
    if kind == "ingest":
        batch = chance.shuffled(given)
        while batch:
            size = 1 + chance.below(len(batch))
            colony.ingest(batch[:size])
            batch = batch[size:]
    elif kind == "tick":
        colony.tick()
    elif kind == "run":
        colony.run(max_ticks=40)
    elif kind == "idle":
        for _ in range(given):
            colony.tick()
    elif kind == "update":
        # One after another where one id comes twice: then order counts.
        for one in given:
            colony.update(one)
    elif kind == "delete":
        for name in chance.shuffled({one["id"] for one in given}):
            colony.delete(name)
    elif kind == "renew":
        # Only the lifetimes change.
        for name in chance.shuffled(given):
            if (there := colony.get(name)) is not None:
                found = phago.Document(there.text, there.id, there.title, there.metadata, given[name])
                colony.update(found)
    elif kind == "now":
        colony.tick(now=given)
    elif kind == "reinforce":
        for question in given:
            for hit in colony.query(question, k=2):
                colony.reinforce(hit)


def answers(colony, questions, ranking, where):
    ask = lambda question, **how: [(hit.id, hit.score.hex(), hit.passage) for hit in colony.query(question, **how)]
    told = []
    for question in questions:
        told += [ask(question, k=7, ranking=ranking, where=where), ask(question, k=500, ranking=ranking)]
        told.append(ask(question, k=5, ranking="lexical", where=where))
        told.append([(one.label, one.score.hex()) for one in colony.concepts(question, k=5)])
        for hit in told[-4][:1]:
            told.append(repr(colony.explain(question, hit[0], ranking=ranking)))
    return told


def compare(seed, counts, shards=SHARDS):
    """Run the program of a seed on every number of shards, step by step.

    Raises:
        Different: With the seed, the step and what is not equal.
    """
    config, steps, questions = program(seed)
    chance = Chance(seed ^ 0xA5A5)
    ranking = phago.Ranking(**settings(chance, RANKING))
    where = one_of(chance, (None, {"n": 1}, {"n": {"gte": 1}, "tags": "a"}, {"tags": {"ne": "b"}}))
    counts.programs += 1
    colonies = [phago.Colony(count, seed=config.seed, config=config) for count in shards]
    standing = {}
    try:
        for at, (kind, given) in enumerate(steps):
            if kind == "ingest":
                # Without an id a document's identity is that of its content: it may come twice.
                standing.update((one["id"], one) for one in given if "id" in one)
            counts.kinds[kind] = counts.kinds.get(kind, 0) + 1
            seen = []
            for colony, count in zip(colonies, shards, strict=True):
                if kind == "clear":
                    order = Chance(seed + at + count).shuffled(sorted(standing))
                    for name in order:
                        colony.delete(name)
                else:
                    play(colony, kind, given, Chance(seed * 31 + at * 7 + count))
                stats = colony.stats()
                facts = {"digest": colony.digest(), "evidence": colony.digest("evidence")}
                facts |= {name: getattr(stats, name) for name in STATS if hasattr(stats, name)}
                assert stats.edges == len(colony.graph.edges) < 2**40, (seed, at, kind, stats)
                assert stats.nodes == len(colony.graph.nodes), (seed, at, kind, stats)
                if at % 3 == 2 or at == len(steps) - 1:
                    facts["answers"] = answers(colony, questions, ranking, where)
                    counts.questions += 4 * len(questions)
                seen.append(facts)
                counts.states += 1
            for count, facts in zip(shards, seen, strict=True):
                for name, value in facts.items():
                    if value != seen[0][name]:
                        raise Different(f"seed {seed}, step {at} ({kind}): {name} on {count} shards and on {shards[0]}")
    except Exception as error:
        error.add_note(f"seed {seed}, {config}")
        raise
    finally:
        for colony in colonies:
            colony.close()


if __name__ == "__main__":
    counts = Counts()
    for seed in map(int, itertools.chain.from_iterable(part.split(",") for part in sys.argv[1:])):
        compare(seed, counts)
    print(counts)
