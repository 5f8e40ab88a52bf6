"""The server: a socket, the app, and an end in peace."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .limits import Limits
from .memory import Memory

# Seconds that requests under way have when the server ends; connections that are open at once.
_GRACE = 30
_CONNECTIONS_MAX = 1_024
_LOOK = 1.0


def bound(host: str, port: int) -> socket.socket:
    """The socket that a server listens at.

    Raises:
        OSError: It is taken, or no address of this machine.
    """
    try:
        host.encode("idna")
    except UnicodeError:
        raise OSError(f"{host!r} is no name of a host") from None
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    # Only of a socket that says it speaks TCP does the loop switch off waiting for more to send, which costs 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except BaseException:
        listening.close()
        raise
    return listening


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
    server = _Server(config, memory, ready)
    end_with(lambda: server.handle_exit(signal.SIGTERM, None))
    server.run(sockets=[listening])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, memory: Memory, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._memory, self._ready = memory, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._memory.is_ending = True
        super().handle_exit(sig, frame)

    # The original raises the signal again, which would end the process before the colony is closed.
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


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
