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
"""What an owner says again and again while it is at a call."""

BEAT = 0.2
"""Seconds between two of these."""

PATIENCE_MIN = 0.5
"""The least silence, in seconds, after which one that lives may be taken for stopped."""

FRAME_BYTES_MAX = 256 << 20
"""The largest call that an owner reads."""


class Silence(Exception):
    """The other side lives and says nothing: it may be stopped."""


class Line:
    """Frames in both directions. One call at a time."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self.connection = connection
        self._patience = patience
        _bound(connection.fileno(), patience)

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
            Silence: Nothing came in time, or no more of it.
            EOFError: The other side has gone.
            OSError: So it has, or its frame is too large.
        """
        if not self.connection.poll(self._patience):
            raise Silence
        try:
            return self.connection.recv_bytes(size_max)
        except BlockingIOError:
            raise Silence from None

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
    line = Line(_reached(place.address, patience), patience)
    try:
        line.greet(place.key, is_owner=False)
    except BaseException:
        line.close()
        raise
    return line


def _reached(address: str, patience: float) -> Connection:
    if sys.platform == "win32":
        found: Any = Client(address, "AF_PIPE")
        connection: Connection = found
        return connection
    import socket

    with socket.socket(socket.AF_UNIX) as line:
        # An owner that is stopped lets nobody in once those who wait are too many.
        _bound(line.fileno(), patience)
        try:
            line.connect(address)
        except BlockingIOError:
            raise Silence from None
        return Connection(line.detach())


# `multiprocessing` has no bound on how long it connects, writes, or reads the rest of a frame; the system has.
def _bound(handle: int, patience: float) -> None:
    if sys.platform == "win32":
        return
    import socket

    with socket.socket(fileno=os.dup(handle)) as twin:
        seconds = struct.pack("@ll", int(patience), int(patience % 1 * 1e6))
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
