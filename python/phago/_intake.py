"""What a colony and its twin for event loops share: documents on their way in, ids, and what is told of ticks."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from itertools import chain, islice, repeat
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from . import _phago, results
from ._checks import count, one_of, refusal, text_of
from ._later import module
from ._log import DEBUG, WARNING, listens, log
from ._rows import rejected, tick_result
from .document import Document
from .results import IngestReport, Rejected, RunReport, UpdateReport

# What most programs do without.
if TYPE_CHECKING:
    from . import _frames as frames
    from . import errors
else:
    errors, frames = module("phago.errors"), module("phago._frames")

_T = TypeVar("_T")

DocumentLike = str | Mapping[str, Any] | Document
"""A document: its text; a mapping with `text` and perhaps the other fields of a `Document`; or a `Document`."""

# A mapping of keys to conditions; conditions and filters nest, which type checkers are not asked to follow.
Where = Mapping[str, Any]
"""A filter: for each key a value, values, or operators with what to compare with; see `Colony.query`."""

OnError = Literal["raise", "skip"]

DigestOf = Literal["state", "evidence"]
"""Of what a digest is."""

Updated = Literal["new", "changed", "unchanged"]
"""What an update did."""

CHUNKS = (1000, 2000, 4000, 8000)
"""How many documents are taken together, the first ones and so on: all of them or, with `on_error="raise"`, none. The
first ones are few, as nothing else can be done while they are read. All that follow are as many as the last."""

# Bytes of text of such documents, but for a longer single one: what travels to nodes has a bound.
_CHUNK_BYTES = 32 << 20
# Keys that are looked up at once.
_PAGE = 1000


def chunks(documents: Iterable[DocumentLike] | DocumentLike) -> Iterator[tuple[int, list[DocumentLike]]]:
    """The documents in chunks, each with the index of its first."""
    if isinstance(documents, str | os.PathLike):
        _not_a_path(documents)
    # A string, a mapping and bytes can be iterated, and whoever passes one means one document.
    is_one = isinstance(documents, str | bytes | bytearray | Mapping | Document)
    waiting: Iterator[Any] | None = None
    # None of these is a table, and most programs pass nothing else.
    if not is_one and type(documents) not in (list, tuple) and not isinstance(documents, Iterator):
        waiting = frames.rows_of(documents)
    if waiting is None:
        alone = is_one or not isinstance(documents, Iterable)
        waiting = iter([documents] if alone else documents)  # type: ignore[arg-type]
    first = 0
    for size in chain(CHUNKS, repeat(CHUNKS[-1])):
        chunk = list(islice(waiting, size))
        if not chunk:
            return
        start = 0
        for end in _phago.piece_ends(chunk, _CHUNK_BYTES):
            yield first + start, chunk[start:end]
            start = end
        first += start


def are_many(documents: Iterable[DocumentLike] | DocumentLike) -> bool:
    """Whether there may be more than one chunk, so that there is something to read while the first is taken in."""
    # Only these are asked for their length: of others it may be wrong, dear or an error.
    if isinstance(documents, list | tuple):
        return len(documents) > CHUNKS[0]
    return not isinstance(documents, str | bytes | bytearray | Mapping | Document)


def overlapped(calls: Iterable[_phago.Call[_T]], are_far: bool) -> Iterator[_phago.Call[_T]]:
    """Calls, each begun once the one before is over, which the caller must wait for; the next is made meanwhile.

    The next one is also prepared, and while one takes its time, one more is made: whoever made that later would keep
    shards elsewhere from speaking to their nodes, and threads here from reading on. An error in making or preparing one
    is told once those before it are done.
    """
    waiting = iter(calls)
    call = _made(waiting)
    spare: _phago.Call[_T] | Exception | None = None
    while call is not None and not isinstance(call, Exception):
        if not are_far:
            # Here it takes no time, and nobody is in its way.
            spare = _prepared(spare)
        call.begin()
        try:
            following, spare = _made(waiting) if spare is None else spare, None
            if are_far:
                following = _prepared(following)
            if following is not None and not isinstance(following, Exception) and not call.is_over():
                spare = _made(waiting)
        except BaseException:
            # As Ctrl-C: nothing changes any more once its caller has heard of it.
            with suppress(Exception):
                call.wait()
            raise
        yield call
        call = following
    if call is not None:
        raise call


async def overlapped_async(calls: Iterable[_phago.Call[_T]], are_far: bool) -> AsyncGenerator[_T]:
    """The results of calls, each begun once the one before is over; the next is made meanwhile.

    Those of shards elsewhere are also prepared meanwhile. An error in making one is told once those before it are done.
    """
    waiting = iter(calls)
    call = _made(waiting)
    while call is not None and not isinstance(call, Exception):
        running, ahead = call.start(), None
        try:
            following = _made(waiting)
            if are_far and following is not None and not isinstance(following, Exception):
                ahead = following.start_ahead()
        except BaseException:
            # As Ctrl-C: nothing changes any more once its caller has heard of it.
            with suppress(Exception):
                await running
            raise
        try:
            yield await running
            if ahead is not None:
                try:
                    await ahead
                except Exception as error:
                    following = error
        finally:
            if ahead is not None:
                ahead.cancel()
        call = following
    if call is not None:
        raise call


def _made(calls: Iterator[_phago.Call[_T]]) -> _phago.Call[_T] | Exception | None:
    """The next call, or why it cannot be made."""
    try:
        return next(calls, None)
    except Exception as error:
        return error


def _prepared(call: _phago.Call[_T] | Exception | None) -> _phago.Call[_T] | Exception | None:
    """The call, of which what can be is done before it begins, or why that failed."""
    try:
        if call is not None and not isinstance(call, Exception):
            call.read_ahead()
    except Exception as error:
        return error
    return call


def _not_a_path(given: str | os.PathLike[Any]) -> None:
    """Refuse a path where texts are meant; a text that names a file by chance can be given as a mapping."""
    path, is_text = os.fspath(given), isinstance(given, str)
    # No text of several lines, and no word that happens to be a file's name.
    if isinstance(given, str) and (len(given) > 4096 or "\n" in given or os.sep not in given):
        return
    try:
        what = "a folder" if os.path.isdir(path) else "a file" if os.path.isfile(path) else "" if is_text else "a path"
    except ValueError:
        return
    if what:
        advice = "`phago.read_folder(path)` reads the files of a folder" if what != "a file" else "pass what it holds"
        reason = f'is the path of {what}; {advice}, and `{{"text": path}}` takes the path itself as a text'
        reason = reason.replace("the path of a path", "a path")
        message = f"document 0: its document {reason}"
        raise errors.InvalidDocument(message, index=0, id=None, field="document", reason=reason)


def is_evidence(of: DigestOf) -> bool:
    """Whether a digest is of the evidence alone."""
    return one_of("of", of, ("state", "evidence")) == "evidence"


def keys_of(ids: Iterable[str]) -> list[str]:
    """The ids of several documents."""
    if not isinstance(ids, Iterable) or isinstance(ids, bytes | bytearray | Mapping):
        raise TypeError(f"`id` is a string or an iterable of strings, not {type(ids).__name__}")
    return [text_of("id", key) for key in ids]


def page_of(keys: list[str], limit: int | None) -> Iterator[list[str]]:
    """Keys in pages that are read at once, `limit` of them in all."""
    left = len(keys) if limit is None else min(count("limit", limit, 0), len(keys))
    return (keys[start : min(start + _PAGE, left)] for start in range(0, left, _PAGE))


def not_everything(where: Where | None) -> Where:
    """A filter that names what to delete."""
    if where is None or _is_certain(where):
        raise refusal("where", where, "a filter of at least one key that is not true of every document")
    return where


# Whether every document matches a filter, whatever it has (True), or none (False), by the form of the filter alone;
# `None` if it depends on the document. A colony refuses a filter that nests deeper, and says what else is wrong.
def _is_certain(where: Any, depth: int = 32) -> bool | None:
    if not isinstance(where, Mapping) or depth == 0:
        return None
    return _all(_is_certain_of(key, given, depth - 1) for key, given in where.items())


def _is_certain_of(key: Any, given: Any, depth: int) -> bool | None:
    if key in ("$not", "not") and isinstance(given, Mapping):
        found = _is_certain(given, depth)
        if key == "$not" or found is not None:
            return _opposite(found)
    if key in ("$and", "$or", "and", "or") and isinstance(given, list | tuple) and given:
        if key in ("$and", "and"):
            return _all(_is_certain(part, depth) for part in given)
        return _opposite(_all(_opposite(_is_certain(part, depth)) for part in given))
    return _is_certain_condition(given, depth)


def _is_certain_condition(given: Any, depth: int) -> bool | None:
    if isinstance(given, Mapping):
        if not given or depth == 0:
            return None
        return _all(_is_certain_operator(key, value, depth - 1) for key, value in given.items())
    # One of no values.
    is_many = isinstance(given, Sequence | Set) and not isinstance(given, str | bytes)
    is_empty = not given if is_many else getattr(given, "shape", None) == (0,)
    return False if is_empty else None


def _is_certain_operator(key: Any, value: Any, depth: int) -> bool | None:
    if key in ("in", "$in"):
        return _is_certain_condition(value, depth)
    if key in ("nin", "$nin", "not", "$not"):
        return _opposite(_is_certain_condition(value, depth))
    return None


def _all(parts: Iterable[bool | None]) -> bool | None:
    known = set(parts)
    return False if False in known else None if None in known else True


def _opposite(certain: bool | None) -> bool | None:
    return None if certain is None else not certain


class undone_is_logged:  # noqa: N801
    """Says of a tick that could not be made that it was undone.

    Not a generator: to begin and end one takes as long as half of a tick without work.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and isinstance(error, (errors.PhaseTimeout, errors.ShardDied)):
            log(WARNING, "a tick was undone: %s", error)


