"""`phago serve`: a memory over HTTP."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from pathlib import Path

from .. import __version__
from .._embedding import embedding_of
from ..errors import BusyError, PhagoError
from .exits import BUSY, USAGE, Problem
from .models import add_model, check_model
from .parsing import Parser, shards, text
from .plain import show, warn

__all__ = ["add_serve", "port", "token_of"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_TOKEN = "PHAGO_TOKEN"
_TOKEN_LEAST = 16
_PORT_MAX = 65_535


def add_serve(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "serve",
        help="serve a colony over HTTP, with a page to look at it",
        # Who writes `--token` means a token, which must not stand here, and not the file of one.
        allow_abbrev=False,
        description="Serves the colony in DIR over HTTP and JSON, with a page to look at it. Other processes may use "
        "the colony beside it, by phago.connect.",
        epilog=f"The token is never an argument, which every user of a machine can read: it is in a file, or in the "
        f"environment ({_TOKEN}). What is sent is not encrypted: beyond a network of your own put a proxy with TLS "
        "before it. /openapi.json describes what it can be asked.",
    )
    parser.add_argument("memory", metavar="DIR", help="the directory of the colony, which is made if there is none")
    parser.add_argument("--port", type=port, default=8000, metavar="N", help="0 for any free one (default: 8000)")
    parser.add_argument("--host", type=text, default="127.0.0.1", help="the address to listen at (default: 127.0.0.1)")
    parser.add_argument("--token-file", metavar="FILE", help="a file with the token that every request must bring")
    parser.add_argument(
        "--allow-host", action="append", default=[], type=text, metavar="NAME", help="a name under which it is reached"
    )
    parser.add_argument("--shards", type=shards, metavar="N", help="shards, 1 to 1024 (default: one for each core)")
    add_model(parser)
    parser.set_defaults(run=_serve)


def port(given: str) -> int:
    """The number of a port."""
    if not given.isdecimal() or int(given) > _PORT_MAX:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 0 to {_PORT_MAX}")
    return int(given)


def _serve(arguments: argparse.Namespace) -> int:
    token = token_of(arguments.token_file)
    host: str = arguments.host
    if token is None and host not in _LOOPBACK:
        raise Problem(
            f"`--host {host}` lets others in, so it wants a token: {_TOKEN} in the environment, or --token-file FILE; "
            "`python -c 'import secrets; print(secrets.token_urlsafe())'` makes one"
        )
    try:
        from ..serve.app import app as app_of
        from ..serve.limits import Limits
        from ..serve.listening import address_of, bound
        from ..serve.memory import Memory
        from ..serve.server import serve
    except ImportError as error:
        raise Problem(f'`phago serve` needs {error.name}: pip install "phago[serve]"') from None
    from ..remote import channel

    try:
        listening = bound(host, arguments.port)
    except OSError as error:
        raise Problem(f"`--port {arguments.port}` of {host} cannot be had: {error.strerror or error}") from None
    with listening:
        check_model(arguments)
        try:
            # First, as it says what is wrong with what was given before anything is opened.
            embedding = embedding_of(arguments.embed, arguments.model)
            memory = Memory(channel(arguments.memory, shards=arguments.shards), Limits(), embedding)
        except BusyError as error:
            raise Problem(str(error), code=BUSY) from None
        except PhagoError as error:
            raise Problem(str(error), code=USAGE) from None
        with memory.client:
            check_model(arguments, memory.client)

            def ready() -> None:
                show(f"Serving {arguments.memory} at http://{address_of(listening, host)}/ ; Ctrl-C ends it.")

            served = app_of(memory, __version__, token=token, hosts=[host, *arguments.allow_host])
            serve(served, memory, listening, ready)
    show("Ended.")
    return 0


def token_of(file: str | None) -> str | None:
    """The token that requests must bring: of a file, or of the environment; None where there is neither."""
    if file is None:
        token = os.environ.get(_TOKEN)
        source = f"`{_TOKEN}`"
        if token is None:
            return None
    else:
        source = f"`--token-file {file}`"
        try:
            path = Path(file)
            if sys.platform != "win32" and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
                warn(f"{source} can be read by others of this machine: chmod 600")
            token = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise Problem(f"{source} cannot be read: {why}") from None
    token = token.strip()
    if len(token) < _TOKEN_LEAST or not token.isascii() or not token.isprintable() or " " in token:
        raise Problem(
            f"{source} holds no token: accepted are {_TOKEN_LEAST} or more letters, digits and signs of ASCII"
        )
    return token
