"""PDF, by pypdf."""

from __future__ import annotations

import re
from pathlib import Path

from .content import Content, Section, Unread

__all__ = ["read_pdf"]

# A word that goes on in the next line; what is written with a capital or a digit after it is two.
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n(?=[a-zß-ÿ])")
_BLANK = re.compile(r"\n{3,}")


def read_pdf(path: Path) -> Content:
    """The title in its description, and the text page by page; each page begins a section.

    A page that cannot be read is told of, and the others are read.

    Raises:
        ImportError: pypdf is not installed.
        Unread: It cannot be read; the message says why.
    """
    import pypdf
    from pypdf.errors import DependencyError

    reader = pypdf.PdfReader(path)
    if reader.is_encrypted:
        try:
            opened = reader.decrypt("")
        except DependencyError:
            raise Unread("encrypted; with the package `cryptography`, one that needs no password is read") from None
        if not opened:
            raise Unread("encrypted: it needs a password")
    pieces: list[str] = []
    sections: list[Section] = []
    start, total, bad = 0, 0, 0
    for number, page in enumerate(reader.pages, 1):
        total += 1
        # Of a damaged page there is an error of any kind.
        try:
            text = _BLANK.sub("\n\n", _HYPHEN.sub("", page.extract_text())).strip()
        except (MemoryError, KeyboardInterrupt):
            raise
        except Exception:
            bad += 1
            continue
        if text:
            sections.append(Section(start, page=number))
            pieces.append(f"{text}\n\n")
            start += len(text) + 2
    if bad and bad == total:
        raise Unread("damaged: no page of it can be read")
    missed = f"{bad} of {total} pages cannot be read" if bad else ""
    if not pieces and not bad:
        raise Unread("without text: pages that were scanned hold pictures")
    return Content(_title(reader), "".join(pieces).rstrip(), tuple(sections), missed=missed)


def _title(reader: object) -> str:
    try:
        title = getattr(getattr(reader, "metadata", None), "title", None)
    except Exception:
        return ""
    return title.strip() if isinstance(title, str) and title.strip().lower() != "untitled" else ""
