"""The coordinator's parts: ring, registry, barrier."""

import asyncio
import contextlib

import phago
import pytest
from phago import TickPhase, _phago
from support import seeded_documents

NAMED = [dict(document, id=document.get("id", f"unnamed-{at}")) for at, document in enumerate(seeded_documents(90))]


# --- ring --------------------------------------------------------------------------------------------------------


def homes(ring, count):
    return [int(ring.get_shard(f"doc-{number}")) for number in range(count)]


@pytest.mark.parametrize(
    ("shards", "expected"),
    [(1, [0] * 10), (3, [1, 2, 2, 2, 2, 1, 0, 1, 0, 1]), (16, [10, 2, 13, 9, 8, 6, 3, 5, 14, 1])],
)
def test_homes_of_ten_ids_are_golden(shards, expected):
    assert homes(phago.ConsistentHashRing(shards), 10) == expected
    assert [int(phago.Coordinator(shards).route_document(f"doc-{number}")) for number in range(10)] == expected


def test_identities_are_golden():
    assert _phago.document_id("doc-0") == "bbb948e57c70bc0c7a6494583a402d48"
    assert _phago.content_id("Cells", "A membrane.") == "ef46e7273e06264474771ba034aa83fc"
    assert _phago.concept_id("membran") == "ab67cd3458b002e429605421b69beadc"


def test_three_hundred_ids_spread_over_three_shards():
    found = homes(phago.ConsistentHashRing(3), 300)
    assert all(60 <= found.count(shard) <= 140 for shard in range(3))


@pytest.mark.parametrize("count", [2, 3, 7])
def test_adding_or_removing_a_shard_moves_its_share_and_no_more(count):
    ring = phago.ConsistentHashRing(count)
    before = homes(ring, 10_000)
    assert ring.add_shard() == count
    after = homes(ring, 10_000)
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {new for _, new in moved} == {count}
    assert abs(len(moved) - 10_000 / (count + 1)) < 0.25 * 10_000 / (count + 1)
    ring.remove_shard(count)
    assert homes(ring, 10_000) == before
    ring.remove_shard(0)
    after = homes(ring, 10_000)
    assert all((old == 0) == (old != new) for old, new in zip(before, after, strict=True))
    assert abs(before.count(0) - 10_000 / count) < 0.25 * 10_000 / count


def test_the_lowest_empty_place_is_filled_first():
    ring = phago.ConsistentHashRing(4)
    for gone in (1, 0):
        ring.remove_shard(gone)
    assert ring.all_shards() == [2, 3]
    with pytest.raises(phago.ShardNotFound) as caught:
        ring.remove_shard(1)
    assert caught.value.shard == 1
    assert [ring.add_shard() for _ in range(3)] == [0, 1, 4]
    assert ring == phago.ConsistentHashRing(5)
    assert ring != phago.ConsistentHashRing(4)
    assert (ring.shard_count, ring.virtual_nodes_per_shard, ring.total_virtual_nodes) == (5, 150, 750)


def test_replicas_are_the_primary_and_then_distinct_shards_clockwise():
    ring = phago.ConsistentHashRing(5)
    for number in range(50):
        every = ring.get_replica_shards(f"doc-{number}", 99)
        assert every[0] == ring.get_shard(f"doc-{number}")
        assert sorted(every) == ring.all_shards()
        assert ring.get_replica_shards(f"doc-{number}", 2) == every[:2]
        # Clockwise: who follows is who takes over.
        smaller = phago.ConsistentHashRing(5)
        smaller.remove_shard(every[0])
        assert smaller.get_shard(f"doc-{number}") == every[1]


def test_a_ring_is_frozen_once_a_colony_holds_it():
    ring = phago.ConsistentHashRing(2)
    assert not ring.is_frozen
    ring.add_shard()
    shard = phago.ShardedColony(0, phago.ColonyConfig(), ring)
    assert ring.is_frozen
    for change in (ring.add_shard, lambda: ring.remove_shard(2)):
        with pytest.raises(phago.BusyError):
            change()
    assert shard.ring.shard_count == 3
    coordinator = phago.Coordinator(2)
    assert coordinator.ring is coordinator.ring
    phago.ShardedColony(0, phago.ColonyConfig(), coordinator.ring)
    with pytest.raises(phago.BusyError):
        coordinator.register_shard("late")


