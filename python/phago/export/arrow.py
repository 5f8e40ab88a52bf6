"""Tables as Arrow streams, and as files of Parquet and of Arrow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from .._files import placed
from ..results.documents import StoredDocument

if TYPE_CHECKING:
    from arro3.core import RecordBatchReader
    from arro3.core import Table as ArrowTable

__all__ = ["arrow", "parquet"]

# So many rows are held in memory until a piece of the file is written; documents are much larger than numbers.
_ROWS = 16_384
_PAGE = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTS = ("lexical", "concepts", "bridge", "context", "similar", "newer")

_Column = tuple[str, Callable[[Any], Any]]


class Table(Protocol):
    """Whatever has an Arrow stream: documents, hits, nodes, edges, and the tables of other libraries."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


def parquet(table: Table | Iterator[StoredDocument], path: str | os.PathLike[str]) -> None:
    """Write a table as Parquet, compressed by zstd: `colony.documents()`, `colony.graph.edges`, hits of a query.

    It is read and written piece by piece. The file is there whole or not at all.

    Args:
        table: What has an Arrow stream, or documents one by one.
        path: The file, which is replaced if it is there.

    Raises:
        ImportError: There is no arro3: `pip install "phago[arrow]"`.
        TypeError: It has no Arrow stream.
    """
    _written(table, path, "write_parquet", compression="zstd(3)", max_row_group_size=_ROWS)


def arrow(table: Table | Iterator[StoredDocument], path: str | os.PathLike[str]) -> None:
    """Write a table as an Arrow file (IPC, also known as Feather 2), which can be mapped into memory.

    Arguments and errors are those of `parquet`.
    """
    _written(table, path, "write_ipc", compression=None)


def _written(table: Table | Iterator[Any], path: str | os.PathLike[str], write: str, **options: Any) -> None:
    core = _needed()
    given = _documents(table) if isinstance(table, Iterator) and not hasattr(table, "__arrow_c_stream__") else table
    if not hasattr(given, "__arrow_c_stream__"):
        accepted = "documents, hits, nodes, edges, or another table with an Arrow stream"
        raise TypeError(f"`table` is {accepted}, not {type(table).__name__}")
    from arro3 import io

    with placed(path) as temporary, temporary.open("wb") as file:
        sink = _Sink(file)
        try:
            getattr(io, write)(core.RecordBatchReader.from_arrow(given), sink, **options)
        except Exception as error:
            # The library tells of what ends the reading of rows by its text alone.
            if "KeyboardInterrupt" in str(error):
                raise KeyboardInterrupt from None
            raise
        if sink.error is not None:
            raise sink.error


