"""`phago mcp`: a memory in the tools of an agent."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import BusyError, CorruptionError, PhagoError
from ..opening import open as open_colony
from .agents_install import install_parser
from .directory import check_directory, embedding
from .exits import BUSY, DAMAGED, FOUND, Problem
from .models import add_model, check_model
from .parsing import Parser, seconds, text
from .plain import warn
from .serving import port, token_of

__all__ = ["add_mcp"]

# Clients give up a server that says nothing after half a minute.
_WAIT = 10.0


def add_mcp(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "mcp",
        help="serve DIR to an agent, over the Model Context Protocol; makes DIR where there is none",
        description="Serves DIR to an agent over the Model Context Protocol: over the standard streams, as a client "
        "starts it, or over HTTP. `phago mcp install` puts it into a client's configuration. Needs phago[mcp].",
    )
    parser.inner = ("install", install_parser())
    parser.add_argument("memory", metavar="DIR", type=text, help="the directory of the colony")
    parser.add_argument("--read-only", action="store_true", help="without the tools that change DIR")
    parser.add_argument("--http", action="store_true", help="over HTTP, at http://HOST:PORT/mcp")
    parser.add_argument("--host", default="127.0.0.1", metavar="HOST", help="where to listen (default: 127.0.0.1)")
    parser.add_argument("--port", type=port, default=8000, metavar="PORT", help="0 for a free one (default: 8000)")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with the token that every request must bring (default: PHAGO_TOKEN)",
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=_WAIT,
        metavar="SECONDS",
        help=f"how long to wait for a program that has DIR alone (default: {_WAIT:g})",
    )
    add_model(parser)
    parser.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from ..mcp import Service, serve_http, serve_stdio
    except ImportError as error:
        raise Problem(str(error)) from None
    token = token_of(arguments.token_file) if arguments.http else None
    check_directory(arguments.memory, new=True)
    check_model(arguments)
    try:
        with _opened(arguments) as memory:
            check_model(arguments, memory)
            service = Service(memory, changes=not arguments.read_only)
            if not arguments.http:
                # As any server that is told to end: well.
                serve_stdio(service)
                return FOUND
            try:
                serve_http(service, host=arguments.host, port=arguments.port, token=token, began=_told)
            except ValueError as error:
                raise Problem(f"{error}; PHAGO_TOKEN in the environment, or --token-file FILE") from None
            except OSError as error:
                raise Problem(
                    f"{arguments.host}:{arguments.port} cannot be listened on: {error.strerror or error}"
                ) from None
    except BusyError as error:
        raise Problem(str(error), code=BUSY) from error
    except CorruptionError as error:
        raise Problem(str(error), code=DAMAGED) from error
    except PhagoError as error:
        raise Problem(str(error)) from error
    return FOUND


def _opened(arguments: argparse.Namespace) -> Any:
    if arguments.read_only:
        return open_colony(arguments.memory, read_only=True, **embedding(arguments))
    from ..remote import connect

    # Each client starts a server of its own, and all of them have one memory.
    return connect(arguments.memory, timeout=max(arguments.wait, 0.5), **embedding(arguments))


def _told(address: str) -> None:
    warn(f"serving {address}; Ctrl-C ends it")
