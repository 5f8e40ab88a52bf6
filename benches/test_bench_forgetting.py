"""What the cap of a row forgets: pairs that come back and are still known, and concepts left alone.

The corpus streams by in an order shuffled from a seed, as many documents a tick as a tick grants. A pair of concepts
of a document *returns* if a document of an earlier tick wired it; it is *known* if just before the tick at least one of
its two synapses lives. Which pairs a document has is worked out here, from the same words and the rule of salience, and
is checked: no synapse may live that is not among the pairs wired so far.

Words reach the colony as numbers (`w17`), cut and stemmed by the peers' tools, so that a label says which word it is.
"""

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import peers
import phago
import pytest

CAPS = (30, 64, 128)
CONCEPTS = 30
DOCUMENTS_A_TICK = 4096


@dataclass
class Stream:
    """Batches of documents, each a row of counts by word."""

    batches: list[Any]
    words: int

    def documents(self, at: int) -> Iterator[dict[str, str]]:
        """The documents of a batch in phago's words; the blank ones are left out."""
        batch = self.batches[at]
        for place, (a, b) in enumerate(zip(batch.indptr, batch.indptr[1:], strict=False)):
            counted = zip(batch.indices[a:b].tolist(), batch.data[a:b].tolist(), strict=True)
            if text := " ".join(corpora.word(number) for number, count in counted for _ in range(count)):
                # With an id, as two packages may be described alike and are two documents.
                yield {"id": f"{at}-{place}", "text": text}


def stream(path: Path) -> Stream:
    import Stemmer
    from sklearn.feature_extraction.text import CountVectorizer

    left_out = peers.stop()
    stem = cache(Stemmer.Stemmer("english").stemWord)

    def stems(text: str) -> list[str]:
        return [stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if word not in left_out]

    texts = [corpora.whole(row) for row in corpora.documents(path)]
    random.Random(corpora.SEED).shuffle(texts)
    counts = CountVectorizer(analyzer=stems, dtype=np.int32).fit_transform(texts).tocsr()
    counts.sort_indices()
    begins = range(0, counts.shape[0], DOCUMENTS_A_TICK)
    return Stream([counts[begin : begin + DOCUMENTS_A_TICK] for begin in begins], counts.shape[1])


def numbers(labels: Any) -> Any:
    return np.fromiter((int(label[1:]) for label in labels.to_list()), np.int64, len(labels))


def chosen(batch: Any, df: Any, documents: int, rank: Any) -> list[Any]:
    """The concepts of each document of a batch: highest (1 + ln tf) * idf, ties by the node's id."""
    idf = np.log1p((documents - df + 0.5) / (df + 0.5))
    lists = []
    for a, b in zip(batch.indptr, batch.indptr[1:], strict=False):
        terms = batch.indices[a:b]
        if len(terms) > CONCEPTS:
            salience = (1 + np.log(batch.data[a:b])) * idf[terms]
            terms = terms[np.lexsort((rank[terms], -salience))[:CONCEPTS]]
        lists.append(np.sort(terms))
    return lists


def pairs(lists: list[Any], words: int) -> Any:
    """Every pair of every list as low * words + high, repeated where documents repeat it."""
    by_length: dict[int, list[Any]] = {}
    for terms in lists:
        by_length.setdefault(len(terms), []).append(terms)
    keys = [np.empty(0, np.int64)]
    for length, members in by_length.items():
        table, (low, high) = np.array(members, np.int64).reshape(-1, length), np.triu_indices(length, 1)
        keys.append((table[:, low] * words + table[:, high]).ravel())
    return np.concatenate(keys)


