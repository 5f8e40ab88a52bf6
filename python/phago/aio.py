"""The colony for event loops."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Literal, ParamSpec, Self, TypeVar

from ._checks import count, question_of
from ._rows import constants, hit, lexical_hit, tick_result
from ._unpicklable import Unpicklable
from .colony import Colony, DigestOf, DocumentLike, Intake, OnError, Updated, Where, chunks
from .config import ColonyConfig, Ranking, RunnerConfig
from .graph import Graph
from .results import (
    Concept,
    DistributedTickResult,
    Explanation,
    Hit,
    Hits,
    IngestReport,
    RunReport,
    Stats,
    StoredDocument,
)

__all__ = ["AsyncColony"]

P = ParamSpec("P")
T = TypeVar("T")


async def _in_thread(call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    # Whoever awaits has imported it, and for everybody else it takes longer than all of phago.
    import asyncio

    return await asyncio.to_thread(call, *arguments, **options)


class AsyncColony(Unpicklable):
    """The twin of `Colony` with the same names, for event loops; `Colony` has their descriptions.

    Whatever may take a while is a coroutine and leaves the loop to others; properties, `len` and `in` answer at once. A
    cancelled `run` or `tick` leaves whole ticks and a usable colony; a cancelled `ingest` leaves whole chunks.

    >>> import asyncio
    >>> async def main():
    ...     async with AsyncColony(seed=7) as colony:
    ...         await colony.ingest({"id": "a", "text": "Ions cross the membrane."})
    ...         await colony.run()
    ...         return [hit.id for hit in await colony.query("ions")]
    >>> asyncio.run(main())
    ['a']
    """

    _instead = Colony._instead

    def __init__(
        self,
        shards: int | None = None,
        seed: int = 0,
        config: ColonyConfig | None = None,
        *,
        runner: RunnerConfig | None = None,
    ) -> None:
        self._colony = Colony(shards, seed, config, runner=runner)

    async def ingest(
        self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise"
    ) -> IngestReport:
        """See `Colony.ingest`. The iterable itself is read on the loop's thread."""
        with Intake(on_error) as intake:
            for first, chunk in chunks(documents):
                intake.add(await self._colony._world.ingest_async(chunk, first, intake.skip))
        return intake.report

    async def update(self, document: DocumentLike) -> Updated:
        """See `Colony.update`. A cancelled one was done or not, never half."""
        return await self._colony._world.update_async(document)

    async def delete(self, id: str) -> bool:
        """See `Colony.delete`. A cancelled one was done or not, never half."""
        return await _in_thread(self._colony.delete, id)

    async def reinforce(self, hit: Hit) -> bool:
        """See `Colony.reinforce`. A cancelled one was done or not, never half."""
        return await _in_thread(self._colony.reinforce, hit)

    async def run(self, max_ticks: int | None = None) -> RunReport:
        """See `Colony.run`."""
        limit = None if max_ticks is None else count("max_ticks", max_ticks, 0)
        begun = time.monotonic()
        run = await self._colony._runner.run(limit)
        return RunReport(run.ticks, run.digested, run.failed, time.monotonic() - begun)

    async def ticks(self, max_ticks: int | None = None) -> AsyncIterator[DistributedTickResult]:
        """See `Colony.ticks`."""
        left = -1 if max_ticks is None else count("max_ticks", max_ticks, 0)
        while left != 0 and not self._colony._world.quiet:
            yield await self.tick()
            left -= 1

    async def tick(self) -> DistributedTickResult:
        """See `Colony.tick`."""
        return tick_result(await self._colony._runner.tick())

    async def query(
        self,
        text: str,
        k: int = 10,
        ranking: Ranking | Literal["lexical"] | None = None,
        where: Where | None = None,
        paths: bool = True,
    ) -> Hits:
        """See `Colony.query`."""
        world, text, k = self._colony._world, question_of("text", text), count("k", k, 1)
        if isinstance(ranking, str) and ranking == "lexical":
            hits = tuple(map(lexical_hit, await world.search_async(text, k, where)))
        else:
            hits = tuple(map(hit, await world.answer_async(text, k, constants(ranking), where, bool(paths))))
        return Hits(hits, world.pending)

    async def explain(self, text: str, id: str | None = None, ranking: Ranking | None = None) -> Explanation | None:
        """See `Colony.explain`."""
        return await _in_thread(self._colony.explain, text, id, ranking)

    async def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """See `Colony.concepts`."""
        return await _in_thread(self._colony.concepts, text, k)

    async def get(self, id: str) -> StoredDocument | None:
        """See `Colony.get`."""
        return await _in_thread(self._colony.get, id)

    async def stats(self) -> Stats:
        """See `Colony.stats`."""
        return await _in_thread(self._colony.stats)

    async def digest(self, of: DigestOf = "state") -> str:
        """See `Colony.digest`."""
        return await _in_thread(self._colony.digest, of)

    @property
    def graph(self) -> Graph:
        """See `Colony.graph`."""
        return self._colony.graph

    @property
    def config(self) -> ColonyConfig:
        """See `Colony.config`."""
        return self._colony.config

    @property
    def shards(self) -> int:
        """See `Colony.shards`."""
        return self._colony.shards

    def __len__(self) -> int:
        return len(self._colony)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, id: object) -> bool:
        return id in self._colony

    def __repr__(self) -> str:
        return repr(self._colony).replace("Colony", "AsyncColony", 1)

    async def close(self) -> None:
        """See `Colony.close`."""
        await _in_thread(self._colony.close)

    async def __aenter__(self) -> Self:
        self._colony.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()
