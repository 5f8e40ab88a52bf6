"""A socket, and a server of uvicorn's that ends in peace: those of `phago serve` and of `phago mcp --http`."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn


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
        # A port of a server that ended a moment ago is free; on Windows this would share one that is in use.
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except BaseException:
        listening.close()
        raise
    return listening


def address_of(listening: socket.socket, host: str) -> str:
    """The address under which a socket is reached, as it stands in a URL."""
    port: int = listening.getsockname()[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Server(uvicorn.Server):
    """A server that serves until SIGINT or SIGTERM, and leaves what comes after it to its caller.

    Args:
        config: That of uvicorn.
        ready: Called once it listens.
        ending: Called when it is told to end.
    """

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], ending: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(config)
        self._ready, self._ending = ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let go of whoever listens for what is to come, and end."""
        self._ending()
        super().handle_exit(sig, frame)

    # The original raises the signal again, which would end the process before the colony is closed.
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Heed signals while it runs, where it has the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
