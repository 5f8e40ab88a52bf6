"""What may travel travels; what holds threads says what to do instead."""

import base64
import copy
import dataclasses
import json
import pickle
from pathlib import Path

import phago
import pytest
from support import child_says, cluster, ingest_into, seeded_documents

DOCUMENTS = [one for one in seeded_documents(30) if "id" in one]
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def there_and_back(thing):
    twins = [pickle.loads(pickle.dumps(thing, protocol)) for protocol in PROTOCOLS]
    return [*twins, copy.copy(thing), copy.deepcopy(thing)]


@pytest.fixture(scope="module")
def colony():
    with phago.Colony(2) as made:
        made.ingest(DOCUMENTS)
        made.run()
        yield made


def results_of(colony):
    """One of each result, as a living colony gives it."""
    _, shards, runner = cluster(2)
    ingest_into(shards, DOCUMENTS[:8])
    tick = runner.tick_sync()
    shard = shards[0]
    request = phago.LocalQueryRequest((DOCUMENTS[0]["text"],), 5)
    return [
        phago.RunnerConfig(phase_timeout_ms=5),
        phago.DistributedConfig(num_shards=5),
        phago.ColonyConfig(seed=2**64 - 1, staleness_factor=0.5),
        phago.Document("text", id="a", metadata={"year": 2024, "tags": ["x"]}),
        tick,
        tick.phase_results[-1],
        tick.cross_shard_edges,
        tick.cross_shard_edges[0],
        next(iter(shard.ghost_cache)),
        shard.shard_info(),
        shard.health(),
        runner.coordinator.cluster_stats(),
        request,
        shard.execute_local_query(request),
        phago.DistributedQueryEngine(runner.coordinator, shards).query(DOCUMENTS[0]["text"], 3),
        colony.query(DOCUMENTS[0]["text"]),
        colony.query(DOCUMENTS[0]["text"])[0],
        colony.ingest([DOCUMENTS[0], 5], on_error="skip"),
        colony.run(),
        colony.stats(),
        colony.get(DOCUMENTS[0]["id"]),
        colony.graph.nodes[0],
        colony.graph.edges[0],
        colony.graph.neighbors(colony.graph.nodes[0].label),
        phago.ShardId(3),
        phago.TickPhase.DECAY,
    ]


def test_configs_results_and_hits_travel(colony):
    results = results_of(colony)
    assert len(results[6]) > 0
    for result in results:
        for twin in there_and_back(result):
            assert type(twin) is type(result)
            assert twin == result


def test_what_was_frozen_is_frozen_on_the_other_side(colony):
    for result in results_of(colony):
        if dataclasses.is_dataclass(result):
            name = dataclasses.fields(result)[0].name
            for twin in there_and_back(result):
                with pytest.raises(dataclasses.FrozenInstanceError):
                    setattr(twin, name, None)


def raised(colony):
    """Errors as they are raised, not as a test would build them."""
    runner = phago.RunnerConfig(phase_timeout_ms=40, recover="manual")
    _, shards, _ = cluster(2)
    with phago.Colony(2, runner=runner) as tried:
        for fault in (("hang", 1, "Act", 1), ("panic", 0, "Decay", 1)):
            tried._runner.inject(fault)
            with pytest.raises(phago.PhagoError) as caught:
                tried.tick()
            yield caught.value
    for work in (
        lambda: colony.ingest(["good", {"id": "x", "text": "\ud800"}]),
        lambda: colony.ingest({"id": DOCUMENTS[0]["id"], "text": "other"}),
        lambda: colony.query("x" * 70_000),
        lambda: phago.ColonyConfig(max_edge_degree=-1),
        lambda: phago.ConsistentHashRing(2).remove_shard(5),
        lambda: phago.Coordinator(2).phase_complete(0, "Decay", 1),
        lambda: shards[0].ingest_document(next(one for one in DOCUMENTS if not shards[0].owns_document(one["id"]))),
        lambda: shards[0].ghost_cache.get("0" * 32),
        lambda: shards[0].tick_phase("Sense"),
        lambda: phago.Batch.from_bytes(b"no batch"),
        lambda: phago.ShardedColony(0, phago.ColonyConfig(), phago.ConsistentHashRing(1)).tick_phase("Decay"),
        tried.stats,
    ):
        with pytest.raises(phago.PhagoError) as caught:
            work()
        yield caught.value


