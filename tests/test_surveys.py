"""Questions about the whole graph, and what the colony finds out by itself: the same on any shards, nodes and path."""

import asyncio
import itertools
import pickle
import random

import networkx as nx
import phago
import pytest
from phago.backends import Processes

TOPICS, WORDS, BACKGROUND = 8, 12, 200


def planted(documents=2_000, shuffled=False):
    """Documents of topics, between common words; one concept of two topics."""
    chance = random.Random(7)
    texts = []
    for number in range(documents):
        topic = number % TOPICS
        words = [f"t{topic}w{chance.randrange(WORDS)}x" for _ in range(9)]
        words += [f"common{chance.randrange(BACKGROUND)}y" for _ in range(21)]
        if topic in (0, 1) and number % 13 == 0:
            words += ["bridgeword"]
        texts.append(words)
    if shuffled:
        every = [word for words in texts for word in words]
        chance.shuffle(every)
        every = iter(every)
        texts = [[next(every) for _ in words] for words in texts]
    return [{"id": f"d{number}", "text": " ".join(words)} for number, words in enumerate(texts)]


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(shards=2) as colony:
        colony.ingest(planted())
        colony.run()
        yield colony


def asked(graph):
    """All that is asked of a graph."""
    ends = "t0w1x", "t5w3x"
    return [
        graph.components(),
        graph.bridges(),
        graph.articulation_points(),
        graph.shortest_path(*ends),
        graph.shortest_path("t0w1x", "nosuchword"),
        graph.betweenness(samples=20, seed=3),
        graph.communities(),
        graph.significant(top=50),
    ]


@pytest.mark.parametrize("shards", [1, 3, 7, 16])
def test_answers_are_the_same_on_any_number_of_shards(colony, shards):
    with phago.Colony(shards=shards) as other:
        other.ingest(reversed(planted()))
        other.run()
        assert asked(other.graph) == asked(colony.graph)
        assert other.insights() == colony.insights()


@pytest.mark.parametrize("nodes", [1, 2, 4])
def test_answers_are_the_same_over_nodes_and_from_the_disk(colony, nodes, tmp_path):
    with phago.open(tmp_path / "memory", shards=4, backend=Processes(nodes)) as other:
        other.ingest(planted())
        other.run()
        assert asked(other.graph) == asked(colony.graph)
        assert other.insights() == colony.insights()
    with phago.open(tmp_path / "memory", shards=5) as again:
        assert asked(again.graph) == asked(colony.graph)
        assert again.insights() == colony.insights()


def test_coroutines_give_what_the_calls_give(colony):
    async def main():
        async with phago.AsyncColony(shards=2) as other:
            await other.ingest(planted())
            await other.run()
            graph = other.graph
            told = [
                await graph.read_components(),
                await graph.read_bridges(),
                await graph.read_articulation_points(),
                await graph.read_shortest_path("t0w1x", "t5w3x"),
                await graph.read_shortest_path("t0w1x", "nosuchword"),
                await graph.read_betweenness(samples=20, seed=3),
                await graph.read_communities(),
                await graph.read_significant(top=50),
            ]
            return told, await other.insights()

    told, insights = asyncio.run(main())
    assert told == asked(colony.graph)
    assert insights == colony.insights()


def undirected(colony):
    """The graph as another library reads it: of the two synapses of a pair, the heavier one."""
    graph = nx.Graph()
    graph.add_nodes_from(node.label for node in colony.graph.nodes)
    for edge in colony.graph.edges:
        known = graph.get_edge_data(edge.source, edge.target, {"weight": 0})["weight"]
        graph.add_edge(edge.source, edge.target, weight=max(known, edge.weight))
    for _, _, data in graph.edges(data=True):
        data["cost"] = 1 / data["weight"]
    return graph


def sparse():
    """A colony whose graph falls apart in many places."""
    chance = random.Random(11)
    colony = phago.Colony(shards=3)
    texts = [" ".join(f"w{chance.randrange(90)}z" for _ in range(chance.randrange(2, 4))) for _ in range(75)]
    colony.ingest(texts, on_error="skip")
    colony.run()
    return colony


