"""What the facade and the machine's parts have in common: checks, and native tuples turned into results."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from .errors import ConfigError, LimitError
from .ids import ShardId, TickPhase
from .results import CrossShardEdges, DistributedTickResult, PhaseResult

if TYPE_CHECKING:
    from ._phago import TickResult


class Unpicklable:
    """Something that holds threads and native memory."""

    __slots__ = ()
    _instead = ""

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"a {name} cannot be pickled or copied, because it holds threads and native memory; {self._instead}"
        )


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def tick_result(native: TickResult) -> DistributedTickResult:
    """A tick's result as users see it."""
    phases = tuple(
        PhaseResult(ShardId(shard), TickPhase(phase), tick, CrossShardEdges(edges), node_count, edge_count)
        for shard, phase, tick, node_count, edge_count, edges in native.phases
    )
    return DistributedTickResult(native.tick, phases)
