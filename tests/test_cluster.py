"""The machine's parts: the contract's names, the runner, driving by hand."""

import dataclasses
import inspect

import phago
import pytest
from phago import TickPhase, _phago
from support import Chance, cluster, ingest_into, seeded_documents, tick_by_hand, words, world_digest

NAMED = [dict(document, id=document.get("id", f"unnamed-{at}")) for at, document in enumerate(seeded_documents(90))]


# --- a fresh cluster ---------------------------------------------------------------------------------------------


def test_a_fresh_cluster_of_three_has_the_defaults_that_were_promised():
    coordinator, shards, runner = cluster(3)
    assert runner.shard_count == coordinator.shard_count == 3
    assert (runner.config.phase_timeout_ms, runner.config.resolve_ghosts) == (30_000, True)
    assert runner.config.max_parallelism == 8
    assert runner.coordinator is coordinator
    assert list(runner.shards) == shards
    assert [shard.shard_id for shard in shards] == [0, 1, 2]
    assert coordinator.current_tick == 0
    assert [shard.current_tick for shard in shards] == [0, 0, 0]


async def test_the_first_tick_of_a_fresh_cluster_is_one_with_nine_phase_results():
    coordinator, shards, runner = cluster(3)
    result = await runner.tick()
    assert result.tick == 1
    assert len(result.phase_results) == 9
    assert [(one.phase, one.shard_id, one.tick) for one in result.phase_results] == [
        (phase, shard, 1) for phase in ("Sense", "Act", "Decay") for shard in (0, 1, 2)
    ]
    assert coordinator.current_tick == 1
    assert [shard.current_tick for shard in shards] == [1, 1, 1]


async def test_an_empty_colony_has_no_nodes_edges_or_activity():
    _, _, runner = cluster(2)
    result = await runner.tick()
    assert (result.total_nodes(), result.total_edges()) == (0, 0)
    assert not result.has_cross_shard_activity()
    assert len(result.cross_shard_edges) == 0


async def test_run_returns_the_ticks_in_order():
    _, _, runner = cluster(2)
    assert [result.tick for result in await runner.run(5)] == [1, 2, 3, 4, 5]
    assert [result.tick for result in runner.run_sync(2)] == [6, 7]
    assert [result.tick async for result in runner.ticks(2)] == [8, 9]
    assert await runner.run(0) == []


async def test_ten_ticks_on_four_shards_are_one_to_ten():
    coordinator, _, runner = cluster(4)
    ticks = []
    for _ in range(10):
        result = await runner.tick()
        assert len(result.phase_results) == 12
        ticks.append(result.tick)
    assert ticks == list(range(1, 11))
    assert coordinator.current_tick == 10


def test_a_custom_config_is_kept():
    config = phago.RunnerConfig(phase_timeout_ms=1_234, resolve_ghosts=False, max_parallelism=3)
    coordinator = phago.Coordinator(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(max_edge_degree=7), coordinator.ring) for at in range(2)]
    runner = phago.DistributedRunner(coordinator, shards, config)
    assert runner.config is config
    assert shards[0].config.max_edge_degree == 7
    distributed = phago.DistributedConfig(num_shards=5, replication_factor=3, virtual_nodes_per_shard=9)
    laid_out = phago.Coordinator.with_config(distributed)
    assert laid_out.config is distributed
    assert laid_out.shard_count == 5
    assert laid_out.ring.virtual_nodes_per_shard == 9
    assert len(laid_out.get_replica_shards("a")) == 3


# --- the contract ------------------------------------------------------------------------------------------------

