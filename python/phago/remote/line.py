"""A connection between two processes, with a bound on silence."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
from multiprocessing.connection import Client, Connection, answer_challenge, deliver_challenge
from typing import Any

from .place import Place

ALIVE = b"\n"
"""What an owner says every second while it is at a call."""

FRAME_BYTES_MAX = 256 << 20
"""The largest call that an owner reads."""


class Silence(Exception):
    """The other side lives and says nothing: it may be stopped."""


class Line:
    """Frames in both directions. One call at a time."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self.connection = connection
        self._patience = patience
        _bound_sending(connection, patience)

    def send_bytes(self, frame: bytes) -> None:
        """Send a frame.

        Raises:
            Silence: The other side does not read.
            OSError: It has gone.
        """
        try:
            self.connection.send_bytes(frame)
        except BlockingIOError:
            raise Silence from None

    def recv_bytes(self, size_max: int | None = None) -> bytes:
        """The next frame.

        Raises:
            Silence: Nothing came in time.
            EOFError: The other side has gone.
            OSError: So it has, or its frame is too large.
        """
        if not self.connection.poll(self._patience):
            raise Silence
        return self.connection.recv_bytes(size_max)

    def answered(self) -> bytes:
        """The answer to a call, after as many signs of life as it takes."""
        while (frame := self.recv_bytes()) == ALIVE:
            pass
        return frame

    @property
    def is_fresh(self) -> bool:
        """Whether nothing came unasked: what does is the end."""
        try:
            return not self.connection.poll(0)
        except OSError:
            return False

    def greet(self, key: bytes, *, is_owner: bool) -> None:
        """Show each other that both know the key, which crosses in no direction.

        Raises:
            multiprocessing.AuthenticationError: The other side does not.
        """
        both = (deliver_challenge, answer_challenge)
        for step in both if is_owner else reversed(both):
            step(self, key)  # type: ignore[arg-type]

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.connection.close()


def dial(place: Place, patience: float) -> Line:
    """A line to an owner.

    Raises:
        OSError, EOFError: It is not there any more.
        Silence: It is there and says nothing.
        multiprocessing.AuthenticationError: It is another one.
    """
    line = Line(_reached(place.address), patience)
    try:
        line.greet(place.key, is_owner=False)
    except BaseException:
        line.close()
        raise
    return line


def _reached(address: str) -> Connection:
    found: Any = Client(address, "AF_PIPE" if sys.platform == "win32" else "AF_UNIX")
    connection: Connection = found
    return connection


# `multiprocessing` has no bound on how long it writes, the system has.
def _bound_sending(connection: Connection, patience: float) -> None:
    if sys.platform == "win32":
        return
    import socket

    with socket.socket(fileno=os.dup(connection.fileno())) as twin:
        seconds = struct.pack("@ll", int(patience), int(patience % 1 * 1e6))
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