class _Sink:
    """A file for a library that panics where one cannot be written.

    It takes what follows a failure for written; who opened it raises the error.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: BaseException | None = None

    def write(self, data: bytes) -> int:
        if self.error is None:
            try:
                self._file.write(data)
            except (OSError, KeyboardInterrupt) as error:
                self.error = error
        return len(data)

    def flush(self) -> None:
        if self.error is None:
            try:
                self._file.flush()
            except (OSError, KeyboardInterrupt) as error:
                self.error = error

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self.flush()


def _documents(rows: Iterator[Any]) -> Any:
    """The stream of documents one by one, such as a colony of another process tells them."""
    first = next(rows, None)
    if first is not None and not isinstance(first, StoredDocument):
        raise TypeError(f"`table` is documents, and not an iterator over {type(first).__name__}")
    rest = chain([first] if first is not None else [], rows)
    return documents_stream(iter(lambda: list(islice(rest, _PAGE)), []))


def table_of(columns: Mapping[str, Any]) -> ArrowTable:
    """A table of columns; it shares the memory of those that have `__arrow_c_array__`."""
    core = _needed()
    arrays = [
        core.Array.from_arrow(column)
        if hasattr(column, "__arrow_c_array__")
        else _array(core, _kind(name), list(column))
        for name, column in columns.items()
    ]
    made: ArrowTable = core.Table.from_arrays(arrays, names=list(columns))
    return made


def hits_table(hits: Sequence[Any]) -> ArrowTable:
    """A table of hits."""
    return _read(iter([hits]), _HIT).read_all()


def documents_stream(pages: Iterator[Sequence[Any]]) -> RecordBatchReader:
    """A stream of documents that are read page by page, as the reader asks for more."""
    return _read(pages, _DOCUMENT)


def _read(pages: Iterable[Sequence[Any]], columns: Mapping[str, _Column]) -> RecordBatchReader:
    core = _needed()

    def batch(rows: Sequence[Any]) -> Any:
        arrays = [_array(core, kind, [get(row) for row in rows]) for kind, get in columns.values()]
        return core.RecordBatch.from_arrays(arrays, names=list(columns))

    # An empty one, as a stream says what its columns are before its first row.
    made: RecordBatchReader = core.RecordBatchReader.from_batches(batch([]).schema, (batch(rows) for rows in pages))
    return made


def _array(core: Any, kind: str, values: list[Any]) -> Any:
    if kind == "vector":
        offsets = [0]
        for value in values:
            offsets.append(offsets[-1] + len(value or ()))
        numbers = core.Array([number for value in values if value for number in value], core.DataType.int8())
        mask = core.Array([value is None for value in values], core.DataType.bool())
        return core.list_array(core.Array(offsets, core.DataType.int32()), numbers, mask=mask)
    if kind == "time":
        return core.Array(values, core.DataType.int64()).cast(core.DataType.timestamp("us", tz="UTC"))
    return core.Array(values, getattr(core.DataType, kind)())


def _kind(name: str) -> str:
    """The type of a column of the graph that came from another process, as a list."""
    return "large_utf8" if name in ("id", "label", "source", "target") else "float64" if name == "weight" else "int64"


def _micros(moment: Any) -> int | None:
    return (moment - _EPOCH) // timedelta(microseconds=1) if isinstance(moment, datetime) else None


def _metadata(row: Any) -> str:
    # Keys have values of different kinds from document to document, which no type of a column has room for.
    return json.dumps(row.metadata, ensure_ascii=False, default=str)


def _of(kind: str, name: str) -> _Column:
    return kind, lambda row: getattr(row, name)


def _part(name: str) -> _Column:
    return "float64", lambda hit: getattr(hit.parts, name)


_TIME: _Column = ("time", lambda row: _micros(row.time))

_DOCUMENT: dict[str, _Column] = {
    "id": _of("large_utf8", "id"),
    "title": _of("large_utf8", "title"),
    "text": _of("large_utf8", "text"),
    "metadata": ("large_utf8", _metadata),
    "thread": _of("large_utf8", "thread"),
    "place": _of("int64", "place"),
    "time": _TIME,
    "expires": ("time", lambda row: _micros(row.expires)),
    "expires_tick": ("int64", lambda row: row.expires if isinstance(row.expires, int) else None),
    "arrival": _of("int64", "arrival"),
    "digested": _of("int64", "digested"),
    "vector": _of("vector", "vector"),
}
_HIT: dict[str, _Column] = {
    "score": _of("float64", "score"),
    "id": _of("large_utf8", "id"),
    "title": _of("large_utf8", "title"),
    "text": _of("large_utf8", "text"),
    "passage": _of("large_utf8", "passage"),
    **{name: _part(name) for name in _PARTS},
    "start": ("int64", lambda hit: hit.span[0]),
    "end": ("int64", lambda hit: hit.span[1]),
    "digested": _of("int64", "digested"),
    "metadata": ("large_utf8", _metadata),
    "thread": _of("large_utf8", "thread"),
    "place": _of("int64", "place"),
    "time": _TIME,
}


def _needed() -> Any:
    try:
        import arro3.core
        import arro3.io
    except ImportError as error:
        raise ImportError('Arrow streams and files need arro3: pip install "phago[arrow]"') from error
    return arro3.core
