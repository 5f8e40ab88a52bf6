"""The graph of concepts: what is wired, how it fades, and how other libraries read it."""

import itertools
import math

import networkx as nx
import numpy as np
import phago
import polars as pl
import pytest
from phago import _phago
from support import edges_of, real_documents, seeded_documents, words

WORDS = words(3700)


def grown(documents, shards=3, ticks=0, **config):
    colony = phago.Colony(shards, config=phago.ColonyConfig(**config))
    colony.ingest(documents)
    colony.run()
    for _ in range(ticks):
        colony.tick()
    return colony


@pytest.mark.parametrize("label", [5, None, b"ion", "\ud800"])
def test_a_label_that_is_no_text_is_named(label):
    graph = phago.Colony().graph
    for ask in (graph.node, graph.neighbors, lambda one: graph.shortest_path(one, "b")):
        with pytest.raises((TypeError, ValueError), match=r"`(label|source)` (is a string|has a lone surrogate)"):
            ask(label)
    with pytest.raises((TypeError, ValueError), match=r"`target` (is a string|has a lone surrogate)"):
        graph.shortest_path("a", label)


# --- what is wired -----------------------------------------------------------------------------------------------


def test_words_that_contain_one_another_are_two_nodes():
    with grown(["heart", "art"]) as colony:
        assert sorted(node.label for node in colony.graph.nodes) == ["art", "heart"]
        assert colony.graph.node("heart").id != colony.graph.node("art").id
        assert (colony.graph.node("heart").mentions, colony.graph.node("art").mentions) == (1, 1)
    with phago.Colony(2) as colony:
        for word in ("heart", "art", "hear", "hearts"):
            colony.ingest(word)
            colony.run()
        # `hearts` is a form of `heart`; the others are words of their own.
        assert {node.label: node.mentions for node in colony.graph.nodes} == {"heart": 2, "art": 1, "hear": 1}


@pytest.mark.parametrize("shards", [1, 4])
def test_a_hundred_words_make_thirty_concepts_or_a_hundred_when_asked(shards):
    text = " ".join(WORDS[:100])
    with grown(text, shards) as colony:
        assert (colony.stats().nodes, colony.stats().edges) == (30, 870)
        assert {node.degree for node in colony.graph.nodes} == {29}
    with grown(text, shards, concepts_per_document=100) as colony:
        assert (colony.stats().nodes, colony.stats().edges) == (100, 3000)
        assert {node.degree for node in colony.graph.nodes} == {30}


def test_thirty_ticks_after_one_document_mentions_is_still_one():
    with grown("ions cross the membrane", ticks=30) as colony:
        assert {node.label: (node.mentions, node.uses) for node in colony.graph.nodes} == {
            "ions": (1, 0),
            "cross": (1, 0),
            "membrane": (1, 0),
        }
        assert colony.stats().nodes == 3


def test_the_same_document_twice_wires_nothing_twice():
    with grown({"id": "a", "text": "ions cross"}) as colony:
        for _ in range(3):
            colony.ingest({"id": "a", "text": "ions cross"})
            colony.tick()
        assert [(edge.co_activations, edge.last_activated) for edge in colony.graph.edges] == [(1, 1), (1, 1)]
        assert colony.stats().digested == 1


def test_a_pair_that_meets_again_is_strengthened_up_to_one():
    with phago.Colony(2) as colony:
        for at in "abcdefghijklmno":
            colony.ingest(f"lorem ipsum dolor{at}")
        colony.tick()
        edge = next(edge for edge in colony.graph.neighbors("lorem") if edge.target == "ipsum")
        assert (edge.weight, edge.co_activations, edge.created, edge.last_activated) == (1.0, 15, 1, 1)
        assert colony.graph.neighbors("lorem")[0] == edge
        colony.ingest(["lorem ipsum again", "lorem ipsum once more"])
        colony.tick()
        edge = colony.graph.neighbors("ipsum")[0]
        assert (edge.target, edge.co_activations, edge.created, edge.last_activated) == ("lorem", 17, 1, 2)
        assert edge.weight == 1.0


def test_a_label_is_the_most_frequent_form_then_the_shortest_then_the_first():
    cases = [
        (["running runs", "runs of runs"], "runs"),
        (["connected connecting"], "connected"),
        (["connecting connections"], "connecting"),
        (["wiring wires"], "wires"),
    ]
    for texts, label in cases:
        with grown(texts) as colony:
            assert [node.label for node in colony.graph.nodes if node.label[:3] == label[:3]] == [label]
            for form in " ".join(texts).split():
                found = colony.graph.node(form)
                assert form == "of" or found.label == label


