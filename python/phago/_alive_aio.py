"""What a colony has beside its documents, for event loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import agents as kinds
from . import results
from ._alive import MARKS, Handled, agents_of
from ._checks import amount_of, count, flag, mark_of, one_of, text_of
from ._progress import OnProgress, shown, so_far
from ._rows import anomaly, diff, event, insights

if TYPE_CHECKING:
    from ._phago import RunRow

__all__ = ["AsyncAlive"]


class AsyncAlive(Handled):
    """The twin of `Alive`."""

    __slots__ = ()

    async def insights(self) -> results.Insights:
        """See `Colony.insights`."""
        return insights(await self._living.insights().start())

    async def survey(self) -> results.Insights:
        """See `Colony.survey`. A cancelled one was done or not."""
        return insights(await self._living.survey().start())

    async def clusters(self) -> tuple[results.Cluster, ...]:
        """See `Colony.clusters`."""
        return (await self.insights()).clusters

    async def cluster_of(self, label: str) -> results.Cluster | None:
        """See `Colony.cluster_of`."""
        found = await self._world.node(text_of("label", label)).start()
        return None if found is None else (await self.insights()).cluster_of(found.label)

    async def map(self) -> results.Map:
        """See `Colony.map`."""
        from ._mapping import PAIRS_MAX, mapped
        from .graph import AsyncGraph

        return mapped(await self.insights(), await AsyncGraph(lambda: self._world).read_significant(PAIRS_MAX))

    async def anomalies(self, *, drifting: bool = False) -> list[results.Anomaly]:
        """See `Colony.anomalies`."""
        return [anomaly(row) for row in await self._living.anomalies(flag("drifting", drifting)).start()]

    async def events(self, since: int = 0) -> list[results.Event]:
        """See `Colony.events`."""
        return [event(row) for row in await self._living.events(count("since", since, 0, 2**63 - 1)).start()]

    async def fading(self, top: int = 20) -> list[results.FadingSynapse]:
        """See `Colony.fading`."""
        rows = await self._living.fading(count("top", top, 0)).start()
        return [results.FadingSynapse(row.source, row.target, row.weight, row.gone) for row in rows]

    async def pin(self, concept: str) -> None:
        """See `Colony.pin`."""
        await self._living.pin(text_of("concept", concept), True).start()

    async def unpin(self, concept: str) -> None:
        """See `Colony.unpin`."""
        await self._living.pin(text_of("concept", concept), False).start()

    async def pinned(self) -> list[str]:
        """See `Colony.pinned`."""
        return await self._living.pins().start()

    async def diff(self, since: int, until: int) -> results.Diff:
        """See `Colony.diff`."""
        first = count("since", since, 0, 2**32)
        return diff(await self._living.difference(first, count("until", until, first, 2**32)).start())

    async def emit(
        self, name: str, concept: str, amount: float = 1.0, *, of: Literal["signal", "trace"] = "signal"
    ) -> None:
        """See `Colony.emit`."""
        number = amount_of(amount)
        mark = one_of("of", of, MARKS)
        await self._living.emit(mark, mark_of(name), text_of("concept", concept), number).start()

    async def field(self, name: str, *, of: Literal["signal", "trace"] = "signal") -> list[tuple[str, float]]:
        """See `Colony.field`."""
        return await self._living.field(one_of("of", of, MARKS), mark_of(name)).start()

    async def marks(self) -> list[results.Mark]:
        """See `Colony.marks`."""
        return [results.Mark(*row) for row in await self._living.marks().start()]

    async def agents(self, kind: str | None = None) -> list[results.AgentInfo]:
        """See `Colony.agents`."""
        return agents_of(self._living, None if kind is None else text_of("kind", kind))

    async def spawn(self, kind: type[kinds.Agent] | type[kinds.AgentArray], count: int = 1, **state: Any) -> list[str]:
        """See `Colony.spawn`."""
        async with self._minds.changing_async():
            with self._minds.spawning(self._living, kind, count, state) as call:
                ids: list[str] = await call.start()
        return ids

    async def dismiss(self, kind: str) -> None:
        """See `Colony.dismiss`."""
        kind = text_of("kind", kind)
        async with self._minds.changing_async():
            await self._living.dismiss(kind).start()
            self._minds.dismissed(kind)

    async def _run_tick_by_tick(self, limit: int | None, progress: OnProgress | None) -> list[RunRow]:
        rows: list[RunRow] = []
        with shown(progress) as show:
            while not self._world.quiet and (limit is None or len(rows) < limit):
                rows.append(await self._minds.acting_async(self._living, self._world, lambda: self._runner.run(1)))
                if show is not None:
                    show(so_far(rows, self._world))
        return rows
