"""phago: a memory that organises itself.

A colony of agents digests documents into concepts, wires the concepts that occur together, strengthens what is
repeated, lets the rest fade, and answers questions with ranked passages. `open` is where to begin, and `Colony` for one
that lives in memory; `open_async` and `AsyncColony` are their twins for event loops; `Coordinator`, `ShardedColony` and
`DistributedRunner` are the machine below for those who drive it themselves.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import _phago
from ._cores import heed as _heed_cores
from ._later import later as _later

# What type checkers read; `_LATER` below says the same to Python, and a test holds both equal.
if TYPE_CHECKING:
    from ._frames import read_frame
    from ._jsonl import read_jsonl
    from .agents import Absorb, Agent, AgentArray, Die, Dissolve, Move, Prefer, Signal, Sleep, Spawn, Trace, Walkers
    from .aio import AsyncColony
    from .backends.ray import Ray
    from .colony import Colony
    from .config import ColonyConfig, DistributedConfig, Ranking, RunnerConfig
    from .document import Document, read_folder
    from .errors import (
        AgentError,
        BarrierFailed,
        BusyError,
        CheckpointWarning,
        ClosedError,
        ColonyExists,
        ColonyNotFound,
        ConfigError,
        CoordinatorUnavailable,
        CorruptionError,
        DebugBuildWarning,
        DocumentExists,
        EdgeResolutionFailed,
        EmbedError,
        GhostNodeNotFound,
        InvalidDocument,
        LimitError,
        NetworkFileSystemWarning,
        NotOnDisk,
        PhagoError,
        PhaseOrderError,
        PhaseTimeout,
        ReadOnlyError,
        RoutingFailed,
        RpcError,
        ShardDied,
        ShardNotFound,
        StorageError,
        TokenError,
        UnknownUntilReopened,
        VersionError,
        WireError,
    )
    from .evolution import Fitness, Genome, SpawnPolicy
    from .graph import AsyncGraph, Edges, Graph, Nodes
    from .ids import ShardId, TickPhase
    from .machine.coordinator import Coordinator
    from .machine.ghosts import GhostNodeCache
    from .machine.query import DistributedQueryEngine
    from .machine.ring import ConsistentHashRing
    from .machine.runner import DistributedRunner
    from .machine.shard import Batch, ShardedColony
    from .opening import VerifyReport, open, open_async, verify
    from .remote import AsyncClient, Client, connect, connect_async
    from .results import (
        AgentInfo,
        Alarm,
        AlarmKind,
        Anomaly,
        Bridge,
        BridgeShare,
        BridgeSide,
        Cluster,
        ClusterLink,
        ClusterStats,
        Concept,
        ConceptShare,
        ContextShare,
        CrossShardEdge,
        CrossShardEdges,
        Diff,
        Digester,
        DistributedTickResult,
        Edge,
        Event,
        EventKind,
        Explanation,
        FadingSynapse,
        GhostNode,
        Gone,
        GraphPath,
        Hit,
        Hits,
        IngestReport,
        Insights,
        LocalQueryRequest,
        LocalQueryResult,
        Map,
        Mark,
        Node,
        Parts,
        Path,
        PhaseResult,
        Progress,
        Rejected,
        RunReport,
        ScoredNode,
        ShardHealth,
        ShardInfo,
        SignificantPair,
        Stats,
        StoredDocument,
        Suggestion,
        UpdateReport,
        WordShare,
    )
    from .roles import Sentinel, Synthesizer

# The distribution's version as it is written in pyproject.toml; a test holds them equal.
__version__ = "0.1.0"

__all__ = [
    "Absorb",
    "Agent",
    "AgentArray",
    "AgentError",
    "AgentInfo",
    "Alarm",
    "AlarmKind",
    "Anomaly",
    "AsyncClient",
    "AsyncColony",
    "AsyncGraph",
    "BarrierFailed",
    "Batch",
    "Bridge",
    "BridgeShare",
    "BridgeSide",
    "BusyError",
    "CheckpointWarning",
    "Client",
    "ClosedError",
    "Cluster",
    "ClusterLink",
    "ClusterStats",
    "Colony",
    "ColonyConfig",
    "ColonyExists",
    "ColonyNotFound",
    "Concept",
    "ConceptShare",
    "ContextShare",
    "ConfigError",
    "ConsistentHashRing",
    "Coordinator",
    "CoordinatorUnavailable",
    "CorruptionError",
    "CrossShardEdge",
    "CrossShardEdges",
    "DebugBuildWarning",
    "Die",
    "Diff",
    "Digester",
    "Dissolve",
    "DistributedConfig",
    "DistributedQueryEngine",
    "DistributedRunner",
    "DistributedTickResult",
    "Document",
    "DocumentExists",
    "Edge",
    "EdgeResolutionFailed",
    "EmbedError",
    "Edges",
    "Event",
    "EventKind",
    "Explanation",
    "FadingSynapse",
    "Fitness",
    "Genome",
    "GhostNode",
    "GhostNodeCache",
    "GhostNodeNotFound",
    "Gone",
    "Graph",
    "GraphPath",
    "Hit",
    "Hits",
    "IngestReport",
    "Insights",
    "InvalidDocument",
    "LimitError",
    "LocalQueryRequest",
    "LocalQueryResult",
    "Map",
    "Mark",
    "Move",
    "NetworkFileSystemWarning",
    "Node",
    "Nodes",
    "NotOnDisk",
    "Parts",
    "Path",
    "PhagoError",
    "PhaseOrderError",
    "PhaseResult",
    "PhaseTimeout",
    "Prefer",
    "Progress",
    "Ranking",
    "Ray",
    "ReadOnlyError",
    "Rejected",
    "RoutingFailed",
    "RpcError",
    "RunReport",
    "RunnerConfig",
    "ScoredNode",
    "ShardDied",
    "ShardHealth",
    "ShardId",
    "ShardInfo",
    "ShardNotFound",
    "ShardedColony",
    "Sentinel",
    "Signal",
    "SignificantPair",
    "Sleep",
    "Spawn",
    "SpawnPolicy",
    "Stats",
    "StorageError",
    "StoredDocument",
    "Synthesizer",
    "TickPhase",
    "TokenError",
    "Trace",
    "UnknownUntilReopened",
    "UpdateReport",
    "VerifyReport",
    "VersionError",
    "Walkers",
    "WireError",
    "Suggestion",
    "WordShare",
    "__version__",
    "connect",
    "connect_async",
    "open",
    "open_async",
    "read_folder",
    "read_frame",
    "read_jsonl",
    "verify",
]

# `import phago` loads what every program needs, which is the native module, and the rest when it is asked for: some
# seventy small classes take longer to make than all else takes to load.
_OF = {
    "_frames": "read_frame",
    "_jsonl": "read_jsonl",
    "agents": "Absorb Agent AgentArray Die Dissolve Move Prefer Signal Sleep Spawn Trace Walkers",
    "aio": "AsyncColony",
    "backends.ray": "Ray",
    "colony": "Colony",
    "config": "ColonyConfig DistributedConfig Ranking RunnerConfig",
    "document": "Document read_folder",
    "errors": "AgentError BarrierFailed BusyError CheckpointWarning ClosedError ColonyExists ColonyNotFound "
    "ConfigError CoordinatorUnavailable CorruptionError DebugBuildWarning DocumentExists EdgeResolutionFailed "
    "EmbedError GhostNodeNotFound InvalidDocument LimitError NetworkFileSystemWarning NotOnDisk PhagoError "
    "PhaseOrderError PhaseTimeout ReadOnlyError RoutingFailed RpcError ShardDied ShardNotFound StorageError "
    "TokenError UnknownUntilReopened VersionError WireError",
    "evolution": "Fitness Genome SpawnPolicy",
    "graph": "AsyncGraph Edges Graph Nodes",
    "ids": "ShardId TickPhase",
    "machine.coordinator": "Coordinator",
    "machine.ghosts": "GhostNodeCache",
    "machine.query": "DistributedQueryEngine",
    "machine.ring": "ConsistentHashRing",
    "machine.runner": "DistributedRunner",
    "machine.shard": "Batch ShardedColony",
    "opening": "VerifyReport open open_async verify",
    "remote": "AsyncClient Client connect connect_async",
    "results": "AgentInfo Alarm AlarmKind Anomaly Bridge BridgeShare BridgeSide Cluster ClusterLink ClusterStats "
    "Concept ConceptShare ContextShare CrossShardEdge CrossShardEdges Diff Digester DistributedTickResult Edge Event "
    "EventKind Explanation FadingSynapse GhostNode Gone GraphPath Hit Hits IngestReport Insights "
    "LocalQueryRequest LocalQueryResult Map Mark Node Parts Path PhaseResult Progress Rejected RunReport "
    "ScoredNode ShardHealth ShardInfo SignificantPair Stats StoredDocument Suggestion UpdateReport WordShare",
    "roles": "Sentinel Synthesizer",
}
# The public names, each with the module that has it.
_LATER = {name: module for module, names in _OF.items() for name in names.split()}
# Modules of the package that are found as its attributes, whether or not something has loaded them.
_MODULES = (
    "agents",
    "aio",
    "backends",
    "colony",
    "config",
    "document",
    "errors",
    "evolution",
    "graph",
    "ids",
    "machine",
    "opening",
    "results",
    "roles",
)


def _seed_maps() -> None:
    # No result depends on the order inside a hash map. A fresh seed for every process keeps that true, and keeps
    # crafted words from piling up in one bucket; a test that looks for such an order sets the seed.
    given = os.environ.get("PHAGO_MAP_SEED", "")
    try:
        seed = int(given, 0) if given else int.from_bytes(os.urandom(8), "little")
    except ValueError:
        from .errors import ConfigError

        raise ConfigError(
            f"`PHAGO_MAP_SEED` is {given!r}; accepted is an integer",
            field="PHAGO_MAP_SEED",
            value=given,
            accepted="an integer",
        ) from None
    _phago.set_map_seed(seed % 2**64)


_seed_maps()
_heed_cores()

if _phago.DEBUG_BUILD:
    import warnings

    from ._debug import DebugBuildWarning

    warnings.warn(
        "phago's native module was compiled without optimisation: its answers are right and its timings are not",
        DebugBuildWarning,
        stacklevel=2,
    )


def __dir__() -> list[str]:
    return sorted(__all__)


# Hidden from type checkers, for whom a name that there is not shall be none.
if not TYPE_CHECKING:
    __getattr__ = _later(__name__, globals(), _LATER | dict.fromkeys(_MODULES, ""))
