"""The colony for event loops."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, overload

from . import _phago, results
from ._alive_aio import AsyncAlive
from ._checks import beginning_of, count, extras_of, question_of, text_of, time_of
from ._embedding import Embed, Vector
from ._intake import (
    DigestOf,
    DocumentLike,
    Intake,
    OnError,
    Updated,
    Updating,
    Where,
    are_many,
    chunks,
    is_evidence,
    keys_of,
    not_everything,
    overlapped_async,
    page_of,
    ran,
    ticked,
    undone_is_logged,
)
from ._later import datetime, module, pathlib
from ._progress import OnProgress, shown, taken
from ._question import Question, explained
from ._rows import alike, concept, constants, explanation, helped, stored, suggestions
from ._unpicklable import Unpicklable
from .colony import Colony
from .config import ColonyConfig, Ranking, RunnerConfig
from .results import (
    Concept,
    Explanation,
    Hit,
    Hits,
    IngestReport,
    RunReport,
    Stats,
    StoredDocument,
    Suggestion,
    UpdateReport,
)

# What few programs need.
if TYPE_CHECKING:
    from . import _jsonl as jsonl
    from . import graph as graphs
    from .agents.minds import Minds
else:
    graphs, jsonl = module("phago.graph"), module("phago._jsonl")

__all__ = ["AsyncColony"]


class AsyncColony(AsyncAlive, Unpicklable):
    """The twin of `Colony` with the same names, for event loops; `Colony` has their descriptions.

    Whatever may take a while is a coroutine and leaves the loop to others; properties, `len` and `in` answer at once. A
    cancelled `run` or `tick` leaves whole ticks and a usable colony; a cancelled `ingest` leaves whole chunks, of
    which the one that was under way may come a moment later.
    Concurrent calls are worked off in the order in which they were made, by two threads more than there are cores.

    The coroutines need asyncio. Under trio, call a `Colony` in a thread (`trio.to_thread.run_sync`).

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
        embed: Embed | None = None,
        model: str | None = None,
    ) -> None:
        self._colony = Colony(shards, seed, config, runner=runner, embed=embed, model=model)

    @classmethod
    def _of(cls, colony: Colony) -> Self:
        twin = cls.__new__(cls)
        twin._colony = colony
        return twin

    @property
    def _world(self) -> _phago.World:
        return self._colony._world

    @property
    def _runner(self) -> _phago.Runner:
        return self._colony._runner

    @property
    def _minds(self) -> Minds:
        return self._colony._minds

    async def ingest(
        self,
        documents: Iterable[DocumentLike] | DocumentLike,
        on_error: OnError = "raise",
        *,
        progress: OnProgress | None = None,
    ) -> IngestReport:
        """See `Colony.ingest`. The iterable itself is read on the loop's thread."""
        world, ends = self._world, [0]

        def calls() -> Iterator[_phago.Call[_phago.IngestedRow]]:
            for first, chunk in chunks(documents):
                ends.append(first + len(chunk))
                yield world.ingest(chunk, first, intake.skip)

        async def one_by_one() -> AsyncGenerator[_phago.IngestedRow]:
            for first, chunk in chunks(documents):
                ends.append(first + len(chunk))
                yield await world.ingest(chunk, first, intake.skip, await self._vectors(chunk, first)).start()

        with Intake(on_error) as intake, shown(progress) as show:
            # A model may be told of a document once it stands, so it waits for that.
            overlap = self._colony._embedding is None and (world.is_far or are_many(documents))
            async with aclosing(overlapped_async(calls(), world.is_far) if overlap else one_by_one()) as rows:
                number = 0
                async for row in rows:
                    number += 1
                    intake.add(row)
                    if show is not None:
                        show(taken(documents, ends[number]))
        return intake.report

    async def _vectors(self, documents: list[DocumentLike], first: int) -> list[Vector] | None:
        embedding = self._colony._embedding
        return None if embedding is None else await embedding.fill_async(self._colony._world, documents, first)

    async def update(self, document: DocumentLike) -> Updated:
        """See `Colony.update`. A cancelled one was done or not, never half."""
        vectors = await self._vectors([document], 0)
        return await self._colony._world.update(document, None if vectors is None else vectors[0]).start()

    async def update_all(
        self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise"
    ) -> UpdateReport:
        """See `Colony.update_all`. A cancelled one leaves whole documents."""
        with Updating(on_error) as updating:
            for first, chunk in chunks(documents):
                vectors = await self._vectors(chunk, first)
                updating.add(await self._colony._world.update_all(chunk, first, updating.skip, vectors).start())
        return updating.report

    @overload
    async def delete(self, id: str) -> bool: ...
    @overload
    async def delete(self, id: Iterable[str]) -> int: ...
    @overload
    async def delete(self, *, where: Where) -> int: ...
    async def delete(self, id: str | Iterable[str] | None = None, *, where: Where | None = None) -> bool | int:
        """See `Colony.delete`. A cancelled one was done or not, never half; of several, some may be done."""
        world = self._colony._world
        if isinstance(id, str):
            if where is None:
                return await world.delete(text_of("id", id)).start()
        elif id is not None and where is None:
            return await world.delete_all(keys_of(id)).start()
        elif id is None:
            return await world.delete_all(await world.names(not_everything(where)).start()).start()
        raise TypeError("`delete` takes an id, several ids, or `where`: one of them")

    async def reinforce(self, hit: Hit) -> bool:
        """See `Colony.reinforce`. A cancelled one was done or not, never half."""
        return await self._colony._world.reinforce(*helped(hit)).start()

    async def run(
        self,
        max_ticks: int | None = None,
        *,
        now: datetime.datetime | None = None,
        progress: OnProgress | None = None,
    ) -> RunReport:
        """See `Colony.run`."""
        limit = None if max_ticks is None else count("max_ticks", max_ticks, 0)
        begun = time.monotonic()
        await self._tell(now)
        with undone_is_logged():
            if self._colony._is_without_agents and progress is None:
                rows = [await self._colony._runner.run(limit)]
            else:
                rows = await self._run_tick_by_tick(limit, progress)
        return ran(rows, begun)

    async def ticks(
        self, max_ticks: int | None = None, *, now: datetime.datetime | None = None
    ) -> AsyncIterator[results.DistributedTickResult]:
        """See `Colony.ticks`."""
        left = -1 if max_ticks is None else count("max_ticks", max_ticks, 0)
        await self._tell(now)
        while left != 0 and not self._colony._world.quiet:
            yield await self.tick()
            left -= 1

    async def tick(self, *, now: datetime.datetime | None = None) -> results.DistributedTickResult:
        """See `Colony.tick`."""
        await self._tell(now)
        colony = self._colony
        with undone_is_logged():
            if colony._is_without_agents:
                return ticked(await colony._runner.tick())
            return ticked(await self._minds.acting_async(colony._living, colony._world, colony._runner.tick))

    async def _tell(self, now: datetime.datetime | None) -> None:
        if now is not None:
            await self._colony._world.tell_time(time_of("now", now)).start()

    async def query(
        self,
        text: str,
        k: int = 10,
        ranking: Ranking | Literal["lexical"] | None = None,
        where: Where | None = None,
        paths: bool = True,
        *,
        vector: Vector | None = None,
        as_of: datetime.datetime | str | None = None,
        since: datetime.datetime | str | None = None,
        until: datetime.datetime | str | None = None,
        newer: float | None = None,
        half_life: datetime.timedelta | str | float | None = None,
        diverse: float = 0.0,
        operators: bool | None = None,
        required: str | Iterable[str] = (),
        excluded: str | Iterable[str] = (),
        synonyms: Mapping[str, str | Iterable[str]] | None = None,
    ) -> Hits:
        """See `Colony.query`."""
        extras = extras_of(operators, required, excluded, synonyms)
        asked = Question.of(
            text, k, ranking, where, paths, vector, as_of, since, until, newer, half_life, diverse, extras
        )
        return asked.hits(await asked.call(self._colony._world, await self._made(asked)).start())

    async def _made(self, asked: Question) -> list[Vector]:
        embedding = self._colony._embedding
        texts = asked.texts(embedding)
        return await embedding.vectors_async(texts) if embedding is not None and texts else []

    async def explain(
        self,
        text: str,
        id: str | None = None,
        ranking: Ranking | None = None,
        *,
        vector: Vector | None = None,
        as_of: datetime.datetime | str | None = None,
        newer: float | None = None,
        half_life: datetime.timedelta | str | float | None = None,
        operators: bool | None = None,
        required: str | Iterable[str] = (),
        excluded: str | Iterable[str] = (),
        synonyms: Mapping[str, str | Iterable[str]] | None = None,
    ) -> Explanation | None:
        """See `Colony.explain`."""
        key = None if id is None else text_of("id", id)
        extras = extras_of(operators, required, excluded, synonyms)
        asked = explained(text, ranking, vector, as_of, newer, half_life, extras)
        told = await asked.explain(self._colony._world, key, await self._made(asked)).start()
        return None if told is None else explanation(told)

    async def similar(
        self, id: str, k: int = 10, ranking: Ranking | None = None, where: Where | None = None
    ) -> Hits | None:
        """See `Colony.similar`."""
        world, key, k = self._colony._world, text_of("id", id), count("k", k, 1)
        return alike(await world.similar(key, k, constants(ranking), where).start())

    async def suggest(self, text: str, k: int = 10) -> list[Suggestion]:
        """See `Colony.suggest`."""
        begun, k = beginning_of("text", text), count("k", k, 1)
        return suggestions(await self._colony._world.suggest(begun, k).start())

    async def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """See `Colony.concepts`."""
        world, text, k = self._colony._world, question_of("text", text), count("k", k, 1)
        return [concept(row) for row in await world.concepts_with_neighbors(text, k).start()]

    async def get(self, id: str) -> StoredDocument | None:
        """See `Colony.get`."""
        found = await self._colony._world.get(text_of("id", id)).start()
        return None if found is None else stored(found)

    async def count(self, where: Where | None = None) -> int:
        """See `Colony.count`."""
        return await self._colony._world.count(where).start()

    async def documents(
        self, where: Where | None = None, *, after: str | None = None, limit: int | None = None
    ) -> AsyncIterator[StoredDocument]:
        """See `Colony.documents`."""
        keys = await self._colony._world.names(where, None if after is None else text_of("after", after)).start()
        for page in page_of(keys, limit):
            for row in await self._colony._world.stored(page).start():
                yield stored(row)

    async def export_jsonl(self, path: str | os.PathLike[str], where: Where | None = None) -> int:
        """See `Colony.export_jsonl`. The file itself is written on the loop's thread, a page at a time."""
        with jsonl.Export(path) as export:
            for page in page_of(await self._colony._world.names(where).start(), None):
                export.write(await self._colony._world.stored(page).start())
        return export.documents

    async def import_jsonl(self, path: str | os.PathLike[str], on_error: OnError = "raise") -> IngestReport:
        """See `Colony.import_jsonl`. The file itself is read on the loop's thread, a chunk at a time."""
        imported = jsonl.Imported(path, skip=on_error == "skip")
        return imported.told(await self.ingest(iter(imported), on_error))

    async def stats(self) -> Stats:
        """See `Colony.stats`."""
        return Stats(**await self._colony._world.stats().start())  # type: ignore[arg-type]

    async def digest(self, of: DigestOf = "state") -> str:
        """See `Colony.digest`."""
        world, evidence = self._colony._world, is_evidence(of)
        return await (world.evidence_digest() if evidence else world.digest()).start()

    @property
    def graph(self) -> graphs.AsyncGraph:
        """See `Colony.graph`. It has coroutines beside the calls that are answered at once."""
        return graphs.AsyncGraph(lambda: self._colony._world)

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

    @property
    def path(self) -> pathlib.Path | None:
        """See `Colony.path`."""
        return self._colony.path

    async def checkpoint(self) -> None:
        """See `Colony.checkpoint`. A cancelled one goes on."""
        await self._colony._open().writer("checkpoint").checkpoint().start()

    async def compact(self) -> None:
        """See `Colony.compact`. A cancelled one goes on."""
        await self._colony._open().writer("compact").compact().start()

    async def snapshot(self, path: str | os.PathLike[str]) -> None:
        """See `Colony.snapshot`. A cancelled one goes on."""
        from ._directory import copy_given

        held = self._colony._open()
        await held.writer("snapshot").snapshot(copy_given("path", path, held.path)).start()

    async def refresh(self) -> bool:
        """See `Colony.refresh`. A cancelled one was done or not; the next one sees."""
        held = self._colony._open()
        follower = held.reader()
        is_new = follower is not None and await follower.refresh().start()
        if follower is not None:
            held.world = follower.world
        return is_new

    async def close(self) -> None:
        """See `Colony.close`."""
        held = self._colony._take()
        if held is not None:
            await held.close_async()

    async def __aenter__(self) -> Self:
        _phago.check_loop()
        self._colony.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()
