"""Drives the ticks of many shards as one."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self

from .. import _phago
from .._checks import count, instance, time_of
from .._rows import tick_result
from .._settings import as_native
from .._unpicklable import Unpicklable
from ..backends.choice import Backend, Choice
from ..config import RunnerConfig
from ..errors import CoordinatorUnavailable
from ..results import DistributedTickResult
from .coordinator import Coordinator
from .shard import ShardedColony, shards_of

__all__ = ["DistributedRunner"]


class DistributedRunner(Unpicklable):
    """Drives the ticks of all shards of a coordinator. A tick happens on every shard or on none.

    Concurrent ticks queue in the order of their arrival. A tick in which a shard times out or dies is redone
    (`RunnerConfig.recover`). One that is cancelled or fails leaves every shard at the old tick, and the runner usable.
    `close()`, or the end of its `with`, releases coordinator and shards.

    With another `backend` than `"threads"` the shards live on nodes while the runner drives them, and `close()` brings
    them back. Their documents, reads and ghosts go by the same names, and no result differs. What lost nodes are made
    again from is in the memory of this process, and the colony ends with it, as any in memory.

    >>> import asyncio, phago
    >>> async def main():
    ...     coordinator = phago.Coordinator(2)
    ...     config = phago.ColonyConfig()
    ...     shards = [phago.ShardedColony(shard, config, coordinator.ring) for shard in range(2)]
    ...     shards[coordinator.route_document("a")].ingest_document({"id": "a", "text": "Ions cross the membrane."})
    ...     with phago.DistributedRunner(coordinator, shards, backend="processes", nodes=2) as runner:
    ...         result = await runner.tick()
    ...     return result.total_nodes(), len(result.phase_results)
    >>> asyncio.run(main())
    (3, 6)

    Args:
        coordinator: The registry of the shards.
        shards: All of them, in any order, made on the coordinator's ring.
        config: How ticks are driven.
        backend: Where the shards live while they are driven, as for `phago.open`.
        nodes: Over how many processes, as for `phago.open`. Each may take `DistributedConfig.rpc_timeout_ms` for a
            change or a question.

    Raises:
        ConfigError: Unequal rings, configs or ticks, missing or repeated ids; it names both values.
        BusyError: Another runner drives them.
        CoordinatorUnavailable: A node could not be made.
    """

    _instead = "make one in the process that uses it; its results may travel"

    def __init__(
        self,
        coordinator: Coordinator,
        shards: Iterable[ShardedColony],
        config: RunnerConfig | None = None,
        *,
        backend: Backend = "threads",
        nodes: int | None = None,
    ) -> None:
        config = RunnerConfig() if config is None else instance("config", config, RunnerConfig)
        self._coordinator = instance("coordinator", coordinator, Coordinator)
        self._shards = shards_of(shards)
        self._config = config
        natives = [shard._native for shard in self._shards]
        settings = as_native(config, "RunnerConfig")
        choice = Choice.of(backend, nodes, max(1, len(natives)))
        with choice.reached(coordinator.config.rpc_timeout_ms / 1000) as over:
            self._native = _phago.Runner.of_shards(coordinator._native, natives, settings, over)

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

    async def tick(self, *, now: datetime.datetime | None = None) -> DistributedTickResult:
        """Make one tick.

        Args:
            now: The time, as in `Colony.tick`.

        Raises:
            PhaseTimeout: Shards did not finish a phase in time, in the last attempt; every shard is at the old tick.
            ShardDied: The work of a shard failed in the last attempt; every shard is at the old tick.
            BusyError: The runner is closed.
        """
        if now is not None:
            await self._native.world.tell_time(time_of("now", now)).start()
        return tick_result(await self._native.tick())

    async def run(self, ticks: int, *, now: datetime.datetime | None = None) -> list[DistributedTickResult]:
        """Make this many ticks; their results in order.

        Args:
            ticks: Ticks; without any, the shards are told the time all the same.
            now: The time, as in `Colony.tick`.
        """
        return [result async for result in self.ticks(ticks, now=now)]

    async def ticks(self, ticks: int, *, now: datetime.datetime | None = None) -> AsyncIterator[DistributedTickResult]:
        """As `run`, handing over each tick as it is made."""
        left = count("ticks", ticks, 0)
        if now is not None:
            await self._native.world.tell_time(time_of("now", now)).start()
        for _ in range(left):
            yield await self.tick()

    def tick_sync(self, *, now: datetime.datetime | None = None) -> DistributedTickResult:
        """As `tick`, for scripts. It works inside a running event loop too, which waits for it."""
        if now is not None:
            self._native.world.tell_time(time_of("now", now)).wait()
        return tick_result(self._native.tick_sync())

    def run_sync(self, ticks: int, *, now: datetime.datetime | None = None) -> list[DistributedTickResult]:
        """As `run`, for scripts."""
        left = count("ticks", ticks, 0)
        if now is not None:
            self._native.world.tell_time(time_of("now", now)).wait()
        return [self.tick_sync() for _ in range(left)]

    def close(self) -> None:
        """Release coordinator and shards, and bring back those on nodes.

        Later ticks raise `BusyError`; closing twice is fine.
        """
        self._native.close().wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        try:
            return f"<DistributedRunner of {self.shard_count} shards at tick {self._coordinator.current_tick}>"
        except CoordinatorUnavailable:
            return "<unavailable DistributedRunner>"