def test_structure_and_paths_are_those_of_networkx():
    with sparse() as colony:
        graph, theirs = colony.graph, undirected(colony)
        assert sorted(map(sorted, graph.components())) == sorted(map(sorted, nx.connected_components(theirs)))
        assert list(map(len, graph.components())) == sorted(map(len, nx.connected_components(theirs)), reverse=True)
        assert {frozenset(pair) for pair in graph.bridges()} == set(map(frozenset, nx.bridges(theirs)))
        assert set(graph.articulation_points()) == set(nx.articulation_points(theirs))
        assert graph.bridges()
        assert graph.articulation_points()
        assert len(graph.components()) > 3
        found = 0
        for source, target in itertools.islice(itertools.combinations(sorted(theirs), 2), 0, None, 37):
            path = graph.shortest_path(source, target)
            assert (path is not None) == nx.has_path(theirs, source, target)
            if path is not None:
                found += 1
                assert (path.labels[0], path.labels[-1]) == (source, target)
                assert all(theirs.has_edge(*pair) for pair in itertools.pairwise(path.labels))
                assert path.cost == pytest.approx(nx.shortest_path_length(theirs, source, target, "cost"), rel=1e-5)
        assert found > 20
        assert graph.shortest_path(source, source).labels == (source,)


def test_betweenness_of_all_concepts_is_that_of_networkx():
    with phago.Colony() as colony:
        # Documents of two words: every weight is one of few, and paths tie as they do in young graphs.
        colony.ingest([f"w{one}z w{other}z" for one, other in [(0, 1), (1, 2), (2, 3), (1, 3), (3, 4), (4, 5), (2, 5)]])
        colony.run()
        theirs = nx.betweenness_centrality(undirected(colony), weight="cost", normalized=False)
        assert colony.graph.betweenness(samples=100) == pytest.approx(theirs)


def test_communities_part_the_concepts_and_significant_pairs_stay_inside_of_topics(colony):
    communities = colony.graph.communities()
    members = [label for community in communities for label in community]
    assert sorted(members) == sorted(node.label for node in colony.graph.nodes)
    assert list(map(len, communities)) == sorted(map(len, communities), reverse=True)
    pairs = colony.graph.significant(top=100)
    assert len(pairs) == 100
    assert [pair.g2 for pair in pairs] == sorted((pair.g2 for pair in pairs), reverse=True)
    assert all(pair.source[:2] == pair.target[:2] or "bridgeword" in (pair.source, pair.target) for pair in pairs)
    assert colony.graph.significant(top=10) == pairs[:10]


def test_planted_clusters_and_the_bridge_between_them_are_found_with_their_evidence(colony):
    insights = colony.insights()
    found = {frozenset(label[:2] for label in cluster.strongest) for cluster in insights.clusters}
    assert found == {frozenset([f"t{topic}"]) for topic in range(TOPICS)}
    assert (insights.tick, insights.documents) == (colony.stats().tick, len(colony))
    for cluster in insights.clusters:
        topic = int(cluster.label[1])
        assert all(int(name[1:]) % TOPICS == topic for name in cluster.examples)
        assert len(cluster.examples) == 3
        assert cluster.documents == pytest.approx(2_000 / TOPICS, rel=0.1)
        assert insights.cluster_of(cluster.label) is cluster
        assert cluster.pairs >= 5
    assert insights.cluster_of("nosuchword") is None
    (bridge,) = insights.bridges
    bearers = [one for one in planted() if "bridgeword" in one["text"]]
    assert bridge.label == "bridgeword"
    assert bridge.cover > 0.6
    assert bridge.mentions == len(bearers)
    assert {side.cluster.label[:2] for side in bridge.sides} == {"t0", "t1"}
    assert all(name in colony and int(name[1:]) % TOPICS < 2 for side in bridge.sides for name in side.examples)
    assert pickle.loads(pickle.dumps(insights)) == insights


def test_nothing_is_found_in_noise_or_in_an_empty_colony():
    with phago.Colony() as colony:
        assert asked(colony.graph) == [(), (), (), None, None, {}, (), ()]
        assert (colony.insights().clusters, colony.insights().bridges) == ((), ())
        colony.ingest(planted(shuffled=True))
        colony.run()
        assert (colony.insights().clusters, colony.insights().bridges) == ((), ())
        assert len(colony.graph.communities()) > 1


def test_surveys_change_nothing(colony):
    before = colony.digest()
    asked(colony.graph)
    colony.insights()
    assert colony.digest() == before


@pytest.mark.parametrize(
    ("ask", "named"),
    [
        (lambda graph: graph.betweenness(samples=0), "samples"),
        (lambda graph: graph.betweenness(samples=2.5), "samples"),
        (lambda graph: graph.betweenness(seed=-1), "seed"),
        (lambda graph: graph.betweenness(seed=2**64), "seed"),
        (lambda graph: graph.significant(top=0), "top"),
        (lambda graph: graph.significant(top=True), "top"),
    ],
)
def test_bad_input_is_named(colony, ask, named):
    with pytest.raises((ValueError, TypeError), match=named):
        ask(colony.graph)
