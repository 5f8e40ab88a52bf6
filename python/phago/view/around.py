"""A concept among those that it is wired to, and among theirs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .layout import rings

if TYPE_CHECKING:
    from ..graph import Graph
    from ..results import Node

__all__ = ["around"]

# Of each concept so many neighbours, by how far it is from the middle: a first ring that can be read, and a few of
# what is behind each of it.
_WIDTHS = (14, 3, 2)
# Beside the links that make the tree so many others for each concept: with all of them nothing could be seen.
_LINKS_EACH = 1.0


@dataclass(frozen=True, slots=True)
class _Tie:
    node: Node
    weight: float
    together: int
    strength: float


def around(graph: Graph, label: str, *, hops: int = 2, limit: int = 48) -> dict[str, Any] | None:
    """The neighbourhood of a concept as a picture: `nodes` with places, `links` between them; None if there is none.

    Neighbours are chosen by how often both occur together and by how large a share of their documents that is, not by
    weight, as most synapses weigh the same. At most `limit` concepts are in it, however many there are, and few rows of
    the graph are read.

    Args:
        graph: The graph.
        label: The concept, by its label, word or stem.
        hops: How far it reaches.
        limit: Concepts, at most.
    """
    center = graph.node(label)
    if center is None:
        return None
    known: dict[str, Node | None] = {center.label: center}
    found: list[Node] = [center]
    parents, depth, at = [-1], [0], {center.label: 0}
    ties: dict[str, list[_Tie]] = {}
    ring = [center]
    wired = 0
    for hop in range(hops):
        following: list[Node] = []
        width = _WIDTHS[min(hop, len(_WIDTHS) - 1)]
        if hops == 1 or limit > 60:
            # Who asks for much, or for one ring only, gets a fuller one.
            width *= 2
        for node in ring:
            own = ties[node.label] = _ties(graph, node, known)
            wired += len(own) if hop == 0 else 0
            room = width
            for tie in own:
                if len(found) == limit or room == 0:
                    break
                if tie.node.label not in at:
                    at[tie.node.label] = len(found)
                    found.append(tie.node)
                    parents.append(at[node.label])
                    depth.append(hop + 1)
                    following.append(tie.node)
                    room -= 1
        ring = following
    for node in ring:
        ties[node.label] = _ties(graph, node, known)
    links = _links(found, at, ties, parents)
    places = rings(parents, _round([node for node in range(1, len(found)) if parents[node] == 0], links))
    return {
        "kind": "around",
        "center": center.label,
        "wired": wired,
        "nodes": [
            {"label": node.label, "documents": node.mentions, "synapses": node.degree, "hop": hop, "x": x, "y": y}
            for node, hop, (x, y) in zip(found, depth, places, strict=True)
        ],
        "links": links,
    }


def _ties(graph: Graph, node: Node, known: dict[str, Node | None]) -> list[_Tie]:
    """What a concept is wired to, the strongest first."""
    found = []
    for edge in graph.neighbors(node.label):
        if edge.target not in known:
            known[edge.target] = graph.node(edge.target)
        # A tick may have ended between two readings.
        other = known[edge.target]
        if other is not None:
            # The number of documents times the cosine of both sets of them. G² would say nothing of frequent words:
            # a synapse counts documents of whose salient words both were, and not all that contain both.
            together = edge.co_activations
            share = together / math.sqrt(max(1, node.mentions) * max(1, other.mentions))
            found.append(_Tie(other, edge.weight, together, together * share))
    # Those of more than one document first: two rare words of one document are an accident.
    found.sort(key=lambda tie: (tie.together < 2, -tie.strength, -tie.weight, tie.node.id))
    return found


def _links(
    found: Sequence[Node], at: dict[str, int], ties: dict[str, list[_Tie]], parents: Sequence[int]
) -> list[dict[str, Any]]:
    """The strongest synapses between the concepts of a picture, both directions as one, and those of its tree."""
    links: dict[tuple[int, int], dict[str, Any]] = {}
    for node in found:
        for tie in ties.get(node.label, ()):
            if (other := at.get(tie.node.label)) is not None:
                ends = (min(at[node.label], other), max(at[node.label], other))
                link = links.setdefault(ends, {"ends": ends, "weight": 0.0, "documents": 0, "strength": 0.0})
                link["weight"] = max(link["weight"], round(tie.weight, 4))
                link["documents"] = max(link["documents"], tie.together)
                link["strength"] = max(link["strength"], round(tie.strength, 4))
    tree = {(parent, node) for node, parent in enumerate(parents) if parent >= 0}
    # Those of the middle are all told, as they are what was asked for.
    more = sorted(
        (ends for ends in links if ends not in tree and ends[0] > 0), key=lambda ends: (-links[ends]["strength"], ends)
    )
    kept = tree | {ends for ends in links if ends[0] == 0} | set(more[: int(_LINKS_EACH * len(found))])
    return [links[ends] for ends in sorted(kept)]


def _round(children: Sequence[int], links: Sequence[dict[str, Any]]) -> list[int]:
    """The order of a ring in which each stands beside the one that it has most to do with."""
    strength = {link["ends"]: link["strength"] for link in links}
    left, order = list(children), list[int]()
    while left:
        last = order[-1] if order else 0
        best = max(left, key=lambda node: (strength.get((min(last, node), max(last, node)), 0.0), -node))
        order.append(best)
        left.remove(best)
    return order