def test_a_shard_that_is_not_on_the_ring_cannot_be_made():
    with pytest.raises(phago.ShardNotFound) as caught:
        phago.ShardedColony(3, phago.ColonyConfig(), phago.ConsistentHashRing(3))
    assert caught.value.shard == 3
    assert "shard-0, shard-1, shard-2" in str(caught.value)


# --- registry ----------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


def test_places_are_online_from_the_start():
    coordinator = phago.Coordinator(3)
    assert [info.id for info in coordinator.all_shards()] == [0, 1, 2]
    assert [info.id for info in coordinator.online_shards()] == [0, 1, 2]
    assert coordinator.get_shard(2).id == 2
    with pytest.raises(phago.ShardNotFound):
        coordinator.get_shard(3)


def test_registering_fills_the_lowest_empty_place_and_a_shard_leaves_once():
    coordinator = phago.Coordinator(3)
    coordinator.deregister_shard(1)
    with pytest.raises(phago.ShardNotFound) as caught:
        coordinator.deregister_shard(1)
    assert caught.value.shard == 1
    assert "shard-0, shard-2" in str(caught.value)
    assert coordinator.shard_count == coordinator.ring.shard_count == 2
    assert [coordinator.register_shard(f"host-{at}") for at in range(2)] == [1, 3]
    assert coordinator.get_shard(1).address == "host-0"
    assert coordinator.ring.all_shards() == [0, 1, 2, 3]


def test_a_silent_shard_goes_offline_after_its_time_out_and_comes_back():
    clock = Clock()
    config = phago.DistributedConfig(num_shards=2, heartbeat_timeout_ms=10_000)
    coordinator = phago.Coordinator.with_config(config, clock=clock)
    assert coordinator.check_shard_health() == []
    clock.now += 8
    coordinator.shard_heartbeat(1)
    assert coordinator.get_shard(1).last_heartbeat == clock.now
    clock.now += 2
    assert coordinator.check_shard_health() == []
    clock.now += 0.5
    assert coordinator.check_shard_health() == [0]
    assert coordinator.check_shard_health() == []
    assert [info.id for info in coordinator.online_shards()] == [1]
    assert coordinator.cluster_stats().online_shards == 1
    assert coordinator.shard_count == 2
    clock.now += 1
    coordinator.shard_heartbeat(0)
    assert [info.id for info in coordinator.online_shards()] == [0, 1]
    clock.now += 9
    assert coordinator.check_shard_health() == [1]
    with pytest.raises(phago.ShardNotFound):
        coordinator.shard_heartbeat(7)


def test_a_stamp_from_the_future_does_no_harm():
    clock = Clock()
    coordinator = phago.Coordinator.with_config(phago.DistributedConfig(num_shards=2), clock=clock)
    clock.now += 1
    coordinator.shard_heartbeat(0, at=clock.now + 1e9)
    assert coordinator.get_shard(0).last_heartbeat == clock.now
    clock.now += 20
    coordinator.shard_heartbeat(1)
    clock.now += 11
    assert coordinator.check_shard_health() == [0]
    coordinator.shard_heartbeat(0)
    assert [info.id for info in coordinator.online_shards()] == [0, 1]
    coordinator.shard_heartbeat(0, at=clock.now - 500)
    assert coordinator.get_shard(0).last_heartbeat == clock.now


@pytest.mark.parametrize("stamp", [float("nan"), float("inf"), -float("inf"), "soon"])
def test_a_stamp_that_is_no_time_is_refused_or_harmless(stamp):
    clock = Clock()
    coordinator = phago.Coordinator.with_config(phago.DistributedConfig(num_shards=1), clock=clock)
    before = coordinator.get_shard(0).last_heartbeat
    with contextlib.suppress(ValueError, TypeError):
        coordinator.shard_heartbeat(0, at=stamp)
    assert coordinator.get_shard(0).last_heartbeat == before
    clock.now += 31
    assert coordinator.check_shard_health() == [0]


