"""Which files there are, and the documents in them."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from ..document import BYTES_MAX, Document
from .apart import APART, Apart
from .content import Content, Section, Unread
from .html import read_html
from .lines import LeftOut, is_text, records
from .markdown import read_markdown
from .markup import read_rst
from .notebook import read_notebook
from .parts import ID_BYTES_MAX, cut

__all__ = [
    "KNOWN",
    "SOURCE",
    "File",
    "LeftOut",
    "Source",
    "documents",
    "files_of",
    "is_of_lines",
    "read_files",
    "read_sources",
    "sources",
]

SOURCE = "source_path"
"""The key in the metadata of a document that tells the folder or file it came from."""


def _as_it_is(text: str) -> Content:
    return Content("", text)


# fmt: off
_SOURCE_FILES = {
    ".bash", ".c", ".cc", ".cfg", ".clj", ".cpp", ".cs", ".cxx", ".dart", ".elm", ".erl", ".ex", ".exs", ".f90", ".fs",
    ".go", ".graphql", ".h", ".hpp", ".hs", ".ini", ".java", ".jl", ".js", ".json", ".jsx", ".kt", ".kts", ".lua", ".m",
    ".mjs", ".ml", ".mm", ".nim", ".php", ".pl", ".proto", ".ps1", ".py", ".pyi", ".pyx", ".r", ".rb", ".rs", ".scala",
    ".sh", ".sql", ".swift", ".tf", ".toml", ".ts", ".tsx", ".vim", ".vue", ".yaml", ".yml", ".zig", ".zsh",
}
# fmt: on
_TEXT: dict[str, Callable[[str], Content]] = {
    ".txt": _as_it_is,
    ".text": _as_it_is,
    ".log": _as_it_is,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".rst": read_rst,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".ipynb": read_notebook,
    **dict.fromkeys(_SOURCE_FILES, _as_it_is),
}
_LINES = {".jsonl", ".ndjson"}
KNOWN = (
    f"{', '.join(sorted(APART))}; {', '.join(sorted({*_TEXT, *_LINES} - _SOURCE_FILES))} and source files "
    "(.py, .rs, .js and others), each with .gz or without"
)
"""The suffixes of files that are read. A file without one is text."""
# Other programs fill these, and fill them again.
_FILLED = {"node_modules", "__pycache__", "bower_components", "site-packages"}
_FILLED_BY = ("CACHEDIR.TAG", "pyvenv.cfg")
# And what stands in the directory of every colony.
_COLONYS = {"LOCK", "witness"}
# Pages name their encoding, and more of them are wrong about UTF-8 than are UTF-8 by chance.
_CHARSET = re.compile(
    rb"(?:charset|encoding)\s*=\s*[\"']?\s*"
    rb"(iso-8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|shift_jis|euc-jp|euc-kr|gb2312|gbk|gb18030|big5)\b",
    re.IGNORECASE,
)
_CHARSET_WITHIN = 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or a file that a user named."""

    path: Path
    name: str
    """What the ids of its documents begin with: the name of the folder or file, below a prefix where there is one."""

    label: str = field(init=False)
    """What its documents carry as `source_path` in their metadata: the path when it was named, as a link may change."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", os.path.realpath(self.path))


def sources(paths: Sequence[str], prefix: str = "") -> list[Source]:
    """What paths name.

    Args:
        paths: Folders and files.
        prefix: What all ids begin with, before a slash and the name: two folders of one name need two.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: Two of them have the same name, so that ids of their documents could be the same; or no id has room
            below the prefix.
    """
    found: dict[str, Source] = {}
    for given in paths:
        path = Path(given)
        # An empty path would be the folder in which the program stands.
        if not given or not path.exists():
            raise FileNotFoundError(given)
        name = f"{prefix}/{path.resolve().name}" if prefix else path.resolve().name
        # Of a folder, a slash and a name follow.
        shortest = len(os.fsencode(name)) + 2 * path.is_dir()
        if shortest > ID_BYTES_MAX:
            advice = f"an id takes at most {ID_BYTES_MAX} bytes, and one below this prefix takes {shortest} or more"
            raise ValueError(f"the prefix is too long for `{path}`: {advice}")
        other = found.setdefault(name, Source(path, name))
        if other.path.resolve() != path.resolve():
            advice = "take them in one after the other, each with a prefix of its own"
            raise ValueError(
                f"`{other.path}` and `{path}` have the same name, by which the ids of documents begin; {advice}"
            )
    return list(found.values())


@dataclass(frozen=True, slots=True)
class File:
    """A file of a source."""

    name: str
    """As the ids of its documents begin."""
    path: Path


def read_sources(
    given: Sequence[Source],
    *,
    skip: str | os.PathLike[str] | None = None,
    part: int | None = None,
    sections: bool = False,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[tuple[Source, Document | LeftOut]]:
    """The documents of folders and files, in the order of their paths, and what is left out and why.

    A document of a text file has the id `NAME/PATH`, NAME being that of the folder and PATH the one inside, with
    forward slashes; of a single file NAME alone; below the prefix of its source. Its title is the one it states, else
    the file's name without suffix. A line of JSON is an object with `text`, and perhaps the other fields of a
    `Document`; without an id it goes by file and line. Every document has `source_path` in its metadata: the folder or
    file it came from, by which `sync` knows its own.
    Hidden files are passed over; folders that programs fill or that hold a colony are left out.

    Args:
        given: The folders and files.
        skip: A folder that is passed over, wherever it is.
        part: Cut longer texts into parts of about so many characters, which stand in a thread; see `cut`.
        sections: Make each section (below a heading, or a page of a PDF) a part.
        tell: Called before each file with the number of files that are done and that of all.
    """
    found = [(source, file) for source in given for file in files_of(source, skip)]
    yield from read_files(found, part=part, sections=sections, tell=tell)


def documents(
    *paths: str | os.PathLike[str],
    part: int | None = None,
    sections: bool = False,
    left_out: Callable[[LeftOut], None] = lambda one: None,
    prefix: str = "",
) -> Iterator[Document]:
    """The documents of folders and files, as `phago ingest` takes them: `colony.ingest(documents("notes"))`.

    Args:
        *paths: Folders and files.
        part: Cut longer texts into parts of about so many characters, which stand in a thread.
        sections: Make each section (below a heading, or a page of a PDF) a part.
        left_out: Called with each file that is no document, and why.
        prefix: What all ids begin with, before a slash: two folders of one name need two.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: Two of them have the same name, so that ids of their documents could be the same.
    """
    given = sources([os.fspath(path) for path in paths], prefix)
    for _, found in read_sources(given, part=part, sections=sections):
        if isinstance(found, Document):
            yield found
        else:
            left_out(found)


def read_files(
    files: Sequence[tuple[Source, File | LeftOut]],
    *,
    part: int | None = None,
    sections: bool = False,
    tell: Callable[[int, int], None] = lambda done, total: None,
    apart: Apart | None = None,
) -> Iterator[tuple[Source, Document | LeftOut]]:
    """The documents of some files, as `read_sources`; who calls it often hands over the process for PDF files."""
    with contextlib.nullcontext(apart) if apart is not None else Apart() as apart:
        for done, (source, file) in enumerate(files):
            tell(done, len(files))
            for found, where in [(file, ())] if isinstance(file, LeftOut) else _documents(file, apart):
                if isinstance(found, LeftOut):
                    yield source, found
                    continue
                found = replace(found, metadata={**found.metadata, SOURCE: source.label})
                is_cut = part is not None or (sections and bool(where))
                for document in cut(found, part, where if sections else ()) if is_cut else [found]:
                    yield source, document


def is_of_lines(name: str) -> bool:
    """Whether a file's documents may have any ids."""
    return not _LINES.isdisjoint(Path(name.lower().removesuffix(".gz")).suffixes[-1:])


