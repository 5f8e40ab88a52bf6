"""A colony in numbers."""

from __future__ import annotations

from typing import Literal

from .._pickles import restored
from .._records import dataclass, field
from ._show import table

__all__ = ["Progress", "RunReport", "Stats"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come."""

    what: Literal["ingest", "run"]
    done: int
    """Documents taken in, or digested."""
    total: int | None
    """Of how many, as far as it is known now."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one `run` did."""

    ticks: int
    digested: int
    """Documents digested in these ticks."""
    failed: int
    """Documents that could not be digested."""
    seconds: float
    """Wall time."""
    recovered: int = field(default=0, compare=False)
    """How often ticks were redone because a shard died or hung. It changes nothing else, and equal reports may differ
    in it.
    """

    __setstate__ = restored


@dataclass(frozen=True, slots=True)
class Stats:
    """A colony in numbers, all of one committed tick and the inputs applied since."""

    tick: int
    documents: int
    pending: int
    """Documents taken and not yet digested."""
    digested: int
    terms: int
    """Different terms of all documents."""
    nodes: int
    """Concepts that were wired."""
    edges: int
    """Live synapses."""
    edge_slots: int
    """Slots for synapses that take memory; dead synapses that are not yet swept count."""
    digesters: int
    """Living digesters."""
    shards: int
    cross_shard_edges: int
    """Live synapses whose target lives on another shard."""
    ghosts: int
    """Far nodes of which a shard keeps a copy."""
    row_bytes: int
    """Memory of all synapses."""
    bytes_exchanged: int
    """Bytes that shards sent one another, in all ticks so far. A few more or less from run to run: words are numbered
    as threads meet them, and large numbers take more bytes."""
    touched: int
    """Rows of synapses that the last tick read."""

    def _repr_html_(self) -> str:
        rows = ((name.replace("_", " "), f"{getattr(self, name):,}") for name in self.__match_args__)
        return table(("", "value"), rows, f"colony at tick {self.tick}")