FIELDS = {
    phago.RunnerConfig: "phase_timeout_ms resolve_ghosts max_parallelism",
    phago.DistributedTickResult: "tick phase_results",
    phago.PhaseResult: "shard_id phase tick cross_shard_edges node_count edge_count",
    phago.DistributedConfig: "num_shards replication_factor rpc_timeout_ms virtual_nodes_per_shard",
    phago.ColonyConfig: "seed signal_decay_rate signal_removal_threshold trace_decay_rate trace_removal_threshold "
    "edge_decay_rate edge_prune_threshold staleness_factor maturation_ticks max_edge_degree concepts_per_document "
    "documents_per_tick bytes_per_tick",
    phago.CrossShardEdge: "from_node to_node to_shard weight",
    phago.GhostNode: "node_id shard_id label full_data is_resolved",
    phago.ShardInfo: "id address node_count edge_count document_count last_heartbeat",
    phago.ShardHealth: "shard_id healthy load memory_usage_mb pending_operations",
    phago.ClusterStats: "total_shards online_shards total_documents total_memory_bytes current_tick",
    phago.ScoredNode: "node_id label score shard_id",
    phago.LocalQueryRequest: "query_terms max_results global_df",
    phago.LocalQueryResult: "shard_id results term_frequencies",
    phago.RunReport: "ticks digested failed seconds",
}
ATTRIBUTES = {
    phago.DistributedRunner: "tick run ticks tick_sync run_sync coordinator shards shard_count config",
    phago.DistributedTickResult: "cross_shard_edges total_nodes total_edges has_cross_shard_activity",
    phago.Coordinator: "with_config ring register_shard deregister_shard route_document get_replica_shards "
    "phase_complete wait_for_phase advance_tick current_tick aggregate_global_df all_shards online_shards get_shard "
    "shard_heartbeat check_shard_health update_shard_metrics total_documents cluster_stats shard_count config",
    phago.ConsistentHashRing: "with_virtual_nodes get_shard get_shard_for_key add_shard remove_shard shard_count "
    "all_shards virtual_nodes_per_shard total_virtual_nodes get_replica_shards",
    phago.ShardedColony: "shard_id current_tick owns_document ingest_document tick_phase take_outbox deliver get_node "
    "get_term_frequencies ghost_cache cross_shard_edge_stats connected_shards handle_shard_offline health stats "
    "shard_info execute_local_query",
    phago.Batch: "nbytes",
    phago.Colony: "ingest run ticks tick query get graph stats digest config __len__ __contains__ __enter__ __exit__",
    phago.Hits: "pending __len__ __getitem__",
    phago.DistributedQueryEngine: "query",
}
PROPERTIES = {
    phago.Coordinator: "current_tick ring shard_count config",
    phago.ShardedColony: "shard_id current_tick ghost_cache",
    phago.DistributedRunner: "coordinator shards shard_count config",
    phago.ConsistentHashRing: "shard_count virtual_nodes_per_shard total_virtual_nodes",
    phago.Colony: "graph config",
}
ERRORS = {
    "PhagoError": Exception,
    "ShardNotFound": LookupError,
    "CoordinatorUnavailable": phago.PhagoError,
    "RpcError": phago.PhagoError,
    "PhaseTimeout": TimeoutError,
    "ShardDied": phago.PhagoError,
    "RoutingFailed": phago.PhagoError,
    "EdgeResolutionFailed": phago.PhagoError,
    "GhostNodeNotFound": LookupError,
    "BarrierFailed": phago.PhagoError,
    "BusyError": phago.PhagoError,
    "ConfigError": ValueError,
    "InvalidDocument": ValueError,
    "DocumentExists": phago.PhagoError,
    "LimitError": phago.PhagoError,
}


def test_the_contract_has_its_names():
    for kind, names in FIELDS.items():
        fields = [field.name for field in dataclasses.fields(kind)]
        assert set(names.split()) <= set(fields), kind
        assert kind.__dataclass_params__.frozen, kind
    for kind, names in ATTRIBUTES.items():
        for name in names.split():
            assert hasattr(kind, name) or name in getattr(kind, "__annotations__", {}), f"{kind.__name__}.{name}"
    for kind, names in PROPERTIES.items():
        for name in names.split():
            found = inspect.getattr_static(kind, name, None)
            assert isinstance(found, property), f"{kind.__name__}.{name}"
    for name, base in ERRORS.items():
        kind = getattr(phago, name)
        assert issubclass(kind, phago.PhagoError), name
        assert issubclass(kind, base), name
    for name in ("tick", "run"):
        assert inspect.iscoroutinefunction(getattr(phago.DistributedRunner, name))
    assert inspect.isasyncgenfunction(phago.DistributedRunner.ticks)


# --- ghosts and cross-shard edges --------------------------------------------------------------------------------


