"""Concepts that are pinned do not fade, and fade again when they are not."""

import asyncio

import phago
import pytest
from living import stream
from phago.backends import Processes

CONFIG = phago.ColonyConfig(seed=3, documents_per_tick=8, maturation_ticks=3, edge_decay_rate=0.05)
CONCEPT = "t1w3x"


def fed(shards=2, ticks=6):
    colony = phago.Colony(shards=shards, config=CONFIG)
    feed(colony, ticks)
    return colony


def feed(colony, ticks=6):
    for chunk in stream(ticks):
        colony.ingest(chunk)
        colony.tick()


def idle(colony, until):
    while colony.stats().tick < until:
        colony.tick()


def row(colony, concept=CONCEPT):
    return {one.target: one.weight for one in colony.graph.neighbors(concept)}


def counted(colony):
    """The synapses, read one by one; the colony counts them without reading."""
    return sum(1 for _ in colony.graph.edges)


@pytest.mark.parametrize("shards", [1, 3])
def test_a_pinned_concept_keeps_its_synapses_while_all_others_end(shards):
    with fed(shards) as colony:
        before = row(colony)
        colony.pin(CONCEPT)
        assert colony.pinned() == [CONCEPT]
        idle(colony, 200)
        kept = row(colony)
        assert kept
        assert set(kept) == set(before)
        # As when they were last activated: a tenth for each document.
        assert all(weight >= before[label] and weight >= 0.0999 for label, weight in kept.items())
        assert colony.stats().edges == len(kept) == counted(colony)
        assert colony.fading() == []
        assert {edge.source for edge in colony.graph.edges} == {CONCEPT}
        idle(colony, 400)
        assert row(colony) == kept


def test_without_the_pin_all_end_and_an_unpinned_concept_is_as_if_it_had_never_been_pinned():
    with fed() as plain, fed() as colony:
        colony.pin(CONCEPT)
        idle(colony, 12)
        assert row(colony) != row(plain)
        colony.unpin(CONCEPT)
        for one in (plain, colony):
            idle(one, 14)
        assert row(colony) == row(plain) != {}
        assert colony.digest() == plain.digest()
        colony.pin(CONCEPT)
        for one in (plain, colony):
            idle(one, 200)
        assert row(plain) == {} != row(colony)
        assert plain.stats().edges == 0 < colony.stats().edges
        colony.unpin(CONCEPT)
        colony.tick()
        assert (row(colony), colony.stats().edges, counted(colony)) == ({}, 0, 0)
        plain.tick()
        assert colony.digest() == plain.digest()


def test_a_synapse_that_had_ended_does_not_come_back():
    with fed() as colony:
        idle(colony, 200)
        colony.pin(CONCEPT)
        colony.tick()
        assert row(colony) == {}
        assert colony.stats().edges == counted(colony) == 0


def test_documents_wire_and_unwire_a_pinned_concept_as_ever():
    with fed() as colony:
        colony.pin(CONCEPT)
        idle(colony, 100)
        kept = row(colony)
        colony.ingest({"id": "new", "text": f"{CONCEPT} quartz quartz"})
        colony.run()
        assert row(colony)["quartz"] == pytest.approx(0.1)
        colony.delete("new")
        colony.run()
        assert row(colony) == kept
        with_it = [document.id for document in colony.documents() if CONCEPT in document.text]
        colony.delete(with_it)
        colony.run()
        assert colony.graph.node(CONCEPT) is None
        assert colony.stats().edges == counted(colony) == 0
        # No document has it, and it is pinned for the day on which it comes back.
        colony.ingest([{"id": str(number), "text": f"{CONCEPT} mica"} for number in range(2)])
        colony.run()
        idle(colony, colony.stats().tick + 100)
        assert row(colony) == {"mica": pytest.approx(0.2)}


def test_a_pin_is_kept_whether_a_tick_was_made_since_or_not(tmp_path):
    with phago.open(tmp_path / "memory", shards=3, config=CONFIG) as colony:
        feed(colony)
        colony.pin(CONCEPT)
        waiting = colony.digest()
        colony.checkpoint()
    with phago.open(tmp_path / "memory", shards=2) as colony:
        assert colony.digest() == waiting
        assert colony.pinned() == [CONCEPT]
        idle(colony, 100)
        kept, digest = row(colony), colony.digest()
        assert kept
        colony.checkpoint()
    with phago.open(tmp_path / "memory", shards=7) as colony:
        assert (row(colony), colony.digest()) == (kept, digest)
        assert colony.stats().edges == counted(colony) == len(kept)
        idle(colony, 150)
        assert row(colony) == kept
    with phago.open(tmp_path / "memory", shards=4, backend=Processes(2)) as colony:
        assert row(colony) == kept
        assert colony.fading() == []
        idle(colony, 200)
        assert row(colony) == kept
        colony.unpin(CONCEPT)
        colony.tick()
        assert row(colony) == {}
        assert colony.stats().edges == 0


def test_a_word_that_no_document_has_is_refused_by_name():
    with fed() as colony:
        digest = colony.digest()
        for call in (colony.pin, colony.unpin):
            with pytest.raises(phago.ConfigError, match=r"`concept` is `zebra`.*a word that documents"):
                call("zebra")
        with pytest.raises(TypeError, match="concept"):
            colony.pin(3)
        colony.unpin(CONCEPT)
        colony.tick()
        assert colony.digest() != digest
        assert colony.pinned() == []


def test_the_coroutines_do_the_same():
    async def main():
        async with phago.AsyncColony(shards=2, config=CONFIG) as colony:
            await colony.ingest([document for chunk in stream(2) for document in chunk])
            await colony.run()
            await colony.pin(CONCEPT)
            assert await colony.pinned() == [CONCEPT]
            await colony.unpin(CONCEPT)
            return await colony.pinned()

    assert asyncio.run(main()) == []
