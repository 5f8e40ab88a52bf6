"""The map of clusters, and the backbone of a whole graph, each small enough to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .layout import spread

if TYPE_CHECKING:
    from ..graph import Graph
    from ..results import ClusterLink, Map

__all__ = ["atlas", "backbone"]

# What one page can hold and a reader take in.
CLUSTERS_MAX = 40
# Of each cluster so many links: with all of them, every cluster would be linked to every other.
_LINKS_EACH = 3
_NAMES_MAX = 3
# A backbone looks at so many pairs for each concept that it has room for, and begins so many parts at most: the rest
# of its room is for what hangs together with one of them.
_PAIRS_EACH = 12
_PARTS_SHARE = 0.1


def atlas(found: Map, limit: int = CLUSTERS_MAX) -> dict[str, Any]:
    """A map as a picture: the clusters of most documents, with places, and the strongest links between them."""
    shown = found.clusters[:limit]
    at = {cluster.label: number for number, cluster in enumerate(shown)}
    links = [(link, ends) for link in found.links if (ends := _ends(link, at)) is not None]
    each = [0] * len(shown)
    kept = []
    for link, ends in links:
        # The strongest come first.
        if min(each[ends[0]], each[ends[1]]) < _LINKS_EACH:
            kept.append((link, ends))
            for end in ends:
                each[end] += 1
    places = spread(len(shown), [ends for _, ends in kept])
    return {
        "kind": "map",
        "tick": found.tick,
        "documents": found.documents,
        "clusters": len(found.clusters),
        "nodes": [
            {
                "label": cluster.label,
                "documents": cluster.documents,
                "concepts": len(cluster.members),
                "strongest": list(cluster.strongest),
                "examples": list(cluster.examples),
                "since": cluster.since,
                "x": x,
                "y": y,
            }
            for cluster, (x, y) in zip(shown, places, strict=True)
        ],
        "links": [
            {
                "ends": ends,
                "strength": round(link.g2, 1),
                "pairs": link.pairs,
                "bridges": [bridge.label for bridge in link.bridges[:_NAMES_MAX]],
            }
            for link, ends in kept
        ],
    }


def _ends(link: ClusterLink, at: dict[str, int]) -> tuple[int, int] | None:
    one, other = (at.get(cluster.label) for cluster in link.clusters)
    return None if one is None or other is None else (min(one, other), max(one, other))


def backbone(graph: Graph, *, limit: int) -> dict[str, Any]:
    """The concepts of the pairs that are farthest from chance, with places, and these pairs between them."""
    at: dict[str, int] = {}
    parts, links = 0, dict[tuple[int, int], dict[str, Any]]()
    pairs = graph.significant(limit * _PAIRS_EACH)
    # Twice, as a later pair may bring the part that an earlier one hangs on.
    for pair in (*pairs, *pairs):
        new = {pair.source, pair.target} - at.keys()
        if len(at) + len(new) > limit or (len(new) == 2 and parts >= max(1, limit * _PARTS_SHARE)):
            continue
        if not new and len(links) >= limit * _LINKS_EACH:
            continue
        parts += len(new) == 2
        one, other = sorted(at.setdefault(label, len(at)) for label in (pair.source, pair.target))
        weight, strength = round(pair.weight, 4), round(pair.g2, 2)
        links[one, other] = {
            "ends": (one, other),
            "weight": weight,
            "documents": pair.co_activations,
            "strength": strength,
        }
    places = spread(len(at), sorted(links))
    known = {label: node for label in at if (node := graph.node(label)) is not None}
    return {
        "kind": "graph",
        "nodes": [
            {
                "label": label,
                # A tick may have ended meanwhile.
                "documents": known[label].mentions if label in known else 0,
                "synapses": known[label].degree if label in known else 0,
                "hop": 1,
                "x": x,
                "y": y,
            }
            for label, (x, y) in zip(at, places, strict=True)
        ],
        "links": [links[ends] for ends in sorted(links)],
    }
