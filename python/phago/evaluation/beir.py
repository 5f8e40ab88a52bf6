"""Collections of documents, questions and judgements, in the layout of BEIR.

A folder holds `corpus.jsonl` (`_id`, `text`, perhaps `title`, and `thread` with `place`), `queries.jsonl` (`_id`,
`text`) and judgements: `qrels.tsv` or `qrels/test.tsv`, else `qrels/dev.tsv` or `qrels/train.tsv`. A line of judgements
is question, document, grade, or, as TREC has it, question, iteration, document, grade, with tabs or spaces between
them; the first line may be a header. Each file may be packed with gzip and then ends in `.gz`.

The thread of a document and its place there may also stand in its `metadata`, where the place may be called `turn`. A
document without both stands in no thread.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, ClassVar, cast

from ..document import Document
from ..errors import PhagoError

__all__ = ["Collection", "CollectionError", "read_collection"]

_CORPUS = ("corpus.jsonl",)
_QUERIES = ("queries.jsonl",)
_QRELS = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv")
# Grades beyond nine digits are no grades, and a float could not hold their sums.
_GRADE = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?")


class CollectionError(PhagoError):
    """A folder that is not a collection, or one with a fault.

    Attributes:
        path: The file or folder at fault.
        line: The line at fault, from 1; `None` where it is the whole file.
    """

    _fields: ClassVar[tuple[str, ...]] = ("path", "line")
    path: str
    line: int | None


@dataclass(frozen=True)
class Collection:
    """What a folder holds."""

    path: str
    name: str
    """The folder's name."""
    documents: list[Document]
    questions: dict[str, str]
    """The judged questions by id, in the order of their file."""
    grades: dict[str, dict[str, float]]
    """For each of them the judged documents; a grade above 0 is an answer, a higher one a better answer."""

    @cached_property
    def copied(self) -> frozenset[str]:
        """The questions that are copies of the document with the same id, which BEIR leaves out of the ranking.

        Equal ids alone do not tell: many collections number questions and documents from 1. The document has to hold
        the question's text.
        """
        documents = {document.id: document for document in self.documents if document.id in self.questions}
        return frozenset(
            name
            for name, document in documents.items()
            if name is not None and _folded(self.questions[name]) in _folded(f"{document.title} {document.text}")
        )


def read_collection(path: str | os.PathLike[str]) -> Collection:
    """Read a collection.

    Args:
        path: The folder. Of the files that would do, the first one named above is read, the unpacked one before the
            packed.

    Raises:
        CollectionError: A file is missing, damaged or empty, a line is broken, an id is there twice, or no question is
            judged.
    """
    folder = Path(path)
    if not folder.is_dir():
        what = (
            f"`{folder}` is a file; give the folder it is in" if folder.exists() else f"there is no folder `{folder}`"
        )
        raise CollectionError(what, path=str(folder))
    corpus, queries, qrels = (_find(folder, names) for names in (_CORPUS, _QUERIES, _QRELS))
    documents = {
        name: Document(text, name, title, thread=thread, place=place)
        for name, text, title, thread, place in _records(corpus, titled=True)
    }
    asked = {name: text for name, text, *_ in _records(queries, titled=False)}
    for file, found in ((corpus, documents), (queries, asked)):
        if not found:
            raise _fault(file, None, "holds nothing")
    grades = _judgements(qrels, asked.keys(), documents.keys())
    questions = {name: text for name, text in asked.items() if name in grades}
    return Collection(str(folder), folder.resolve().name, list(documents.values()), questions, grades)


