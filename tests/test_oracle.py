"""The engine against a naive colony in plain Python, at every tick."""

import phago
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from naive import NaiveColony, Synapse
from support import Chance, edges_of, steps, words

WORDS = words(160)


def text_of(chance, vocabulary, longest):
    return " ".join(WORDS[chance.rank(vocabulary)] for _ in range(1 + chance.below(longest)))


class Pair:
    """A colony and the naive one, given the same inputs; with `twin`, also a colony of as many shards."""

    def __init__(self, config, shards, twin=None):
        self.colony = phago.Colony(shards, config=config, runner=phago.RunnerConfig(max_parallelism=2))
        self.twins = [] if twin is None else [phago.Colony(twin, config=config)]
        self.naive = NaiveColony(config)
        self.texts = {}
        self.compared = 0

    def both(self, do):
        found, *others = [do(colony) for colony in (self.colony, *self.twins)]
        assert others in ([], [found])
        return found

    def ingest(self, documents):
        for key, text in documents:
            self.naive.ingest(key, text)
            self.texts[key] = text
        self.both(lambda colony: colony.ingest([{"id": key, "text": text} for key, text in documents]))

    def delete(self, key):
        assert self.both(lambda colony: colony.delete(key))
        self.naive.delete(key)
        del self.texts[key]

    def update(self, key, text):
        changed = self.texts[key] != text
        assert self.both(lambda colony: colony.update({"id": key, "text": text})) == (
            "changed" if changed else "unchanged"
        )
        if changed:
            self.naive.delete(key)
            self.naive.ingest(key, text)
            self.texts[key] = text

    def reinforce(self, question, places=(0, 1, 3)):
        """What stands in these places of the answer to a question."""
        hits = self.both(lambda colony: colony.query(question, k=5))
        for place in places:
            if place < len(hits):
                hit = hits[place]
                assert self.both(lambda colony, hit=hit: colony.reinforce(hit))
                self.naive.reinforce(hit.id, steps(hit))

    def tick(self, *, whole=True):
        result = self.colony.tick()
        for twin in self.twins:
            assert twin.tick().total_edges() == result.total_edges()
        self.naive.step()
        assert result.tick == self.naive.tick
        assert result.total_edges() == len(self.naive.edges)
        assert result.total_nodes() == len(self.naive.nodes)
        if whole:
            self.compare()

    def compare(self):
        assert {node.id for node in self.colony.graph.nodes} == self.naive.nodes
        found, expected = edges_of(self.colony), self.naive.graph()
        assert {pair: row[1:] for pair, row in found.items()} == {pair: row[1:] for pair, row in expected.items()}
        for pair, row in found.items():
            assert row[0] == pytest.approx(expected[pair][0], abs=1e-6)
        # The count that is kept equals a slow recount, and no row is above the cap.
        assert self.colony.stats().edges == len(found)
        assert {node.id: node.uses for node in self.colony.graph.nodes if node.uses} == dict(self.naive.uses)
        if self.naive.backlog or self.naive.reinforcing or self.naive.unwiring:
            assert not self.colony._world.quiet
        self.both(lambda colony: colony.digest())
        degrees = [node.degree for node in self.colony.graph.nodes]
        assert sum(degrees) == len(found)
        assert max(degrees, default=0) <= self.colony.config.max_edge_degree
        self.compared += len(found)

    def close(self):
        for key, tick in self.naive.digested.items():
            assert self.colony.get(key).digested == tick
        with phago.Colony(1, config=self.colony.config) as fresh:
            # It never saw what was deleted, and was never reinforced.
            fresh.ingest([{"id": key, "text": text} for key, text in reversed(self.texts.items())])
            assert self.both(lambda colony: colony.digest("evidence")) == fresh.digest("evidence")
        for colony in (self.colony, *self.twins):
            colony.close()


def compare(config, shards, seed, steps, vocabulary=160, longest=40):
    """Bursts of documents, of use and of deletes, then silences long enough for synapses to go."""
    pair, chance = Pair(config, shards), Chance(seed)
    number = 0
    for _ in range(steps):
        burst = chance.below(9) if chance.below(3) == 0 else 0
        pair.ingest([(f"d{number + at}", text_of(chance, vocabulary, longest)) for at in range(burst)])
        number += burst
        for _ in range(chance.below(3) if pair.texts else 0):
            pair.reinforce(text_of(chance, vocabulary, 3))
        if chance.below(4) == 0:
            for key in chance.shuffled(pair.texts)[: chance.below(3)]:
                pair.delete(key)
        for _ in range(1 + chance.below(120) if chance.below(8) == 0 else 1):
            pair.tick(whole=False)
        pair.compare()
    pair.close()
    return pair.compared


@pytest.mark.parametrize("shards", [1, 3])
def test_the_engine_equals_the_naive_colony_at_defaults(shards):
    assert compare(phago.ColonyConfig(), shards, seed=7, steps=40) > 1000


def test_the_engine_equals_the_naive_colony_at_every_single_tick():
    pair, chance = Pair(phago.ColonyConfig(maturation_ticks=5, edge_decay_rate=0.03), 4), Chance(3)
    for at in range(60):
        if at % 7 == 0:
            pair.ingest([(f"d{at}-{more}", text_of(chance, 60, 12)) for more in range(3)])
        pair.tick()
    assert pair.compared > 1000
    pair.close()


def test_a_small_cap_and_small_ticks_equal_the_naive_colony_too():
    config = phago.ColonyConfig(max_edge_degree=4, concepts_per_document=9, documents_per_tick=3, bytes_per_tick=300)
    assert compare(config, 2, seed=11, steps=40) > 1000


