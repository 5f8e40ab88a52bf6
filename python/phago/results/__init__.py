"""What phago gives back: frozen, typed, picklable."""

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
from .machine import ClusterStats, GhostNode, LocalQueryRequest, LocalQueryResult, ScoredNode, ShardHealth, ShardInfo
from .surveys import Bridge, BridgeSide, Cluster, ClusterLink, Gone, GraphPath, Insights, Map, SignificantPair

# Pickles of the first release look for the stored rows here.
from .ticks import CrossShardEdge, CrossShardEdges, DistributedTickResult, PhaseResult
from .ticks import _StoredRows as _StoredRows

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
