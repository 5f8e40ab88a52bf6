"""Documents as lines of JSON."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import attrgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from ._files import written
from ._log import WARNING, log
from .errors import InvalidDocument
from .results.documents import IngestReport, Rejected, beside_text

if TYPE_CHECKING:
    from ._phago import StoredRow

__all__ = ["read_jsonl"]


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Yield the documents of a file with one JSON object on each line, as `Colony.export_jsonl` writes it.

    An object has `text`, and perhaps the other fields of a `Document`; `ingest` refuses any other key by its
    name. Blank lines are left out.

    Args:
        path: The file, in UTF-8.

    Raises:
        InvalidDocument: A line is no JSON object in UTF-8; `index` is the number of documents before it.
        FileNotFoundError: There is no such file.
    """
    return iter(Imported(path, skip=False))


def documents_in(lines: Iterable[bytes], where: str) -> Iterator[dict[str, Any]]:
    """The documents of such lines; `where` says what these are the lines of."""
    return (_valid(found) for found in _found(lines, where))


class Imported:
    """The documents of a file of lines. What is none raises, or is left out and told of in the end."""

    def __init__(self, path: str | os.PathLike[str], *, skip: bool) -> None:
        self._path, self._skip = os.fspath(path), skip
        self._left_out: list[Rejected] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with open(self._path, "rb") as lines:
            for found in _found(lines, f"`{os.fsdecode(self._path)}`"):
                if self._skip and isinstance(found, Rejected):
                    log(WARNING, "document %d was left out: its %s %s", found.index, found.field, found.reason)
                    self._left_out.append(found)
                else:
                    yield _valid(found)

    def told(self, report: IngestReport) -> IngestReport:
        """The report of those that were given, with those that were left out; all are counted as the file has them."""
        if not self._left_out:
            return report
        # How many were given before each one that was left out.
        given = [one.index - at for at, one in enumerate(self._left_out)]

        def placed(one: Rejected) -> Rejected:
            return Rejected(one.index + bisect_right(given, one.index), one.id, one.field, one.reason)

        rejected = sorted([*self._left_out, *map(placed, report.rejected)], key=attrgetter("index"))
        return IngestReport(report.accepted, report.unchanged, tuple(rejected), tuple(map(placed, report.unindexed)))


def _found(lines: Iterable[bytes], where: str) -> Iterator[dict[str, Any] | Rejected]:
    """The documents of lines that are not blank, and why some are none."""
    index = 0
    # Bytes are cut at line feeds only; text would be cut at signs that JSON allows inside a string.
    for number, line in enumerate(lines, 1):
        document = None
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if not text:
                continue
            document = json.loads(text)
            wrong = f"is {type(document).__name__}; accepted is a JSON object"
        except (ValueError, RecursionError) as error:
            wrong = _unread(error)
        if isinstance(document, dict):
            yield document
        else:
            yield Rejected(index, None, "document", f"on line {number} of {where} {wrong}")
        index += 1


def _unread(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8 at byte {error.start + 1}: {error.reason}"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON at column {error.colno}: {error.msg}"
    return f"is not JSON: {error}"


def _valid(found: dict[str, Any] | Rejected) -> dict[str, Any]:
    if not isinstance(found, Rejected):
        return found
    message = f"document {found.index} {found.reason}"
    raise InvalidDocument(message, index=found.index, id=None, field=found.field, reason=found.reason)


def line_of(row: StoredRow) -> str:
    """A stored document as a line. One that came without an id has none, as its content names it."""
    document: dict[str, Any] = {"id": row.id} if row.named else {}
    if row.title:
        document["title"] = row.title
    document["text"] = row.text
    return json.dumps(document | beside_text(row), ensure_ascii=False) + "\n"


class Export:
    """A file that is there whole or not at all: it gets its name when all is written."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._whole = written(path)
        self.documents = 0

    def __enter__(self) -> Self:
        self._file: TextIO = self._whole.__enter__()
        return self

    def write(self, rows: list[StoredRow]) -> None:
        """Write some documents."""
        self.write_lines(list(map(line_of, rows)))

    def write_lines(self, lines: list[str]) -> None:
        """Write some documents that are lines already."""
        self._file.writelines(lines)
        self.documents += len(lines)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._whole.__exit__(kind, error, at)
