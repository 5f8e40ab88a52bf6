"""What a colony has beside its documents: one digest wherever it lives, kept, and undone with its tick."""

import phago
import pytest
from living import Curator, Herd, history, stream
from phago.backends import Processes

CONFIG = phago.ColonyConfig(
    seed=3, documents_per_tick=8, maturation_ticks=3, edge_decay_rate=0.05, concepts_per_document=10, known_word_boost=2
)


@pytest.fixture(scope="module")
def expected():
    with phago.Colony(shards=1, config=CONFIG) as colony:
        digests = history(colony)
        told = {event.what for event in colony.events()}
        assert told >= {phago.EventKind.DISSOLVED, phago.EventKind.TRANSFERRED, phago.EventKind.MOVED}
        assert any(node.uses for node in colony.graph.nodes)
        return digests, seen(colony)


def seen(colony):
    """All that is told of what lives in a colony."""
    return (
        colony.agents(),
        colony.marks(),
        colony.field("interest"),
        colony.field("grazed", of="trace"),
        colony.insights(),
        colony.anomalies(),
        colony.fading(50),
        colony.pinned(),
        colony.graph.neighbors("t1w3x"),
        [(node.label, node.uses) for node in colony.graph.nodes],
        colony.diff(2, 7),
        [event for event in colony.events() if event.kind != "digester"],
    )


@pytest.mark.parametrize("shards", [2, 3, 7, 16])
def test_any_number_of_shards_gives_one_digest(expected, shards):
    with phago.Colony(shards=shards, config=CONFIG, runner=phago.RunnerConfig(max_parallelism=2)) as colony:
        assert history(colony) == expected[0]
        assert seen(colony) == expected[1]


@pytest.mark.parametrize("nodes", [1, 3])
def test_nodes_give_the_digest_of_one_process_and_a_directory_keeps_it(expected, nodes, tmp_path):
    with phago.open(tmp_path / "memory", shards=4, config=CONFIG, backend=Processes(nodes)) as colony:
        assert history(colony) == expected[0]
        assert seen(colony) == expected[1]
    with phago.open(tmp_path / "memory", shards=5) as again:
        assert again.digest() == expected[0][-1]
        assert seen(again)[:-1] == expected[1][:-1]
        assert again.events() == []


@pytest.mark.parametrize("has_checkpoint", [False, True])
def test_a_colony_that_is_opened_again_goes_on_as_if_it_had_never_been_closed(tmp_path, has_checkpoint):
    with phago.Colony(shards=2, config=CONFIG) as colony:
        history(colony, 8)
        more(colony)
        undisturbed = colony.digest()
    with phago.open(tmp_path / "memory", shards=3, config=CONFIG) as colony:
        history(colony, 8)
        if has_checkpoint:
            colony.checkpoint()
        before = colony.digest()
        colony.snapshot(tmp_path / "copy")
    for place, shards in (("memory", 1), ("copy", 7)):
        with phago.open(tmp_path / place, shards=shards) as colony:
            assert colony.digest() == before
            # Their class is given back; until then they wait.
            colony.spawn(Curator, count=0)
            colony.spawn(Herd, count=0)
            more(colony)
            assert colony.digest() == undisturbed


def more(colony):
    for chunk in stream(3, seed=9):
        colony.ingest([{**document, "id": f"more-{document['id']}"} for document in chunk])
        colony.tick()
    colony.survey()


def test_a_log_without_a_checkpoint_replays_what_agents_did(tmp_path):
    with phago.open(tmp_path / "memory", config=CONFIG) as colony:
        digests = history(colony, 6)
        reader = phago.open(tmp_path / "memory", read_only=True)
        reader.refresh()
        assert reader.digest() == digests[-1] == colony.digest()
        assert reader.agents() == colony.agents()
        with pytest.raises(phago.ReadOnlyError):
            reader.emit("interest", "t0w1x")
        with pytest.raises(phago.ReadOnlyError):
            reader.survey()
        reader.close()


def test_watching_changes_nothing(expected):
    with phago.Colony(shards=3, config=CONFIG) as colony:
        told = []
        digests = []
        original = colony.tick

        def watched():
            result = original()
            told.append((len(colony.events()), colony.insights(), colony.agents(), colony.stats()))
            return result

        colony.tick = watched
        digests = history(colony)
        assert digests == expected[0]
        assert [count for count, *_ in told] == sorted(count for count, *_ in told)
    with phago.Colony(config=CONFIG) as one, phago.Colony(config=CONFIG) as other:
        calls = []
        for colony, progress in ((one, None), (other, calls.append)):
            for chunk in stream(3):
                colony.ingest(chunk, progress=progress)
                colony.run(progress=progress)
        assert one.digest() == other.digest()
        assert [call.what for call in calls].count("ingest") == 3
        assert calls[-1] == phago.Progress("run", 6, 6)


