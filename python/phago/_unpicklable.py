"""What holds threads and native memory, and says what to do instead of pickling it."""

from __future__ import annotations

from typing import Any, NoReturn


class Unpicklable:
    """Something that holds threads and native memory."""

    __slots__ = ()
    _instead = ""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        name = type(self).__name__
        who = f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
        raise TypeError(
            f"{who} cannot be pickled or copied, because it holds threads and native memory; {self._instead}"
        )
