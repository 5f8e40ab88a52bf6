"""Many shards as one: their coordinator, the runner of their ticks, and answers from all of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

from . import _phago
from ._shared import Unpicklable, count, question_of, text_of, tick_result
from .config import DistributedConfig, RunnerConfig
from .errors import ConfigError, CoordinatorUnavailable, ShardNotFound
from .ids import ShardId, TickPhase
from .results import ClusterStats, DistributedTickResult, ScoredNode, ShardInfo
from .ring import ConsistentHashRing
from .shard import ShardedColony

__all__ = ["Coordinator", "DistributedQueryEngine", "DistributedRunner"]


class Coordinator(Unpicklable):
    """Registry of the shards and barrier of their phases.

    The places 0 to `num_shards` - 1 are on the ring and online from the start. While a runner drives it,
    `phase_complete`, `advance_tick`, `register_shard` and `deregister_shard` raise `BusyError`. Only `wait_for_phase`
    waits.

    Args:
        num_shards: Shards from the start; 1 to 1,024.
        clock: Seconds that never go back; `time.monotonic` unless a test has its own.
    """

    _instead = "make one in the process that uses it"

    def __init__(self, num_shards: int = 3, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._begin(DistributedConfig(num_shards=num_shards), clock)

    @classmethod
    def with_config(cls, config: DistributedConfig, *, clock: Callable[[], float] = time.monotonic) -> Self:
        """A coordinator laid out as the config says."""
        if not isinstance(config, DistributedConfig):
            raise TypeError(f"`config` is a DistributedConfig, not {type(config).__name__}")
        coordinator = cls.__new__(cls)
        coordinator._begin(config, clock)
        return coordinator

    def _begin(self, config: DistributedConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._native = _phago.Coordinator(
            config.num_shards,
            config.replication_factor,
            config.rpc_timeout_ms,
            config.virtual_nodes_per_shard,
            config.heartbeat_timeout_ms,
        )
        self._ring = ConsistentHashRing._of(self._native.ring)
        # The first look tells the registry what time it is; without it the stamps below would lie in its future.
        now = clock()
        self._native.check_health(now)
        for shard in self._native.ring.shards:
            self._native.heartbeat(shard, now)

    @property
    def ring(self) -> ConsistentHashRing:
        """The ring on which the shards lie: always the same object."""
        return self._ring

    @property
    def config(self) -> DistributedConfig:
        return self._config

    @property
    def current_tick(self) -> int:
        """The last committed tick; 0 at first."""
        return self._native.current_tick

    @property
    def shard_count(self) -> int:
        """Registered shards, online or not."""
        return len(self._native.shards())

    # --- places ---

    def register_shard(self, address: str = "in-process") -> ShardId:
        """Fill the lowest empty place, else add one; the shard is online at once.

        Raises:
            BusyError: A runner drives the shards, or a shard was made on the ring.
            LimitError: There are 1,024 shards.
        """
        shard = self._native.register_shard(text_of("address", address))
        self._native.heartbeat(shard, self._clock())
        return ShardId(shard)

    def deregister_shard(self, shard_id: int) -> None:
        """Take a shard out of the registry and off the ring.

        Raises:
            BusyError: A runner drives the shards, or a shard was made on the ring.
            ShardNotFound: It is not registered.
        """
        self._native.deregister_shard(ShardId(shard_id))

    def route_document(self, document_id: str) -> ShardId:
        """The home of the document that its caller named so."""
        return self._ring.get_shard(document_id)

    def get_replica_shards(self, document_id: str) -> list[ShardId]:
        """Where copies of the document would live, its home first: `replication_factor` places.

        Nothing is copied yet.
        """
        return self._ring.get_replica_shards(document_id, self._config.replication_factor)

    # --- the barrier ---

    def phase_complete(self, shard_id: int, phase: TickPhase | str, tick: int) -> bool:
        """Note that a shard has finished a phase; `True` when it was the last one missing.

        Raises:
            BarrierFailed: It is not the turn of this phase or tick.
            BusyError: A runner drives the shards.
            ShardNotFound: It is not registered.
        """
        return self._native.phase_complete(ShardId(shard_id), TickPhase(phase).value, count("tick", tick, 0, 2**63 - 1))

    async def wait_for_phase(self, phase: TickPhase | str, tick: int, timeout_ms: int | None = None) -> None:
        """Wait until every shard has finished a phase.

        Args:
            phase: The phase.
            tick: The tick that is being made.
            timeout_ms: Milliseconds to wait; 30,000 unless given.

        Raises:
            PhaseTimeout: It names the shards that are missing.
        """
        timeout_ms = RunnerConfig().phase_timeout_ms if timeout_ms is None else timeout_ms
        config = RunnerConfig(phase_timeout_ms=timeout_ms)
        tick = count("tick", tick, 0, 2**63 - 1)
        await self._native.wait_for_phase(TickPhase(phase).value, tick, config.phase_timeout_ms)

    def advance_tick(self) -> int:
        """Commit the tick; returns its number.

        Raises:
            BarrierFailed: A shard has not finished Decay.
            BusyError: A runner drives the shards.
        """
        return self._native.advance_tick()

    # --- the registry ---

    def _rows(self) -> list[tuple[ShardInfo, bool, int]]:
        return [
            (ShardInfo(ShardId(shard), address, nodes, edges, documents, heartbeat), online, memory)
            for shard, address, online, nodes, edges, documents, memory, heartbeat in self._native.shards()
        ]

    def all_shards(self) -> list[ShardInfo]:
        """Every registered shard, in order."""
        return [info for info, _, _ in self._rows()]

    def online_shards(self) -> list[ShardInfo]:
        """The shards that were heard of within `heartbeat_timeout_ms`, as of the last `check_shard_health`."""
        return [info for info, online, _ in self._rows() if online]

    def get_shard(self, shard_id: int) -> ShardInfo:
        """What is known of a shard.

        Raises:
            ShardNotFound: It is not registered.
        """
        shards = self.all_shards()
        for info in shards:
            if info.id == shard_id:
                return info
        shard = ShardId(shard_id)
        registered = ", ".join(str(info.id) for info in shards) or "none"
        raise ShardNotFound(
            f"{shard} is not registered; registered are {registered}", shard=shard, registered=registered
        )

    def shard_heartbeat(self, shard_id: int, at: float | None = None) -> None:
        """Note that a shard lives; it is online again.

        Args:
            shard_id: The shard.
            at: When, in seconds of the coordinator's clock; now unless given. A time in the future counts as now.
        """
        now = self._clock()
        self._native.heartbeat(ShardId(shard_id), now if at is None else min(float(at), now))

    def check_shard_health(self) -> list[ShardId]:
        """The shards that went offline since the last look: silent for longer than `heartbeat_timeout_ms`."""
        return [ShardId(shard) for shard in self._native.check_health(self._clock())]

    def update_shard_metrics(
        self, shard_id: int, *, node_count: int, edge_count: int, document_count: int, memory_bytes: int = 0
    ) -> None:
        """Note a shard's sizes."""
        high = 2**63 - 1
        self._native.update_metrics(
            ShardId(shard_id),
            count("node_count", node_count, 0, high),
            count("edge_count", edge_count, 0, high),
            count("document_count", document_count, 0, high),
            count("memory_bytes", memory_bytes, 0, high),
        )

    def total_documents(self) -> int:
        """Documents of all shards, as last noted."""
        return sum(info.document_count for info in self.all_shards())

    def cluster_stats(self) -> ClusterStats:
        """The cluster in numbers."""
        rows = self._rows()
        return ClusterStats(
            total_shards=len(rows),
            online_shards=sum(online for _, online, _ in rows),
            total_documents=sum(info.document_count for info, _, _ in rows),
            total_memory_bytes=sum(memory for _, _, memory in rows),
            current_tick=self.current_tick,
        )

    def aggregate_global_df(self, frequencies: Iterable[Mapping[str, int]]) -> dict[str, int]:
        """Document frequencies of several shards as one, in the order of terms."""
        total: dict[str, int] = {}
        for part in frequencies:
            for term, documents in part.items():
                total[term] = total.get(term, 0) + documents
        return dict(sorted(total.items()))

    def __repr__(self) -> str:
        try:
            return f"<Coordinator of {self.shard_count} shards at tick {self.current_tick}>"
        except CoordinatorUnavailable:
            return "<unavailable Coordinator>"


