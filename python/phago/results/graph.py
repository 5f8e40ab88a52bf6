"""What a colony associates with what."""

from __future__ import annotations

from .._records import dataclass

__all__ = ["Edge", "Node"]


@dataclass(frozen=True, slots=True)
class Node:
    """A concept of the graph."""

    id: str
    """32 hex digits: the hash of its kind and its normal form."""
    label: str
    """Its most frequent word form."""
    stem: str
    """Its normal form: what words must share to be this concept."""
    mentions: int
    """Documents that contain it."""
    uses: int
    """How often `reinforce` used it since it is a concept."""
    degree: int
    """Live synapses of its own row."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A synapse: what its source associates with its target."""

    source: str
    """Label of the concept that keeps it."""
    target: str
    """Label of the concept it leads to."""
    weight: float
    """From 0 to 1, decayed to the tick at which it was read."""
    co_activations: int
    """Documents that contained both since the synapse was made."""
    created: int
    """The tick that made it."""
    last_activated: int
    """The tick of its last co-activation."""
