"""Long documents in parts, which stand in a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..document import Document

__all__ = ["PART", "cut"]

PART = "//"
"""Stands between the id of a document and the number of a part of it; no path has it."""

_BREAKS = [re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"(?<=[.!?])\s"), re.compile(r"\s")]
_ID_BYTES_MAX = 512


def cut(document: Document, size: int) -> Iterator[Document]:
    """Parts of about `size` characters, in order; the document itself if it is no longer, or stands in a thread.

    A part ends where a paragraph does, else a line, a sentence, a word, but never before half of the size. It has the
    title and the metadata of the whole, whose id is the name of the thread.
    """
    parts = list(_pieces(document.text, size))
    longest = f"{document.id}{PART}{len(parts)}"
    if len(parts) < 2 or document.id is None or document.thread is not None or len(longest.encode()) > _ID_BYTES_MAX:
        yield document
        return
    for place, text in enumerate(parts, 1):
        yield replace(document, text=text, id=f"{document.id}{PART}{place}", thread=document.id, place=place)


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
