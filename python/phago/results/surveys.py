"""What surveys of the graph find out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Bridge", "BridgeSide", "Cluster", "Gone", "GraphPath", "Insights", "SignificantPair"]


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
    id: int
    """Its number in the history of the colony, from 0. It stays with its oldest concepts from survey to
    survey."""
    since: int
    """The tick of the survey that found it first; without one, this tick."""
    change: Literal["new", "split", "merged", "grown", "shrunk", "same"]
    """How it is beside the last survey (`Colony.survey`)."""
    joined: int
    """Concepts that were not in it at the last survey."""
    left: int
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