async def test_new_edges_that_cross_shards_are_listed_and_their_far_ends_are_ghosts_with_label_and_data():
    _, shards, runner = cluster(3)
    ingest_into(shards, NAMED[:6])
    result = await runner.tick()
    assert result.has_cross_shard_activity()
    assert len(result.cross_shard_edges) > 50
    seen = 0
    for one in result.phase_results:
        if one.phase in ("Sense", "Act"):
            assert len(one.cross_shard_edges) == 0
            continue
        for edge in one.cross_shard_edges:
            seen += 1
            assert isinstance(edge.to_shard, phago.ShardId)
            assert edge.to_shard != one.shard_id
            assert shards[one.shard_id].get_node(edge.from_node) is not None
            assert shards[one.shard_id].get_node(edge.to_node) is None
            far = shards[edge.to_shard].get_node(edge.to_node)
            ghost = shards[one.shard_id].ghost_cache.get(edge.to_node)
            assert ghost.is_resolved
            assert (ghost.label, ghost.shard_id, ghost.node_id) == (far.label, edge.to_shard, far.id)
            assert ghost.full_data["label"] == far.label
            assert ghost.full_data["mentions"] == far.mentions
            assert 0 < edge.weight <= 1
    assert seen == len(result.cross_shard_edges)
    for shard in shards:
        ends = shard.cross_shard_edge_stats()
        assert shard.connected_shards() == sorted(ends)
        assert shard.shard_id not in ends
        assert sum(ends.values()) == shard.stats()["cross_shard_edges"] > 0
    assert sum(len(one.cross_shard_edges) for one in result.phase_results if one.shard_id == 0) == sum(
        shards[0].cross_shard_edge_stats().values()
    )


def test_without_resolving_the_ghosts_wait_for_their_data():
    _, shards, runner = cluster(2, resolve_ghosts=False)
    ingest_into(shards, NAMED[:3])
    edge = runner.tick_sync().cross_shard_edges[0]
    near = next(shard for shard in shards if shard.shard_id != edge.to_shard)
    found = {ghost.node_id: ghost for ghost in near.ghost_cache}
    assert not found[edge.to_node].is_resolved
    assert found[edge.to_node].full_data is None


def test_a_stale_ghost_is_fetched_again_when_it_is_read():
    _, shards, runner = cluster(2)
    ingest_into(shards, NAMED[:3])
    edge = runner.tick_sync().cross_shard_edges[0]
    near, far = shards[1 - edge.to_shard], shards[edge.to_shard]
    label = far.get_node(edge.to_node).label
    known = near.ghost_cache.get(edge.to_node).full_data["mentions"]
    ingest_into(shards, [{"id": f"more-{at}", "text": f"{label} more{at}x"} for at in range(5)])
    runner.tick_sync()
    assert near.ghost_cache.get(edge.to_node).full_data["mentions"] == known + 5


def test_a_shard_that_went_offline_leaves_no_ghosts():
    _, shards, runner = cluster(3)
    ingest_into(shards, NAMED[:6])
    runner.tick_sync()
    held = [ghost for ghost in shards[0].ghost_cache if ghost.shard_id == 1]
    others = [ghost.node_id for ghost in shards[0].ghost_cache if ghost.shard_id == 2]
    assert held
    assert others
    before = world_digest(runner)
    assert shards[0].handle_shard_offline(1) == len(held)
    assert {ghost.shard_id for ghost in shards[0].ghost_cache} == {2}
    assert shards[0].handle_shard_offline(1) == 0
    with pytest.raises(phago.GhostNodeNotFound) as caught:
        shards[0].ghost_cache.get(held[0].node_id)
    assert caught.value.node == held[0].node_id
    assert world_digest(runner) == before


def test_the_ghost_cache_of_a_shard_is_bounded():
    _, shards, runner = cluster(2, phago.ColonyConfig(ghosts_max=3))
    ingest_into(shards, NAMED[:6])
    runner.run_sync(2)
    assert [len(shard.ghost_cache) for shard in shards] == [3, 3]
    assert shards[0].ghost_cache.capacity == 3


@pytest.mark.parametrize("room", [3, 40])
def test_ghosts_are_those_of_whoever_looks_after_each_tick(room):
    config = phago.ColonyConfig(ghosts_max=room, documents_per_tick=3)
    (_, seen, often), (_, unseen, once) = (cluster(3, config) for _ in range(2))
    for shards in (seen, unseen):
        ingest_into(shards, NAMED)
    for _ in range(40):
        often.tick_sync()
        once.tick_sync()
        assert all(len(shard.ghost_cache) <= room for shard in seen)
    for looked, other in zip(seen, unseen, strict=True):
        ghosts = list(other.ghost_cache)
        assert ghosts
        assert [ghost.node_id for ghost in ghosts] == [ghost.node_id for ghost in looked.ghost_cache]
        assert all(looked.ghost_cache.get(ghost.node_id) == other.ghost_cache.get(ghost.node_id) for ghost in ghosts)


