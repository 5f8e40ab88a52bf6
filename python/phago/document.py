"""Documents, and folders full of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

from ._later import datetime, pathlib
from ._pickles import restored
from ._records import dataclass, field

__all__ = ["Document", "Metadata", "Scalar", "read_folder"]

Scalar = str | int | float | bool
"""A value of metadata, as a colony gives it back: text, an integer, a finite float, or a bool, which is no number."""

if TYPE_CHECKING:
    import uuid

    Value = Scalar | SupportsIndex | datetime.date | uuid.UUID | os.PathLike[str] | None
    """A value of metadata, as a colony takes it; a `datetime` is a `date`."""

    Metadata = Mapping[str, Value | Sequence[Value]]
    """What is said of a document beside its text, by key."""
else:
    # Nobody needs to import what makes UUIDs to be told that one is taken.
    Metadata = Mapping[str, Any]

BYTES_MAX = 16 << 20
"""The largest text of a document, in bytes of UTF-8."""

# Text has no zero bytes; a look at the beginning tells pictures, archives and programs without reading them whole.
_LOOK = 8192


@dataclass(frozen=True, slots=True)
class Document:
    """A text to be digested.

    >>> document = Document("Ions cross the membrane.", id="a", title="Cells")
    >>> document.id, document.title, document.thread
    ('a', 'Cells', None)
    """

    text: str
    """At most 16 MiB of UTF-8."""
    id: str | None = None
    """The caller's name for it. Without one, the id is a hash of the content."""
    title: str = ""
    metadata: Metadata = field(default_factory=dict, hash=False)
    """What `query(..., where=...)` filters by: values, or sequences of them (perhaps empty), by key.

    A value is text, an integer from -2^63 to 2^64 - 1, a finite float, or a bool. `None` is a key that is not there;
    NaN is refused. A UUID or a path is its text; a date is text such as "2024-05-01", a datetime such as
    "2024-05-01T09:30:00.000000", and in UTC ("...+00:00") if it has a time zone, so that both compare in the order of
    time, each with its kind. One outside of the years 1 to 9999 is refused, and so is a duration. A scalar or an array
    of numpy or pandas is taken as what it holds.

    At most 64 keys, and 64 KiB: the UTF-8 of keys and strings, and 8 bytes for each value. No word of it is searched.
    It is a part of the content: where it differs, if only as 1 from 1.0, the content does.
    """
    expires: int | datetime.datetime | None = None
    """When it leaves by itself, as if `Colony.delete` were called then; `None` for never.

    A number is a tick, up to 4,294,967,294: the document is there until the tick of that number has been made, and gone
    after it. A datetime needs a time zone, and counts to the microsecond: the document is gone after the first tick
    that is given a `now` as late or later (`Colony.tick`, `run`). A lifetime that is over already ends with the next
    tick. A colony has no clock of its own: without `now`, datetimes do nothing.

    It is a part of the content, as metadata is. In JSON it is a number, or the datetime in ISO 8601.
    """
    thread: str | None = None
    """The thread that it stands in: a conversation of which it is a turn, a file of which it is a part, a log.

    Its neighbours there are its context: what they say is a part of its score (`Ranking.context_weight`). A name of at
    most 512 bytes of UTF-8; any documents with the same name and a `place` are one thread. It is a part of the content,
    as metadata is.
    """
    place: int | None = None
    """Its place in that thread, from -2^63 to 2^63 - 1; given with every `thread`, and never without.

    Only the order matters, not how far two places are apart. Documents of one place are in the order of the hashes of
    their ids.
    """
    time: datetime.datetime | str | None = None
    """The moment that it is of: a datetime with a time zone, or its text in ISO 8601. It counts to the microsecond.

    A part of the content, as metadata is. `query(..., as_of=, since=, until=)` restrict by it, and with `newer=` later
    documents come first. Nothing else reads it.
    """
    vector: Any = field(default=None, hash=False)
    """A vector of one's own, such as what a model makes of the text: numbers in a list, a tuple, an array or any buffer
    of floats, of one dimension and not all 0.

    Only its direction counts. It is kept as whole numbers from -127 to 127, in proportion to its largest one: a byte
    for each. The first vector of a colony fixes how many numbers all have. It is a part of the content, but not of the
    id of a document without one. In JSON it is a list.
    """

    __setstate__ = restored


FIELDS = Document.__match_args__
"""The names of a document's fields, in order."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not a document."""

    path: str
    """Relative to the folder, with forward slashes."""
    reason: str


def read_folder(path: str | os.PathLike[str], pattern: str = "**/*") -> Iterator[Document]:
    """Yield the text files of a folder as documents, in the order of their paths.

    A document's id is the file's path relative to the folder, with forward slashes; its title is the file's name
    without the suffix. Left out are: hidden files and folders (a name that begins with a dot), files with a zero
    byte in their first 8 KiB, files that are not UTF-8 (a byte-order mark is allowed and dropped), blank files, files
    over 16 MiB, and files whose name is not valid text. Links to folders are not followed.

    Args:
        path: The folder.
        pattern: A pattern as `pathlib.Path.glob` takes it, such as `"**/*.md"`.

    Raises:
        FileNotFoundError: There is no such folder.
        NotADirectoryError: The path is a file.
        PermissionError: The folder or one of its files may not be read.
    """
    for found in scan_folder(path, pattern):
        if isinstance(found, Document):
            yield found
        elif isinstance(found, OSError):
            raise found


def scan_folder(path: str | os.PathLike[str], pattern: str = "**/*") -> Iterator[Document | Skipped | OSError]:
    """As `read_folder`, with the files that were left out, and the errors of those that could not be read."""
    root = pathlib.Path(path)
    # Only for its errors: a missing, wrong or forbidden folder raises here and does not look like an empty one.
    with os.scandir(root):
        pass
    relative = {found.relative_to(root).as_posix(): found for found in root.glob(pattern)}
    for name in sorted(relative):
        if any(part.startswith(".") for part in name.split("/")):
            continue
        try:
            if not relative[name].is_file():
                continue
            yield _read(relative[name], name)
        except OSError as error:
            yield error


def _read(file: pathlib.Path, name: str) -> Document | Skipped:
    try:
        name.encode()
    except UnicodeEncodeError:
        return Skipped(name.encode(errors="replace").decode(), "its name is not valid text")
    with file.open("rb") as stream:
        start = stream.read(_LOOK)
        if b"\0" in start:
            return Skipped(name, "binary")
        # One byte more than allowed tells a file that is too large from one that just fits.
        data = start + stream.read(BYTES_MAX + 4 - len(start))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Skipped(name, "over 16 MiB" if len(data) > BYTES_MAX else "not UTF-8")
    if len(text.encode()) > BYTES_MAX:
        return Skipped(name, "over 16 MiB")
    if not text.strip():
        return Skipped(name, "blank")
    return Document(text, id=name, title=file.stem)
