"""The colony in a directory that a command works on, and how what it finds is said."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._directory import other_file
from .._json import json_text
from ..colony import Colony
from ..errors import BusyError, CheckpointWarning, ConfigError, CorruptionError, NetworkFileSystemWarning, PhagoError
from ..opening import open as open_colony
from .exits import BUSY, DAMAGED, Problem
from .plain import show, warn

if TYPE_CHECKING:
    from ..backends.ray import Ray
    from ..remote import Client

__all__ = [
    "Run",
    "check_directory",
    "embedding",
    "is_utf_8",
    "may_share",
    "opened",
    "reading",
    "say",
    "told",
    "writing",
]

Run = Callable[[argparse.Namespace], int]
"""A command: what it does, and the code that it ends with."""


def told(run: Run) -> Run:
    """A command whose errors end it with a code that says of which kind they are."""

    def ending(arguments: argparse.Namespace) -> int:
        try:
            with _warnings_in_a_line():
                return run(arguments)
        except BusyError as error:
            raise Problem(str(error), code=BUSY) from error
        except CorruptionError as error:
            raise Problem(str(error), code=DAMAGED) from error
        except PhagoError as error:
            message, place = str(error), ""
            if isinstance(error, ConfigError) and error.field == "text":
                # Of an operator of a question it shows the place, in lines below.
                message, _, place = message.replace("`operators=False`", "`--text`").partition("\n")
            raise Problem(message, block=place) from error

    return ending


@contextlib.contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    """Say warnings about a colony without the line of code that Python adds, each time."""
    with warnings.catch_warnings():
        for kind in (CheckpointWarning, NetworkFileSystemWarning):
            warnings.simplefilter("always", kind)
        warnings.showwarning = lambda message, *_: warn(str(message))
        yield


def embedding(arguments: argparse.Namespace) -> dict[str, Any]:
    """The model that the arguments name, as `open` takes it."""
    return {"embed": getattr(arguments, "embed", None), "model": getattr(arguments, "model", None)}


def check_directory(path: str, *, new: bool = False) -> None:
    """Tell of a place that holds something else, in words that are clearer than those of the system."""
    if not path:
        raise Problem("DIR is empty; give the directory of a colony")
    if os.path.lexists(path) and not os.path.isdir(path):
        raise Problem(f"`{path}` is a file; a colony lives in a directory")
    if new and os.path.isdir(path):
        try:
            os.listdir(path)
        except OSError as error:
            raise Problem(f"`{path}` cannot be read: {error.strerror}") from None
        other = other_file(Path(path))
        if other is not None:
            accepted = "give the directory of a colony, an empty one, or a new one"
            raise Problem(f"`{path}` holds other files, such as `{other}`; {accepted}")


def reading(arguments: argparse.Namespace) -> Colony:
    """A colony to read."""
    if arguments.backend != "threads":
        return opened(arguments)
    check_directory(arguments.memory)
    return open_colony(arguments.memory, read_only=True, nodes=arguments.nodes, **embedding(arguments))


def writing(arguments: argparse.Namespace, *, make: bool = False) -> Colony | Client:
    """A colony to write to; where another process shares it, by that one."""
    try:
        return opened(arguments, make=make)
    except BusyError:
        from ..remote import connect
        from ..remote.place import read_place

        # Who serves it, gives it to an agent or watches folders for it shares it.
        if not may_share(arguments) or read_place(Path(arguments.memory)) is None:
            raise
        timeout = max(1.0, getattr(arguments, "wait", 0.0))
        return connect(arguments.memory, make=False, timeout=timeout, **embedding(arguments))


def may_share(arguments: argparse.Namespace) -> bool:
    """Whether processes can share the colony as the arguments want it."""
    is_shared: bool = arguments.backend == "threads"
    return is_shared


def opened(arguments: argparse.Namespace, *, make: bool = False) -> Colony:
    """The colony, for this process alone."""
    check_directory(arguments.memory, new=make)
    shards, wait = getattr(arguments, "shards", None), getattr(arguments, "wait", 0.0)
    backend = _ray(arguments.nodes, shards) if arguments.backend == "ray" else arguments.backend
    return open_colony(
        arguments.memory,
        shards=shards,
        make=make,
        wait=wait,
        backend=backend,
        nodes=arguments.nodes,
        **embedding(arguments),
    )


def _ray(nodes: int | None, shards: int | None) -> Ray:
    from ..backends.ray import Ray

    try:
        return Ray(nodes, shards)
    except (ImportError, ConnectionError) as error:
        raise Problem(str(error)) from error


def say(arguments: argparse.Namespace, row: dict[str, Any] | list[dict[str, Any]], lines: Iterable[str]) -> None:
    """Print what was found: as JSON, or in lines."""
    if arguments.json:
        print(json_text(row, indent=2, ensure_ascii=not is_utf_8()))
    else:
        for line in lines:
            show(line)


def is_utf_8() -> bool:
    """Whether whoever reads what is printed takes any letter."""
    return (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
