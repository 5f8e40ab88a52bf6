"""How results are shown: as plain values, in one line, and in notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._later import datetime

SHORT = 60

# Notebooks are light or dark, and take a sheet of styles from nobody they do not trust: so each element has its own, of
# the notebook's colour of text and of greys and hues that can be read on both.
_TABLE = "border-collapse:collapse;margin:.25em 0 .75em;max-width:60em;text-align:left"
_HEAD = (
    "text-align:left;padding:.2em 1em .2em 0;border-bottom:1px solid rgba(128,128,128,.5);opacity:.7;font-weight:600"
)
_CELL = (
    "text-align:left;padding:.25em 1em .25em 0;border-bottom:1px solid rgba(128,128,128,.25);vertical-align:top;"
    "white-space:normal;overflow-wrap:break-word"
)
_CAPTION = "text-align:left;caption-side:top;padding:.25em 0;opacity:.7"
HUES = {
    "lexical": "#2a9487",
    "concepts": "#bf8427",
    "bridge": "#a064b4",
    "context": "#5083c8",
    "similar": "#6f9c47",
    "newer": "#8a8f91",
}
"""A hue for each part of a score; all have a contrast of 3 or more on white and on black."""


class Html(str):
    """A piece of HTML, in which all that is not ours is escaped."""

    __slots__ = ()


def plain(value: Any) -> Any:
    """A result as what JSON can hold: dictionaries, lists, strings, numbers, bools and None."""
    import dataclasses

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def short(text: str) -> str:
    """A text as one line shows it."""
    return repr(text if len(text) <= SHORT else f"{text[: SHORT - 4]} ...")


def escaped(value: object) -> Html:
    """A value as HTML shows it."""
    import html

    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def table(head: Iterable[str], rows: Iterable[Iterable[object]], caption: str = "") -> Html:
    """A table in HTML."""

    def line(cells: Iterable[object], tag: str, style: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="{style}">{escaped(cell)}</{tag}>' for cell in cells) + "</tr>"

    body = "".join(line(row, "td", _CELL) for row in rows)
    about = f'<caption style="{_CAPTION}">{escaped(caption)}</caption>' if caption else ""
    return Html(f'<table style="{_TABLE}">{about}<thead>{line(head, "th", _HEAD)}</thead><tbody>{body}</tbody></table>')


def bar(parts: Iterable[tuple[str, float]], most: float) -> Html:
    """The parts of a score beside one another, as shares of `most`; what takes points away is told, not drawn."""
    shown = [(name, points) for name, points in parts if points]
    pieces = "".join(
        f'<span title="{name} {points:.3f}" style="display:inline-block;height:.45em;margin-right:1px;'
        f'background:{HUES[name]};width:{100 * points / most:.1f}%"></span>'
        for name, points in shown
        if points > 0 and most > 0
    )
    told = ", ".join(f"{name} {points:.2f}" for name, points in shown)
    return Html(
        f'<div style="width:14em;white-space:nowrap;line-height:1" aria-hidden="true">{pieces}</div>'
        f'<small style="opacity:.75">{escaped(told)}</small>'
    )


def figures(named: Iterable[tuple[str, object]]) -> Html:
    """Numbers in a row, each above its name."""
    return Html(
        '<div style="display:flex;flex-wrap:wrap;gap:.25em 2em;margin:.25em 0 .5em">'
        + "".join(
            f'<div><div style="font-size:1.4em;line-height:1.3">{escaped(value)}</div>'
            f'<small style="opacity:.7">{escaped(name)}</small></div>'
            for name, value in named
        )
        + "</div>"
    )


def marked(text: str, start: int, end: int, beside: int = 80) -> Html:
    """A passage with a little of what stands around it, which is paler."""
    before, after = text[max(0, start - beside) : start], text[end : end + beside]
    pale = '<span style="opacity:.6">{}</span>'
    left = pale.format(("… " if start > beside else "") + escaped(before)) if before else ""
    right = pale.format(escaped(after) + (" …" if end + beside < len(text) else "")) if after else ""
    return Html(f"{left}{escaped(text[start:end])}{right}")