def test_progress_is_a_function_or_true_and_what_it_raises_ends_the_call():
    def full(progress):
        raise ZeroDivisionError

    with phago.Colony() as colony:
        with pytest.raises(TypeError, match="progress"):
            colony.run(progress=3)
        with pytest.raises(ZeroDivisionError):
            colony.ingest(["one text"] * 2_500, progress=full)
        assert len(colony) == 1
        with pytest.raises(ZeroDivisionError):
            colony.run(progress=full)
        colony.run(progress=True)
        assert colony.stats().digested == 1


# --- signals and traces ---


def test_a_signal_fades_in_closed_form_and_is_gone_below_its_threshold():
    with phago.Colony(shards=2) as colony:
        colony.ingest("Ions cross the membrane.")
        colony.emit("interest", "Membranes", 1.0)
        colony.emit("interest", "ions", 2.0)
        for tick in range(10):
            assert colony.field("interest")[0][1] == pytest.approx(2 * 0.95**tick, rel=1e-6)
            colony.tick()
        for _ in range(80):
            colony.tick()
        assert [label for label, _ in colony.field("interest")] == ["ions"]
        for _ in range(20):
            colony.tick()
        assert colony.field("interest") == []
        assert colony.marks() == []
        empty = phago.Colony(shards=3)
        empty.ingest("Ions cross the membrane.")
        for _ in range(110):
            empty.tick()
        assert empty.digest() == colony.digest()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("interest", "nosuchword"), "concept"),
        (("interest", "the membrane"), "concept"),
        (("", "membrane"), "name"),
        (("n" * 65, "membrane"), "name"),
        (("interest", "membrane", 0.0), "amount"),
        (("interest", "membrane", -1.0), "amount"),
        (("interest", "membrane", float("nan")), "amount"),
        (("interest", "membrane", 65_537.0), "amount"),
        (("interest", "membrane", True), "amount"),
    ],
)
def test_a_signal_that_no_field_takes_is_refused_and_changes_nothing(arguments, field):
    with phago.Colony() as colony:
        colony.ingest("Ions cross the membrane.")
        before = colony.digest()
        with pytest.raises(phago.ConfigError) as refused:
            colony.emit(*arguments)
        assert refused.value.field == field
        with pytest.raises(phago.ConfigError):
            colony.emit("interest", "membrane", of="smell")
        assert colony.digest() == before


def digested(colony, wanted):
    """The order in which documents are digested, and how soon those that are wanted come: 1 for first."""
    order = []
    while colony.stats().pending:
        start = len(colony.events())
        colony.tick()
        order += [event.document for event in colony.events(start) if event.what == phago.EventKind.ENGULFED]
    ranks = [place for place, document in enumerate(order) if wanted(document)]
    others = len(order) - len(ranks)
    later = sum(place - before for before, place in enumerate(ranks))
    return order, 1 - later / (len(ranks) * others)


def topics(count=12, each=16):
    return [
        {"id": f"{topic:02}-{number}", "text": f"t{topic}a t{topic}b word{(topic * 7 + number) % 30} t{topic}c"}
        for topic in range(count)
        for number in range(each)
    ]


@pytest.mark.parametrize(
    ("first", "low", "high"), [("arrival", 0.3, 0.7), ("signals", 0.99, 1.0), ("field", 0.99, 1.0)]
)
@pytest.mark.parametrize("shards", [1, 5])
def test_sense_digests_documents_of_a_signalled_topic_first(first, low, high, shards):
    config = phago.ColonyConfig(documents_per_tick=16, documents_first=first)
    with phago.Colony(shards=shards, config=config) as colony:
        colony.ingest(topics())
        colony.emit("interest", "t7a", 3.0)
        _, auc = digested(colony, lambda document: document.startswith("07"))
        assert low <= auc <= high


@pytest.mark.parametrize(("first", "least", "most"), [("arrival", 3, 4), ("traces", 12, 12)])
def test_stigmerge_gives_all_topics_their_turn(first, least, most):
    config = phago.ColonyConfig(documents_per_tick=4, documents_first=first)
    with phago.Colony(shards=2, config=config) as colony:
        # Folder after folder comes, faster than it is digested.
        documents = topics()
        for start in range(0, len(documents), 16):
            colony.ingest(documents[start : start + 16])
            colony.tick()
        engulfed = (event for event in colony.events() if event.what == phago.EventKind.ENGULFED)
        assert least <= len({event.document[:2] for event in engulfed}) <= most


