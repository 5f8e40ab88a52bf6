"""Registry of the shards, and barrier of their phases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Self

from .. import _phago
from .._checks import count, instance, text_of
from .._settings import as_native
from .._unpicklable import Unpicklable
from ..config import DistributedConfig, RunnerConfig
from ..errors import CoordinatorUnavailable, ShardNotFound
from ..ids import ShardId, TickPhase
from ..results import ClusterStats, ShardInfo
from .ring import ConsistentHashRing

__all__ = ["Coordinator"]


class Coordinator(Unpicklable):
    """Registry of the shards and barrier of their phases.

    The shards 0 to `num_shards` - 1 are on the ring and online from the start. While a runner drives it,
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
        config = instance("config", config, DistributedConfig)
        coordinator = cls.__new__(cls)
        coordinator._begin(config, clock)
        return coordinator

    def _begin(self, config: DistributedConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._native = _phago.Coordinator(as_native(config, "DistributedConfig"))
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

    # --- members ---

    def register_shard(self, address: str = "in-process") -> ShardId:
        """Add a shard under the lowest free number; it is online at once.

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
        """The shard that is home to the document of this id."""
        return self._ring.get_shard(document_id)

    def get_replica_shards(self, document_id: str) -> list[ShardId]:
        """Where copies of the document would live, its home first: `replication_factor` shards.

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
            BarrierFailed: A shard was registered or deregistered meanwhile, so the tick starts anew; raised at once.
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
            (
                ShardInfo(
                    ShardId(row.shard),
                    row.address,
                    row.node_count,
                    row.edge_count,
                    row.document_count,
                    row.last_heartbeat,
                ),
                row.online,
                row.memory_bytes,
            )
            for row in self._native.shards()
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
