"""Errors as JSON and back: the same class, message and fields on both sides."""

from __future__ import annotations

import builtins
import math
from typing import Any

from .. import errors
from .._checks import about, shown
from ..errors import PhagoError, RpcError, WireError
from ..results import IngestReport, UpdateReport
from .wire import dumps, loads, reader

# Python's own errors that a colony raises for a caller's mistake; any other one is a fault of the process.
_BUILTINS = (
    *("FileExistsError", "FileNotFoundError", "IndexError", "IsADirectoryError", "KeyError", "LookupError"),
    *("MemoryError", "NotADirectoryError", "NotImplementedError", "OSError", "OverflowError", "PermissionError"),
    *("RecursionError", "TimeoutError", "TypeError", "ValueError"),
)
_OURS = {name for name in errors.__all__ if issubclass(getattr(errors, name), PhagoError)}


def as_json(error: BaseException) -> dict[str, Any]:
    """An error as what JSON can hold."""
    kind = type(error).__name__
    if isinstance(error, PhagoError) and kind in _OURS:
        fields = {name: _plain(value) for name, value in error.fields.items()}
        return {"type": kind, "message": error.message, "fields": fields}
    if isinstance(error, OSError) and error.errno is not None:
        return {"type": kind, "message": error.strerror, "errno": error.errno, "filename": _plain(error.filename)}
    # A subclass that the other side may not have stands for the class that it is.
    known = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _BUILTINS), None)
    if known is not None:
        told = {"type": known, "message": str(error.args[0] if len(error.args) == 1 else error)}
        field = vars(error).get("field")
        return {**told, "fields": {"field": field}} if isinstance(field, str) else told
    reason = f"the owner failed: {kind}: {error}"
    return {"type": "RpcError", "message": reason, "fields": {"reason": reason}}


# Of a value that JSON cannot hold, what the message shows of it.
def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return shown(value)
    try:
        return loads(dumps(value))
    except (TypeError, ValueError, RecursionError):
        return shown(value)


def as_error(value: Any) -> Exception:
    """The error that was written so; a `WireError` for what is none."""
    try:
        kind, message = value["type"], value["message"]
        if kind in _OURS:
            fields = dict(value["fields"])
            if fields.get("report") is not None:
                report = IngestReport if "accepted" in fields["report"] else UpdateReport
                fields["report"] = reader(report)(fields["report"])
            made: Exception = getattr(errors, kind)(message, **fields)
            return made
        if kind in _BUILTINS:
            if "errno" in value:
                return OSError(value["errno"], message, value["filename"])
            found: Exception = getattr(builtins, kind)(message)
            return about(value["fields"]["field"], found) if "fields" in value else found
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        reason = f"an error that cannot be read: {error}"
        return WireError(reason, reason=reason)
    reason = f"the owner failed: {kind}: {message}"
    return RpcError(reason, reason=reason)
