"""Bounded copies of nodes that live elsewhere."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import NoReturn

from .._checks import count
from .._phago import GhostRow, ShardHandle
from .._unpicklable import Unpicklable
from ..errors import BusyError, GhostNodeNotFound
from ..ids import ShardId
from ..results import GhostNode

__all__ = ["GhostNodeCache", "ShardGhosts"]


class GhostNodeCache:
    """The most recently used ghosts, at most `capacity`. Its size changes cost, never a result.

    Threads may share it. A call takes the same time for any number of ghosts; `remove_shard` takes time for those that
    go, and iterating is over a copy.

    >>> cache = GhostNodeCache(1)
    >>> cache.insert(GhostNode("aa", ShardId(1))), cache.insert(GhostNode("bb", ShardId(1))).node_id, len(cache)
    (None, 'aa', 1)

    Args:
        capacity: Ghosts it holds; 1 to 2^24. One more pushes out the least recently used.
    """

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = count("capacity", capacity, 1, 2**24)
        self._ghosts: OrderedDict[str, GhostNode] = OrderedDict()
        # The nodes of each shard.
        self._nodes: dict[ShardId, dict[str, None]] = {}
        # A signal handler may come in between and use the cache too, so its own thread gets the lock again.
        self._lock = threading.RLock()

    def __getstate__(self) -> tuple[int, list[GhostNode]]:
        return self._capacity, [*self][::-1]

    def __setstate__(self, state: tuple[int, list[GhostNode]]) -> None:
        capacity, ghosts = state
        GhostNodeCache.__init__(self, capacity)
        for ghost in ghosts:
            self.insert(ghost)

    @property
    def capacity(self) -> int:
        """Ghosts it holds, at most."""
        return self._capacity

    def insert(self, ghost: GhostNode) -> GhostNode | None:
        """Keep a ghost, as the most recently used; returns the ghost that it pushed out."""
        with self._lock:
            self._remove(ghost.node_id)
            self._ghosts[ghost.node_id] = ghost
            self._nodes.setdefault(ghost.shard_id, {})[ghost.node_id] = None
            return self._remove(next(iter(self._ghosts))) if len(self._ghosts) > self._capacity else None

    def get(self, node_id: str) -> GhostNode:
        """The ghost of a node, which becomes the most recently used.

        Raises:
            GhostNodeNotFound: The cache has no ghost of this node.
        """
        with self._lock:
            ghost = self._ghosts.get(node_id)
            if ghost is not None:
                self._ghosts.move_to_end(node_id)
                return ghost
        raise GhostNodeNotFound(f"no ghost of node {node_id} is cached", node=node_id)

    def remove_shard(self, shard_id: int) -> int:
        """Drop the ghosts of a shard's nodes; returns how many it dropped."""
        with self._lock:
            gone = [self._remove(node_id) for node_id in list(self._nodes.get(ShardId(shard_id), ()))]
        return len(gone)

    def clear(self) -> None:
        """Drop all ghosts."""
        with self._lock:
            self._ghosts.clear()
            self._nodes.clear()

    def _remove(self, node_id: str) -> GhostNode | None:
        ghost = self._ghosts.pop(node_id, None)
        if ghost is not None:
            nodes = self._nodes.get(ghost.shard_id, {})
            nodes.pop(node_id, None)
            if not nodes:
                self._nodes.pop(ghost.shard_id, None)
        return ghost

    def __len__(self) -> int:
        return len(self._ghosts)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[GhostNode]:
        """The ghosts, the most recently used first."""
        with self._lock:
            return iter(list(reversed(self._ghosts.values())))

    def __contains__(self, node_id: object) -> bool:
        return isinstance(node_id, str) and node_id in self._ghosts

    def __repr__(self) -> str:
        return f"<{len(self)} of at most {self.capacity} ghosts>"


def _ghost(row: GhostRow) -> GhostNode:
    data = {"label": row.label, "mentions": row.mentions} if row.is_resolved else None
    return GhostNode(row.node, ShardId(row.shard), row.label, data, row.is_resolved)


class ShardGhosts(Unpicklable, GhostNodeCache):
    """The ghosts of a shard. The shard fills it; it is read here."""

    _instead = "pickle a list of its ghosts instead"

    def __init__(self, shard: ShardHandle) -> None:
        super().__init__(shard.ghosts_max)
        self._shard = shard

    def get(self, node_id: str) -> GhostNode:
        return _ghost(self._shard.ghost(node_id))

    def insert(self, ghost: GhostNode) -> NoReturn:
        what = "a shard fills its own ghost cache; make a `GhostNodeCache` to keep ghosts of your own"
        raise BusyError(what, what=what)

    def remove_shard(self, shard_id: int) -> int:
        return self._shard.handle_shard_offline(ShardId(shard_id))

    def clear(self) -> None:
        for shard in self._shard.ring.shards:
            self.remove_shard(shard)

    def __len__(self) -> int:
        return self._shard.ghost_count()

    def __contains__(self, node_id: object) -> bool:
        return isinstance(node_id, str) and self._shard.has_ghost(node_id)

    def __iter__(self) -> Iterator[GhostNode]:
        return map(_ghost, self._shard.ghosts())
