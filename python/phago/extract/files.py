"""Which files there are, and the documents in them."""

from __future__ import annotations

import gzip
import json
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from ..document import BYTES_MAX, FIELDS, Document
from .html import text_of_html
from .markup import text_of_markdown, text_of_rst
from .parts import cut

__all__ = ["KNOWN", "SOURCE", "LeftOut", "Source", "read_sources", "sources"]

SOURCE = "source_path"
"""The key in the metadata of a document that tells the folder or file it came from."""

_TEXT: dict[str, Callable[[str], tuple[str, str]]] = {
    ".txt": lambda text: ("", text),
    ".text": lambda text: ("", text),
    ".md": text_of_markdown,
    ".markdown": text_of_markdown,
    ".rst": text_of_rst,
    ".html": text_of_html,
    ".htm": text_of_html,
    ".xhtml": text_of_html,
}
_LINES = {".jsonl", ".ndjson"}
KNOWN = f"{', '.join(sorted({*_TEXT, *_LINES}))}, each with .gz or without"
"""The suffixes of files that are read. A file without one is text."""
# Pages name their encoding, and more of them are wrong about UTF-8 than are UTF-8 by chance.
_CHARSET = re.compile(
    rb"(?:charset|encoding)\s*=\s*[\"']?\s*"
    rb"(iso-8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|shift_jis|euc-jp|euc-kr|gb2312|gbk|gb18030|big5)\b",
    re.IGNORECASE,
)
_CHARSET_WITHIN = 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_FIELDS = {"_id", *FIELDS}
# What a packed file may unpack to, a line at a time or whole: no small file fills the memory.
_LINE_MAX = 4 * BYTES_MAX


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a line of one, that is no document."""

    path: str
    """As the ids of its documents would begin."""
    reason: str
    is_unread: bool = False
    """Whether it could not be read, so that what it holds is not known."""
    is_of_lines: bool = False
    """Whether it is a file, or a line of one, whose documents may have any ids."""
    is_unknown: bool = False
    """Whether it is of a kind that is not read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or a file that a user named."""

    path: Path
    name: str
    """What the ids of its documents begin with: the name of the folder or file."""

    @property
    def label(self) -> str:
        """What its documents carry as `source_path` in their metadata."""
        return str(self.path.resolve())


def sources(paths: Sequence[str]) -> list[Source]:
    """What paths name.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: Two of them have the same name, so that ids of their documents could be the same.
    """
    found: dict[str, Source] = {}
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise FileNotFoundError(given)
        name = path.resolve().name
        other = found.setdefault(name, Source(path, name))
        if other.path.resolve() != path.resolve():
            raise ValueError(f"`{other.path}` and `{path}` have the same name, by which the ids of documents begin")
    return list(found.values())


def read_sources(
    given: Sequence[Source],
    *,
    skip: str | os.PathLike[str] | None = None,
    part: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[Source, Document | LeftOut]]:
    """The documents of folders and files, in the order of their paths, and what is left out and why.

    A document of a text file has the id `NAME/PATH`, NAME being that of the folder and PATH the one inside, with
    forward slashes; of a single file NAME alone. Its title is the one it states, else the file's name without suffix.
    A line of JSON is an object with `text`, and perhaps the other fields of a `Document`; without an id it goes by
    file and line. Every document has `source_path` in its metadata: the folder or file it came from, by which `sync`
    knows its own.
    Hidden files are passed over.

    Args:
        given: The folders and files.
        skip: A folder that is passed over, wherever it is.
        part: Cut longer texts into parts of about so many characters, which stand in a thread; see `cut`.
        tell: Called before each file with the number of files that are done and that of all.
    """
    away = None if skip is None else os.path.realpath(skip)
    named = [(source, name, file) for source in given for name, file in _files(source, away)]
    for done, (source, name, file) in enumerate(named):
        tell(done, len(named))
        for found in [file] if isinstance(file, LeftOut) else _documents(file, name):
            if isinstance(found, LeftOut):
                yield source, found
                continue
            found = replace(found, metadata={**found.metadata, SOURCE: source.label})
            for document in [found] if part is None else cut(found, part):
                yield source, document


def _files(source: Source, skip: str | None) -> Iterator[tuple[str, Path | LeftOut]]:
    if not source.path.is_dir():
        yield source.name, source.path
        return
    names: list[tuple[str, Path | LeftOut]] = []

    def name_of(path: str) -> str:
        inside = Path(path).relative_to(source.path).as_posix()
        return source.name if inside == "." else f"{source.name}/{inside}"

    def missed(error: OSError) -> None:
        name = name_of(error.filename)
        # A folder that is passed over in silence would be taken for empty.
        unread = LeftOut(name, f"not readable: {error.strerror}", is_unread=True, is_of_lines=True)
        names.append((name, unread))

    for folder, folders, files in os.walk(source.path, onerror=missed):
        if os.path.realpath(folder) == skip:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        prefix = name_of(folder)
        names += [(f"{prefix}/{name}", Path(folder) / name) for name in files if not name.startswith(".")]
    yield from sorted(names, key=lambda named: named[0])


def _documents(file: Path, name: str) -> Iterator[Document | LeftOut]:
    if not _is_text(name):
        yield LeftOut(name.encode(errors="replace").decode(), "its name is not valid text")
        return
    packed = file.suffix.lower() == ".gz"
    suffix = Path(file.stem).suffix.lower() if packed else file.suffix.lower()
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            # A pipe would be waited for, a device may never end.
            yield LeftOut(name, "no file with content: a pipe, a socket or a device")
            return
        with cast("IO[bytes]", gzip.open(file) if packed else file.open("rb")) as stream:
            if suffix in _LINES:
                yield from _records(stream, name)
            elif suffix in _TEXT or not suffix:
                stem = Path(file.stem).stem if packed else file.stem
                yield _whole(stream.read(BYTES_MAX + 4), name, stem, suffix or ".txt")
            else:
                yield LeftOut(name, f"of an unknown kind ({suffix})", is_unknown=True)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield LeftOut(
            name, "damaged: its packing ends early or is broken", is_unread=True, is_of_lines=suffix in _LINES
        )
    except OSError as error:
        reason = f"not readable: {error.strerror or error}"
        yield LeftOut(name, reason, is_unread=True, is_of_lines=suffix in _LINES)


def _whole(data: bytes, name: str, stem: str, suffix: str) -> Document | LeftOut:
    if len(data) > BYTES_MAX:
        return LeftOut(name, "over 16 MiB")
    try:
        source = _decoded(data, may_name_its_encoding=_TEXT[suffix] is text_of_html)
    except UnicodeDecodeError:
        return LeftOut(name, "binary" if b"\0" in data else "not UTF-8")
    if "\0" in source:
        return LeftOut(name, "binary")
    title, text = _TEXT[suffix](source)
    if not text.strip():
        return LeftOut(name, "blank")
    return Document(text, name, title or stem)


def _decoded(data: bytes, *, may_name_its_encoding: bool) -> str:
    if data.startswith(_UTF_16):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        named = _CHARSET.search(data, 0, _CHARSET_WITHIN) if may_name_its_encoding else None
        if named is None:
            raise
        charset = named.group(1).decode().lower()
        # As browsers read it: what is called Latin 1 has quotation marks and dashes of Windows.
        return data.decode("windows-1252" if charset in ("iso-8859-1", "latin1", "latin-1") else charset)


def _records(stream: IO[bytes], name: str) -> Iterator[Document | LeftOut]:
    number = 0
    while line := stream.readline(_LINE_MAX):
        number += 1
        at = f"{name}:{number}"
        if len(line) >= _LINE_MAX:
            reason = "over 64 MiB in one line; what follows it is not read"
            yield LeftOut(at, reason, is_unread=True, is_of_lines=True)
            return
        if line.strip():
            yield _record(line, at, first=number == 1)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _record(line: bytes, at: str, *, first: bool) -> Document | LeftOut:
    try:
        row = json.loads(line.decode("utf-8-sig" if first else "utf-8"))
    except (ValueError, RecursionError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not JSON"
        return LeftOut(at, reason, is_unread=True, is_of_lines=True)
    if not isinstance(row, dict):
        return LeftOut(at, "no object with `text`")
    unknown = row.keys() - _FIELDS
    if unknown:
        # No field is lost in silence.
        return LeftOut(at, f"has the field `{min(unknown)}`; known are {', '.join(sorted(_FIELDS))}")
    key: Any = row.get("id", row.get("_id"))
    key = at if key is None else str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    text, title, metadata = row.get("text"), row.get("title") or "", row.get("metadata") or {}
    for field, value, kind in (
        ("id", key, str),
        ("text", text, str),
        ("title", title, str),
        ("metadata", metadata, dict),
    ):
        if not isinstance(value, kind):
            return LeftOut(at, f"has `{field}` of type {type(value).__name__}; accepted is {kind.__name__}")
    if not _is_text(key):
        return LeftOut(at, "has an `id` that is not valid text")
    # `ingest` reads the other fields, and says what is wrong with them: a time is text in JSON.
    row.pop("_id", None)
    return Document(**{**row, "text": text, "id": key, "title": title, "metadata": metadata})
