"""What is measured of a ranking. The measures are those of trec_eval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["MEASURES", "Grades"]

Grades = Mapping[str, float]
"""The judged documents of a question; a grade above 0 is an answer."""


def ndcg(ranking: Sequence[str], grades: Grades, cutoff: int = 10) -> float:
    """Normalised discounted cumulative gain, each gain being grade / log2(1 + rank) (Jarvelin, Kekalainen 2002)."""

    def gain(found: Iterable[float]) -> float:
        return sum(max(grade, 0) / math.log2(1 + rank) for rank, grade in enumerate(found, 1))

    ideal = gain(sorted(grades.values(), reverse=True)[:cutoff])
    return gain(grades.get(document, 0) for document in ranking[:cutoff]) / ideal if ideal else 0.0


def _answers(grades: Grades) -> int:
    return sum(grade > 0 for grade in grades.values())


def average_precision(ranking: Sequence[str], grades: Grades) -> float:
    """The mean, over all answers, of the precision at the rank of each; 0 for an answer that is not in the ranking."""
    found, total = 0, 0.0
    for rank, document in enumerate(ranking, 1):
        if grades.get(document, 0) > 0:
            found += 1
            total += found / rank
    return total / _answers(grades) if found else 0.0


def recall(ranking: Sequence[str], grades: Grades, cutoff: int) -> float:
    """The share of the answers among the first `cutoff`."""
    found = sum(grades.get(document, 0) > 0 for document in ranking[:cutoff])
    return found / _answers(grades) if found else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Grades, cutoff: int = 10) -> float:
    """One divided by the rank of the first answer; 0 if the first `cutoff` documents hold no answer."""
    ranks = (rank for rank, document in enumerate(ranking[:cutoff], 1) if grades.get(document, 0) > 0)
    return 1 / next(ranks, math.inf)


MEASURES: dict[str, Callable[[Sequence[str], Grades], float]] = {
    "nDCG@10": ndcg,
    "MAP": average_precision,
    "recall@5": lambda ranking, grades: recall(ranking, grades, 5),
    "recall@10": lambda ranking, grades: recall(ranking, grades, 10),
    "MRR@10": reciprocal_rank,
}
