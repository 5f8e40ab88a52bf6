"""Arguments, checked: each check names the argument, the value and what is accepted."""

from __future__ import annotations

from typing import Any

from .errors import ConfigError, LimitError


def count(name: str, value: Any, low: int, high: int = 2**31 - 1) -> int:
    """An argument that counts something."""
    accepted = f"an integer from {low} to {high}"
    if isinstance(value, bool) or not hasattr(value, "__index__") or not low <= value.__index__() <= high:
        raise ConfigError(f"`{name}` is {value!r}; accepted is {accepted}", field=name, value=value, accepted=accepted)
    return int(value.__index__())


QUERY_BYTES_MAX = 64 * 1024
"""The longest question, in bytes of UTF-8."""


def text_of(name: str, value: Any) -> str:
    """An argument that is text which can be written as UTF-8."""
    if not isinstance(value, str):
        raise TypeError(f"`{name}` is a string, not {type(value).__name__}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"`{name}` has a lone surrogate at index {error.start}; accepted is text that UTF-8 can encode"
            ) from None
    return value


def question_of(name: str, value: Any) -> str:
    """An argument that is a question."""
    text = text_of(name, value)
    # A character takes at most four bytes, so most questions are never encoded to be measured.
    if len(text) > QUERY_BYTES_MAX // 4:
        size = len(text.encode())
        if size > QUERY_BYTES_MAX:
            what = f"`{name}`, the bytes of a question,"
            raise LimitError(
                f"{what} is limited to {QUERY_BYTES_MAX}, and this has {size}",
                what=what,
                limit=QUERY_BYTES_MAX,
                value=size,
            )
    return text
