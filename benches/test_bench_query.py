"""Answers from Python, top 10: the lexical one beside libraries that do nothing else, and the full one."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import corpora
import peers
import phago
import pytest
from turns import Measured, each_us, in_turn, percentile

SECTION = "lexical query from Python, top 10"

# Filters of the full query: one document in so many matches.
CHOICES = (2, 7, 50)


def asking(questions: list[str], search: Callable[[str, int], object]) -> Callable[[], Measured]:
    """All questions one after the other, then all again from one caller and from two at a time."""

    def contender() -> Measured:
        waiting = iter(questions)
        taken = each_us(lambda: search(next(waiting), 10), len(questions))
        measured = {"p50": percentile(taken, 0.5), "p95": percentile(taken, 0.95)}
        for callers in (1, 2):
            parts = [questions[at::callers] for at in range(callers)]
            with ThreadPoolExecutor(callers) as pool:
                begun = time.perf_counter()
                list(pool.map(lambda part: [search(question, 10) for question in part], parts))
                measured[f"qps {callers}"] = len(questions) / (time.perf_counter() - begun)
        return measured

    return contender


@pytest.mark.benchmark(group="query")
def test_bench_lexical_query(benchmark, figures, rounds, debian: Path):
    rows = corpora.documents(debian)
    questions = corpora.questions(rows, peers.stop())
    texts = [corpora.whole(row) for row in rows]
    searches = {"bm25s": peers.bm25s_search(texts), "tantivy": peers.tantivy_search(texts)}
    with phago.Colony() as colony:
        colony.ingest(rows)
        colony.run()
        place = {row["id"]: at for at, row in enumerate(rows)}
        answers = [[place[hit.id] for hit in colony.query(question, k=10, ranking="lexical")] for question in questions]
        shared = {
            name: sum(len({*ours} & {*search(question, 10)}) for ours, question in zip(answers, questions, strict=True))
            for name, search in searches.items()
        }
        found = sum(map(len, answers))
        contenders = {"phago": asking(questions, lambda text, k: colony.query(text, k, ranking="lexical"))}
        turns = in_turn(benchmark, rounds, contenders | {name: asking(questions, searches[name]) for name in searches})
    # Same formula, other ways to cut words: most answers must be the same. tantivy has other k1 and b too.
    assert shared["bm25s"] > 0.7 * found
    assert shared["tantivy"] > 0.5 * found
    best = min(searches, key=lambda name: turns.spread(name, "p50").median)
    for figure in ("p50", "p95"):
        for name in searches:
            ours, beside = turns.spread("phago", figure).unit("us"), turns.spread(name, figure).unit(f"us {name}")
            figures.add(SECTION, figure, ours, beside, turns.ratio("phago", name, figure))
    p50 = turns.spread("phago", "p50").unit("us own p50")
    figures.add(
        SECTION,
        "p95 over p50",
        turns.spread("phago", "p95").unit("us"),
        p50,
        turns.ratio("phago", "phago", "p95", "p50"),
    )
    one, two = turns.spread("phago", "qps 1"), turns.spread("phago", "qps 2")
    ratio = turns.ratio("phago", "phago", "qps 2", "qps 1")
    figures.add(SECTION, "queries/s, 2 callers over 1", two.unit("/s"), one.unit("/s 1 caller"), ratio)
    figures.add(SECTION, "queries/s, 2 callers", two.unit("/s"), turns.spread(best, "qps 2").unit(f"/s {best}"))
    for name, count in shared.items():
        figures.add(SECTION, f"share of the answers that {name} gives too", f"{count / found:.3f}")


# No bound on what is scored: the answer that the bounds must not change.
WHOLE = phago.Ranking(exhaustive_max=2**24)


def overlap(colony: phago.Colony, questions: list[str], where: Mapping[str, Any] | None = None) -> float:
    """The share of the exhaustive top 10 that the answer has."""
    shared = exact = 0
    for question in questions:
        ours, whole = (
            {hit.id for hit in colony.query(question, k=10, ranking=ranking, where=where, paths=False)}
            for ranking in (phago.Ranking(), WHOLE)
        )
        shared += len(ours & whole)
        exact += len(whole)
    assert exact > len(questions)
    return shared / exact


@pytest.mark.benchmark(group="query")
def test_bench_full_query(benchmark, figures, rounds, debian: Path):
    rows = corpora.documents(debian)
    questions = corpora.questions(rows, peers.stop())
    with phago.Colony() as colony:
        colony.ingest(row | {"metadata": {f"in {n}": at % n for n in CHOICES}} for at, row in enumerate(rows))
        colony.run()
        exact = {"all": overlap(colony, questions)}
        exact |= {f"one in {n}": overlap(colony, questions[:150], {f"in {n}": 1}) for n in CHOICES}
        contenders = {
            "full": asking(questions, colony.query),
            "untold": asking(questions, lambda text, k: colony.query(text, k, paths=False)),
            "lexical": asking(questions, lambda text, k: colony.query(text, k, ranking="lexical")),
        }
        turns = in_turn(benchmark, rounds, contenders)
    assert exact["all"] >= 0.98
    assert all(share >= 0.99 for chosen, share in exact.items() if chosen != "all"), exact
    section = f"full query from Python, top 10, {len(rows):,} documents"
    for figure in ("p50", "p95"):
        full = turns.spread("full", figure).unit("us")
        for name, what in (("untold", "without passages and paths"), ("lexical", "BM25 alone")):
            beside = turns.spread(name, figure).unit(f"us {what}")
            figures.add(section, figure, full, beside, turns.ratio("full", name, figure))
    one, two = turns.spread("full", "qps 1"), turns.spread("full", "qps 2")
    ratio = turns.ratio("full", "full", "qps 2", "qps 1")
    figures.add(section, "queries/s, 2 callers over 1", two.unit("/s"), one.unit("/s 1 caller"), ratio)
    for chosen, share in exact.items():
        figures.add(section, f"share of the exhaustive top 10 that is found among {chosen}", f"{share:.4f}")
