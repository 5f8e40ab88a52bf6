"""A colony that lives elsewhere, with the methods of one that lives here."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import html
import os
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, Protocol, Self, overload

from .._checks import (
    amount_of,
    beginning_of,
    count,
    directory_of,
    extras_of,
    flag,
    instance,
    mark_of,
    one_of,
    question_of,
    real,
    text_of,
)
from .._embedding import Embedding, Vector
from .._intake import (
    DigestOf,
    DocumentLike,
    Intake,
    OnError,
    Updated,
    Updating,
    Where,
    chunks,
    is_evidence,
    keys_of,
    not_everything,
)
from .._jsonl import Export, Imported
from .._listing import Documents
from .._progress import OnProgress, shown, taken
from .._question import Question, explained
from .._rows import constants
from .._unpicklable import Unpicklable
from ..agents import Agent, AgentArray
from ..config import ColonyConfig, Ranking
from ..errors import ConfigError, DocumentExists, InvalidDocument, PhagoError
from ..graph import Graph
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
    Progress,
    RunReport,
    Stats,
    StoredDocument,
    Suggestion,
    UpdateReport,
)
from .arguments import Batch, batches, filter_of, half_life_of, moment_of, now_of, vector_of
from .arguments import document as plain_document
from .calls import PAGE, Facts, Lines
from .embedding import Vectors
from .graph import remote_graph

__all__ = ["Client"]

_MARKS = ("signal", "trace")


class Channel(Protocol):
    """What brings calls to a colony."""

    where: str

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any: ...
    def close(self) -> None: ...
    @property
    def is_owner(self) -> bool: ...


class Client(Unpicklable):
    """A colony that another process may have, as `connect` gives it; `Colony` describes the methods.

    Results and errors are of the same classes. Where the other process dies in the midst of a call, what can be asked
    twice is asked again of the next owner: a document that the first try took is then told of as unchanged, one that it
    deleted as not there. `tick`, `reinforce`, `emit`, `survey`, `snapshot` and a `run` with `max_ticks` cannot; they
    raise an `RpcError` that says so.

    Methods may be called from several threads. After a fork, the child has a connection of its own.
    """

    _instead = "connect where it is needed"

    def __init__(self, channel: Channel, embedding: Embedding | None = None) -> None:
        self._channel = channel
        self._known: Facts | None = None
        # One that is forgotten must not own the memory for ever.
        self._end = weakref.finalize(self, channel.close)
        try:
            self._vectors = None if embedding is None else Vectors(embedding, self._asked)
        except BaseException:
            self._end()
            raise

    def _asked(self, name: str, /, **arguments: Any) -> Any:
        """The answer to a call by its name, one of `phago.remote.calls`; every method is one or some of these."""
        return self._channel.call(name, arguments)

    @property
    def _facts(self) -> Facts:
        if self._known is None:
            self._known = self._asked("facts")
        return self._known

    # --- taking in ---

    def ingest(
        self,
        documents: Iterable[DocumentLike] | DocumentLike,
        on_error: OnError = "raise",
        *,
        progress: OnProgress | None = None,
    ) -> IngestReport:
        """See `Colony.ingest`. Of large documents fewer are taken at once."""
        with Intake(on_error) as intake, shown(progress) as show:
            for begun, chunk in chunks(documents):
                for batch in self._batches(chunk, begun):
                    intake.add(_numbered(batch.first, self._asked, "ingest", **batch.asked(), on_error=on_error))
                if show is not None:
                    show(taken(documents, begun + len(chunk)))
        return intake.report

    def _batches(self, chunk: list[DocumentLike], begun: int, *, is_update: bool = False) -> Iterator[Batch]:
        cut = batches if self._vectors is None else self._vectors.batches
        return cut(chunk, begun, is_update=is_update)

    def update(self, document: DocumentLike) -> Updated:
        """See `Colony.update`."""
        told = plain_document(document, 0, is_update=True)
        if self._vectors is not None:
            told = self._vectors.of_document(told)
        updated: Updated = self._asked("update", document=told)
        return updated

    def update_all(self, documents: Iterable[DocumentLike] | DocumentLike, on_error: OnError = "raise") -> UpdateReport:
        """See `Colony.update_all`."""
        with Updating(on_error) as updating:
            for begun, chunk in chunks(documents):
                for batch in self._batches(chunk, begun, is_update=True):
                    updating.add(_numbered(batch.first, self._asked, "update_all", **batch.asked(), on_error=on_error))
        return updating.report

    @overload
    def delete(self, id: str) -> bool: ...
    @overload
    def delete(self, id: Iterable[str]) -> int: ...
    @overload
    def delete(self, *, where: Where) -> int: ...
    def delete(self, id: str | Iterable[str] | None = None, *, where: Where | None = None) -> bool | int:
        """See `Colony.delete`."""
        deleted: bool | int
        if isinstance(id, str) and where is None:
            deleted = self._asked("delete", id=text_of("id", id))
        elif id is not None and not isinstance(id, str) and where is None:
            deleted = self._asked("delete", id=keys_of(id))
        elif id is None:
            deleted = self._asked("delete", where=filter_of("where", not_everything(where)))
        else:
            raise TypeError("`delete` takes an id, several ids, or `where`: one of them")
        return deleted

    def reinforce(self, hit: Hit) -> bool:
        """See `Colony.reinforce`."""
        learned: bool = self._asked("reinforce", hit=instance("hit", hit, Hit))
        return learned

    def run(
        self,
        max_ticks: int | None = None,
        *,
        now: datetime.datetime | None = None,
        progress: OnProgress | None = None,
    ) -> RunReport:
        """See `Colony.run`."""
        limit = None if max_ticks is None else count("max_ticks", max_ticks, 0)
        report: RunReport
        if not progress:
            asked = {} if limit is None else {"max_ticks": limit}
            report = self._asked("run" if limit is None else "run_some", now=now_of(now), **asked)
            return report
        begun, report = time.monotonic(), RunReport(0, 0, 0, 0.0)
        with shown(progress) as show:
            while limit is None or report.ticks < limit:
                one: RunReport = self._asked("run_some", max_ticks=1, now=now_of(now))
                if not one.ticks:
                    break
                now = None
                sums = (
                    getattr(report, name) + getattr(one, name) for name in ("ticks", "digested", "failed", "recovered")
                )
                ticks, digested, failed, recovered = sums
                report = RunReport(ticks, digested, failed, time.monotonic() - begun, recovered)
                if show is not None:
                    finished = digested + failed
                    show(Progress("run", finished, finished + self.stats().pending))
        return dataclasses.replace(report, seconds=time.monotonic() - begun)

    def ticks(
        self, max_ticks: int | None = None, *, now: datetime.datetime | None = None
    ) -> Iterator[DistributedTickResult]:
        """See `Colony.ticks`."""
        left = -1 if max_ticks is None else count("max_ticks", max_ticks, 0)
        return self._ticks(left, now_of(now))

    def _ticks(self, left: int, now: datetime.datetime | None) -> Iterator[DistributedTickResult]:
        while left != 0:
            made: DistributedTickResult | None = self._asked("next_tick", now=now)
            if made is None:
                return
            yield made
            now, left = None, left - 1

    def tick(self, *, now: datetime.datetime | None = None) -> DistributedTickResult:
        """See `Colony.tick`."""
        made: DistributedTickResult = self._asked("tick", now=now_of(now))
        return made

    # --- asking ---

    def query(
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
        if not (isinstance(ranking, str) and ranking == "lexical"):
            constants(ranking, or_lexical=True)
        extras = extras_of(operators, required, excluded, synonyms)
        question = Question.of(
            text, k, ranking, where, paths, vector, as_of, since, until, newer, half_life, diverse, extras
        )
        if self._vectors is not None:
            vector = self._vectors.of_question(question)
        hits: Hits = self._asked(
            "query",
            text=text,
            k=count("k", k, 1),
            paths=flag("paths", paths),
            **_given(
                ranking=ranking,
                where=None if where is None else filter_of("where", where),
                since=moment_of(since),
                until=moment_of(until),
                diverse=real("diverse", diverse, 0.0, 1.0) or None,
            ),
            **_asked(vector, as_of, newer, half_life),
            **_operators(extras),
        )
        return hits

    def explain(
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
        question = explained(text, ranking, vector, as_of, newer, half_life, extras)
        if self._vectors is not None:
            vector = self._vectors.of_question(question)
        asked = _asked(vector, as_of, newer, half_life) | _operators(extras)
        found: Explanation | None = self._asked("explain", text=text, **_given(id=key, ranking=ranking), **asked)
        return found

    def similar(self, id: str, k: int = 10, ranking: Ranking | None = None, where: Where | None = None) -> Hits | None:
        """See `Colony.similar`."""
        constants(ranking)
        chosen = None if where is None else filter_of("where", where)
        key, k = text_of("id", id), count("k", k, 1)
        found: Hits | None = self._asked("similar", id=key, k=k, **_given(ranking=ranking, where=chosen))
        return found

    def suggest(self, text: str, k: int = 10) -> list[Suggestion]:
        """See `Colony.suggest`."""
        found: list[Suggestion] = self._asked("suggest", text=beginning_of("text", text), k=count("k", k, 1))
        return found

    def concepts(self, text: str, k: int = 10) -> list[Concept]:
        """See `Colony.concepts`."""
        found: list[Concept] = self._asked("concepts", text=question_of("text", text), k=count("k", k, 1))
        return found

    def get(self, id: str) -> StoredDocument | None:
        """See `Colony.get`."""
        found: StoredDocument | None = self._asked("get", id=text_of("id", id))
        return found

    def count(self, where: Where | None = None) -> int:
        """See `Colony.count`."""
        found: int = self._asked("count", **_given(where=None if where is None else filter_of("where", where)))
        return found

    def documents(self, where: Where | None = None, *, after: str | None = None, limit: int | None = None) -> Documents:
        """See `Colony.documents`. What comes behind those that were read, while they are read, is found too."""
        chosen = None if where is None else filter_of("where", where)
        after = None if after is None else text_of("after", after)
        left = -1 if limit is None else count("limit", limit, 0)
        return Documents(self._pages(chosen, after, left))

    # A stored document has the fields of the row that it was made of.
    def _pages(self, where: Any, after: str | None, left: int) -> Iterator[Any]:
        while left != 0:
            wanted = PAGE if left < 0 else min(PAGE, left)
            page: list[StoredDocument] = self._asked("documents", **_given(where=where, after=after, limit=wanted))
            yield page
            left -= len(page)
            if len(page) < wanted:
                return
            after = page[-1].id

    def export_jsonl(self, path: str | os.PathLike[str], where: Where | None = None) -> int:
        """See `Colony.export_jsonl`. The file is one of this process."""
        chosen = None if where is None else filter_of("where", where)
        with Export(path) as export:
            after: str | None = None
            while True:
                page: Lines = self._asked("lines", **_given(where=chosen, after=after))
                export.write_lines(page.lines)
                after = page.after
                if after is None:
                    return export.documents

    def import_jsonl(self, path: str | os.PathLike[str], on_error: OnError = "raise") -> IngestReport:
        """See `Colony.import_jsonl`. The file is one of this process."""
        imported = Imported(path, skip=on_error == "skip")
        return imported.told(self.ingest(iter(imported), on_error))

    @property
    def graph(self) -> Graph:
        """The concepts and what they are associated with."""
        return remote_graph(self._asked)

    def stats(self) -> Stats:
        """See `Colony.stats`."""
        found: Stats = self._asked("stats")
        return found

    def digest(self, of: DigestOf = "state") -> str:
        """See `Colony.digest`."""
        found: str = self._asked("digest", of="evidence" if is_evidence(of) else "state")
        return found

    @property
    def config(self) -> ColonyConfig:
        """See `Colony.config`."""
        return self._facts.config

    @property
    def shards(self) -> int:
        """The number of shards, at the owner that was asked first."""
        return self._facts.shards

    def __len__(self) -> int:
        """Documents, digested or not."""
        found: int = self._asked("len")
        return found

    def __bool__(self) -> bool:
        return True

    def __contains__(self, id: object) -> bool:
        found: bool = isinstance(id, str) and self._asked("has", id=id)
        return found

    def __repr__(self) -> str:
        if not self._end.alive:
            return "<closed Client>"
        return f"<Client of {self._channel.where}>"

    def _repr_html_(self) -> str:
        from ..view.glance import glance

        if self._end.alive:
            # A notebook shows what it can, and a picture is no reason for a traceback.
            with contextlib.suppress(PhagoError):
                return glance(self.stats(), self.events(), self.graph)
        return f"<code>{html.escape(repr(self))}</code>"

    # --- insight, alarm, forgetting ---

    def insights(self) -> Insights:
        """See `Colony.insights`."""
        found: Insights = self._asked("insights")
        return found

    def survey(self) -> Insights:
        """See `Colony.survey`."""
        found: Insights = self._asked("survey")
        return found

    def clusters(self) -> tuple[Cluster, ...]:
        """See `Colony.clusters`."""
        found: tuple[Cluster, ...] = self._asked("clusters")
        return found

    def cluster_of(self, label: str) -> Cluster | None:
        """See `Colony.cluster_of`."""
        found: Cluster | None = self._asked("cluster_of", label=text_of("label", label))
        return found

    def map(self) -> Map:
        """See `Colony.map`."""
        found: Map = self._asked("map")
        return found

    def anomalies(self, *, drifting: bool = False) -> list[Anomaly]:
        """See `Colony.anomalies`."""
        found: list[Anomaly] = self._asked("anomalies", drifting=flag("drifting", drifting))
        return found

    def events(self, since: int = 0) -> list[Event]:
        """See `Colony.events`. They are those of the process that owns the colony now."""
        found: list[Event] = self._asked("events", since=count("since", since, 0, 2**63 - 1))
        return found

    def fading(self, top: int = 20) -> list[FadingSynapse]:
        """See `Colony.fading`."""
        found: list[FadingSynapse] = self._asked("fading", top=count("top", top, 0))
        return found

    def diff(self, since: int, until: int) -> Diff:
        """See `Colony.diff`."""
        first = count("since", since, 0, 2**32)
        found: Diff = self._asked("diff", since=first, until=count("until", until, first, 2**32))
        return found

    def pin(self, concept: str) -> None:
        """See `Colony.pin`."""
        self._asked("pin", concept=text_of("concept", concept))

    def unpin(self, concept: str) -> None:
        """See `Colony.unpin`."""
        self._asked("unpin", concept=text_of("concept", concept))

    def pinned(self) -> list[str]:
        """See `Colony.pinned`."""
        found: list[str] = self._asked("pinned")
        return found

    def emit(self, name: str, concept: str, amount: float = 1.0, *, of: Literal["signal", "trace"] = "signal") -> None:
        """See `Colony.emit`."""
        told = {"name": mark_of(name), "concept": text_of("concept", concept)}
        self._channel.call("emit", {**told, "amount": amount_of(amount), "of": _mark(of)})

    def field(self, name: str, *, of: Literal["signal", "trace"] = "signal") -> list[tuple[str, float]]:
        """See `Colony.field`."""
        found: list[tuple[str, float]] = self._channel.call("field", {"name": mark_of(name), "of": _mark(of)})
        return found

    def marks(self) -> list[Mark]:
        """See `Colony.marks`."""
        found: list[Mark] = self._asked("marks")
        return found

    def agents(self, kind: str | None = None) -> list[AgentInfo]:
        """See `Colony.agents`."""
        found: list[AgentInfo] = self._asked("agents", kind=None if kind is None else text_of("kind", kind))
        return found

    def spawn(self, kind: type[Agent] | type[AgentArray], count: int = 1, **state: Any) -> NoReturn:
        """Agents are Python code, which crosses no wire: make them in a process that opens the colony itself.

        Raises:
            ConfigError: Always.
        """
        name = getattr(kind, "__name__", str(kind))
        accepted = "None over a connection: agents are code, and act where `phago.open` opened the colony"
        raise ConfigError(f"`kind` is {name}; accepted is {accepted}", field="kind", value=name, accepted=accepted)

    def dismiss(self, kind: str) -> None:
        """See `Colony.dismiss`."""
        self._asked("dismiss", kind=text_of("kind", kind))

    # --- on disk, and ending ---

    @property
    def path(self) -> Path | None:
        """The directory that the colony lives in, on its owner's machine."""
        path = self._facts.path
        return None if path is None else Path(path)

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the colony now, and serves it to the others."""
        return self._channel.is_owner

    def checkpoint(self) -> None:
        """See `Colony.checkpoint`."""
        self._asked("checkpoint")

    def compact(self) -> None:
        """See `Colony.compact`."""
        self._asked("compact")

    def snapshot(self, path: str | os.PathLike[str]) -> None:
        """See `Colony.snapshot`. The directory is one of the owner's machine; over HTTP it is refused."""
        self._asked("snapshot", path=str(directory_of("path", path)))

    def refresh(self) -> bool:
        """Always `False`: answers are those of the colony as it is now."""
        self._asked("len")
        return False

    def close(self) -> None:
        """Close the connection; closing twice is fine. Where this process owns the colony, the next one can."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _mark(of: str) -> str:
    return one_of("of", of, _MARKS)


# A colony has defaults of its own, and an older one may not know what was not meant.
def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}


def _asked(vector: Any, as_of: Any, newer: Any, half_life: Any) -> dict[str, Any]:
    weight = None if newer is None else real("newer", newer, 0.0, 100.0)
    return _given(vector=vector_of(vector), as_of=moment_of(as_of), newer=weight, half_life=half_life_of(half_life))


def _operators(extras: tuple[bool | None, list[str], list[str], list[tuple[str, str]]] | None) -> dict[str, Any]:
    if extras is None:
        return {}
    operators, required, excluded, pairs = extras
    synonyms: dict[str, list[str]] = {}
    for word, other in pairs:
        synonyms.setdefault(word, []).append(other)
    return _given(operators=operators, required=required, excluded=excluded, synonyms=synonyms or None)


# A batch is numbered from 0 where it is taken in; its caller counts on.
def _numbered(first: int, ask: Any, name: str, **arguments: Any) -> Any:
    try:
        report = ask(name, **arguments)
    except (InvalidDocument, DocumentExists) as error:
        if not first:
            raise
        number = error.index + first
        error.message = error.message.replace(f"document {error.index}", f"document {number}", 1)
        error.index = number
        error.args = (error.message,)
        raise
    return dataclasses.replace(
        report,
        **{
            name: tuple(dataclasses.replace(one, index=one.index + first) for one in getattr(report, name))
            for name in ("rejected", "unindexed")
            if hasattr(report, name)
        },
    )
