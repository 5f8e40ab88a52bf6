"""The machine's parts, for those who drive it themselves: ring, coordinator, shards, runner."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from . import _phago
from ._phago import Batch
from ._shared import Unpicklable, count, text_of, tick_result
from .config import ColonyConfig, DistributedConfig, RunnerConfig, as_native
from .errors import ConfigError, ShardNotFound
from .ghosts import GhostNodeCache, ShardGhosts
from .ids import ShardId, TickPhase
from .results import (
    ClusterStats,
    CrossShardEdges,
    DistributedTickResult,
    LocalQueryRequest,
    LocalQueryResult,
    Node,
    PhaseResult,
    ScoredNode,
    ShardHealth,
    ShardInfo,
)

__all__ = [
    "Batch",
    "ConsistentHashRing",
    "Coordinator",
    "DistributedQueryEngine",
    "DistributedRunner",
    "ShardedColony",
]


class ConsistentHashRing(Unpicklable):
    """Which shard is home to what. Adding or removing one of n shards moves about 1/n of everything, and no more.

    >>> ring = ConsistentHashRing(3)
    >>> ring.get_shard("a") == ConsistentHashRing(3).get_shard("a")
    True

    A ring is frozen once a shard is made on it: from then on what would change it raises `BusyError`.

    Args:
        num_shards: Shards from the start; 1 to 1,024.
    """

    _instead = "make one of the same numbers: it places everything alike"

    def __init__(self, num_shards: int) -> None:
        config = DistributedConfig(num_shards=num_shards)
        self._native = _phago.Ring(config.num_shards, config.virtual_nodes_per_shard)

    @classmethod
    def with_virtual_nodes(cls, num_shards: int, virtual_nodes_per_shard: int) -> Self:
        """A ring with this many points for each shard; 1 to 10,000. More points share more evenly."""
        config = DistributedConfig(num_shards=num_shards, virtual_nodes_per_shard=virtual_nodes_per_shard)
        return cls._of(_phago.Ring(config.num_shards, config.virtual_nodes_per_shard))

    @classmethod
    def _of(cls, native: _phago.Ring) -> Self:
        ring = cls.__new__(cls)
        ring._native = native
        return ring

    def get_shard(self, document_id: str) -> ShardId:
        """The home of the document that its caller named so."""
        return ShardId(self._native.shard_of_document(text_of("document_id", document_id)))

    def get_shard_for_key(self, key: str) -> ShardId:
        """The home of what is stored under a key: of a node or document by its 32 hex digits, else as `get_shard`."""
        key = text_of("key", key)
        if len(key) == 32 and set(key) <= set("0123456789abcdef"):
            return ShardId(self._native.shard_of_id(key))
        return self.get_shard(key)

    def get_replica_shards(self, document_id: str, replicas: int) -> list[ShardId]:
        """The home, then distinct shards clockwise, at most all there are."""
        found = self._native.replicas_of_document(text_of("document_id", document_id), count("replicas", replicas, 1))
        return [ShardId(shard) for shard in found]

    def add_shard(self) -> ShardId:
        """Fill the lowest empty place, else add one.

        Raises:
            BusyError: The ring is frozen.
            LimitError: There are 1,024 shards.
        """
        return ShardId(self._native.add_shard())

    def remove_shard(self, shard_id: int) -> None:
        """Take a shard off the ring.

        Raises:
            BusyError: The ring is frozen.
            ShardNotFound: It is not on the ring.
        """
        self._native.remove_shard(ShardId(shard_id))

    def all_shards(self) -> list[ShardId]:
        """The shards on the ring, in order."""
        return [ShardId(shard) for shard in self._native.shards]

    @property
    def shard_count(self) -> int:
        return len(self._native.shards)

    @property
    def virtual_nodes_per_shard(self) -> int:
        """Points of each shard."""
        return self._native.virtual_nodes_per_shard

    @property
    def total_virtual_nodes(self) -> int:
        """Points of all shards."""
        return self._native.total_virtual_nodes

    @property
    def is_frozen(self) -> bool:
        """Whether a shard was made on it."""
        return self._native.frozen

    def __eq__(self, other: object) -> bool:
        """Whether both place everything alike."""
        if not isinstance(other, ConsistentHashRing):
            return NotImplemented
        return self._native.same_as(other._native)

    # Equality may change until the ring is frozen.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<ring of {self.shard_count} shards with {self.virtual_nodes_per_shard} points each>"


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
        return f"<Coordinator of {self.shard_count} shards at tick {self.current_tick}>"


class ShardedColony(Unpicklable):
    """One shard of a colony. Shards given the same ring and equal configs make one colony.

    Under a runner the driving calls (`tick_phase`, `take_outbox`, `deliver`) raise `BusyError`. By hand, a tick is:
    Sense and Act on every shard, each outbox delivered, Decay on every shard, Advance on every shard.

    Args:
        shard_id: Its place on the ring.
        config: How the colony behaves; the same for all its shards.
        ring: The ring, such as `coordinator.ring`; frozen from now on.

    Raises:
        ShardNotFound: The place is not on the ring.
    """

    _instead = "make one where it is needed; its batches may travel"

    def __init__(self, shard_id: int, config: ColonyConfig, ring: ConsistentHashRing) -> None:
        if not isinstance(config, ColonyConfig):
            raise TypeError(f"`config` is a ColonyConfig, not {type(config).__name__}")
        if not isinstance(ring, ConsistentHashRing):
            raise TypeError(f"`ring` is a ConsistentHashRing, not {type(ring).__name__}")
        self._native = _phago.ShardHandle(ShardId(shard_id), as_native(config), ring._native)
        self._config = config
        self._ring = ring
        self._ghosts = ShardGhosts(self._native)

    @property
    def shard_id(self) -> ShardId:
        return ShardId(self._native.shard)

    @property
    def config(self) -> ColonyConfig:
        return self._config

    @property
    def ring(self) -> ConsistentHashRing:
        return self._ring

    @property
    def current_tick(self) -> int:
        """The last committed tick; 0 at first."""
        return self._native.current_tick

    # --- documents ---

    def owns_document(self, document_id: str) -> bool:
        """Whether this shard is home to the document that its caller named so."""
        return self._native.owns_document(text_of("document_id", document_id))

    def ingest_document(self, document: Any) -> str:
        """Take one document; returns its id of 32 hex digits.

        Raises:
            RoutingFailed: It lives on another shard, which the error names.
            InvalidDocument: It cannot be taken.
            DocumentExists: Its id is taken by other content.
        """
        return self._native.ingest_document(document)

    # --- driving ---

    def tick_phase(self, phase: TickPhase | str) -> PhaseResult:
        """Drive one phase.

        Raises:
            PhaseOrderError: It is another phase's turn. (A `ValueError`.)
            BusyError: A runner drives this shard.
        """
        phase = TickPhase(phase)
        # Advance commits the tick that the phases before it were making.
        tick = self.current_tick + 1
        nodes, edges, crossing = self._native.phase(phase.value)
        return PhaseResult(self.shard_id, phase, tick, CrossShardEdges(crossing), nodes, edges)

    def take_outbox(self) -> dict[ShardId, Batch]:
        """What Act sent, by the shard it is for; empty the second time."""
        return {ShardId(shard): batch for shard, batch in self._native.take_outbox()}

    def deliver(self, batch: Batch) -> None:
        """Put a batch for this shard into its inbox."""
        self._native.deliver(batch)

    # --- reading ---

    def get_node(self, node_id: str) -> Node | None:
        """The node of this id (32 hex digits), if it lives here."""
        found = self._native.node(node_id)
        return None if found is None else Node(*found[:6])

    def get_term_frequencies(self) -> dict[str, int]:
        """How many of this shard's documents contain each term, by its stem."""
        return self._native.term_frequencies()

    @property
    def ghost_cache(self) -> GhostNodeCache:
        """Copies of the far ends of this shard's edges."""
        return self._ghosts

    def cross_shard_edge_stats(self) -> dict[ShardId, int]:
        """How many live synapses of this shard end on each other one."""
        return {ShardId(shard): edges for shard, edges in self._native.cross_shard_edges().items()}

    def connected_shards(self) -> list[ShardId]:
        """The shards on which synapses of this one end, in order."""
        return [ShardId(shard) for shard in self._native.connected_shards()]

    def handle_shard_offline(self, shard_id: int) -> int:
        """Forget the ghosts of a shard's nodes; returns how many there were."""
        return self._native.handle_shard_offline(ShardId(shard_id))

    def health(self) -> ShardHealth:
        """This shard's condition, measured now."""
        healthy, load, memory, pending = self._native.health()
        return ShardHealth(self.shard_id, healthy, load, memory, pending)

    def stats(self) -> dict[str, int | float]:
        """This shard in numbers.

        `nodes`, `edges`, `documents`, `pending`, `memory_bytes`, `ghosts` and `cross_shard_edges`.
        """
        return self._native.stats()

    def shard_info(self) -> ShardInfo:
        """This shard as a registry would note it now."""
        stats = self.stats()
        nodes, edges, documents = (int(stats[name]) for name in ("nodes", "edges", "documents"))
        return ShardInfo(self.shard_id, "in-process", nodes, edges, documents, time.monotonic())

    def execute_local_query(self, request: LocalQueryRequest) -> LocalQueryResult:
        """The concepts that this shard finds for a query, by those of its terms that live here.

        A concept may be found by several shards, each with its part of the score; `DistributedQueryEngine` has the
        whole.
        """
        stems = _phago.analyse(" ".join(request.query_terms))
        limit = count("max_results", request.max_results, 1)
        found, frequencies = self._native.query(stems, limit, request.global_df or None)
        scored = tuple(ScoredNode(node_id, label, score, self.shard_id) for node_id, label, score in found)
        return LocalQueryResult(self.shard_id, scored, frequencies)

    def __repr__(self) -> str:
        return f"<ShardedColony {self.shard_id} at tick {self.current_tick}>"


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
        return f"<DistributedRunner of {self.shard_count} shards at tick {self._coordinator.current_tick}>"


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
        """
        found = self._shards[0]._native.concepts(text_of("text", text), count("max_results", max_results, 1))
        return [ScoredNode(node_id, label, score, ShardId(shard)) for node_id, label, score, shard in found]
