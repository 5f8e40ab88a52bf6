"""Questions: ranked passages, why, what is like a document, how words go on."""

from __future__ import annotations

import dataclasses
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..._checks import beginning_of, count
from ...config import Ranking
from ...results import Explanation, Hit, Hits, Suggestion
from ..memory import Memory
from ..operations import Operation, Parameter, body_of, number_of
from ..problems import Refused, answered
from ..schemas import Schema, items_of

_TEXTS: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_MOMENT: Schema = {"type": "string", "format": "date-time"}
_RANKING: Schema = {
    "type": "object",
    "description": "Constants of a `Ranking`.",
    "properties": {
        one.name: {"type": "integer" if isinstance(one.default, int) else "number"}
        for one in dataclasses.fields(Ranking)
    },
    "additionalProperties": False,
}
_EXPLAINED: dict[str, Schema] = {
    "text": {"type": "string", "description": "The question; at most 64 KiB of UTF-8."},
    "ranking": _RANKING,
    "vector": {"type": "array", "items": {"type": "number"}, "minItems": 1},
    "as_of": _MOMENT,
    "newer": {"type": "number", "minimum": 0, "maximum": 100},
    "half_life": {
        "anyOf": [{"type": "number", "minimum": 1e-06, "maximum": 1e9}, {"type": "string", "examples": ["12h", "180d"]}]
    },
    "operators": {"type": "boolean"},
    "required": _TEXTS,
    "excluded": _TEXTS,
    "synonyms": {"type": "object", "additionalProperties": _TEXTS},
}
_ASKED: dict[str, Schema] = {
    **_EXPLAINED,
    "ranking": {"anyOf": [{"const": "lexical"}, _RANKING]},
    "k": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10},
    "where": {"type": "object", "description": "A filter on metadata, as `Colony.query` has it."},
    "paths": {"type": "boolean", "default": True},
    "since": _MOMENT,
    "until": _MOMENT,
    "diverse": {"type": "number", "minimum": 0, "maximum": 1, "default": 0},
}
K = Parameter("k", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 10}, "So many, at most.")


async def _query(memory: Memory, request: Request) -> Response:
    asked = _ranked(await body_of(request, QUERY))
    most = memory.limits.hits
    if "k" in asked:
        asked["k"] = count("k", asked["k"], 1, most)
    hits: Hits = await memory.ask(lambda: memory.client.query(**asked))
    return answered(_told(hits))


async def _explain(memory: Memory, request: Request) -> Response:
    asked = _ranked(await body_of(request, EXPLAIN))
    found: Explanation | None = await memory.ask(lambda: memory.client.explain(**asked))
    if found is None:
        raise Refused(404, f"no document has the id {asked.get('id')!r}")
    return answered(found.to_dict())


async def _similar(memory: Memory, request: Request) -> Response:
    key, k = request.path_params["id"], number_of(request, "k", 10, 1, memory.limits.hits)
    found: Hits | None = await memory.ask(lambda: memory.client.similar(key, k))
    if found is None:
        raise Refused(404, f"no document has the id {key!r}")
    return answered(_told(found))


async def _suggest(memory: Memory, request: Request) -> Response:
    begun, k = request.query_params.get("prefix"), number_of(request, "k", 10, 1, memory.limits.hits)
    if begun is None:
        raise Refused(422, "`prefix` is missing", fields={"field": "prefix"})
    # As this address names it; a client calls it otherwise.
    beginning = beginning_of("prefix", begun)
    return answered({"items": await memory.ask(lambda: memory.client.suggest(beginning, k))})


_HIT = tuple(field.name for field in dataclasses.fields(Hit))


def _told(hits: Hits) -> dict[str, Any]:
    """As `to_dict`, in half the time: the encoder of JSON goes into what the hits hold."""
    items = [{**{name: getattr(hit, name) for name in _HIT}, "passage": hit.passage} for hit in hits]
    return {"items": items, "pending": hits.pending}


def _ranked(asked: dict[str, Any]) -> dict[str, Any]:
    """The fields of a question as a colony takes them; null is what was not said."""
    asked = {name: value for name, value in asked.items() if value is not None or name == "text"}
    ranking = asked.get("ranking")
    if isinstance(ranking, dict):
        known = [field.name for field in dataclasses.fields(Ranking)]
        for name in ranking.keys() - set(known):
            raise Refused(
                422, f"`ranking` has no `{name}`; accepted are {', '.join(known)}", fields={"field": "ranking"}
            )
        asked["ranking"] = Ranking(**ranking)
    return asked


QUERY = Operation(
    "POST",
    "/v1/query",
    _query,
    "The documents that answer best, with passages and paths",
    Hits,
    body=_ASKED,
    required=("text",),
)
EXPLAIN = Operation(
    "POST",
    "/v1/explain",
    _explain,
    "Why a document has its score, found or not",
    Explanation,
    body={**_EXPLAINED, "id": {"type": "string"}},
    required=("text",),
    may_lack=True,
)
OPERATIONS = (
    QUERY,
    EXPLAIN,
    Operation(
        "GET", "/v1/similar/{id:key}", _similar, "The documents most like another one", Hits, query=(K,), may_lack=True
    ),
    Operation(
        "GET",
        "/v1/suggest",
        _suggest,
        "Words that begin so and that most documents have",
        lambda schemas: items_of(schemas.of(Suggestion)),
        query=(Parameter("prefix", {"type": "string", "minLength": 1}, "How the words begin.", required=True), K),
    ),
)
