"""A tick driven by hand is the tick that a runner makes, and what a caller forgets is refused."""

import pickle

import phago
import pytest
from phago import ColonyConfig, ShardedColony, ShardId, TickPhase, _phago

SENSE, ACT, DECAY, ADVANCE = TickPhase


def texts():
    return [{"id": f"d{i}", "text": f"alpha beta gamma word{i} delta{i % 5} epsilon{i % 3} zeta"} for i in range(24)]


def cluster(count, ring=None, config=None):
    ring = ring or phago.ConsistentHashRing(count)
    return [ShardedColony(ShardId(i), config or ColonyConfig(), ring) for i in range(count)]


def fill(shards):
    ring = phago.ConsistentHashRing(len(shards))
    for document in texts():
        shards[ring.get_shard(document["id"])].ingest_document(document)
    return shards


def digest(shards):
    return shards[0]._native.world.digest().wait()


def same(batch):
    return batch


def travelled(batch):
    copy = pickle.loads(pickle.dumps(batch))
    assert (copy.nbytes, copy.sender, copy.to, copy.tick) == (batch.nbytes, batch.sender, batch.to, batch.tick)
    assert copy.to_bytes() == batch.to_bytes()
    return copy


def tick(shards, carry=same):
    for shard in shards:
        shard.tick_phase(SENSE)
    for shard in reversed(shards):
        shard.tick_phase(ACT)
    for shard in shards:
        for to, batch in reversed(shard.take_outbox().items()):
            shards[to].deliver(carry(batch))
    results = [shard.tick_phase(DECAY) for shard in shards]
    for shard in shards:
        shard.tick_phase(ADVANCE)
    return results


@pytest.fixture(scope="module")
def driven():
    """What a runner makes of it in two ticks on three shards."""
    coordinator = phago.Coordinator(3)
    shards = fill(cluster(3, coordinator.ring))
    with phago.DistributedRunner(coordinator, shards) as runner:
        results = runner.run_sync(2)
    return digest(shards), [result.total_edges() for result in results]


@pytest.mark.parametrize("carry", [same, travelled])
@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_tick_by_hand_is_the_tick_of_a_runner(driven, count, carry):
    shards = fill(cluster(count))
    edges = [sum(result.edge_count for result in tick(shards, carry)) for _ in range(2)]
    assert (digest(shards), edges) == driven
    assert {shard.current_tick for shard in shards} == {2}


def test_phases_out_of_order_are_a_value_error():
    shards = cluster(2)
    with pytest.raises(ValueError, match="expects Sense of tick 1, not Act") as caught:
        shards[0].tick_phase(ACT)
    error = caught.value
    assert isinstance(error, phago.PhagoError)
    assert (error.shard, error.expected, error.found, error.tick) == (ShardId(0), SENSE, ACT, 1)
    shards[0].tick_phase(SENSE)
    with pytest.raises(ValueError, match="expects Act"):
        shards[0].tick_phase(SENSE)


def test_a_batch_that_was_forgotten_stops_decay():
    shards = fill(cluster(3))
    for phase in (SENSE, ACT):
        for shard in shards:
            shard.tick_phase(phase)
    with pytest.raises(phago.BarrierFailed, match="shard-0"):
        shards[0].tick_phase(DECAY)
    for shard in shards:
        for to, batch in shard.take_outbox().items():
            shards[to].deliver(batch)
        # A batch that was lost on its way can be asked for again.
        assert set(shard.take_outbox()) == set(shards[0].ring.all_shards())
    assert shards[0].tick_phase(DECAY).node_count > 0


def test_a_batch_goes_to_whom_it_is_addressed_and_in_its_tick():
    shards = fill(cluster(2))
    for phase in (SENSE, ACT):
        for shard in shards:
            shard.tick_phase(phase)
    outbox = shards[0].take_outbox()
    batch = outbox[ShardId(1)]
    with pytest.raises(phago.BarrierFailed):
        shards[0].deliver(batch)
    for to, sent in [*outbox.items(), *shards[1].take_outbox().items()]:
        shards[to].deliver(sent)
    for phase in (DECAY, ADVANCE):
        for shard in shards:
            shard.tick_phase(phase)
    with pytest.raises(phago.BarrierFailed):
        shards[1].deliver(batch)


def test_bytes_that_are_no_batch_are_a_value_error():
    for data in (b"", b"\xff" * 40, b"\x01", bytes(100)):
        with pytest.raises(ValueError, match="no batch") as caught:
            _phago.Batch.from_bytes(data)
        assert isinstance(caught.value, phago.PhagoError)


def test_a_document_for_another_shard_is_sent_home():
    shards = cluster(3)
    document = texts()[0]
    ring = phago.ConsistentHashRing(3)
    home = ring.get_shard(document["id"])
    wrong = next(shard for shard in shards if shard.shard_id != home)
    with pytest.raises(phago.RoutingFailed) as caught:
        wrong.ingest_document(document)
    assert (caught.value.document, caught.value.shard, caught.value.home) == (document["id"], wrong.shard_id, home)
    assert shards[home].ingest_document(document) == _phago.document_id(document["id"])
    assert [shard.owns_document(document["id"]) for shard in shards] == [shard.shard_id == home for shard in shards]


