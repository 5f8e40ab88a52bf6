"""The native module: classes that take and give primitives.

Nothing here is public. The classes that users meet are written in Python beside this file and hold these.
Wherever a call can fail it raises the classes of `phago.errors` with their fields. Calls that may take
long leave the interpreter to other threads, answer Ctrl-C within 50 ms and turn a panic into `PhagoError`.
After a fork every call raises `CoordinatorUnavailable`, because the worker threads stayed in the parent.

Words used below: a *key* is the caller's own id of a document; an *id* of a document or node is 32 hex digits;
a phase is its name, `"Sense"`, `"Act"`, `"Decay"` or `"Advance"`; ticks are counted from 0.
"""

import datetime
import sys
from asyncio import Future
from collections.abc import Awaitable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal, NoReturn, TypeVar, final

from .errors import CorruptionError

_T = TypeVar("_T", covariant=True)
# settings by name; absent ones have their defaults
_Settings = dict[str, bool | int | float | str]
_PhaseName = Literal["Sense", "Act", "Decay", "Advance"]
# (kind, shard, phase, tick), and for some kinds a number more; see `Runner.inject`
_Fault = tuple[str, int, str, int | None] | tuple[str, int, str, int | None, int]
_Updated = Literal["new", "changed", "unchanged"]
_Scalar = str | int | float | bool
# sorted by key
_Metadata = dict[str, _Scalar | list[_Scalar]]
# A document that answers: score, id, title, text, tick that digested it, metadata, thread, place, time.
_Found = tuple[float, str, str, str, int | None, _Metadata, str | None, int | None, datetime.datetime | None]
# The same, the parts of its score, where the best passage starts and ends in characters, and the path.
_Answered = tuple[_Found, list[float], tuple[int, int], PathRow]
# for each key a value, values, or operators with what to compare with
_Where = Mapping[str, _Scalar | Collection[_Scalar] | Mapping[str, _Scalar | Collection[_Scalar]]]
# whether there are operators; what is required, excluded, and synonyms
_Extras = tuple[bool | None, list[str], list[str], list[tuple[str, str]]]
_Change = Literal["new", "split", "merged", "grown", "shrunk", "same"]
# what the agents of a kind chose; see `Living.choose`
_Chose = tuple[str, list[tuple[int, bytes, Any]], list[int], list[int], list[Any]]
# (label of a concept, the question's words that led to it, most first)
_Step = tuple[str, list[str]]
_Span = tuple[int | None, int | None, int | None]

__all__ = [
    "AgentView",
    "AlarmRow",
    "analyse",
    "ANALYSER",
    "AnomalyRow",
    "AssociatedRow",
    "Batch",
    "BridgeRow",
    "Call",
    "Census",
    "chance",
    "check_config",
    "check_loop",
    "ClusterBridgeRow",
    "ClusterRow",
    "Column",
    "concept_id",
    "ConceptShareRow",
    "ContextRow",
    "content_id",
    "Coordinator",
    "cores",
    "CrossEdgeRow",
    "CrossEdges",
    "DEBUG_BUILD",
    "DiffRow",
    "DOCUMENT_BYTES_MAX",
    "document_id",
    "EdgeRow",
    "EdgeTable",
    "EventRow",
    "ExplainedRow",
    "FadingRow",
    "Follower",
    "GhostRow",
    "HealthRow",
    "IngestedRow",
    "InsightsRow",
    "Kept",
    "KEY_BYTES_MAX",
    "KindRow",
    "Living",
    "load_modules",
    "LocalAnswerRow",
    "LocalConceptRow",
    "METADATA_BYTES_MAX",
    "METADATA_KEYS_MAX",
    "NeighborRow",
    "network_file_system",
    "Node",
    "NodeRow",
    "NodeTable",
    "PathRow",
    "PhaseRow",
    "piece_ends",
    "PopulationRow",
    "RankedRow",
    "REDOS_MAX",
    "RejectedRow",
    "Ring",
    "Runner",
    "RunRow",
    "set_cores",
    "set_map_seed",
    "Setting",
    "settings",
    "ShardHandle",
    "ShardRow",
    "SHARDS_MAX",
    "ShortestPathRow",
    "SideRow",
    "SignificantRow",
    "Stop",
    "StoredRow",
    "StructureRow",
    "TickResult",
    "UpdatedRow",
    "VerifiedRow",
    "verify",
    "wait_until_freed",
    "WordRow",
    "World",
]

ANALYSER: str  # name and version of the text analysis; part of every digest
DEBUG_BUILD: bool  # True in a build without optimisation; the package warns about it on import
DOCUMENT_BYTES_MAX: int  # bytes of UTF-8 that title and text of a document may have together (16 MiB)
KEY_BYTES_MAX: int  # bytes of UTF-8 that a key may have (512)
METADATA_BYTES_MAX: int  # bytes of UTF-8 that a document's metadata may have, with 8 for each value (64 KiB)
METADATA_KEYS_MAX: int  # keys that a document's metadata may have (64)
REDOS_MAX: int  # times that a tick in which a shard died or hung is redone, at most
SHARDS_MAX: int  # shards that a ring takes, at most

def set_map_seed(seed: int) -> None:
    """Seed every internal map made from now on. Results never depend on it. `seed` is taken modulo 2**64."""

def cores() -> int:
    """The cores this process may use: what was said, or else what its affinity and its control groups' quotas allow."""

def set_cores(count: int) -> None:
    """Take this number of cores for the right one, from 1 on. Threads that run already stay as they are."""

def check_loop() -> None:
    """Raise `RuntimeError` with advice where no loop of asyncio runs."""

def load_modules() -> None:
    """Import the modules that errors and values need: nothing can be imported any more while Python ends."""

