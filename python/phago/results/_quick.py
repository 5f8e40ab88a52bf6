"""Quick constructors of results that come by the thousand.

Those of the classes go through `object.__setattr__` for each field, as they are frozen. These set the fields, in their
order, of an object of the same layout that is not, and then give it the class: a hit takes a quarter of the time. They
are written out, as it takes as long to compile one as to load a tenth of phago; a test holds them equal to the classes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, cast

from .answers import Hit, Parts

__all__ = ["quick_hit", "quick_parts"]


class _Hit:
    __slots__ = Hit.__slots__

    def __init__(
        self,
        score: Any,
        id: Any,
        title: Any,
        text: Any,
        digested: Any,
        parts: Any,
        span: Any,
        path: Any,
        metadata: Any,
        thread: Any,
        place: Any,
        time: Any,
    ) -> None:
        self.score = score
        self.id = id
        self.title = title
        self.text = text
        self.digested = digested
        self.parts = parts
        self.span = span
        self.path = path
        self.metadata = metadata
        self.thread = thread
        self.place = place
        self.time = time
        self.__class__ = Hit  # type: ignore[assignment]


class _Parts:
    __slots__ = Parts.__slots__

    def __init__(self, lexical: Any, concepts: Any, bridge: Any, context: Any, similar: Any, newer: Any) -> None:
        self.lexical = lexical
        self.concepts = concepts
        self.bridge = bridge
        self.context = context
        self.similar = similar
        self.newer = newer
        self.__class__ = Parts  # type: ignore[assignment]


# Without the interpreter's lock a change of class stops all threads.
_has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
quick_hit: Callable[..., Hit] = cast(Any, _Hit) if _has_lock else Hit
quick_parts: Callable[..., Parts] = cast(Any, _Parts) if _has_lock else Parts
