"""Learning from use: what a reinforcement does, when, and what it leaves alone."""

import asyncio
import dataclasses
import pickle

import phago
import pytest
from support import await_fault, cluster, ingest_into, steps, tick_by_hand, world_digest

DOCUMENTS = [
    {"id": "membrane", "title": "Cell membranes", "text": "Ion channels let ions cross the cell membrane."},
    {"id": "pump", "title": "Sodium pump", "text": "The sodium pump moves ions against the gradient of the cell."},
    {"id": "salt", "title": "", "text": "Salt gives sodium ions to the cell and the pump."},
    {"id": "bread", "title": "Bread", "text": "Flour, water, salt and yeast make bread."},
]
QUESTION = "how do ions cross a membrane"


def grown(shards=3, **options):
    colony = phago.Colony(shards, **options)
    colony.ingest(DOCUMENTS)
    colony.run()
    return colony


@pytest.fixture
def colony():
    with grown() as one:
        yield one


def edges(colony):
    return {(edge.source, edge.target): edge for edge in colony.graph.edges}


def uses(colony):
    return {node.label: node.uses for node in colony.graph.nodes if node.uses}


# --- what it does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 3, 16])
def test_a_path_is_used_and_strengthened_in_both_directions_and_nothing_else_is(shards):
    with grown(shards) as colony:
        hit = colony.query(QUESTION)[0]
        path = {(concept, word) for concept, words in steps(hit) for word in words if concept != word}
        assert hit.path.words
        assert len(path) >= 2
        before, tick = edges(colony), colony.stats().tick
        assert colony.reinforce(hit)
        assert colony.reinforce(hit)
        assert edges(colony) == before
        assert not uses(colony)
        assert colony.run().ticks == 1
        after = edges(colony)
        assert after.keys() == before.keys()
        gained = {pair for pair, edge in after.items() if edge.weight > before[pair].weight}
        assert gained == (path | {(word, concept) for concept, word in path}) & before.keys()
        for pair in gained:
            old, new = before[pair], after[pair]
            assert (new.created, new.co_activations, new.last_activated) == (old.created, old.co_activations, tick + 1)
            assert new.weight == pytest.approx(old.weight * 0.995 ** (tick + 1 - old.last_activated) + 0.1, abs=0.01)
        named = {name for pair in path for name in pair} | {concept for concept, _ in steps(hit)}
        assert uses(colony) == dict.fromkeys(named, 2)


def test_a_weight_is_bounded_and_fades_again(colony):
    hit = colony.query(QUESTION)[0]
    for _ in range(500):
        assert colony.reinforce(hit)
    colony.run()
    strongest = max(edges(colony).values(), key=lambda edge: edge.weight)
    assert strongest.weight == 1
    for _ in range(200):
        colony.tick()
    assert edges(colony)[strongest.source, strongest.target].weight < 0.5


def test_without_a_gain_use_is_counted_and_no_weight_grows():
    with grown(config=phago.ColonyConfig(reinforcement_gain=0, edge_decay_rate=0)) as colony:
        before = edges(colony)
        assert colony.reinforce(colony.query(QUESTION)[0])
        colony.run()
        assert uses(colony)
        assert {pair: edge.weight for pair, edge in edges(colony).items()} == {
            pair: edge.weight for pair, edge in before.items()
        }


def test_by_default_no_answer_changes_and_with_the_hop_one_does(colony):
    hop = phago.Ranking(hop_share=1)
    hit = colony.query(QUESTION)[0]

    def told(ranking):
        return [
            (hit.id, hit.score.hex()) for text in ("ions", "salt", QUESTION) for hit in colony.query(text, 4, ranking)
        ]

    plain, hopped, lexical = told(None), told(hop), told("lexical")
    assert colony.reinforce(hit)
    colony.run()
    assert told(None) == plain
    assert told("lexical") == lexical
    assert told(hop) != hopped


