"""What a route is: who answers, what it takes, what it gives; OpenAPI is written from the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter, fail_after, to_thread
from starlette.requests import Request
from starlette.responses import Response

from .problems import Refused
from .schemas import Schema

if TYPE_CHECKING:
    from .memory import Memory

Answering = Callable[["Memory", Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query of an address."""

    name: str
    schema: Schema
    says: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    """As starlette has it; of `{name:key}` the rest of the path is one parameter, with slashes, line feeds and all."""
    answer: Answering
    says: str
    gives: Any
    """A result's type, a schema, or None for what is no JSON."""
    query: tuple[Parameter, ...] = ()
    body: Mapping[str, Schema] | None = None
    """The fields of a JSON object, if it takes one; `required` names those that must be there."""
    required: tuple[str, ...] = ()
    may_lack: bool = False
    """Whether 404 says that there is no such thing."""
    may_conflict: bool = False
    is_open: bool = False
    """Whether it tells nothing of the memory, and wants no token."""
    media: str = "application/json"
    special: Mapping[str, Any] = field(default_factory=dict)
    """What else OpenAPI says of it."""


async def aside(work: Callable[[], Any], threads: CapacityLimiter) -> Any:
    """Do what waits for the engine in a thread, and leave the loop to others."""
    return await to_thread.run_sync(work, limiter=threads)


async def patiently(work: Callable[[], Any], threads: CapacityLimiter, seconds: float) -> Any:
    """As `aside`, but not for longer than this; the work itself ends in its thread.

    Raises:
        Refused: It takes longer.
    """
    try:
        with fail_after(seconds):
            return await to_thread.run_sync(work, limiter=threads, abandon_on_cancel=True)
    except TimeoutError:
        raise Refused(504, f"this takes longer than {seconds:g} s, which is the limit of this server") from None


async def body_of(request: Request, operation: Operation) -> dict[str, Any]:
    """The JSON object in a body, which has no other fields than the operation takes.

    Raises:
        Refused: It is none.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await request.body()
    if not data and not operation.required:
        return {}
    # A page of another site can send a form without asking, and JSON only with leave.
    if media != "application/json":
        raise Refused(415, f"the body is {media or 'of no type'}; accepted is application/json")
    value = json_of(data)
    if not isinstance(value, dict):
        raise Refused(422, f"the body is {kind_of(value)}; accepted is an object")
    known = operation.body or {}
    for name in value:
        if name not in known:
            raise Refused(422, f"`{name}` is no field of this; accepted are {', '.join(known)}", fields={"field": name})
    for name in operation.required:
        if name not in value:
            raise Refused(422, f"`{name}` is missing", fields={"field": name})
    return value


def json_of(data: bytes) -> Any:
    """The value of some JSON, which is what the standard has and no more.

    Raises:
        Refused: It is none.
    """
    try:
        return json.loads(data.decode(), parse_constant=_no_constant, parse_int=_integer, object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise Refused(400, "the body is not UTF-8") from None
    except RecursionError:
        raise Refused(400, "the body nests too deeply") from None
    except ValueError as error:
        raise Refused(400, f"the body is no JSON: {error}") from None


# What Python reads of a number, and more than any field takes.
_DIGITS_MAX = 4_000


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise Refused(422, f"the body has a number of {len(digits)} digits; accepted are at most {_DIGITS_MAX}")
    return int(digits)


# The last one of several would count, and whoever wrote the others is not told.
def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        name = next(name for name in made if counts[name] > 1)
        detail = f"the body has `{name}` {counts[name]} times in one object; accepted is once"
        raise Refused(422, detail, fields={"field": name})
    return made


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is none of its numbers")


def kind_of(value: Any) -> str:
    """What JSON calls a value."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def check_query(request: Request, operation: Operation) -> None:
    """Do nothing for an address whose query has parameters that the operation takes, each once.

    Raises:
        Refused: It has others.
    """
    known = [one.name for one in operation.query]
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            accepted = ", ".join(known) or "none"
            raise Refused(422, f"`{name}` is no parameter of this; accepted are {accepted}", fields={"field": name})
        if count > 1:
            raise Refused(422, f"`{name}` is there {count} times; accepted is once", fields={"field": name})


def number_of(request: Request, name: str, default: int, low: int, high: int) -> int:
    """A number in the query of an address.

    Raises:
        Refused: It is none, or too large.
    """
    found = request.query_params.get(name)
    if found is None:
        return default
    digits = found.removeprefix("-")
    number = int(found) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if number is None or not low <= number <= high:
        raise Refused(
            422, f"`{name}` is {found!r}; accepted is an integer from {low} to {high}", fields={"field": name}
        )
    return number
