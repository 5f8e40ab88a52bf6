"""What typing errors cost: what `phago eval --typos` shows.

Each question gets one typing error in its rarest known word: two neighbouring letters swapped, or a letter left out,
added or changed, each as often as the others and anywhere in the word. A known word is one of letters, at least
four of them, that stands in some document; the rarest is in the fewest documents, the first of equals. An error that
makes another known word is drawn again, as no speller that looks at words alone can see it.

Everything here is the same in every run: the draws come from a seed and the question's id.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..colony import Colony
from ..results import Rejected
from .beir import Collection, CollectionError
from .evaluation import DEPTH, Row, difference_text, rankings_of, values_of
from .significance import paired_t_test

__all__ = ["Spelling", "spelling", "spelling_table"]

LETTERS_MIN = 4
COMPARED = ("nDCG@10", "recall@5", "MRR@10")
LETTERS = "abcdefghijklmnopqrstuvwxyz"

RIGHT = "as it is asked"
MISSPELT = "misspelt"
UNREAD = "misspelt, near words off"
ALONE = "misspelt, BM25"
ROWS = (RIGHT, MISSPELT, UNREAD, ALONE)
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Spelling:
    """The errors that were made, and what each ranking reached."""

    collection: Collection
    left_out: tuple[Rejected, ...]
    seed: int
    errors: dict[str, tuple[str, str]]
    """By question the word, and how it was misspelt; questions without a known word are asked as they are."""
    first: int
    """How many of these words were read as what they had been before anything else."""
    among: int
    """How many were read as it among others."""
    rows: dict[str, dict[str, list[float]]]
    """By row and measure, the value of each question."""

    def mean(self, row: str, measure: str) -> float:
        values = self.rows[row][measure]
        return math.fsum(values) / len(values)

    def difference(self, row: str, measure: str) -> tuple[float, float | None]:
        """How far a row is from the questions as they are asked, and the p value of that."""
        p = paired_t_test(self.rows[row][measure], self.rows[RIGHT][measure])
        return self.mean(row, measure) - self.mean(RIGHT, measure), p

    def as_json(self) -> dict[str, Any]:
        """Everything of the table, as what JSON can hold."""

        def told(row: str, measure: str) -> dict[str, float | None]:
            figures: dict[str, float | None] = {"mean": self.mean(row, measure)}
            if row != RIGHT:
                figures["difference"], figures["p"] = self.difference(row, measure)
            return figures

        return {
            "collection": self.collection.name,
            "documents": len(self.collection.documents) - len(self.left_out),
            "left_out": len(self.left_out),
            "questions": len(self.collection.questions),
            "seed": self.seed,
            "misspelt": {question: list(error) for question, error in self.errors.items()},
            "read_first": self.first,
            "read_among": self.among,
            "test": "Student's paired t test, two-sided",
            "rows": [{"name": row, **{measure: told(row, measure) for measure in COMPARED}} for row in self.rows],
        }


def spelling(collection: Collection, *, shards: int | None = None, depth: int = DEPTH, seed: int = 0) -> Spelling:
    """Ask a collection's questions with one typing error in each.

    Args:
        collection: What `read_collection` read.
        shards: Shards of the colony; by default one for each core. No figure depends on it.
        depth: Places of a ranking that are looked at; 10 or more.
        seed: Of the errors.

    Raises:
        CollectionError: No question has a word to misspell.
    """
    known: Counter[str] = Counter()
    for document in collection.documents:
        known.update({word.lower() for word in _WORD.findall(f"{document.title} {document.text}")})
    errors: dict[str, tuple[str, str]] = {}
    misspelt: dict[str, str] = {}
    for question, text in collection.questions.items():
        words = [word for word in _WORD.finditer(text) if len(word[0]) >= LETTERS_MIN and known[word[0].lower()]]
        misspelt[question] = text
        if words:
            rarest = min(words, key=lambda word: known[word[0].lower()])
            wrong = _error(rarest[0].lower(), known, random.Random(f"{seed} {question}"))
            errors[question] = rarest[0].lower(), wrong
            misspelt[question] = text[: rarest.start()] + wrong + text[rarest.end() :]
    if not errors:
        raise CollectionError(f"no question of `{collection.path}` has a word to misspell", path=collection.path)
    asked = replace(collection, questions=misspelt)
    rows: dict[str, dict[str, list[float]]] = {}
    first = among = 0
    with Colony(shards) as colony:
        report = colony.ingest(collection.documents, on_error="skip")
        colony.run()
        for name, changes in ((MISSPELT, {}), (UNREAD, {"near_share": 0.0}), (ALONE, None)):
            found = rankings_of(colony, asked, Row(name, changes), depth)
            rows[name] = values_of(found, collection.grades)
        rows[RIGHT] = values_of(rankings_of(colony, collection, Row(RIGHT), depth), collection.grades)
        for question, (word, wrong) in errors.items():
            explained = colony.explain(misspelt[question])
            read = [instead for said, instead in explained.read_as if said == wrong] if explained else []
            first += read[:1] == [word]
            among += word in read
    return Spelling(collection, report.rejected, seed, errors, first, among, {row: rows[row] for row in ROWS})


def _error(word: str, known: Counter[str], chance: random.Random) -> str:
    """The word with one typing error, which makes it no other known word."""
    while True:
        at = chance.randrange(len(word))
        match chance.randrange(4):
            case 0:
                wrong = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
            case 1:
                wrong = word[:at] + word[at + 1 :]
            case 2:
                wrong = word[:at] + chance.choice(LETTERS) + word[at:]
            case _:
                wrong = word[:at] + chance.choice(LETTERS) + word[at + 1 :]
        if not known[wrong]:
            return wrong


def spelling_table(report: Spelling) -> Iterator[str]:
    """The figures as lines; no other run and no number of shards changes any."""
    made = len(report.errors)
    yield f"{made:,} questions with one typing error in their rarest known word (seed {report.seed})."
    yield (
        f"{report.first:,} of these words are read as what they had been first of all ({report.first / made:.1%}), "
        f"{report.among:,} among others ({report.among / made:.1%})."
    )
    width = max(map(len, report.rows)) + 2
    yield ""
    yield f"{'':{width}}" + "".join(f"{measure:>11}" for measure in COMPARED)
    for row in report.rows:
        yield f"{row:{width}}" + "".join(f"{report.mean(row, measure):>11.4f}" for measure in COMPARED)
    yield ""
    yield "Difference to the questions as they are asked, and p of Student's paired t test (two-sided):"
    for row in report.rows:
        if row != RIGHT:
            cells = (difference_text(*report.difference(row, measure)) for measure in COMPARED)
            yield f"{row:{width}}" + "".join(f"{cell:>17}" for cell in cells)