def distinct(keys: Any) -> Any:
    """The keys sorted, each once. numpy's own `unique` goes through a hash table and takes minutes for these."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]


def known(keys: Any, among: Any) -> Any:
    """For each key whether it is in a sorted array."""
    if not len(among):
        return np.zeros(len(keys), bool)
    return among[np.minimum(np.searchsorted(among, keys), len(among) - 1)] == keys


def living(colony: phago.Colony, words: int) -> tuple[Any, int]:
    """Pairs of which a synapse lives, sorted; and how many concepts no synapse leaves or reaches."""
    nodes, edges = colony.graph.nodes.columns(), colony.graph.edges.columns()
    node, degree = numbers(nodes["label"]), np.asarray(nodes["degree"])
    # Both snapshots are in the order of ids, so that sources are nodes, each as often as its degree.
    source, target = np.repeat(node, degree), numbers(edges["target"])
    alone = int(np.count_nonzero((degree == 0) & ~np.isin(node, target)))
    return distinct(np.minimum(source, target) * words + np.maximum(source, target)), alone


def settings(cap: int) -> phago.ColonyConfig:
    return phago.ColonyConfig(max_edge_degree=cap, concepts_per_document=CONCEPTS, documents_per_tick=DOCUMENTS_A_TICK)


def ranks(source: Stream) -> Any:
    """The place of each word's node in the order of ids; words that no document wires come last."""
    with phago.Colony(config=settings(1)) as colony:
        for at in range(len(source.batches)):
            colony.ingest(source.documents(at))
            colony.tick()
        order = numbers(colony.graph.nodes.columns()["label"])
    rank = np.full(source.words, source.words)
    rank[order] = np.arange(len(order))
    return rank


def forgetting(source: Stream, rank: Any) -> dict[int, dict[str, float]]:
    """What colonies that differ in their cap alone still know, by cap."""
    df = np.zeros(source.words, np.int64)
    wired, returned, still = np.empty(0, np.int64), 0, dict.fromkeys(CAPS, 0)
    with ExitStack() as stack:
        colonies = {cap: stack.enter_context(phago.Colony(config=settings(cap))) for cap in CAPS}
        for at, batch in enumerate(source.batches):
            documents = list(source.documents(at))
            for colony in colonies.values():
                colony.ingest(documents)
            df += np.bincount(batch.indices, minlength=source.words)
            keys = pairs(chosen(batch, df, len(colony), rank), source.words)
            back = keys[known(keys, wired)]
            returned += len(back)
            for cap, colony in colonies.items():
                alive, _ = living(colony, source.words)
                assert known(alive, wired).all(), "a synapse lives that no document wired"
                still[cap] += int(known(back, alive).sum())
                colony.tick()
            wired = distinct(np.concatenate([wired, keys]))
        measured = {}
        for cap, colony in colonies.items():
            alive, alone = living(colony, source.words)
            assert known(alive, wired).all(), "a synapse lives that no document wired"
            stats = colony.stats()
            assert stats.pending == 0
            measured[cap] = {
                "returned": returned,
                "still": still[cap] / returned,
                "alone": alone,
                "nodes": stats.nodes,
                "edges": stats.edges,
                "share of pairs": len(alive) / len(wired),
            }
    return measured


@pytest.mark.benchmark(group="forgetting")
def test_bench_forgetting(benchmark, figures, debian: Path):
    source = stream(debian)
    rank = ranks(source)
    measured = benchmark.pedantic(lambda: forgetting(source, rank), rounds=1, iterations=1)
    returned, nodes = measured[CAPS[0]]["returned"], measured[CAPS[0]]["nodes"]
    section = (
        f"forgetting on debian: {returned / 1e6:.1f} M returning pairs, {nodes:,} concepts, "
        f"{DOCUMENTS_A_TICK:,} documents a tick (counted, one run)"
    )
    for cap, row in measured.items():
        figures.add(section, f"cap {cap}: returning pairs still known", f"{row['still']:.1%}")
        figures.add(section, f"cap {cap}: concepts isolated", f"{row['alone']} ({row['alone'] / nodes:.2%})")
        figures.add(section, f"cap {cap}: synapses", f"{row['edges']:,}", f"{row['share of pairs']:.1%} of pairs alive")
        benchmark.extra_info[f"cap {cap}"] = row
