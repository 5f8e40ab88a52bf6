"""Pickles that an older phago made."""

from __future__ import annotations

from typing import Any

__all__ = ["restored"]


def restored(self: Any, state: list[object]) -> None:
    """Set the fields of a frozen dataclass from its pickle. Those that came after the pickle have their defaults.

    It stands for `__setstate__` in a class whose last fields came later.
    """
    from dataclasses import fields

    for at, field in enumerate(fields(self)):
        object.__setattr__(self, field.name, state[at] if at < len(state) else field.default)
