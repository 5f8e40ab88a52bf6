"""What the memory found out by itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ...colony import Colony
from ..budget import TokenBudget, fitted
from ..tool import Answer, Arguments, Cut, Tool

__all__ = ["INSIGHTS"]


class _Insights(Arguments):
    about: Literal["clusters", "bridges", "anomalies"] = Field(
        "clusters",
        description="clusters: its topics. bridges: concepts that join two topics. anomalies: what suddenly changed",
    )
    k: int = Field(10, ge=1, le=100, description="Entries, at most")
    skip: int = Field(0, ge=0, le=10_000, description="Entries to leave out at the beginning: those that you know")
    token_budget: TokenBudget = 2000


class _Found(Answer):
    label: str = Field(description="The topic's strongest concept, the bridge, or what departs from normal")
    documents: int = Field(description="How many belong to it")
    concepts: list[str] = Field(default_factory=list, description="Its strongest concepts")
    joins: list[str] = Field(default_factory=list, description="The topics that a bridge joins")
    examples: list[str] = Field(default_factory=list, description="Ids of documents")


class _Told(Answer):
    found: list[_Found] = Field(description="The largest first; of anomalies the latest first")
    documents: int = Field(description="Documents that have concepts")
    total: int = Field(description="How many of these there are in all")
    cut: Cut | None = None


def _insights(memory: Colony, asked: _Insights) -> dict[str, Any]:
    rows = {"clusters": _clusters, "bridges": _bridges, "anomalies": _anomalies}[asked.about](memory)
    shown = rows[asked.skip : asked.skip + asked.k]
    return fitted(
        {"documents": memory.stats().digested, "total": len(rows)},
        "found",
        shown,
        asked.token_budget,
        lambda kept: f"the same call with `skip` = {asked.skip + kept}" + ("" if kept else " and more `token_budget`"),
    )


def _clusters(memory: Colony) -> list[dict[str, Any]]:
    return [
        {
            "label": cluster.label,
            "documents": cluster.documents,
            "concepts": list(cluster.strongest),
            "examples": list(cluster.examples),
        }
        for cluster in memory.map().clusters
    ]


def _bridges(memory: Colony) -> list[dict[str, Any]]:
    return [
        {
            "label": bridge.label,
            "documents": bridge.mentions,
            "joins": [side.cluster.label for side in bridge.sides],
            "examples": [one for side in bridge.sides for one in side.examples],
        }
        for bridge in memory.insights().bridges
    ]


def _anomalies(memory: Colony) -> list[dict[str, Any]]:
    return [
        {
            "label": "; ".join(f"{' + '.join(one.concepts) or 'new words'} {one.what}" for one in anomaly.alarms[:10]),
            "documents": anomaly.documents,
            "examples": list(anomaly.examples),
        }
        for anomaly in reversed(memory.anomalies())
    ]


INSIGHTS = Tool(
    "insights",
    "List what the memory is about: its topics, the concepts that join them, and what departed from normal. Use it to "
    "get an overview before asking, or when the user asks what is in there.",
    _Insights,
    _Told,
    _insights,
)
