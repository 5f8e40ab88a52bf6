"""Models of users' own, by the names that the command line takes."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.machinery
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._embedding import Embed
from ..colony import Colony
from ..errors import ConfigError, EmbedError
from .exits import Problem
from .parsing import text

if TYPE_CHECKING:
    from ..remote import Client

__all__ = ["add_model", "check_model", "model", "needs_folder", "vectors"]


def model(given: str) -> Embed:
    """The callable of a `module:function`; a module of the working directory will do."""
    module, _, name = given.partition(":")
    if not module or not name:
        raise argparse.ArgumentTypeError(f"{given!r} is not MODULE:FUNCTION")
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        # What it says while it loads is no part of what the command prints.
        with contextlib.redirect_stdout(sys.stderr):
            found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise argparse.ArgumentTypeError(f"{given!r} cannot be loaded: {error}") from None
    except SystemExit:
        raise argparse.ArgumentTypeError(f"{given!r} cannot be loaded, as it ends the program") from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise argparse.ArgumentTypeError(f"{given!r} cannot be loaded, as it fails: {why}") from error
    if not callable(found):
        raise argparse.ArgumentTypeError(f"{given!r} is {type(found).__name__}; accepted is a callable")
    made: Embed = found
    return made


def needs_folder(given: str) -> bool:
    """Whether the module of a `module:function` is found in the working directory alone."""
    here = {"", os.getcwd()}
    elsewhere = [place for place in sys.path if place not in here]
    return importlib.machinery.PathFinder.find_spec(given.partition(":")[0].partition(".")[0], elsewhere) is None


def add_model(parser: argparse.ArgumentParser, what: str = "DIR") -> None:
    """Add the options that name a model."""
    parser.add_argument(
        "--embed",
        type=model,
        metavar="MODULE:FUNCTION",
        help="a model of your own: a callable that is given a list of texts and returns as many vectors",
    )
    parser.add_argument(
        "--model", type=text, metavar="NAME", help=f"its name; {what} remembers it, and refuses another one"
    )


def check_model(arguments: argparse.Namespace, colony: Colony | Client | None = None) -> None:
    """Ask one question, so that a model that fails, or is not that of the colony, is told of at once.

    Args:
        arguments: What the command was given.
        colony: That of the command; where it is not open yet, the model is tried alone.

    Raises:
        Problem: It cannot be used.
    """
    if arguments.embed is None:
        return
    try:
        with contextlib.redirect_stdout(sys.stderr), contextlib.ExitStack() as stack:
            if colony is None:
                colony = stack.enter_context(Colony(shards=1, embed=arguments.embed))
            colony.query("phago", k=1)
    except (ConfigError, EmbedError) as error:
        raise Problem(f"the model of --embed cannot be used: {error}") from error


def vectors(given: str) -> Embed:
    """A model, or the vectors that one made: a file with lines of JSON, each with `text` and `vector`."""
    if not os.path.isfile(given):
        return model(given)
    made: dict[str, Any] = {}
    number = 0
    try:
        with Path(given).open(encoding="utf-8-sig") as lines:
            for line in filter(str.strip, lines):
                number += 1
                row = json.loads(line)
                made[row["text"]] = row["vector"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        where = "" if isinstance(error, OSError) else f" in its line {number}"
        accepted = "lines of JSON with `text` and `vector`"
        raise argparse.ArgumentTypeError(f"`{given}` is no file of vectors{where}; accepted are {accepted}") from None

    def look_up(texts: list[str]) -> list[Any]:
        missing = next((text for text in texts if text not in made), None)
        if missing is not None:
            raise KeyError(f"`{given}` has no vector of the text {missing[:60]!r}")
        return [made[text] for text in texts]

    return look_up
