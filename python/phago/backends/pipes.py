"""Pipes of frames between a colony and its nodes, whose ends never wait by themselves."""

from __future__ import annotations

import select
import socket
import struct

_LENGTH = struct.Struct("<Q")
# How much is read at once, in bytes.
_READ_MAX = 1 << 18


class Pipe:
    """One end of a pipe. One thread uses it at a time."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._left = memoryview(b"")
        self._arrived = bytearray()

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return self._end.fileno()

    def offer(self, frame: bytes) -> None:
        """Begin to write a frame; the last one must have gone."""
        self._left = memoryview(_LENGTH.pack(len(frame)) + frame)

    def push(self) -> None:
        """Write as much as the other end takes.

        Raises:
            OSError: The pipe is closed.
        """
        while self._left:
            try:
                written = self._end.send(self._left)
            except BlockingIOError:
                return
            self._left = self._left[written:]

    @property
    def events(self) -> int:
        """What to wait for: bytes, and, while a frame is half-written, room for more."""
        return select.POLLIN | (select.POLLOUT if self._left else 0)

    @property
    def is_half_written(self) -> bool:
        """Whether a frame was begun that has not gone: nothing else can follow it."""
        return bool(self._left)

    def pull(self) -> bytes | None:
        """The next frame, or None while none has arrived whole.

        Raises:
            EOFError: The other end is closed.
            OSError: The pipe is closed.
        """
        while True:
            begun = len(self._arrived) >= _LENGTH.size
            end = _LENGTH.size + _LENGTH.unpack_from(self._arrived)[0] if begun else _LENGTH.size
            if begun and len(self._arrived) >= end:
                frame = bytes(memoryview(self._arrived)[_LENGTH.size : end])
                del self._arrived[:end]
                return frame
            try:
                more = self._end.recv(_READ_MAX)
            except BlockingIOError:
                return None
            if not more:
                raise EOFError
            self._arrived += more

    def shut(self) -> None:
        """End it for both ends, whoever uses it."""
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended already.
            return

    def close(self) -> None:
        """Give its file descriptor back."""
        self._end.close()
