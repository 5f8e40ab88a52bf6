"""Documents as lines of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from ._files import written
from .errors import InvalidDocument
from .results.documents import beside_text

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
        InvalidDocument: A line is no JSON object; `index` is the number of documents before it.
        FileNotFoundError: There is no such file.
    """
    with open(os.fspath(path), encoding="utf-8-sig") as lines:
        yield from documents_in(lines)


def documents_in(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The documents of such lines."""
    index = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _refused(index, f"on line {number} is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise _refused(index, f"on line {number} is {type(document).__name__}; accepted is a JSON object")
        yield document
        index += 1


def _refused(index: int, reason: str) -> InvalidDocument:
    return InvalidDocument(
        f"document {index}: its line {reason}", index=index, id=None, field="document", reason=reason
    )


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