def test_transfer_wires_fewer_words_of_one_document():
    texts = [
        " ".join([f"known{(number * 3 + at) % 200}x" for at in range(20)] + [f"once{number}n{at}y" for at in range(20)])
        for number in range(60)
    ]
    once = {}
    for boost in (1.0, 4.0):
        config = phago.ColonyConfig(known_word_boost=boost, concepts_per_document=20)
        with phago.Colony(shards=3, config=config) as colony:
            colony.ingest(texts)
            colony.run()
            once[boost] = sum(node.label.startswith("once") for node in colony.graph.nodes)
            told = [event.count for event in colony.events() if event.what == phago.EventKind.TRANSFERRED]
            assert told == ([] if boost == 1 else [sum(told)])
            assert boost == 1 or told[0] >= once[1.0] - once[boost] > 0
    assert once[4.0] < 0.75 * once[1.0]


@pytest.mark.parametrize("nodes", [None, 2])
def test_without_digestion_documents_are_found_and_nothing_grows(nodes, tmp_path):
    config = phago.ColonyConfig(digestion=False)
    backend = "threads" if nodes is None else Processes(nodes)
    with phago.open(tmp_path / "memory", shards=3, config=config, backend=backend) as colony:
        for chunk in stream(3):
            colony.ingest(chunk)
        assert colony.run().ticks == 0
        colony.tick()
        stats = colony.stats()
        assert (stats.documents, stats.pending, stats.nodes, stats.edges) == (18, 18, 0, 0)
        assert colony.events() == []
        assert colony.query("t1w3x common1y")[0].parts.concepts > 0
        colony.delete("d0-0")
        digest = colony.digest()
    with phago.open(tmp_path / "memory", shards=1) as colony:
        assert colony.digest() == digest
        assert colony.config == config


def test_without_wiring_there_are_concepts_and_no_synapses():
    with phago.Colony(shards=3, config=phago.ColonyConfig(wiring=False)) as colony, phago.Colony(shards=1) as usual:
        for one in (colony, usual):
            for chunk in stream(3):
                one.ingest(chunk)
            one.run()
        assert [node.label for node in colony.graph.nodes] == [node.label for node in usual.graph.nodes]
        assert colony.stats().edges == len(colony.graph.edges) == 0 < usual.stats().edges
        assert not [event for event in colony.events() if event.what == phago.EventKind.WIRED]
        for one in (colony, usual):
            one.delete("d0-0")
            one.run()
        assert colony.stats().edges == 0


def test_a_digester_ends_after_as_many_idle_ticks_as_it_has_patience():
    for patience, ticks in ((1, 2), (3, 4), (7, 8)):
        with phago.Colony(shards=3, config=phago.ColonyConfig(digester_patience=patience)) as colony:
            colony.ingest("Ions cross the membrane.")
            assert colony.run().ticks == ticks
            died = [event.tick for event in colony.events() if event.what == phago.EventKind.DIED]
            assert died == [ticks]


def test_a_digester_without_an_end_costs_no_tick(tmp_path):
    config = phago.ColonyConfig(digester_patience=0, documents_per_digester=2)
    with phago.open(tmp_path / "memory", shards=3, config=config) as colony:
        for chunk in stream(2):
            colony.ingest(chunk)
        assert colony.run().ticks == 1
        assert len(colony.agents("digester")) == 6
        for _ in range(5):
            colony.tick()
        digest = colony.digest()
    with phago.open(tmp_path / "memory", shards=2) as colony, phago.Colony(shards=1, config=config) as other:
        assert colony.digest() == digest
        assert len(colony.agents("digester")) == 6
        for chunk in stream(2):
            other.ingest(chunk)
        for _ in range(6):
            other.tick()
        assert other.digest() == digest
        for one in (colony, other):
            one.ingest("Ions cross the membrane.")
            assert one.run().ticks == 1
        assert not [event for event in other.events() if event.what == phago.EventKind.DIED]
        assert other.digest() == colony.digest()


