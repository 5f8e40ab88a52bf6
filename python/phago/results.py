"""What phago gives back: frozen, typed, picklable."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, overload

from .ids import ShardId, TickPhase

if TYPE_CHECKING:
    from .document import Scalar

__all__ = [
    "BridgeShare",
    "Concept",
    "ConceptShare",
    "Explanation",
    "Parts",
    "Path",
    "WordShare",
    "ClusterStats",
    "CrossShardEdge",
    "CrossShardEdges",
    "DistributedTickResult",
    "Edge",
    "StoredDocument",
    "GhostNode",
    "Hit",
    "Hits",
    "IngestReport",
    "LocalQueryRequest",
    "LocalQueryResult",
    "Node",
    "PhaseResult",
    "Rejected",
    "RunReport",
    "ScoredNode",
    "ShardHealth",
    "ShardInfo",
    "Stats",
]


# --- what a colony answers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that `ingest(..., on_error="skip")` left out."""

    index: int
    """Its position in the caller's sequence, from 0."""
    id: str | None
    field: str
    """The field at fault."""
    reason: str
    """What is wrong with it and what would be accepted."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the documents of one `ingest`."""

    accepted: int = 0
    """New documents."""
    unchanged: int = 0
    """Documents that the colony already had, to the letter."""
    rejected: tuple[Rejected, ...] = ()
    """Those left out, in the caller's order."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one `run` did."""

    ticks: int
    digested: int
    """Documents digested in these ticks."""
    failed: int
    """Documents that could not be digested."""
    seconds: float
    """Wall time."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The additive parts of a score: `lexical + concepts + bridge`, in this order, is the score to the last bit."""

    lexical: float = 0.0
    """From the question's own words, in text and title."""
    concepts: float = 0.0
    """From concepts that the best documents share."""
    bridge: float = 0.0
    """From mentions of the document's title in the best documents."""


@dataclass(frozen=True, slots=True)
class WordShare:
    """What a word of the question gives."""

    word: str
    points: float


@dataclass(frozen=True, slots=True)
class ConceptShare:
    """What a concept gives, and why it was lit."""

    label: str
    points: float
    words: tuple[WordShare, ...] = ()
    """The same points by the question's words that found the seeds, most first."""
    seeds: tuple[tuple[str, float], ...] = ()
    """The same points by the seeds (their ids) that lit it, most first. With `Ranking.hop_share`, what is missing came
    straight from the words.
    """


@dataclass(frozen=True, slots=True)
class BridgeShare:
    """What a mention of the document's title gives."""

    seed: str
    """The id of the seed that mentions it."""
    title: str
    """The title of that seed."""
    weight: float
    """Its weight among the seeds."""
    points: float


_Steps = tuple[tuple[ConceptShare, ...], tuple[BridgeShare, ...], tuple[WordShare, ...]]


class Path:
    """How a question reached a document: by its words, word -> concept -> document, and by title from a seed.

    It is made when it is read: most paths never are.
    """

    __slots__ = ("_make", "_steps")
    __match_args__ = ("concepts", "bridges", "words")
    _make: Callable[[], _Steps]

    def __init__(
        self,
        concepts: tuple[ConceptShare, ...] = (),
        bridges: tuple[BridgeShare, ...] = (),
        words: tuple[WordShare, ...] = (),
    ) -> None:
        self._steps: _Steps | None = (concepts, bridges, words)

    @classmethod
    def later(cls, make: Callable[[], _Steps]) -> Path:
        """The path that `make` will make."""
        path = cls.__new__(cls)
        path._make = make
        path._steps = None
        return path

    def _read(self) -> _Steps:
        # Two threads may both make it, and make the same.
        steps = self._steps
        if steps is None:
            steps = self._steps = self._make()
        return steps

    @property
    def concepts(self) -> tuple[ConceptShare, ...]:
        """The three concepts that give most, most first, each with its three strongest seeds."""
        return self._read()[0]

    @property
    def bridges(self) -> tuple[BridgeShare, ...]:
        """The seeds that mention its title, best first."""
        return self._read()[1]

    @property
    def words(self) -> tuple[WordShare, ...]:
        """The question's words that it has, with what they give to the lexical part, in the order of the question."""
        return self._read()[2]

    def __eq__(self, other: object) -> bool:
        return self._read() == other._read() if isinstance(other, Path) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._read())

    def __repr__(self) -> str:
        return f"Path(concepts={self.concepts!r}, bridges={self.bridges!r}, words={self.words!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Path, self._read()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document's score for a question, taken apart; for any document, found or not."""

    id: str
    """Empty where no document was asked about."""
    score: float
    parts: Parts
    words: tuple[WordShare, ...] = ()
    """Points of the lexical part by the question's words, in the order of the question."""
    unknown: tuple[str, ...] = ()
    """The question's words that no document has."""
    title: float = 0.0
    """Points of the lexical part for words of the question in the title."""
    named: float = 0.0
    """Points of the lexical part as the question mentions the whole title."""
    concepts: tuple[ConceptShare, ...] = ()
    """All concepts that give something, most first."""
    bridges: tuple[BridgeShare, ...] = ()
    """The seeds that mention its title, best first."""
    seed: float | None = None
    """The document's weight among the seeds, where it is one."""
    nothing: str | None = None
    """Why the question finds nothing at all; `None` where it finds something."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept near a question."""

    id: str
    label: str
    score: float
    neighbors: tuple[tuple[str, float], ...] = ()
    """Labels and weights of what it is associated with, the strongest first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that answers a query."""

    score: float
    """Only its order has a meaning across queries."""
    id: str
    """The caller's id, or 32 hex digits where none was given."""
    title: str
    text: str
    digested: int | None = None
    """The tick in which the document was digested; `None` while it waits."""
    parts: Parts = field(default_factory=Parts)
    """What the score is the sum of."""
    span: tuple[int, int] = (0, 0)
    """Where the best passage stands: `text[start:end]`."""
    path: Path = field(default_factory=Path)
    """How the question got there. Empty in a lexical ranking."""
    metadata: dict[str, Scalar | list[Scalar]] = field(default_factory=dict, hash=False)
    """The document's, sorted by key."""

    @property
    def passage(self) -> str:
        """The best passage of the text: sentences, at most 600 characters. Empty in a lexical ranking."""
        return self.text[slice(*self.span)]


