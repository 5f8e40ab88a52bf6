"""Text out of HTML, by the parser that Python brings."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

__all__ = ["text_of_html"]

# The parser raises on some declarations, and looks for the end of each comment that has none in all the rest of the
# page. So what is not shown goes first; what is never closed reaches to the end, as in browsers.
_UNSHOWN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[!?][^>]*(?:>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z/]")
# What stands in these is for programs. A head may end unmarked, so of it only what is named here is silent.
_SILENT = {"script", "style", "template", "noscript", "svg", "math"}
# Words on both sides of these are two words; between other tags a word goes on.
# fmt: off
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
        self._silent = ""
        self._depth = 0
        self._title = False
        self._heading = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            # A picture has one of its own.
            self._title = not self.title and not self._silent
        elif tag == "body":
            # What a head left open hides nothing.
            self._silent = ""
        elif self._silent:
            self._depth += tag == self._silent
        elif tag in _SILENT:
            self._silent, self._depth = tag, 1
        elif tag == "h1" and self._heading == 0:
            self._heading = 1
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._title = False
        elif tag == "h1" and self._heading == 1:
            self._heading = 2
        elif tag == self._silent:
            self._depth -= 1
            if self._depth == 0:
                self._silent = ""
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._title:
            self.title.append(data)
        elif not self._silent:
            self.text.append(data)
            if self._heading == 1:
                self.heading.append(data)


def _gap(unshown: re.Match[str]) -> str:
    # In these tags' place a word ends; a comment stands within one.
    return " " if unshown.group(1) else ""


def text_of_html(source: str) -> tuple[str, str]:
    """The title and the text of a page.

    The title is that of its head, else its first heading, else empty. Each block is a line; scripts, styles and what
    else is not shown is left out.
    """
    reader = _Reader()
    source = _UNSHOWN.sub(_gap, source)
    # Behind the last `>` no tag ends: the parser would look for one from each `<`.
    end = source.rfind(">") + 1
    reader.feed(source[:end])
    reader.close()
    reader.handle_data(unescape(_TAG.split(source[end:], maxsplit=1)[0]))
    lines = (" ".join(line.split()) for line in "".join(reader.text).split("\n"))
    title = " ".join("".join(reader.title).split()) or " ".join("".join(reader.heading).split())
    return title, "\n".join(line for line in lines if line)
