"""What surveys of the graph find out."""

from __future__ import annotations

from typing import Literal

from .._records import dataclass
from ._show import table

__all__ = ["Bridge", "BridgeSide", "Cluster", "ClusterLink", "Gone", "GraphPath", "Insights", "Map", "SignificantPair"]

# Rows of a table in a notebook; nobody reads more, and `repr` has all.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class GraphPath:
    """A shortest path between two concepts."""

    labels: tuple[str, ...]
    """The concepts on it, both ends included."""
    cost: float
    """The sum of 1 / weight over its pairs."""


@dataclass(frozen=True, slots=True)
class SignificantPair:
    """Two concepts that occur together more often than by chance."""

    source: str
    """The label of the concept with the smaller id."""
    target: str
    """The label of the other."""
    co_activations: int
    """Documents that contained both, by the synapse that counted more."""
    weight: float
    """The weight of the heavier of their synapses, from 0 to 1."""
    g2: float
    """The log-likelihood ratio G² of their occurring together (Dunning 1993)."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Concepts that belong together, with the evidence for it."""

    label: str
    """Its strongest concept."""
    members: tuple[str, ...]
    """All its concepts, in the order of their ids."""
    strongest: tuple[str, ...]
    """Its strongest concepts, at most 8, the strongest first."""
    documents: int
    """Documents that belong to it."""
    examples: tuple[str, ...]
    """The ids of the documents nearest to its centre, at most 3."""
    pairs: int
    """Pairs of its concepts that speak for it: G² above 36, in at least 3 documents."""
    id: int = 0
    """Its number in the history of the colony, from 0. It stays with its oldest concepts from survey to
    survey."""
    since: int = 0
    """The tick of the survey that found it first; without one, this tick."""
    change: Literal["new", "split", "merged", "grown", "shrunk", "same"] = "new"
    """How it is beside the last survey (`Colony.survey`)."""
    joined: int = 0
    """Concepts that were not in it at the last survey."""
    left: int = 0
    """Concepts that were, and are not any more."""
    split_from: int | None = None
    """The cluster in which half of its concepts or more were, if it is new and that one goes on."""
    merged: tuple[int, ...] = ()
    """Clusters that it took over."""


@dataclass(frozen=True, slots=True)
class BridgeSide:
    """One of the two clusters that a bridge joins."""

    cluster: Cluster
    documents: float
    """How many documents that hold the concept belong there, by their shares."""
    g2: float
    """The log-likelihood ratio G² of that number against chance."""
    strongest: tuple[str, ...]
    """The cluster's strongest concepts besides the bridge, at most 4."""
    examples: tuple[str, ...]
    """The ids of documents that hold the concept and belong there, at most 3."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """A concept that joins two clusters, with the evidence for it."""

    label: str
    sides: tuple[BridgeSide, BridgeSide]
    """The more over-represented cluster first."""
    mentions: int
    """Documents that hold the concept."""
    cover: float
    """The share of them that both sides make up; above .6."""
    score: float
    """The smaller G² of a side, times the cover."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A cluster that is no more."""

    id: int
    into: int | None
    """The cluster that took it over, if one did."""


@dataclass(frozen=True, slots=True)
class Insights:
    """What a colony has found out by itself, at one tick."""

    tick: int
    documents: int
    """Documents that have concepts."""
    modularity: float
    """How well its communities part the graph; from -0.5 to 1 (Newman 2004)."""
    clusters: tuple[Cluster, ...]
    """In the order of their first concepts."""
    bridges: tuple[Bridge, ...]
    """The largest score first; at most 1,000."""
    gone: tuple[Gone, ...] = ()
    """Clusters of the last survey that are no more."""

    def cluster_of(self, label: str) -> Cluster | None:
        """The cluster that has the concept of this label, or `None`."""
        return next((cluster for cluster in self.clusters if label in cluster.members), None)

    def _repr_html_(self) -> str:
        caption = f"{len(self.clusters)} clusters and {len(self.bridges)} bridges at tick {self.tick}"
        return _clusters(self.clusters, caption) + _bridges(self.bridges)


@dataclass(frozen=True, slots=True)
class ClusterLink:
    """What two clusters have to do with each other."""

    clusters: tuple[Cluster, Cluster]
    """In the order in which the map has them."""
    pairs: int
    """Pairs of a concept of each that occur together far more often than by chance: G² above 36, in at least 3
    documents. 0 where bridges alone link them.
    """
    g2: float
    """How strong the link is: the sum of the G² of these pairs."""
    bridges: tuple[Bridge, ...]
    """The concepts that join the two, the largest score first."""


@dataclass(frozen=True, slots=True)
class Map:
    """The clusters of a colony and how they hang together, at one tick."""

    tick: int
    documents: int
    """Documents that have concepts."""
    clusters: tuple[Cluster, ...]
    """The one of most documents first; ties in the order of their first concepts."""
    links: tuple[ClusterLink, ...]
    """The largest G² first; ties, such as those of bridges alone, in the order of their clusters."""

    def _repr_html_(self) -> str:
        # Whoever draws nothing need not load what draws.
        from ..view.atlas import atlas
        from ..view.notebook import svg

        caption = f"{len(self.clusters)} clusters and {len(self.links)} links between them at tick {self.tick}"
        rows = (
            (*(cluster.label for cluster in link.clusters), link.pairs, f"{link.g2:.0f}", _listed(link.bridges))
            for link in self.links[:_SHOWN]
        )
        links = table(("cluster", "cluster", "pairs", "G²", "bridges"), rows, _of("links", len(self.links)))
        picture = svg(atlas(self), label=f"A map of {caption}") if self.clusters else ""
        return picture + _clusters(self.clusters, caption) + links


def _clusters(clusters: tuple[Cluster, ...], caption: str) -> str:
    rows = (
        (cluster.label, cluster.documents, len(cluster.members), ", ".join(cluster.strongest), cluster.pairs)
        for cluster in clusters[:_SHOWN]
    )
    return table(("cluster", "documents", "concepts", "strongest", "pairs"), rows, caption)


def _bridges(bridges: tuple[Bridge, ...]) -> str:
    rows = (
        (bridge.label, *(side.cluster.label for side in bridge.sides), bridge.mentions, f"{bridge.score:.0f}")
        for bridge in bridges[:_SHOWN]
    )
    return table(("bridge", "from", "to", "documents", "score"), rows, _of("bridges", len(bridges)))


def _listed(bridges: tuple[Bridge, ...]) -> str:
    return ", ".join(bridge.label for bridge in bridges)


def _of(noun: str, count: int) -> str:
    return f"{noun}: {_SHOWN} of {count:,}" if count > _SHOWN else noun
