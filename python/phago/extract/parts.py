"""Long documents in parts, which stand in a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..document import Document
from .content import Section

__all__ = ["ID_BYTES_MAX", "PART", "cut"]

PART = "//"
"""Stands between the id of a document and the number of a part of it; no path has it."""

_BREAKS = [re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s"), re.compile(r"\s")]
ID_BYTES_MAX = 512


def cut(document: Document, size: int | None, sections: Sequence[Section] = ()) -> Iterator[Document]:
    """Parts of about `size` characters, in order; the document itself if it is no longer, or stands in a thread.

    A part ends where a section or a paragraph does, else a line, a sentence, a word, but never before half of the size
    unless a section ends there. It has the title and the metadata of the whole, whose id is the name of the thread; and
    in its metadata the `section` or `page` that it begins in, where sections are given.
    """
    parts = [
        (section, piece)
        for section, text in _stretches(document.text, sections)
        for piece in _pieces(text, len(text) if size is None else size)
    ]
    longest = f"{document.id}{PART}{len(parts)}"
    if len(parts) < 2 or document.id is None or document.thread is not None or len(longest.encode()) > ID_BYTES_MAX:
        yield document
        return
    for place, (section, text) in enumerate(parts, 1):
        yield replace(
            document,
            text=text,
            id=f"{document.id}{PART}{place}",
            thread=document.id,
            place=place,
            metadata={**document.metadata, **_told(section)},
        )


def _told(section: Section | None) -> dict[str, str | int]:
    if section is None:
        return {}
    told: dict[str, str | int] = {"section": section.heading} if section.heading else {}
    return told if section.page is None else {**told, "page": section.page}


def _stretches(text: str, sections: Sequence[Section]) -> Iterator[tuple[Section | None, str]]:
    if not sections:
        yield None, text
        return
    if before := text[: sections[0].start].strip():
        yield None, before
    begun: Section | None = None
    for at, section in enumerate(sections):
        begun = begun or section
        end = sections[at + 1].start if at + 1 < len(sections) else len(text)
        inside = text[section.start : end].strip()
        # A heading with nothing below it but the next one says what that is part of.
        if section.page is None and "\n" not in inside and at + 1 < len(sections):
            continue
        if stretch := text[begun.start : end].strip():
            yield begun, stretch
        begun = None


def _pieces(text: str, size: int) -> Iterator[str]:
    begin, end = 0, len(text.rstrip())
    while end - begin > size:
        at = _break(text, begin + size // 2, begin + size)
        if piece := text[begin:at].strip():
            yield piece
        begin = at
    if piece := text[begin:].strip():
        yield piece


# The last break of the best kind in a stretch, or its end.
def _break(text: str, least: int, most: int) -> int:
    for kind in _BREAKS:
        found = [match.end() for match in kind.finditer(text, least, most)]
        if found:
            return found[-1]
    return most
