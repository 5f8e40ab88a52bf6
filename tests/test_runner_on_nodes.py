"""A runner whose shards are on nodes gives what it gives in this process, and brings them back."""

import asyncio
import os
import signal

import phago
import pytest
from phago.backends import Answer, Node, Processes, Transport

WORDS = [
    "ion",
    "channel",
    "membrane",
    "cell",
    "slime",
    "mould",
    "spore",
    "router",
    "kernel",
    "graph",
    "edge",
    "weight",
    "water",
    "sugar",
    "protein",
]
SHARDS = 4


class Here(Transport):
    def __init__(self, nodes):
        super().__init__(nodes)
        self.made = [Node() for _ in range(nodes)]
        self.is_closed = False

    def send(self, messages, wait, stopped):
        return [Answer(*self.made[message.node].handle(message.bytes, message.parcels)) for message in messages]

    def restart(self, nodes):
        for node in nodes:
            self.made[node] = Node()

    def close(self):
        self.is_closed = True


def document(number):
    words = [WORDS[(number * step + step) % len(WORDS)] for step in range(1, 7)]
    return {"id": f"d{number}", "text": " ".join(words)}


def cluster(documents=40):
    coordinator, config = phago.Coordinator(SHARDS), phago.ColonyConfig(documents_per_tick=16)
    shards = [phago.ShardedColony(shard, config, coordinator.ring) for shard in range(SHARDS)]
    for number in range(documents):
        ingest(coordinator, shards, document(number))
    return coordinator, shards


def ingest(coordinator, shards, one):
    return shards[coordinator.route_document(one["id"])].ingest_document(one)


def digest(shards):
    return shards[0]._native.world.digest().wait()


def told(coordinator, shards, result):
    """All that is to be seen after a tick."""
    seen = [result.tick, result.total_nodes(), result.total_edges(), result.has_cross_shard_activity()]
    seen += [(phase, list(phase.cross_shard_edges)) for phase in result.phase_results]
    edges = [edge for phase in result.phase_results for edge in phase.cross_shard_edges]
    for shard in shards:
        request = phago.LocalQueryRequest(["ion", "channels"], 5, {"ion": 3})
        seen += [shard.get_term_frequencies(), shard.cross_shard_edge_stats(), shard.connected_shards()]
        seen += [shard.health(), shard.stats(), len(shard.ghost_cache), shard.execute_local_query(request)]
        seen += [shard.ghost_cache.get(edge.to_node) for edge in edges if edge.to_node in shard.ghost_cache]
        seen += [shard.get_node(edge.from_node) for edge in edges[:20]]
    registered = [(shard.id, shard.node_count, shard.edge_count) for shard in coordinator.all_shards()]
    return [*seen, registered, coordinator.current_tick, coordinator.cluster_stats(), digest(shards)]


def life(coordinator, shards, runner):
    seen = []
    for tick in range(6):
        seen += told(coordinator, shards, runner.tick_sync())
        if tick == 1:
            ingest(coordinator, shards, document(41))
            seen.append([shards[coordinator.route_document("d3")].delete_document("d3"), "d3"])
            with pytest.raises(phago.RoutingFailed):
                shards[(coordinator.route_document("d4") + 1) % SHARDS].ingest_document(document(4))
    return seen


@pytest.fixture(scope="module")
def reference():
    coordinator, shards = cluster()
    with phago.DistributedRunner(coordinator, shards) as runner:
        return life(coordinator, shards, runner)


@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
@pytest.mark.parametrize("backend", [Here, Processes])
def test_results_reads_ghosts_and_digests_are_those_of_this_process(reference, backend, nodes):
    coordinator, shards = cluster()
    with phago.DistributedRunner(coordinator, shards, backend=backend(nodes)) as runner:
        assert life(coordinator, shards, runner) == reference
    assert digest(shards) == reference[-1]


def test_shards_come_back_and_go_out_again(reference):
    coordinator, shards = cluster()
    seen, twin = [], phago.ShardedColony(1, shards[1].config, coordinator.ring)
    for _ in range(2):
        with phago.DistributedRunner(coordinator, shards, backend=Here(2)) as runner:
            seen.append(runner.tick_sync())
            assert twin.current_tick == runner.coordinator.current_tick
            with pytest.raises(phago.BusyError):
                twin.tick_phase("Sense")
        with phago.DistributedRunner(coordinator, shards) as runner:
            seen.append(runner.tick_sync())
        for phase in phago.TickPhase:
            [shard.tick_phase(phase) for shard in shards]
            if phase == phago.TickPhase.ACT:
                for shard in shards:
                    for to, batch in shard.take_outbox().items():
                        shards[to].deliver(batch)
        coordinator = same_at(coordinator, shards)
    assert [result.tick for result in seen] == [1, 2, 4, 5]
    other = cluster()
    with phago.DistributedRunner(*other) as runner:
        runner.run_sync(6)
    assert digest(shards) == digest(other[1]) == digest([twin])


