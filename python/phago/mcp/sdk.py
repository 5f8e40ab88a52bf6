"""The official SDK in its versions 1.24 to 2.x; nothing else here knows in which of them they differ.

Both speak the same protocol, so that what is said is written as the protocol has it, and read by the SDK's own models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import anyio.to_thread
import mcp.types as types
from mcp.server.lowlevel import Server
from mcp.shared import exceptions

from .. import __version__
from ..errors import PhagoError
from .service import INSTRUCTIONS, NotThere, Service

__all__ = ["server_of"]

# What the protocol calls parameters that are not valid. Its latest version calls a resource that is not there so too,
# and gave up the code of the earlier ones.
_INVALID, _NOT_THERE_ONCE = -32602, -32002

# method: (the name of its handler in 2.x, its request in 1.x, its result)
_METHODS = {
    "tools/list": ("on_list_tools", "ListToolsRequest", types.ListToolsResult),
    "tools/call": ("on_call_tool", "CallToolRequest", types.CallToolResult),
    "resources/list": ("on_list_resources", "ListResourcesRequest", types.ListResourcesResult),
    "resources/templates/list": (
        "on_list_resource_templates",
        "ListResourceTemplatesRequest",
        types.ListResourceTemplatesResult,
    ),
    "resources/read": ("on_read_resource", "ReadResourceRequest", types.ReadResourceResult),
}


def server_of(service: Service) -> Any:
    """The SDK's server that does what the service does."""
    about: dict[str, Any] = {"version": __version__, "instructions": INSTRUCTIONS}
    answers = {method: partial(_answer, service, method) for method in _METHODS}
    if not hasattr(Server, "list_tools"):
        return Server("phago", **about, **{_METHODS[method][0]: _modern(do) for method, do in answers.items()})
    server = Server("phago", **about)
    for method, do in answers.items():
        server.request_handlers[getattr(types, _METHODS[method][1])] = _classic(do)
    return server


async def _answer(service: Service, method: str, params: Any) -> Any:
    given: Mapping[str, Any] = {} if params is None else params.model_dump(mode="json", by_alias=True)
    try:
        # A call that the client gave up goes on to its end in its thread: what it began stays whole.
        answer = await anyio.to_thread.run_sync(service.methods[method], given, abandon_on_cancel=True)
    except NotThere as error:
        raise _refusal(str(error), _NOT_THERE_ONCE) from None
    except PhagoError as error:
        raise _refusal(str(error)) from None
    return _METHODS[method][2].model_validate(answer)


def _modern(do: Callable[[Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def handle(context: Any, params: Any) -> Any:
        return await do(params)

    return handle


def _classic(do: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
    async def handle(request: Any) -> Any:
        return types.ServerResult(await do(request.params))

    return handle


def _refusal(words: str, once: int = _INVALID) -> Exception:
    """The SDK's error, whose code in 1.x is `once`."""
    if hasattr(exceptions, "MCPError"):
        error: Exception = exceptions.MCPError(_INVALID, words)
    else:
        error = exceptions.McpError(types.ErrorData(code=once, message=words))
    return error
