"""How well a colony answers the questions of a judged collection: what `phago eval` shows.

The measures are those of trec_eval, each a mean over all judged questions: a question that finds nothing counts as 0.
"""

from __future__ import annotations

import itertools
import math
import struct
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._embedding import Embed, Embedding, Vector
from ..colony import Colony
from ..config import Ranking
from ..document import Document
from ..errors import LimitError
from ..results import Rejected
from .beir import Collection, CollectionError
from .measures import MEASURES, Grades
from .significance import paired_t_test

__all__ = [
    "DEPTH",
    "ROWS",
    "Report",
    "Result",
    "Row",
    "averages",
    "averages_json",
    "difference_text",
    "evaluate",
    "heading",
    "rankings_of",
    "run_lines",
    "table",
    "values_of",
]

DEPTH = 1000
"""Ranks that count for MAP; a run file holds at most as many."""
ASKED = 10
"""Hits of the questions that are timed."""

Rankings = dict[str, list[tuple[str, float]]]


# --- what is compared --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A way to rank."""

    name: str
    changes: Mapping[str, float] | None = field(default_factory=dict)
    """What differs from the default ranking; `None` for BM25 alone."""
    with_vectors: bool = False
    """Whether questions have vectors, if there is a model."""


BASELINE = Row("BM25", None)
# By default the ranking reads no edge of the graph, so that there is a row with them and none without.
ROWS = (
    Row("phago"),
    BASELINE,
    Row("no concept spread", {"concepts_weight": 0.0}),
    Row("no title bridge", {"bridge_weight": 0.0}),
    Row("no title in question", {"title_weight": 0.0, "named_weight": 0.0}),
    Row("with the Hebbian hop", {"hop_share": 0.2}),
)
WITHOUT_CONTEXT = Row("no context", {"context_weight": 0.0})
"""Where documents stand in threads."""
WITH_VECTORS = Row("with vectors", with_vectors=True)
"""The row that is added where there is a model."""


def _arguments(row: Row) -> dict[str, Any]:
    """What a row passes to `query`; the first passes nothing, so that it measures what a user gets."""
    if row.changes is None:
        return {"ranking": "lexical"}
    return {"ranking": Ranking(**row.changes)} if row.changes else {}  # type: ignore[arg-type]


# --- the evaluation ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What one way to rank reached."""

    row: Row
    rankings: Rankings
    """For each question the documents with their scores, best first."""
    values: dict[str, list[float]]
    """For each measure the value of each question."""
    queries_per_second: float
    """Questions answered in a second by one thread that takes the best ten."""

    def mean(self, measure: str) -> float:
        values = self.values[measure]
        return math.fsum(values) / len(values)


@dataclass(frozen=True, slots=True)
class Report:
    """A collection, and what each way to rank reached on it."""

    collection: Collection
    left_out: tuple[Rejected, ...]
    """Documents that a colony does not take, such as blank ones."""
    depth: int
    results: list[Result]

    def difference(self, result: Result, measure: str) -> tuple[float, float | None] | None:
        """How far a row is from BM25, and the p value of that; `None` for BM25 itself."""
        base = next((other for other in self.results if other.row.changes is None), None)
        if base is None or base is result:
            return None
        p = paired_t_test(result.values[measure], base.values[measure])
        return result.mean(measure) - base.mean(measure), p

    def as_json(self) -> dict[str, Any]:
        """Everything of the table, as what JSON can hold."""
        rows = []
        for result in self.results:
            measures: dict[str, Any] = {}
            for measure in MEASURES:
                measures[measure] = {"mean": result.mean(measure)}
                found = self.difference(result, measure)
                if found is not None:
                    measures[measure] |= {"difference": found[0], "p": found[1]}
            changes = None if result.row.changes is None else dict(result.row.changes)
            rows.append(
                {
                    "name": result.row.name,
                    "changes": changes,
                    "measures": measures,
                    "queries_per_second": result.queries_per_second,
                }
            )
        return {
            "collection": self.collection.name,
            "documents": len(self.collection.documents) - len(self.left_out),
            "left_out": len(self.left_out),
            "questions": len(self.collection.questions),
            "judgements": sum(map(len, self.collection.grades.values())),
            "depth": self.depth,
            "baseline": BASELINE.name,
            "test": "Student's paired t test, two-sided",
            "rows": rows,
        }


