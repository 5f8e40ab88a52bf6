"""Titles and text of Markdown and reStructuredText, without what only their programs read."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from .content import MARK, Content, of_marked, without_marks
from .tags import without_drawings

__all__ = ["front_matter", "plain_markdown", "read_rst", "without_embeds"]

# A pattern reads a text a bounded number of times, whatever is in it: none scans to the end of a line, or of the text,
# from each of many places.
_FRONT = re.compile(r"\A(?:---[ \t]*\n.*?\n(?:---|\.\.\.)|\+\+\+[ \t]*\n.*?\n\+\+\+)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title[ \t]*[:=](.+)$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HEADING = re.compile(r"^( {0,3}#{1,6}[ \t].+)$", re.MULTILINE)
_UNDERLINED = re.compile(r"^(\S[^\n]*)\n(?:=+|-+)[ \t]*$", re.MULTILINE)
# Of a link or picture its words stay and its address goes; a picture may be the words of a link.
_ADDRESS = r"\(<?[^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:[ \t]\"[^\"()\n]*\")?\)"
_PICTURE = re.compile(r"!\[([^\[\]\n]*)\]" + _ADDRESS)
_LINK = re.compile(r"\[([^\[\]\n]*)\]" + _ADDRESS)
_REFERENCE = re.compile(
    r"^ {0,3}\[[^\[\]\n]+\]:(?:[ \t]|[ \t]{0,8}\n[ \t]{0,8}(?=<|[^\s:]{1,64}:|[./#]))\S.*"
    r"(?:\n[ \t]{1,8}(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\))[ \t]*)?$",
    re.MULTILINE,
)
_FENCED = re.compile(r"(^ {0,3}(?P<fence>`{3}|~{3}).*?(?:^ {0,3}(?P=fence)[`~]*[ \t]*$|\Z))", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"\A {0,3}[`~]{3}[^\n]*\n?|^ {0,3}[`~]{3,}[ \t]*\Z", re.MULTILINE)
# A span of code stays as it is; what looks like a tag elsewhere is one.
_CODE_OR_TAG = re.compile(
    r"(`[^`\n]*`)|<(script|style)(?=[\s/>]).*?(?:</\2\s*>|\Z)|<\?(?:php\b|=).*?(?:\?>|\Z)|"
    r"</?[a-zA-Z][a-zA-Z0-9-]*(?:[\s/](?:=[ \t]?\"[^\"<]{0,1024}\"|=[ \t]?'[^'<]{0,1024}'|[^<>]){0,4096}+)?>",
    re.DOTALL | re.IGNORECASE,
)
_SHOWN_ADDRESS = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]{0,2048})>")
_REFERRED = re.compile(r"\[([^\[\]\n]*)\]\[[^\[\]\n]*\]")
_EMBED = re.compile(r"!\[\[[^\[\]\n]*\]\]")
_ATTRIBUTES = re.compile(r"\{[ \t]?[#.:][^{}\n]{0,256}\}$", re.MULTILINE)

_ADORNED = re.compile(r"^(?:([^\w\s])\1{2,}[ \t]*\n)?[ \t]*(\S[^\n]*)\n([^\w\s])\3{2,}[ \t]*$", re.MULTILINE)
_ADORNMENT = re.compile(r"^([^\w\s])\1{2,}[ \t]*$", re.MULTILINE)
_RST_LINK = re.compile(r"`([^`<\n]*)<[^<>`\n]*>`__?")
_RST_TARGET = re.compile(r"^(?:\.\.[ \t]+_[^\n]*:[^\n]*(?:\n[ \t]+\S[^\n]*)*|__[ \t]\S[^\n]*)$", re.MULTILINE)
# The body of these is markup of another program, or names of files.
_RST_BODY = re.compile(r"^([ \t]*+)\.\.[ \t]+(?:raw|toctree)::[^\n]*(?:\n(?:[ \t]*$|\1[ \t]+\S[^\n]*))*", re.MULTILINE)
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


def front_matter(source: str) -> tuple[str, str]:
    """The title that a front matter states, else nothing; and the text after it."""
    source = _unix(source)
    front = _FRONT.match(source)
    if front is None:
        return "", source
    named = _FRONT_TITLE.search(front.group())
    return named.group(1).strip().strip("\"'") if named else "", source[front.end() :]


def without_embeds(text: str) -> str:
    """A text without the names of files that are shown in place of them, as in `![[picture.png]]`."""
    return _EMBED.sub("", text)


def plain_markdown(source: str) -> Content:
    """The title (of the front matter, else the first heading) and the text; addresses, tags, fences and comments go.

    A reader without a library: what stands at odd places of lists and quotations it may take for text.
    """
    title, source = front_matter(without_marks(source))
    source = without_drawings(source)
    comments = [found.group() for found in _COMMENT.finditer(source)]
    missed = "" if not comments or comments[-1].endswith("-->") else "what follows a comment that never ends"
    text = _COMMENT.sub("", source)
    # Of each block of code there are two groups, it and its fence.
    prose, code = _FENCED.split(text)[::3], _FENCED.split(text)[1::3]
    pieces = [_prose(prose[0])]
    for block, after in zip(code, prose[1:], strict=True):
        pieces += [_FENCE.sub("", block), _prose(after)]
    return replace(of_marked(title, "".join(pieces)), missed=missed)


def _prose(text: str) -> str:
    text = _HEADING.sub(MARK + r"\1", _UNDERLINED.sub(MARK + r"\g<0>", _REFERENCE.sub("", text)))
    text = _REFERRED.sub(r"\1", without_embeds(_without_addresses(_ATTRIBUTES.sub("", text))))
    text = _SHOWN_ADDRESS.sub(r"\1", text)
    return unescape(_CODE_OR_TAG.sub(lambda found: found.group(1) or "", text))


def _without_addresses(text: str) -> str:
    return _LINK.sub(r"\1", _PICTURE.sub(r"\1", text))


def read_rst(source: str) -> Content:
    """The title (the first adorned line) and the text; adornments, comments, names of directives and addresses go.

    Each adorned line begins a section.
    """
    text = _ADORNED.sub(rf"{MARK}\2\n\3\3\3", _unix(without_marks(source)))
    for pattern in (_RST_TARGET, _RST_BODY, _MACHINE, _RST_COMMENT, _ADORNMENT, _OPTION):
        text = pattern.sub("", text)
    return of_marked("", _without_roles(_DIRECTIVE.sub(r"\1", text)))


def _without_roles(text: str) -> str:
    return _ROLE.sub(r"\1", _RST_LINK.sub(lambda link: link.group(1).rstrip(), text))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
