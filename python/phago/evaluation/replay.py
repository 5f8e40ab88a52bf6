"""Whether learning from use may touch the ranking: what `phago eval --replay` shows.

Half of a collection's questions are asked again and again, some often and most seldom (Zipf), and whoever asks says of
each answer among the first ten that it helped. Then both halves are measured, the one that was learned from and the one
that nobody ever asked, in a ranking that reads what is learned and in the default one that does not. A colony that made
as many ticks and learned nothing stands beside them, as time alone changes what such a ranking reads.

Everything here is the same in every run: the halves come from hashes of the questions' ids, the draws from a seed.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..colony import Colony
from ..config import Ranking
from ..results import Rejected
from .beir import Collection, CollectionError
from .evaluation import DEPTH, Row, difference_text, rankings_of, values_of
from .significance import paired_t_test

__all__ = ["DRAWS", "Replay", "replay", "replay_table"]

DRAWS = 2_000
"""Questions asked while the colony learns."""
EXPONENT = 1.0
"""Of Zipf's law: the question of rank r is drawn with a probability proportional to 1 / r^EXPONENT."""
DRAWS_PER_TICK = 20
HELPFUL = 10
"""Ranks of an answer that the user says helped, where the judgements agree."""
HOP_SHARE = 0.2
"""What the ranking that reads what is learned gives to it."""
SIGNIFICANT = 0.05

COMPARED = ("nDCG@10", "MAP", "MRR@10")
HALVES = ("learned", "unseen")

DEFAULT = "default ranking"
BEFORE = "with the hop, before"
IDLE = "with the hop, time alone"
AFTER = "with the hop, learned"
ROWS = (DEFAULT, BEFORE, IDLE, AFTER)
HOP = {"hop_share": HOP_SHARE}

Values = dict[str, dict[str, list[float]]]
"""By half and measure, the value of each question."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What one way to rank has more than another, on the mean, and the p value of that."""

    mean: float
    p: float | None

    @classmethod
    def of(cls, ours: Sequence[float], theirs: Sequence[float]) -> Difference:
        mean = (math.fsum(ours) - math.fsum(theirs)) / len(ours)
        return cls(mean, paired_t_test(ours, theirs))

    @property
    def is_significant(self) -> bool:
        return self.p is not None and self.p < SIGNIFICANT

    def __str__(self) -> str:
        return difference_text(self.mean, self.p)


@dataclass(frozen=True, slots=True)
class Replay:
    """What was replayed, and what each ranking reached on both halves."""

    collection: Collection
    left_out: tuple[Rejected, ...]
    halves: dict[str, list[str]]
    """The questions' ids; of those learned from, the most frequent first."""
    draws: int
    ticks: int
    reinforced: int
    """How often a hit helped and was learned from."""
    rows: dict[str, Values]

    def difference(self, row: str, base: str, half: str, measure: str) -> Difference:
        return Difference.of(self.rows[row][half][measure], self.rows[base][half][measure])

    def mean(self, row: str, half: str, measure: str) -> float:
        values = self.rows[row][half][measure]
        return math.fsum(values) / len(values)

    @property
    def gain(self) -> Difference:
        """nDCG@10 on the questions learned from, over the default ranking."""
        return self.difference(AFTER, DEFAULT, "learned", "nDCG@10")

    @property
    def losses(self) -> dict[str, Difference]:
        """The measures in which unseen questions lose significantly to the default ranking."""
        found = {measure: self.difference(AFTER, DEFAULT, "unseen", measure) for measure in COMPARED}
        return {measure: one for measure, one in found.items() if one.mean < 0 and one.is_significant}

    @property
    def may_rank(self) -> bool:
        """Whether this collection lets learned use touch the default ranking."""
        return self.gain.mean > 0 and self.gain.is_significant and not self.losses

    @property
    def conclusion(self) -> str:
        gained = "a significant gain" if self.gain.mean > 0 and self.gain.is_significant else "no significant gain"
        lost = ", ".join(f"{measure} {one}" for measure, one in self.losses.items())
        may = "may touch" if self.may_rank else "stays out of"
        loss = f"a significant loss ({lost})" if lost else "no significant loss"
        return (
            f"By {self.collection.name}, learned use {may} the default ranking: {gained} on questions learned from "
            f"(nDCG@10 {self.gain}), {loss} on unseen ones."
        )

    def as_json(self) -> dict[str, Any]:
        """Everything of the table, as what JSON can hold."""

        def told(row: str, base: str | None) -> dict[str, Any]:
            halves: dict[str, Any] = {}
            for half in HALVES:
                halves[half] = {}
                for measure in COMPARED:
                    figures: dict[str, float | None] = {"mean": self.mean(row, half, measure)}
                    if base is not None:
                        found = self.difference(row, base, half, measure)
                        figures |= {"difference": found.mean, "p": found.p}
                    halves[half][measure] = figures
            return halves

        return {
            "collection": self.collection.name,
            "documents": len(self.collection.documents) - len(self.left_out),
            "left_out": len(self.left_out),
            "questions": {half: len(names) for half, names in self.halves.items()},
            "draws": self.draws,
            "exponent": EXPONENT,
            "draws_per_tick": DRAWS_PER_TICK,
            "ticks": self.ticks,
            "reinforced": self.reinforced,
            "hop_share": HOP_SHARE,
            "test": "Student's paired t test, two-sided",
            "rows": [
                {"name": row, "changes": _changes(row), **told(row, None if row == DEFAULT else DEFAULT)}
                for row in self.rows
            ],
            "learning_alone": told(AFTER, IDLE),
            "may_rank": self.may_rank,
            "conclusion": self.conclusion,
        }