def test_far_ends_that_are_gone_when_somebody_looks_are_no_ghosts():
    _, shards, runner = cluster(2)
    ingest_into(shards, NAMED[:6])
    runner.tick_sync()
    for shard in shards:
        for document in NAMED[:6]:
            if shard.owns_document(document["id"]):
                shard.delete_document(document["id"])
    runner.run_sync(2)
    assert [len(shard.ghost_cache) for shard in shards] == [0, 0]


# --- documents of shards -----------------------------------------------------------------------------------------


def test_the_routed_id_is_the_stored_id():
    coordinator, shards, runner = cluster(3)
    for document in NAMED[:30]:
        home = coordinator.route_document(document["id"])
        assert [shard.owns_document(document["id"]) for shard in shards] == [at == home for at in range(3)]
        stored = shards[home].ingest_document(document)
        assert stored == _phago.document_id(document["id"])
        assert coordinator.ring.get_shard_for_key(stored) == home
    assert [shard.stats()["documents"] for shard in shards] == [
        sum(coordinator.route_document(document["id"]) == at for document in NAMED[:30]) for at in range(3)
    ]
    runner.run_sync(2)
    assert sum(shard.stats()["pending"] for shard in shards) == 0


def test_a_document_on_the_wrong_shard_is_refused_with_the_right_one():
    coordinator, shards, runner = cluster(3)
    before = world_digest(runner)
    home = coordinator.route_document("a")
    wrong = shards[(home + 1) % 3]
    with pytest.raises(phago.RoutingFailed) as caught:
        wrong.ingest_document({"id": "a", "text": "words"})
    assert (caught.value.document, caught.value.shard, caught.value.home) == ("a", wrong.shard_id, home)
    assert str(home) in str(caught.value)
    assert world_digest(runner) == before


def test_term_frequencies_health_and_info_are_measured():
    coordinator, shards, runner = cluster(2)
    heart, art = "heartk", "artk"
    ingest_into(shards, [{"id": str(at), "text": f"{heart} {art if at % 2 else ''}"} for at in range(20)])
    parts = [shard.get_term_frequencies() for shard in shards]
    assert coordinator.aggregate_global_df(parts) == {art: 10, heart: 20}
    for shard in shards:
        health = shard.health()
        assert (health.shard_id, health.healthy, health.load) == (shard.shard_id, True, 1.0)
        assert health.pending_operations == shard.stats()["documents"] > 0
        assert health.memory_usage_mb > 0
    runner.tick_sync()
    for shard in shards:
        assert (shard.health().load, shard.health().pending_operations) == (0.0, 0)
        info, stats = shard.shard_info(), shard.stats()
        assert info.id == shard.shard_id
        assert (info.node_count, info.edge_count) == (stats["nodes"], stats["edges"])
        assert info.document_count == stats["documents"]
    assert sum(shard.shard_info().node_count for shard in shards) == 2


def test_the_coordinator_learns_the_sizes_of_the_shards_it_sees_ticking():
    coordinator, shards, runner = cluster(2)
    ingest_into(shards, NAMED[:20])
    result = runner.tick_sync()
    infos = coordinator.all_shards()
    assert coordinator.total_documents() == 20
    assert sum(info.node_count for info in infos) == result.total_nodes()
    assert sum(info.edge_count for info in infos) == result.total_edges()
    stats = coordinator.cluster_stats()
    assert (stats.total_shards, stats.online_shards, stats.total_documents, stats.current_tick) == (2, 2, 20, 1)
    assert stats.total_memory_bytes > 0


# --- what a runner refuses ---------------------------------------------------------------------------------------


def refusal(coordinator, shards):
    with pytest.raises(phago.ConfigError) as caught:
        phago.DistributedRunner(coordinator, shards)
    return caught.value


def test_a_runner_refuses_unequal_rings_and_names_both():
    coordinator = phago.Coordinator(2)
    other = phago.ConsistentHashRing.with_virtual_nodes(2, 77)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), other) for at in range(2)]
    said = str(refusal(coordinator, shards))
    assert "150" in said
    assert "77" in said


def test_a_runner_refuses_unequal_configs_and_names_both():
    coordinator = phago.Coordinator(2)
    shards = [
        phago.ShardedColony(at, phago.ColonyConfig(edge_decay_rate=rate), coordinator.ring)
        for at, rate in enumerate((0.0125, 0.0625))
    ]
    said = str(refusal(coordinator, shards))
    assert "0.0125" in said
    assert "0.0625" in said