def test_errors_travel_with_their_fields(colony):
    kinds = set()
    for error in raised(colony):
        kinds.add(type(error))
        for twin in there_and_back(error):
            assert type(twin) is type(error)
            assert str(twin) == str(error)
            assert twin.fields == error.fields
            assert {name: type(value) for name, value in twin.fields.items()} == {
                name: type(value) for name, value in error.fields.items()
            }
    assert len(kinds) >= 12


def test_a_batch_travels():
    ring = phago.ConsistentHashRing(2)
    shards = [phago.ShardedColony(at, phago.ColonyConfig(), ring) for at in range(2)]
    ingest_into(shards, DOCUMENTS)
    for phase in ("Sense", "Act"):
        for shard in shards:
            shard.tick_phase(phase)
    batch = shards[0].take_outbox()[phago.ShardId(1)]
    assert batch.nbytes > 0
    for twin in there_and_back(batch):
        assert (twin.nbytes, twin.sender, twin.to, twin.tick) == (batch.nbytes, 0, 1, 1)
        assert twin.to_bytes() == batch.to_bytes()
        shards[1].deliver(twin)


@pytest.mark.parametrize("way", ["pickle", "copy", "deepcopy"])
def test_what_holds_threads_says_what_to_do_instead(way):
    coordinator, shards, runner = cluster(1)
    with phago.Colony(1) as colony:
        for thing in (
            colony,
            phago.AsyncColony(1),
            runner,
            coordinator,
            shards[0],
            coordinator.ring,
        ):
            with pytest.raises(TypeError) as caught:
                {"pickle": pickle.dumps, "copy": copy.copy, "deepcopy": copy.deepcopy}[way](thing)
            said = str(caught.value)
            assert type(thing).__name__ in said
            assert "make one" in said
        assert colony.tick().tick == 1
    assert runner.tick_sync().tick == 1


def test_results_and_errors_come_home_from_another_process():
    program = """
import multiprocessing, sys
import phago
from test_pickle import work

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        tick, hits, digest = pool.apply(work, (None,))
        print(tick.tick, tick.total_edges(), [hit.id for hit in hits], len(digest))
        try:
            pool.apply(work, ({"id": "a", "text": 5},))
        except phago.InvalidDocument as error:
            print(error.field, error.index, error.id)
"""
    assert child_says(program).splitlines() == ["1 2 ['a'] 64", "text 1 a"]


def work(bad):
    with phago.Colony(2) as colony:
        colony.ingest([{"id": "a", "text": "two words"}, *([bad] if bad else [])])
        return colony.tick(), colony.query("words"), colony.digest()


def test_pickles_of_the_first_release_still_load(colony):
    stored = json.loads((Path(__file__).parent / "pickles.json").read_text())
    assert len(stored) >= 35
    # What this version makes of the same kinds, to compare the parts with.
    kinds = {type(one).__qualname__: type(one) for one in [*results_of(colony), *raised(colony)]}
    for name, text in stored.items():
        loaded = pickle.loads(base64.b64decode(text))
        assert type(loaded) is kinds[name]
        assert repr(loaded)
        parts = loaded.fields if isinstance(loaded, phago.PhagoError) else getattr(loaded, "__dataclass_fields__", {})
        for part in parts:
            getattr(loaded, part)
        for twin in there_and_back(loaded):
            assert type(twin) is type(loaded)


def test_what_shares_memory_says_what_to_pickle_instead(colony):
    shard = phago.ShardedColony(0, phago.ColonyConfig(), phago.Coordinator(1).ring)
    column = colony.graph.edges.columns()["weight"]
    things = (colony.graph, colony.graph.nodes, colony.graph.edges, column, shard.ghost_cache)
    for thing, named in zip(things, ("a Graph", "a Nodes", "an Edges", "a Column", "a ShardGhosts"), strict=True):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match=f"^{named} cannot be pickled or copied.*instead"):
                way(thing)
    for twin in there_and_back(list(colony.graph.edges)):
        assert twin == list(colony.graph.edges)
    assert pickle.loads(pickle.dumps(column.to_list())) == column.to_list()
    cache = phago.GhostNodeCache(3)
    cache.insert(phago.GhostNode("aa", phago.ShardId(1)))
    assert list(pickle.loads(pickle.dumps(cache))) == list(cache)
