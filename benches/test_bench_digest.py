"""A corpus digested: text to lexical index and concept graph, beside the libraries that make either."""

from functools import partial
from pathlib import Path

import corpora
import pytest
from turns import in_child, in_turn, timed

# Wired pairs are counted once here, as the peers count them; phago keeps both directions.
SAMPLE = 8000


@pytest.mark.benchmark(group="digest")
def test_bench_digesting_debian(benchmark, figures, rounds, debian: Path):
    corpus = str(debian)
    rows = corpora.documents(debian)
    documents, size = len(rows), corpora.megabytes(rows)
    del rows
    turns = in_turn(
        benchmark,
        rounds,
        {
            "1 thread": lambda: in_child("digest", corpus=corpus, shards=1, threads=1),
            "2 threads": lambda: in_child("digest", corpus=corpus, shards=2, threads=2),
            "16 shards": lambda: in_child("digest", corpus=corpus, shards=16, threads=2),
            "bm25s + scipy": lambda: in_child("peer_digest", corpus=corpus),
            "tantivy": lambda: in_child("tantivy_digest", corpus=corpus),
            "dict": lambda: in_child("dict_pairs", corpus=corpus, sample=SAMPLE),
        },
    )
    ours = ("1 thread", "2 threads", "16 shards")
    assert len({turn["digest"] for name in ours for turn in turns.seen[name]}) == 1
    assert {turn["documents"] for name in ours for turn in turns.seen[name]} == {documents}
    assert all(turn["pending"] == 0 for name in ours for turn in turns.seen[name])
    pairs = turns.last("bm25s + scipy", "pairs")

    section = f"digesting debian: {documents:,} documents, {size:.1f} MB, {pairs / 1e6:.1f} M pairs"
    add = partial(figures.add, section)
    peer = turns.spread("bm25s + scipy", "seconds").unit("s bm25s + scipy")
    for name in ("1 thread", "2 threads"):
        ours_s, ratio = turns.spread(name, "seconds"), turns.ratio("bm25s + scipy", name)
        add(f"index and graph, {name}", ours_s.unit("s"), peer, ratio)
    add(
        "index alone (ingest), 1 thread",
        turns.spread("1 thread", "ingest").unit("s"),
        turns.spread("tantivy", "seconds").unit("s tantivy"),
        turns.ratio("tantivy", "1 thread", "seconds", "ingest"),
    )
    for part, name in (("index and graph", "seconds"), ("index alone", "ingest"), ("graph alone", "run")):
        one, two = turns.spread("1 thread", name), turns.spread("2 threads", name)
        add(
            f"{part}, 2 threads over 1",
            two.unit("s"),
            one.unit("s 1 thread"),
            turns.ratio("1 thread", "2 threads", name),
        )
    add(
        "16 shards over 2, both on 2 threads",
        turns.spread("16 shards", "seconds").unit("s"),
        turns.spread("2 threads", "seconds").unit("s 2 shards"),
        turns.ratio("16 shards", "2 threads"),
    )
    for name in ("1 thread", "2 threads"):
        add(f"documents/s, {name}", turns.rate(name, documents), turns.rate("bm25s + scipy", documents))
        add(f"MB/s, {name}", turns.rate(name, size), turns.rate("bm25s + scipy", size))
    dict_turns = turns.seen["dict"]
    for turn in (*dict_turns, *turns.seen["bm25s + scipy"], *turns.seen["1 thread"], *turns.seen["2 threads"]):
        counted, lap = turn.get("pairs", pairs), next(lap for lap in ("run", "product", "seconds") if lap in turn)
        turn["pair_rate"] = counted / turn[lap] / 1e6
    for name in ("1 thread", "2 threads"):
        ours_rate = turns.spread(name, "pair_rate").unit("M/s")
        for other, what in (("dict", "a Python dict"), ("bm25s + scipy", "scipy's product")):
            beside = turns.spread(other, "pair_rate").unit(f"M/s {what}")
            add(f"pairs, {name}", ours_rate, beside, turns.ratio(name, other, "pair_rate"))
    for name in ("1 thread", "2 threads"):
        beside = turns.spread("bm25s + scipy", "peak_mib").unit("MiB bm25s + scipy")
        ratio = turns.ratio(name, "bm25s + scipy", "peak_mib")
        add(f"peak memory of the process, {name}", turns.spread(name, "peak_mib").unit("MiB"), beside, ratio)
        steady = turns.spread(name, "steady_mib").unit("MiB when done")
        ratio = turns.ratio(name, name, "peak_mib", "steady_mib")
        add(f"the same over the end, {name}", turns.spread(name, "peak_mib").unit("MiB"), steady, ratio)
    for turn in turns.seen["1 thread"]:
        turn["row_share"] = turn["row_bytes"] / turn["edges"]
        turn["busy"] = turn["seconds_cpu"] / turn["seconds"]
    for turn in turns.seen["2 threads"]:
        turn["busy"] = turn["seconds_cpu"] / turn["seconds"]
    edges = turns.last("1 thread", "edges")
    add(f"bytes of rows for each of {edges:,} synapses", turns.spread("1 thread", "row_share"), "8 scipy CSR")
    for name in ("1 thread", "2 threads"):
        add(f"cores busy, {name}", turns.spread(name, "busy"))


@pytest.mark.benchmark(group="digest")
def test_bench_first_answer(benchmark, figures, rounds, cranfield: Path):
    """A whole process: start Python, import, digest a small collection, answer one question, end."""

    def process(engine: str):
        return lambda: {"seconds": timed(lambda: in_child("first_answer", collection=str(cranfield), engine=engine))}

    turns = in_turn(benchmark, rounds, {"phago": process("phago"), "tantivy": process("tantivy")})
    figures.add(
        "a whole process: import, cranfield digested, one answer",
        "wall time",
        turns.spread("phago", "seconds").unit("s"),
        turns.spread("tantivy", "seconds").unit("s tantivy, index alone"),
        turns.ratio("phago", "tantivy"),
    )
