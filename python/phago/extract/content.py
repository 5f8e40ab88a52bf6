"""What a file says: a title, a text, and where in it sections begin."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

__all__ = ["MARK", "Content", "Section", "Unread", "of_marked", "without_marks"]

# Of a line without end; a heading goes into metadata, which is bounded.
_HEADING_MAX = 200

MARK = "\0"
"""Stands before a heading in a text that is still being put together; no text that is read has it."""


class Unread(Exception):
    """A file gave no text; the message says why."""

    def __init__(self, reason: str, *, is_unread: bool = True) -> None:
        super().__init__(reason)
        self.is_unread = is_unread
        """Whether what it holds is not known; else it is known to hold nothing."""


@dataclass(frozen=True, slots=True)
class Section:
    """Where a section begins."""

    start: int
    """The character of the text at which it begins."""
    heading: str = ""
    page: int | None = None
    """Of a PDF: the page, from 1."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says."""

    title: str
    """The one it states; may be empty."""
    text: str
    sections: tuple[Section, ...] = ()
    """In order; what stands before the first one is in none."""
    time: datetime.datetime | None = None
    """When it was written, where it says so with an offset."""
    missed: str = ""
    """What of it could not be read, and why."""


def without_marks(text: str) -> str:
    """A text that may be marked."""
    return text.replace(MARK, "")


def of_marked(title: str, marked: str) -> Content:
    """A text whose headings are marked, each on a line of its own. Without a title, the first heading is it."""
    before, *rest = marked.strip().split(MARK)
    pieces, sections, start = [before], [], len(before)
    for piece in rest:
        heading = piece.partition("\n")[0].strip().strip("#").strip()[:_HEADING_MAX]
        sections.append(Section(start, heading))
        pieces.append(piece)
        start += len(piece)
    return Content(title or (sections[0].heading if sections else ""), "".join(pieces), tuple(sections))
