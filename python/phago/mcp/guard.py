"""What stands before the server on HTTP: who may ask, from where, and how much at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from ..serve.entry import has_token, host_of, is_loopback
from .lines import readable

__all__ = ["Guard", "Route"]

# A request is read whole before it is looked at.
_BODY_MAX = 4 << 20
_BODY_SECONDS = 30

_App = Callable[[Any, Any, Any], Awaitable[None]]


class Route:
    """An application of one path, which lives as long as the server does."""

    def __init__(self, path: str, app: _App, lifetime: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._path, self._app, self._lifetime = path, app, lifetime

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"].rstrip("/") != self._path:
            await refuse(send, 404, f"the server answers at {self._path}")
        elif scope["method"] != "POST":
            # There is nothing that the server says unasked, and no session to end: a stream would only stay open.
            await refuse(send, 405, "accepted is POST")
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        async with self._lifetime():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Guard:
    """Refuses what a browser was tricked into, who has no token, and what is too long.

    Args:
        app: What is guarded.
        host: Where the server listens. On this machine, requests have to be for this machine: a page on the web that
            gives its own name this address is refused.
        token: What clients have to send.
    """

    def __init__(self, app: _App, *, host: str, token: str | None) -> None:
        self._app, self._token = app, token
        self._is_local = is_loopback(host)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(headers)
        if refusal is not None:
            await refuse(send, *refusal)
            return
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            await refuse(send, 408, f"a request is sent within {_BODY_SECONDS} seconds")
            return
        except ConnectionAbortedError:
            return
        if body is None:
            await refuse(send, 413, f"a request is at most {_BODY_MAX} bytes")
            return
        # As over the standard streams: what is hardly JSON is answered in the protocol.
        await self._app(scope, _Replay(readable(body.decode(errors="replace")).encode(), receive), send)

    def _refusal(self, headers: dict[str, str]) -> tuple[int, str] | None:
        name = host_of(f"//{headers.get('host', '')}")
        if self._is_local and not is_loopback(name):
            return 421, f"the server is for this machine, and the request is for {name!r}"
        origin = headers.get("origin")
        # A page of this server's own is none of another's.
        if origin is not None and host_of(origin) != name and not (self._is_local and is_loopback(host_of(origin))):
            return 403, f"pages of {origin!r} may not ask this server"
        if self._token is not None and not has_token(headers.get("authorization", ""), self._token.encode()):
            return 401, "a token is needed: `Authorization: Bearer ...`"
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > _BODY_MAX:
            return 413, f"a request is at most {_BODY_MAX} bytes"
        return None


class _Replay:
    """A request's body that was read, and then whatever else comes."""

    def __init__(self, body: bytes, receive: Any) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Any:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _body(receive: Any) -> bytes | None:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        size += len(part)
        if size > _BODY_MAX:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


async def refuse(send: Any, status: int, words: str) -> None:
    """Answer with an error, in words."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})