# --- one world of shards made one by one -------------------------------------------------------------------------


def test_shards_of_equal_rings_are_brought_together(driven):
    shards = fill([ShardedColony(ShardId(i), ColonyConfig(), phago.ConsistentHashRing(3)) for i in range(3)])
    with phago.DistributedRunner(phago.Coordinator(3), shards) as runner:
        edges = [result.total_edges() for result in runner.run_sync(2)]
    assert (digest(shards), edges) == driven


def test_shards_that_have_gone_their_own_way_are_not_brought_together():
    ring = phago.ConsistentHashRing(3)
    shards = [*cluster(3, ring)[:2], cluster(3)[2]]
    shards[0].tick_phase(SENSE)
    home = next(d for d in texts() if ring.get_shard(d["id"]) == 0)
    shards[0].ingest_document(home)
    with pytest.raises(phago.BusyError, match="shard-0 wait"):
        phago.DistributedRunner(phago.Coordinator(3), shards)
    apart = [cluster(3), cluster(3)]
    for shards in apart:
        tick(shards)
    with pytest.raises(phago.ConfigError, match="several colonies at tick 1"):
        phago.DistributedRunner(phago.Coordinator(3), [*apart[0][:2], apart[1][2]])


def test_a_shard_that_is_made_again_is_the_same_shard(driven):
    ring = phago.ConsistentHashRing(3)
    shards = fill(cluster(3, ring))
    documents = [shard.stats()["documents"] for shard in shards]
    # One that is gone, and all of them while the others still live, as a notebook's cell makes them when it runs twice.
    shards[0] = None
    shards[0] = ShardedColony(ShardId(0), ColonyConfig(), ring)
    again = cluster(3, ring)
    assert [shard.stats()["documents"] for shard in again] == documents
    shards = again
    with phago.DistributedRunner(phago.Coordinator(3), shards) as runner:
        edges = [result.total_edges() for result in runner.run_sync(2)]
    assert (digest(shards), edges) == driven


def test_a_colony_that_ended_with_documents_is_not_begun_again_by_mistake():
    ring = phago.ConsistentHashRing(2)
    cluster(2, ring)
    shards = fill(cluster(2, ring))
    shards[ring.get_shard("d0")].delete_document("d0")
    del shards
    with pytest.raises(phago.ConfigError, match="23 documents with it; accepted is a new ring") as caught:
        cluster(2, ring)
    assert caught.value.field == "ring"
    # An empty one and one of another config begin anew.
    other = ColonyConfig(max_edge_degree=7)
    for _ in range(2):
        assert [shard.stats()["documents"] for shard in cluster(2, ring, other)] == [0, 0]


def test_a_shard_that_is_made_again_goes_on_in_the_world_it_was_brought_into(driven):
    rings = [phago.ConsistentHashRing(3) for _ in range(3)]
    shards = fill([ShardedColony(ShardId(at), ColonyConfig(), ring) for at, ring in enumerate(rings)])
    coordinator = phago.Coordinator(3)
    with phago.DistributedRunner(coordinator, shards) as runner:
        runner.run_sync(1)
    shards[0] = None
    # Neither its own ring nor the coordinator's leads elsewhere.
    for ring in (rings[0], coordinator.ring):
        shards[0] = ShardedColony(ShardId(0), ColonyConfig(), ring)
        assert shards[0].current_tick == 1
    with phago.DistributedRunner(coordinator, shards) as runner:
        edges = runner.run_sync(1)[0].total_edges()
    assert (digest(shards), edges) == (driven[0], driven[1][1])


def test_shards_of_several_worlds_that_would_leave_documents_behind_are_refused():
    shards, other = fill(cluster(3)), cluster(3)
    documents = [shard.stats()["documents"] for shard in shards]
    for mixed, left in (([*shards[:2], other[2]], 2), ([shards[0], *other[1:]], 1)):
        with pytest.raises(phago.ConfigError, match=f"{documents[left]} documents on shard-{left}") as caught:
            phago.DistributedRunner(phago.Coordinator(3), mixed)
        assert caught.value.field == "shards"
        assert "make shard-" in caught.value.accepted
    with phago.DistributedRunner(phago.Coordinator(3), shards) as runner:
        runner.tick_sync()
    assert [shard.stats()["documents"] for shard in shards] == documents


def test_a_tick_by_hand_can_be_abandoned(driven):
    shards = fill(cluster(3))
    before = digest(shards)
    assert shards[0].abandon() is False
    for phase in (SENSE, ACT):
        for shard in shards:
            shard.tick_phase(phase)
    # The batches are lost, and with them the tick.
    lost = [shard.take_outbox() for shard in shards]
    with pytest.raises(phago.BarrierFailed):
        shards[0].tick_phase(DECAY)
    with pytest.raises(phago.BusyError, match="abandon"):
        phago.DistributedRunner(phago.Coordinator(3), shards)
    assert shards[2].abandon() is True
    assert (shards[0].abandon(), digest(shards), shards[0].current_tick) == (False, before, 0)
    with pytest.raises(phago.BarrierFailed):
        shards[0].deliver(lost[1][ShardId(0)])
    edges = [sum(result.edge_count for result in tick(shards)) for _ in range(2)]
    assert (digest(shards), edges) == driven