# --- how it fades ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 8])
def test_synapses_are_gone_at_the_ticks_of_the_table(shards):
    """A pair met `times` in one document's tick and never again is gone that many ticks later."""
    table = {1: 101, 2: 174, 3: 221, 5: 289, 10: 402}
    with phago.Colony(shards) as colony:
        for place, times in enumerate(table):
            pair = f"{WORDS[2 * place]} {WORDS[2 * place + 1]}"
            colony.ingest([{"id": f"{times}-{at}", "text": pair} for at in range(times)])
        colony.tick()
        assert colony.stats().edges == 10
        edges = {}
        for tick in range(2, 410):
            result = colony.tick()
            assert result.tick == tick
            edges[tick - 1] = result.total_edges()
            if tick - 1 in (100, 101, 289, 402):
                assert len(colony.graph.edges) == result.total_edges()
        falls = [age for age in edges if age > 1 and edges[age] < edges[age - 1]]
        assert falls == sorted(table.values())
        assert [edges[age] for age in falls] == [8, 6, 4, 2, 0]
        # Concepts stay; only what ties them has faded.
        assert colony.stats().nodes == 10


@pytest.mark.parametrize("shards", [1, 8])
def test_an_activation_in_the_prune_tick_makes_a_new_synapse(shards):
    for early in (0, 1):
        with phago.Colony(shards) as colony:
            colony.ingest({"id": "a", "text": "lorem ipsum"})
            colony.run(1)
            for _ in range(100 - early):
                colony.tick()
            assert colony.stats().edges == 2
            colony.ingest({"id": "b", "text": "lorem ipsum"})
            tick = colony.tick().tick
            assert tick == 102 - early
            found = {(edge.created, edge.last_activated, edge.co_activations) for edge in colony.graph.edges}
            assert found == ({(1, tick, 2)} if early else {(tick, tick, 1)})
            if not early:
                assert colony.graph.edges[0].weight == pytest.approx(0.1, abs=1e-6)
                for _ in range(100):
                    colony.tick()
                assert colony.stats().edges == 2
                assert colony.tick().total_edges() == 0


def test_weights_follow_the_closed_form():
    with grown("lorem ipsum") as colony:
        begun = colony.graph.edges[0].created
        for _ in range(95):
            colony.tick()
            age = colony.stats().tick - begun
            ripe = max(age - 50, 0)
            loss = 0.005 * (age + (1.5 / 1.5) * (age**2 - 50**2) / 200 if ripe else age)
            assert colony.graph.edges[0].weight == pytest.approx(0.1 * math.exp(-loss), abs=1e-6)


def test_without_decay_nothing_fades():
    with grown("lorem ipsum", ticks=300, edge_decay_rate=0.0) as colony:
        assert {edge.weight for edge in colony.graph.edges} == {1_677_722 / 2**24}


def test_an_idle_tick_touches_none_of_a_million_synapses():
    size = 300
    documents = [" ".join(WORDS[at * size : at * size + size]) for at in range(12)]
    with phago.Colony(2, config=phago.ColonyConfig(concepts_per_document=size, max_edge_degree=size)) as colony:
        colony.ingest(documents)
        result = colony.tick()
        assert result.total_edges() == 12 * size * (size - 1) > 1_000_000
        for _ in range(8):
            assert colony.tick().total_edges() == 12 * size * (size - 1)
            assert colony.stats().touched == 0
        # What happens in a tick is what it touches.
        colony.ingest(" ".join(WORDS[:2]) + " " + WORDS[-1])
        colony.tick()
        assert 0 < colony.stats().touched < 3 * size + 10
        # And they go all at once, without being looked at, when their time has come.
        while colony.stats().tick < 101:
            colony.tick()
        before = colony.stats()
        assert before.edges > 1_000_000
        assert before.touched == 0
        assert colony.tick().total_edges() < 1000
        # Their memory is swept over some ticks: no one of them pays for all.
        slots = [colony.stats().edge_slots]
        while slots[-1] > 2 * colony.stats().edges + 2 * 1024:
            colony.tick()
            slots.append(colony.stats().edge_slots)
        assert len(slots) > 5
        assert max(more - less for more, less in itertools.pairwise(slots)) <= 2 * 70_000


def test_slots_of_the_dead_are_swept_and_nobody_sees_it():
    with grown(seeded_documents(120)) as colony:
        full = colony.stats()
        for _ in range(600):
            colony.tick()
        stats = colony.stats()
        assert stats.edge_slots < full.edge_slots / 2
        assert stats.row_bytes < full.row_bytes
        assert len(colony.graph.edges) == stats.edges


