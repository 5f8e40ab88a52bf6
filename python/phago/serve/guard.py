"""Who may ask at all, and how much: it stands before every route."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..remote.http import LIMIT
from .entry import has_token, host_of, is_address
from .problems import Refused, problem_of

if TYPE_CHECKING:
    from .memory import Memory

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

# For whatever is served: nothing of it is sniffed, framed, kept, or told to others.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY),
)

_log = logging.getLogger("phago")


class Guard:
    """Checks Host, Origin, token, sizes and numbers of requests, and says how each ended."""

    def __init__(
        self, app: ASGIApp, memory: Memory, token: str | None, hosts: Iterable[str], open_paths: Iterable[str]
    ) -> None:
        self._app, self._memory = app, memory
        self._token = None if token is None else token.encode()
        self._hosts = {host.lower() for host in (*_LOOPBACK, *hosts)}
        self._open = tuple(open_paths)
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        begun, status, memory = time.monotonic(), 500, self._memory
        has_begun = False

        async def sent(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                has_begun, status = True, message["status"]
                bound = (LIMIT.lower().encode(), str(memory.limits.body_bytes).encode())
                message["headers"] = [*message.get("headers", ()), *_HEADERS, bound]
            await send(message)

        self._under_way += 1
        try:
            self._check(scope)
            await self._app(scope, _Bounded(scope, receive, memory).receive, sent)
        except Exception as error:
            response = problem_of(error)
            if response.status_code == 500:
                _log.exception("%s %s failed", scope["method"], scope["path"])
            if has_begun:
                # Half an answer is none: the connection is closed, which says so.
                raise
            if response.status_code in (408, 413):
                # What is still to come is not read.
                response.headers["Connection"] = "close"
            await response(scope, receive, sent)
        finally:
            self._under_way -= 1
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if route != "none" else "none"
            memory.metrics.count(route, method, status, time.monotonic() - begun)

    def _check(self, scope: Scope) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        names = [name for name, _ in scope["headers"]]
        for name in (b"host", b"origin", b"authorization"):
            # Whoever stands before this server may have looked at the other one.
            if names.count(name) > 1:
                raise Refused(400, f"there is more than one `{name.decode().title()}`")
        self._check_host(headers.get(b"host", ""))
        self._check_origin(scope, headers)
        try:
            # Servers replace what is no UTF-8, and then it would be another id.
            unquote_to_bytes(scope.get("raw_path", b"").partition(b"?")[0]).decode()
            unquote_to_bytes(scope.get("query_string", b"")).decode()
        except UnicodeDecodeError:
            raise Refused(400, "the address is not UTF-8") from None
        path = scope["path"]
        is_open = path == "/" or path.startswith("/page/") or path in self._open
        wanted = None if is_open else self._token
        if wanted is not None and not has_token(headers.get(b"authorization", ""), wanted):
            raise Refused(401, "this server wants its token: `Authorization: Bearer ...`")
        if self._under_way > self._memory.limits.requests + self._memory.limits.listeners and path != "/health":
            raise Refused(503, "too many requests at the same time; come again")

    # A page that has its name point here would be let in by a browser, but not under our name.
    def _check_host(self, host: str) -> None:
        name = host_of(f"//{host}")
        if name in self._hosts:
            return
        if self._token is not None and is_address(name):
            return
        raise Refused(421, f"`Host` is {host!r}; accepted are {', '.join(sorted(self._hosts))}")

    def _check_origin(self, scope: Scope, headers: dict[bytes, str]) -> None:
        origin, host = headers.get(b"origin"), headers.get(b"host", "")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            raise Refused(403, f"`Origin` is {origin!r}, and this is {host!r}: pages of others may not ask")
        # To follow a link to the page is no more than to look at it.
        site = headers.get(b"sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not (scope["path"] == "/" and scope["method"] == "GET"):
            raise Refused(403, "pages of others may not ask")


class _Bounded:
    """A request's body, which may not be too large, nor come too slowly."""

    def __init__(self, scope: Scope, receive: Receive, memory: Memory) -> None:
        self._receive, self._limits = receive, memory.limits
        self._size, self._is_whole = 0, False
        # Only what is spent on waiting counts, and not what is done with the pieces meanwhile.
        self._waited = 0.0
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        media = next((value for name, value in headers if name == b"content-type"), b"")
        is_stream = scope["path"] == "/v1/documents" and media.partition(b";")[0].strip().lower() in STREAMS
        self._most = None if is_stream else memory.limits.body_bytes
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        if self._most is not None and length.isdigit() and int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        silence, pace = self._limits.silence, self._limits.pace
        left = silence + self._size / pace - self._waited
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, min(silence, left))):
                message = await self._receive()
        except TimeoutError:
            if left < silence:
                why = f"the body comes too slowly: {self._size} bytes in {self._waited + left:.0f} s"
            else:
                why = f"nothing came for {silence:g} s"
            raise Refused(408, why) from None
        self._waited += time.monotonic() - begun
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
            if self._most is not None and self._size > self._most:
                raise self._too_large()
        return message

    def _too_large(self) -> Refused:
        more: dict[str, Any] = {"limit": self._most}
        return Refused(
            413, f"the body has more than {self._most} bytes; documents may be streamed, a line each", **more
        )


STREAMS = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")
"""Types of bodies with one document on each line."""
