"""The ASGI app: routes behind a guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .guard import Guard
from .openapi import described
from .operations import Operation, check_query
from .problems import answered, problem, problem_of
from .routes import documents, graph, pictures, questions, running, service

if TYPE_CHECKING:
    from .memory import Memory

OPERATIONS: tuple[Operation, ...] = (
    *questions.OPERATIONS,
    *documents.OPERATIONS,
    *graph.OPERATIONS,
    *pictures.OPERATIONS,
    *running.OPERATIONS,
    *service.OPERATIONS,
)
"""All that can be asked."""


class _Key(Convertor[str]):
    """An id, which may be any text; starlette's own `path` ends at a line feed."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("key", _Key())


def app(memory: Memory, version: str, *, token: str | None = None, hosts: Iterable[str] = ()) -> Starlette:
    """The app that serves a memory.

    Args:
        memory: What is served.
        version: Of phago, for the description.
        token: What every request for data must bring; None for nothing.
        hosts: Names, beside those of loopback, under which it is reached.
    """
    described_once = described(OPERATIONS, version, token is not None)

    async def openapi(request: Request) -> Response:
        return answered(described_once)

    paths: dict[str, dict[str, Operation]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = one
    routes = [Route(path, _answering(memory, by_method), methods=list(by_method)) for path, by_method in paths.items()]
    routes.append(Route("/openapi.json", openapi, methods=["GET"]))
    routes += [Route(path, _bound(memory, answer), methods=["GET"]) for path, answer in service.PAGE]
    open_paths = [one.path for one in OPERATIONS if one.is_open] + ["/openapi.json"]
    guard = Middleware(Guard, memory=memory, token=token, hosts=tuple(hosts), open_paths=open_paths)
    made = Starlette(routes=routes, middleware=[guard], exception_handlers={HTTPException: _not_here})
    # An address is what it is; another one with a slash is another document.
    made.router.redirect_slashes = False
    return made


def _answering(memory: Memory, by_method: dict[str, Operation]) -> Any:
    async def answer(request: Request) -> Response:
        operation = by_method["GET" if request.method == "HEAD" else request.method]

        async def checked(memory: Memory, request: Request) -> Response:
            # Monitors add parameters of their own to what they watch.
            if operation.path.startswith("/v1/"):
                check_query(request, operation)
            return await operation.answer(memory, request)

        return await _safely(checked, memory, request)

    return answer


def _bound(memory: Memory, answer: Any) -> Any:
    async def bound(request: Request) -> Response:
        return await _safely(answer, memory, request)

    return bound


async def _safely(answer: Any, memory: Memory, request: Request) -> Response:
    try:
        response: Response = await answer(memory, request)
        return response
    except Exception as error:
        refused = problem_of(error)
        if refused.status_code == 500:
            raise
        return refused


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    detail = f"there is no {path}" if error.status_code == 404 else f"{path} is not asked by {request.method}"
    return problem(error.status_code, detail, dict(error.headers or {}))