def test_metrics_are_summed():
    coordinator = phago.Coordinator(2)
    for at in range(2):
        coordinator.update_shard_metrics(at, node_count=1, edge_count=2, document_count=3 + at, memory_bytes=10)
    assert coordinator.total_documents() == 7
    assert coordinator.get_shard(1).document_count == 4
    stats = coordinator.cluster_stats()
    assert (stats.total_documents, stats.total_memory_bytes, stats.total_shards) == (7, 20, 2)
    with pytest.raises(phago.ShardNotFound):
        coordinator.update_shard_metrics(2, node_count=1, edge_count=2, document_count=3)
    assert coordinator.aggregate_global_df([{"b": 1, "a": 2}, {"a": 3}]) == {"a": 5, "b": 1}
    assert list(coordinator.aggregate_global_df([{"b": 1}, {"a": 3}])) == ["a", "b"]


# --- barrier -----------------------------------------------------------------------------------------------------


def test_the_barrier_counts_all_shards_and_refuses_what_is_out_of_turn():
    coordinator = phago.Coordinator(2)
    with pytest.raises(phago.BarrierFailed):
        coordinator.phase_complete(0, "Act", 1)
    with pytest.raises(phago.BarrierFailed):
        coordinator.phase_complete(0, "Sense", 2)
    assert coordinator.phase_complete(0, TickPhase.SENSE, 1) is False
    assert coordinator.phase_complete(0, "Sense", 1) is False
    with pytest.raises(phago.BarrierFailed, match="shard-1"):
        coordinator.phase_complete(0, "Act", 1)
    assert coordinator.phase_complete(1, "Sense", 1) is True
    with pytest.raises(phago.BarrierFailed, match="shard-0, shard-1"):
        coordinator.advance_tick()
    for phase in ("Act", "Decay"):
        assert [coordinator.phase_complete(at, phase, 1) for at in range(2)] == [False, True]
    assert coordinator.advance_tick() == 1
    assert coordinator.current_tick == 1
    with pytest.raises(ValueError, match="Dream"):
        coordinator.phase_complete(0, "Dream", 2)


async def test_waiting_for_a_phase_ends_with_the_last_answer():
    coordinator = phago.Coordinator(2)
    waiting = asyncio.create_task(coordinator.wait_for_phase("Sense", 1, timeout_ms=20_000))
    coordinator.phase_complete(0, "Sense", 1)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    coordinator.phase_complete(1, "Sense", 1)
    await asyncio.wait_for(waiting, 10)
    # A phase that is over is not waited for.
    await coordinator.wait_for_phase("Sense", 1, timeout_ms=1)


async def test_waiting_in_vain_names_who_is_missing():
    coordinator = phago.Coordinator(3)
    coordinator.phase_complete(1, "Sense", 1)
    with pytest.raises(phago.PhaseTimeout) as caught:
        await coordinator.wait_for_phase(TickPhase.SENSE, 1, timeout_ms=40)
    assert (caught.value.shards, caught.value.phase, caught.value.tick) == ((0, 2), TickPhase.SENSE, 1)
    assert 0.04 <= caught.value.waited < 5
    assert all(isinstance(shard, phago.ShardId) for shard in caught.value.shards)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda coordinator: coordinator.register_shard("elsewhere"), "shard-2 was registered"),
        (lambda coordinator: coordinator.deregister_shard(1), "shard-1 was deregistered"),
    ],
)
async def test_who_waits_is_told_of_new_members_at_once(change, said):
    coordinator = phago.Coordinator(2)
    coordinator.phase_complete(0, "Sense", 1)
    waiting = [asyncio.create_task(coordinator.wait_for_phase(phase, 1)) for phase in ("Sense", "Decay")]
    await asyncio.sleep(0.02)
    change(coordinator)
    for wait in waiting:
        with pytest.raises(phago.BarrierFailed, match=f"{said} while .* tick 1 starts anew"):
            await asyncio.wait_for(wait, 10)
    # Who waits from then on waits for those of now.
    waiting = asyncio.create_task(coordinator.wait_for_phase("Sense", 1, timeout_ms=20_000))
    for info in coordinator.all_shards():
        coordinator.phase_complete(info.id, "Sense", 1)
    await asyncio.wait_for(waiting, 10)


async def test_a_wait_that_is_cancelled_leaves_the_barrier_alone():
    coordinator = phago.Coordinator(1)
    waiting = asyncio.create_task(coordinator.wait_for_phase("Sense", 1))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert coordinator.phase_complete(0, "Sense", 1) is True