def _find(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        for file in (folder / name, folder / f"{name}.gz"):
            if file.is_file():
                return file
    accepted = " or ".join(f"`{name}`" for name in names)
    what = f"there is no `{names[0]}` in `{folder}`; accepted is {accepted}, gzipped or not"
    raise CollectionError(what, path=str(folder))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _fault(file: Path, line: int | None, what: str) -> CollectionError:
    where = f"`{file}`" if line is None else f"`{file}` line {line}"
    return CollectionError(f"{where} {what}", path=str(file), line=line)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    number = 0
    try:
        with cast("IO[bytes]", gzip.open(file) if file.suffix == ".gz" else file.open("rb")) as stream:
            # Bytes are cut at line feeds only; text would be cut at signs that JSON allows inside a string.
            for number, line in enumerate(stream, 1):
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if text.strip():
                    yield number, text
    except UnicodeDecodeError as error:
        raise _fault(file, number, "is not UTF-8") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _fault(file, None, f"is damaged after line {number}: {error}") from error
    except OSError as error:
        raise _fault(file, None, f"cannot be read: {error.strerror or error}") from error


def _records(file: Path, *, titled: bool) -> Iterator[tuple[str, str, str, str | None, int | None]]:
    """Id, text, title, thread and place of every line."""
    lines: dict[str, int] = {}
    for number, line in _lines(file):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            at = f" at column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
            raise _fault(file, number, f"is not JSON{at}") from error
        if not isinstance(row, dict):
            raise _fault(file, number, f"is of type {type(row).__name__}; accepted is an object with `_id` and `text`")
        name = row.get("_id")
        # Some collections number their documents.
        name = str(name) if isinstance(name, int) and not isinstance(name, bool) else _text(file, number, "_id", name)
        if not name:
            raise _fault(file, number, "has an empty `_id`")
        if name in lines:
            raise _fault(file, number, f"has the `_id` `{name}`, which line {lines[name]} has")
        lines[name] = number
        title = row.get("title") if titled else None
        yield (
            name,
            _text(file, number, "text", row.get("text")),
            "" if title is None else _text(file, number, "title", title),
            *_thread(file, number, row),
        )


def _thread(file: Path, line: int, row: dict[str, Any]) -> tuple[str | None, int | None]:
    for holder in (row, row.get("metadata")):
        if not isinstance(holder, dict):
            continue
        thread, place = holder.get("thread"), holder.get("place", holder.get("turn"))
        if thread is None or place is None:
            continue
        if isinstance(place, bool) or not isinstance(place, int):
            raise _fault(file, line, f"has a place in a thread of type {type(place).__name__}; accepted is an integer")
        return _text(file, line, "thread", thread), place
    return None, None


def _text(file: Path, line: int, field: str, value: Any) -> str:
    if value is None:
        raise _fault(file, line, f"has no `{field}`")
    if not isinstance(value, str):
        raise _fault(file, line, f"has `{field}` of type {type(value).__name__}; accepted is a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _fault(file, line, f"has half a character in `{field}`, which is no text") from error
    return value


def _judgements(file: Path, asked: Container[str], known: Container[str]) -> dict[str, dict[str, float]]:
    grades: dict[str, dict[str, float]] = {}
    first = True
    for number, line in _lines(file):
        columns = line.split("\t")
        # An id may hold spaces where tabs part the columns.
        if len(columns) not in (3, 4):
            columns = line.split()
        if len(columns) not in (3, 4):
            accepted = "question, document and grade, or question, iteration, document and grade"
            raise _fault(file, number, f"has {len(columns)} column{'s' * (len(columns) != 1)}; accepted is {accepted}")
        question, document, grade = columns[0], columns[-2], columns[-1].strip()
        header, first = first, False
        if not _GRADE.fullmatch(grade):
            # A first line that judges nothing is a header, unless it speaks of what is there.
            if header and question not in asked and document not in known:
                continue
            raise _fault(file, number, f"has the grade `{grade}`; accepted is a number")
        # Collections are often cut after they were judged. As trec_eval has it, an answer that is not there counts as
        # not found; of a question that is not asked nothing is known.
        if question not in asked:
            continue
        value = float(grade)
        before = grades.setdefault(question, {}).setdefault(document, value)
        if before != value:
            raise _fault(file, number, f"judges `{document}` for `{question}` again, as {value:g} and not {before:g}")
    if not any(grade > 0 for judged in grades.values() for grade in judged.values()):
        raise _fault(file, None, "judges no document to be an answer" if grades else "holds no judgement")
    return grades