def test_evidence_is_not_touched_and_the_state_is(colony):
    evidence, states = colony.digest("evidence"), [colony.digest()]
    hits = colony.query("ions of the cell")
    for hit in hits[:2]:
        colony.reinforce(hit)
        states.append(colony.digest())
    with grown(7) as other:
        for hit in reversed(hits[:2]):
            other.reinforce(hit)
        assert other.digest() == states[-1]
        colony.run()
        other.run()
        assert other.digest() == colony.digest()
    states.append(colony.digest())
    assert len(set(states)) == 4
    assert colony.digest("evidence") == evidence


def test_a_hit_found_before_its_document_was_digested_counts_when_it_is():
    with phago.Colony(2) as colony:
        colony.ingest(DOCUMENTS)
        assert colony.reinforce(colony.query(QUESTION)[0])
        colony.run()
        assert set(uses(colony)) >= {"ions", "membrane"}
        assert edges(colony)["ions", "membrane"].weight > edges(colony)["ions", "channels"].weight
        assert edges(colony)["ions", "membrane"].co_activations == 1


# --- what it does not do -----------------------------------------------------------------------------------------


def test_what_teaches_nothing_is_false_and_changes_nothing(colony):
    hit = colony.query(QUESTION)[0]
    before = colony.digest()
    assert not colony.reinforce(colony.query(QUESTION, ranking="lexical")[0])
    assert not colony.reinforce(colony.query(QUESTION, paths=False)[0])
    assert not colony.reinforce(dataclasses.replace(hit, path=phago.Path()))
    assert not colony.reinforce(dataclasses.replace(hit, path=phago.Path((phago.ConceptShare("the", 1.0),))))
    assert not colony.reinforce(dataclasses.replace(hit, path=phago.Path((phago.ConceptShare("two words", 1.0),))))
    assert not colony.reinforce(dataclasses.replace(hit, id="nobody"))
    assert colony.digest() == before
    colony.update({"id": "membrane", "text": "quite another text"})
    changed = colony.digest()
    assert not colony.reinforce(hit)
    colony.delete("membrane")
    gone = colony.digest()
    assert not colony.reinforce(hit)
    assert len({before, changed, gone}) == 3
    assert colony.digest() == gone


def test_a_document_that_goes_takes_its_reinforcements_along(colony):
    hits = {hit.id: hit for hit in colony.query("ions of the cell")}
    assert colony.reinforce(hits["membrane"])
    assert colony.reinforce(hits["salt"])
    assert colony.delete("membrane")
    with grown(1) as other:
        other.reinforce(hits["salt"])
        other.delete("membrane")
        assert colony.digest() == other.digest()
        colony.run()
        other.run()
        assert colony.digest() == other.digest()


@pytest.mark.parametrize("wrong", [None, 7, "membrane", {"id": "membrane"}, object()])
def test_only_a_hit_helps(colony, wrong):
    with pytest.raises(TypeError, match="`hit` is a Hit, not"):
        colony.reinforce(wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"text": b"bytes"},
        {"title": 3},
        {"path": phago.Path((phago.ConceptShare(3, 1.0),))},
        {"path": phago.Path((phago.ConceptShare("ions", 1.0, (phago.WordShare(None, 1.0),)),))},
    ],
)
def test_a_hit_of_wrong_parts_is_refused_by_the_name_of_the_part(colony, changes):
    before = colony.digest()
    with pytest.raises(TypeError, match=f"`hit.{next(iter(changes))}` is a string"):
        colony.reinforce(dataclasses.replace(colony.query(QUESTION)[0], **changes))
    with pytest.raises(ValueError, match="surrogate"):
        colony.reinforce(dataclasses.replace(colony.query(QUESTION)[0], id="\ud800"))
    assert colony.digest() == before


