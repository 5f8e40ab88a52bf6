"""A memory served over the standard streams, and over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import anyio
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from ..serve.entry import is_loopback
from .guard import Guard, Route
from .lines import Lines
from .sdk import server_of
from .service import Service

__all__ = ["serve_http", "serve_stdio"]

PATH = "/mcp"

# What is under way when the server is told to end may take so long, in seconds.
_GRACE = 2
_CONNECTIONS_MAX = 256


def serve_stdio(service: Service) -> bool:
    """Serve one client over the standard streams, until it closes them.

    Until then, whatever else writes to the standard output of this process writes to its standard error: one line of
    another kind would end the conversation.

    Args:
        service: What is served.

    Returns:
        Whether it was ended by a signal.
    """
    quiet_logs()
    return asyncio.run(_stdio(service))


async def _stdio(service: Service) -> bool:
    server = server_of(service)
    told = asyncio.Event()
    try:
        with _output_kept_for_us() as output:
            lines = Lines(asyncio.get_running_loop())
            async with _until_signal(told), stdio_server(lines, anyio.wrap_file(output)) as (reading, writing):
                await server.run(reading, writing, server.create_initialization_options())
    except* (BrokenPipeError, ConnectionResetError):
        # The client has gone, and so has whoever would read of it.
        pass
    return told.is_set()


@contextlib.contextmanager
def _output_kept_for_us() -> Iterator[Any]:
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(kept, "w", encoding="utf-8", newline="\n") as output:
            yield output
    finally:
        # What is still on its way to the client goes nowhere rather than between two lines.
        os.dup2(2, 1)


@contextlib.asynccontextmanager
async def _until_signal(told: asyncio.Event) -> AsyncIterator[None]:
    """Cancels what is inside when the process is told to end, and sets the event."""
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope:

        def end(*_: object) -> None:
            told.set()
            scope.cancel()

        for each in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(each, end)
            except NotImplementedError:
                # Windows: the handler runs between two steps of the loop.
                signal.signal(each, lambda *_: loop.call_soon_threadsafe(end))
        yield


def serve_http(
    service: Service,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    began: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve any number of clients over HTTP ("streamable HTTP"), until a signal.

    Each request stands alone: nothing is kept for a client that went away.

    Args:
        service: What is served.
        host: Where to listen.
        port: On which port; 0 for any free one.
        token: What clients have to send as `Authorization: Bearer ...`; without one, none.
        began: Told the address, once it answers.

    Raises:
        ValueError: Another host than this machine, without a token.
        OSError: The port is taken.
    """
    if token is None and not is_loopback(host):
        raise ValueError(f"`host` is {host!r}: beyond this machine a token is needed; accepted without is 127.0.0.1")
    import uvicorn

    from ..serve.listening import Server, address_of, bound

    quiet_logs()
    manager = StreamableHTTPSessionManager(
        server_of(service),
        json_response=True,
        stateless=True,
        # The guard looks at Host and Origin, for both versions alike.
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    app = Guard(Route(PATH, manager.handle_request, manager.run), host=host, token=token)
    listening = bound(host, port)
    address = f"http://{address_of(listening, host)}{PATH}"
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        limit_concurrency=_CONNECTIONS_MAX,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        ws="none",
    )
    Server(config, ready=lambda: began(address)).run(sockets=[listening])


def quiet_logs() -> None:
    """The SDK and the server tell of each request; only what is wrong is worth a line, and that on standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")
    # Of clients that end in the middle of a request there is nothing to tell.
    for name in ("mcp", "sse_starlette"):
        logging.getLogger(name).setLevel(logging.ERROR)
