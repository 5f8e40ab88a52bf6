"""Everything that phago raises.

The native module raises these very classes. Each carries what went wrong as attributes, so that a caller acts on
values and never parses a message; each pickles, so that it survives the way out of a worker process.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ._debug import DebugBuildWarning
from .ids import ShardId, TickPhase
from .results.documents import IngestReport, UpdateReport

__all__ = [
    "BarrierFailed",
    "BusyError",
    "ClosedError",
    "ColonyExists",
    "ColonyNotFound",
    "ConfigError",
    "CoordinatorUnavailable",
    "CorruptionError",
    "CheckpointWarning",
    "DebugBuildWarning",
    "DocumentExists",
    "EdgeResolutionFailed",
    "EmbedError",
    "GhostNodeNotFound",
    "InvalidDocument",
    "LimitError",
    "NetworkFileSystemWarning",
    "NotOnDisk",
    "PhagoError",
    "PhaseOrderError",
    "PhaseTimeout",
    "ReadOnlyError",
    "RoutingFailed",
    "RpcError",
    "ShardDied",
    "ShardNotFound",
    "StorageError",
    "TokenError",
    "UnknownUntilReopened",
    "VersionError",
    "WireError",
]


def _rebuild(kind: type[PhagoError], message: str, fields: dict[str, Any]) -> PhagoError:
    return kind(message, **fields)


class PhagoError(Exception):
    """The root of phago's errors.

    Args:
        message: What was attempted, with which value, and what would be accepted.
        **fields: The values that matter; each class lists its own as attributes. One that is not given is `None`.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init__(self, message: str = "", /, **fields: Any) -> None:
        unknown = sorted(fields.keys() - set(self._fields))
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field `{unknown[0]}`; its fields are {list(self._fields)}")
        super().__init__(message)
        self.message = message
        for name in self._fields:
            setattr(self, name, self._normalise(name, fields.get(name)))

    # The native module hands over plain numbers and names; users get the types they know from the results.
    @staticmethod
    def _normalise(name: str, value: Any) -> Any:
        if value is None:
            return None
        if name == "shards":
            return tuple(ShardId(shard) for shard in value)
        if name in ("shard", "home"):
            return ShardId(value)
        # `found` is a phase here and a number of a format there.
        if name in ("phase", "expected", "found") and isinstance(value, str):
            return TickPhase(value)
        return value

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of this error by name."""
        return {name: getattr(self, name) for name in self._fields}

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.fields)


class ShardNotFound(PhagoError, LookupError):
    """A shard that is not registered or not on the ring."""

    _fields = ("shard", "registered")
    shard: ShardId
    registered: str | None
    """The shards there are, as text."""


class CoordinatorUnavailable(PhagoError):
    """The coordinator, or the colony around it, cannot serve: after a fork, for example."""

    _fields = ("reason",)
    reason: str


class RpcError(PhagoError):
    """A call to another process failed. A colony within one process makes none and never raises it."""

    _fields = ("reason",)
    reason: str


class TokenError(PhagoError, PermissionError):
    """A server wants a token and was given none, or another one."""

    _fields = ("where",)
    where: str
    """The address of the server."""


class PhaseTimeout(PhagoError, TimeoutError):
    """Shards that began a phase and did not finish it before its deadline. The tick was undone everywhere."""

    _fields = ("shards", "phase", "tick", "waited")
    shards: tuple[ShardId, ...]
    phase: TickPhase
    tick: int
    """The tick that was being made; every shard is still at the one before."""
    waited: float
    """Seconds from the start of the phase to the decision."""


class ShardDied(PhagoError):
    """The work of at least one shard panicked. The tick was undone everywhere."""

    _fields = ("shards", "phase", "tick", "cause")
    shards: tuple[ShardId, ...]
    phase: TickPhase
    tick: int
    """The tick that was being made; every shard is still at the one before."""
    cause: str
    """The message of the first panic, in the order of shards."""


class RoutingFailed(PhagoError):
    """A document was given to a shard that is not its home."""

    _fields = ("document", "shard", "home")
    document: str
    shard: ShardId
    """The shard that was asked."""
    home: ShardId
    """The shard that owns the document."""


class EdgeResolutionFailed(PhagoError):
    """The far end of an edge could not be fetched."""

    _fields = ("node", "shard", "reason")
    node: str
    shard: ShardId
    reason: str


class EmbedError(PhagoError):
    """The caller's model failed, or did not return a vector for each text; its own exception is the cause.

    Attributes:
        texts: How many texts it was given.
    """

    _fields = ("texts",)
    texts: int


class GhostNodeNotFound(PhagoError, LookupError):
    """A node of which the ghost cache knows nothing."""

    _fields = ("node",)
    node: str


class BarrierFailed(PhagoError):
    """A barrier that cannot be passed: an answer is missing, or belongs to another phase or tick."""

    _fields = ("reason",)
    reason: str


class BusyError(PhagoError):
    """Another owner is driving what was to be changed; the message says which, and what to call instead."""

    _fields = ("what", "pid", "since")
    what: str
    pid: int | None
    """The process that has a colony's directory open for writing, where that is what is busy."""
    since: str | None
    """Since when, in RFC 3339."""


