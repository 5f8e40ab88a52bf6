"""Documents that leave and change, beside a dictionary that does the same."""

import asyncio
import datetime
import itertools
import math
import pickle
import random
from dataclasses import replace

import numpy as np
import phago
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from phago import _phago
from phago._intake import CHUNKS
from support import await_fault

# Every word is its own stem and its own label, so that plain Python can tell what the index has to hold.
WORDS = [
    "ion",
    "cell",
    "pump",
    "salt",
    "bread",
    "yeast",
    "malt",
    "beer",
    "flour",
    "tree",
    "root",
    "leaf",
    "stone",
    "sand",
    "river",
    "wind",
    "rain",
    "snow",
]
IDS = [f"doc-{number}" for number in range(8)]

TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "year": st.integers(2020, 2022),
        "tags": st.lists(st.sampled_from("abc"), max_size=3),
        "open": st.booleans(),
    },
)
NOON = datetime.datetime(2030, 6, 1, 12, tzinfo=datetime.UTC)
TIMES = st.integers(0, 9).map(lambda seconds: NOON + datetime.timedelta(seconds=seconds))
# Most documents stay; a lifetime may be over when its document comes.
EXPIRES = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 90), TIMES)
DOCUMENTS = st.builds(phago.Document, TEXTS, st.sampled_from(IDS), st.sampled_from(["", *WORDS]), METADATA, EXPIRES)

# The graph shows no history under these: nothing fades, nothing is dropped and nothing clipped (of 8 documents).
PLAIN = phago.ColonyConfig(edge_decay_rate=0.0, max_edge_degree=1000, concepts_per_document=1000)
# And under these it shows much.
NARROW = phago.ColonyConfig(edge_decay_rate=0.02, max_edge_degree=3, documents_per_tick=3)


def words_of(document):
    return f"{document.title} {document.text}".split()


def bm25(documents, question):
    """The score of each document that has one, as the textbook has it."""
    lengths = {document.id: len(words_of(document)) for document in documents}
    mean = sum(lengths.values()) / max(len(lengths), 1)
    scores = {}
    for word in dict.fromkeys(question.split()):
        counts = {document.id: words_of(document).count(word) for document in documents}
        df = sum(count > 0 for count in counts.values())
        idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
        for name, tf in counts.items():
            if tf:
                norm = 1.5 * (1 - 0.75 + 0.75 * lengths[name] / mean)
                scores[name] = scores.get(name, 0) + question.split().count(word) * idf * tf * 2.5 / (tf + norm)
    return scores


def edges_of(colony):
    return {(edge.source, edge.target): edge for edge in colony.graph.edges}


def test_every_word_stands_for_itself():
    assert all(_phago.analyse(word) == [word] for word in WORDS)


