"""Results and settings as JSON Schema, read from their annotations."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import types
import typing
from typing import Any, Literal

from ..ids import ShardId
from ..results import BridgeSide, ClusterLink, Hit

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
    datetime.datetime: {"type": "string", "format": "date-time"},
    ShardId: {"type": "integer"},
}

# A cluster is written once, and then by its place among `clusters`.
_PLACES: dict[tuple[type, str], Schema] = {
    (BridgeSide, "cluster"): {"type": "integer", "minimum": 0},
    (ClusterLink, "clusters"): {"type": "array", "items": {"type": "integer", "minimum": 0}},
}


class Schemas:
    """The schemas that are asked for; those of records under their names."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type."""
        if kind in _PLAIN:
            return _PLAIN[kind]
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin is Literal:
            return {"enum": list(inner)}
        if origin in (typing.Union, types.UnionType):
            return {"anyOf": [self.of(one) for one in inner]}
        if origin in (list, tuple):
            return {"type": "array", "items": self.of(inner[0]) if len(set(inner) - {...}) == 1 else {}}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(inner[1])}
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return {"enum": [one.value for one in kind]}
        return self._record(kind)

    def _record(self, kind: Any) -> Schema:
        name = kind.__name__
        if name not in self.named:
            self.named[name] = {}
            hints = typing.get_type_hints(kind)
            fields = {
                field.name: _PLACES.get((kind, field.name)) or self.of(hints[field.name])
                for field in dataclasses.fields(kind)
            }
            if kind is Hit:
                fields["passage"] = {"type": "string"}
            description = (kind.__doc__ or "").strip().partition("\n")[0]
            self.named[name] = {
                "type": "object",
                "description": description,
                "properties": fields,
                "required": list(fields),
            }
        return {"$ref": f"#/components/schemas/{name}"}


def items_of(schema: Schema, **more: Schema) -> Schema:
    """The schema of a list, which is an object so that it can grow."""
    fields = {"items": {"type": "array", "items": schema}, **more}
    return {"type": "object", "properties": fields, "required": list(fields)}