class ClosedError(PhagoError, ValueError):
    """A colony that was closed."""

    _fields = ("what",)
    what: str


class NotOnDisk(PhagoError):
    """Something that only a colony in a directory can do, asked of one in memory."""

    _fields = ("attempted",)
    attempted: str
    """The name of the method."""


class ColonyNotFound(PhagoError, FileNotFoundError):
    """There is no colony where one was looked for."""

    _fields = ("path",)
    path: str


class ColonyExists(PhagoError, FileExistsError):
    """A place for a new colony that holds one."""

    _fields = ("path",)
    path: str


class CorruptionError(PhagoError):
    """A file of a colony that is not what was written."""

    _fields = ("path", "where", "reason")
    path: str
    where: str
    """A byte, a record, a slot, a section."""
    reason: str


class VersionError(PhagoError):
    """A colony written by a later phago. Nothing was changed."""

    _fields = ("path", "found", "supported")
    path: str
    found: int
    supported: int


class StorageError(PhagoError, OSError):
    """The operating system refused something. What was acknowledged before stands."""

    _fields = ("path", "attempted", "cause")
    path: str
    attempted: str | None
    """A verb; none where an earlier failure is told of."""
    cause: str
    """What the system said."""


class UnknownUntilReopened(StorageError):
    """A write to this colony failed earlier: what was kept of the last changes is unknown until it is opened again."""


class ReadOnlyError(PhagoError):
    """A colony that was opened to read."""

    _fields = ("path",)
    path: str


class ConfigError(PhagoError, ValueError):
    """A setting outside of what is accepted."""

    _fields = ("field", "value", "accepted")
    field: str
    value: Any
    accepted: str


class PhaseOrderError(PhagoError, ValueError):
    """A phase called out of its turn on a shard that is driven by hand."""

    _fields = ("shard", "expected", "found", "tick")
    shard: ShardId
    expected: TickPhase
    found: TickPhase
    tick: int


class InvalidDocument(PhagoError, ValueError):
    """A document that cannot be taken."""

    _fields = ("index", "id", "field", "reason", "report")
    index: int
    """Its position in the caller's sequence, from 0."""
    id: str | None
    field: str
    """The field at fault."""
    reason: str
    """What is wrong with it and what would be accepted."""
    report: IngestReport | UpdateReport | None
    """What `ingest` or `update_all` took before the chunk of this document."""


class DocumentExists(PhagoError, ValueError):
    """An id that is taken by a document with other content; `Colony.update` and `update_all` replace it."""

    _fields = ("index", "id", "report")
    index: int
    """The position of the new document in the caller's sequence, from 0."""
    id: str
    report: IngestReport | None
    """What `ingest` took before the chunk of this document."""


class LimitError(PhagoError):
    """Something would grow past its bound."""

    _fields = ("what", "limit", "value")
    what: str
    limit: int
    value: int


class AgentError(PhagoError):
    """An agent of one's own raised, or did what cannot be done. The tick was not made, and the error it raised is the
    cause of this one.
    """

    _fields = ("kind", "agent", "tick")
    kind: str | None
    """The name of its kind; None where several acted together."""
    agent: str | None
    """Its id; None for agents that act as arrays."""
    tick: int
    """The tick that was being made."""


class WireError(PhagoError, ValueError):
    """Bytes that are not a batch of messages."""

    _fields = ("reason",)
    reason: str


class NetworkFileSystemWarning(RuntimeWarning):
    """A colony's directory is on a file system that machines share: it may lose what was acknowledged."""


class CheckpointWarning(RuntimeWarning):
    """A colony was closed and is whole, but what makes its next opening fast could not be written."""
