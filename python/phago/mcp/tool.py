"""What a tool is: a name, words that say when to use it, what it takes, what it answers, and what it does."""

from __future__ import annotations

import datetime
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticCustomError

from ..colony import Colony
from .lines import ODD

__all__ = ["Answer", "Arguments", "Cut", "Given", "Refused", "Tool"]


# As many as one answer has room for.
_FAULTS = 5
_SHOULD = "input should be "


class Refused(Exception):
    """Something that the agent can mend; the message says how."""


class Given(BaseModel):
    """What a model writes: a number may be text, but what is hardly meant for the field is refused."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _of_its_kind(cls, value: Any, field: ValidationInfo) -> Any:
        kind = cls.model_fields[str(field.field_name)].annotation
        kinds = typing.get_args(kind) or (kind,)
        if isinstance(value, bool) and not {int, float}.isdisjoint(kinds) and bool not in kinds:
            raise PydanticCustomError("kind", "accepted is a number")
        # Pydantic takes a number for seconds since 1970, also in a text.
        if datetime.datetime in kinds and value is not None:
            try:
                return datetime.datetime.fromisoformat(value)
            except (TypeError, ValueError):
                raise PydanticCustomError("kind", "accepted is text in ISO 8601, with an offset") from None
        return value


class Arguments(Given):
    """What a tool takes."""


class Answer(BaseModel):
    """What a tool answers."""


class Cut(Answer):
    """What the token budget left out, and how to get it."""

    left_out: int = Field(0, description="Entries that are left out at the end")
    shortened: int = Field(0, description="Entries that are there in part; their own `cut` names the fields")
    rest: str = Field("", description="The call that gets what was left out")


class _Schema(GenerateJsonSchema):
    """A schema without what costs an agent tokens and tells it nothing."""

    def nullable_schema(self, schema: Any) -> Any:
        # What is not there is left out, in arguments and in answers.
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Any:
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value is not None}


def _without_titles(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    # A property may be called `title`; the words of a schema are texts.
    return {
        key: _without_titles(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "description" and isinstance(value, str) and "properties" in schema)
    }


def _schema_of(kind: type[BaseModel], mode: Any) -> dict[str, Any]:
    schema: dict[str, Any] = _without_titles(kind.model_json_schema(schema_generator=_Schema, mode=mode))
    # Both versions of the protocol want an object with properties, also where there are none.
    return {"properties": {}, **schema}


@dataclass(frozen=True, slots=True)
class Tool:
    """One of the tools that an agent sees."""

    name: str
    description: str
    arguments: type[Arguments]
    answer: type[Answer]
    call: Callable[[Colony, Any], dict[str, Any]]
    changes: bool = False
    """Whether it changes the memory; without, it only reads."""

    def listed(self) -> dict[str, Any]:
        """The tool as the protocol lists it."""
        return {
            "name": self.name,
            "title": self.name.capitalize(),
            "description": self.description,
            "inputSchema": _schema_of(self.arguments, "validation"),
            "outputSchema": _schema_of(self.answer, "serialization"),
            # Called again with the same arguments, every tool leaves the memory as it is.
            "annotations": {
                "title": self.name.capitalize(),
                "readOnlyHint": not self.changes,
                "destructiveHint": self.changes,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }

    def answered(self, memory: Colony, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the tool answers.

        Raises:
            Refused: Arguments that it does not take; the message names each with its value.
        """
        odd = _odd_in(given, ())
        if odd is not None:
            raise Refused(odd)
        try:
            arguments = self.arguments.model_validate(dict(given))
        except ValidationError as error:
            raise Refused("; ".join(_told(error.errors(), given)[:_FAULTS])) from None
        return self.call(memory, arguments)


def _odd_in(value: Any, place: tuple[object, ...]) -> str | None:
    """What is wrong with a value that JSON does not hold, or Python does not read; see `lines.readable`."""
    if isinstance(value, Mapping):
        if ODD in value:
            return f"`{_name_of(place)}` {value[ODD]}; accepted is what JSON holds"
        parts: Iterable[tuple[object, Any]] = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return None
    return next((odd for name, one in parts if (odd := _odd_in(one, (*place, name))) is not None), None)


def _told(faults: Iterable[Any], given: Mapping[str, Any]) -> list[str]:
    """What is wrong, place by place, as the client wrote it."""
    by_place: dict[tuple[object, ...], list[Any]] = {}
    for fault in faults:
        by_place.setdefault(_place_of(fault, given), []).append(fault)
    # What may be of several kinds has a fault for each of them; those of the one that was meant are inside of it.
    outer = {place[:depth] for place in by_place for depth in range(len(place))}
    return [_told_at(place, found) for place, found in by_place.items() if place not in outer]


def _place_of(fault: Any, given: Mapping[str, Any]) -> tuple[object, ...]:
    """Where a fault is in what was given: Pydantic names kinds on the way too."""
    place: list[object] = []
    value: Any = given
    for part in fault["loc"]:
        if value is fault["input"]:
            break
        if part in value if isinstance(value, Mapping) else isinstance(value, list) and isinstance(part, int):
            place.append(part)
            value = value[part]
    if fault["type"] == "missing":
        place.append(fault["loc"][-1])
    return tuple(place)


def _told_at(place: tuple[object, ...], faults: list[Any]) -> str:
    value = repr(faults[0]["input"])
    shown = "" if faults[0]["type"] == "missing" else f" is {value[:80]}{'...' if len(value) > 80 else ''}"
    first, *others = dict.fromkeys(map(_words_of, faults))
    return f"`{_name_of(place)}`{shown}: {' or '.join([first, *(one.removeprefix(_SHOULD) for one in others)])}"


def _words_of(fault: Any) -> str:
    # Pydantic names its own class there.
    words: str = f"{_SHOULD}an object" if fault["type"] in ("dict_type", "model_type") else fault["msg"]
    return f"{words[:1].lower()}{words[1:]}"


def _name_of(place: Iterable[object]) -> str:
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return name.removeprefix(".") or "arguments"
