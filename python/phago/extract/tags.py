"""A page of HTML in a form that any parser reads the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["tidied", "without_drawings"]

_BEGIN = re.compile(r"<(?=[a-zA-Z!?/])")
_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]*+)")
# Of the rest of a tag, quotation marks count behind `=` alone. Each pattern goes on from where the last one ended, and
# what has no end is looked for once: the time is that of the length.
_REST = re.compile(r"""(?:[^>=]|=\s*+(?:"[^"]*+"|'[^']*+'|))*+>""")
_REST_UNQUOTED = re.compile(r"[^>]*+>")
_VALUE = re.compile(r"""=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>]*+)""")
_COMMENT_END = re.compile(r"--!?>")
_PROGRAM = re.compile(r"\?(?:php\b|=)", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])[^>]*+>", re.IGNORECASE) for name in ("script", "style", "title")}
# Code of Markdown stays: a fence, a line that is indented, a span.
_CODE_OR_DRAWING = re.compile(
    r"^ {0,3}(`{3,}|~{3,})|^(?: {4}|\t)[^\n]*|`[^`\n]*`|<(svg|template|math)(?=[\s/>])", re.MULTILINE | re.IGNORECASE
)


def without_drawings(text: str) -> str:
    """Markdown without what stands between the tags of a drawing, a formula or a template."""
    pieces, at, from_ = [], 0, 0
    without_end: set[str] = set()
    while (found := _CODE_OR_DRAWING.search(text, from_)) is not None:
        from_ = found.end()
        if found.group(1):
            close = text.find(f"\n{found.group(1)}", from_)
            from_ = len(text) if close < 0 else close + 1 + len(found.group(1))
        elif found.group(2) and (name := found.group(2).lower()) not in without_end:
            end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, from_)
            if end is None:
                without_end.add(name)
                continue
            pieces.append(text[at : found.start()])
            at = from_ = end.end()
    return "".join([*pieces, text[at:]])


def tidied(source: str) -> tuple[str, str]:
    """A page of nothing but text and tags without attributes, except `hidden`; and what of it is missing, in words.

    Comments, declarations, scripts and styles are left out. As in browsers, one that is never closed reaches to the
    end, which the words tell.
    """
    missed: list[str] = []
    return "".join(_pieces(source, missed)), "; ".join(missed)


def _pieces(source: str, missed: list[str]) -> Iterator[str]:
    at, rest = 0, _REST
    is_xml = source[:256].lstrip("\ufeff \n\t").startswith("<?xml")
    without_end: set[str] = set()

    def lost(what: str) -> None:
        missed.append(f"what follows {what} that never ends, in line {source.count(chr(10), 0, begin) + 1}")

    while (found := _BEGIN.search(source, at)) is not None:
        begin, inside = found.start(), found.end()
        yield source[at:begin].replace("<", "&lt;")
        at = len(source)
        if source.startswith("!--", inside):
            if source.startswith((">", "->"), inside + 3):
                at = source.index(">", inside) + 1
            elif (end := _COMMENT_END.search(source, inside + 3)) is not None:
                at = end.end()
            else:
                return lost("a comment")
            continue
        named = _NAME.match(source, inside)
        if named is None:
            is_program = _PROGRAM.match(source, inside) is not None
            end_at = source.find("?>" if is_program else ">", inside)
            if end_at < 0 and not is_program:
                yield "&lt;"
                at = inside
                if not source.startswith("/", inside):
                    return lost("a declaration")
                continue
            if end_at < 0:
                return lost("a program")
            at = end_at + (2 if is_program else 1)
            continue
        tag = rest.match(source, named.end())
        if tag is None and rest is _REST:
            # A quotation mark that is never closed: from here on they mean nothing.
            rest = _REST_UNQUOTED
            tag = rest.match(source, named.end())
        if tag is None:
            return lost("a tag")
        at = tag.end()
        name = named.group(2).lower()
        is_closed = tag.group().endswith("/>")
        if not named.group(1) and name in ("script", "style"):
            end = None if name in without_end or (is_xml and is_closed) else _ENDS[name].search(source, at)
            if end is not None:
                at = end.end()
            elif not is_closed:
                yield " "
                at = len(source)
                return lost(f"a {name}")
            elif not is_xml:
                without_end.add(name)
            # In its place a word ends; a comment stands within one.
            yield " "
            continue
        is_title = name == "title" and not named.group(1)
        if is_title and name not in without_end and _ENDS[name].search(source, at) is None:
            without_end.add(name)
        if name == "title" and name in without_end:
            continue
        if re.fullmatch(r"[a-z][a-z0-9:._-]*", name) is None:
            continue
        hidden = " hidden" if "hidden" in re.split(r"[\s/>]+", _VALUE.sub(" ", tag.group()).lower()) else ""
        yield f"<{named.group(1)}{name}{'' if named.group(1) else hidden}{'/' if is_closed and not hidden else ''}>"
    yield source[at:].replace("<", "&lt;")