def ticked(native: _phago.TickResult) -> results.DistributedTickResult:
    """A tick's result, once it was told to those who listen."""
    result = tick_result(native)
    if listens(DEBUG):
        log(DEBUG, "tick %d: %d concepts, %d synapses", result.tick, result.total_nodes(), result.total_edges())
    return result


def ran(rows: list[_phago.RunRow], begun: float) -> RunReport:
    """What the parts of a run did since then, once it was told to those who listen."""
    ticks, digested, failed, recovered = (
        sum(getattr(row, name) for row in rows) for name in ("ticks", "digested", "failed", "recovered")
    )
    report = RunReport(ticks, digested, failed, time.monotonic() - begun, recovered)
    if report.recovered:
        last_fault = next(row.last_fault for row in reversed(rows) if row.last_fault)
        log(WARNING, "ticks were redone %d times, the last one because %s", report.recovered, last_fault)
    log(DEBUG, "%d ticks: %d documents digested in %.3f s", report.ticks, report.digested, report.seconds)
    return report


class _Growing:
    """The report of one call while it grows. An error on the way has it."""

    def __init__(self, on_error: OnError) -> None:
        self.skip = one_of("on_error", on_error, ("raise", "skip")) == "skip"

    @property
    @abstractmethod
    def report(self) -> IngestReport | UpdateReport: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            return
        if isinstance(error, errors.InvalidDocument):
            error.report = self.report
        elif isinstance(error, errors.DocumentExists):
            report = self.report
            assert isinstance(report, IngestReport)
            error.report = report