@pytest.mark.parametrize("first", ["signals", "traces", "field"])
def test_the_field_orders_documents_over_nodes_as_in_one_process(first, tmp_path):
    config, by_arrival = (
        phago.ColonyConfig(documents_first=order, documents_per_tick=5) for order in (first, "arrival")
    )

    def history(colony):
        digests = []
        for tick, chunk in enumerate(stream(6, documents=12)):
            colony.ingest(chunk)
            if tick in (1, 3):
                colony.emit("interest", f"t{tick}w3x", 4.0)
            colony.tick()
            digests.append(colony.digest())
        return digests

    def digested(colony):
        return [event.document for event in colony.events() if event.what == phago.EventKind.ENGULFED]

    with phago.Colony(shards=1, config=config) as colony, phago.Colony(shards=1, config=by_arrival) as usual:
        expected = history(colony)
        history(usual)
        for one in (colony, usual):
            one.run()
        # The same documents with the same signals, in another order.
        assert digested(colony) != digested(usual)
        assert sorted(digested(colony)) == sorted(digested(usual))
        end = colony.digest()
    for nodes in (1, 3):
        path = tmp_path / str(nodes)
        with phago.open(path, shards=5, config=config, backend=Processes(nodes)) as colony:
            assert history(colony) == expected
        with phago.open(path, backend=Processes(2)) as colony:
            assert colony.digest() == expected[-1]
            colony.run()
            assert colony.digest() == end


# --- surveys ---


def test_clusters_keep_their_identities_from_survey_to_survey_and_through_the_disk(tmp_path):
    with phago.open(tmp_path / "memory", shards=2) as colony:
        for chunk in stream(60):
            colony.ingest(chunk)
        colony.run()
        first = colony.survey()
        assert len(first.clusters) == 4
        assert {cluster.change for cluster in first.clusters} == {"new"}
        before = colony.digest()
        assert "new" not in {cluster.change for cluster in colony.insights().clusters}
        assert colony.digest() == before
        events = [event.text for event in colony.events() if event.what == phago.EventKind.INSIGHT]
        assert len(events) == 4
        assert all("new" in text for text in events)
    with phago.open(tmp_path / "memory", shards=7) as colony:
        colony.ingest(
            [
                {"id": f"more{number}", "text": f"t1w{number % 10}x t1w{(number * 3) % 10}x brandnewword{number % 3}z"}
                for number in range(40)
            ]
        )
        colony.run()
        then = colony.survey()
        assert {cluster.id for cluster in then.clusters} == {cluster.id for cluster in first.clusters}
        assert {cluster.since for cluster in then.clusters} == {first.tick}
        assert "grown" in {cluster.change for cluster in then.clusters}
        # A topic that is gone.
        colony.delete([document.id for document in colony.documents() if "t2w" in document.text])
        colony.run()
        assert colony.survey().gone


def test_a_run_surveys_by_itself_at_quorum():
    for shards in (1, 4):
        with phago.Colony(
            shards=shards, config=phago.ColonyConfig(survey_quorum=120, documents_per_tick=120)
        ) as colony:
            for chunk in stream(120):
                colony.ingest(chunk)
            colony.run()
            ticks = [event.tick for event in colony.events() if event.what == phago.EventKind.INSIGHT]
            assert set(ticks) == {4, 5, 6}
            assert sorted(cluster.since for cluster in colony.insights().clusters) == [4, 5, 5, 5]
            digest = colony.digest()
        if shards == 1:
            first = digest
    assert digest == first


def test_shuffled_texts_and_an_empty_colony_have_no_insights_and_no_alarms():
    import random

    chance = random.Random(1)
    with phago.Colony() as colony:
        assert colony.survey().clusters == ()
        assert colony.anomalies() == []
        assert colony.events() == []
        words = [word for chunk in stream(120) for document in chunk for word in document["text"].split()]
        chance.shuffle(words)
        for tick in range(120):
            colony.ingest(
                " ".join(words[(tick * 6 + number) * 14 : (tick * 6 + number + 1) * 14]) for number in range(6)
            )
            colony.tick()
        assert colony.survey().clusters == ()
        assert colony.anomalies() == []


# --- alarms ---


