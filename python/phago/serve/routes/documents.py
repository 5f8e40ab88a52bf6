"""Documents: taken in, read, replaced, deleted."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...results import IngestReport, Rejected, StoredDocument, UpdateReport
from ..guard import STREAMS
from ..memory import Memory
from ..operations import Operation, Parameter, body_of, json_of, kind_of, number_of
from ..problems import Refused, answered
from ..schemas import Schema, items_of
from ..stream import Streamed

# So many bytes of UTF-8, which are no more characters.
_NAME: Schema = {"type": ["string", "null"], "minLength": 1, "maxLength": 512}
_VALUE: Schema = {
    "type": ["string", "number", "boolean", "array", "null"],
    "items": {"type": ["string", "number", "boolean"]},
}
_DOCUMENT: dict[str, Schema] = {
    "text": {"type": "string", "minLength": 1},
    "title": {"type": ["string", "null"]},
    "metadata": {"type": ["object", "null"], "propertyNames": {"pattern": r"\S"}, "additionalProperties": _VALUE},
    "expires": {
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": 2**32 - 2},
            {"type": "string", "format": "date-time"},
            {"type": "null"},
        ]
    },
    "thread": _NAME,
    "place": {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1},
    "time": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
    "vector": {"anyOf": [{"type": "array", "items": {"type": "number"}, "minItems": 1}, {"type": "null"}]},
}
_NEW: Schema = {
    "type": "object",
    "properties": {"id": _NAME, **_DOCUMENT},
    "required": ["text"],
    "additionalProperties": False,
}
_AFTER = Parameter("after", {"type": "string"}, "Begin behind this id, such as the last one of the page before.")
_LIMIT = Parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}, "So many, at most.")
_ON_ERROR = Parameter(
    "on_error",
    {"enum": ["raise", "skip"]},
    "Whether a document that is not valid ends it, or is left out and told of. By default the first, of a stream the "
    "second.",
)
_UPDATE = Parameter(
    "update", {"enum": ["true", "false"], "default": "false"}, "Whether documents replace those of the same ids."
)


async def _add(memory: Memory, request: Request) -> Response:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_stream = media.encode("latin-1") in STREAMS
    on_error = request.query_params.get("on_error", "skip" if is_stream else "raise")
    if on_error not in ("raise", "skip"):
        raise Refused(422, f'`on_error` is {on_error!r}; accepted is "raise" or "skip"', fields={"field": "on_error"})
    update = request.query_params.get("update", "false")
    if update not in ("true", "false"):
        raise Refused(422, f'`update` is {update!r}; accepted is "true" or "false"', fields={"field": "update"})
    if is_stream:
        return answered(await Streamed(memory, update == "true", on_error == "skip").taken(request.stream()))
    if media != "application/json":
        raise Refused(415, f"the body is {media or 'of no type'}; accepted is application/json or application/x-ndjson")
    given = json_of(await request.body())
    documents: list[Any] = given if isinstance(given, list) else [given]
    for place, one in enumerate(documents):
        if not isinstance(one, dict):
            raise Refused(422, f"document {place} is {kind_of(one)}; accepted is an object", fields={"index": place})
    client = memory.client
    take = client.update_all if update == "true" else client.ingest
    return answered(await memory.do(lambda: take(documents, "skip" if on_error == "skip" else "raise")))


async def _page(memory: Memory, request: Request) -> Response:
    after, limit = request.query_params.get("after"), number_of(request, "limit", 100, 1, memory.limits.hits)
    found: list[StoredDocument] = await memory.ask(lambda: list(memory.client.documents(after=after, limit=limit)))
    following = found[-1].id if len(found) == limit else None
    return answered({"items": found, "after": following})


async def _get(memory: Memory, request: Request) -> Response:
    key = request.path_params["id"]
    found = await memory.ask(lambda: memory.client.get(key))
    if found is None:
        raise Refused(404, f"no document has the id {key!r}")
    return answered(found)


async def _put(memory: Memory, request: Request) -> Response:
    key, fields = request.path_params["id"], await body_of(request, PUT)
    if fields.setdefault("id", key) != key:
        raise Refused(422, f"`id` is {fields['id']!r}, and the address says {key!r}", fields={"field": "id"})
    return answered({"id": key, "was": await memory.do(lambda: memory.client.update(fields))})


async def _delete(memory: Memory, request: Request) -> Response:
    key = request.path_params["id"]
    if not await memory.do(lambda: memory.client.delete(key)):
        raise Refused(404, f"no document has the id {key!r}")
    return answered({"deleted": 1})


async def _delete_many(memory: Memory, request: Request) -> Response:
    asked = await body_of(request, DELETE_MANY)
    ids, where = asked.get("ids"), asked.get("where")
    if (ids is None) == (where is None):
        raise Refused(422, "accepted is `ids` or `where`: one of them")
    if where is not None and not isinstance(where, dict):
        raise Refused(422, f"`where` is {kind_of(where)}; accepted is an object", fields={"field": "where"})
    client = memory.client
    if where is not None:
        return answered({"deleted": await memory.do(lambda: client.delete(where=where))})
    if not isinstance(ids, list):
        raise Refused(422, f"`ids` is {kind_of(ids)}; accepted is a list of strings", fields={"field": "ids"})
    for place, one in enumerate(ids):
        if not isinstance(one, str):
            raise Refused(
                422, f"`ids` has {kind_of(one)} at {place}; accepted is a list of strings", fields={"field": "ids"}
            )
    return answered({"deleted": await memory.do(lambda: client.delete(ids))})


_DELETED: Schema = {"type": "object", "properties": {"deleted": {"type": "integer"}}, "required": ["deleted"]}
_KEY = "/v1/documents/{id:key}"
PUT = Operation(
    "PUT",
    _KEY,
    _put,
    "Put a document in the place of the one with this id",
    {
        "type": "object",
        "properties": {"id": {"type": "string"}, "was": {"enum": ["new", "changed", "unchanged"]}},
        "required": ["id", "was"],
    },
    body={"id": _NAME, **_DOCUMENT},
    required=("text",),
)
DELETE_MANY = Operation(
    "POST",
    "/v1/delete",
    _delete_many,
    "Delete several documents, by their ids or by a filter that is not true of every document",
    _DELETED,
    body={"ids": {"type": "array", "items": {"type": "string"}}, "where": {"type": "object", "minProperties": 1}},
)


def _report(schemas: Any) -> Schema:
    schemas.of(Rejected)
    return {"anyOf": [schemas.of(IngestReport), schemas.of(UpdateReport)]}


OPERATIONS = (
    Operation(
        "POST",
        "/v1/documents",
        _add,
        "Take in documents: one, a list, or a stream of lines of JSON of any length",
        _report,
        query=(_ON_ERROR, _UPDATE),
        may_conflict=True,
        special={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"anyOf": [_NEW, {"type": "array", "items": _NEW}]}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            }
        },
    ),
    Operation(
        "GET",
        "/v1/documents",
        _page,
        "The documents in the order of their ids",
        lambda schemas: items_of(schemas.of(StoredDocument), after={"type": ["string", "null"]}),
        query=(_AFTER, _LIMIT),
    ),
    Operation("GET", _KEY, _get, "A document", StoredDocument, may_lack=True),
    PUT,
    Operation("DELETE", _KEY, _delete, "Delete a document", _DELETED, may_lack=True),
    DELETE_MANY,
)