class Intake(_Growing):
    """The report of one `ingest`."""

    def __init__(self, on_error: OnError) -> None:
        super().__init__(on_error)
        self._accepted = self._unchanged = 0
        self._rejected: list[Rejected] = []
        self._unindexed: list[Rejected] = []

    def add(self, row: _phago.IngestedRow) -> None:
        self._accepted += row.accepted
        self._unchanged += row.unchanged
        self._rejected += _left_out(row.rejected)
        self._unindexed += map(rejected, row.unindexed)

    @property
    def report(self) -> IngestReport:
        return IngestReport(self._accepted, self._unchanged, tuple(self._rejected), tuple(self._unindexed))


class Updating(_Growing):
    """The report of one `update_all`."""

    def __init__(self, on_error: OnError) -> None:
        super().__init__(on_error)
        self._new = self._changed = self._unchanged = 0
        self._rejected: list[Rejected] = []

    def add(self, row: _phago.UpdatedRow) -> None:
        self._new += row.new
        self._changed += row.changed
        self._unchanged += row.unchanged
        self._rejected += _left_out(row.rejected)

    @property
    def report(self) -> UpdateReport:
        return UpdateReport(self._new, self._changed, self._unchanged, tuple(self._rejected))


def _left_out(rows: list[_phago.RejectedRow]) -> list[Rejected]:
    for one in rows:
        log(WARNING, "document %d was left out: its %s %s", one.index, one.field, one.reason)
    return list(map(rejected, rows))
