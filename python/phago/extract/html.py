"""Text out of HTML, by the parser that Python brings."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["text_of_html"]

# What stands in these is for programs.
_SILENT = {"script", "style", "template", "noscript", "svg", "math", "head"}
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
        self._silent: list[str] = []
        self._title = False
        self._heading = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._title = not self.title
        elif tag == "body":
            # A head that was never closed hides nothing.
            self._silent.clear()
        elif tag in _SILENT:
            self._silent.append(tag)
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
        elif tag in self._silent:
            # What was opened inside and not closed ends with it.
            del self._silent[self._silent.index(tag) :]
        if tag in _BLOCKS:
            self.text.append("\n")

    def handle_data(self, data: str) -> None:
        if self._title:
            self.title.append(data)
        elif not self._silent:
            self.text.append(data)
            if self._heading == 1:
                self.heading.append(data)


def text_of_html(source: str) -> tuple[str, str]:
    """The title and the text of a page.

    The title is that of its head, else its first heading, else empty. Each block is a line; scripts, styles and what
    else is not shown is left out.
    """
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.text).split("\n"))
    title = " ".join("".join(reader.title).split()) or " ".join("".join(reader.heading).split())
    return title, "\n".join(line for line in lines if line)
