"""What a colony finds out: how fast beside igraph's Louvain, and how good beside methods that are told the number.

Words reach the colony as numbers (`w17`), cut and stemmed by the peers' tools: all methods see the same words, and a
label says which one it is.
"""

import random
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import peers
import phago
import pytest
from turns import Spread, in_turn, timed

# A planted colony: groups of words, and documents of 30 words, seven of ten from one group.
WORDS, GROUPS, DOCUMENTS, LENGTH = 100_000, 200, 24_000, 30
CLASSES, DOCUMENTS_MAX = 20, 10_000
# As many times does the survey move a document at most.
MOVES = 16


def texts(counts: Any) -> list[str]:
    """Rows of counts by word as documents in phago's words."""
    rows = zip(counts.indptr, counts.indptr[1:], strict=False)
    return [
        " ".join(
            corpora.word(number)
            for number, count in zip(counts.indices[a:b].tolist(), counts.data[a:b].tolist(), strict=True)
            for _ in range(count)
        )
        for a, b in rows
    ]


def numbers(labels: Any) -> Any:
    return np.fromiter((int(label[1:]) for label in labels), np.int64)


# --- speed -------------------------------------------------------------------------------------------------------


def planted() -> list[dict[str, str]]:
    chance = np.random.default_rng(corpora.SEED)
    group = chance.integers(GROUPS, size=(DOCUMENTS, 1))
    inside = chance.integers(WORDS // GROUPS, size=(DOCUMENTS, LENGTH)) * GROUPS + group
    words = np.where(chance.random((DOCUMENTS, LENGTH)) < 0.7, inside, chance.integers(WORDS, size=inside.shape))
    return [{"id": str(at), "text": " ".join(map(corpora.word, row))} for at, row in enumerate(words.tolist())]


def undirected(colony: phago.Colony) -> tuple[Any, Any, Any, Any]:
    """Both ends of each pair by the places of the concepts, its weight as a survey has it, and the concepts."""
    nodes, edges = colony.graph.nodes.columns(), colony.graph.edges.columns()
    labels, mentions = numbers(nodes["label"].to_list()), np.asarray(nodes["mentions"]).astype(np.float64)
    place = np.zeros(labels.max() + 1, np.int64)
    place[labels] = np.arange(len(labels))
    # Edges are in the order of their sources, which are nodes, each as often as its degree.
    source = np.repeat(np.arange(len(labels)), np.asarray(nodes["degree"]))
    target = place[numbers(edges["target"].to_list())]
    key = np.minimum(source, target) * len(labels) + np.maximum(source, target)
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(key[order]) != 0))
    co = np.maximum.reduceat(np.asarray(edges["co_activations"])[order], first).astype(np.float64)
    one, other = np.divmod(key[order][first], len(labels))
    # npmi * co / (co + 1), see `weights.rs`.
    everything = float(len(colony))
    npmi = np.log(co * everything / (mentions[one] * mentions[other])) / np.log(everything / co)
    return one, other, np.clip(npmi, 0, 1) * co / (co + 1), labels


def membership(communities: tuple[tuple[str, ...], ...], labels: Any) -> list[int]:
    of = {label: at for at, members in enumerate(communities) for label in members}
    return [of[corpora.word(number)] for number in labels.tolist()]


@pytest.mark.benchmark(group="surveys")
def test_bench_communities(benchmark, figures, rounds):
    igraph = pytest.importorskip("igraph")
    with phago.Colony(1, runner=phago.RunnerConfig(max_parallelism=1)) as colony:
        colony.ingest(planted())
        colony.run()
        one, other, weights, labels = undirected(colony)
        graph = igraph.Graph(n=len(labels), edges=np.stack([one, other], axis=1))
        kept: dict[str, Any] = {}

        def ours() -> dict[str, float]:
            return {"seconds": timed(lambda: kept.update(ours=colony.graph.communities()))}

        def theirs() -> dict[str, float]:
            random.seed(corpora.SEED)
            return {"seconds": timed(lambda: kept.update(theirs=graph.community_multilevel(weights=weights)))}

        def whole() -> dict[str, float]:
            return {"seconds": timed(lambda: kept.update(insights=colony.insights()))}

        turns = in_turn(benchmark, rounds, {"phago": ours, "insights": whole, "igraph": theirs})
    mine = graph.modularity(membership(kept["ours"], labels), weights=weights)
    peer = kept["theirs"].modularity
    section = f"survey in one thread: {len(labels):,} concepts, {len(one) / 1e6:.2f} M pairs, {GROUPS} planted groups"
    beside = turns.spread("igraph", "seconds").unit("s igraph Louvain")
    for name, what in (
        ("phago", "communities, the graph read from the colony"),
        ("insights", "insights: clusters, their documents, bridges"),
    ):
        figures.add(section, what, turns.spread(name, "seconds").unit("s"), beside, turns.ratio(name, "igraph"))
    found = f"{len(kept['ours'])} communities, {len(kept['insights'].clusters)} clusters"
    figures.add(section, "found", found, f"{len(kept['theirs'])} communities igraph")
    figures.add(section, "modularity", f"{mine:.4f}", f"{peer:.4f} igraph", Spread((mine / peer,)))
    benchmark.extra_info.update(pairs=len(one), modularity=mine)
    assert 1.5e6 < len(one) < 2.5e6
    assert mine > peer - 0.005


# --- quality -----------------------------------------------------------------------------------------------------


