"""Names of shards and of the phases of a tick."""

from __future__ import annotations

from enum import StrEnum
from typing import Self, SupportsIndex

__all__ = ["ShardId", "TickPhase"]

_SHARD_MAX = 2**32 - 1


class ShardId(int):
    """The number of a shard, from 0: an `int` with a name.

    >>> ShardId(0) == 0, str(ShardId(0)), ["a", "b"][ShardId(1)]
    (True, 'shard-0', 'b')
    """

    __slots__ = ()

    def __new__(cls, value: SupportsIndex = 0, /) -> Self:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeError(f"a shard id is an integer from 0, not {value!r}")
        number = value.__index__()
        if not 0 <= number <= _SHARD_MAX:
            raise ValueError(f"a shard id is 0 to {_SHARD_MAX}, not {number}")
        return super().__new__(cls, number)

    def __repr__(self) -> str:
        return f"ShardId({int(self)})"

    def __str__(self) -> str:
        return f"shard-{int(self)}"


class TickPhase(StrEnum):
    """The four phases of a tick, in their order."""

    SENSE = "Sense"
    """Agents read the committed state and choose what to do."""
    ACT = "Act"
    """Choices become messages; granted documents give their concepts."""
    DECAY = "Decay"
    """What has faded goes, messages are delivered, long rows are cut."""
    ADVANCE = "Advance"
    """The tick is committed."""