class Machine(RuleBasedStateMachine):
    @initialize(shards=st.integers(2, 16), config=st.sampled_from([PLAIN, NARROW, phago.ColonyConfig()]))
    def begin(self, shards, config):
        self.config = config
        # One must be as the other, whatever is done to both.
        self.colonies = [phago.Colony(1, config=config), phago.Colony(shards, config=config)]
        self.documents = {}
        self.reinforced = False
        self.now = None

    def teardown(self):
        for colony in getattr(self, "colonies", []):
            colony.close()

    def both(self, do):
        one, other = (do(colony) for colony in self.colonies)
        assert one == other
        return one

    @rule(document=DOCUMENTS)
    def ingest(self, document):
        known = self.documents.get(document.id)
        if known is None or known == document:
            report = self.both(lambda colony: colony.ingest(document))
            assert (report.accepted, report.unchanged) == ((1, 0) if known is None else (0, 1))
            self.documents[document.id] = document
            return
        for colony in self.colonies:
            with pytest.raises(phago.DocumentExists, match="update"):
                colony.ingest(document)

    @rule(document=DOCUMENTS)
    def update(self, document):
        known = self.documents.get(document.id)
        expected = "new" if known is None else "unchanged" if known == document else "changed"
        assert self.both(lambda colony: colony.update(document)) == expected
        self.documents[document.id] = document

    @rule(id=st.sampled_from(IDS))
    def delete(self, id):
        assert self.both(lambda colony: colony.delete(id)) == (self.documents.pop(id, None) is not None)

    @rule(question=TEXTS)
    def reinforce(self, question):
        for hit in self.both(lambda colony: tuple(colony.query(question, k=2))):
            # A hit that only a mention of its title led to has no concepts to learn from.
            helps = bool(hit.path.concepts or hit.path.words)
            assert self.both(lambda colony, hit=hit: colony.reinforce(hit)) == helps
            self.reinforced |= helps

    @rule(document=st.sampled_from(IDS), expires=EXPIRES)
    def renew(self, document, expires):
        known = self.documents.get(document)
        if known is not None:
            self.update(replace(known, expires=expires))

    @rule(count=st.sampled_from([1, 1, 1, 2, 60]), now=st.one_of(st.none(), TIMES))
    def tick(self, count, now):
        self.tell(now)
        for _ in range(count):
            tick = self.both(lambda colony: (colony.tick(now=now).tick, colony.stats().edges))[0]
        self.expire(tick)

    def tell(self, now):
        if now is not None:
            self.now = now if self.now is None else max(self.now, now)

    def run_all(self, now=None):
        self.tell(now)
        ticks, tick = self.both(lambda colony: (colony.run(now=now).ticks, colony.stats().tick))
        # Without a tick, nothing leaves.
        if ticks:
            self.expire(tick)

    def expire(self, tick):
        """Forget the documents whose lifetime was over when the tick of this number was made."""

        def is_over(expires):
            if isinstance(expires, datetime.datetime):
                return self.now is not None and expires <= self.now
            return expires is not None and expires <= tick

        self.documents = {name: one for name, one in self.documents.items() if not is_over(one.expires)}

    @precondition(lambda self: self.documents)
    @rule(data=st.data())
    def take_from_a_quiet_graph(self, data):
        self.run_all()
        if not self.documents:
            return
        before = [edges_of(colony) for colony in self.colonies]
        gone = data.draw(st.sets(st.sampled_from(sorted(self.documents)), min_size=1))
        for name in sorted(gone):
            self.delete(name)
        self.run_all()
        for colony, had in zip(self.colonies, before, strict=True):
            for pair, edge in edges_of(colony).items():
                # Nothing comes, and nothing gains, by what goes.
                assert edge.weight <= had[pair].weight
                assert edge.co_activations <= had[pair].co_activations
                assert (edge.created, edge.last_activated) == (had[pair].created, had[pair].last_activated)

    @rule(now=st.one_of(st.none(), TIMES))
    def come_to_rest(self, now):
        self.run_all(now)
        words = {name: set(words_of(document)) for name, document in self.documents.items()}
        for colony in self.colonies:
            # No concept without a document that stands, and none of their words without a concept.
            assert {node.label for node in colony.graph.nodes} == set().union(*words.values())
            for (source, target), edge in edges_of(colony).items():
                support = sum({source, target} <= have for have in words.values())
                assert 1 <= edge.co_activations <= support
        if self.config == PLAIN:
            with phago.Colony(4, config=PLAIN) as fresh:
                fresh.ingest(replace(document, expires=None) for document in self.documents.values())
                fresh.run()
                plainly = lambda colony: {
                    pair: (None if self.reinforced else edge.weight, edge.co_activations)
                    for pair, edge in edges_of(colony).items()
                }
                assert plainly(self.colonies[0]) == plainly(fresh)

    @rule(question=TEXTS, k=st.integers(1, 10))
    def query(self, question, k):
        found = self.both(lambda colony: tuple(colony.query(question, k, ranking="lexical")))
        expected = bm25(list(self.documents.values()), question)
        assert [hit.score for hit in found] == pytest.approx(sorted(expected.values(), reverse=True)[:k])
        for hit in found:
            assert hit.score == pytest.approx(expected[hit.id])
            known = replace(self.documents[hit.id], expires=None)
            assert phago.Document(hit.text, hit.id, hit.title, hit.metadata) == known

    @rule(question=TEXTS, year=st.integers(2020, 2022), tag=st.sampled_from("abc"))
    def filter(self, question, year, tag):
        where = {"year": {"gte": year}, "tags": tag}
        found = self.both(lambda colony: tuple(colony.query(question, 10, where=where)))
        whole = self.both(lambda colony: tuple(colony.query(question, 10)))
        match = lambda of: of.metadata.get("year", 0) >= year and tag in of.metadata.get("tags", [])
        assert list(found) == [hit for hit in whole if match(hit)]

    @invariant()
    def is_the_dictionary(self):
        if not hasattr(self, "colonies"):
            return
        for colony in self.colonies:
            assert len(colony) == len(self.documents)
            for name in IDS:
                found = colony.get(name)
                assert (name in colony) == (name in self.documents) == (found is not None)
                if found:
                    same = phago.Document(found.text, name, found.title, found.metadata, found.expires)
                    assert same == self.documents[name]
        self.both(lambda colony: colony.digest())
        with phago.Colony(3, config=self.config) as fresh:
            fresh.ingest(reversed(self.documents.values()))
            assert self.both(lambda colony: colony.digest("evidence")) == fresh.digest("evidence")


