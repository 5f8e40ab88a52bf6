"""Titles and text of Markdown and reStructuredText, without what only their programs read."""

from __future__ import annotations

import re

__all__ = ["text_of_markdown", "text_of_rst"]

# A pattern reads a text a bounded number of times, whatever is in it: none scans to the end of a line, or of the text,
# from each of many places.
_FRONT = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:(.+)$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t](.+)$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(\S[^\n]*)\n(?:=+|-+)[ \t]*$", re.MULTILINE)
# Of a link or picture its words stay and its address goes; a picture may be the words of a link.
_ADDRESS = r"\(<?[^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:[ \t]\"[^\"()\n]*\")?\)"
_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]" + _ADDRESS)
_LINK = re.compile(r"\[([^\[\]\n]*)\]" + _ADDRESS)
_REFERENCE = re.compile(r"^ {0,3}\[[^\[\]\n]+\]:[ \t]\S.*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,}).*$", re.MULTILINE)
_FENCED = re.compile(r"^ {0,3}(`{3}|~{3}).*?(?:^ {0,3}\1|\Z)", re.MULTILINE | re.DOTALL)

_ADORNED = re.compile(r"^(?:([^\w\s])\1{2,}[ \t]*\n)?[ \t]*(\S[^\n]*)\n([^\w\s])\3{2,}[ \t]*$", re.MULTILINE)
_ADORNMENT = re.compile(r"^([^\w\s])\1{2,}[ \t]*$", re.MULTILINE)
_RST_LINK = re.compile(r"`([^`<\n]*)<[^<>`\n]*>`__?")
_RST_TARGET = re.compile(r"^\.\. _[^\n]*:[^\n]*$", re.MULTILINE)
_RST_COMMENT = re.compile(r"^\.\.(?:[ \t]+(?![\w:+-]+::|_|\[|\|)[^\n]*)?\n(?:[ \t]+\S[^\n]*\n)*", re.MULTILINE)
_ROLE = re.compile(r":[\w:+.-]{1,64}:`~?([^`\n]*)`")
# What follows these is for programs; what follows others, such as `note::`, is text.
_MACHINE = re.compile(
    r"^[ \t]*\.\. (?:code|code-block|sourcecode|highlight|image|figure|include|literalinclude|toctree|index|raw|role|"
    r"default-role|module|currentmodule|container|only|contents|math|csv-table|list-table)::.*$",
    re.MULTILINE,
)
_DIRECTIVE = re.compile(r"^([ \t]*)\.\. [\w:-]+::", re.MULTILINE)
_OPTION = re.compile(r"^[ \t]+:[\w-]+:(?:[ \t].*)?$", re.MULTILINE)


def text_of_markdown(source: str) -> tuple[str, str]:
    """The title (of the front matter, else the first heading) and the text; addresses, fences and comments go."""
    source = _unix(source)
    title = ""
    front = _FRONT.match(source)
    if front is not None:
        named = _FRONT_TITLE.search(front.group())
        title = named.group(1).strip().strip("\"'") if named else ""
        source = source[front.end() :]
    text = _COMMENT.sub("", source)
    if not title:
        prose = _FENCED.sub("", text)
        headings = [found for found in (_HEADING.search(prose), _UNDERLINED.search(prose)) if found is not None]
        title = min(headings, key=re.Match.start).group(1).strip().rstrip("#").rstrip() if headings else ""
    text = _REFERENCE.sub("", _FENCE.sub("", text))
    return _without_addresses(title), _without_addresses(text).strip()


def _without_addresses(text: str) -> str:
    return _LINK.sub(r"\1", _PICTURE.sub(r"\1", text))


def text_of_rst(source: str) -> tuple[str, str]:
    """The title (the first adorned line) and the text; adornments, comments, names of directives and addresses go."""
    source = _unix(source)
    heading = _ADORNED.search(source)
    title = heading.group(2).strip() if heading else ""
    text = source
    for pattern in (_RST_TARGET, _MACHINE, _RST_COMMENT, _ADORNMENT, _OPTION):
        text = pattern.sub("", text)
    text = _DIRECTIVE.sub(r"\1", text)
    return _without_roles(title), _without_roles(text).strip()


def _without_roles(text: str) -> str:
    return _ROLE.sub(r"\1", _RST_LINK.sub(lambda link: link.group(1).rstrip(), text))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