def same_at(coordinator, shards):
    """The coordinator, told of the tick that was made by hand."""
    tick = coordinator.current_tick + 1
    for phase in (phago.TickPhase.SENSE, phago.TickPhase.ACT, phago.TickPhase.DECAY):
        for shard in shards:
            coordinator.phase_complete(shard.shard_id, phase, tick)
    coordinator.advance_tick()
    return coordinator


@pytest.mark.parametrize("when", ["between ticks", "in a tick"])
def test_a_node_that_is_killed_is_made_again_and_the_tick_redone(reference, when):
    class Killing(Processes):
        def send(self, messages, wait, stopped):
            if len(messages) == 2 and self.countdown:
                self.countdown -= 1
                if not self.countdown:
                    os.kill(self.pids()[1], signal.SIGKILL)
            return super().send(messages, wait, stopped)

    transport = Killing(2)
    transport.countdown = 0
    coordinator, shards = cluster()
    with phago.DistributedRunner(coordinator, shards, backend=transport) as runner:
        seen = []
        for _ in range(6):
            tick = runner.coordinator.current_tick
            if tick == 3 and when == "between ticks":
                os.kill(transport.pids()[0], signal.SIGKILL)
            transport.countdown = 2 if tick == 3 and when == "in a tick" else 0
            seen.append(runner.tick_sync())
            if tick == 1:
                ingest(coordinator, shards, document(41))
                assert shards[coordinator.route_document("d3")].delete_document("d3")
        assert [result.recovered for result in seen] == [0, 0, 0, 1, 0, 0]
        assert digest(shards) == reference[-1]
    assert digest(shards) == reference[-1]
    assert [shard.current_tick for shard in shards] == [6] * SHARDS


def test_what_can_not_go_to_nodes_stays_and_goes_on():
    coordinator, shards = cluster(8)
    shards[0].tick_phase("Sense")
    with pytest.raises(phago.BusyError, match="by hand"):
        phago.DistributedRunner(coordinator, shards, backend=Here(2))
    shards[0].abandon()
    with pytest.raises(phago.ConfigError, match="nodes"):
        phago.DistributedRunner(coordinator, shards, backend="processes", nodes=5)
    with pytest.raises(phago.ConfigError, match="backend"):
        phago.DistributedRunner(coordinator, shards, backend="elsewhere")

    class Broken(Here):
        def send(self, messages, wait, stopped):
            raise RuntimeError("no way")

    broken = Broken(2)
    with pytest.raises(phago.CoordinatorUnavailable, match="no way"):
        phago.DistributedRunner(coordinator, shards, backend=broken)
    assert broken.is_closed
    ingest(coordinator, shards, document(9))
    with phago.DistributedRunner(coordinator, shards, backend=Here(2)) as runner:
        assert runner.tick_sync().total_nodes() > 0

    coordinator = phago.Coordinator(3)
    coordinator.deregister_shard(1)
    shards = [phago.ShardedColony(shard, phago.ColonyConfig(), coordinator.ring) for shard in (0, 2)]
    with pytest.raises(phago.ConfigError, match="without a gap"):
        phago.DistributedRunner(coordinator, shards, backend=Here(2))


def test_a_runner_awaits_ticks_and_reports_phases_and_heartbeats():
    async def main():
        coordinator, shards = cluster()
        with phago.DistributedRunner(coordinator, shards, backend="processes", nodes=2) as runner:
            waiting = asyncio.ensure_future(coordinator.wait_for_phase("Decay", 1, 10_000))
            results = await runner.run(3)
            await waiting
            beats = [shard.last_heartbeat for shard in coordinator.all_shards()]
            await runner.tick()
            assert all(
                after.last_heartbeat > before for after, before in zip(coordinator.all_shards(), beats, strict=True)
            )
        return [result.tick for result in results], coordinator.current_tick

    assert asyncio.run(main()) == ([1, 2, 3], 4)


def test_nodes_end_with_the_runner_or_with_the_last_handle(reference):
    transport = Processes(2)
    coordinator, shards = cluster()
    runner = phago.DistributedRunner(coordinator, shards, backend=transport)
    pids = transport.pids()
    runner.close()
    runner.close()
    with pytest.raises(phago.BusyError):
        runner.tick_sync()
    assert not any(is_alive(pid) for pid in pids)

    transport = Processes(2)
    runner = phago.DistributedRunner(coordinator, shards, backend=transport)
    pids = transport.pids()
    del runner, coordinator, shards
    for _ in range(200):
        if not any(is_alive(pid) for pid in pids):
            break
        phago._phago.wait_until_freed().wait()
        asyncio.run(asyncio.sleep(0.02))
    assert not any(is_alive(pid) for pid in pids)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