def counted(rows: list[str]) -> Any:
    """Counts of stems by document, as CSR; words of one document alone tell nothing and are left out."""
    import Stemmer
    from sklearn.feature_extraction.text import CountVectorizer

    left_out = peers.stop()
    stem = cache(Stemmer.Stemmer("english").stemWord)

    def stems(text: str) -> list[str]:
        return [stem(word) for word in re.findall(r"[^\W_]+", text.lower()) if word not in left_out]

    return CountVectorizer(analyzer=stems, min_df=2, dtype=np.int32).fit_transform(rows).tocsr()


def of_phago(counts: Any) -> tuple[Any, int]:
    """The cluster of each document, -1 for none, and how many clusters there are.

    The colony says how many documents each cluster has and names three of them; which one each is in is worked out
    again here by the rule of `placing.rs`, and compared with what the colony says.
    """
    from sklearn.preprocessing import normalize

    with phago.Colony() as colony:
        report = colony.ingest({"id": str(at), "text": text} for at, text in enumerate(texts(counts)) if text)
        colony.run()
        clusters = colony.insights().clusters
    assert report.rejected == ()
    vectors = peers.salient(counts).multiply(idf(counts)).tocsr()
    tf = counts.copy()
    tf.data = 1 + np.log(tf.data)
    vectors = normalize(vectors.multiply(tf).tocsr())
    of_word = np.zeros((counts.shape[1], len(clusters)))
    for at, cluster in enumerate(clusters):
        of_word[numbers(cluster.members), at] = 1
    placed = largest(vectors @ of_word)
    for _ in range(MOVES):
        one_of = np.eye(len(clusters) + 1)[placed][:, :-1]
        moved = largest(vectors @ normalize(np.asarray(vectors.T @ one_of), axis=0))
        if (moved == placed).all():
            break
        placed = moved
    told = np.array([cluster.documents for cluster in clusters])
    worked_out = np.bincount(placed[placed >= 0], minlength=len(clusters))
    # Equally salient words at the end of a list are taken by other ties here.
    assert np.abs(told - worked_out).sum() <= 0.04 * len(placed), (told, worked_out)
    same = [placed[int(name)] == at for at, cluster in enumerate(clusters) for name in cluster.examples]
    assert np.mean(same) > 0.9
    return placed, len(clusters)


def idf(counts: Any) -> Any:
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.log1p((counts.shape[0] - df + 0.5) / (df + 0.5))


def largest(sums: Any) -> Any:
    sums = np.asarray(sums)
    return np.where(sums.max(axis=1) > 0, sums.argmax(axis=1), -1)


def of_peers(counts: Any) -> dict[str, Any]:
    """The cluster of each document by methods that are told the number, as scikit-learn's documentation uses them."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import NMF, LatentDirichletAllocation
    from sklearn.feature_extraction.text import TfidfTransformer

    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    options = {"random_state": corpora.SEED}
    return {
        "k-means": KMeans(CLASSES, n_init=5, **options).fit_predict(weighted),
        "NMF": NMF(CLASSES, init="nndsvd", **options).fit_transform(weighted).argmax(axis=1),
        "LDA": LatentDirichletAllocation(CLASSES, learning_method="online", **options)
        .fit_transform(counts)
        .argmax(axis=1),
    }


def check(benchmark, figures, name: str, rows: list[tuple[str, str]], floor: float) -> None:
    """AMI of clusters with classes; `rows` are class and text."""
    from sklearn.metrics import adjusted_mutual_info_score

    counts = counted([text for _, text in rows])
    known = [kind for kind, _ in rows]
    placed, found = benchmark.pedantic(of_phago, args=(counts,), rounds=1, iterations=1)
    ami = adjusted_mutual_info_score(known, placed)
    peer = {method: adjusted_mutual_info_score(known, given) for method, given in of_peers(counts).items()}
    section = f"clusters on {name}: AMI with {len(set(known))} classes, {len(rows):,} documents (one run)"
    for method, theirs in peer.items():
        beside = f"{theirs:.3f} {method}, {CLASSES} given"
        figures.add(section, f"AMI, {found} clusters found", f"{ami:.3f}", beside, Spread((ami / theirs,)))
    benchmark.extra_info.update(ami=ami, clusters=found, **peer)
    assert ami >= floor


def largest_classes(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The rows of the classes that have most, at most so many rows, drawn from a fixed seed."""
    common = Counter(kind for kind, _ in rows).most_common(CLASSES)
    kept = [row for row in rows if row[0] in dict(common)]
    random.Random(corpora.SEED).shuffle(kept)
    return kept[:DOCUMENTS_MAX]


def without_first_word(text: str) -> str:
    return text.partition(" ")[2] or text


@pytest.mark.benchmark(group="surveys")
@pytest.mark.parametrize(("what", "change"), [("as they are", str), ("less their first words", without_first_word)])
def test_bench_clusters_of_python_documents(benchmark, figures, what: str, change: Callable[[str], str]):
    """By module. Titles are left out, as they name it; so does the first word of many a text."""
    from phago.cli.demo import python_documents

    rows = [
        (module, change(document.text))
        for document in python_documents()
        for module, dot, _ in [(document.id or "").partition(".")]
        if dot
    ]
    check(benchmark, figures, f"Python's documentation, texts {what}", largest_classes(rows), floor=0.3)


@pytest.mark.benchmark(group="surveys")
def test_bench_clusters_of_debian(benchmark, figures, debian: Path):
    """By section."""
    rows = [(row["section"], row["text"]) for row in corpora.lines(debian) if row.get("section")]
    if not rows:
        pytest.skip("needs debian.jsonl with sections; `python benches/corpus_debian.py OUT` makes it anew")
    check(benchmark, figures, "Debian's descriptions", largest_classes(rows), floor=0.2)
