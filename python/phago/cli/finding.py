"""What a colony finds out, as lines to read and as what JSON can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..results import Anomaly, Bridge, BridgeSide, Cluster, Insights, Map

__all__ = [
    "anomalies_lines",
    "bridges_lines",
    "clusters_lines",
    "counted",
    "insights_lines",
    "insights_row",
    "map_lines",
    "map_row",
]

# Links and bridges that lines show; JSON has all.
_SHOWN = 20


def insights_lines(found: Insights) -> Iterator[str]:
    """Clusters and bridges as lines to read."""
    yield _heading(found)
    yield from clusters_lines(found.clusters)
    if found.bridges:
        yield f"{counted(len(found.bridges), 'bridge')}:"
        yield from bridges_lines(found.bridges[:_SHOWN])
        yield from _more(len(found.bridges))


def map_lines(found: Map) -> Iterator[str]:
    """Clusters and what links them, as lines to read."""
    yield _heading(found)
    yield from clusters_lines(found.clusters)
    if found.links:
        yield f"{counted(len(found.links), 'link')}:"
        for link in found.links[:_SHOWN]:
            one, other = (cluster.label for cluster in link.clusters)
            by = f"; by {', '.join(bridge.label for bridge in link.bridges)}" if link.bridges else ""
            yield f"  {one} ~ {other}: {counted(link.pairs, 'pair')}, G² {link.g2:,.0f}{by}"
        yield from _more(len(found.links))


def clusters_lines(clusters: Sequence[Cluster]) -> Iterator[str]:
    """Two lines for each: its size, and its strongest concepts."""
    for cluster in clusters:
        yield (
            f"  {cluster.label}: {counted(cluster.documents, 'document')}, {counted(len(cluster.members), 'concept')}"
        )
        yield f"    {', '.join(cluster.strongest)}"


def bridges_lines(bridges: Sequence[Bridge]) -> Iterator[str]:
    """Two lines for each: what it joins, and the concepts of both sides."""
    for bridge in bridges:
        one, other = bridge.sides
        yield (
            f"  {bridge.label}: {one.cluster.label} ~ {other.cluster.label}, in {counted(bridge.mentions, 'document')}"
        )
        yield f"    {', '.join(one.strongest)} ~ {', '.join(other.strongest)}"


def anomalies_lines(found: Sequence[Anomaly]) -> Iterator[str]:
    """Three lines for each: since when, what departs and by how much, and documents that did it."""
    for anomaly in found:
        documents = counted(anomaly.documents, "document")
        yield f"tick {anomaly.tick:,}, since {anomaly.since:,}: {documents}"
        alarms = (
            f"{' + '.join(alarm.concepts) or 'new words'} {alarm.what} ({alarm.count} beside {alarm.expected:.1f})"
            for alarm in anomaly.alarms[:_SHOWN]
        )
        yield f"  {', '.join(alarms)}"
        yield f"  {', '.join(anomaly.examples)}"


def insights_row(found: Insights) -> dict[str, Any]:
    """All of it; clusters are referred to by their labels."""
    return {
        **_head(found),
        "modularity": found.modularity,
        "bridges": [
            {
                "label": bridge.label,
                "sides": list(map(_side, bridge.sides)),
                "mentions": bridge.mentions,
                "cover": bridge.cover,
                "score": bridge.score,
            }
            for bridge in found.bridges
        ],
    }


def map_row(found: Map) -> dict[str, Any]:
    """All of it; clusters and bridges are referred to by their labels."""
    return {
        **_head(found),
        "links": [
            {
                "clusters": [cluster.label for cluster in link.clusters],
                "pairs": link.pairs,
                "g2": link.g2,
                "bridges": [bridge.label for bridge in link.bridges],
            }
            for link in found.links
        ],
    }


def _head(found: Insights | Map) -> dict[str, Any]:
    clusters = [
        {
            "label": cluster.label,
            "documents": cluster.documents,
            "pairs": cluster.pairs,
            "strongest": list(cluster.strongest),
            "examples": list(cluster.examples),
            "members": list(cluster.members),
        }
        for cluster in found.clusters
    ]
    return {"tick": found.tick, "documents": found.documents, "clusters": clusters}


def _side(side: BridgeSide) -> dict[str, Any]:
    told = {"cluster": side.cluster.label, "documents": side.documents, "g2": side.g2}
    return {**told, "strongest": list(side.strongest), "examples": list(side.examples)}


def _heading(found: Insights | Map) -> str:
    clusters = counted(len(found.clusters), "cluster") if found.clusters else "Nothing that is more than chance"
    return f"{clusters} in {counted(found.documents, 'document')}{':' if found.clusters else '.'}"


def counted(count: int, noun: str) -> str:
    """A number and what it counts."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _more(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"  and {count - _SHOWN:,} more; --json lists all"
