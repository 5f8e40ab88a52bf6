"""Quick constructors of results that come by the thousand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["quick"]

T = TypeVar("T")


def quick(kind: type[T]) -> Callable[..., T]:
    """A constructor of a frozen dataclass with slots, which takes the values of all fields in their order.

    That of the class goes through `object.__setattr__` for each field, as it is frozen. This one sets them on an object
    of the same layout that is not, and then gives it the class: a hit takes a quarter of the time.
    """
    # Without the interpreter's lock a change of class stops all threads.
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return kind
    names = kind.__slots__  # type: ignore[attr-defined]
    lines = [f"def __init__(self, {', '.join(names)}):", *(f"    self.{name} = {name}" for name in names)]
    made: dict[str, Any] = {}
    exec("\n".join([*lines, "    self.__class__ = kind"]), {"kind": kind}, made)
    draft: Any = type(kind.__name__, (), {"__slots__": names, **made})
    return draft  # type: ignore[no-any-return]
