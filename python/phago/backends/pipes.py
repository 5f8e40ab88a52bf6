"""Pipes of frames between a colony and its nodes, whose ends never wait by themselves."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Sequence

_LENGTH = struct.Struct("<Q")
# How many bytes a pipe takes before anybody reads them, if the system grants it: a chunk of documents, so that the
# driver need not wait for one node before it writes to the next.
_HELD = 1 << 20
# How many runs of bytes are written at once; systems take at least so many.
_RUNS_MAX = 16


class Pipe:
    """One end of a pipe. One thread uses it at a time."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _HELD)
        self._end = end
        # What is to be written.
        self._left: list[memoryview] = []
        # What is being read: the length of the next frame, then the frame; and how much of it has arrived.
        self._length = bytearray(_LENGTH.size)
        self._frame: bytearray | None = None
        self._arrived = 0

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return self._end.fileno()

    def offer(self, frame: Sequence[bytes]) -> None:
        """Begin to write a frame, which may be in several runs; the last one must have gone."""
        self._left = [memoryview(run) for run in (_LENGTH.pack(sum(map(len, frame))), *frame)]

    def push(self) -> None:
        """Write as much as the other end takes.

        Raises:
            OSError: The pipe is closed.
        """
        while self._left:
            try:
                written = self._end.sendmsg(self._left[:_RUNS_MAX])
            except BlockingIOError:
                return
            while self._left and written >= len(self._left[0]):
                written -= len(self._left.pop(0))
            if written:
                self._left[0] = self._left[0][written:]

    @property
    def events(self) -> int:
        """What to wait for: bytes, and, while a frame is half-written, room for more."""
        return select.POLLIN | (select.POLLOUT if self._left else 0)

    @property
    def is_half_written(self) -> bool:
        """Whether a frame was begun that has not gone: nothing else can follow it."""
        return bool(self._left)

    def pull(self) -> bytearray | None:
        """The next frame, or None while none has arrived whole.

        Raises:
            EOFError: The other end is closed.
            OSError: The pipe is closed.
        """
        while True:
            wanted = self._length if self._frame is None else self._frame
            # Straight to where it belongs: a frame may be as long as a colony.
            while self._arrived < len(wanted):
                try:
                    more = self._end.recv_into(memoryview(wanted)[self._arrived :])
                except BlockingIOError:
                    return None
                if not more:
                    raise EOFError
                self._arrived += more
            self._arrived = 0
            if self._frame is None:
                self._frame = bytearray(_LENGTH.unpack(self._length)[0])
            else:
                frame, self._frame = self._frame, None
                return frame

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
