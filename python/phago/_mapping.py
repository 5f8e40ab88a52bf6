"""The map of a colony, out of what a survey finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .results import Bridge, ClusterLink, Insights, Map, SignificantPair

__all__ = ["PAIRS_MAX", "mapped"]

PAIRS_MAX = 100_000
"""A map looks at so many pairs, the most significant ones; each is an object while it does."""

# A pair counts by the rule by which a cluster's own do; `gate.rs` of the core has it.
_G2_MIN = 36.0
_DOCUMENTS_MIN = 3

_Ends = tuple[int, int]


def mapped(insights: Insights, pairs: Iterable[SignificantPair]) -> Map:
    """The clusters with the links between them; `pairs` have the strongest first."""
    clusters = sorted(insights.clusters, key=lambda cluster: -cluster.documents)
    place = {label: at for at, cluster in enumerate(clusters) for label in cluster.members}
    # Clusters have no concept in common, so that any of its concepts tells which one it is.
    strengths: defaultdict[_Ends, list[float]] = defaultdict(list)
    bridges: defaultdict[_Ends, list[Bridge]] = defaultdict(list)
    for pair in pairs:
        one, other = sorted((place.get(pair.source, -1), place.get(pair.target, -1)))
        if 0 <= one < other and pair.g2 > _G2_MIN and pair.co_activations >= _DOCUMENTS_MIN:
            strengths[one, other].append(pair.g2)
    for bridge in insights.bridges:
        one, other = sorted(place[side.cluster.label] for side in bridge.sides)
        bridges[one, other].append(bridge)
    links = [
        ClusterLink((clusters[one], clusters[other]), len(found), sum(found), tuple(bridges.get((one, other), ())))
        for one, other in sorted(strengths.keys() | bridges.keys())
        for found in [strengths.get((one, other), [])]
    ]
    links.sort(key=lambda link: -link.g2)
    return Map(insights.tick, insights.documents, tuple(clusters), tuple(links))
