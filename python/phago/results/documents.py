"""What becomes of documents."""

from __future__ import annotations

from typing import Any, cast

from .._later import datetime
from .._pickles import restored
from .._records import dataclass, field
from ..document import FIELDS, Scalar
from ._show import plain, short

__all__ = ["IngestReport", "Rejected", "StoredDocument", "UpdateReport"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that was left out with `on_error="skip"`, or one of which a part is not indexed."""

    index: int
    """Its position in the caller's sequence, from 0."""
    id: str | None
    field: str
    """The field at fault."""
    reason: str
    """What is wrong with it and what would be accepted."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the documents of one `ingest`."""

    accepted: int = 0
    """New documents."""
    unchanged: int = 0
    """Documents that the colony already had, with the same content."""
    rejected: tuple[Rejected, ...] = ()
    """Those left out, in the caller's order."""
    unindexed: tuple[Rejected, ...] = ()
    """Of the new documents, those with words that no question finds: a word of more than 256 bytes is not indexed."""

    __setstate__ = restored


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """What became of the documents of one `update_all`."""

    new: int = 0
    """Documents whose ids no document had."""
    changed: int = 0
    """Documents that were replaced, or that have another `expires` now."""
    unchanged: int = 0
    """Documents that the colony already had, with the same content."""
    rejected: tuple[Rejected, ...] = ()
    """Those left out, in the caller's order."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredDocument:
    """A stored document."""

    id: str
    title: str
    text: str
    arrival: int
    """The first tick that could digest it: the one after it came."""
    digested: int | None
    """The tick in which it was digested; `None` while it waits."""
    metadata: dict[str, Scalar | list[Scalar]] = field(default_factory=dict, hash=False)
    """What was said of it beside its text, sorted by key."""
    expires: int | datetime.datetime | None = None
    """When it leaves by itself: after the tick of this number, or from this time on, in UTC; `None` for never."""
    thread: str | None = None
    """The thread that it stands in."""
    place: int | None = None
    """Its place in that thread."""
    time: datetime.datetime | None = None
    """The moment that it is of, in UTC."""
    vector: tuple[int, ...] | None = None
    """Its vector, as it is kept: whole numbers from -127 to 127."""

    __setstate__ = restored

    def to_dict(self) -> dict[str, Any]:
        """All of it as what JSON can hold."""
        return cast("dict[str, Any]", plain(self))

    def __repr__(self) -> str:
        title = f", title={short(self.title)}" if self.title else ""
        return f"StoredDocument(id={short(self.id)}{title}, text={short(self.text)}, digested={self.digested})"


_BESIDE_TEXT = tuple(name for name in FIELDS if name not in ("id", "title", "text"))


def beside_text(document: Any) -> dict[str, Any]:
    """What a document, or its row, has beside id, title and text, as JSON can hold it."""
    values = ((name, getattr(document, name)) for name in _BESIDE_TEXT)
    return {name: plain(value) for name, value in values if value is not None and value != {}}