def files_of(source: Source, skip: str | os.PathLike[str] | None = None) -> Iterator[File | LeftOut]:
    """The files of a source in the order of their paths, and the folders that are left out."""
    if not source.path.is_dir():
        yield File(source.name, source.path)
        return
    away = None if skip is None else os.path.realpath(skip)
    names: list[tuple[str, File | LeftOut]] = []

    def name_of(path: str) -> str:
        inside = Path(path).relative_to(source.path).as_posix()
        return source.name if inside == "." else f"{source.name}/{inside}"

    def missed(error: OSError) -> None:
        name = name_of(error.filename)
        # A folder that is passed over in silence would be taken for empty.
        unread = LeftOut(name, f"not readable: {error.strerror}", is_unread=True, is_of_lines=True)
        names.append((name, unread))

    for folder, folders, files in os.walk(source.path, onerror=missed):
        if os.path.realpath(folder) == away:
            folders.clear()
            if Path(folder) == source.path:
                # In silence it would look empty.
                names.append((source.name, LeftOut(source.name, "the directory of this colony, which is not read")))
            continue
        prefix = name_of(folder)
        if _COLONYS.issubset(files) and any(name.startswith("log-") for name in files):
            folders.clear()
            names.append((prefix, LeftOut(prefix, "a folder that holds a colony")))
            continue
        if Path(folder) != source.path and (
            os.path.basename(folder) in _FILLED or not set(_FILLED_BY).isdisjoint(files)
        ):
            folders.clear()
            names.append((prefix, LeftOut(prefix, "a folder that programs fill")))
            continue
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                linked = f"{prefix}/{name}"
                names.append((linked, LeftOut(linked, "a link to a folder, which is not followed", is_unread=True)))
        names += [
            (f"{prefix}/{name}", File(f"{prefix}/{name}", Path(folder) / name))
            for name in files
            if not name.startswith(".")
        ]
    for _, found in sorted(names, key=lambda named: named[0]):
        yield found