Machine.TestCase.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase


def small_colony(**options):
    colony = phago.Colony(3, **options)
    colony.ingest([{"id": "a", "text": "ions cross the membrane"}, {"id": "b", "text": "yeast makes bread"}])
    colony.run()
    return colony


def test_updates_of_many_are_those_of_one_by_one(tmp_path):
    def rows(of, end=""):
        return [{"id": f"doc-{number}", "text": f"{WORDS[number % 18]} and {WORDS[number % 7]}{end}"} for number in of]

    async def awaited(updates):
        async with phago.AsyncColony(2) as colony:
            await colony.ingest(rows(range(1500)))
            report = await colony.update_all(updates)
            await colony.run()
            return report, await colony.digest()

    # Changed, unchanged and new, and more than one chunk of them.
    updates = rows(range(600), " again") + rows(range(600, 1600))
    with phago.open(tmp_path / "m", shards=3) as colony, phago.Colony(1) as alone:
        for one in (colony, alone):
            one.ingest(rows(range(1500)))
        report = colony.update_all(iter(updates))
        assert report == phago.UpdateReport(new=100, changed=600, unchanged=900)
        assert [alone.update(row) for row in updates].count("changed") == 600
        for one in (colony, alone):
            one.run()
        assert colony.digest() == alone.digest()
        assert asyncio.run(awaited(updates)) == (report, alone.digest())
        assert colony.update_all(updates[0]).unchanged == 1
        assert pickle.loads(pickle.dumps(report)) == report


def test_a_bad_update_among_many_raises_or_is_left_out():
    with phago.Colony(2) as colony:
        updates = [{"id": f"doc-{number}", "text": "ion"} for number in range(CHUNKS[0] + 3)]
        odd = [{"text": "no id"}, {"id": "x", "text": "y", "odd": 1}]
        bad = [*updates[: CHUNKS[0] + 1], *odd, *updates[CHUNKS[0] + 1 :]]
        with pytest.raises(phago.InvalidDocument) as caught:
            colony.update_all(bad)
        assert (caught.value.index, caught.value.field) == (CHUNKS[0] + 1, "id")
        assert caught.value.report == phago.UpdateReport(new=CHUNKS[0])
        assert len(colony) == CHUNKS[0]
        report = colony.update_all(bad, on_error="skip")
        assert (report.new, report.changed, report.unchanged) == (3, 0, CHUNKS[0])
        assert [(one.index, one.field) for one in report.rejected] == [(CHUNKS[0] + 1, "id"), (CHUNKS[0] + 2, "odd")]
        with pytest.raises(phago.ConfigError):
            colony.update_all(updates, on_error="ignore")
        with pytest.raises(phago.InvalidDocument):
            colony.update_all("a text has no id")