def wait_until_freed() -> Call[int]:
    """Wait until every colony that has been let go of by now is freed, on its own thread; how many were so far."""

def document_id(key: str) -> str:
    """The id of a document that the caller named `key`."""

def content_id(title: str, text: str) -> str:
    """The id of a document without a key and without metadata."""

def concept_id(stem: str) -> str:
    """The id of the node of a concept, by its stem."""

@final
class Call(Generic[_T]):
    """What was asked for, with all that it needs read from Python. It begins once, and its result is taken once."""

    def read_ahead(self) -> None:
        """Do what can be done of it before it may begin. It may be left out, and it helps only where shards are elsewhere."""
    def begin(self) -> None:
        """Begin on a thread beside, if one can be had; `wait` for the result. Without that it runs to its end."""
    def is_over(self) -> bool:
        """Whether it has come to its end, or its result was taken."""
    def wait(self) -> _T:
        """Block until there is the result. Answers Ctrl-C within 50 ms."""
    def start_ahead(self) -> Future[None]:
        """Do what `read_ahead` does on a thread of the module. Needs a running event loop."""
    def start(self) -> Awaitable[_T]:
        """Begin on a thread of the module, in the order of such calls. Needs a running event loop.

        A call that changes the colony and is cancelled has changed it as asked, or not at all.
        """

@final
class Setting:
    """What is known of a setting before one is made."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Literal["int", "float", "bool", "choice"]: ...
    @property
    def choices(self) -> list[str]:
        """The words that a choice accepts, in order; empty for the other kinds."""
    @property
    def default(self) -> int | float | str: ...
    @property
    def low(self) -> int | float | str:
        """The least value that is accepted."""
    @property
    def high(self) -> int | float | str:
        """The greatest value that is accepted."""
    @property
    def at_least(self) -> str | None:
        """Another setting of the class, whose value is the least that is accepted."""

def settings(name: str) -> list[Setting]:
    """Every setting of a class of `phago.config`, in order; `KeyError` for another class."""

def check_config(config: _Settings) -> None:
    """Raise `ConfigError` for the first field that is unknown, of a wrong type or out of range.

    Fields that are absent have their defaults.
    """

def analyse(text: str) -> list[str]:
    """The stems of `text` in the order of their first words, each once."""

@final
class RejectedRow:
    """A document that was left out, or of which something was."""

    @property
    def index(self) -> int:
        """In the caller's whole sequence."""
    @property
    def id(self) -> str | None: ...
    @property
    def field(self) -> str: ...
    @property
    def reason(self) -> str: ...

@final
class IngestedRow:
    """What became of a chunk of documents."""

    @property
    def accepted(self) -> int: ...
    @property
    def unchanged(self) -> int:
        """Documents that were there already with the same content."""
    @property
    def rejected(self) -> list[RejectedRow]: ...
    @property
    def unindexed(self) -> list[RejectedRow]:
        """New documents with words that are too long to be indexed."""

@final
class UpdatedRow:
    """What became of a chunk of updates."""

    @property
    def new(self) -> int:
        """Documents that had not been there."""
    @property
    def changed(self) -> int: ...
    @property
    def unchanged(self) -> int:
        """Documents that were there already with the same content."""
    @property
    def rejected(self) -> list[RejectedRow]: ...

@final
class StoredRow:
    """A stored document."""

    @property
    def id(self) -> str:
        """The key, or 32 hex digits where the caller gave none."""
    @property
    def named(self) -> bool:
        """Whether the caller gave a key."""
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def arrival(self) -> int:
        """The first tick that could digest it: the one after it came."""
    @property
    def digested(self) -> int | None:
        """The tick that digested it."""
    @property
    def metadata(self) -> _Metadata: ...
    @property
    def expires(self) -> int | datetime.datetime | None:
        """The tick after which it is gone, or the time from which on a tick takes it away, in UTC."""
    @property
    def thread(self) -> str | None: ...
    @property
    def place(self) -> int | None:
        """Its place in that thread."""
    @property
    def time(self) -> datetime.datetime | None:
        """The moment that it is of, in UTC."""
    @property
    def vector(self) -> list[int] | None:
        """Its vector, as it is kept."""

