"""Questions that the words of a text make hard: accents, scripts, identifiers, versions, function words, negations.

Short documents and a question or two about each, both written by hand: what counts is whether the right document is
first. Beside phago are SQLite's FTS5 with folded letters and stems, and tantivy with stems; both are asked for any of
the words.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import peers
import phago
import pytest

TRIAL = json.loads((Path(__file__).parent / "data" / "hard_questions.json").read_text(encoding="utf-8"))
NAMES = [document["id"] for document in TRIAL["documents"]]
TEXTS = [document["text"] for document in TRIAL["documents"]]


def quoted(question: str, sign: str) -> list[str]:
    return [f'"{word}"' for word in question.replace('"', sign).split()]


def fts5() -> Callable[[str], list[str]]:
    base = sqlite3.connect(":memory:")
    base.execute("create virtual table texts using fts5(body, tokenize = 'porter unicode61 remove_diacritics 2')")
    base.executemany("insert into texts(rowid, body) values (?, ?)", enumerate(TEXTS))

    def ask(question: str) -> list[str]:
        words = " OR ".join(quoted(question, '""'))
        found = base.execute("select rowid from texts where texts match ? order by rank limit 1", (words,))
        return [NAMES[place] for (place,) in found]

    return ask


def tantivy() -> Callable[[str], list[str]]:
    search = peers.tantivy_search(TEXTS)
    return lambda question: [NAMES[place] for place in search(" ".join(quoted(question, " ")), 1)]


def right(ask: Callable[[str], list[str]]) -> tuple[Counter[str], list[str]]:
    """How many questions of each kind have the right document first, and those that have not."""
    counts: Counter[str] = Counter()
    missed = []
    for asked in TRIAL["questions"]:
        if ask(asked["question"])[:1] == [asked["answer"]]:
            counts[asked["kind"]] += 1
        else:
            missed.append(asked["question"])
    return counts, missed


@pytest.mark.benchmark(group="retrieval")
def test_bench_hard_questions(benchmark, figures):
    with phago.Colony() as colony:
        colony.ingest(TRIAL["documents"])
        colony.run()
        ours, missed = benchmark.pedantic(
            right, args=(lambda question: [hit.id for hit in colony.query(question, k=1)],), rounds=1, iterations=1
        )
    theirs = {"FTS5": right(fts5())[0], "tantivy": right(tantivy())[0]}
    asked = Counter(question["kind"] for question in TRIAL["questions"])
    section = f"right document first: {len(NAMES)} short documents, {asked.total()} hard questions (one run)"
    for kind, count in [*asked.items(), ("all", asked.total())]:
        values = {name: counts.total() if kind == "all" else counts[kind] for name, counts in theirs.items()}
        beside = ", ".join(f"{value} {name}" for name, value in values.items())
        mine = ours.total() if kind == "all" else ours[kind]
        figures.add(section, kind, f"{mine} of {count}", beside)
    benchmark.extra_info.update(right=ours.total(), missed=missed)
    assert ours.total() > max(counts.total() for counts in theirs.values()), missed