@pytest.mark.parametrize(
    "document",
    [
        "text without an id",
        {"text": "text without an id"},
        phago.Document("text without an id"),
        {"id": "", "text": "x"},
        {"id": "a" * 600, "text": "x"},
        {"id": "a"},
        {"id": "a", "text": " "},
        {"id": "a", "text": "x", "tags": []},
        {"id": "a", "text": "\ud800"},
        {"id": 3, "text": "x"},
        [{"id": "a", "text": "x"}],
        7,
        None,
    ],
)
def test_an_update_that_cannot_be_done_changes_nothing(document):
    with small_colony() as colony:
        before = colony.digest()
        with pytest.raises(phago.InvalidDocument):
            colony.update(document)
        assert colony.digest() == before


# For all documents or for none, whatever these have.
CERTAIN = [{}, {"k": []}, {"k": {"$in": ()}}, {"k": {"nin": set()}}, {"k": {"not": []}}, {"k": {"nin": np.array([])}}]


def made_up(chance, depth, free):
    """A filter in which each of the free keys stands once at most, so that it is for all only by its form."""
    if not depth or chance.random() < 0.2:
        return {free.pop(): 1} if free and chance.random() < 0.5 else chance.choice(CERTAIN)
    parts = [made_up(chance, depth - 1, free) for _ in range(chance.randint(1, 2))]
    joined = {chance.choice(("$and", "$or", "and", "or")): parts}
    return chance.choice((joined, {"$not": joined}, {"not": joined}, {**joined, "$not": chance.choice(CERTAIN)}))


@pytest.mark.parametrize("memory", ["colony", "client"])
def test_a_filter_that_is_for_all_documents_by_its_form_deletes_none(tmp_path, memory):
    chance, keys = random.Random(7), ("a", "b", "c")
    documents = [
        {"id": "".join(has) or "none", "text": "ions", "metadata": dict.fromkeys(has, 1)}
        for count in range(4)
        for has in itertools.combinations(keys, count)
    ]
    known = {True: 0, False: 0}
    with phago.Colony(1) if memory == "colony" else phago.connect(tmp_path) as there:
        for _ in range(300):
            where = made_up(chance, 4, list(keys))
            there.ingest(documents)
            found = there.count(where)
            known[found == len(documents)] += 1
            if found == len(documents):
                with pytest.raises(phago.ConfigError, match=r"`where` is .*not true of every document"):
                    there.delete(where=where)
            else:
                assert there.delete(where=where) == found, where
    assert min(known.values()) > 50


def test_a_delete_that_cannot_be_done_changes_nothing():
    with small_colony() as colony:
        before = colony.digest()
        assert not colony.delete("c")
        assert not colony.delete("")
        # A document with an id of its own goes by that alone.
        assert not colony.delete(_phago.document_id("a"))
        with pytest.raises(phago.ConfigError, match="`where`"):
            colony.delete(None)
        for empty in ({}, {"$and": [{}]}, {"and": [{}, {"or": [{}]}]}, {"$or": [{}, {"a": 1}]}, {"$not": {"$not": {}}}):
            with pytest.raises(phago.ConfigError, match="`where`"):
                colony.delete(where=empty)
        assert colony.delete(where={"year": np.array(3)}) == colony.delete(where={"year": {"in": range(0)}}) == 0
        for wrong in (7, b"a", [7]):
            with pytest.raises(TypeError, match="`id`"):
                colony.delete(wrong)
        with pytest.raises(ValueError, match="surrogate"):
            colony.delete("\ud800")
        with pytest.raises(phago.ConfigError, match="evidence") as caught:
            colony.digest("graph")
        assert (caught.value.field, caught.value.value) == ("of", "graph")
        assert colony.digest() == before != colony.digest("evidence")
    with pytest.raises(phago.ClosedError):
        colony.delete("a")