def test_a_runner_refuses_unequal_ticks_and_names_both():
    coordinator = phago.Coordinator(2)
    old = [phago.ShardedColony(at, phago.ColonyConfig(), coordinator.ring) for at in range(2)]
    for _ in range(7):
        tick_by_hand(old)
    new = phago.ShardedColony(0, phago.ColonyConfig(), coordinator.ring)
    error = refusal(coordinator, [new, old[1]])
    assert "7" in str(error)
    assert "0" in str(error)
    assert "tick" in error.field
    # The coordinator has counted none of those seven.
    error = refusal(coordinator, old)
    assert "tick" in error.field
    assert "7" in str(error)


def test_a_runner_refuses_missing_and_repeated_shards_and_names_both():
    coordinator = phago.Coordinator(3)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), coordinator.ring) for at in range(3)]
    twin = phago.ShardedColony(1, phago.ColonyConfig(), coordinator.ring)
    for given, named in [
        (shards[:2], "shard-0, shard-1"),
        ([], "empty"),
        ([*shards, twin], "shard-0, shard-1, shard-1, shard-2"),
        ([shards[0], twin, shards[1]], "shard-0, shard-1, shard-1"),
    ]:
        said = str(refusal(coordinator, given))
        assert named in said
        assert "shard-0, shard-1, shard-2" in said
    phago.DistributedRunner(coordinator, shards[::-1]).tick_sync()


def test_under_a_runner_nobody_else_drives_or_changes_members():
    coordinator, shards, runner = cluster(2)
    ingest_into(shards, NAMED[:3])
    for refused in (
        lambda: coordinator.phase_complete(0, "Sense", 1),
        lambda: coordinator.advance_tick(),
        lambda: coordinator.register_shard("there"),
        lambda: coordinator.deregister_shard(1),
        lambda: shards[0].tick_phase("Sense"),
        lambda: shards[0].take_outbox(),
        lambda: coordinator.ring.add_shard(),
        lambda: coordinator.ring.remove_shard(0),
        lambda: phago.DistributedRunner(coordinator, shards),
    ):
        with pytest.raises(phago.BusyError):
            refused()
    assert runner.tick_sync().tick == 1
    runner.close()
    runner.close()
    with pytest.raises(phago.BusyError):
        runner.tick_sync()
    tick_by_hand(shards)
    assert shards[0].current_tick == 2
    assert coordinator.phase_complete(0, "Sense", 2) is False


def test_a_batch_may_not_be_delivered_under_a_runner():
    coordinator = phago.Coordinator(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), coordinator.ring) for at in range(2)]
    ingest_into(shards, NAMED[:3])
    for phase in ("Sense", "Act"):
        for shard in shards:
            shard.tick_phase(phase)
    batches = shards[0].take_outbox()
    with pytest.raises(phago.BusyError):
        phago.DistributedRunner(coordinator, shards)
    to, batch = next(iter(batches.items()))
    _, others, runner = cluster(2)
    ingest_into(others, NAMED[:3])
    with pytest.raises(phago.BusyError):
        others[to].deliver(batch)
    runner.close()


# --- by hand -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", [False, True], ids=["objects", "pickles"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_cluster_driven_by_hand_equals_one_under_a_runner(count, wire):
    config = phago.ColonyConfig(documents_per_tick=20)
    _, driven, runner = cluster(count, config)
    coordinator = phago.Coordinator(count)
    by_hand = [phago.ShardedColony(at, config, coordinator.ring) for at in range(count)]
    chance = Chance(5)
    exchanged = 0
    for at in range(0, 90, 30):
        ingest_into(driven, NAMED[at : at + 30])
        ingest_into(by_hand, NAMED[at : at + 30])
        for _ in range(2):
            results, sent = tick_by_hand(by_hand, wire=wire, order=chance.shuffled)
            exchanged += sent
            expected = runner.tick_sync()
            assert sorted(results, key=lambda one: (list(TickPhase).index(one.phase), one.shard_id)) == list(
                expected.phase_results
            )
            for phase in ("Advance", "Act", "Decay"):
                with pytest.raises(phago.PhaseOrderError):
                    by_hand[0].tick_phase(phase)
    assert exchanged > 0
    for _ in range(6):
        coordinator_tick = tick_by_hand(by_hand)[0][0].tick
        assert runner.tick_sync().tick == coordinator_tick
    assert [shard.stats() for shard in by_hand] == [shard.stats() | {} for shard in driven]
    while coordinator.current_tick < by_hand[0].current_tick:
        for phase in ("Sense", "Act", "Decay"):
            for at in range(count):
                coordinator.phase_complete(at, phase, coordinator.current_tick + 1)
        coordinator.advance_tick()
    assert world_digest(phago.DistributedRunner(coordinator, by_hand)) == world_digest(runner)


