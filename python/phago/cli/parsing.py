"""What the commands on a directory take, and what it means."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from ..config import DistributedConfig
from ..errors import ConfigError
from .exits import Problem
from .plain import plain

__all__ = ["Parser", "conditions", "count", "moment", "part", "prefix", "seconds", "shards", "text"]

_COUNT_MAX = 1_000_000


class Parser(argparse.ArgumentParser):
    """A parser that, where `is_mixed`, takes options also between the arguments that have no name.

    argparse itself takes `export DIR --where year=2021 FILE` for one argument too many.
    """

    is_mixed = False

    inner: tuple[str, Parser] | None = None
    """A word that, in the place of the first argument, makes it another command: `phago mcp install`."""

    def error(self, message: str) -> NoReturn:
        """As that of argparse; a message may quote what a module of the user's says."""
        super().error(plain(message))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As that of argparse, which calls it again for each kind of argument."""
        if self.inner is not None and args and args[0] == self.inner[0]:
            return self.inner[1].parse_known_args(args[1:], namespace)
        if not self.is_mixed:
            return super().parse_known_args(args, namespace)
        self.is_mixed = False
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.is_mixed = True


def count(given: str, least: int = 1) -> int:
    """A number of documents. A million of them fit into memory; nobody reads as many."""
    if not given.isdecimal() or not least <= int(given) <= _COUNT_MAX:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from {least} to {_COUNT_MAX}")
    return int(given)


def text(given: str) -> str:
    """Text of any kind."""
    # What a shell hands over in another encoding than the terminal's arrives as lone surrogates.
    try:
        given.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{given!r} is not valid text in this terminal's encoding") from None
    return given


def part(given: str) -> int:
    """The length of a part, in characters."""
    if not given.isdecimal() or not 200 <= int(given) <= 1 << 24:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 200 to {1 << 24}")
    return int(given)


def prefix(given: str) -> str:
    """What ids begin with; a slash at its end changes nothing."""
    found = text(given).rstrip("/")
    if not found.strip() or not found.isprintable():
        raise argparse.ArgumentTypeError(f"{given!r} is no text that ids can begin with")
    return found


def shards(given: str) -> int:
    """A number of shards."""
    try:
        return DistributedConfig(num_shards=int(given)).num_shards
    except (ConfigError, ValueError):
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 1 to 1024") from None


def seconds(given: str) -> float:
    """A time, up to a day."""
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number of seconds from 0 to 86400")
    return seconds


def moment(given: str) -> datetime.datetime:
    """A time with its offset from UTC, or `now`."""
    if given == "now":
        return datetime.datetime.now(datetime.UTC)
    with contextlib.suppress(ValueError):
        moment = datetime.datetime.fromisoformat(given)
        if moment.utcoffset() is not None:
            return moment
    accepted = "a time with its offset, such as 2030-06-01T12:00:00+02:00, or `now`"
    raise argparse.ArgumentTypeError(f"{given!r} is not {accepted}")


_ACCEPTED = "accepted is KEY=VALUE, also with != < <= > >="
_OPERATORS = (("!=", "ne"), ("<=", "lte"), (">=", "gte"), ("=", "eq"), ("<", "lt"), (">", "gt"))


def conditions(given: list[str]) -> dict[str, Any] | None:
    """The filter of all conditions together; a value is JSON where it can be, else text."""
    filters: list[dict[str, Any]] = []
    for text in given:
        if text.lstrip().startswith("{"):
            try:
                filters.append(json.loads(text))
            except (ValueError, RecursionError) as error:
                raise Problem(f"`--where {text}` is not JSON: {error}") from None
            continue
        found = [(text.index(sign), -len(sign), sign, name) for sign, name in _OPERATORS if sign in text]
        at, _, sign, name = min(found, default=(0, 0, "", ""))
        key, value = text[:at].strip(), text[at + len(sign) :].strip()
        if not key:
            raise Problem(f"`--where {text}` is no condition; {_ACCEPTED}")
        # Taken for texts, `year=>5` and `year<` would match nothing or anything, and say nothing.
        if value.startswith(("=", "<", ">", "!=")) or (not value and name not in ("eq", "ne")):
            why = f"has `{value[:1]}` behind `{sign}`" if value else f"has nothing behind `{sign}`"
            raise Problem(f"`--where {text}` {why}; {_ACCEPTED}; a text that is so stands in quotes: 'KEY=\"<\"'")
        filters.append({key: {name: _value(value)}})
    return {"$and": filters} if len(filters) > 1 else filters[0] if filters else None


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, dict) else value
