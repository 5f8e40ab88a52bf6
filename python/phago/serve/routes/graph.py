"""What the colony found out: concepts, neighbours, clusters, the map."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...results import Cluster, Concept, Edge, Insights, Map, Node
from ..memory import Memory
from ..operations import Operation, Parameter, number_of
from ..problems import Refused, answered
from ..schemas import items_of
from .questions import K


async def _insights(memory: Memory, request: Request) -> Response:
    return answered(await memory.ask(memory.client.insights))


async def _clusters(memory: Memory, request: Request) -> Response:
    return answered({"items": await memory.ask(memory.client.clusters)})


async def _map(memory: Memory, request: Request) -> Response:
    return answered(await memory.ask(memory.client.map))


async def _concepts(memory: Memory, request: Request) -> Response:
    k, text = number_of(request, "k", 10, 1, memory.limits.hits), request.query_params.get("text")
    client = memory.client
    return answered({"items": await memory.ask(lambda: memory.top(k) if text is None else client.concepts(text, k))})


async def _neighbors(memory: Memory, request: Request) -> Response:
    label, k = request.path_params["concept"], number_of(request, "k", 10, 1, memory.limits.hits)
    graph = memory.client.graph
    node = await memory.ask(lambda: graph.node(label))
    if node is None:
        raise Refused(404, f"there is no concept {label!r}")
    edges = await memory.ask(lambda: graph.neighbors(label))
    return answered({"concept": node, "items": edges[:k]})


OPERATIONS = (
    Operation("GET", "/v1/insights", _insights, "Clusters of concepts, and concepts that join two", Insights),
    Operation("GET", "/v1/clusters", _clusters, "The clusters alone", lambda schemas: items_of(schemas.of(Cluster))),
    Operation("GET", "/v1/map", _map, "The clusters and what links them", Map),
    Operation(
        "GET",
        "/v1/concepts",
        _concepts,
        "The concepts of most documents; with `text` those nearest to it, and what they are associated with",
        lambda schemas: items_of({"anyOf": [schemas.of(Node), schemas.of(Concept)]}),
        query=(Parameter("text", {"type": "string"}, "A text."), K),
    ),
    Operation(
        "GET",
        "/v1/neighbors/{concept:key}",
        _neighbors,
        "What a concept is associated with, the strongest first",
        lambda schemas: items_of(schemas.of(Edge), concept=schemas.of(Node)),
        query=(K,),
        may_lack=True,
    ),
)
