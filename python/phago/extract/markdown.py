"""Markdown, by a library where that is installed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .content import MARK, Content, of_marked, without_marks
from .html import read_html
from .markup import front_matter, plain_markdown, without_embeds
from .tags import without_drawings

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

__all__ = ["read_markdown", "read_markdowns"]

# For a paragraph of signs that open and never close it takes the square of the time: 0.03 s for one of this length, and
# 2 s for a text full of them; 5 s for one of nothing but short paragraphs. What is longer is seldom written by hand,
# and the plain reader is quick with all.
_LONGEST = 512 << 10
_LONGEST_PARAGRAPH = 8 << 10
_SILENT = ("script", "style")


def read_markdown(source: str) -> Content:
    """The title (of the front matter, else the first heading) and the text; each heading begins a section.

    With markdown-it-py (the extra `files`) it is read as CommonMark with tables, else by patterns. Text, code and the
    words of links and pictures stay; tags, addresses, comments and fences go.
    """
    parser = _parser()
    if parser is None or len(source) > _LONGEST:
        return plain_markdown(source)
    title, text = front_matter(without_marks(source))
    text = without_drawings(text)
    if max(map(len, text.split("\n\n"))) > _LONGEST_PARAGRAPH:
        return plain_markdown(source)
    # A reader that is given many brackets without an end calls itself for each.
    try:
        tokens = parser.parse(text)
    except RecursionError:
        return plain_markdown(source)
    missed: list[str] = []
    return replace(of_marked(title, "".join(_pieces(tokens, missed))), missed="; ".join(missed))


def read_markdowns(sources: Sequence[str]) -> list[Content]:
    """Several, of one file: the bound is of all together, as many short ones take as long as a long one."""
    read = read_markdown if sum(map(len, sources)) <= _LONGEST else plain_markdown
    return [read(source) for source in sources]


@functools.cache
def _parser() -> MarkdownIt | None:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _pieces(tokens: Sequence[Token], missed: list[str]) -> Iterator[str]:
    item, depth, heading = "", 0, ""
    row: list[str] | None = None
    for token in tokens:
        kind = token.type
        if kind == "list_item_open":
            item = f"{'  ' * depth}{token.info}{token.markup} "
            depth += 1
        elif kind == "list_item_close":
            depth, item = depth - 1, ""
        elif kind in ("bullet_list_close", "ordered_list_close", "table_close") and depth == 0:
            yield "\n"
        elif kind == "heading_open":
            heading = f"{MARK}{'#' * int(token.tag[1:])} "
        elif kind == "tr_open":
            row = []
        elif kind == "tr_close" and row is not None:
            yield " | ".join(row) + "\n"
            row = None
        elif kind == "inline":
            words = "".join(_words(token.children or ()))
            if row is not None:
                row.append(words)
            elif words.strip():
                if heading:
                    words = _without_attributes(" ".join(words.split()))
                yield f"{heading}{item or '  ' * depth}{words}\n" + ("" if depth else "\n")
                item = ""
            heading = ""
        elif kind in ("fence", "code_block"):
            yield f"{token.content.rstrip()}\n\n"
        elif kind == "html_block":
            content = read_html(token.content)
            shown = content.text
            if content.missed:
                missed.append(content.missed.partition(", in line")[0])
            if shown:
                yield f"{shown}\n\n"


# `# Heading {#name .class}`
def _without_attributes(heading: str) -> str:
    before, brace, inside = heading.rpartition("{")
    return before.rstrip() if brace and inside.endswith("}") and inside[:1] in "#.:" else heading


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    silent = ""
    for token in tokens:
        if token.type == "html_inline":
            tag = token.content.strip("</> \t\n").partition(" ")[0].lower()
            if silent:
                silent = "" if tag == silent and token.content.startswith("</") else silent
            elif tag in _SILENT and not token.content.startswith("</"):
                silent = tag
            elif tag == "br":
                yield "\n"
        elif silent:
            continue
        elif token.type in ("softbreak", "hardbreak"):
            yield "\n"
        elif token.type == "text":
            yield without_embeds(token.content)
        else:
            # Code, signs that were escaped, and what stands in for a picture; what opens and closes has no content.
            yield token.content
