"""How good the lexical answer is, on collections that people judged; the figures are ir-measures' own."""

from pathlib import Path

import corpora
import ir_measures
import peers
import phago
import pytest
from ir_measures import AP, RR, R, nDCG
from turns import Spread

MEASURES = [nDCG @ 10, AP, R @ 5, R @ 10, RR @ 10]
DEPTH = 100


def evaluate(grades: dict[str, dict[str, int]], ranking: dict[str, dict[str, float]]) -> dict[str, float]:
    return {str(measure): value for measure, value in ir_measures.calc_aggregate(MEASURES, grades, ranking).items()}


def check(benchmark, figures, folder: Path, measure: str, floor: float) -> None:
    rows = corpora.documents(folder / "corpus.jsonl.gz")
    questions, grades = corpora.judged(folder)
    rankings: dict[str, dict[str, float]] = {}
    with phago.Colony() as colony:
        report = colony.ingest(rows, on_error="skip")
        colony.run()

        def ask() -> None:
            for question, text in questions.items():
                # ir-measures orders equal scores by id; ours are in order, and their places say so.
                hits = colony.query(text, k=DEPTH, ranking="lexical")
                rankings[question] = {hit.id: float(DEPTH - place) for place, hit in enumerate(hits)}

        benchmark.pedantic(ask, rounds=1, iterations=1)
    assert report.accepted + len(report.rejected) == len(rows)
    texts = [corpora.whole(row) for row in rows]
    search = peers.bm25s_search(texts)
    peer = {
        question: {rows[at]["id"]: float(DEPTH - place) for place, at in enumerate(search(text, DEPTH))}
        for question, text in questions.items()
    }
    ours, theirs = evaluate(grades, rankings), evaluate(grades, peer)
    section = f"lexical answer on {folder.name}: {report.accepted:,} documents, {len(questions)} questions (one run)"
    for name, value in ours.items():
        ratio = Spread((value / theirs[name],)) if theirs[name] else None
        figures.add(section, name, f"{value:.4f}", f"{theirs[name]:.4f} bm25s", ratio)
    benchmark.extra_info.update(ours)
    assert ours[measure] >= floor


@pytest.mark.benchmark(group="retrieval")
def test_bench_cranfield(benchmark, figures, cranfield: Path):
    check(benchmark, figures, cranfield, "nDCG@10", 0.39)


@pytest.mark.benchmark(group="retrieval")
def test_bench_hotpotqa(benchmark, figures, hotpotqa: Path):
    check(benchmark, figures, hotpotqa, "R@5", 0.77)