def test_a_document_without_an_id_goes_by_its_digits():
    with phago.Colony(2) as colony:
        colony.ingest("ions cross the membrane")
        hit = colony.query("ions")[0]
        assert colony.delete(hit.id)
        assert not colony.delete(hit.id)
        assert len(colony) == 0


def test_labels_are_those_of_the_documents_that_stand():
    with phago.Colony(3) as colony:
        colony.ingest([{"id": "a", "text": "pumping pumping sodium"}, {"id": "b", "text": "pump sodium"}])
        colony.run()
        assert "pumping" in {node.label for node in colony.graph.nodes}
        colony.delete("a")
        assert {node.label for node in colony.graph.nodes} == {"pump", "sodium"}


def test_results_outlive_the_document_they_tell_of():
    with small_colony() as colony:
        hits, stored, edges = colony.query("membrane"), colony.get("a"), list(colony.graph.edges)
        packed = pickle.dumps((hits, stored, edges))
        assert colony.delete("a")
        assert not colony.query("membrane")
        report = colony.run()
        assert report.ticks >= 1
        assert {node.label for node in colony.graph.nodes} == {"yeast", "makes", "bread"}
        assert pickle.loads(packed) == (hits, stored, edges)
        assert hits[0].text == "ions cross the membrane"
        stats = colony.stats()
        assert (stats.documents, stats.digested, stats.nodes, stats.terms) == (1, 1, 3, 3)


def test_while_a_tick_is_made_documents_stay_and_leave_when_it_ends():
    async def main():
        runner = phago.RunnerConfig(max_parallelism=2, phase_timeout_ms=3_000, recover="manual")
        async with phago.AsyncColony(3, runner=runner) as colony:
            await colony.ingest([{"id": "a", "text": "ions cross"}, {"id": "b", "text": "yeast rises"}])
            colony._colony._runner.inject(("hang", 1, "Decay", 1))
            tick = asyncio.ensure_future(colony.tick())
            await await_fault(colony._colony._runner)
            assert await colony.delete("a")
            assert not await colony.delete("a")
            assert await colony.update({"id": "b", "text": "malt"}) == "changed"
            assert await colony.update({"id": "c", "text": "salt"}) == "new"
            assert await colony.delete("c")
            assert "a" in colony
            assert [hit.id for hit in await colony.query("yeast")] == ["b"]
            with pytest.raises(phago.PhaseTimeout):
                await tick
            assert "a" not in colony
            assert len(colony) == 1
            assert not await colony.query("yeast")
            assert (await colony.run()).digested == 1
            return await colony.digest("evidence")

    evidence = asyncio.run(main())
    with phago.Colony(1) as colony:
        assert colony.update({"id": "b", "text": "malt"}) == "new"
        assert colony.digest("evidence") == evidence


def test_a_shard_lets_its_own_documents_go():
    coordinator = phago.Coordinator(3)
    shards = [phago.ShardedColony(phago.ShardId(i), phago.ColonyConfig(), coordinator.ring) for i in range(3)]
    home = coordinator.route_document("a")
    shards[home].ingest_document({"id": "a", "text": "ions cross the membrane"})
    with pytest.raises(phago.RoutingFailed) as caught:
        shards[(home + 1) % 3].delete_document("a")
    assert caught.value.home == home
    assert shards[home].delete_document("a")
    assert not shards[home].delete_document("a")
    assert not any(shard.get_term_frequencies() for shard in shards)


def test_a_document_that_held_nothing_to_digest_leaves_as_one():
    for shards in (1, 3):
        with phago.Colony(shards) as colony, phago.Colony(shards) as other:
            colony.ingest([{"id": "who", "text": "the who of it"}, {"id": "ions", "text": "ions cross"}])
            assert colony.run().failed == 1
            other.ingest([{"id": "ions", "text": "ions cross"}])
            other.run()
            assert colony.delete("who")
            assert colony.stats().digested == other.stats().digested == 1
            assert colony.digest() == other.digest()