@final
class WordRow:
    """What a word of the question gives."""

    @property
    def word(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def read_as(self) -> str | None:
        """The known word that it was read as."""

@final
class ConceptShareRow:
    """What a concept gives."""

    @property
    def label(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def words(self) -> list[WordRow]: ...
    @property
    def seeds(self) -> list[tuple[str, float]]:
        """The id of each seed, with its points."""

@final
class BridgeRow:
    """What a mention of the document's title gives."""

    @property
    def seed(self) -> str:
        """The id of the seed that mentions it."""
    @property
    def title(self) -> str:
        """The title of that seed."""
    @property
    def weight(self) -> float: ...
    @property
    def points(self) -> float: ...

@final
class ContextRow:
    """What a neighbour in its thread gives."""

    @property
    def id(self) -> str:
        """The id of the neighbour."""
    @property
    def points(self) -> float: ...

@final
class PathRow:
    """How a question reached a document; turned into Python's objects when it is read."""

    @property
    def words(self) -> list[WordRow]: ...
    @property
    def concepts(self) -> list[ConceptShareRow]: ...
    @property
    def bridges(self) -> list[BridgeRow]: ...
    @property
    def context(self) -> list[ContextRow]: ...

@final
class ExplainedRow:
    """A document's score for a question, taken apart."""

    @property
    def id(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def parts(self) -> list[float]: ...
    @property
    def words(self) -> list[WordRow]: ...
    @property
    def unknown(self) -> list[str]: ...
    @property
    def read_as(self) -> list[tuple[str, str]]:
        """What words were read as."""
    @property
    def unmet(self) -> list[str]:
        """The operators that the document does not meet."""
    @property
    def function_words(self) -> list[str]: ...
    @property
    def title(self) -> float: ...
    @property
    def named(self) -> float: ...
    @property
    def concepts(self) -> list[ConceptShareRow]: ...
    @property
    def bridges(self) -> list[BridgeRow]: ...
    @property
    def context(self) -> list[ContextRow]: ...
    @property
    def speaker(self) -> float:
        """Points of the context part as the question names who says it."""
    @property
    def seed(self) -> float | None:
        """Its weight as a seed."""
    @property
    def nothing(self) -> str | None:
        """Why the question finds nothing."""

@final
class RankedRow:
    """A concept near a text."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def shard(self) -> int: ...

@final
class StructureRow:
    """What hangs together in the graph, by labels."""

    @property
    def tick(self) -> int: ...
    @property
    def components(self) -> list[list[str]]: ...
    @property
    def bridges(self) -> list[tuple[str, str]]: ...
    @property
    def articulation_points(self) -> list[str]: ...

@final
class ShortestPathRow:
    """A shortest path."""

    @property
    def labels(self) -> list[str]: ...
    @property
    def cost(self) -> float: ...

@final
class SignificantRow:
    """A pair of concepts, and how far it is from chance."""

    @property
    def one(self) -> str: ...
    @property
    def other(self) -> str: ...
    @property
    def co(self) -> int: ...
    @property
    def weight(self) -> float: ...
    @property
    def g2(self) -> float: ...

@final
class ClusterRow:
    """A cluster with its evidence."""

    @property
    def members(self) -> list[str]: ...
    @property
    def strongest(self) -> list[str]: ...
    @property
    def documents(self) -> int: ...
    @property
    def examples(self) -> list[str]: ...
    @property
    def pairs(self) -> int: ...
    @property
    def id(self) -> int: ...
    @property
    def since(self) -> int: ...
    @property
    def change(self) -> _Change: ...
    @property
    def split_from(self) -> int | None: ...
    @property
    def merged(self) -> list[int]: ...
    @property
    def joined(self) -> int: ...
    @property
    def left(self) -> int: ...

@final
class SideRow:
    """One side of a bridge; its cluster is an index."""

    @property
    def cluster(self) -> int: ...
    @property
    def documents(self) -> float: ...
    @property
    def g2(self) -> float: ...
    @property
    def strongest(self) -> list[str]: ...
    @property
    def examples(self) -> list[str]: ...

@final
class ClusterBridgeRow:
    """A concept that joins two clusters, with its evidence."""

    @property
    def label(self) -> str: ...
    @property
    def sides(self) -> list[SideRow]: ...
    @property
    def mentions(self) -> int: ...
    @property
    def cover(self) -> float: ...
    @property
    def score(self) -> float: ...

@final
class InsightsRow:
    """What a survey finds out."""

    @property
    def tick(self) -> int: ...
    @property
    def documents(self) -> int: ...
    @property
    def modularity(self) -> float: ...
    @property
    def clusters(self) -> list[ClusterRow]: ...
    @property
    def gone(self) -> list[tuple[int, int | None]]: ...
    @property
    def bridges(self) -> list[ClusterBridgeRow]: ...

@final
class NeighborRow:
    """A concept that another one is wired to."""

    @property
    def label(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def co_activations(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def last(self) -> int:
        """The tick that activated the synapse last."""
    @property
    def id(self) -> str: ...

@final
class AssociatedRow:
    """A concept near a text, with what it is wired to."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def neighbors(self) -> list[NeighborRow]:
        """The strongest first."""

@final
class NodeRow:
    """A concept."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def mentions(self) -> int: ...
    @property
    def uses(self) -> int: ...
    @property
    def degree(self) -> int: ...
    @property
    def shard(self) -> int: ...

@final
class EdgeRow:
    """A synapse."""

    @property
    def source(self) -> str:
        """The source's label."""
    @property
    def target(self) -> str:
        """The target's label."""
    @property
    def weight(self) -> float: ...
    @property
    def co_activations(self) -> int: ...
    @property
    def created(self) -> int: ...
    @property
    def last(self) -> int:
        """The tick that activated it last."""
    @property
    def source_id(self) -> str: ...
    @property
    def target_id(self) -> str: ...

@final
class CrossEdgeRow:
    """A synapse whose target lives on another shard."""

    @property
    def from_node(self) -> str: ...
    @property
    def to_node(self) -> str: ...
    @property
    def to_shard(self) -> int: ...
    @property
    def weight(self) -> float: ...

@final
class PhaseRow:
    """What one shard did in one phase."""

    @property
    def shard(self) -> int: ...
    @property
    def phase(self) -> _PhaseName: ...
    @property
    def tick(self) -> int: ...
    @property
    def node_count(self) -> int: ...
    @property
    def edge_count(self) -> int: ...
    @property
    def cross_edges(self) -> CrossEdges:
        """New cross-shard edges made on that shard."""

@final
class RunRow:
    """What a run did."""

    @property
    def ticks(self) -> int: ...
    @property
    def digested(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def recovered(self) -> int:
        """How often ticks were redone."""
    @property
    def last_fault(self) -> str | None:
        """Why the last one was."""

@final
class ShardRow:
    """A shard as the coordinator knows it."""

    @property
    def shard(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def online(self) -> bool: ...
    @property
    def node_count(self) -> int: ...
    @property
    def edge_count(self) -> int: ...
    @property
    def document_count(self) -> int: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def last_heartbeat(self) -> float | None:
        """Seconds; None when it was never heard of."""

@final
class HealthRow:
    """The condition of a shard, measured."""

    @property
    def healthy(self) -> bool: ...
    @property
    def load(self) -> float:
        """The share of its documents that is pending."""
    @property
    def memory_usage_mb(self) -> float:
        """Mebibytes."""
    @property
    def pending_operations(self) -> int: ...

@final
class GhostRow:
    """A copy of a node that lives on another shard."""

    @property
    def node(self) -> str: ...
    @property
    def shard(self) -> int: ...
    @property
    def label(self) -> str | None: ...
    @property
    def mentions(self) -> int | None: ...
    @property
    def is_resolved(self) -> bool: ...

@final
class LocalConceptRow:
    """A concept that one shard finds for a query."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def score(self) -> float: ...

@final
class LocalAnswerRow:
    """What one shard finds for a query."""

    @property
    def concepts(self) -> list[LocalConceptRow]: ...
    @property
    def frequencies(self) -> dict[str, int]:
        """Documents of the shard that have each of the query's stems."""

@final
class Ring:
    """A consistent-hash ring. Frozen (mutators raise `BusyError`) from when a shard is made on it."""

    def __new__(cls, num_shards: int, virtual_nodes_per_shard: int | None = None) -> Ring: ...
    @property
    def shards(self) -> list[int]: ...
    @property
    def virtual_nodes_per_shard(self) -> int: ...
    @property
    def total_virtual_nodes(self) -> int: ...
    @property
    def frozen(self) -> bool: ...
    def shard_of_document(self, key: str) -> int: ...
    def shard_of_id(self, id: str) -> int:
        """The home of an id of 32 hex digits; `ValueError` for anything else."""
    def replicas_of_document(self, key: str, count: int) -> list[int]:
        """The home first, then distinct shards clockwise, at most all."""
    def add_shard(self) -> int:
        """Add a shard under the lowest free number. `BusyError` when frozen, `LimitError` at `SHARDS_MAX`."""
    def remove_shard(self, shard: int) -> None:
        """`ShardNotFound` when it is not there, `BusyError` when frozen."""
    def same_as(self, other: Ring) -> bool:
        """Whether both place every id alike: equal shards and equal virtual nodes."""

@final
class Coordinator:
    """Registry of shards and barrier of their phases. Only `wait_for_phase` waits.

    Places 0 to `num_shards` - 1 are registered and online from the start. While a runner drives it (from
    when the runner is made until it is closed or collected), `register_shard`, `deregister_shard`,
    `phase_complete` and `advance_tick` raise `BusyError`. Absent settings have the defaults of `DistributedConfig`.
    """

    def __new__(cls, config: _Settings | None = None) -> Coordinator: ...
    @property
    def ring(self) -> Ring:
        """The same object every time."""
    @property
    def current_tick(self) -> int: ...
    @property
    def driven(self) -> bool:
        """Whether a runner drives it."""
    def register_shard(self, address: str) -> int:
        """Add a shard under the lowest free number; returns the number."""
    def deregister_shard(self, shard: int) -> None:
        """`ShardNotFound` when it is not registered."""
    def phase_complete(self, shard: int, phase: _PhaseName, tick: int) -> bool:
        """Note an answer; True when it was the last one missing. `BarrierFailed` for another phase or tick."""
    def wait_for_phase(self, phase: _PhaseName, tick: int, timeout_ms: int) -> Awaitable[None]:
        """Wait until every shard has completed the phase. `PhaseTimeout` names those that did not.

        Needs a running event loop; starts at once.
        """
    def advance_tick(self) -> int:
        """Begin the next tick; `BarrierFailed` unless every shard has completed Decay. Returns the new tick."""
    def shards(self) -> list[ShardRow]:
        """What is known of each, by shard."""
    def heartbeat(self, shard: int, now: float) -> None:
        """`now` in seconds of the caller's monotonic clock; a stamp from the future counts as the present."""
    def check_health(self, now: float) -> list[int]:
        """The shards that went offline with this call."""
    def update_metrics(
        self, shard: int, node_count: int, edge_count: int, document_count: int, memory_bytes: int
    ) -> None: ...

@final
class World:
    """One colony: its committed state and what was ingested since.

    What may take a while is a `Call`. Reading calls see one committed tick and the documents applied since, and do not wait for a tick under way.
    """

    @staticmethod
    def create(config: _Settings, shards: int, virtual_nodes_per_shard: int | None = None) -> World: ...
    @property
    def config(self) -> _Settings:
        """The settings with which it was made."""
    @property
    def tick(self) -> int: ...
    @property
    def shard_count(self) -> int: ...
    def same_as(self, other: World) -> bool:
        """Whether both are handles of one colony."""
    @property
    def quiet(self) -> bool:
        """Nothing to digest, unwire or reinforce, no living digester, no lifetime that is over: a run has nothing to do."""
    @property
    def is_far(self) -> bool:
        """Whether its shards are in other processes."""
    @property
    def space(self) -> tuple[int | None, str | None]:
        """How many numbers vectors have, if there ever was one, and the name of the model, if it was told."""
    def tell_model(self, model: str) -> Call[None]:
        """Tell the name of the model that makes vectors; `ConfigError` where another one was told."""
    def embeddable(self, documents: Sequence[object], first_index: int) -> Call[list[str | list[int] | None]]:
        """Of what the vector of each document is made: its text; or the vector that it has, where it stands with no other
        difference than its lifetime; or None where it comes with one, or is not valid.
        """
    def ingest(
        self,
        documents: Sequence[object],
        first_index: int,
        skip: bool,
        vectors: Sequence[object] | None = None,
        idles: bool = False,
    ) -> Call[IngestedRow]:
        """Take one chunk of documents, with the vectors of those that have None of their own.

        `idles` says that this thread has nothing else to do while the chunk before is taken in, and may prepare more of
        this one than it must.

        A document is a `str`, a mapping with `text` and perhaps the other fields of `phago.Document`, or an object with
        these attributes. The caller cuts its sequence into chunks (of up to 8,000); `first_index` is the index of the
        first of them in the whole sequence, so that errors name the caller's own index.

        With `skip` the bad ones come back in `rejected` and the rest is taken. Without it the first bad one in order is
        raised as `InvalidDocument` or `DocumentExists` and nothing of the chunk is taken; `rejected` is then empty.
        `unchanged` counts documents that were there already with the same content.
        """
    def delete(self, key: str) -> Call[bool]:
        """Delete the document of this key (of these 32 hex digits, for one without a key); False when there is no such document."""
    def update(self, document: object, vector: object | None = None) -> Call[_Updated]:
        """Replace the document with its id, in one step; the shapes and errors of `ingest`.

        `InvalidDocument` for one without an id.
        """
    def update_all(
        self, documents: Sequence[object], first_index: int, skip: bool, vectors: Sequence[object] | None = None
    ) -> Call[UpdatedRow]:
        """Do what `update` does for each document, in order, with one sync of the disk; errors as of `ingest`.

        A signal that raises ends it between two documents.
        """
    def tell_time(self, now: int) -> Call[bool]:
        """Tell the time, in microseconds since 1970 in UTC; False when it is not later than all before.

        The next tick takes away the documents that expire by then.
        """
    def reinforce(self, key: str, title: str, text: str, path: list[_Step]) -> Call[bool]:
        """Learn from a document that helped, and that stands as it is told here. False when it does not, or when the
        path holds no word. `LimitError` when too much waits for the next tick.
        """
    def search(
        self,
        text: str,
        k: int,
        where: _Where | None = None,
        span: _Span = ...,
        extras: _Extras | None = None,
    ) -> Call[tuple[list[_Found], int]]:
        """The `k` documents that match with the highest BM25 score, best first; ties by id. Only scores above 0. With
        how many documents are accepted and not yet digested.

        A filter that is not valid raises `ConfigError` with the field `where`.
        """
    def answer(
        self,
        text: str,
        k: int,
        ranking: _Settings | None = None,
        where: _Where | None = None,
        paths: bool = True,
        vector: object | None = None,
        span: _Span = ...,
        diverse: float = 0.0,
        extras: _Extras | None = None,
    ) -> Call[tuple[list[_Answered], int]]:
        """The `k` documents that match with the highest sum of parts, best first; ties by id. With how many documents
        are accepted and not yet digested. `span` is as of which moment, since and until when, in microseconds since 1970.

        Absent constants have their defaults. A filter changes no score.
        """
    def explain(
        self,
        text: str,
        key: str | None = None,
        ranking: _Settings | None = None,
        vector: object | None = None,
        as_of: int | None = None,
        extras: _Extras | None = None,
    ) -> Call[ExplainedRow | None]:
        """The score of any document taken apart; `None` where there is none of this key. Without a key, what there is
        to say of the question alone.
        """
    def similar(
        self, key: str, k: int, ranking: _Settings | None = None, where: _Where | None = None
    ) -> Call[tuple[list[_Answered], int] | None]:
        """The documents most like the one of this key, as `answer` gives them; None where there is none of this key."""
    def suggest(self, begun: str, k: int) -> Call[list[tuple[str, int]]]:
        """The `k` words that begin so and that most documents have, with the number of these."""
    def concepts_with_neighbors(self, text: str, k: int) -> Call[list[AssociatedRow]]:
        """As `concepts`, each with its neighbours, the strongest first."""
    def concepts(self, text: str, k: int) -> Call[list[RankedRow]]:
        """The `k` concepts nearest to the text over all shards, best first; ties by id."""
    def get(self, key: str) -> Call[StoredRow | None]:
        """`key` is the caller's key or, for a document without one, its 32 hex digits."""
    def names(self, where: _Where | None = None, after: str | None = None) -> Call[list[str]]:
        """The keys of the documents that match (32 hex digits for one without), in their order, behind `after`."""
    def stored(self, keys: list[str]) -> Call[list[StoredRow]]:
        """The documents of these keys, in this order; those that are not there are left out."""
    def count(self, where: _Where | None = None) -> Call[int]:
        """How many documents match."""
    def delete_all(self, keys: list[str]) -> Call[int]:
        """Delete the documents of these keys one by one; how many there were."""
    @property
    def pending(self) -> int:
        """Documents accepted and not yet digested."""
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def digest(self) -> Call[str]:
        """SHA-256 over a canonical dump, 64 hex digits. Takes time in proportion to the state."""
    def evidence_digest(self) -> Call[str]:
        """As `digest`, over what the documents that stand decide alone: texts, postings, statistics, word forms."""
    def stats(self) -> Call[dict[str, int | float]]:
        """`documents`, `pending`, `digested`, `terms`, `nodes`, `edges`, `edge_slots`, `cross_shard_edges`, `digesters`,
        `tick`, `shards`, `bytes_exchanged` (in all ticks so far), `row_bytes`, `ghosts` and `touched` (rows that the last tick read)."""
    def node(self, label: str) -> Call[NodeRow | None]:
        """The concept with this label, word form or stem."""
    def neighbors(self, label: str) -> Call[list[NeighborRow] | None]:
        """The node's own row, strongest first; None when there is no such node."""
    def nodes(self) -> Call[NodeTable]:
        """A snapshot of the nodes of one committed tick, ordered by id."""
    def edges(self) -> Call[EdgeTable]:
        """A snapshot of the living synapses of one committed tick, ordered by source id and target id."""
    def structure(self) -> Call[StructureRow]:
        """Components, the largest first, and what alone joins concepts."""
    def shortest_path(self, source: str, target: str) -> Call[ShortestPathRow | None]: ...
    def betweenness(self, samples: int, seed: int) -> Call[tuple[list[str], list[float]]]:
        """Labels in the order of their ids, and a value for each."""
    def communities(self) -> Call[list[list[str]]]:
        """The largest first."""
    def significant(self, top: int) -> Call[list[SignificantRow]]:
        """The strongest first."""
    @property
    def living(self) -> Living:
        """What it has beside its documents."""

@final
class EventRow:
    """An event."""

    @property
    def number(self) -> int: ...
    @property
    def tick(self) -> int: ...
    @property
    def what(self) -> str: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def agent(self) -> str | None: ...
    @property
    def document(self) -> str | None: ...
    @property
    def concept(self) -> str | None: ...
    @property
    def count(self) -> int | None: ...
    @property
    def text(self) -> str | None: ...

@final
class AlarmRow:
    """A departure from normal."""

    @property
    def what(self) -> str: ...
    @property
    def concepts(self) -> list[str]: ...
    @property
    def tick(self) -> int: ...
    @property
    def since(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def expected(self) -> float: ...
    @property
    def strength(self) -> float: ...

@final
class AnomalyRow:
    """Departures of the same documents."""

    @property
    def tick(self) -> int: ...
    @property
    def since(self) -> int: ...
    @property
    def alarms(self) -> list[AlarmRow]: ...
    @property
    def documents(self) -> int: ...
    @property
    def examples(self) -> list[str]: ...

@final
class FadingRow:
    """A synapse that fades."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def weight(self) -> float: ...
    @property
    def gone(self) -> int: ...

@final
class DiffRow:
    """What changed between two ticks."""

    @property
    def since(self) -> int: ...
    @property
    def until(self) -> int: ...
    @property
    def documents(self) -> list[str]: ...
    @property
    def digested(self) -> int: ...
    @property
    def concepts(self) -> list[str]: ...
    @property
    def new_concepts(self) -> int: ...
    @property
    def made(self) -> int: ...
    @property
    def repeated(self) -> int: ...
    @property
    def rested(self) -> int: ...

@final
class KindRow:
    """A kind of agents: columns with what they hold."""

    @property
    def name(self) -> str: ...
    @property
    def count(self) -> int: ...
    @property
    def columns(self) -> list[tuple[str, str]]: ...

@final
class PopulationRow:
    """The agents of a kind, by column; concepts by their ids."""

    @property
    def tick(self) -> int: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def births(self) -> list[int]: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def cells(self) -> list[list[Any]]: ...

@final
class Living:
    """What one colony has beside its documents: surveys, events, signals and traces, agents."""

    def insights(self) -> Call[InsightsRow]: ...
    def survey(self) -> Call[InsightsRow]:
        """As `insights`, and what belongs together is kept."""
    def anomalies(self, drifting: bool) -> Call[list[AnomalyRow]]: ...
    def events(self, since: int) -> Call[list[EventRow]]:
        """From the event of this number on, as far as they are kept."""
    def fading(self, top: int) -> Call[list[FadingRow]]:
        """The synapses that will be gone soonest, the soonest first."""
    def difference(self, since: int, until: int) -> Call[DiffRow]: ...
    @property
    def events_end(self) -> int:
        """The number that the next event gets."""
    def emit(self, of: str, name: str, label: str, amount: float) -> Call[None]: ...
    def pin(self, label: str, is_pinned: bool) -> Call[None]: ...
    def pins(self) -> Call[list[str]]:
        """Labels of the pinned concepts."""
    def marks(self) -> Call[list[tuple[str, str, int]]]:
        """Class, name and number of concepts of what stands."""
    def field(self, of: str, name: str) -> Call[list[tuple[str, float]]]:
        """Labels with how much, most first."""
    def census(self) -> Census:
        """All agents of one's own, as they are now."""
    def digesters(self) -> list[tuple[str, int]]:
        """Ids with the ticks of birth."""
    def concept(self, label: str) -> str | None:
        """The id of the concept of a word that documents have."""
    def spawn(self, kind: str, columns: list[tuple[str, str]], count: int, cells: list[Any]) -> Call[list[str]]: ...
    def dismiss(self, kind: str) -> Call[None]: ...
    def choose(
        self,
        sensed: int,
        kinds: list[_Chose],
        emissions: list[tuple[str, str, Any, Any]],
        dissolved: list[tuple[str, int, Any]],
        seen: Census,
        view: AgentView | None = None,
    ) -> None:
        """Have the next tick do what agents chose that saw the tick `sensed`.

        For each kind what changes (column, rows as 32-bit integers in bytes, values), the rows that end, those of
        parents, and the values of what they bear. Of those that dissolve the kind, the row, and the concepts that they
        leave. Rows are those of `seen`: who came since does not act yet, and who left does nothing. Values are a list, or bytes of 64-bit values; of concepts these are
        places in the view.
        """
    def unchoose(self) -> None:
        """Forget what was chosen for the next tick."""
    def neighbors(self, id: str) -> list[tuple[str, str, float]]:
        """Id, label and weight of what a concept is wired to, the heaviest first."""
    def strongest(self, id: str, signal: str) -> tuple[str, str, float] | None:
        """The one with most of a signal, of equal ones the heaviest."""
    def levels(self, of: str, name: str) -> list[tuple[str, float]]:
        """Ids with how much of a mark."""
    def view(self) -> Call[AgentView]: ...

@final
class Census:
    """All agents of one's own at one moment."""

    def kinds(self) -> list[KindRow]: ...
    def population(self, kind: str) -> PopulationRow | None: ...

@final
class AgentView:
    """The graph and field of one committed tick as arrays; places are those of concepts in the order of their ids."""

    @property
    def tick(self) -> int: ...
    def census(self) -> Census: ...
    def __len__(self) -> int: ...
    def labels(self, places: list[int]) -> list[str]: ...
    def starts(self) -> Column: ...
    def targets(self) -> Column: ...
    def weights(self) -> Column: ...
    def levels(self, of: str, name: str) -> Column: ...
    def column(self, kind: str, column: int) -> Column:
        """A column of a kind; concepts as places, -1 for none."""
    def chance(self, kind: str, number: int) -> Column: ...
    def walk(self, kind: str, homes: bytes, signal: str, explore: float) -> Column: ...

def chance(seed: int, agent: str, tick: int, number: int) -> float:
    """Chance from 0 to 1, without 1, that these alone decide."""

@final
class Kept:
    """A colony that has a directory open for writing. Dropped without `close`, it keeps all but the last idle ticks."""

    @staticmethod
    def open(
        path: Path,
        shards: int,
        config: _Settings | None,
        make: bool,
        wait: float,
        over: tuple[Any, int, float] | None = None,
    ) -> Call[Kept]:
        """Open a directory, waiting this many seconds for another writer.

        `over` is what has the shards, if not this process: a transport, the number of its nodes, and the seconds that one
        may take for a change or a question.

        Without a config it is that with which the colony was made. `BusyError`, `ColonyNotFound`, `ConfigError`,
        `CorruptionError`, `VersionError`, `StorageError`.
        """
    @property
    def world(self) -> World: ...
    def checkpoint(self) -> Call[None]: ...
    def compact(self) -> Call[None]:
        """A checkpoint after which no byte of a deleted document is in the files; `BusyError` before the next tick."""
    def snapshot(self, path: Path) -> Call[None]:
        """Write the colony into another directory; `ColonyExists` where there is one."""
    def close(self) -> Call[str | None]:
        """Keep everything and let go of the directory. Idempotent; nothing in a forked child.

        Returns why what makes the next opening fast could not be written, if it could not.
        """

@final
class Follower:
    """A colony that is read beside its writer."""

    @staticmethod
    def open(path: Path, shards: int) -> Call[Follower]: ...
    @property
    def world(self) -> World:
        """As it stands; after a refresh it is another one."""
    def refresh(self) -> Call[bool]:
        """Move on to what is acknowledged now; whether there was anything new."""

@final
class VerifiedRow:
    """What a verification read, and what was wrong with it."""

    @property
    def bytes(self) -> int: ...
    @property
    def records(self) -> int: ...
    @property
    def sections(self) -> int: ...
    @property
    def torn_bytes(self) -> int: ...
    @property
    def damage(self) -> list[CorruptionError]: ...

def piece_ends(documents: list[Any], bytes_max: int) -> list[int]:
    """Tell where to cut documents, after each of these: lists of up to that many bytes of text, or of one document."""

def network_file_system(path: Path) -> str | None:
    """Name the file system of a directory if other machines share it over a network."""

def verify(path: Path) -> VerifiedRow:
    """Read every byte of a colony's files."""

@final
class Column:
    """A column of a snapshot. Cheap to hand on: it shares the snapshot's memory.

    Numbers offer the buffer protocol (`numpy.asarray(column)`, `memoryview(column)`), read-only, of one dimension. All
    columns offer `__arrow_c_array__`, so that `polars.Series`, `pyarrow.array` and their like take them without an object a cell;
    strings are Arrow utf8 (large_utf8).
    """

    @property
    def dtype(self) -> Literal["int64", "float64", "str"]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any:
        """A Python int, float or str; negative indices count from the end."""
    def __iter__(self) -> Iterator[Any]: ...
    def __reduce__(self) -> NoReturn: ...
    def to_list(self) -> list[Any]: ...
    if sys.version_info >= (3, 12):
        # Older Pythons have the protocol without the name.
        def __buffer__(self, flags: int, /) -> memoryview: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]: ...

@final
class NodeTable:
    """Columns: `id`, `label`, `stem`, `mentions`, `uses`, `degree`, `shard`."""

    @property
    def tick(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def get(self, index: int) -> NodeRow: ...
    def column(self, name: str) -> Column:
        """Built on first use and kept; `KeyError` for another name."""

@final
class EdgeTable:
    """Columns: `source`, `target`, `weight`, `co_activations`, `created`, `last`, `source_id`, `target_id`."""

    @property
    def tick(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def get(self, index: int) -> EdgeRow: ...
    def column(self, name: str) -> Column:
        """Built on first use and kept; `KeyError` for another name."""

@final
class CrossEdges:
    """Cross-shard edges made in a phase on one shard; `len` makes no objects."""

    def __len__(self) -> int: ...
    def get(self, index: int) -> CrossEdgeRow: ...

@final
class TickResult:
    @property
    def tick(self) -> int: ...
    @property
    def recovered(self) -> list[str]:
        """Why the attempts before the one that was committed were given up, in order."""
    @property
    def phases(self) -> list[PhaseRow]:
        """Sense of every shard, then Act, then Decay; within a phase by shard."""

@final
class Runner:
    """Drives the phases of one world on its own worker threads.

    Calls queue in order of arrival. A tick that times out or dies is redone, if the config says so. One that is cancelled or
    fails leaves the world at the old tick and the runner usable. Sync calls may be made inside a running event loop; they block that loop, as any sync call does.
    """

    @staticmethod
    def of_world(world: World, config: _Settings | None = None) -> Runner: ...
    @staticmethod
    def of_shards(
        coordinator: Coordinator,
        shards: Iterable[ShardHandle],
        config: _Settings | None = None,
        over: tuple[Any, int, float] | None = None,
    ) -> Runner:
        """A runner over all shards of a coordinator's ring.

        Raises `ConfigError` naming both values for unequal rings, configs or ticks, and for missing or repeated ids;
        `BusyError` when the coordinator or a shard is driven by another runner.
        """
    @property
    def world(self) -> World: ...
    def tick_sync(self) -> TickResult: ...
    def tick(self) -> Awaitable[TickResult]:
        """Needs a running event loop; starts at once. Cancelling it cancels the attempt."""
    def run_sync(self, max_ticks: int | None = None) -> RunRow:
        """Tick until there is nothing to digest or unwire and no living digester, or `max_ticks` were made."""
    def run(self, max_ticks: int | None = None) -> Awaitable[RunRow]: ...
    def inject(self, fault: _Fault | None) -> None:
        """For tests: order a fault, or forget all with None.

        ("hang", shard, phase, tick) blocks the worker thread of the shard there until the attempt is given up, ("deaf",
        shard, phase, tick, ms) does not even look whether it is, ("panic", shard, phase, tick) panics, and ("meet", shard,
        phase, tick, other shard) waits until the other shard has entered the same phase. `tick` is the one being made; a
        fault with a tick happens once, one with None in every tick.
        """
    @property
    def faults(self) -> int:
        """For tests: faults on order that have not begun, and those of every tick."""
    def close(self) -> Call[None]:
        """Release coordinator and shards. Later ticks raise `BusyError`. Idempotent."""

@final
class ShardHandle:
    """One shard of a world that is made of the shards given the same `Ring` object.

    `ShardHandle(shard, config, ring)` joins the newest world of that ring with an equal config, else begins a new one. From
    then on the ring is frozen. The driving calls (`phase`, `take_outbox`, `deliver`, `abandon`) raise `BusyError` while a
    runner drives the shard.
    """

    def __new__(cls, shard: int, config: _Settings, ring: Ring) -> ShardHandle: ...
    @property
    def shard(self) -> int: ...
    @property
    def ring(self) -> Ring: ...
    @property
    def world(self) -> World:
        """The world it is a part of, now; a runner may bring shards of several worlds into one."""
    @property
    def current_tick(self) -> int: ...
    @property
    def driven(self) -> bool: ...
    def owns_document(self, key: str) -> bool: ...
    def ingest_document(self, document: object) -> str:
        """Take one document; returns its id. `RoutingFailed` names the home of one that lives elsewhere."""
    def delete_document(self, key: str) -> bool:
        """Delete one document; False when there is no such document. `RoutingFailed` names the home of one that lives elsewhere."""
    def reinforce(self, key: str, title: str, text: str, path: list[_Step]) -> bool:
        """As `World.reinforce`. `RoutingFailed` names the home of a document that lives elsewhere."""
    def phase(self, name: _PhaseName) -> PhaseRow:
        """Drive one phase by hand. `ValueError` out of order."""
    def take_outbox(self) -> list[tuple[int, Batch]]:
        """What Act sent, (to shard, batch) by shard; the same again until the tick ends."""
    def abandon(self) -> bool:
        """Give up the tick made by hand, on all shards of the world; whether there was one."""
    def deliver(self, batch: Batch) -> None: ...
    def node(self, id: str) -> NodeRow | None: ...
    def term_frequencies(self) -> dict[str, int]:
        """Stem to the number of documents on this shard that have it."""
    def ghost_count(self) -> int: ...
    def has_ghost(self, id: str) -> bool: ...
    def ghosts(self) -> list[GhostRow]:
        """Most recently used first, as they were cached."""
    def ghost(self, id: str) -> GhostRow:
        """`GhostNodeNotFound` for one that is not cached. One that is stale is fetched again."""
    @property
    def ghosts_max(self) -> int: ...
    def cross_shard_edges(self) -> dict[int, int]:
        """To shard: how many living synapses of this shard end there."""
    def connected_shards(self) -> list[int]: ...
    def handle_shard_offline(self, shard: int) -> int:
        """Drop the ghosts of that shard; how many there were."""
    def health(self) -> HealthRow: ...
    def stats(self) -> dict[str, int | float]:
        """`nodes`, `edges`, `documents`, `pending`, `memory_bytes`, `ghosts`, `cross_shard_edges`."""
    def query(self, terms: Sequence[str], max_results: int, global_df: dict[str, int] | None = None) -> LocalAnswerRow:
        """Concepts of this shard for the query.

        `terms` are stems, as `analyse` gives them. A shard answers for those of them that it is home to, so a concept may be
        found by several shards, each with its part of the score; `World.concepts` has the whole. Without `global_df` the committed
        statistics, which are global and exact, are used.
        """

@final
class Node:
    """The shards of one colony that live in this process."""

    def __new__(cls) -> Node: ...
    def handle(self, message: bytes, parcels: list[bytes]) -> tuple[bytes, list[bytes | None]]:
        """Obey one message. Returns the answer, and by node what is sent to it. It raises for nothing that a message says."""

@final
class Stop:
    """Whether whoever sent messages still wants their answers."""

    def is_set(self) -> bool: ...

@final
class Batch:
    """Messages from one shard to another in one tick. Opaque; pickles."""

    @property
    def nbytes(self) -> int: ...
    @property
    def sender(self) -> int: ...
    @property
    def to(self) -> int: ...
    @property
    def tick(self) -> int: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> Batch:
        """`ValueError` for bytes that are no batch."""
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
