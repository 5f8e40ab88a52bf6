"""What a client may ask of a colony: each call with its name, what it returns, and whether it may be asked twice."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from heapq import nlargest
from typing import Any

from .._checks import count, refusal, text_of
from .._intake import page_of
from .._jsonl import line_of
from ..colony import Colony
from ..config import ColonyConfig, Ranking
from ..errors import InvalidDocument, RpcError, WireError
from ..graph import Graph
from ..results import (
    AgentInfo,
    Anomaly,
    Cluster,
    Concept,
    Diff,
    DistributedTickResult,
    Edge,
    Event,
    Explanation,
    FadingSynapse,
    GraphPath,
    Hit,
    Hits,
    IngestReport,
    Insights,
    Map,
    Mark,
    Node,
    RunReport,
    SignificantPair,
    Stats,
    StoredDocument,
    Suggestion,
    UpdateReport,
)
from .refused import Refused, retold, retold_report
from .wire import Reader, reader

PAGE = 1_000
"""Documents that are read at once, at most."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while a colony is open."""

    config: ColonyConfig
    shards: int
    path: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """Documents as an export writes them."""

    lines: list[str]
    after: str | None
    """The id behind which there may be more."""


@dataclass(frozen=True, slots=True)
class Table:
    """A snapshot of the graph, column by column."""

    tick: int
    columns: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that may be asked."""

    run: Callable[..., Any]
    """Given the colony and the arguments."""
    returns: Any
    repeatable: bool = True
    """Whether asking twice leaves what asking once would: it is asked again when its answer was lost."""
    changes: bool = False
    """Whether it may change the colony."""

    @property
    def read(self) -> Reader:
        """What reads its answer."""
        return reader(self.returns)


def _of(name: str) -> Callable[..., Any]:
    return _like(getattr(Colony, name), lambda colony, **arguments: getattr(colony, name)(**arguments))


# What it takes shows in the method that it stands for.
def _like(method: Any, run: Callable[..., Any]) -> Callable[..., Any]:
    setattr(run, "__wrapped__", method)  # noqa: B010
    return run


def _graph(name: str) -> Callable[..., Any]:
    return _like(getattr(Graph, name), lambda colony, **arguments: getattr(colony.graph, name)(**arguments))


def _facts(colony: Colony) -> Facts:
    return Facts(colony.config, colony.shards, None if colony.path is None else str(colony.path))


# A caller makes vectors with a model of its own: the colony knows whose they are, and what they are made of.
def _tell_model(colony: Colony, model: Any) -> None:
    colony._world.tell_model(text_of("model", model)).wait()


def _embeddable(colony: Colony, documents: Any) -> list[Any]:
    return colony._world.embeddable(documents, 0).wait()


def _delete(colony: Colony, id: Any = None, where: Any = None) -> Any:
    return colony.delete(id) if where is None else colony.delete(id, where=where)  # type: ignore[call-overload]


# What was refused where it was given stands here as None, so that it is refused again, and in its order.
def _taken(name: str) -> Callable[..., Any]:
    def take(colony: Colony, documents: Any, on_error: Any = "raise", refused: list[Refused] | None = None) -> Any:
        if not isinstance(documents, list):
            raise TypeError(f"`documents` is a list, not {type(documents).__name__}")
        try:
            report = getattr(colony, name)(documents, on_error)
        except InvalidDocument as error:
            raise retold(error, refused or []) from None
        return retold_report(report, refused) if refused else report

    return take


def _has(colony: Colony, id: Any) -> bool:
    return id in colony


def _next_tick(colony: Colony, now: datetime.datetime | None = None) -> DistributedTickResult | None:
    return next(iter(colony.ticks(1, now=now)), None)


def _page(colony: Colony, where: Any = None, after: str | None = None, limit: int = PAGE) -> list[StoredDocument]:
    found = colony.documents(where, after=after, limit=count("limit", limit, 0, PAGE))
    return list(found)


def _lines(colony: Colony, where: Any = None, after: str | None = None) -> Lines:
    keys = next(page_of(colony._world.names(where, after).wait(), PAGE), [])
    lines = list(map(line_of, colony._world.stored(keys).wait()))
    return Lines(lines, keys[-1] if len(keys) == PAGE else None)


def _top(colony: Colony, k: int) -> list[Node]:
    return nlargest(count("k", k, 1), colony.graph.nodes, key=lambda node: (node.mentions, node.degree))


def _nodes(colony: Colony) -> Table:
    nodes = colony.graph.nodes
    columns = {name: list(column) for name, column in nodes.columns().items()}
    return Table(nodes.tick, columns | {"stem": [node.stem for node in nodes]})


def _edges(colony: Colony) -> Table:
    edges = colony.graph.edges
    columns = {name: list(column) for name, column in edges.columns().items()}
    return Table(edges.tick, columns | {"last": columns.pop("last_activated")})


_PAIRS = tuple[tuple[str, str], ...]
_GROUPS = tuple[tuple[str, ...], ...]


def _reads(name: str, returns: Any) -> Call:
    return Call(_of(name), returns)


def _changes(name: str, returns: Any, *, repeatable: bool = True) -> Call:
    return Call(_of(name), returns, repeatable, changes=True)


CALLS: Mapping[str, Call] = {
    "facts": Call(_facts, Facts),
    "tell_model": Call(_tell_model, None, changes=True),
    # For each document the text to make a vector of, or the vector that it has already, or None.
    "embeddable": Call(_embeddable, list[str | list[int] | None]),
    "ingest": Call(_taken("ingest"), IngestReport, changes=True),
    "update": _changes("update", str),
    "update_all": Call(_taken("update_all"), UpdateReport, changes=True),
    "delete": Call(_delete, bool | int, changes=True),
    "reinforce": _changes("reinforce", bool, repeatable=False),
    # As often as it is asked, all is digested at the end.
    "run": _changes("run", RunReport),
    "run_some": Call(_of("run"), RunReport, repeatable=False, changes=True),
    "tick": _changes("tick", DistributedTickResult, repeatable=False),
    "next_tick": Call(_next_tick, DistributedTickResult | None, repeatable=False, changes=True),
    "query": _reads("query", Hits),
    "explain": _reads("explain", Explanation | None),
    "similar": _reads("similar", Hits | None),
    "suggest": _reads("suggest", list[Suggestion]),
    "concepts": _reads("concepts", list[Concept]),
    "get": _reads("get", StoredDocument | None),
    "count": _reads("count", int),
    "documents": Call(_page, list[StoredDocument]),
    "lines": Call(_lines, Lines),
    "stats": _reads("stats", Stats),
    "digest": _reads("digest", str),
    "len": Call(len, int),
    "has": Call(_has, bool),
    "insights": _reads("insights", Insights),
    "survey": _changes("survey", Insights, repeatable=False),
    "clusters": _reads("clusters", tuple[Cluster, ...]),
    "cluster_of": _reads("cluster_of", Cluster | None),
    "map": _reads("map", Map),
    "anomalies": _reads("anomalies", list[Anomaly]),
    "events": _reads("events", list[Event]),
    "fading": _reads("fading", list[FadingSynapse]),
    "diff": _reads("diff", Diff),
    "pin": _changes("pin", None),
    "unpin": _changes("unpin", None),
    "pinned": _reads("pinned", list[str]),
    "emit": _changes("emit", None, repeatable=False),
    "field": _reads("field", list[tuple[str, float]]),
    "marks": _reads("marks", list[Mark]),
    "agents": _reads("agents", list[AgentInfo]),
    "dismiss": _changes("dismiss", None),
    "checkpoint": _changes("checkpoint", None),
    "compact": _changes("compact", None),
    "snapshot": _changes("snapshot", None, repeatable=False),
    "graph.top": Call(_top, list[Node]),
    "graph.nodes": Call(_nodes, Table),
    "graph.edges": Call(_edges, Table),
    "graph.node": Call(_graph("node"), Node | None),
    "graph.neighbors": Call(_graph("neighbors"), tuple[Edge, ...]),
    "graph.components": Call(_graph("components"), _GROUPS),
    "graph.bridges": Call(lambda colony: colony.graph.bridges(), _PAIRS),
    "graph.articulation_points": Call(_graph("articulation_points"), tuple[str, ...]),
    "graph.shortest_path": Call(_graph("shortest_path"), GraphPath | None),
    "graph.betweenness": Call(_graph("betweenness"), dict[str, float]),
    "graph.communities": Call(_graph("communities"), _GROUPS),
    "graph.significant": Call(_graph("significant"), tuple[SignificantPair, ...]),
}
"""All calls by name. A method of `Colony` has its own name; what follows from others is not asked for."""


def _ranking(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    names = [field.name for field in fields(Ranking)]
    unknown = sorted(value.keys() - set(names))
    if unknown:
        raise refusal("ranking", unknown[0], f"constants of a Ranking: {', '.join(names)}")
    return Ranking(**value)


# What is more than plain values among arguments, by name.
_ARGUMENTS = {
    "ranking": _ranking,
    "now": reader(datetime.datetime | None),
    "hit": reader(Hit),
    "refused": reader(list[Refused]),
}


def revived(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that came over the wire, as a colony takes them."""
    return {name: _ARGUMENTS[name](value) if name in _ARGUMENTS else value for name, value in arguments.items()}


def refuse_unknown(name: str, arguments: Mapping[str, Any]) -> None:
    """Do nothing for a call that there is, with arguments that it takes.

    Raises:
        WireError: There is none, or it takes another one.
    """
    import inspect

    if name not in CALLS:
        reason = f"there is no call `{name}`; accepted are {', '.join(sorted(CALLS))}"
        raise WireError(reason, reason=reason)
    takes = list(inspect.signature(CALLS[name].run).parameters.values())[1:]
    if any(one.kind is one.VAR_KEYWORD for one in takes):
        return
    names = [one.name for one in takes]
    unknown = next((one for one in arguments if one not in names), None)
    if unknown is not None:
        reason = f"`{name}` takes no `{unknown}`; accepted are {', '.join(names) or 'none'}"
        raise WireError(reason, reason=reason)


def done(colony: Colony, name: str, arguments: Mapping[str, Any]) -> Any:
    """What a call returns.

    Raises:
        RpcError: There is no such call.
        TypeError: It has no such argument.
    """
    call = CALLS.get(name)
    if call is None:
        reason = f"there is no call `{name}`; accepted are {', '.join(sorted(CALLS))}"
        raise RpcError(reason, reason=reason)
    return call.run(colony, **arguments)
