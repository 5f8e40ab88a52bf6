"""Results as JSON and back: the one place that knows how each is written.

What is written is what `to_dict` gives; the annotations of the results say how it is read again. So floats come back
to the last bit, moments as datetimes, tuples as tuples. Nothing is pickled: bytes that come in make values and results
of phago, and nothing else.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import os
import types
import typing
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, Literal

from .._json import json_text
from ..errors import WireError
from ..ids import ShardId
from ..results import (
    AgentInfo,
    Bridge,
    BridgeSide,
    Cluster,
    ClusterLink,
    CrossShardEdges,
    Digester,
    Insights,
    Map,
    Path,
)

VERSION = 1
"""Of calls and answers. It grows when one that is older could not read them."""

Reader = Callable[[Any], Any]
"""Makes a value of what JSON held."""


def dumps(value: Any) -> bytes:
    """A result, or plain values that hold results, as JSON in UTF-8, for another phago.

    Lone surrogates and what is no finite number pass, as it is for the colony to refuse them.

    Raises:
        TypeError: It holds something that is no result.
    """
    text = json.dumps(value, default=_written, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def for_others(value: Any) -> bytes:
    """The same for any program: with `null` for what is no finite number, and nothing but UTF-8."""
    text = json_text(value, default=_written, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode()


def loads(data: bytes) -> Any:
    """The plain values of some JSON.

    Raises:
        WireError: It is none.
    """
    try:
        return json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        reason = f"{len(data)} bytes are no JSON: {error}"
        raise WireError(reason, reason=reason) from error


# --- writing ---


# `json` asks here for what it does not know, and goes on inside of what it gets. An answer holds hundreds of records.
def _written(value: Any) -> Any:
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    if kind in _WRITERS:
        return _WRITERS[kind]
    if _is_record(kind):
        names = _names(kind)
        read = attrgetter(*names)
        return lambda value: dict(zip(names, read(value) if len(names) > 1 else (read(value),), strict=True))
    if issubclass(kind, datetime.datetime):
        return datetime.datetime.isoformat
    if issubclass(kind, os.PathLike):
        return os.fspath
    raise TypeError(f"{kind.__name__} has no form in JSON")


def _plainly(value: Any) -> dict[str, Any]:
    kind: Any = type(value)
    return {name: getattr(value, name) for name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


# A cluster stands in each of its bridges and links, with all its concepts. It is written once, and then by its place.
def _insights(value: Insights | Map) -> dict[str, Any]:
    places = {id(cluster): place for place, cluster in enumerate(value.clusters)}

    def side(one: BridgeSide) -> dict[str, Any]:
        return _plainly(one) | {"cluster": places[id(one.cluster)]}

    def bridge(one: Bridge) -> dict[str, Any]:
        return _plainly(one) | {"sides": list(map(side, one.sides))}

    def link(one: ClusterLink) -> dict[str, Any]:
        clusters = [places[id(cluster)] for cluster in one.clusters]
        return _plainly(one) | {"clusters": clusters, "bridges": list(map(bridge, one.bridges))}

    if isinstance(value, Insights):
        return _plainly(value) | {"bridges": list(map(bridge, value.bridges))}
    return _plainly(value) | {"links": list(map(link, value.links))}


def _cross_edges(value: CrossShardEdges) -> list[list[Any]]:
    return [[edge.from_node, edge.to_node, int(edge.to_shard), edge.weight] for edge in value]


_WRITERS: dict[type, Callable[[Any], Any]] = {
    Insights: _insights,
    Map: _insights,
    CrossShardEdges: _cross_edges,
}


# --- reading ---


@cache
def reader(kind: Any) -> Reader:
    """What reads values of a type.

    Raises (when it reads):
        WireError: The JSON has another form.
    """
    read = _reader(kind)

    def checked(value: Any) -> Any:
        try:
            return read(value)
        except WireError:
            raise
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
            name = getattr(kind, "__name__", str(kind))
            reason = f"an answer is no {name}: {type(error).__name__}: {error}"
            raise WireError(reason, reason=reason) from error

    return checked


@cache
def _reader(kind: Any) -> Reader:
    special = _READERS.get(kind)
    if special is not None:
        return special
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner)
    if origin is tuple:
        if len(inner) == 2 and inner[1] is ...:
            every = _reader(inner[0])
            return lambda value: tuple(map(every, value))
        each = tuple(map(_reader, inner))
        return lambda value: tuple(read(one) for read, one in zip(each, value, strict=True))
    if origin is list:
        every = _reader(inner[0])
        return lambda value: [every(one) for one in value]
    if origin is dict:
        every = _reader(inner[1])
        return lambda value: {key: every(one) for key, one in value.items()}
    if _is_record(kind):
        return _record(kind)
    if isinstance(kind, type) and (issubclass(kind, enum.Enum) or kind is ShardId):
        return kind
    if kind is datetime.datetime:
        return datetime.datetime.fromisoformat
    if kind in (Any, str, int, float, bool, None, type(None)) or origin is Literal:
        return lambda value: value
    raise TypeError(f"no values of {kind} cross the wire")


def _is_record(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind)


# Which one it is shows in the JSON: a moment is text where no text is meant, and a record is an object.
def _one_of(kinds: tuple[Any, ...]) -> Reader:
    is_text = any(kind is str or typing.get_origin(kind) is Literal for kind in kinds)
    others = [kind for kind in kinds if kind not in (str, int, float, bool, type(None))]
    others = [kind for kind in others if typing.get_origin(kind) is not Literal]
    of_text = None if is_text else next((_reader(kind) for kind in others if kind is datetime.datetime), None)
    of_list = next((_reader(kind) for kind in others if typing.get_origin(kind) in (list, tuple)), None)
    of_dict = next((_reader(kind) for kind in others if _is_record(kind)), None)

    readers: dict[Any, Reader | None] = {str: of_text, list: of_list, dict: of_dict}

    def read(value: Any) -> Any:
        chosen = readers.get(type(value))
        return value if chosen is None else chosen(value)

    return read


def _record(kind: Any) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = [(field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]

    # What is missing has its default: an earlier phago did not know the field.
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{type(value).__name__} is no object")
        return kind(**{name: read_one(value[name]) for name, read_one in fields if name in value})

    return read


def _agent(value: Any) -> AgentInfo:
    kind = Digester if value["kind"] == "digester" else AgentInfo
    return kind(value["id"], value["kind"], value["born"], value["state"])


# Most paths are never looked at, and are half of an answer.
def _path(value: Any) -> Path:
    parts = {name: value[name] for name in _names(Path)}
    return Path.later(lambda: tuple(read(parts[name]) for name, read in _path_parts()))


@cache
def _path_parts() -> list[tuple[str, Reader]]:
    hints = typing.get_type_hints(Path)
    return [(name, reader(hints[name])) for name in _names(Path)]


class _Edges:
    """Rows of cross-shard edges that came over the wire."""

    __slots__ = ("rows",)

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, index: int, /) -> Any:
        names = ("from_node", "to_node", "to_shard", "weight")
        return types.SimpleNamespace(**dict(zip(names, self.rows[index], strict=True)))


def _with_clusters(value: Any) -> tuple[tuple[Cluster, ...], Reader]:
    clusters: tuple[Cluster, ...] = _reader(tuple[Cluster, ...])(value["clusters"])
    texts = _reader(tuple[str, ...])

    def side(one: Any) -> BridgeSide:
        found = clusters[one["cluster"]]
        return BridgeSide(found, one["documents"], one["g2"], texts(one["strongest"]), texts(one["examples"]))

    def bridge(one: Any) -> Bridge:
        first, second = map(side, one["sides"])
        return Bridge(one["label"], (first, second), one["mentions"], one["cover"], one["score"])

    return clusters, lambda rows: tuple(map(bridge, rows))


def _insights_read(value: Any) -> Insights:
    clusters, bridges = _with_clusters(value)
    gone = _reader(typing.get_type_hints(Insights)["gone"])(value["gone"])
    tick, documents, modularity = value["tick"], value["documents"], value["modularity"]
    return Insights(tick, documents, modularity, clusters, bridges(value["bridges"]), gone)


def _map_read(value: Any) -> Map:
    clusters, bridges = _with_clusters(value)

    def link(one: Any) -> ClusterLink:
        first, second = one["clusters"]
        return ClusterLink((clusters[first], clusters[second]), one["pairs"], one["g2"], bridges(one["bridges"]))

    return Map(value["tick"], value["documents"], clusters, tuple(map(link, value["links"])))


_READERS: dict[Any, Reader] = {
    Insights: _insights_read,
    Map: _map_read,
    AgentInfo: _agent,
    Path: _path,
    CrossShardEdges: lambda rows: CrossShardEdges(_Edges(rows)),
}
