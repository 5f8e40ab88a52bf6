"""How long an answer may be, and what becomes of what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from .._json import json_text
from ..results import StoredDocument

__all__ = ["TokenBudget", "as_text", "fitted", "part_of", "shortened", "tokens"]

_DEFAULT, _LEAST, _MOST = 2000, 200, 1_000_000

# A tokenizer of any model would be a dependency and wrong for the others. Four bytes of UTF-8 are one token of English,
# and a sign of Chinese, which is about a token, is three.
_BYTES = 4

# What the report of a cut takes, with numbers of any length.
_REPORT = 240

Row = dict[str, Any]

TokenBudget = Annotated[
    int,
    Field(
        ge=_LEAST,
        le=_MOST,
        description=f"The longest answer, in tokens of {_BYTES} bytes; `cut` tells what was left out",
    ),
]


def as_text(value: Any) -> str:
    """A value as the text that an agent reads."""
    return json_text(value, ensure_ascii=False, separators=(",", ":"))


def _size(value: Any) -> int:
    return len(as_text(value).encode())


def tokens(value: Any) -> int:
    """What an answer costs, by the measure that budgets are in."""
    return -(-_size(value) // _BYTES)


def fitted(
    frame: Row,
    name: str,
    rows: Sequence[Any],
    budget: int,
    rest: Callable[[int], str],
    shorten: Callable[[Any, int], Any] = lambda row, room: None,
) -> Row:
    """The frame with as many rows as the budget has room for, in their order, and what was cut.

    Args:
        frame: What comes in any case.
        name: Where the rows stand.
        rows: What is cut at its end.
        budget: Tokens.
        rest: The words that say how to get what is behind so many rows.
        shorten: Makes a row that takes at most so many bytes, or none. Only a row that would stand alone is shortened:
            fewer whole ones, each with all that speaks for it, are better than more of which a part is missing.
    """
    room = budget * _BYTES - _size({**frame, name: []}) - _REPORT
    kept: list[Any] = []
    shortened = 0
    for row in rows:
        size = _size(row) + 1
        if size > room:
            short = None if kept else shorten(row, room - 1)
            if short is not None:
                kept.append(short)
                shortened = 1
            break
        kept.append(row)
        room -= size
    left = len(rows) - len(kept)
    answer = {**frame, name: kept}
    if left or shortened:
        words = rest(len(kept)) if left else "call again with a larger `token_budget`"
        answer["cut"] = {"left_out": left, "shortened": shortened, "rest": words}
    return answer


def shortened(row: Row, room: int, texts: Sequence[str], whole: Sequence[str]) -> Row | None:
    """A row of at most so many bytes: first without the end of its texts, then without whole fields.

    Args:
        row: The row.
        room: Bytes.
        texts: Fields of which the beginning is worth having, in the order in which they are cut.
        whole: Fields that may go, in that order.
    """
    found, cut = dict(row), list(row.get("cut", ()))
    for field, least in [(texts[0], 160), *((name, 0) for name in whole), *((name, 40) for name in texts)]:
        over = _size({**found, "cut": [*cut, field]}) - room
        if _size(found) <= room:
            return found
        if not found.get(field):
            continue
        if field in whole:
            del found[field]
        else:
            text = _beginning(found[field], max(least, _size(found[field]) - over))
            if text == found[field]:
                continue
            found[field] = text
        if field not in cut:
            cut.append(field)
        found["cut"] = list(cut)
    return found if _size(found) <= room else None


def _beginning(text: str, size: int) -> str:
    """The beginning of a text that takes at most so many bytes as it is written in JSON."""
    # Found by halving, as escapes and UTF-8 make signs of different length.
    low, high = 0, min(len(text), max(size, 0))
    while low < high:
        middle = (low + high + 1) // 2
        if _size(text[:middle]) <= size:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def part_of(document: StoredDocument, start: int, frame: Row, budget: int) -> Row:
    """A document's text from a character on, as far as the budget has room."""
    room = budget * _BYTES - _REPORT - _size({**frame, "text": "", "start": start, "end": len(document.text)})
    text = _beginning(document.text[start : start + max(room, 0)], room)
    return {**frame, "text": text, "start": start, "end": start + len(text)}
