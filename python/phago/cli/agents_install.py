"""`phago mcp install`: a memory in a client's configuration."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from .directory import check_directory
from .exits import FOUND, Problem
from .models import check_model, model, needs_folder
from .parsing import Parser, text
from .plain import show

__all__ = ["install_parser"]

_CLIENTS = ("claude", "claude-code", "cursor", "vscode")


def install_parser() -> Parser:
    """The parser of the command."""
    parser = Parser(
        prog="phago mcp install",
        description="Puts the memory in DIR into the configuration of a client, and leaves whatever else is there: "
        "Claude Desktop (`claude`), Claude Code, Cursor or VS Code. What was there before stays beside it.",
    )
    parser.add_argument("client", choices=_CLIENTS, metavar="CLIENT", help=" or ".join(_CLIENTS))
    parser.add_argument("memory", metavar="DIR", type=text, help="the directory of the colony; made when it is used")
    parser.add_argument("--print", action="store_true", help="print what would be written, and write nothing")
    parser.add_argument("--name", type=text, default="phago", metavar="NAME", help="as what it shows (default: phago)")
    parser.add_argument("--read-only", action="store_true", help="without the tools that change DIR")
    parser.add_argument(
        "--embed", type=text, metavar="MODULE:FUNCTION", help="a model of your own, as `phago mcp --embed` takes it"
    )
    parser.add_argument("--model", type=text, metavar="NAME", help="its name")
    parser.add_argument("--replace", action="store_true", help="in the place of another server of this name")
    parser.add_argument("--file", metavar="FILE", help="another configuration, such as that of a project")
    parser.set_defaults(run=_install)
    return parser


def _install(arguments: argparse.Namespace) -> int:
    try:
        from ..mcp.clients import CLIENTS, Unreadable, entry, install
    except ImportError as error:
        raise Problem(str(error)) from None
    client = CLIENTS[arguments.client]
    memory = Path(arguments.memory).expanduser().absolute()
    check_directory(str(memory), new=True)
    server = entry(memory, *_options(arguments))
    if arguments.embed is not None:
        try:
            check_model(argparse.Namespace(embed=model(arguments.embed)))
        except argparse.ArgumentTypeError as error:
            raise Problem(f"argument --embed: {error}") from None
        if needs_folder(arguments.embed):
            # A client starts the server in a folder of its own, where Python would not find the model.
            server["env"] = {"PYTHONPATH": os.getcwd()}
    paste = json.dumps({client.key: {arguments.name: server}}, indent=2, ensure_ascii=False)
    file = Path(arguments.file) if arguments.file else client.file(sys.platform, os.environ)
    if arguments.print:
        print(paste)
        return FOUND
    try:
        kept = install(client, file, arguments.name, server, replace=arguments.replace)
    except Unreadable as error:
        raise Problem(f"`{file}` was left as it is: {error}. To put it there yourself:", block=paste) from None
    except OSError as error:
        raise Problem(f"`{file}` cannot be written: {error.strerror}. To put it there yourself:", block=paste) from None
    show(f"{client.name} starts `{arguments.name}` from {file}; restart it to see the tools.")
    if kept is not None:
        show(f"What was there before is in {kept}.")
    return FOUND


def _options(arguments: argparse.Namespace) -> list[str]:
    options = ["--read-only"] * arguments.read_only
    for option in ("embed", "model"):
        given = getattr(arguments, option)
        if given is not None:
            options += [f"--{option}", given]
    return options