def test_what_waits_is_bounded_and_a_tick_makes_room(colony):
    hit = colony.query(QUESTION)[0]

    def path(number):
        concepts = [
            phago.ConceptShare(
                f"c{number}x{at}", 1.0, tuple(phago.WordShare(f"w{at}x{word}", 1.0) for word in range(32))
            )
            for at in range(16)
        ]
        return dataclasses.replace(hit, path=phago.Path(tuple(concepts)))

    size = 16 + 16 * 32 + 16 * 32
    for number in range(2**20 // size):
        assert colony.reinforce(path(number))
    before = colony.digest()
    with pytest.raises(phago.LimitError, match="reinforcements") as caught:
        colony.reinforce(path(5000))
    assert caught.value.limit == 2**20 < caught.value.value
    assert colony.digest() == before
    # The same again is only counted.
    assert colony.reinforce(path(0))
    colony.tick()
    assert colony.reinforce(path(5000))
    # Words that no document has are nobody's: no concept came of them.
    assert colony.stats().nodes == colony.tick().total_nodes() < 40


def test_a_closed_colony_learns_nothing(colony):
    hit = colony.query(QUESTION)[0]
    colony.close()
    with pytest.raises(phago.ClosedError):
        colony.reinforce(hit)


# --- from elsewhere, and while a tick is made --------------------------------------------------------------------


def test_a_hit_of_another_colony_counts_by_its_labels(colony):
    with phago.Colony(1) as other:
        # Other numbers for the same words.
        other.ingest(["Membrane, sodium, gradient: a list of words.", *reversed(DOCUMENTS)])
        other.run()
        packed = pickle.dumps(other.query(QUESTION)[0])
    hit = pickle.loads(packed)
    assert colony.reinforce(hit)
    colony.run()
    assert set(uses(colony)) == {name for concept, words in steps(hit) for name in (concept, *words)}


@pytest.mark.parametrize("kind", ["hang", "panic"])
@pytest.mark.parametrize("phase", ["Sense", "Act", "Decay", "Advance"])
def test_a_tick_that_fails_leaves_them_to_the_next_which_applies_them_once(kind, phase):
    runner = phago.RunnerConfig(phase_timeout_ms=150, max_parallelism=2, recover="manual")
    with grown(3, runner=runner) as tried, grown(1) as calm:
        for colony in (tried, calm):
            for hit in colony.query("ions of the cell")[:2]:
                colony.reinforce(hit)
        before, tick = tried.digest(), tried.stats().tick + 1
        tried._runner.inject((kind, 1, phase, tick))
        with pytest.raises(phago.ShardDied if kind == "panic" else phago.PhaseTimeout):
            tried.run()
        assert tried.digest() == before == calm.digest()
        assert not uses(tried)
        assert tried.run().ticks == calm.run().ticks == 1
        assert tried.digest() == calm.digest()
        assert set(uses(tried).values()) == {1, 2}


def test_while_a_tick_is_made_they_wait_for_its_end():
    async def main():
        runner = phago.RunnerConfig(max_parallelism=2, phase_timeout_ms=3_000, recover="manual")
        async with phago.AsyncColony(3, runner=runner) as colony:
            await colony.ingest(DOCUMENTS)
            await colony.run()
            hits = {hit.id: hit for hit in await colony.query("ions of the cell")}
            assert await colony.reinforce(hits["pump"])
            tick = (await colony.stats()).tick + 1
            colony._colony._runner.inject(("hang", 1, "Decay", tick))
            ticking = asyncio.ensure_future(colony.tick())
            await await_fault(colony._colony._runner)
            before = await colony.digest()
            assert await colony.reinforce(hits["pump"])
            assert await colony.reinforce(hits["membrane"])
            assert await colony.reinforce(hits["salt"])
            assert await colony.delete("salt")
            assert not await colony.reinforce(hits["salt"])
            assert await colony.update({"id": "membrane", "text": "ions again"}) == "changed"
            assert await colony.digest() == before
            with pytest.raises(phago.PhaseTimeout):
                await ticking
            waiting = await colony.digest()
            await colony.run()
            return waiting, await colony.digest()

    found = asyncio.run(main())
    with grown(1) as colony:
        hit = next(hit for hit in colony.query("ions of the cell") if hit.id == "pump")
        colony.reinforce(hit)
        colony.reinforce(hit)
        colony.delete("salt")
        colony.update({"id": "membrane", "text": "ions again"})
        waiting = colony.digest()
        colony.run()
        assert found == (waiting, colony.digest())


@pytest.mark.parametrize("wire", [False, True])
def test_shards_driven_by_hand_learn_what_a_colony_learns(wire):
    with grown(1) as colony:
        hits = colony.query("ions of the cell")[:3]
        coordinator, shards, runner = cluster(3)
        ingest_into(shards, DOCUMENTS)
        runner.run_sync(colony.stats().tick)
        runner.close()
        for hit in hits:
            home = coordinator.route_document(hit.id)
            with pytest.raises(phago.RoutingFailed) as caught:
                shards[(home + 1) % 3].reinforce(hit)
            assert caught.value.home == home
            assert shards[home].reinforce(hit)
            assert colony.reinforce(hit)
        tick_by_hand(shards, wire=wire)
        colony.tick()
        found = [shard.get_node(node.id) for node in colony.graph.nodes for shard in shards]
        assert [node for node in found if node is not None] == list(colony.graph.nodes)
        assert any(node.uses for node in colony.graph.nodes)
        assert shards[0]._native.world.digest().wait() == colony.digest()


def test_a_batch_that_says_nothing_of_what_was_used_is_not_the_one_that_was_sent():
    with grown(1) as colony:
        hit = colony.query(QUESTION)[0]
    outboxes = []
    for number in range(2):
        coordinator, shards, runner = cluster(2)
        runner.close()
        ingest_into(shards, DOCUMENTS)
        if number:
            assert shards[coordinator.route_document(hit.id)].reinforce(hit)
        for phase in ("Sense", "Act"):
            for shard in shards:
                shard.tick_phase(phase)
        outboxes.append({(shard.shard_id, to): batch for shard in shards for to, batch in shard.take_outbox().items()})
    fewer = [ends for ends, batch in outboxes[0].items() if batch.nbytes < outboxes[1][ends].nbytes]
    assert fewer
    for ends in fewer:
        with pytest.raises(phago.BarrierFailed, match="did not send this batch"):
            shards[ends[1]].deliver(pickle.loads(pickle.dumps(outboxes[0][ends])))
        shards[ends[1]].deliver(pickle.loads(pickle.dumps(outboxes[1][ends])))


@pytest.mark.parametrize("rings", [1, 2, 3])
def test_shards_that_are_brought_together_keep_what_they_were_reinforced_with(rings):
    shards = 3
    coordinator = phago.Coordinator(shards)
    apart = [coordinator.ring, *(phago.ConsistentHashRing(shards) for _ in range(rings - 1))]
    parts = [phago.ShardedColony(at, phago.ColonyConfig(), apart[at % rings]) for at in range(shards)]
    ingest_into(parts, DOCUMENTS)
    with grown() as known:
        hits = {hit.id: hit for hit in known.query(QUESTION)}
    homes = {name: parts[coordinator.route_document(name)] for name in hits}
    assert all(homes[name].reinforce(hit) for name, hit in hits.items())
    # What goes takes its reinforcements along, and the same again is counted.
    assert homes["salt"].delete_document("salt")
    assert homes["pump"].reinforce(hits["pump"])
    runner = phago.DistributedRunner(coordinator, parts)
    with phago.Colony(1) as one:
        one.ingest(DOCUMENTS)
        assert all(one.reinforce(hit) for hit in hits.values())
        one.delete("salt")
        one.reinforce(hits["pump"])
        for _ in range(3):
            assert world_digest(runner) == one.digest()
            runner.tick_sync()
            one.tick()
        assert world_digest(runner) == one.digest()
        assert uses(one)["ions"] == 3
