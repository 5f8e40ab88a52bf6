"""Pictures for the page: bounded, with places, however large the colony is."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response

from ...view.around import around
from ...view.atlas import CLUSTERS_MAX, atlas, backbone
from ..memory import Memory
from ..operations import Operation, Parameter, number_of
from ..problems import Refused, answered
from ..schemas import Schema

_NODES, _NODES_MAX = 48, 150
_BACKBONE = 90
_HOPS_MAX = 4


class _Kept:
    """A picture that takes a survey, for as long as nothing has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: tuple[Any, ...] = ()
        self._picture: dict[str, Any] = {}

    def map(self, memory: Memory) -> dict[str, Any]:
        # Whoever asks meanwhile waits for the same survey; a second one would only take from the first.
        with self._lock:
            stats = memory.client.stats()
            now = (stats.tick, stats.documents, stats.digested)
            if now != self._of:
                self._picture = atlas(memory.client.map())
                self._of = now
            return self._picture


_kept: WeakKeyDictionary[Memory, _Kept] = WeakKeyDictionary()


async def _map(memory: Memory, request: Request) -> Response:
    kept = _kept.setdefault(memory, _Kept())
    return answered(await memory.ask(lambda: kept.map(memory)))


async def _graph(memory: Memory, request: Request) -> Response:
    most = number_of(request, "limit", _BACKBONE, 2, _NODES_MAX)
    graph = memory.client.graph
    return answered(await memory.ask(lambda: backbone(graph, limit=most)))


async def _around(memory: Memory, request: Request) -> Response:
    label, hops = request.path_params["concept"], number_of(request, "hops", 2, 1, _HOPS_MAX)
    most = number_of(request, "limit", _NODES, 2, _NODES_MAX)
    graph = memory.client.graph
    found = await memory.ask(lambda: around(graph, label, hops=hops, limit=most))
    if found is None:
        raise Refused(404, f"there is no concept {label!r}")
    return answered(found)


_INTEGER: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_TEXT: Schema = {"type": "string"}
_PLACE: dict[str, Schema] = {name: {"type": "number", "minimum": -1, "maximum": 1} for name in ("x", "y")}
_ENDS: Schema = {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2}
_CONCEPT: dict[str, Schema] = {"label": _TEXT, "documents": _INTEGER, "synapses": _INTEGER, "hop": _INTEGER, **_PLACE}
_TIE: dict[str, Schema] = {"ends": _ENDS, "weight": _NUMBER, "documents": _INTEGER, "strength": _NUMBER}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def _all_of(properties: dict[str, Schema]) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _picture(nodes: dict[str, Schema], links: dict[str, Schema], **more: Schema) -> Schema:
    parts: dict[str, Schema] = {"nodes": {"type": "array", "items": _all_of(nodes)}}
    return _all_of({"kind": _TEXT, **parts, "links": {"type": "array", "items": _all_of(links)}, **more})


_LIMIT: Schema = {"type": "integer", "minimum": 2, "maximum": _NODES_MAX}
_CLUSTER: dict[str, Schema] = {
    "label": _TEXT,
    "documents": _INTEGER,
    "concepts": _INTEGER,
    "since": _INTEGER,
    "strongest": _TEXTS,
    "examples": _TEXTS,
    **_PLACE,
}
OPERATIONS = (
    Operation(
        "GET",
        "/v1/pictures/map",
        _map,
        f"The {CLUSTERS_MAX} clusters of most documents and their strongest links, with places",
        _picture(
            _CLUSTER,
            {"ends": _ENDS, "strength": _NUMBER, "pairs": _INTEGER, "bridges": _TEXTS},
            tick=_INTEGER,
            documents=_INTEGER,
            clusters=_INTEGER,
        ),
    ),
    Operation(
        "GET",
        "/v1/pictures/graph",
        _graph,
        "The concepts of the pairs that are farthest from chance, with places",
        _picture(_CONCEPT, _TIE),
        query=(Parameter("limit", {**_LIMIT, "default": _BACKBONE}, "So many concepts, at most."),),
    ),
    Operation(
        "GET",
        "/v1/pictures/around/{concept:key}",
        _around,
        "A concept, what it is wired to, and what is wired to that, with places",
        _picture(_CONCEPT, _TIE, center=_TEXT, wired=_INTEGER),
        query=(
            Parameter(
                "hops", {"type": "integer", "minimum": 1, "maximum": _HOPS_MAX, "default": 2}, "How far it reaches."
            ),
            Parameter("limit", {**_LIMIT, "default": _NODES}, "So many concepts, at most."),
        ),
        may_lack=True,
    ),
)
