"""What is not about the colony: health, figures, OpenAPI, the wire, the page."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...errors import ConfigError
from ...remote.desk import name_of
from ...remote.http import DESK
from ...remote.line import ALIVE, BEAT
from ..memory import Memory
from ..metrics import MEDIA
from ..operations import Operation
from ..problems import Refused, answered
from ..schemas import Schema

_HEALTH: Schema = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}


async def _health(memory: Memory, request: Request) -> Response:
    await memory.ask(lambda: len(memory.client))
    return answered({"status": "ok"})


async def _metrics(memory: Memory, request: Request) -> Response:
    stats = await memory.ask(memory.seen)
    return Response(memory.metrics.text(stats), media_type=MEDIA)


async def _call(memory: Memory, request: Request) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "accepted is application/json")
    frame = await request.body()
    name = name_of(frame)
    if name in _ELSEWHERE:
        raise _ELSEWHERE[name]
    headers = {DESK: memory.desk.name}
    return StreamingResponse(_answer(memory, frame), media_type="application/json", headers=headers)


# White space before JSON means nothing, and tells whoever waits that somebody is at it.
async def _answer(memory: Memory, frame: bytes) -> AsyncIterator[bytes]:
    answers: list[bytes] = []
    is_done = anyio.Event()

    async def work() -> None:
        answers.append(await memory.do(lambda: memory.desk.answer(frame)))
        is_done.set()

    async with anyio.create_task_group() as group:
        group.start_soon(work)
        while not is_done.is_set():
            with anyio.move_on_after(BEAT):
                await is_done.wait()
            if not is_done.is_set():
                yield ALIVE
    yield answers[0]


# A server writes nowhere but into its own memory.
_WHY = "`snapshot` writes into a directory of the server's machine; do it there: `phago snapshot`"
_ELSEWHERE = {"snapshot": ConfigError(_WHY, field="path", value=None, accepted="nothing over HTTP")}


async def _page(memory: Memory, request: Request) -> Response:
    """The page, and what belongs to it; nothing outside of its folder."""
    name = request.path_params.get("name", "index.html")
    folder = files(__package__.rpartition(".")[0]) / "page"
    known = {one.name for one in folder.iterdir()} if folder.is_dir() else set()
    if name not in known:
        if name == "index.html":
            return Response(
                "phago serves a memory here; /openapi.json says what it can be asked.", media_type="text/plain"
            )
        raise Refused(404, f"there is no {request.url.path}")
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    # Windows may say otherwise, and a browser runs no module of another type.
    media = "text/javascript" if name.endswith(".js") else media
    return Response((folder / name).read_bytes(), media_type=media)


_ASKED: Schema = {
    "type": "object",
    "properties": {
        "wire": {"const": 1},
        "call": {"type": "string"},
        "arguments": {"type": "object"},
        "key": {"type": ["string", "null"], "maxLength": 64},
        "asked": {"type": ["string", "null"], "maxLength": 64},
    },
    "required": ["wire", "call"],
}
_TOLD: Schema = {"type": "object", "properties": {"result": {}, "error": {"type": "object"}}}


PAGE: tuple[tuple[str, Any], ...] = (("/", _page), ("/page/{name}", _page))
OPERATIONS = (
    Operation("GET", "/health", _health, "Whether the colony answers", _HEALTH, is_open=True),
    Operation("GET", "/metrics", _metrics, "Figures for a monitor, as OpenMetrics text", None, media=MEDIA),
    Operation(
        "POST",
        "/v1/call",
        _call,
        "One call of `phago.connect`, whose results keep their types; use the other routes from elsewhere",
        _TOLD,
        special={"requestBody": {"required": True, "content": {"application/json": {"schema": _ASKED}}}},
    ),
)
