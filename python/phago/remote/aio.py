"""The client for event loops."""

from __future__ import annotations

import datetime
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, ParamSpec, Self, TypeVar, overload

from .. import _phago
from .._checks import count as count_of
from .._embedding import Vector
from .._intake import DigestOf, DocumentLike, OnError, Updated, Where
from .._progress import OnProgress
from .._unpicklable import Unpicklable
from ..agents import Agent, AgentArray
from ..config import ColonyConfig, Ranking
from ..graph import AsyncGraph
from ..results import (
    AgentInfo,
    Anomaly,
    Cluster,
    Concept,
    Diff,
    DistributedTickResult,
    Event,
    Explanation,
    FadingSynapse,
    Hit,
    Hits,
    IngestReport,
    Insights,
    Map,
    Mark,
    RunReport,
    Stats,
    StoredDocument,
    Suggestion,
    UpdateReport,
)
from .calls import PAGE
from .client import Client
from .graph import remote_async_graph

__all__ = ["AsyncClient", "Connecting"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class AsyncClient(Unpicklable):
    """The twin of `Client` with the names of an `AsyncColony`, for event loops; `Colony` has their descriptions.

    Each call is made in a thread of the loop's own executor. One that is cancelled is let go of and may be done or not.
    Properties, `len` and `in` ask at once, and hold up the loop as long as the answer takes.
    """

    _instead = "connect where it is needed"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def _aside(self, call: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
        import asyncio

        return await asyncio.to_thread(call, *arguments, **named)

    # --- taking in ---

    async def ingest(
        self,
        documents: Iterable[DocumentLike] | DocumentLike,
        on_error: OnError = "raise",
        *,
        progress: OnProgress | None = None,
    ) -> IngestReport:
        """See `Colony.ingest`. The iterable is read, and the progress told, in a thread."""
        return await self._aside(self._client.ingest, documents, on_error, progress=progress)

    async def update(self, document: DocumentLike) -> Updated:
        """See `Colony.update`."""
        return await self._aside(self._client.update, document)

    async def update_all(
        self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise"
    ) -> UpdateReport:
        """See `Colony.update_all`."""
        return await self._aside(self._client.update_all, documents, on_error)

    @overload
    async def delete(self, id: str) -> bool: ...
    @overload
    async def delete(self, id: Iterable[str]) -> int: ...
    @overload
    async def delete(self, *, where: Where) -> int: ...
    async def delete(self, id: str | Iterable[str] | None = None, *, where: Where | None = None) -> bool | int:
        """See `Colony.delete`."""
        delete: Callable[..., bool | int] = self._client.delete
        return await self._aside(delete, id, where=where)

    async def reinforce(self, hit: Hit) -> bool:
        """See `Colony.reinforce`."""
        return await self._aside(self._client.reinforce, hit)

    async def run(
        self,
        max_ticks: int | None = None,
        *,
        now: datetime.datetime | None = None,
        progress: OnProgress | None = None,
    ) -> RunReport:
        """See `Colony.run`. A cancelled one goes on."""
        return await self._aside(self._client.run, max_ticks, now=now, progress=progress)

    async def ticks(
        self, max_ticks: int | None = None, *, now: datetime.datetime | None = None
    ) -> AsyncIterator[DistributedTickResult]:
        """See `Colony.ticks`."""
        made = self._client.ticks(max_ticks, now=now)
        while (tick := await self._aside(next, made, None)) is not None:
            yield tick

    async def tick(self, *, now: datetime.datetime | None = None) -> DistributedTickResult:
        """See `Colony.tick`."""
        return await self._aside(self._client.tick, now=now)

    # --- asking ---

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
        return await self._aside(
            self._client.query,
            text,
            k,
            ranking,
            where,
            paths,
            vector=vector,
            as_of=as_of,
            since=since,
            until=until,
            newer=newer,
            half_life=half_life,
            diverse=diverse,
            operators=operators,
            required=required,
            excluded=excluded,
            synonyms=synonyms,
        )

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
        return await self._aside(
            self._client.explain,
            text,
            id,
            ranking,
            vector=vector,
            as_of=as_of,
            newer=newer,
            half_life=half_life,
            operators=operators,
            required=required,
            excluded=excluded,
            synonyms=synonyms,
        )

    async def similar(
        self, id: str, k: int = 10, ranking: Ranking | None = None, where: Where | None = None
    ) -> Hits | None:
        """See `Colony.similar`."""
        return await self._aside(self._client.similar, id, k, ranking, where)

    async def suggest(self, text: str, k: int = 10) -> list[Suggestion]:
        """See `Colony.suggest`."""
        return await self._aside(self._client.suggest, text, k)

    async def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """See `Colony.concepts`."""
        return await self._aside(self._client.concepts, text, k)

    async def get(self, id: str) -> StoredDocument | None:
        """See `Colony.get`."""
        return await self._aside(self._client.get, id)

    async def count(self, where: Where | None = None) -> int:
        """See `Colony.count`."""
        return await self._aside(self._client.count, where)

    async def documents(
        self, where: Where | None = None, *, after: str | None = None, limit: int | None = None
    ) -> AsyncIterator[StoredDocument]:
        """See `Client.documents`."""
        left = -1 if limit is None else count_of("limit", limit, 0)
        while left != 0:
            wanted = PAGE if left < 0 else min(PAGE, left)
            page = await self._aside(self._page, where, after, wanted)
            for document in page:
                yield document
            left -= len(page)
            if len(page) < wanted:
                return
            after = page[-1].id

    def _page(self, where: Where | None, after: str | None, limit: int) -> list[StoredDocument]:
        return list(self._client.documents(where, after=after, limit=limit))

    async def export_jsonl(self, path: str | os.PathLike[str], where: Where | None = None) -> int:
        """See `Colony.export_jsonl`. The file is one of this process."""
        return await self._aside(self._client.export_jsonl, path, where)

    async def import_jsonl(self, path: str | os.PathLike[str], on_error: OnError = "raise") -> IngestReport:
        """See `Colony.import_jsonl`. The file is one of this process."""
        return await self._aside(self._client.import_jsonl, path, on_error)

    async def stats(self) -> Stats:
        """See `Colony.stats`."""
        return await self._aside(self._client.stats)

    async def digest(self, of: DigestOf = "state") -> str:
        """See `Colony.digest`."""
        return await self._aside(self._client.digest, of)

    @property
    def graph(self) -> AsyncGraph:
        """The concepts and what they are associated with."""
        return remote_async_graph(self._client._asked)

    @property
    def config(self) -> ColonyConfig:
        """See `Colony.config`."""
        return self._client.config

    @property
    def shards(self) -> int:
        """The number of shards, at the owner that was asked first."""
        return self._client.shards

    def __len__(self) -> int:
        """Documents, digested or not."""
        return len(self._client)

    def __bool__(self) -> bool:
        return True

    def __contains__(self, id: object) -> bool:
        return id in self._client

    def __repr__(self) -> str:
        return repr(self._client).replace("Client", "AsyncClient", 1)

    # --- insight, alarm, forgetting ---

    async def insights(self) -> Insights:
        """See `Colony.insights`."""
        return await self._aside(self._client.insights)

    async def survey(self) -> Insights:
        """See `Colony.survey`."""
        return await self._aside(self._client.survey)

    async def clusters(self) -> tuple[Cluster, ...]:
        """See `Colony.clusters`."""
        return await self._aside(self._client.clusters)

    async def cluster_of(self, label: str) -> Cluster | None:
        """See `Colony.cluster_of`."""
        return await self._aside(self._client.cluster_of, label)

    async def map(self) -> Map:
        """See `Colony.map`."""
        return await self._aside(self._client.map)

    async def anomalies(self, *, drifting: bool = False) -> list[Anomaly]:
        """See `Colony.anomalies`."""
        return await self._aside(self._client.anomalies, drifting=drifting)

    async def events(self, since: int = 0) -> list[Event]:
        """See `Client.events`."""
        return await self._aside(self._client.events, since)

    async def fading(self, top: int = 20) -> list[FadingSynapse]:
        """See `Colony.fading`."""
        return await self._aside(self._client.fading, top)

    async def diff(self, since: int, until: int) -> Diff:
        """See `Colony.diff`."""
        return await self._aside(self._client.diff, since, until)

    async def pin(self, concept: str) -> None:
        """See `Colony.pin`."""
        await self._aside(self._client.pin, concept)

    async def unpin(self, concept: str) -> None:
        """See `Colony.unpin`."""
        await self._aside(self._client.unpin, concept)

    async def pinned(self) -> list[str]:
        """See `Colony.pinned`."""
        return await self._aside(self._client.pinned)

    async def emit(
        self, name: str, concept: str, amount: float = 1.0, *, of: Literal["signal", "trace"] = "signal"
    ) -> None:
        """See `Colony.emit`."""
        await self._aside(self._client.emit, name, concept, amount, of=of)

    async def field(self, name: str, *, of: Literal["signal", "trace"] = "signal") -> list[tuple[str, float]]:
        """See `Colony.field`."""
        return await self._aside(self._client.field, name, of=of)

    async def marks(self) -> list[Mark]:
        """See `Colony.marks`."""
        return await self._aside(self._client.marks)

    async def agents(self, kind: str | None = None) -> list[AgentInfo]:
        """See `Colony.agents`."""
        return await self._aside(self._client.agents, kind)

    async def spawn(self, kind: type[Agent] | type[AgentArray], count: int = 1, **state: Any) -> NoReturn:
        """See `Client.spawn`, which refuses."""
        self._client.spawn(kind, count, **state)

    async def dismiss(self, kind: str) -> None:
        """See `Colony.dismiss`."""
        await self._aside(self._client.dismiss, kind)

    # --- on disk, and ending ---

    @property
    def path(self) -> Path | None:
        """The directory that the colony lives in, on its owner's machine."""
        return self._client.path

    @property
    def is_owner(self) -> bool:
        """See `Client.is_owner`."""
        return self._client.is_owner

    async def checkpoint(self) -> None:
        """See `Colony.checkpoint`."""
        await self._aside(self._client.checkpoint)

    async def compact(self) -> None:
        """See `Colony.compact`."""
        await self._aside(self._client.compact)

    async def snapshot(self, path: str | os.PathLike[str]) -> None:
        """See `Client.snapshot`."""
        await self._aside(self._client.snapshot, path)

    async def refresh(self) -> bool:
        """See `Client.refresh`."""
        return await self._aside(self._client.refresh)

    async def close(self) -> None:
        """See `Client.close`."""
        await self._aside(self._client.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


class Connecting:
    """An `AsyncClient` that is being connected: to be awaited, or entered with `async with`. Once."""

    def __init__(self, connected: Callable[[], Client]) -> None:
        self._connected = connected
        self._client: AsyncClient | None = None

    async def _connect(self) -> AsyncClient:
        import asyncio

        _phago.check_loop()
        return AsyncClient(await asyncio.to_thread(self._connected))

    def __await__(self) -> Generator[Any, None, AsyncClient]:
        return self._connect().__await__()

    async def __aenter__(self) -> AsyncClient:
        self._client = await self._connect()
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()
