"""Ticks: made, looked back at, and told of while they happen."""

from __future__ import annotations

import datetime
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...remote.wire import for_others
from ...results import RunReport, Stats
from ..memory import Memory
from ..operations import Operation, Parameter, body_of, number_of
from ..problems import Refused, answered
from ..schemas import Schema, items_of

# Seconds between two looks for events, and of quiet after which a comment says that the line is up.
_LOOK = 0.5
_QUIET = 15.0

_NOW: Schema = {"type": "string", "format": "date-time", "description": "The time that the colony is told."}


async def _run(memory: Memory, request: Request) -> Response:
    asked = await body_of(request, RUN)
    now, limit = _moment(asked.get("now")), asked.get("max_ticks")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit < 2**31):
        accepted = f"an integer from 0 to {2**31 - 1}"
        raise Refused(422, f"`max_ticks` is {limit!r}; accepted is {accepted}", fields={"field": "max_ticks"})
    begun, totals = time.monotonic(), RunReport(0, 0, 0, 0.0)
    # Tick by tick, so that its growth is seen and the server can stop in between.
    while (limit is None or totals.ticks < limit) and not memory.is_ending:
        one: RunReport = await memory.do(partial(memory.client.run, 1, now=now))
        now = None
        if not one.ticks:
            break
        await memory.do(memory.seen)
        totals = RunReport(
            totals.ticks + one.ticks,
            totals.digested + one.digested,
            totals.failed + one.failed,
            time.monotonic() - begun,
            totals.recovered + one.recovered,
        )
    return answered(totals)


async def _tick(memory: Memory, request: Request) -> Response:
    now = _moment((await body_of(request, TICK)).get("now"))
    made = await memory.do(lambda: memory.client.tick(now=now))
    await memory.do(memory.seen)
    told = {"tick": made.tick, "nodes": made.total_nodes(), "edges": made.total_edges(), "recovered": made.recovered}
    return answered(told)


def _moment(value: Any) -> datetime.datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        accepted = "a moment with a time zone, in ISO 8601, such as 2020-01-01T00:00+00:00"
        raise Refused(422, f"`now` is {value!r}; accepted is {accepted}", fields={"field": "now"})
    return moment


async def _ticks(memory: Memory, request: Request) -> Response:
    last = number_of(request, "last", 100, 0, 10_000)
    await memory.ask(memory.seen)
    return answered({"items": memory.growth(last)})


async def _stats(memory: Memory, request: Request) -> Response:
    return answered(await memory.ask(memory.seen))


async def _events(memory: Memory, request: Request) -> Response:
    since = number_of(request, "since", 0, 0, 2**53)
    told = request.headers.get("last-event-id", "")
    if told.isascii() and told.isdigit() and len(told) < 16:
        since = int(told) + 1
    if memory.listeners >= memory.limits.listeners:
        raise Refused(503, "too many listen at the same time; come again")
    return StreamingResponse(_told(memory, since), media_type="text/event-stream")


async def _told(memory: Memory, since: int) -> AsyncIterator[bytes]:
    memory.listeners += 1
    try:
        quiet = time.monotonic()
        yield b"retry: 2000\n\n"
        while not memory.is_ending:
            # One more than is new, as the numbers begin anew where another process takes over.
            asked = max(since - 1, 0)
            found = await memory.ask(partial(memory.client.events, asked))
            if since and not found:
                since = 0
                continue
            fresh = [event for event in found if event.number >= since]
            for event in fresh:
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.number, event.what.encode(), for_others(event))
            if fresh:
                since, quiet = fresh[-1].number + 1, time.monotonic()
            elif time.monotonic() - quiet > _QUIET:
                quiet = time.monotonic()
                yield b": quiet\n\n"
            await anyio.sleep(_LOOK)
    finally:
        memory.listeners -= 1


RUN = Operation(
    "POST",
    "/v1/run",
    _run,
    "Tick until all is digested, or so many ticks were made",
    RunReport,
    body={"max_ticks": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "now": _NOW},
)
_COUNTS = ("tick", "nodes", "edges", "recovered")
TICK = Operation(
    "POST",
    "/v1/tick",
    _tick,
    "Make one tick",
    {"type": "object", "properties": {name: {"type": "integer"} for name in _COUNTS}, "required": list(_COUNTS)},
    body={"now": _NOW},
)
_STEPS = ("tick", "documents", "pending", "digested", "nodes", "edges")
_STEP: Schema = {
    "type": "object",
    "properties": {**{name: {"type": "integer"} for name in _STEPS}, "time": {"type": "number"}},
    "required": [*_STEPS, "time"],
}
OPERATIONS = (
    RUN,
    TICK,
    Operation(
        "GET",
        "/v1/ticks",
        _ticks,
        "How the colony grew while this server saw it, step by step",
        items_of(_STEP),
        query=(
            Parameter(
                "last", {"type": "integer", "minimum": 0, "maximum": 10_000, "default": 100}, "So many, at most."
            ),
        ),
    ),
    Operation("GET", "/v1/stats", _stats, "The colony in numbers", Stats),
    Operation(
        "GET",
        "/v1/events",
        _events,
        "What happens, as server-sent events; it does not end",
        None,
        query=(Parameter("since", {"type": "integer", "minimum": 0}, "The number of the first event wanted."),),
        media="text/event-stream",
    ),
)