def test_two_documents_of_one_tick_on_two_homes_share_a_pair():
    _, shards, runner = cluster(4)
    one, two = words(2)
    homes = {}
    for number in range(100):
        homes.setdefault(int(shards[0].ring.get_shard(f"d{number}")), f"d{number}")
    keys = list(homes.values())[:2]
    assert len(keys) == 2
    ingest_into(shards, [{"id": key, "text": f"{one} {two}"} for key in keys])
    runner.tick_sync()
    home = shards[0].ring.get_shard_for_key(_phago.concept_id(one))
    assert shards[home].get_node(_phago.concept_id(one)).degree == 1
    graph = runner._native.world.edges().wait()
    assert len(graph) == 2
    for at in range(2):
        row = graph.get(at)
        weight, co_activations = row.weight, row.co_activations
        assert (round(weight, 6), co_activations) == (0.2, 2)


def test_bytes_travel_between_shards_and_none_do_within_one():
    sizes = {}
    for count in (1, 2, 4):
        with phago.Colony(shards=count) as colony:
            colony.ingest(NAMED)
            colony.run()
            sizes[count] = colony.stats().bytes_exchanged
    assert sizes[1] == 0
    assert 0 < sizes[2] < sizes[4]


@pytest.mark.parametrize(
    ("done", "wrong"),
    [
        ([], ["Act", "Decay", "Advance"]),
        (["Sense"], ["Sense", "Decay", "Advance"]),
        (["Sense", "Act"], ["Sense", "Act", "Advance"]),
        (["Sense", "Act", "Decay"], ["Sense", "Act", "Decay"]),
    ],
)
def test_phases_out_of_their_turn_are_value_errors_and_change_nothing(done, wrong):
    ring = phago.ConsistentHashRing(1)
    shard = phago.ShardedColony(0, phago.ColonyConfig(), ring)
    shard.ingest_document({"id": "a", "text": "two words"})
    for phase in done:
        shard.tick_phase(phase)
        for batch in shard.take_outbox().values():
            shard.deliver(batch)
    expected = [*TickPhase][len(done)]
    for phase in wrong:
        with pytest.raises(ValueError, match=expected) as caught:
            shard.tick_phase(phase)
        assert isinstance(caught.value, phago.PhaseOrderError)
        assert (caught.value.shard, caught.value.expected, caught.value.found) == (0, expected, phase)
        assert caught.value.tick == 1
    for phase in [*TickPhase][len(done) :]:
        shard.tick_phase(phase)
        for batch in shard.take_outbox().values():
            shard.deliver(batch)
    assert shard.current_tick == 1
    assert shard.stats()["nodes"] == 2
    with pytest.raises(ValueError, match="Digest"):
        shard.tick_phase("Digest")


def test_by_hand_no_shard_decays_before_it_heard_of_all():
    ring = phago.ConsistentHashRing(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), ring) for at in range(2)]
    ingest_into(shards, NAMED[:8])
    for phase in ("Sense", "Act"):
        shards[0].tick_phase(phase)
    with pytest.raises(phago.BarrierFailed, match="shard-1"):
        shards[0].tick_phase("Decay")
    for phase in ("Sense", "Act"):
        shards[1].tick_phase(phase)
    with pytest.raises(phago.BarrierFailed, match="deliver"):
        shards[0].tick_phase("Decay")
    boxes = [shard.take_outbox() for shard in shards]
    # What was lost on its way can be asked for again.
    again = [shard.take_outbox() for shard in shards]
    assert [[batch.to_bytes() for batch in box.values()] for box in again] == [
        [batch.to_bytes() for batch in box.values()] for box in boxes
    ]
    with pytest.raises(phago.BarrierFailed):
        shards[1].deliver(boxes[0][phago.ShardId(0)])
    for box in boxes:
        for to, batch in box.items():
            shards[to].deliver(batch)
            shards[to].deliver(batch)
    for shard in shards:
        shard.tick_phase("Decay")
    old = boxes[1][phago.ShardId(0)]
    shards[0].tick_phase("Advance")
    assert [shard.current_tick for shard in shards] == [0, 0]
    shards[1].tick_phase("Advance")
    assert [shard.current_tick for shard in shards] == [1, 1]
    with pytest.raises(phago.BarrierFailed):
        shards[0].deliver(old)