@pytest.mark.parametrize("shards", [1, 6])
def test_a_planted_shift_is_found_within_twenty_ticks_and_nothing_else(shards):
    with phago.Colony(shards=shards) as colony:
        for tick, chunk in enumerate(stream(90, documents=8, shift=60)):
            colony.ingest(chunk)
            colony.tick()
            if tick == 59:
                assert colony.anomalies() == []
        [anomaly] = colony.anomalies()
        assert 61 <= anomaly.tick <= 81
        assert anomaly.since == 61
        labels = {label for alarm in anomaly.alarms for label in alarm.concepts}
        assert labels >= {"alertword", "sirenword"}
        assert {alarm.what for alarm in anomaly.alarms} >= {"new"}
        assert anomaly.examples
        assert all(name.startswith("d6") for name in anomaly.examples)
        # Idle ticks, and a question, change nothing of it.
        colony.query("alertword")
        for _ in range(30):
            colony.tick()
        assert colony.anomalies() == [anomaly]
        # A survey tells of it, once.
        for _ in range(2):
            colony.survey()
        told = [event for event in colony.events() if event.what == phago.EventKind.ANOMALY]
        assert [event.tick for event in told] == [anomaly.tick]
        assert "alertword" in told[0].text
        assert "since tick 61" in told[0].text
        # Without the documents that brought it, it never was.
        colony.delete([document.id for document in colony.documents() if "alertword" in document.text])
        colony.run()
        assert colony.anomalies() == []


async def test_coroutines_tell_what_the_calls_tell():
    async with phago.AsyncColony(shards=2, config=CONFIG) as colony:
        for chunk in stream(8):
            await colony.ingest(chunk, progress=lambda told: None)
            await colony.tick()
        await colony.emit("interest", "t1w3x", 4.0)
        ids = await colony.spawn(Curator, count=4, energy=6, home="t0w1x")
        for _ in range(3):
            await colony.tick()
        await colony.run(progress=lambda told: None)
        assert {agent.id for agent in await colony.agents("Curator")} >= set()
        assert len(ids) == 4
        told = (
            await colony.survey(),
            await colony.insights(),
            await colony.anomalies(),
            await colony.events(3),
            await colony.fading(5),
            await colony.diff(1, 3),
            await colony.field("visit", of="trace"),
            await colony.marks(),
            await colony.digest(),
        )
    with phago.Colony(shards=3, config=CONFIG) as other:
        for chunk in stream(8):
            other.ingest(chunk)
            other.tick()
        other.emit("interest", "t1w3x", 4.0)
        assert other.spawn(Curator, count=4, energy=6, home="t0w1x") == ids
        for _ in range(3):
            other.tick()
        other.run(progress=lambda told: None)
        same = (
            other.survey(),
            other.insights(),
            other.anomalies(),
            other.events(3),
            other.fading(5),
            other.diff(1, 3),
            other.field("visit", of="trace"),
            other.marks(),
            other.digest(),
        )
        assert same == told
        await_dismissed = other.dismiss("Curator")
        assert await_dismissed is None
        assert other.agents("Curator") == []


def test_a_population_can_be_followed_by_events():
    class Cell(phago.Agent):
        state = {"age": int}

        def sense(self, view):
            self.age += 1
            return [phago.Spawn()] * (self.age % 3) if self.age < 4 else [phago.Die()]

    for shards in (1, 3):
        with phago.Colony(shards, seed=5) as colony:
            colony.ingest("flour makes dough")
            colony.run()
            seen = colony.events()[-1].number + 1
            living = set()
            colony.spawn(Cell, 3)
            for tick in range(8):
                if tick == 5:
                    assert not living
                    colony.spawn(Cell, 2)
                if tick == 7:
                    assert len(living) > 2
                    colony.dismiss("Cell")
                for event in colony.events(seen):
                    seen = event.number + 1
                    if event.kind != "Cell":
                        continue
                    if event.what is phago.EventKind.SPAWNED:
                        assert event.agent not in living
                        living.add(event.agent)
                    else:
                        assert event.what is phago.EventKind.DIED
                        living.remove(event.agent)
                assert living == {agent.id for agent in colony.agents("Cell")}
                colony.tick()
            assert not living


def test_what_was_activated_later_is_no_rest():
    with phago.Colony(2) as colony:
        for number in range(10):
            colony.ingest(
                [f"flour dough new{number}", *([{"id": f"s{number}", "text": "salt water"}] if number < 3 else [])]
            )
            colony.tick()
        made = 2 * (1 + 1 + 2 * 10)

        def told(since, until):
            found = colony.diff(since, until)
            return found.made, found.repeated, found.rested

        # Flour and dough were last together in tick 10, salt and water in tick 3, each new word in its own tick. Each
        # synapse is one of either side.
        assert told(0, 10) == (made, 0, 0)
        assert told(3, 6) == (2 * 2 * 3, 0, 2 * (2 * 3 + 1))
        assert told(3, 10) == (2 * 2 * 7, 2 * 1, 2 * (2 * 3 + 1))
        assert told(2, 3) == (2 * 2, 2 * 1, 2 * 2 * 2)
