"""A colony in a directory that many processes use: whoever comes first owns it, the others ask that one."""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing import AuthenticationError
from pathlib import Path
from typing import Any

from .._log import DEBUG, log
from ..colony import Colony
from ..errors import BusyError, ClosedError, LimitError, RpcError, StorageError
from . import owner as owning
from .calls import CALLS
from .desk import asking, told, unknown
from .line import FRAME_BYTES_MAX, Line, Silence, dial
from .owner import GONE, Owner
from .place import FILE, is_leaving, read_place

# Seconds between two looks for an owner, so that several who wait do not look at the same time.
_LOOK = (0.005, 0.02)
# How often a call is begun anew because its owner died; one that kills its owner must not kill all of them.
_LOST_MAX = 8
# Seconds that an owner may take to leave, beyond the patience of who waits for it.
_LEAVING_MAX = 3_600.0


class _Lost(Exception):
    """The owner went away; whether it had read the call."""

    def __init__(self, was_read: bool) -> None:
        self.was_read = was_read


class Shared:
    """Calls to the colony in a directory, whichever process owns it now."""

    def __init__(self, directory: Path, opened: Callable[[], Colony], timeout: float) -> None:
        self.where = str(directory)
        self._directory, self._opened, self._timeout = directory, opened, timeout
        self._is_closed = False
        self._begin()
        # Whatever is wrong with the directory is told at once.
        found = self._reached(time.monotonic() + timeout)
        if isinstance(found, Line):
            self._lines.append(found)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._owner: Owner | None = None
        self._lines: list[Line] = []
        # Whether the last owner that was reached wanted another key than its file says.
        self._is_stranger = False

    @property
    def is_owner(self) -> bool:
        """Whether this process owns the colony now."""
        return self._pid == os.getpid() and self._owner is not None

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Do a call, or have it done; again where the owner died, if that does no harm."""
        key = None if CALLS[name].repeatable else secrets.token_hex(16)
        frame: bytes | None = None
        deadline = time.monotonic() + self._timeout
        for _ in range(_LOST_MAX):
            found = self._reached(deadline)
            if isinstance(found, Owner):
                try:
                    return found.done(name, arguments)
                except ClosedError:
                    if self._is_closed or self._owner is found:
                        raise
                    continue
            if frame is None:
                frame = self._frame(name, arguments, key)
            try:
                return told(name, self._asked(found, frame))
            except _Lost as lost:
                log(DEBUG, "the owner of %s went away during `%s`", self.where, name)
                if lost.was_read and key is not None:
                    raise unknown(name) from None
                deadline = time.monotonic() + self._timeout
        reason = f"`{name}` lost its owner {_LOST_MAX} times"
        raise RpcError(reason, reason=reason)

    def _frame(self, name: str, arguments: Mapping[str, Any], key: str | None) -> bytes:
        frame = asking(name, arguments, key)
        if len(frame) > FRAME_BYTES_MAX:
            what = f"the bytes of a call of `{name}`"
            message = f"{what} are limited to {FRAME_BYTES_MAX}, and this has {len(frame)}"
            raise LimitError(message, what=what, limit=FRAME_BYTES_MAX, value=len(frame))
        return frame

    def _asked(self, line: Line, frame: bytes) -> bytes:
        was_sent = False
        try:
            line.send_bytes(frame)
            was_sent = True
            answer = line.answered()
            if answer == GONE:
                raise _Lost(was_read=False)
        except Silence:
            line.close()
            reason = f"the owner of `{self.where}` says nothing for {self._timeout:g} s; it may be stopped"
            raise RpcError(reason, reason=reason) from None
        except (OSError, EOFError):
            line.close()
            raise _Lost(was_sent) from None
        except BaseException:
            # An answer may still come, and must not be taken for that of the next call.
            line.close()
            raise
        with self._lock:
            if not self._is_closed:
                self._lines.append(line)
                return answer
        line.close()
        return answer

    # --- who owns it ---

    def _reached(self, deadline: float) -> Owner | Line:
        """This process's own colony, or a line to that of another one."""
        if self._pid != os.getpid():
            self._begin()
        while True:
            with self._lock:
                if self._is_closed:
                    what = f"the connection to `{self.where}` is closed; make a new one"
                    raise ClosedError(what, what=what)
                if self._owner is not None:
                    return self._owner
                line = self._lines.pop() if self._lines else None
            if line is not None:
                if line.is_fresh:
                    return line
                line.close()
                continue
            found = self._dialed(deadline) or self._taken_over(deadline)
            if found is not None:
                return found
            time.sleep(random.uniform(*_LOOK))

    def _dialed(self, deadline: float) -> Line | None:
        try:
            place = read_place(self._directory)
            return None if place is None else dial(place, self._timeout)
        except PermissionError as error:
            message = f"`{self._directory / FILE}` cannot be read: another user owns this memory now"
            raise StorageError(message, path=self.where, attempted="share", cause=str(error)) from error
        except Silence:
            reason = f"the owner of `{self.where}` says nothing for {self._timeout:g} s; it may be stopped"
            raise RpcError(reason, reason=reason) from None
        except (OSError, EOFError, AuthenticationError) as error:
            self._is_stranger = isinstance(error, AuthenticationError)
            # It has died, or another one is about to say where it is.
            return None

    def _taken_over(self, deadline: float) -> Owner | None:
        with self._lock:
            if self._owner is not None or self._is_closed:
                return self._owner
            try:
                colony = self._opened()
            except BusyError as busy:
                # One that is being opened or closed, or one of `phago.open`, which shares with nobody.
                if time.monotonic() > deadline:
                    self._give_up(busy, deadline)
                return None
            try:
                self._owner = Owner(colony, self._directory)
            except BaseException:
                colony.close()
                raise
            log(DEBUG, "this process owns %s", self.where)
            return self._owner

    # An owner that leaves is waited for, as long as it takes to finish what is under way.
    def _give_up(self, busy: BusyError, deadline: float) -> None:
        if is_leaving(self._directory, busy.pid) and time.monotonic() < deadline + _LEAVING_MAX:
            return
        if is_leaving(self._directory, busy.pid):
            reason = f"the owner of `{self.where}`, process {busy.pid}, is closing it and does not come to an end"
        elif not self._is_stranger and (place := read_place(self._directory)) is not None and place.pid == busy.pid:
            reason = (
                f"the owner of `{self.where}`, process {busy.pid}, lets nobody in: it serves {owning.LINES_MAX} at once"
            )
        else:
            raise busy
        raise RpcError(reason, reason=reason) from None

    def close(self) -> None:
        """Give everything back; where this process is the owner, the next one can be."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._is_closed = True
            owner, self._owner = self._owner, None
            lines, self._lines = self._lines, []
        for line in lines:
            line.close()
        if owner is not None:
            owner.close()
