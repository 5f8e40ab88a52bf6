"""`phago doctor`: what is there, and whether it is well."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from .._json import json_text
from .checks import Check, agent, directory, installation
from .exits import FOUND, NOTHING_FOUND, Problem
from .parsing import Parser, text
from .plain import show

__all__ = ["add_doctor"]

_MARKS = {True: "ok", False: "!!", None: "  "}


def add_doctor(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="versions, whether DIR is well, and what an agent sees; exits with 1 where something is wrong",
        description="Tells the versions of all that phago uses; of DIR, whether it can be read and written, who has "
        "it, and whether its files are whole; and what an agent sees of it. Changes nothing.",
    )
    parser.add_argument("memory", metavar="DIR", type=text, nargs="?", help="the directory of a colony")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.memory == "":
        raise Problem("DIR is empty; give the directory of a colony")
    checks = list(installation())
    if arguments.memory is not None:
        path = Path(arguments.memory)
        checks += directory(path)
        if all(check.is_well is not False for check in checks):
            checks += agent(path)
    is_well = all(check.is_well is not False for check in checks)
    if arguments.json:
        print(json_text({"is_well": is_well, "checks": list(map(asdict, checks))}, indent=2))
    else:
        _print(checks, is_well)
    return FOUND if is_well else NOTHING_FOUND


def _print(checks: list[Check], is_well: bool) -> None:
    width = max(len(check.what) for check in checks)
    for check in checks:
        show(f"{_MARKS[check.is_well]}  {check.what:{width}}  {check.found}")
    wrong = [check.what for check in checks if check.is_well is False]
    show("All is well." if is_well else f"Something is wrong: {', '.join(wrong)}.")
