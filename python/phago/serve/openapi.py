"""The description of the routes, in OpenAPI 3.1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .operations import Operation
from .schemas import Schema, Schemas

_PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "error": {"type": "string", "description": "The class of the error in Python."},
        "fields": {"type": "object", "description": "What the error names: field, value, accepted, index, id."},
    },
    "required": ["type", "title", "status", "detail"],
}
_SAYS = {
    400: "No JSON, or no UTF-8",
    401: "Without the token",
    403: "From a page of others, or the colony is only read",
    404: "There is none",
    408: "The rest of it did not come",
    409: "Another document has the id",
    413: "Too large",
    415: "Another type of body",
    421: "For another host",
    422: "A value that is not accepted; `detail` says which, and what would be",
    502: "The model that the server was given failed",
    503: "Too much to do, or the colony cannot answer now",
    504: "It took too long",
}


def described(operations: Iterable[Operation], version: str, has_token: bool) -> dict[str, Any]:
    """The whole description."""
    schemas, paths = Schemas(), dict[str, Any]()
    for one in operations:
        path = re.sub(r"\{(\w+):key\}", r"{\1}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas, has_token)
    components: dict[str, Any] = {"schemas": {**schemas.named, "Problem": _PROBLEM}}
    if has_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    info = {"title": "phago", "version": version, "summary": "A memory that organises itself."}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": components}


def _operation(one: Operation, schemas: Schemas, has_token: bool) -> dict[str, Any]:
    in_path = re.findall(r"\{(\w+)(?::key)?\}", one.path)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}} for name in in_path
    ]
    parameters += [
        {"name": each.name, "in": "query", "required": each.required, "schema": each.schema, "description": each.says}
        for each in one.query
    ]
    words = re.sub(r"[{}]|:key", "", one.path.removeprefix("/v1")).replace("/", " ").split()
    told: dict[str, Any] = {
        "operationId": "_".join([one.method.lower(), *words]),
        "summary": one.says,
        "responses": _responses(one, schemas, has_token),
        **one.special,
    }
    if parameters:
        told["parameters"] = parameters
    if one.body is not None:
        body = {
            "type": "object",
            # Null is what was not said.
            "properties": {
                name: schema if name in one.required else {"anyOf": [schema, {"type": "null"}]}
                for name, schema in one.body.items()
            },
            "required": list(one.required),
            "additionalProperties": False,
        }
        content = {"application/json": {"schema": body}}
        told["requestBody"] = {"required": bool(one.required), "content": content}
    if has_token and not one.is_open:
        told["security"] = [{"token": []}]
    return told


def _responses(one: Operation, schemas: Schemas, has_token: bool) -> dict[str, Any]:
    gives: Any = one.gives
    if callable(gives) and not isinstance(gives, type):
        gives = gives(schemas)
    schema = {"type": "string"} if gives is None else gives if isinstance(gives, dict) else schemas.of(gives)
    takes = one.body is not None or "requestBody" in one.special
    failures = {400, 403, 421, 502, 503, 504, 422} | ({408, 413, 415} if takes else set())
    failures |= {404} if one.may_lack else set()
    failures |= {409} if one.may_conflict else set()
    failures |= {401} if has_token and not one.is_open else set()
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    well = {"description": "Well", "content": {one.media.partition(";")[0]: {"schema": schema}}}
    return {"200": well} | {str(code): {"description": _SAYS[code], "content": problem} for code in sorted(failures)}