def test_under_a_runner_nothing_is_abandoned_by_hand():
    coordinator = phago.Coordinator(2)
    shards = fill(cluster(2, coordinator.ring))
    with phago.DistributedRunner(coordinator, shards) as runner:
        runner.tick_sync()
        with pytest.raises(phago.BusyError, match="cancel the runner's tick"):
            shards[0].abandon()


def test_a_tick_by_hand_goes_on_without_a_shard_that_is_gone():
    shards = fill(cluster(3))
    whole = fill(cluster(3))
    tick(whole)
    del shards[2]
    for phase in (SENSE, ACT):
        for shard in shards:
            shard.tick_phase(phase)
    for shard in shards:
        for to, batch in shard.take_outbox().items():
            if to < 2:
                shards[to].deliver(batch)
    for phase in (DECAY, ADVANCE):
        for shard in shards:
            shard.tick_phase(phase)
    assert (shards[0].current_tick, digest(shards)) == (1, digest(whole))


def test_unlike_shards_are_refused_with_both_values():
    def refused(shards, *words, coordinator=None):
        with pytest.raises(phago.ConfigError) as caught:
            phago.DistributedRunner(coordinator or phago.Coordinator(3), shards)
        for word in words:
            assert word in str(caught.value)

    refused([], "shards", "shard-0, shard-1, shard-2")
    refused(cluster(3)[:2], "shard-0, shard-1;", "shard-2")
    shards = cluster(3)
    refused([*shards, shards[1]], "shard-1, shard-1")
    refused(cluster(4), "ring", "shard-3")
    refused(cluster(3, phago.ConsistentHashRing.with_virtual_nodes(3, 10)), "10 virtual", "150 virtual")
    ring = phago.ConsistentHashRing(3)
    other = ShardedColony(ShardId(2), ColonyConfig(max_edge_degree=7), ring)
    refused([*cluster(3, ring)[:2], other], "max_edge_degree: 7", "max_edge_degree: 30")
    late = cluster(3)
    tick(late)
    refused([*cluster(3)[:2], late[2]], "current_tick", "1", "0")
    refused(late, "current_tick", "1", "0")
    with pytest.raises(phago.ShardNotFound):
        ShardedColony(ShardId(3), ColonyConfig(), phago.ConsistentHashRing(3))


def test_a_runner_takes_the_wheel():
    coordinator = phago.Coordinator(2)
    shards = fill(cluster(2, coordinator.ring))
    with phago.DistributedRunner(coordinator, shards) as runner:
        runner.tick_sync()
        for call in (
            lambda: shards[0].tick_phase(SENSE),
            lambda: coordinator.register_shard("elsewhere"),
            lambda: coordinator.deregister_shard(ShardId(0)),
            lambda: coordinator.phase_complete(ShardId(0), SENSE, 2),
            coordinator.advance_tick,
            lambda: phago.DistributedRunner(coordinator, shards),
            lambda: phago.DistributedRunner(phago.Coordinator(2), shards),
        ):
            with pytest.raises(phago.BusyError):
                call()
    with pytest.raises(phago.BusyError, match="closed"):
        runner.tick_sync()
    assert shards[0].tick_phase(SENSE).tick == 2


def test_concepts_are_ranked_alike_on_any_number_of_shards():
    rankings = set()
    for count in (1, 2, 5):
        coordinator = phago.Coordinator(count)
        shards = fill(cluster(count, coordinator.ring))
        with phago.DistributedRunner(coordinator, shards) as runner:
            runner.tick_sync()
        found = phago.DistributedQueryEngine(coordinator, shards).query("alpha word3 delta3", 12)
        assert len({node.node_id for node in found}) == len(found) == 12
        rankings.add(tuple((node.node_id, node.label, node.score) for node in found))
    assert len(rankings) == 1


def test_far_ends_are_in_the_near_ghost_cache():
    coordinator = phago.Coordinator(3)
    shards = fill(cluster(3, coordinator.ring))
    with phago.DistributedRunner(coordinator, shards) as runner:
        result = runner.tick_sync()
    assert result.has_cross_shard_activity()
    for phase in result.phase_results:
        assert bool(phase.cross_shard_edges) == (phase.phase == DECAY)
        for edge in phase.cross_shard_edges:
            ghost = shards[phase.shard_id].ghost_cache.get(edge.to_node)
            assert (ghost.shard_id, ghost.is_resolved) == (edge.to_shard, True)
            far = shards[edge.to_shard].get_node(edge.to_node)
            assert (ghost.label, ghost.full_data["mentions"]) == (far.label, far.mentions)
    near = next(shard for shard in shards if shard.connected_shards())
    gone = near.connected_shards()[0]
    assert near.handle_shard_offline(gone) > 0
    assert all(ghost.shard_id != gone for ghost in near.ghost_cache)