def evaluate(
    collection: Collection, *, shards: int | None = None, depth: int = DEPTH, vectors: Embed | None = None
) -> Report:
    """Digest a collection and ask its questions, in each way to rank.

    Args:
        collection: What `read_collection` read.
        shards: Shards of the colony; by default one for each core. No figure depends on it, but the time.
        depth: How many documents of a ranking are looked at; 10 or more.
        vectors: A model. All documents have vectors then, and so have the questions of one more row.
    """
    with Colony(shards) as colony:
        report = colony.ingest(_with_vectors(collection.documents, vectors), on_error="skip")
        colony.run()
        rows = ROWS + (WITHOUT_CONTEXT,) * any(document.thread is not None for document in collection.documents)
        results = [_result(colony, collection, row, depth, None) for row in rows]
        if vectors is not None:
            texts = list(collection.questions.values())
            made = dict(zip(texts, Embedding(vectors, None).vectors(texts), strict=True))
            results.append(_result(colony, collection, WITH_VECTORS, depth, made))
    return Report(collection, report.rejected, depth, results)


def _with_vectors(documents: Sequence[Document], model: Embed | None) -> Sequence[Document]:
    if model is None:
        return documents
    # Blank ones are left out by the colony. The others as an open colony would ask for them.
    texts = [f"{one.title}\n{one.text}" if one.title else one.text for one in documents]
    made = iter(Embedding(model, None).vectors([text for text in texts if text.strip()]))
    pairs = zip(documents, texts, strict=True)
    return [replace(one, vector=next(made)) if text.strip() else one for one, text in pairs]


def rankings_of(
    colony: Colony, collection: Collection, row: Row, depth: int, made: Mapping[str, Vector] | None = None
) -> Rankings:
    """Ask every question, in one way to rank; with its vector, if these were made."""
    arguments = _arguments(row)
    rankings: Rankings = {}
    for question, text in collection.questions.items():
        try:
            # One more, as a copy of the question may be among them.
            copied = question in collection.copied
            found = colony.query(text, k=depth + copied, paths=False, **arguments, **_vector(made, text))
        except LimitError as error:
            raise CollectionError(f"question `{question}`: {error}", path=collection.path) from error
        others = [(hit.id, hit.score) for hit in found if not (copied and hit.id == question)]
        rankings[question] = others[:depth]
    return rankings


def _vector(made: Mapping[str, Vector] | None, text: str) -> dict[str, Vector]:
    return {} if made is None else {"vector": made[text]}


def values_of(rankings: Rankings, grades: Mapping[str, Grades]) -> dict[str, list[float]]:
    """For each measure the value of each ranking, in their order."""
    documents = {question: [document for document, _ in found] for question, found in rankings.items()}
    return {
        measure: [value(found, grades[question]) for question, found in documents.items()]
        for measure, value in MEASURES.items()
    }


def _result(colony: Colony, collection: Collection, row: Row, depth: int, made: Mapping[str, Vector] | None) -> Result:
    rankings = rankings_of(colony, collection, row, depth, made)
    values, arguments = values_of(rankings, collection.grades), _arguments(row)
    begun = time.perf_counter()
    for text in collection.questions.values():
        colony.query(text, k=ASKED, **arguments, **_vector(made, text))
    taken = max(time.perf_counter() - begun, 1e-9)
    return Result(row, rankings, values, len(collection.questions) / taken)


# --- showing -----------------------------------------------------------------------------------------------------


