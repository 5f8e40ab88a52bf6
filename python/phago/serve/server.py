"""The server: the app on a socket, and connections with bounds."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .limits import Limits
from .listening import Server
from .memory import Memory

# Seconds that requests under way have when the server ends; connections that are open at once.
_GRACE = 30
_CONNECTIONS_MAX = 1_024
_LOOK = 1.0


def serve(
    app: Any,
    memory: Memory,
    listening: socket.socket,
    ready: Callable[[], None] = lambda: None,
    end_with: Callable[[Callable[[], None]], None] = lambda end: None,
) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished.

    Args:
        app: The app.
        memory: What it serves, which is told of the end.
        listening: The socket.
        ready: Called once it listens.
        end_with: Given what ends the server, for those who run it in a thread.
    """
    config = uvicorn.Config(
        app,
        http=_protocol(memory.limits),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS_MAX,
        timeout_keep_alive=int(memory.limits.silence),
        timeout_graceful_shutdown=_GRACE,
    )
    # Its own lines about starting and ending are ours to say.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)

    def ending() -> None:
        memory.is_ending = True

    server = Server(config, ready, ending)
    end_with(lambda: server.handle_exit(signal.SIGTERM, None))
    server.run(sockets=[listening])


def _protocol(limits: Limits) -> type[H11Protocol]:
    """HTTP that closes a connection on which no request becomes whole, or no answer is read.

    Heads may come a byte at a time, or never.
    """

    class Impatient(H11Protocol):
        _idle_since = 0.0
        _sent_at = 0.0
        _unsent = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._idle_since = self._sent_at = time.monotonic()
            self.loop.call_later(_LOOK, self._look)

        def _look(self) -> None:
            now, cycle = time.monotonic(), self.cycle
            unsent = self.transport.get_write_buffer_size()
            if not unsent or unsent < self._unsent:
                self._sent_at = now
            self._unsent = unsent
            if now - self._sent_at > limits.silence:
                # Its client does not read, and what is to be sent would stay for ever.
                self.transport.abort()
                return
            if self.transport.is_closing():
                if not unsent:
                    return
            elif cycle is not None and not cycle.response_complete:
                self._idle_since = now
            elif now - self._idle_since > limits.silence:
                self.transport.close()
            self.loop.call_later(_LOOK, self._look)

    return Impatient
