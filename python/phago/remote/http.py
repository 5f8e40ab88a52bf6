"""Calls over HTTP, to what `phago serve` serves."""

from __future__ import annotations

import http.client
import json
import os
import random
import secrets
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from .._checks import refusal, text_of
from ..errors import ClosedError, LimitError, RpcError, TokenError, WireError
from .calls import CALLS
from .desk import asking, told
from .faults import as_error
from .line import FRAME_BYTES_MAX

DESK = "Phago-Desk"
"""The header with the name of the desk that answered."""

LIMIT = "Phago-Body-Bytes"
"""The header with the size of the largest body that the server reads."""

_ACCEPTED = "http://host:port, or https"
# Seconds between two tries while a server is busy or is being started again.
_AGAIN = (0.05, 0.15)
# How much of an answer is read at once.
_PIECE = 1 << 20
# What a server says when it has too much to do, or is about to end.
_BUSY = (429, 503)


class Http:
    """Calls to a server."""

    is_owner = False

    def __init__(self, where: str, token: str | None, timeout: float) -> None:
        try:
            parts = urlsplit(text_of("where", where))
            self._port, self._host = parts.port, parts.hostname
            # As it is sent, and as it is looked up.
            parts.path.encode("ascii")
            (self._host or "").encode("idna")
        except ValueError:
            raise refusal("where", where, _ACCEPTED) from None
        is_odd = any(one.isspace() or not one.isprintable() for one in where)
        if not self._host or is_odd or parts.username or parts.query or parts.fragment:
            raise refusal("where", where, _ACCEPTED)
        # A file that holds one ends in a line feed.
        token = text_of("token", token).strip() if token is not None else None
        if token is not None and (not token.isascii() or not token.isprintable() or not token):
            raise refusal("token", "***", "printable ASCII")
        self.where = where
        self._path = f"{parts.path.rstrip('/')}/v1/call"
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = timeout
        self._begin()
        self._is_closed = False
        self._desk: str | None = None
        self._most: int | None = None
        # Whatever is wrong is told at once.
        try:
            self._call("len", {}, time.monotonic())
        except BaseException:
            self.close()
            raise

    # A fork copies connections, but there is one stream of answers: each process has its own.
    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._lines: list[http.client.HTTPConnection] = []

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Have a call done; again where the answer was lost, which a server that still lives does only once."""
        return self._call(name, arguments, time.monotonic() + self._timeout)

    def _call(self, name: str, arguments: Mapping[str, Any], deadline: float) -> Any:
        call, asked = CALLS[name], None
        key = None if call.repeatable else secrets.token_hex(16)
        while True:
            frame = self._frame(name, arguments, key, asked)
            line, is_used = self._line()
            try:
                return told(name, self._answer(line, frame))
            except _BusyServer as busy:
                if time.monotonic() > deadline:
                    raise RpcError(str(busy), reason=str(busy)) from None
            except TimeoutError:
                reason = f"`{self.where}` says nothing for {self._timeout:g} s"
                raise RpcError(reason, reason=reason) from None
            except TokenError:
                raise
            except (OSError, http.client.HTTPException) as error:
                # An idle connection may have been closed long ago, which says nothing of the server.
                if not is_used and time.monotonic() > deadline:
                    reason = f"`{self.where}` cannot be reached: {error or type(error).__name__}"
                    raise RpcError(reason, reason=reason) from error
                if not isinstance(error, ConnectionRefusedError):
                    # It may have been read.
                    asked = self._desk
                if is_used:
                    continue
            time.sleep(random.uniform(*_AGAIN))

    # A server closes the connection under a body that is too large for it, so that nobody reads why.
    def _frame(self, name: str, arguments: Mapping[str, Any], key: str | None, asked: str | None) -> bytes:
        frame = asking(name, arguments, key, asked)
        if self._most is not None and len(frame) > self._most:
            what = f"the bytes of a call of `{name}`"
            message = f"{what} are limited to {self._most} by `{self.where}`, and this has {len(frame)}"
            raise LimitError(message, what=what, limit=self._most, value=len(frame))
        return frame

    def _line(self) -> tuple[http.client.HTTPConnection, bool]:
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            if self._is_closed:
                what = f"the connection to `{self.where}` is closed; make a new one"
                raise ClosedError(what, what=what)
            if self._lines:
                return self._lines.pop(), True
        assert self._host is not None
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._tls), False
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout), False

    def _answer(self, line: http.client.HTTPConnection, frame: bytes) -> bytes:
        try:
            was_sent, response = self._responded(line, frame)
            body = self._body(response)
        except BaseException:
            line.close()
            raise
        if not was_sent:
            # The rest of the call would be taken for the next one.
            line.close()
        with self._lock:
            self._desk = response.headers.get(DESK, self._desk)
            most = response.headers.get(LIMIT, "")
            self._most = int(most) if most.isascii() and most.isdigit() and len(most) < 20 else self._most
            if was_sent and not self._is_closed and not response.will_close:
                self._lines.append(line)
        if response.status == 200:
            return body
        self._refused(response.status, body)

    # Whatever answers there, it must not fill the memory.
    def _body(self, response: http.client.HTTPResponse) -> bytes:
        pieces, size = [], response.length or 0
        if size <= FRAME_BYTES_MAX:
            size = 0
            while piece := response.read(_PIECE):
                pieces.append(piece)
                size += len(piece)
                if size > FRAME_BYTES_MAX:
                    break
        if size > FRAME_BYTES_MAX:
            what = f"the bytes of an answer of `{self.where}`"
            message = f"{what} are limited to {FRAME_BYTES_MAX}, and this has {size} or more; ask for less at once"
            raise LimitError(message, what=what, limit=FRAME_BYTES_MAX, value=size)
        if response.length:
            # Read by pieces, one that ends early looks whole.
            raise http.client.IncompleteRead(b"".join(pieces), response.length)
        return b"".join(pieces)

    # A server that takes no more of a body answers, and ends: why it does is in the answer, not in the broken pipe.
    def _responded(self, line: http.client.HTTPConnection, frame: bytes) -> tuple[bool, http.client.HTTPResponse]:
        line.putrequest("POST", self._path)
        for name, value in {**self._headers, "Content-Length": str(len(frame))}.items():
            line.putheader(name, value)
        line.endheaders()
        try:
            was_sent = _send(line.sock, frame)
        except TimeoutError:
            raise
        except OSError:
            try:
                return False, line.getresponse()
            except (OSError, http.client.HTTPException):
                pass
            raise
        return was_sent, line.getresponse()

    def _refused(self, status: int, body: bytes) -> NoReturn:
        try:
            problem = json.loads(body)
            detail = str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            problem, detail = {}, f"it answers {status}"
        if status in _BUSY:
            raise _BusyServer(f"`{self.where}` has too much to do: {detail}")
        if status == 401:
            is_wrong = "Authorization" in self._headers
            what = "the server has another token than the one it was given" if is_wrong else detail
            accepted = "accepted is the one that `phago serve` has, as `token` or in PHAGO_TOKEN"
            raise TokenError(f"`token`: `{self.where}`: {what}; {accepted}", where=self.where)
        if status == 413 and isinstance(problem.get("limit"), int):
            what = "the bytes of a call"
            raise LimitError(detail, what=what, limit=problem["limit"], value=None)
        if "error" in problem:
            raise as_error({"type": problem["error"], "message": detail, "fields": problem.get("fields", {})})
        reason = f"`{self.where}` is no server of phago, or refuses: {detail}"
        raise WireError(reason, reason=reason)

    def close(self) -> None:
        """Close what is open."""
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            self._is_closed = True
            lines, self._lines = self._lines, []
        for line in lines:
            line.close()


def _send(line: socket.socket, body: bytes) -> bool:
    """Send a body, until an answer comes; whether it was sent whole."""
    if isinstance(line, ssl.SSLSocket):
        # What can be read of it may be no answer.
        line.sendall(body)
        return True
    left = memoryview(body)
    with selectors.DefaultSelector() as ready:
        ready.register(line, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while left:
            found = ready.select(line.gettimeout())
            if not found:
                raise TimeoutError
            if found[0][1] & selectors.EVENT_READ:
                return False
            left = left[line.send(left) :]
    return True


class _BusyServer(Exception):
    """It lives, and has too much to do."""