def test_many_exact_ties_equal_the_naive_colony_too():
    config = phago.ColonyConfig(max_edge_degree=5)
    digests = set()
    for shards in (1, 8):
        pair = Pair(config, shards)
        pair.ingest([(f"d{at}", " ".join(WORDS[at // 10 * 20 : at // 10 * 20 + 20])) for at in range(40)])
        pair.tick()
        assert len(pair.naive.edges) == 80 * 5
        digests.add(pair.colony.digest())
        pair.close()
    assert len(digests) == 1


# What the row of `a` meets in which tick, and why it keeps `c` of the two: a cap of one shows the order of dropping.
ROWS = {
    "the heavier": [["a b", "a b", "a c", "a c", "a c", "b"]],
    "the rarer": [["a b", "b", "b", "a c"]],
    "the one met more often, where both weigh 1": [["a b"] * 12 + ["a c"] * 15 + ["b"] * 3],
    "the one met last": [["a b"], ["a c"]],
}


@pytest.mark.parametrize("kept", ROWS)
@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("pair", [(1, 2), (2, 1)])
def test_the_cap_keeps_in_the_stated_order(kept, shards, pair):
    named = {"a": WORDS[0], "b": WORDS[pair[0]], "c": WORDS[pair[1]]}
    tried = Pair(phago.ColonyConfig(max_edge_degree=1, edge_decay_rate=0.0), shards)
    number = 0
    for tick in ROWS[kept]:
        texts = [" ".join(named[letter] for letter in text.split()) for text in tick]
        tried.ingest([(f"d{number + at}", text) for at, text in enumerate(texts)])
        number += len(texts)
        tried.tick()
    assert [edge.target for edge in tried.colony.graph.neighbors(named["a"])] == [named["c"]]
    tried.close()


@pytest.mark.parametrize("shards", [1, 3])
def test_where_all_is_equal_the_cap_keeps_the_smaller_id(shards):
    tried = Pair(phago.ColonyConfig(max_edge_degree=1), shards)
    tried.ingest([("d", " ".join(WORDS[:20]))])
    tried.tick()
    smallest, second = sorted(node.id for node in tried.colony.graph.nodes)[:2]
    found = {pair[0]: pair[1] for pair in edges_of(tried.colony)}
    assert {target for source, target in found.items() if source != smallest} == {smallest}
    assert found[smallest] == second
    tried.close()


def test_a_tick_may_take_exactly_its_bytes():
    tried = Pair(phago.ColonyConfig(bytes_per_tick=4 * len("lorem ipsum")), 2)
    tried.ingest([(f"d{at}", "lorem ipsum") for at in range(10)])
    for _ in range(3):
        tried.tick()
    assert sorted(tried.naive.digested.values()) == [1] * 4 + [2] * 4 + [3] * 2
    tried.close()


def test_the_naive_colony_itself_forgets_at_the_ticks_of_the_table():
    naive = NaiveColony(phago.ColonyConfig())
    for times, gone in ((1, 101), (2, 174), (3, 221), (5, 289), (10, 402)):
        synapse = Synapse(min(times * 1_677_722, 2**24), 0, 0, times)
        assert naive.lives(synapse, gone - 1)
        assert not naive.lives(synapse, gone)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**64 - 1),
    shards=st.integers(1, 9),
    config=st.builds(
        phago.ColonyConfig,
        max_edge_degree=st.integers(1, 40),
        concepts_per_document=st.integers(1, 40),
        documents_per_tick=st.integers(1, 12),
        reinforcement_gain=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
        edge_decay_rate=st.sampled_from([0.0, 0.001, 0.02, 0.1, 1.0]),
        edge_prune_threshold=st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.0]),
        staleness_factor=st.sampled_from([0.0, 0.5, 1.5, 5.0]),
        maturation_ticks=st.integers(0, 60),
    ),
)
def test_any_config_equals_the_naive_colony(seed, shards, config):
    compare(config, shards, seed, steps=8, vocabulary=80, longest=25)


TEXTS = st.lists(st.integers(0, 11), min_size=1, max_size=6).map(lambda some: " ".join(WORDS[one] for one in some))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shards=st.integers(1, 16),
    twin=st.integers(1, 16),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("ingest"), st.lists(TEXTS, min_size=1, max_size=4)),
            st.tuples(st.just("reinforce"), TEXTS),
            st.tuples(st.just("update"), st.integers(0, 20), TEXTS),
            st.tuples(st.just("delete"), st.integers(0, 20)),
            st.tuples(st.just("tick"), st.sampled_from([1, 1, 1, 2, 30, 55, 120])),
        ),
        max_size=20,
    ),
)
def test_any_sequence_of_inputs_and_ticks_equals_the_naive_colony(shards, twin, steps):
    pair = Pair(phago.ColonyConfig(max_edge_degree=6), shards, twin)
    number = 0
    for what, *how in steps:
        if what == "ingest":
            pair.ingest([(f"d{number + at}", text) for at, text in enumerate(how[0])])
            number += len(how[0])
        elif what == "reinforce":
            pair.reinforce(how[0])
        elif what == "tick":
            for _ in range(how[0]):
                pair.tick(whole=False)
        elif pair.texts:
            key = sorted(pair.texts)[how[0] % len(pair.texts)]
            pair.delete(key) if what == "delete" else pair.update(key, how[1])
        pair.compare()
    pair.close()
