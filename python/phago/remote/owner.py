"""The process that owns a directory, and serves it to the others of this machine."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from multiprocessing import AuthenticationError, Pipe
from multiprocessing.connection import Client, Connection, Listener, wait
from pathlib import Path
from typing import Any

from ..colony import Colony
from ..errors import StorageError
from .calls import done
from .desk import Desk
from .line import ALIVE, BEAT, FRAME_BYTES_MAX, Line, Silence
from .place import LEAVING, Place, new_place, read_place, remove_place, write_place

GONE = b"gone"
"""The answer to a call that came when the owner was leaving: nothing was done."""

LINES_MAX = 512
"""Connections that are served at once; one more is turned away and comes again."""
# Seconds that we wait for one who does not read.
_PATIENCE = 10.0
# Seconds that calls under way have when we leave. Those that need longer are done again by the next owner.
_GRACE = 5.0


class Owner:
    """Owns a colony, and answers whoever calls."""

    def __init__(self, colony: Colony, directory: Path) -> None:
        self.colony = colony
        self.desk = Desk(self.done)
        self._directory = directory
        self._changed = threading.Condition()
        self._lines: set[Line] = set()
        self._busy: dict[threading.Thread, Line | None] = {}
        self._is_leaving = False
        last = read_place(directory)
        if last is not None and last.pid != os.getpid():
            # Its process is dead, as the colony is ours.
            remove_place(directory, last)
        self._place = new_place()
        try:
            # Whoever waits for a call waits for this too. Nobody reads it, so that all see it.
            self._left, self._leave = Pipe(duplex=False)
            self._listener = _listening(directory, self._place)
        except OSError as error:
            message = f"`{directory}` cannot be shared: {error}"
            raise StorageError(message, path=str(directory), attempted="share", cause=str(error)) from error
        for work in (self._accept, self._tell_alive):
            threading.Thread(target=work, name="phago-owner", daemon=True).start()
        _OWNERS.add(self)

    def done(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do a call; whoever closes this owner waits for it."""
        with self._at_work(None):
            return done(self.colony, name, arguments)

    @contextlib.contextmanager
    def _at_work(self, line: Line | None) -> Iterator[None]:
        thread = threading.current_thread()
        with self._changed:
            is_outermost = thread not in self._busy
            if is_outermost:
                self._busy[thread] = line
        try:
            yield
        finally:
            if is_outermost:
                with self._changed:
                    del self._busy[thread]
                    self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                if self._is_leaving:
                    return
                # Out of file handles, for example: they come back.
                time.sleep(0.05)
                continue
            if self._is_leaving:
                connection.close()
                return
            try:
                self._welcome(connection)
            except (OSError, RuntimeError):
                # Out of file handles or threads: whoever it is comes again.
                connection.close()

    def _welcome(self, connection: Connection) -> None:
        with self._changed:
            if len(self._lines) >= LINES_MAX:
                connection.close()
                return
            line = Line(connection, _PATIENCE)
            self._lines.add(line)
        try:
            threading.Thread(target=self._serve, args=(line,), name="phago-line", daemon=True).start()
        except RuntimeError:
            with self._changed:
                self._lines.discard(line)
            raise

    def _serve(self, line: Line) -> None:
        try:
            line.greet(self._place.key, is_owner=True)
            while self._wait_for(line):
                frame = line.recv_bytes(FRAME_BYTES_MAX)
                if self._is_leaving:
                    line.send_bytes(GONE)
                    break
                with self._at_work(line):
                    answer = self.desk.answer(frame)
                    # A colony that was closed under a call says so to its owner only.
                    is_lost = self._is_leaving and answer.startswith(b'{"error":{"type":"ClosedError"')
                    with self._changed:
                        self._busy[threading.current_thread()] = None
                    line.send_bytes(GONE if is_lost else answer)
        except (OSError, EOFError, Silence, AuthenticationError, ValueError):
            # It has gone, or is none of ours.
            pass
        finally:
            with self._changed:
                self._lines.discard(line)
            line.close()

    def _wait_for(self, line: Line) -> bool:
        return line.connection in wait([line.connection, self._left])

    # A line belongs to its thread but for these signs of life, which come only while that one is at a call.
    def _tell_alive(self) -> None:
        while not self._left.poll(BEAT):
            with self._changed:
                for thread, line in list(self._busy.items()):
                    if line is not None:
                        try:
                            line.send_bytes(ALIVE)
                        except (OSError, Silence):
                            self._busy[thread] = None

    def close(self) -> None:
        """Leave in peace: finish what is under way, close the colony, let the next one own it."""
        with self._changed:
            if self._is_leaving:
                return
            self._is_leaving = True
        _OWNERS.discard(self)
        leaving = self._directory / LEAVING
        with contextlib.suppress(OSError):
            leaving.write_text(str(os.getpid()), encoding="ascii")
        try:
            self._leave_in_peace()
        finally:
            with contextlib.suppress(OSError):
                leaving.unlink()

    def _leave_in_peace(self) -> None:
        # First, so that nobody comes any more.
        self._wake()
        self._listener.close()
        remove_place(self._directory, self._place)
        self._leave.send_bytes(b"left")
        this, until = threading.current_thread(), time.monotonic() + _GRACE
        with self._changed:
            while self._busy.keys() - {this} and (left := until - time.monotonic()) > 0:
                self._changed.wait(left)
        self.colony.close()

    # Closing a socket wakes nobody who waits at it.
    def _wake(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            Client(self._place.address, _family()).close()

    def left_behind(self) -> None:
        """In a forked child: let go of what belongs to the parent, so that its death is seen."""
        with contextlib.suppress(OSError):
            # The path of the socket stays, as the parent listens there.
            getattr(self._listener, "_listener")._socket.close()  # noqa: B009
        for line in self._lines:
            line.close()
        _let_go_of(self._directory / "LOCK")


# A lock on a file lives as long as any process has the file open, and a forked child has it.
def _let_go_of(file: Path) -> None:
    with contextlib.suppress(OSError):
        path, names = os.path.realpath(file), os.listdir("/proc/self/fd")
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for name in names:
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/self/fd/{name}") == path:
                    # Whoever holds the number still closes something that is open.
                    os.dup2(nothing, int(name), inheritable=False)
        os.close(nothing)


def _listening(directory: Path, place: Place) -> Listener:
    """Listen at a place, and say so; where that fails, nobody listens and nothing is left."""
    listener = None
    try:
        listener = Listener(place.address, _family(), backlog=128)
        write_place(directory, place)
    except BaseException:
        if listener is not None:
            # It takes the socket with it, and what would look for that at the end of the process.
            with contextlib.suppress(OSError):
                listener.close()
        remove_place(directory, place)
        raise
    return listener


def _family() -> str:
    return "AF_PIPE" if sys.platform == "win32" else "AF_UNIX"


_OWNERS: weakref.WeakSet[Owner] = weakref.WeakSet()


def _in_child() -> None:
    for owner in list(_OWNERS):
        owner.left_behind()
    _OWNERS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
