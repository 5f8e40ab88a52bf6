"""What phago gives back: frozen, typed, picklable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._later import later

# What type checkers read; `_OF` below says the same to Python, and a test holds both equal.
if TYPE_CHECKING:
    from .answers import (
        BridgeShare,
        Concept,
        ConceptShare,
        ContextShare,
        Explanation,
        Hit,
        Hits,
        Parts,
        Path,
        Suggestion,
        WordShare,
    )
    from .colony import Progress, RunReport, Stats
    from .documents import IngestReport, Rejected, StoredDocument, UpdateReport
    from .graph import Edge, Node
    from .life import AgentInfo, Alarm, AlarmKind, Anomaly, Diff, Digester, Event, EventKind, FadingSynapse, Mark
    from .machine import (
        ClusterStats,
        GhostNode,
        LocalQueryRequest,
        LocalQueryResult,
        ScoredNode,
        ShardHealth,
        ShardInfo,
    )
    from .surveys import Bridge, BridgeSide, Cluster, ClusterLink, Gone, GraphPath, Insights, Map, SignificantPair
    from .ticks import CrossShardEdge, CrossShardEdges, DistributedTickResult, PhaseResult
    from .ticks import lazy_result as lazy_result

__all__ = [
    "AgentInfo",
    "Alarm",
    "AlarmKind",
    "Anomaly",
    "Bridge",
    "BridgeShare",
    "BridgeSide",
    "Cluster",
    "ClusterLink",
    "ClusterStats",
    "Concept",
    "ConceptShare",
    "ContextShare",
    "CrossShardEdge",
    "CrossShardEdges",
    "Diff",
    "Digester",
    "DistributedTickResult",
    "Edge",
    "Event",
    "EventKind",
    "Explanation",
    "FadingSynapse",
    "GhostNode",
    "Gone",
    "GraphPath",
    "Hit",
    "Hits",
    "IngestReport",
    "Insights",
    "LocalQueryRequest",
    "LocalQueryResult",
    "Mark",
    "Map",
    "Node",
    "Parts",
    "Path",
    "PhaseResult",
    "Progress",
    "Rejected",
    "RunReport",
    "ScoredNode",
    "ShardHealth",
    "ShardInfo",
    "SignificantPair",
    "Stats",
    "StoredDocument",
    "UpdateReport",
    "Suggestion",
    "WordShare",
]

# Each module with its names. An answer needs ten of these classes, and takes less time than to make all of them.
_OF = {
    "answers": "BridgeShare Concept ConceptShare ContextShare Explanation Hit Hits Parts Path Suggestion WordShare",
    "colony": "Progress RunReport Stats",
    "documents": "IngestReport Rejected StoredDocument UpdateReport",
    "graph": "Edge Node",
    "life": "AgentInfo Alarm AlarmKind Anomaly Diff Digester Event EventKind FadingSynapse Mark",
    "machine": "ClusterStats GhostNode LocalQueryRequest LocalQueryResult ScoredNode ShardHealth ShardInfo",
    "surveys": "Bridge BridgeSide Cluster ClusterLink Gone GraphPath Insights Map SignificantPair",
    "ticks": "CrossShardEdge CrossShardEdges DistributedTickResult PhaseResult",
}


def __dir__() -> list[str]:
    return sorted(__all__)


if not TYPE_CHECKING:
    # Pickles of the first release look for the stored rows here.
    _PLACES = {"_StoredRows": "ticks", "lazy_result": "ticks"}
    _PLACES |= {name: module for module, names in _OF.items() for name in names.split()}
    __getattr__ = later(__name__, globals(), _PLACES, at_the_end=True)
