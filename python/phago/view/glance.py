"""A colony at a glance, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..results._show import figures
from .notebook import GLANCE, curve

if TYPE_CHECKING:
    from ..graph import Graph
    from ..results import Event, Stats

__all__ = ["glance"]


def glance(stats: Stats, events: Sequence[Event], graph: Graph) -> str:
    """Its numbers, how its synapses became as many, and the neighbourhood of its most frequent concept.

    It reads what is counted anyway, the events that are kept, and a few rows: no survey is made.
    """
    named = (
        ("documents", stats.documents),
        ("digested", stats.digested),
        ("concepts", stats.nodes),
        ("synapses", stats.edges),
        ("tick", stats.tick),
    )
    told = figures((name, f"{value:,}") for name, value in named)
    picture = graph.neighborhood_svg() if stats.nodes <= GLANCE else ""
    return told + curve(_grown(stats, events), label="synapses") + picture


def _grown(stats: Stats, events: Sequence[Event]) -> list[tuple[int, int]]:
    """(tick, synapses), backwards from what there are now by what each tick told."""
    changes = [
        (event.tick, event.count or 0, event.what.value) for event in events if event.what.value in ("wired", "faded")
    ]
    rows, now = [(stats.tick, stats.edges)], stats.edges
    for tick, count, what in reversed(changes):
        if rows[-1][0] != tick:
            rows.append((tick, now))
        now -= count if what == "wired" else -count
        rows.append((tick - 1, now))
    return sorted(dict(reversed(rows)).items())
