"""Calls as bytes: what came is read, done and answered, whichever way it came."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from ..errors import RpcError, VersionError, WireError
from .calls import CALLS, refuse_unknown, revived
from .faults import as_error, as_json
from .wire import VERSION, dumps, loads

Done = Callable[[str, Mapping[str, Any]], Any]
"""Does a call, given its name and its arguments."""

# Answers that are kept for those who lost theirs, and their bytes in all: the newest ones.
_KEPT_MAX = 1_024
_KEPT_BYTES_MAX = 32 << 20


class Desk:
    """Answers calls, and each with a key only once: who asks again gets the answer of the first time."""

    def __init__(self, done: Done) -> None:
        self._done = done
        self.name = secrets.token_hex(8)
        """Of this desk: what another one did, this one cannot know."""
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Future[bytes]] = OrderedDict()
        self._bytes = 0

    def answer(self, frame: bytes) -> bytes:
        """The answer to a call: its result, or the error that it raised."""
        try:
            name, arguments, key, asked = _read(frame)
            call = CALLS.get(name)
            if call is None or call.repeatable or key is None:
                return self._answered(name, arguments)
            return self._once(name, arguments, key, asked)
        except Exception as error:
            return dumps({"error": as_json(error)})

    def _answered(self, name: str, arguments: Mapping[str, Any]) -> bytes:
        try:
            return dumps({"result": self._done(name, revived(arguments))})
        except Exception as error:
            return dumps({"error": as_json(error)})

    def _once(self, name: str, arguments: Mapping[str, Any], key: str, asked: str | None) -> bytes:
        with self._lock:
            kept = self._kept.get(key)
            is_first = kept is None
            if kept is None:
                if asked not in (None, self.name):
                    raise unknown(name)
                kept = self._kept[key] = Future()
        if is_first:
            answer = self._answered(name, arguments)
            self._keep(key, kept, answer)
        return kept.result()

    def _keep(self, key: str, kept: Future[bytes], answer: bytes) -> None:
        kept.set_result(answer)
        with self._lock:
            self._bytes += len(answer)
            while len(self._kept) > _KEPT_MAX or self._bytes > _KEPT_BYTES_MAX:
                oldest = next((one for one, future in self._kept.items() if future.done()), None)
                if oldest is None:
                    break
                self._bytes -= len(self._kept.pop(oldest).result())


def name_of(frame: bytes) -> str:
    """What a call asks for.

    Raises:
        WireError: It is none, or has arguments that there are not.
        VersionError: It is one of another version.
    """
    name, arguments, _, _ = _read(frame)
    refuse_unknown(name, arguments)
    return name


def unknown(name: str) -> RpcError:
    """The error of a call that may have been done, and must not be done twice."""
    reason = f"the owner went away while it did `{name}`: whether it is done is unknown, and doing it twice is not once"
    return RpcError(reason, reason=reason)


def asking(name: str, arguments: Mapping[str, Any], key: str | None = None, asked: str | None = None) -> bytes:
    """A call as bytes.

    Args:
        name: One of `CALLS`.
        arguments: Its arguments.
        key: Tells this call from all others.
        asked: The name of the desk that may have been asked before, and whose answer was lost.
    """
    return dumps({"wire": VERSION, "call": name, "arguments": arguments, "key": key, "asked": asked})


def told(name: str, answer: bytes) -> Any:
    """The result in an answer.

    Raises:
        PhagoError: The error in it.
    """
    value = loads(answer)
    if isinstance(value, dict) and "error" in value:
        raise as_error(value["error"])
    if not isinstance(value, dict) or "result" not in value:
        reason = "an answer with neither a result nor an error"
        raise WireError(reason, reason=reason)
    return CALLS[name].read(value["result"])


def _read(frame: bytes) -> tuple[str, dict[str, Any], str | None, str | None]:
    value = loads(frame)
    if not isinstance(value, dict):
        raise _no_call("accepted is a JSON object")
    found = value.get("wire")
    if found != VERSION:
        message = f"the call has version {found!r} of the wire; accepted is {VERSION}"
        raise VersionError(message, path="", found=found, supported=VERSION)
    name, arguments = value.get("call"), value.get("arguments", {})
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise _no_call("`call` is a string and `arguments` an object")
    key, asked = value.get("key"), value.get("asked")
    if not all(one is None or (isinstance(one, str) and len(one) <= 64) for one in (key, asked)):
        raise _no_call("`key` and `asked` are strings of at most 64 characters, or null")
    return name, arguments, key, asked


def _no_call(accepted: str) -> WireError:
    reason = f"no call: {accepted}"
    return WireError(reason, reason=reason)