def replay(
    collection: Collection, *, shards: int | None = None, draws: int = DRAWS, depth: int = DEPTH, seed: int = 0
) -> Replay:
    """Let a colony learn from half of a collection's questions, and measure both halves before and after.

    Args:
        collection: What `read_collection` read.
        shards: Shards of the colonies; by default one for each core. No figure depends on it.
        draws: Questions asked while it learns.
        depth: Places of a ranking that are looked at; 10 or more.
        seed: Of the halves and of the draws.

    Raises:
        CollectionError: Fewer than two judged questions.
    """
    if len(collection.questions) < 2:
        accepted = "two or more, one to learn from and one unseen"
        what = f"`{collection.path}` has one judged question; accepted are {accepted}"
        raise CollectionError(what, path=collection.path)
    names = sorted(collection.questions, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    middle = (len(names) + 1) // 2
    halves = dict(zip(HALVES, (names[:middle], names[middle:]), strict=True))
    rows: dict[str, Values] = {}

    def measure(colony: Colony, row: str) -> None:
        found = rankings_of(colony, collection, Row(row, _changes(row)), depth)
        rows[row] = {
            half: values_of({name: found[name] for name in some}, collection.grades) for half, some in halves.items()
        }

    with Colony(shards) as colony:
        report = colony.ingest(collection.documents, on_error="skip")
        colony.run()
        measure(colony, DEFAULT)
        measure(colony, BEFORE)
        ticks, reinforced = _learn(colony, collection, halves["learned"], draws, seed)
        measure(colony, AFTER)
    with Colony(shards) as colony:
        colony.ingest(collection.documents, on_error="skip")
        colony.run()
        for _ in range(ticks):
            colony.tick()
        measure(colony, IDLE)
    return Replay(collection, report.rejected, halves, draws, ticks, reinforced, {row: rows[row] for row in ROWS})


def _changes(row: str) -> dict[str, float]:
    return {} if row == DEFAULT else HOP


def _learn(colony: Colony, collection: Collection, names: list[str], draws: int, seed: int) -> tuple[int, int]:
    """Ask, and learn from what helped; the ticks made, and how often something helped."""
    chance = random.Random(seed)
    shares = list(itertools.accumulate(rank**-EXPONENT for rank in range(1, len(names) + 1)))
    ranking = Ranking(**HOP)  # type: ignore[arg-type]
    ticks = reinforced = 0
    for draw in range(1, draws + 1):
        name = names[min(bisect(shares, chance.random() * shares[-1]), len(names) - 1)]
        grades = collection.grades[name]
        for hit in colony.query(collection.questions[name], HELPFUL, ranking):
            if grades.get(hit.id, 0) > 0 and not (hit.id == name and name in collection.copied):
                reinforced += colony.reinforce(hit)
        if draw % DRAWS_PER_TICK == 0 or draw == draws:
            colony.tick()
            ticks += 1
    return ticks, reinforced


def replay_table(report: Replay) -> Iterator[str]:
    """The figures as lines; no other run and no number of shards changes any."""
    learned, unseen = (len(report.halves[half]) for half in HALVES)
    yield (
        f"{report.draws:,} questions asked of {learned:,}, the often asked far more often (Zipf, s = {EXPONENT:g}); "
        f"{unseen:,} never asked."
    )
    yield f"{report.reinforced:,} hits helped and were learned from, in {report.ticks:,} ticks."
    width = max(map(len, report.rows)) + 2
    cells = [(half, measure) for half in HALVES for measure in COMPARED]
    yield ""
    yield f"{'':{width}}" + "".join(f"{half:>{11 * len(COMPARED)}}" for half in HALVES)
    yield f"{'':{width}}" + "".join(f"{measure:>11}" for _, measure in cells)
    for row in report.rows:
        yield f"{row:{width}}" + "".join(f"{report.mean(row, *cell):>11.4f}" for cell in cells)
    yield ""
    yield "Difference to the default ranking, and p of Student's paired t test (two-sided):"
    for row in report.rows:
        if row != DEFAULT:
            yield f"{row:{width}}" + "".join(f"{report.difference(row, DEFAULT, *cell)!s:>17}" for cell in cells)
    yield "And what learning did beside as much time alone:"
    yield f"{AFTER:{width}}" + "".join(f"{report.difference(AFTER, IDLE, *cell)!s:>17}" for cell in cells)
    yield ""
    yield report.conclusion
