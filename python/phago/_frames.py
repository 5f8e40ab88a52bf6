"""Tables of other libraries, read as documents: data frames and Arrow tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ._checks import text_of
from .document import FIELDS
from .errors import ConfigError, InvalidDocument

__all__ = ["read_frame"]

# Fields that may be whole numbers and nothing between two of them.
_WHOLE = ("id", "place", "expires")


def read_frame(
    frame: Any,
    *,
    text: str = "text",
    id: str | None = None,
    title: str | None = None,
    metadata: Collection[str] = (),
    expires: str | None = None,
    thread: str | None = None,
    place: str | None = None,
    time: str | None = None,
    vector: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as documents, with columns of your choice.

    `ingest` takes a table as it is where its columns are named as a document's fields are. This is for all others: each
    column that is not named here is left out. A missing value (null, None, NaN, NaT) is one that the document does not
    have. In the columns of ids, places and `expires`, 7.0 is 7: pandas has floats where a whole number is missing.

    Args:
        frame: A DataFrame of pandas or polars, or a Table or RecordBatch of pyarrow.
        text: The column of the texts.
        id: The column of the ids; a number is taken as its digits.
        title: The column of the titles.
        metadata: The columns that become metadata, each under its own name.
        expires: The column of when they leave by themselves: tick numbers, or datetimes with a time zone.
        thread: The column of the threads they stand in.
        place: The column of their places in these threads.
        time: The column of the moments that they are of: datetimes with a time zone.
        vector: The column of their vectors.

    Raises:
        TypeError: It is none of these tables.
        ConfigError: It has no such column, or several of that name.
    """
    columns = columns_of(frame)
    if columns is None:
        raise TypeError(
            f"`frame` is a DataFrame of pandas or polars, or a Table or RecordBatch of pyarrow, not {_kind(frame)}"
        )
    if isinstance(metadata, str):
        raise TypeError("`metadata` is a collection of columns, not str")
    given = {
        "text": text,
        "id": id,
        "title": title,
        "expires": expires,
        "thread": thread,
        "place": place,
        "time": time,
        "vector": vector,
    }
    wanted = {field: text_of(field, column) for field, column in given.items() if column is not None}
    for field, column in [*wanted.items(), *(("metadata", column) for column in metadata)]:
        if column not in columns:
            accepted = f"one of its columns: {', '.join(map(str, columns))}"
            message = f"`{field}` is {column!r}, which the table does not have; accepted is {accepted}"
            raise ConfigError(message, field=field, value=column, accepted=accepted)
        if (times := columns.count(column)) > 1:
            accepted = "a name of one column"
            message = f"`{field}` is {column!r}, of which the table has {times} columns; accepted is {accepted}"
            raise ConfigError(message, field=field, value=column, accepted=accepted)
    return _documents(frame, wanted, tuple(metadata))


def _documents(frame: Any, wanted: dict[str, str], metadata: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for row in _rows(frame):
        document = {field: _given(field, row[column]) for field, column in wanted.items()}
        key = document.get("id")
        # An index of numbers is what most tables name their rows by.
        if key is not None and not isinstance(key, str | bool) and hasattr(key, "__index__"):
            document["id"] = str(key.__index__())
        document["metadata"] = {column: _given("metadata", row[column]) for column in metadata}
        yield document


def columns_of(table: Any) -> list[Any] | None:
    """The names of a table's columns; `None` for what is no table."""
    if hasattr(table, "itertuples") and hasattr(table, "columns"):
        return list(table.columns)
    if hasattr(table, "iter_rows") and hasattr(table, "columns"):
        return list(table.columns)
    if hasattr(table, "column_names") and hasattr(table, "to_pylist"):
        return list(table.column_names)
    return None


def rows_of(table: Any) -> Iterator[dict[str, Any]] | None:
    """The rows of a table as documents; `None` for what is no table.

    Raises:
        InvalidDocument: It has a column that is no field of a document, or is a table of a kind that is not known.
    """
    columns = columns_of(table)
    if columns is None:
        if hasattr(table, "collect") and hasattr(table, "collect_schema"):
            raise _refused("document", f"is {_kind(table)}, which has no rows yet; accepted is its `collect()`")
        known = next((name for name in ("__dataframe__", "__arrow_c_stream__") if hasattr(table, name)), None)
        # A column has the Arrow interface too, and is iterated as any other sequence of texts.
        if known and hasattr(table, "columns"):
            raise _refused(
                "document",
                f"is {_kind(table)}; accepted of tables are DataFrames of pandas and polars, and Tables of pyarrow",
            )
        return None
    fields = ", ".join(f"`{field}`" for field in FIELDS)
    for column in columns:
        if column not in FIELDS:
            raise _refused(
                str(column),
                f"is a column that is no field of a document; accepted are {fields}, and other columns as metadata: "
                f"`phago.read_frame(frame, metadata=[...])`",
            )
        if (times := columns.count(column)) > 1:
            raise _refused(column, f"is there in {times} columns of that name; accepted is one")
    if "text" not in columns:
        raise _refused("text", f"is missing among the columns; accepted are {fields}")
    return ({name: _given(name, value) for name, value in row.items()} for row in _rows(table))


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    if hasattr(table, "itertuples"):
        # pandas marks what is missing by values of its own, which differ from column to column.
        names = list(table.columns)
        # By their places: a name may be that of several, which nobody reads.
        columns = [_of_pandas(table.iloc[:, place]) for place in range(len(names))]
        return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    if hasattr(table, "iter_rows"):
        rows: Iterator[dict[str, Any]] = table.iter_rows(named=True)
        return rows
    batches = table.to_batches() if hasattr(table, "to_batches") else [table]
    return (row for batch in batches for row in batch.to_pylist())


def _of_pandas(column: Any) -> Iterator[Any]:
    return (None if missing else value for value, missing in zip(column, column.isna(), strict=True))


def _given(field: str, value: Any) -> Any:
    """What stands in a column, as a document has it."""
    if isinstance(value, float):
        if value != value:
            return None
        # Pandas keeps whole numbers as floats where one is missing, and has rounded those that are larger.
        if field in _WHOLE and value.is_integer() and abs(value) < 2**53:
            return int(value)
    return value


def _refused(field: str, reason: str) -> InvalidDocument:
    return InvalidDocument(f"document 0: its {field} {reason}", index=0, id=None, field=field, reason=reason)


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