def heading(collection: Collection) -> str:
    """The first line of what is shown."""
    judgements = sum(map(len, collection.grades.values()))
    copied = len(collection.copied)
    left_out = f" The documents that {copied:,} of the questions copy are left out of their rankings." if copied else ""
    return (
        f"{collection.name}: {_many(len(collection.documents), 'document')}, "
        f"{_many(len(collection.questions), 'judged question')}, {_many(judgements, 'judgement')}.{left_out}"
    )


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def table(report: Report) -> Iterator[str]:
    """The figures as lines. Queries/s comes last: it is the only figure that another run changes."""
    if report.left_out:
        first = report.left_out[0]
        yield f"Left out: {_many(len(report.left_out), 'document')}, such as `{first.id}`:"
        yield f"  its {first.field} {first.reason}."
    width = max(len(result.row.name) for result in report.results) + 2
    yield ""
    yield f"{'':{width}}{''.join(f'{measure:>11}' for measure in MEASURES)}  queries/s"
    for result in report.results:
        figures = "".join(f"{result.mean(measure):>11.4f}" for measure in MEASURES)
        yield f"{result.row.name:{width}}{figures}  {result.queries_per_second:>9,.0f}"
    compared = [result for result in report.results if report.difference(result, "MAP") is not None]
    if compared:
        yield ""
        yield f"Difference to {BASELINE.name}, and p of Student's paired t test (two-sided):"
        for result in compared:
            figures = "".join(f"{_compared(report, result, measure):>17}" for measure in MEASURES)
            yield f"{result.row.name:{width}}{figures}"


def _compared(report: Report, result: Result, measure: str) -> str:
    found = report.difference(result, measure)
    assert found is not None
    return difference_text(*found)


def difference_text(difference: float, p: float | None) -> str:
    """A difference of means and its p value, in 14 characters at most."""
    return f"{difference:+.4f} {'p=-' if p is None else 'p<.001' if p < 0.001 else f'p={p:.3f}'.replace('0.', '.')}"


def averages(reports: Sequence[Report]) -> Iterator[str]:
    """The means over several collections, each of which counts alike, as lines."""
    names = _rows_of(reports)
    width = max(map(len, names)) + 2
    yield f"Mean over {len(reports)} collections:"
    yield f"{'':{width}}{''.join(f'{measure:>11}' for measure in MEASURES)}"
    for name in names:
        yield f"{name:{width}}{''.join(f'{_mean_of(reports, name, measure):>11.4f}' for measure in MEASURES)}"


def averages_json(reports: Sequence[Report]) -> dict[str, Any]:
    """The means over several collections, as what JSON can hold."""
    rows = [
        {"name": name, "measures": {measure: {"mean": _mean_of(reports, name, measure)} for measure in MEASURES}}
        for name in _rows_of(reports)
    ]
    return {"collections": [report.as_json() for report in reports], "average": {"rows": rows}}


def _rows_of(reports: Sequence[Report]) -> list[str]:
    return [result.row.name for result in reports[0].results]


def _mean_of(reports: Sequence[Report], name: str, measure: str) -> float:
    values = [result.mean(measure) for report in reports for result in report.results if result.row.name == name]
    return math.fsum(values) / len(values)


def run_lines(result: Result) -> Iterator[str]:
    """A ranking as lines of a TREC run: question, Q0, document, rank, score, name; at most 1,000 of a question.

    Readers of runs order by score in single precision, and equal ones in ways of their own. So a score that would not
    be below the one before it is lowered to the next number that is.
    """
    tag = result.row.name.replace(" ", "-")
    for question, found in result.rankings.items():
        last = math.inf
        for rank, (document, score) in enumerate(itertools.islice(found, DEPTH), 1):
            last = min(_single(score), _below(last))
            yield f"{question} Q0 {document} {rank} {last:.9g} {tag}"


def unfit_for_a_run(names: Iterable[str]) -> str | None:
    """The first id that a run cannot hold, as its columns are cut at white space."""
    return next((name for name in names if name.split() != [name]), None)


def _single(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


def _below(value: float) -> float:
    """The next number of single precision below this one."""
    if math.isinf(value):
        return value
    # The bits of a positive number, read as an integer, grow with it; those of a negative one grow as it falls.
    bits = struct.unpack("<i", struct.pack("<f", abs(value)))[0]
    sign, step = (1, -1) if value > 0 else (-1, 1)
    return sign * float(struct.unpack("<f", struct.pack("<i", bits + step))[0])