# --- how it is read ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def read():
    with grown(real_documents(120)) as colony:
        yield colony


def test_networkx_reads_it(read):
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(read.graph.edges.triples())
    assert graph.number_of_edges() == len(read.graph.edges) == read.stats().edges > 1000
    assert graph.number_of_nodes() <= len(read.graph.nodes)
    for edge in read.graph.edges[:50]:
        assert graph[edge.source][edge.target]["weight"] == edge.weight
    label = read.graph.edges[0].source
    assert {edge.target for edge in read.graph.neighbors(label)} == set(graph[label])


def test_polars_and_numpy_read_it_without_copies_of_objects(read):
    edges, nodes = read.graph.edges, read.graph.nodes
    frame = pl.DataFrame(edges.columns())
    assert frame.columns == ["source", "target", "weight", "co_activations", "created", "last_activated"]
    assert frame.height == len(edges)
    assert frame.schema["weight"] == pl.Float64
    assert frame.schema["co_activations"] == pl.Int64
    assert frame.schema["source"] == pl.String
    for at in (0, 1, len(edges) // 2, -1):
        edge = edges[at]
        row = frame.row(at if at >= 0 else len(edges) - 1, named=True)
        assert row == {name: getattr(edge, name) for name in frame.columns}
    weights = np.asarray(edges.columns()["weight"])
    assert weights.dtype == np.float64
    assert weights.tolist() == [edge.weight for edge in edges]
    assert not weights.flags.writeable
    assert not weights.flags.owndata
    people = pl.DataFrame(nodes.columns())
    assert people.height == len(nodes) == read.stats().nodes
    assert people["degree"].sum() == len(edges)
    assert people["mentions"].to_list() == [node.mentions for node in nodes]


def test_columns_are_buffers_and_cheap_to_hand_on(read):
    columns = read.graph.edges.columns()
    for name in ("weight", "co_activations", "created", "last_activated"):
        view = memoryview(columns[name])
        assert view.readonly
        assert (view.ndim, view.itemsize, view.nbytes) == (1, 8, 8 * len(read.graph.edges))
        assert view[0] == columns[name][0]
        assert view[-1] == columns[name][-1] == columns[name][len(view) - 1]
        with pytest.raises(TypeError):
            view[0] = 1
        for outside in (len(view), -len(view) - 1):
            with pytest.raises(IndexError):
                columns[name][outside]
    with pytest.raises((TypeError, BufferError)):
        memoryview(columns["source"])
    assert columns["source"].to_list() == [edge.source for edge in read.graph.edges]
    weight = columns["weight"]
    kept = np.asarray(weight)
    del columns, weight
    assert kept.sum() > 0


def test_the_length_of_a_snapshot_makes_no_rows(read, monkeypatch):
    def forbidden(values):
        raise AssertionError("a row was made")

    for kind in (phago.Nodes, phago.Edges):
        monkeypatch.setattr(kind, "_row", staticmethod(forbidden))
    edges, nodes = read.graph.edges, read.graph.nodes
    assert len(edges) > len(nodes) > 0
    assert bool(edges)
    edges.columns(), nodes.columns(), edges.triples(), repr(edges), iter(edges)
    with pytest.raises(AssertionError, match="a row was made"):
        edges[0]


def test_snapshots_are_ordered_by_ids_whatever_the_shards():
    documents = seeded_documents(60)
    expected = None
    for shards in (1, 5):
        with grown(documents, shards) as colony:
            ids = [node.id for node in colony.graph.nodes]
            assert ids == sorted(ids)
            pairs = list(edges_of(colony))
            assert pairs == sorted(pairs)
            found = [*colony.graph.nodes], [*colony.graph.edges], [*colony.graph.edges.triples()]
            expected = expected or found
            assert found == expected


def test_a_snapshot_stays_what_it_was():
    with grown(seeded_documents(30)) as colony:
        edges, nodes, tick = colony.graph.edges, colony.graph.nodes, colony.stats().tick
        before = [*edges], [*nodes]
        weights = np.asarray(edges.columns()["weight"]).copy()
        colony.ingest("entirely new words arrive")
        for _ in range(120):
            colony.tick()
        assert (edges.tick, nodes.tick) == (tick, tick)
        assert ([*edges], [*nodes]) == before
        assert np.array_equal(np.asarray(edges.columns()["weight"]), weights)
        assert colony.graph.edges.tick == tick + 120
        assert len(colony.graph.edges) < len(edges)
    # The colony is closed, and the snapshot is not its.
    assert [*edges] == before[0]


def test_neighbors_are_the_row_of_a_node_strongest_first(read):
    seen = 0
    for node in read.graph.nodes[:200]:
        row = read.graph.neighbors(node.label)
        assert len(row) == node.degree <= read.config.max_edge_degree
        assert [edge.weight for edge in row] == sorted((edge.weight for edge in row), reverse=True)
        assert {edge.source for edge in row} <= {node.label}
        assert node.label not in {edge.target for edge in row}
        assert read.graph.node(node.label) == read.graph.node(node.stem) == node
        assert node.id == _phago.concept_id(node.stem)
        seen += len(row)
    assert seen > 500


def test_a_snapshot_is_a_sequence(read):
    edges = read.graph.edges
    plain = [*edges]
    assert edges[3] == plain[3]
    assert edges[-1] == plain[-1]
    assert edges[2:9:3] == tuple(plain[2:9:3])
    assert plain[5] in edges
    for outside in (len(edges), -len(edges) - 1):
        with pytest.raises(IndexError):
            edges[outside]
    assert str(len(edges)) in repr(edges)
    assert str(len(edges)) in repr(read.graph)


def test_an_empty_graph_is_read_like_any_other():
    with phago.Colony(3) as colony:
        assert (len(colony.graph.nodes), len(colony.graph.edges)) == (0, 0)
        assert pl.DataFrame(colony.graph.edges.columns()).height == 0
        assert np.asarray(colony.graph.nodes.columns()["degree"]).shape == (0,)
        assert [*colony.graph.edges.triples()] == []


# --- the colony's own numbers ------------------------------------------------------------------------------------


def test_runs_end_when_nothing_is_left_to_do():
    with phago.Colony(2, config=phago.ColonyConfig(documents_per_tick=7)) as colony:
        assert colony.run().ticks == 0
        colony.ingest(seeded_documents(50))
        report = colony.run()
        assert (report.digested, report.failed) == (50, 0)
        last = max(hit.digested for hit in colony.query(WORDS[0], k=100))
        assert report.ticks == colony.stats().tick <= last + 10
        assert report.ticks >= 8
        assert (colony.stats().digesters, colony.stats().pending) == (0, 0)
        assert colony.run().ticks == 0
        colony.ingest("one more of them")
        assert [result.tick for result in colony.ticks(2)] == [report.ticks + 1, report.ticks + 2]
        assert colony.run(1).ticks == 1
        assert 1 <= colony.run().ticks <= 10


def test_grants_follow_the_bounds_of_a_tick():
    documents = [{"id": f"d{at}", "text": " ".join(WORDS[at * 5 : at * 5 + 5])} for at in range(20)]
    size = max(len(one["text"]) for one in documents)
    bounds = [({"documents_per_tick": 3}, 3), ({"bytes_per_tick": 4 * size}, 20), ({"bytes_per_tick": 1}, 1)]
    for config, most in bounds:
        with grown(documents, **config) as colony:
            ticks = {}
            for one in documents:
                ticks.setdefault(colony.get(one["id"]).digested, []).append(one["id"])
            assert max(map(len, ticks.values())) <= most
            assert len(ticks) >= 20 / most
            # All arrived in one cut: granted in the order of their ids, and never more bytes than allowed but for one.
            by_tick = [sorted(_phago.document_id(key) for key in ticks[tick]) for tick in sorted(ticks)]
            assert [one for tick in by_tick for one in tick] == sorted(
                _phago.document_id(one["id"]) for one in documents
            )
            texts = {one["id"]: len(one["text"]) for one in documents}
            for keys in ticks.values():
                limit = config.get("bytes_per_tick", 10**9)
                assert len(keys) == 1 or sum(texts[key] for key in keys) <= limit


def test_stats_are_exact():
    with grown(seeded_documents(80), 4) as colony:
        stats = colony.stats()
        assert (stats.documents, stats.digested, stats.pending, stats.shards) == (80, 80, 0, 4)
        assert stats.nodes == len(colony.graph.nodes)
        assert stats.edges == len(colony.graph.edges) <= stats.edge_slots
        assert stats.terms >= stats.nodes
        homes = phago.ConsistentHashRing(4)
        crossing = sum(
            homes.get_shard_for_key(source) != homes.get_shard_for_key(target) for source, target in edges_of(colony)
        )
        assert stats.cross_shard_edges == crossing > 0
        assert stats.bytes_exchanged > 0
        assert stats.row_bytes >= 8 * stats.edges
