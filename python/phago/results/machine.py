"""What the parts of the machine tell of themselves."""

from __future__ import annotations

from typing import Any

from .._records import dataclass, field
from ..ids import ShardId

__all__ = [
    "ClusterStats",
    "GhostNode",
    "LocalQueryRequest",
    "LocalQueryResult",
    "ScoredNode",
    "ShardHealth",
    "ShardInfo",
]


@dataclass(frozen=True, slots=True)
class GhostNode:
    """What a shard knows of a node that lives on another."""

    node_id: str
    shard_id: ShardId
    """The node's home."""
    label: str | None = None
    """`None` until resolved."""
    full_data: dict[str, Any] | None = None
    """The node as its home last told it, by name of value; `None` until resolved."""
    is_resolved: bool = False
    """Whether the node's data was fetched from its home."""


@dataclass(frozen=True, slots=True)
class ShardInfo:
    """A shard as the coordinator knows it."""

    id: ShardId
    address: str
    node_count: int
    edge_count: int
    document_count: int
    last_heartbeat: float | None
    """Seconds on the coordinator's clock; `None` when it was never heard of."""


@dataclass(frozen=True, slots=True)
class ShardHealth:
    """A shard's condition, measured."""

    shard_id: ShardId
    healthy: bool
    load: float
    """Share of its documents that wait to be digested; 0 to 1."""
    memory_usage_mb: float
    """Mebibytes (2^20 bytes) that the shard's synapses and documents hold."""
    pending_operations: int
    """Documents at home here that wait to be digested."""


@dataclass(frozen=True, slots=True)
class ClusterStats:
    """A cluster in numbers."""

    total_shards: int
    online_shards: int
    total_documents: int
    total_memory_bytes: int
    current_tick: int


@dataclass(frozen=True, slots=True)
class ScoredNode:
    """A concept that answers a query."""

    node_id: str
    label: str
    score: float
    shard_id: ShardId


@dataclass(frozen=True, slots=True)
class LocalQueryRequest:
    """A query for the concepts of one shard, with the statistics of all."""

    query_terms: tuple[str, ...]
    """Words as a person writes them."""
    max_results: int = 10
    global_df: dict[str, int] = field(default_factory=dict)
    """Documents that contain each term, by its stem, over all shards; empty means the shard's own exact copy."""

    def __post_init__(self) -> None:
        terms = (self.query_terms,) if isinstance(self.query_terms, str) else tuple(self.query_terms)
        object.__setattr__(self, "query_terms", terms)


@dataclass(frozen=True, slots=True)
class LocalQueryResult:
    """The best concepts of one shard."""

    shard_id: ShardId
    results: tuple[ScoredNode, ...]
    term_frequencies: dict[str, int]
    """Documents of this shard that contain each term of the query, by its stem."""
