"""Errors as problem details (RFC 9457): status, a sentence, and the error's own fields."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..errors import (
    BarrierFailed,
    BusyError,
    ClosedError,
    CoordinatorUnavailable,
    DocumentExists,
    EmbedError,
    PhagoError,
    PhaseTimeout,
    ReadOnlyError,
    RpcError,
    ShardDied,
    StorageError,
    VersionError,
    WireError,
)
from ..remote.faults import as_json
from ..remote.wire import for_others

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

# In this order, as some are of several kinds. What a caller can mend is 422.
_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (DocumentExists, 409),
    (ReadOnlyError, 403),
    (WireError, 400),
    (VersionError, 400),
    (ClosedError, 503),
    (BusyError, 503),
    (CoordinatorUnavailable, 503),
    (RpcError, 503),
    (PhaseTimeout, 503),
    (ShardDied, 503),
    (BarrierFailed, 503),
    (StorageError, 503),
    # Of the model that the server was given.
    (EmbedError, 502),
    (PhagoError, 422),
    (TypeError, 422),
    (ValueError, 422),
)


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def answered(value: Any, status: int = 200, media: str = "application/json") -> Response:
    """A result as a response."""
    return Response(for_others(value), status, media_type=media)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """A problem as a response."""
    told = {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status, "detail": detail, **more}
    return Response(for_others(told), status, headers, media_type="application/problem+json")


def problem_of(error: Exception) -> Response:
    """The problem that an error is."""
    if isinstance(error, Refused):
        again = {"Retry-After": "1"} if error.status == 503 else None
        return problem(error.status, error.detail, again, **error.more)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    told = as_json(error)
    # What went wrong inside is for the log; who asked cannot mend it.
    detail = "the server failed at this; its log says why" if status == 500 else told["message"]
    more = {"error": told["type"]} if status != 500 else {}
    again = {"Retry-After": "1"} if status == 503 else None
    fields = {name: value for name, value in told.get("fields", {}).items() if value is not None}
    return problem(status, detail, again, **more, **({"fields": fields} if fields and status != 500 else {}))
