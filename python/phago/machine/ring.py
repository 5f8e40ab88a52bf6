"""Who lives where."""

from __future__ import annotations

from typing import Self

from .. import _phago
from .._checks import count, text_of
from .._unpicklable import Unpicklable
from ..config import DistributedConfig
from ..ids import ShardId

__all__ = ["ConsistentHashRing"]


class ConsistentHashRing(Unpicklable):
    """Which shard is home to what. Adding or removing one of n shards moves about 1/n of everything, and no more.

    >>> ring = ConsistentHashRing(3)
    >>> ring.get_shard("a") == ConsistentHashRing(3).get_shard("a")
    True

    A ring is frozen once a shard is made on it: from then on what would change it raises `BusyError`.

    Args:
        num_shards: Shards from the start; 1 to 1,024.
    """

    _instead = "make one of the same numbers: it places everything alike"

    def __init__(self, num_shards: int) -> None:
        config = DistributedConfig(num_shards=num_shards)
        self._native = _phago.Ring(config.num_shards, config.virtual_nodes_per_shard)

    @classmethod
    def with_virtual_nodes(cls, num_shards: int, virtual_nodes_per_shard: int) -> Self:
        """A ring with this many points for each shard; 1 to 10,000. More points share more evenly."""
        config = DistributedConfig(num_shards=num_shards, virtual_nodes_per_shard=virtual_nodes_per_shard)
        return cls._of(_phago.Ring(config.num_shards, config.virtual_nodes_per_shard))

    @classmethod
    def _of(cls, native: _phago.Ring) -> Self:
        ring = cls.__new__(cls)
        ring._native = native
        return ring

    def get_shard(self, document_id: str) -> ShardId:
        """The shard that is home to the document of this id."""
        return ShardId(self._native.shard_of_document(text_of("document_id", document_id)))

    def get_shard_for_key(self, key: str) -> ShardId:
        """The home of what is stored under a key: of a node or document by its 32 hex digits, else as `get_shard`."""
        key = text_of("key", key)
        if len(key) == 32 and set(key) <= set("0123456789abcdef"):
            return ShardId(self._native.shard_of_id(key))
        return self.get_shard(key)

    def get_replica_shards(self, document_id: str, replicas: int) -> list[ShardId]:
        """The home, then distinct shards clockwise, at most all there are."""
        found = self._native.replicas_of_document(text_of("document_id", document_id), count("replicas", replicas, 1))
        return [ShardId(shard) for shard in found]

    def add_shard(self) -> ShardId:
        """Add a shard under the lowest free number.

        Raises:
            BusyError: The ring is frozen.
            LimitError: There are 1,024 shards.
        """
        return ShardId(self._native.add_shard())

    def remove_shard(self, shard_id: int) -> None:
        """Take a shard off the ring.

        Raises:
            BusyError: The ring is frozen.
            ShardNotFound: It is not on the ring.
        """
        self._native.remove_shard(ShardId(shard_id))

    def all_shards(self) -> list[ShardId]:
        """The shards on the ring, in order."""
        return [ShardId(shard) for shard in self._native.shards]

    @property
    def shard_count(self) -> int:
        return len(self._native.shards)

    @property
    def virtual_nodes_per_shard(self) -> int:
        """Points of each shard."""
        return self._native.virtual_nodes_per_shard

    @property
    def total_virtual_nodes(self) -> int:
        """Points of all shards."""
        return self._native.total_virtual_nodes

    @property
    def is_frozen(self) -> bool:
        """Whether a shard was made on it."""
        return self._native.frozen

    def __eq__(self, other: object) -> bool:
        """Whether both place everything alike."""
        if not isinstance(other, ConsistentHashRing):
            return NotImplemented
        return self._native.same_as(other._native)

    # Equality may change until the ring is frozen.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<ring of {self.shard_count} shards with {self.virtual_nodes_per_shard} points each>"