@dataclass(frozen=True, slots=True)
class Hits(Sequence[Hit]):
    """The answers to a query, best first."""

    items: tuple[Hit, ...] = ()
    pending: int = 0
    """Documents that the colony has taken and not yet digested. They are found by their words all the same."""

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Hits: ...
    def __getitem__(self, index: int | slice) -> Hit | Hits:
        if isinstance(index, slice):
            return Hits(self.items[index], self.pending)
        return self.items[index]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A stored document."""

    id: str
    title: str
    text: str
    arrival: int
    """The tick after which it arrived."""
    digested: int | None
    """The tick in which it was digested; `None` while it waits."""
    metadata: dict[str, Scalar | list[Scalar]] = field(default_factory=dict, hash=False)
    """What was said of it beside its text, sorted by key."""


@dataclass(frozen=True, slots=True)
class Node:
    """A concept of the graph."""

    id: str
    """32 hex digits: the hash of its kind and its normal form."""
    label: str
    """Its most frequent word form."""
    stem: str
    """Its normal form: what words must share to be this concept."""
    mentions: int
    """Documents that contain it."""
    uses: int
    """How often `reinforce` used it since it is a concept."""
    degree: int
    """Live synapses of its own row."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A synapse: what its source associates with its target."""

    source: str
    """Label of the concept that keeps it."""
    target: str
    """Label of the concept it leads to."""
    weight: float
    """From 0 to 1, decayed to the tick at which it was read."""
    co_activations: int
    """Documents that contained both since the synapse was made."""
    created: int
    """The tick that made it."""
    last_activated: int
    """The tick of its last co-activation."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A colony in numbers, all of one committed tick and the inputs applied since."""

    tick: int
    documents: int
    pending: int
    """Documents taken and not yet digested."""
    digested: int
    terms: int
    """Different terms of all documents."""
    nodes: int
    """Concepts that were wired."""
    edges: int
    """Live synapses."""
    edge_slots: int
    """Places for synapses that take memory, the dead and not yet swept included."""
    digesters: int
    """Living digesters."""
    shards: int
    cross_shard_edges: int
    """Live synapses whose target lives on another shard."""
    ghosts: int
    """Far nodes of which a shard keeps a copy."""
    row_bytes: int
    """Memory of all synapses."""
    bytes_exchanged: int
    """Bytes that shards sent one another, in all ticks so far."""
    touched: int
    """Rows of synapses that the last tick read."""


# --- what a tick answers -----------------------------------------------------------------------------------------


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
    def get(self, index: int, /) -> tuple[Any, ...]: ...


class _StoredRows:
    """Rows that have crossed a pickle."""

    __slots__ = ("rows",)

    def __init__(self, rows: tuple[tuple[Any, ...], ...]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, index: int, /) -> tuple[Any, ...]:
        return self.rows[index]


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
        from_node, to_node, to_shard, weight = self._parts[part].get(at - start)
        return CrossShardEdge(from_node, to_node, ShardId(to_shard), weight)

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


@dataclass(frozen=True, slots=True)
class DistributedTickResult:
    """What one tick did on all shards."""

    tick: int
    phase_results: tuple[PhaseResult, ...]
    """Sense, Act and Decay of every shard: three for each."""

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


# --- what a cluster answers --------------------------------------------------------------------------------------


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
