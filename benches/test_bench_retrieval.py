"""How good the answers are, on collections that people judged; the figures are ir-measures' own."""

from pathlib import Path
from typing import Literal

import corpora
import ir_measures
import peers
import phago
import pytest
from ir_measures import AP, RR, R, nDCG
from turns import Spread

MEASURES = [nDCG @ 10, AP, R @ 5, R @ 10, RR @ 10]
DEPTH = 100

Floors = dict[str, float]


def evaluate(grades: dict[str, dict[str, int]], ranking: dict[str, dict[str, float]]) -> dict[str, float]:
    return {str(measure): value for measure, value in ir_measures.calc_aggregate(MEASURES, grades, ranking).items()}


def placed(names: list[str]) -> dict[str, float]:
    """ir-measures orders equal scores by id; ours are in order, and their places say so."""
    return {name: float(DEPTH - place) for place, name in enumerate(names)}


def check(benchmark, figures, folder: Path, lexical: Floors, full: Floors) -> None:
    rows = corpora.documents(folder / "corpus.jsonl.gz")
    questions, grades = corpora.judged(folder)
    search = peers.bm25s_search([corpora.whole(row) for row in rows])
    peer = {name: placed([rows[at]["id"] for at in search(text, DEPTH)]) for name, text in questions.items()}
    theirs = evaluate(grades, peer)
    with phago.Colony() as colony:
        report = colony.ingest(rows, on_error="skip")
        colony.run()

        def ask(ranking: Literal["lexical"] | None) -> dict[str, float]:
            answers = {name: colony.query(text, k=DEPTH, ranking=ranking) for name, text in questions.items()}
            return evaluate(grades, {name: placed([hit.id for hit in hits]) for name, hits in answers.items()})

        plain = ask("lexical")
        ours = benchmark.pedantic(ask, args=(None,), rounds=1, iterations=1)
    assert report.accepted + len(report.rejected) == len(rows)
    size = f"{report.accepted:,} documents, {len(questions)} questions (one run)"
    for kind, measured in (("lexical", plain), ("full", ours)):
        for name, value in measured.items():
            ratio = Spread((value / theirs[name],)) if theirs[name] else None
            section = f"{kind} answer on {folder.name}: {size}"
            figures.add(section, name, f"{value:.4f}", f"{theirs[name]:.4f} bm25s", ratio)
    benchmark.extra_info.update(ours)
    for measured, floors in ((plain, lexical), (ours, full)):
        assert all(measured[name] >= floor for name, floor in floors.items())


@pytest.mark.benchmark(group="retrieval")
def test_bench_cranfield(benchmark, figures, cranfield: Path):
    check(benchmark, figures, cranfield, lexical={"nDCG@10": 0.39}, full={"nDCG@10": 0.455})


@pytest.mark.benchmark(group="retrieval")
def test_bench_hotpotqa(benchmark, figures, hotpotqa: Path):
    check(benchmark, figures, hotpotqa, lexical={"R@5": 0.77}, full={"nDCG@10": 0.91, "R@5": 0.94})
