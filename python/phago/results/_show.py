"""How results are shown: as plain values, in one line, and as a table for notebooks."""

from __future__ import annotations

import dataclasses
import datetime
import html
from collections.abc import Iterable, Mapping
from typing import Any

SHORT = 60


def plain(value: Any) -> Any:
    """A result as what JSON can hold: dictionaries, lists, strings, numbers, bools and None."""
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


def table(head: Iterable[str], rows: Iterable[Iterable[object]], caption: str = "") -> str:
    """A table in HTML."""

    def line(cells: Iterable[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    about = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{about}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"
