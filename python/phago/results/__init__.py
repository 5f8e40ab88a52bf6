"""What phago gives back: frozen, typed, picklable."""

from .answers import BridgeShare, Concept, ConceptShare, Explanation, Hit, Hits, Parts, Path, WordShare
from .colony import RunReport, Stats
from .documents import IngestReport, Rejected, StoredDocument, UpdateReport
from .graph import Edge, Node
from .machine import ClusterStats, GhostNode, LocalQueryRequest, LocalQueryResult, ScoredNode, ShardHealth, ShardInfo
from .surveys import Bridge, BridgeSide, Cluster, ClusterLink, GraphPath, Insights, Map, SignificantPair

# Pickles of the first release look for the stored rows here.
from .ticks import CrossShardEdge, CrossShardEdges, DistributedTickResult, PhaseResult
from .ticks import _StoredRows as _StoredRows

__all__ = [
    "Bridge",
    "BridgeShare",
    "BridgeSide",
    "Cluster",
    "ClusterLink",
    "ClusterStats",
    "Concept",
    "ConceptShare",
    "CrossShardEdge",
    "CrossShardEdges",
    "DistributedTickResult",
    "Edge",
    "Explanation",
    "GhostNode",
    "GraphPath",
    "Hit",
    "Hits",
    "IngestReport",
    "Insights",
    "LocalQueryRequest",
    "LocalQueryResult",
    "Map",
    "Node",
    "Parts",
    "Path",
    "PhaseResult",
    "Rejected",
    "RunReport",
    "ScoredNode",
    "ShardHealth",
    "ShardInfo",
    "SignificantPair",
    "Stats",
    "StoredDocument",
    "UpdateReport",
    "WordShare",
]
