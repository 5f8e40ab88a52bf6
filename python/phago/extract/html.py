"""Text out of HTML, by the parser that Python brings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

from .content import MARK, Content, of_marked, without_marks
from .tags import tidied

__all__ = ["read_html"]

# Stands before a line whose spaces count.
_AS_IT_IS = "\1"
# fmt: off
# What stands in these is for programs. A head may end unmarked, so of it only what is named here is silent.
_SILENT = {
    "script", "style", "template", "noscript", "svg", "math", "canvas", "audio", "video", "iframe", "noframes",
    "noembed", "datalist",
}
# What of these is hidden ends with them; of others, such as paragraphs, the end may go unmarked.
_CLOSED = {"article", "aside", "button", "details", "dialog", "div", "footer", "form", "nav", "section", "span"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# Words on both sides of these are two words; between other tags a word goes on.
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "html", "li", "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "td",
    "tfoot", "th", "thead", "title", "tr", "ul",
}
# fmt: on


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.heading: list[str] = []
        self.text: list[str] = []
        # The outermost silent tag, and how often it is open: whatever stands inside ends with it.
        self.silent = ""
        self._depth = 0
        self._title = False
        self._heading = 0
        self._pre = 0

    def set_cdata_mode(self, *_: object, **__: object) -> None:
        """Not at all: what stands for programs is gone before the page gets here."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            # A picture has one of its own.
            self._title = not self.title and not self.silent
        elif tag == "body":
            # What a head left open hides nothing.
            self.silent = ""
        elif self.silent:
            self._depth += tag == self.silent
        elif tag in _SILENT or (tag in _CLOSED and any(name == "hidden" for name, _ in attrs)):
            self.silent, self._depth = tag, 1
        elif tag == "h1" and self._heading == 0:
            self._heading = 1
        if tag in _BLOCKS:
            self.text.append("\n")
            if tag in _HEADINGS and not self.silent:
                self.text.append(MARK)
            self._pre += tag == "pre"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._title = False
        elif tag == "h1" and self._heading == 1:
            self._heading = 2
        elif tag == self.silent:
            self._depth -= 1
            if self._depth == 0:
                self.silent = ""
        if tag in _BLOCKS:
            self.text.append("\n")
            self._pre = max(0, self._pre - (tag == "pre"))

    def handle_data(self, data: str) -> None:
        if self._title:
            self.title.append(data)
        elif not self.silent:
            self.text.append(_AS_IT_IS + data.replace("\n", f"\n{_AS_IT_IS}") if self._pre else data)
            if self._heading == 1:
                self.heading.append(data)


def read_html(source: str) -> Content:
    """The title and the text of a page.

    The title is that of its head, else its first heading, else empty. Each block is a line; lines of preformatted text
    keep their spaces. Scripts, styles and what else is not shown is left out. Each heading begins a section.
    """
    reader = _Reader()
    source, missed = tidied(without_marks(source).replace(_AS_IT_IS, ""))
    reader.feed(source)
    reader.close()
    if reader.silent and not missed:
        missed = f"what follows a {reader.silent} that never ends"
    title = " ".join("".join(reader.title).split()) or " ".join("".join(reader.heading).split())
    content = of_marked(title, "\n".join(_lines("".join(reader.text))))
    return replace(content, title=title and content.title, missed=missed)


def _lines(text: str) -> Iterator[str]:
    mark = ""
    for line in text.split("\n"):
        # The words of a heading may begin a line later.
        mark = mark or (MARK if MARK in line else "")
        line = line.replace(MARK, "")
        line = line.replace(_AS_IT_IS, "").rstrip() if _AS_IT_IS in line else " ".join(line.split())
        if line:
            yield mark + line
            mark = ""
