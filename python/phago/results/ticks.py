"""What a tick did."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, overload

from .._pickles import restored
from .._records import dataclass, field
from ..ids import ShardId, TickPhase

__all__ = ["CrossShardEdge", "CrossShardEdges", "DistributedTickResult", "PhaseResult"]


@dataclass(frozen=True, slots=True)
class CrossShardEdge:
    """A synapse whose target lives on another shard."""

    from_node: str
    to_node: str
    to_shard: ShardId
    weight: float


class _Rows(Protocol):
    """A table of the native module, or anything that can stand for it: rows made when asked for."""

    def __len__(self) -> int: ...
    def get(self, index: int, /) -> Any: ...


class _StoredRows:
    """Rows that have crossed a pickle."""

    __slots__ = ("rows",)

    def __init__(self, rows: tuple[tuple[Any, ...], ...]) -> None:
        self.rows = rows

    # Also for protocols that know nothing of slots.
    def __reduce__(self) -> tuple[Any, ...]:
        return _StoredRows, (self.rows,)

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, index: int, /) -> CrossShardEdge:
        return CrossShardEdge(*self.rows[index])


class CrossShardEdges(Sequence[CrossShardEdge]):
    """Cross-shard edges, each made when it is read: `len` makes none."""

    __slots__ = ("_ends", "_parts")

    def __init__(self, *parts: _Rows) -> None:
        self._parts = tuple(part for part in parts if len(part))
        ends: list[int] = []
        for part in self._parts:
            ends.append((ends[-1] if ends else 0) + len(part))
        self._ends = ends

    @classmethod
    def chained(cls, sequences: Sequence[CrossShardEdges]) -> CrossShardEdges:
        """Several sequences as one, without copying any."""
        return cls(*(part for sequence in sequences for part in sequence._parts))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> CrossShardEdge: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[CrossShardEdge, ...]: ...
    def __getitem__(self, index: int | slice) -> CrossShardEdge | tuple[CrossShardEdge, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"edge {index} of {len(self)}")
        part = bisect_right(self._ends, at)
        start = self._ends[part - 1] if part else 0
        row = self._parts[part].get(at - start)
        return CrossShardEdge(row.from_node, row.to_node, ShardId(row.to_shard), row.weight)

    def __iter__(self) -> Iterator[CrossShardEdge]:
        return (self[at] for at in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CrossShardEdges):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash((len(self), *self[:4]))

    def __repr__(self) -> str:
        return f"<{len(self)} cross-shard edges>"

    def __reduce__(self) -> tuple[Any, ...]:
        rows = tuple((edge.from_node, edge.to_node, int(edge.to_shard), edge.weight) for edge in self)
        return CrossShardEdges, (_StoredRows(rows),)


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """What one shard did in one phase."""

    shard_id: ShardId
    phase: TickPhase
    tick: int
    cross_shard_edges: CrossShardEdges
    """New ones made on this shard; Sense and Act list none."""
    node_count: int
    """Concepts at home on this shard after the phase."""
    edge_count: int
    """Live synapses of this shard after the phase."""


class _Later:
    """Has a slot for what makes a value when it is first read."""

    __slots__ = ("_later",)

    _later: Callable[[], tuple[PhaseResult, ...]]


@dataclass(frozen=True, slots=True)
class DistributedTickResult(_Later):
    """What one tick did on all shards."""

    tick: int
    phase_results: tuple[PhaseResult, ...]
    """Sense, Act and Decay of every shard: three for each."""
    recovered: int = field(default=0, compare=False)
    """How often the tick was redone because a shard died or hung. It changes nothing else, and equal results may differ
    in it.
    """

    __setstate__ = restored

    # Only called for what is not there. Type checkers are not to think that any name is.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name != "phase_results":
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            object.__setattr__(self, name, self._later())
            return self.phase_results

    @property
    def cross_shard_edges(self) -> CrossShardEdges:
        """The new cross-shard edges of all shards."""
        return CrossShardEdges.chained([result.cross_shard_edges for result in self.phase_results])

    def _last(self) -> Iterator[PhaseResult]:
        last = {result.shard_id: result for result in self.phase_results}
        return iter(last.values())

    def total_nodes(self) -> int:
        """Concepts of all shards after the tick: the same for any number of shards."""
        return sum(result.node_count for result in self._last())

    def total_edges(self) -> int:
        """Live synapses of all shards after the tick: the same for any number of shards."""
        return sum(result.edge_count for result in self._last())

    def has_cross_shard_activity(self) -> bool:
        """Whether the tick made an edge that crosses shards."""
        return any(len(result.cross_shard_edges) for result in self.phase_results)


def lazy_result(tick: int, later: Callable[[], tuple[PhaseResult, ...]], recovered: int) -> DistributedTickResult:
    """A result whose phases are made when they are first read: that takes longer than a tick without work."""
    result = DistributedTickResult.__new__(DistributedTickResult)
    object.__setattr__(result, "tick", tick)
    object.__setattr__(result, "recovered", recovered)
    object.__setattr__(result, "_later", later)
    return result
