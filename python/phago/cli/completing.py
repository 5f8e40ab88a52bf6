"""`phago completions`: what a shell needs to complete commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from .exits import FOUND, Problem
from .parsing import Parser

__all__ = ["add_completions"]

_SHELLS = ("bash", "zsh", "fish")


def add_completions(commands: argparse._SubParsersAction[Parser], parser: argparse.ArgumentParser) -> None:
    """Add the command to the parser, of which it tells the shell."""
    inner = commands.add_parser(
        "completions",
        help="print what completes commands and options in a shell",
        description="Prints a script for a shell. bash: phago completions bash > "
        "~/.local/share/bash-completion/completions/phago; zsh: into a file `_phago` of a folder in $fpath; fish: into "
        "~/.config/fish/completions/phago.fish. Needs phago[completions].",
    )
    inner.add_argument("shell", choices=_SHELLS, metavar="SHELL", help=", ".join(_SHELLS))
    inner.set_defaults(
        run=lambda arguments: _completions(parser, commands.choices.values(), arguments.shell), answers=True
    )


def _completions(parser: argparse.ArgumentParser, inner: Iterable[argparse.ArgumentParser], shell: str) -> int:
    try:
        import shtab
    except ImportError:
        raise Problem('completions need shtab: pip install "phago[completions]"') from None
    for command in inner:
        for action in command._actions:
            _complete(action, shtab)
    print(shtab.complete(parser, shell))
    return FOUND


def _complete(action: argparse.Action, shtab: object) -> None:
    """What stands for a directory or a file is completed as one."""
    names = {"DIR": "DIRECTORY", "TO": "DIRECTORY", "PATH": "FILE", "FILE": "FILE", "F": "FILE"}
    kind = names.get(action.metavar) if isinstance(action.metavar, str) else None
    if kind is not None and action.choices is None:
        action.complete = getattr(shtab, kind)  # type: ignore[attr-defined]
