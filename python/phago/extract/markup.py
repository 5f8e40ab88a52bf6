"""Titles and text of Markdown and reStructuredText, without what only their programs read."""

from __future__ import annotations

import re

__all__ = ["text_of_markdown", "text_of_rst"]

_FRONT = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(\S[^\n]*)\n(?:=+|-+)[ \t]*$", re.MULTILINE)
# Of a link or picture its words stay and its address goes.
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\(<?[^()\s]*>?(?:[ \t]+\"[^\"\n]*\")?\)")
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]+\]:[ \t]+\S+.*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,}).*$", re.MULTILINE)

_ADORNED = re.compile(r"^(?:([^\w\s])\1{2,}[ \t]*\n)?[ \t]*(\S[^\n]*)\n([^\w\s])\3{2,}[ \t]*$", re.MULTILINE)
_ADORNMENT = re.compile(r"^([^\w\s])\1{2,}[ \t]*$", re.MULTILINE)
_RST_LINK = re.compile(r"`([^`<\n]*?)[ \t]*<[^>\n]*>`__?")
_RST_TARGET = re.compile(r"^\.\. _[^\n]*:[^\n]*$", re.MULTILINE)
_ROLE = re.compile(r":[\w:+.-]+:`~?([^`\n]*)`")
_DIRECTIVE = re.compile(r"^[ \t]*\.\. [\w:-]+::.*$", re.MULTILINE)


def text_of_markdown(source: str) -> tuple[str, str]:
    """The title (of the front matter, else the first heading) and the text; addresses, fences and comments go."""
    title = ""
    front = _FRONT.match(source)
    if front is not None:
        named = _FRONT_TITLE.search(front.group())
        title = named.group(1).strip("\"'") if named else ""
        source = source[front.end() :]
    text = _COMMENT.sub("", source)
    if not title:
        headings = [found for found in (_HEADING.search(text), _UNDERLINED.search(text)) if found is not None]
        title = min(headings, key=re.Match.start).group(1).strip() if headings else ""
    for pattern, kept in ((_FENCE, ""), (_REFERENCE, ""), (_LINK, r"\1")):
        text = pattern.sub(kept, text)
    return _LINK.sub(r"\1", title), text.strip()


def text_of_rst(source: str) -> tuple[str, str]:
    """The title (the first adorned line) and the text; adornments, names of directives and addresses go."""
    heading = _ADORNED.search(source)
    title = heading.group(2).strip() if heading else ""
    text = source
    for pattern, kept in ((_RST_TARGET, ""), (_DIRECTIVE, ""), (_ADORNMENT, ""), (_RST_LINK, r"\1"), (_ROLE, r"\1")):
        text = pattern.sub(kept, text)
        title = pattern.sub(kept, title)
    return title, text.strip()
