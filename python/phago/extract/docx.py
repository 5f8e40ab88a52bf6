"""Documents of Word, by mammoth."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from .content import Content, Unread
from .html import read_html

__all__ = ["read_docx"]

# What its parts of text may unpack to; a novel has 5 MB.
_UNPACKED_MAX = 128 << 20
_STYLES = """p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='toc heading'] => !
"""
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


def read_docx(path: Path) -> Content:
    """The title in its properties, else its first heading, and the text; each heading begins a section.

    Raises:
        ImportError: mammoth is not installed.
        Unread: It cannot be read; the message says why.
    """
    import mammoth

    with zipfile.ZipFile(path) as packed:
        parts = packed.infolist()
        if sum(part.file_size for part in parts if not part.filename.startswith("word/media/")) > _UNPACKED_MAX:
            raise Unread(f"unpacks to more than {_UNPACKED_MAX >> 20} MiB")
        if any(part.flag_bits & 1 for part in parts):
            raise Unread("encrypted: it needs a password")
        title = _title(packed)
    with path.open("rb") as file:
        page = mammoth.convert_to_html(
            file,
            style_map=_STYLES,
            # Pictures would come as text.
            convert_image=mammoth.images.img_element(lambda image: {"src": ""}),
        )
    content = read_html(page.value)
    title = title or content.title or (content.sections[0].heading if content.sections else "")
    return replace(content, title=title)


def _title(packed: zipfile.ZipFile) -> str:
    try:
        root = ElementTree.fromstring(packed.read("docProps/core.xml"))
    except (KeyError, ElementTree.ParseError):
        return ""
    return (root.findtext(f".//{_TITLE}") or "").strip()