class DistributedRunner(Unpicklable):
    """Drives the ticks of all shards of a coordinator. A tick happens on every shard or on none.

    Concurrent ticks queue in the order of their arrival. A tick that is cancelled, times out or fails leaves every
    shard at the old tick, and the runner usable. `close()`, or leaving its `with`, gives coordinator and shards free.

    Args:
        coordinator: The registry of the shards.
        shards: All of them, in any order, made on the coordinator's ring.
        config: How ticks are driven.

    Raises:
        ConfigError: Unequal rings, configs or ticks, missing or repeated ids; it names both values.
        BusyError: Another runner drives them.
    """

    _instead = "make one in the process that uses it; its results may travel"

    def __init__(
        self, coordinator: Coordinator, shards: Iterable[ShardedColony], config: RunnerConfig | None = None
    ) -> None:
        config = RunnerConfig() if config is None else config
        if not isinstance(config, RunnerConfig):
            raise TypeError(f"`config` is a RunnerConfig, not {type(config).__name__}")
        self._coordinator = coordinator
        self._shards = tuple(shards)
        self._config = config
        self._native = _phago.Runner.of_shards(
            coordinator._native,
            [shard._native for shard in self._shards],
            config.phase_timeout_ms,
            config.resolve_ghosts,
            config.max_parallelism,
        )

    @property
    def coordinator(self) -> Coordinator:
        return self._coordinator

    @property
    def shards(self) -> tuple[ShardedColony, ...]:
        """The shards, in the caller's order."""
        return self._shards

    @property
    def shard_count(self) -> int:
        return len(self._shards)

    @property
    def config(self) -> RunnerConfig:
        return self._config

    async def tick(self) -> DistributedTickResult:
        """Make one tick.

        Raises:
            PhaseTimeout: Shards did not finish a phase in time; every shard is at the old tick.
            ShardDied: The work of a shard failed; every shard is at the old tick.
            BusyError: The runner is closed.
        """
        return tick_result(await self._native.tick())

    async def run(self, ticks: int) -> list[DistributedTickResult]:
        """Make this many ticks; their results in order."""
        return [result async for result in self.ticks(ticks)]

    async def ticks(self, ticks: int) -> AsyncIterator[DistributedTickResult]:
        """Make this many ticks, handing over each as it is made."""
        for _ in range(count("ticks", ticks, 0)):
            yield await self.tick()

    def tick_sync(self) -> DistributedTickResult:
        """As `tick`, for scripts. It works inside a running event loop too, which waits for it."""
        return tick_result(self._native.tick_sync())

    def run_sync(self, ticks: int) -> list[DistributedTickResult]:
        """As `run`, for scripts."""
        return [self.tick_sync() for _ in range(count("ticks", ticks, 0))]

    def close(self) -> None:
        """Give coordinator and shards free. Later ticks raise `BusyError`; closing twice is fine."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            return f"<DistributedRunner of {self.shard_count} shards at tick {self._coordinator.current_tick}>"
        except CoordinatorUnavailable:
            return "<unavailable DistributedRunner>"


class DistributedQueryEngine:
    """Concepts ranked over all shards with the statistics of all.

    Args:
        coordinator: The registry of the shards.
        shards: All of them.
    """

    def __init__(self, coordinator: Coordinator, shards: Iterable[ShardedColony]) -> None:
        self._coordinator = coordinator
        self._shards = tuple(shards)
        if not self._shards:
            accepted = "at least one shard"
            message = f"`shards` is empty; accepted is {accepted}"
            raise ConfigError(message, field="shards", value=self._shards, accepted=accepted)

    @property
    def coordinator(self) -> Coordinator:
        return self._coordinator

    @property
    def shards(self) -> Sequence[ShardedColony]:
        return self._shards

    def query(self, text: str, max_results: int = 10) -> list[ScoredNode]:
        """The concepts that answer best, best first; ties by node. The same for any number of shards.

        A concept's score is the sum, over the question's terms, of the term's idf times 1 where it is that concept,
        else times the weight of the term's synapse to it.

        Raises:
            ConfigError: The shards are not of one colony.
        """
        first, *others = (shard._native.world for shard in self._shards)
        if not all(first.same_as(other) for other in others):
            accepted = "shards of one colony: made on one ring object, or brought together by a runner"
            message = f"`shards` are of several colonies; accepted are {accepted}"
            raise ConfigError(message, field="shards", value="of several colonies", accepted=accepted)
        found = first.concepts(question_of("text", text), count("max_results", max_results, 1))
        return [ScoredNode(node_id, label, score, ShardId(shard)) for node_id, label, score, shard in found]
