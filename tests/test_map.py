"""The map of a colony: its clusters and what is between them; the same on any number of shards."""

import dataclasses
import pickle

import phago
import pytest
from phago._mapping import mapped
from test_surveys import TOPICS, planted


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(shards=2) as colony:
        colony.ingest(linked())
        colony.run()
        yield colony


def linked():
    """The planted documents, with a word of topic 2 and one of topic 3 that also come together in some of them."""
    documents = planted()
    words = {2: ["t2linkx"], 3: ["t3linkx"]}
    for number, document in enumerate(documents):
        topic, turn = number % TOPICS, number // TOPICS
        if topic in words and turn % 4 == 0:
            document["text"] = " ".join([*(words[topic] if turn % 5 else words[2] + words[3]), document["text"]])
    return documents


def names(link):
    return {cluster.label[:2] for cluster in link.clusters}


def test_clusters_stand_by_their_size_and_links_by_their_evidence(colony):
    found, insights = colony.map(), colony.insights()
    assert len(found.clusters) == TOPICS
    assert sorted(found.clusters, key=lambda one: one.label) == sorted(insights.clusters, key=lambda one: one.label)
    sizes = [cluster.documents for cluster in found.clusters]
    assert sizes == sorted(sizes, reverse=True)
    assert (found.tick, found.documents) == (insights.tick, insights.documents)
    assert [link.g2 for link in found.links] == sorted((link.g2 for link in found.links), reverse=True)
    assert colony.clusters() == insights.clusters


def test_a_link_has_the_pairs_between_two_clusters_and_the_bridges_that_join_them(colony):
    found = colony.map()
    between = next(link for link in found.links if names(link) == {"t2", "t3"})
    one, other = between.clusters
    pairs = [
        pair
        for pair in colony.graph.significant(10**6)
        if {pair.source, pair.target} & {*one.members} and {pair.source, pair.target} & {*other.members}
    ]
    counted = [pair.g2 for pair in pairs if pair.g2 > 36 and pair.co_activations >= 3]
    assert between.pairs == len(counted) > 0
    assert between.g2 == pytest.approx(sum(counted))
    joined = next(link for link in found.links if link.bridges)
    assert names(joined) == {"t0", "t1"}
    assert [bridge.label for bridge in joined.bridges] == ["bridgeword"]
    assert {side.cluster for side in joined.bridges[0].sides} == set(joined.clusters)
    assert sum(len(link.bridges) for link in found.links) == len(colony.insights().bridges)


def test_a_pair_counts_by_the_rule_by_which_the_pairs_of_a_cluster_do(colony):
    """The rule is the core's; this sees that the package's copy of it is the same."""
    for cluster in colony.insights().clusters:
        members = {*cluster.members}
        inside = [pair for pair in colony.graph.significant(10**6) if {pair.source, pair.target} <= members]
        assert cluster.pairs == sum(pair.g2 > 36 and pair.co_activations >= 3 for pair in inside)


def test_weak_pairs_and_concepts_outside_of_clusters_link_nothing(colony):
    insights = dataclasses.replace(colony.insights(), bridges=())
    one, other = (cluster.label for cluster in insights.clusters[:2])
    pair = phago.SignificantPair(one, other, 3, 0.1, 36.1)
    assert [link.pairs for link in mapped(insights, [pair]).links] == [1]
    for change in ({"g2": 36.0}, {"co_activations": 2}, {"target": "nowhere"}, {"source": other}):
        assert mapped(insights, [dataclasses.replace(pair, **change)]).links == ()


def test_the_cluster_of_a_concept_is_found_by_label_word_and_stem(colony):
    cluster = colony.cluster_of("t4w1x")
    assert cluster in colony.clusters()
    assert "t4w1x" in cluster.members
    with phago.Colony() as other:
        texts = ["membranes ion channel pump cell", "membrane ion channel cell salt", "membrane pump salt ion cell"]
        texts += ["stars planet orbit moon comet", "star planet orbit sun comet", "star moon sun planet orbit"]
        other.ingest({"id": f"{at}", "text": f"{texts[at % 6]} day{at}"} for at in range(120))
        other.run()
        assert other.graph.node("membranes").label == "membrane"
        assert other.cluster_of("membranes") == other.cluster_of("membran") == other.cluster_of("membrane")
        assert "membrane" in other.cluster_of("membranes").members


@pytest.mark.parametrize("label", ["", "nosuchword", "d1", "\0", "the"])
def test_what_is_no_concept_is_in_no_cluster(colony, label):
    assert colony.cluster_of(label) is None


@pytest.mark.parametrize(
    ("label", "error"), [(None, TypeError), (7, TypeError), (b"t", TypeError), ("\ud800", ValueError)]
)
def test_a_label_that_is_no_text_is_named(colony, label, error):
    with pytest.raises(error, match="`label`"):
        colony.cluster_of(label)


@pytest.mark.parametrize("shards", [1, 3, 7, 16])
def test_the_map_is_the_same_on_any_number_of_shards(colony, shards):
    with phago.Colony(shards=shards) as other:
        other.ingest(reversed(linked()))
        other.run()
        assert other.map() == colony.map()
        assert other.cluster_of("t4w1x") == colony.cluster_of("t4w1x")


async def test_coroutines_give_what_the_calls_give(colony):
    async with phago.AsyncColony(shards=3) as other:
        await other.ingest(linked())
        await other.run()
        assert await other.map() == colony.map()
        assert await other.clusters() == colony.clusters()
        assert await other.cluster_of("t4w1x") == colony.cluster_of("t4w1x")
        assert await other.cluster_of("nosuchword") is None


def test_an_empty_colony_has_an_empty_map():
    with phago.Colony() as colony:
        assert colony.map() == phago.Map(0, 0, (), ())
        assert colony.clusters() == ()
        assert colony.cluster_of("membrane") is None


def test_a_map_is_frozen_and_pickles(colony):
    found = colony.map()
    assert pickle.loads(pickle.dumps(found)) == found
    assert hash(found) == hash(colony.map())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.tick = 7


def hostile(label):
    cluster = phago.Cluster(label, (label,), (label,), 5, (label,), 7)
    sides = (phago.BridgeSide(cluster, 3.0, 9.0, (label,), ()), phago.BridgeSide(cluster, 3.0, 9.0, (), ()))
    bridge = phago.Bridge(label, sides, 6, 0.9, 8.0)
    link = phago.ClusterLink((cluster, cluster), 3, 120.0, (bridge,))
    return phago.Insights(1, 5, 0.5, (cluster,), (bridge,)), phago.Map(1, 5, (cluster,), (link,))


def test_tables_for_notebooks_show_what_there_is_and_escape_it(colony):
    for found in hostile("<script>alert('&')</script>"):
        shown = found._repr_html_()
        assert "<script>" not in shown
        assert "&lt;script&gt;" in shown
    shown = colony.map()._repr_html_()
    assert all(cluster.label in shown for cluster in colony.clusters())
    assert "bridgeword" in shown
    assert "bridgeword" in colony.insights()._repr_html_()
    assert "2,000" in colony.stats()._repr_html_()


def test_a_long_table_says_how_much_it_shows():
    _, found = hostile("word")
    shown = dataclasses.replace(found, links=found.links * 60)._repr_html_()
    assert "links: 50 of 60" in shown
    assert shown.count("<tr>") < 60