def _documents(file: File, apart: Apart) -> Iterator[tuple[Document | LeftOut, Sequence[Section]]]:
    name, path = file.name, file.path
    if not is_text(name):
        of_lines = is_of_lines(name)
        shown = name.encode(errors="replace").decode()
        yield LeftOut(shown, "its name is not valid text", is_unread=of_lines, is_of_lines=of_lines), ()
        return
    packed = path.suffix.lower() == ".gz"
    suffix = Path(path.stem).suffix.lower() if packed else path.suffix.lower()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            # A pipe would be waited for, a device may never end.
            reason = "no file with content: a pipe, a socket or a device"
            yield LeftOut(name, reason, is_unread=True, is_of_lines=suffix in _LINES), ()
            return
        if suffix in APART and not packed:
            yield from _read(lambda: apart.read(path, suffix), name, path.stem)
            return
        with cast("IO[bytes]", gzip.open(path) if packed else path.open("rb")) as stream:
            if suffix in _LINES:
                yield from ((found, ()) for found in records(stream, name))
            elif suffix in _TEXT or not suffix:
                stem = Path(path.stem).stem if packed else path.stem
                title = f"{stem}{suffix}" if suffix in _SOURCE_FILES else stem
                data = stream.read(BYTES_MAX + 4)
                yield from _read(lambda: _content(data, suffix or ".txt"), name, title)
            else:
                yield LeftOut(name, f"of an unknown kind ({suffix})", is_unread=True, is_unknown=True), ()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        reason = "damaged: its packing ends early or is broken"
        yield LeftOut(name, reason, is_unread=True, is_of_lines=suffix in _LINES), ()
    except OSError as error:
        reason = f"not readable: {error.strerror or error}"
        yield LeftOut(name, reason, is_unread=True, is_of_lines=suffix in _LINES), ()


def _read(read: Callable[[], Content], name: str, title: str) -> Iterator[tuple[Document | LeftOut, Sequence[Section]]]:
    try:
        content = read()
    except Unread as error:
        yield LeftOut(name, str(error), is_unread=error.is_unread), ()
        return
    if not content.text.strip():
        yield LeftOut(name, "blank"), ()
        return
    yield Document(content.text, name, content.title or title, time=content.time), content.sections
    if content.missed:
        yield LeftOut(name, content.missed), ()


def _content(data: bytes, suffix: str) -> Content:
    if len(data) > BYTES_MAX:
        raise Unread("over 16 MiB")
    read = _TEXT[suffix]
    try:
        source = _decoded(data, may_name_its_encoding=read is read_html)
    except UnicodeDecodeError:
        raise Unread("binary" if b"\0" in data else "not UTF-8") from None
    if "\0" in source:
        raise Unread("binary")
    return read(source)


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
