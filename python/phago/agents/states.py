"""What agents keep, checked on its way into the colony."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from .._checks import refusal
from .view import ViewNode

if TYPE_CHECKING:
    from .._phago import Living

INTS = range(-(2**63), 2**63)
_ID = re.compile("[0-9a-f]{32}")
DEFAULTS: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "concept": None}


def kept(name: str, of: str, value: Any) -> Any:
    """A value of a column as it is kept.

    Raises:
        ConfigError: Another type, or a number that is too large or not finite.
    """
    if of == "int":
        if type(value) is int and value in INTS:
            return value
        if hasattr(value, "__index__") and not isinstance(value, bool) and value.__index__() in INTS:
            return int(value.__index__())
        raise refusal(name, value, "an integer of 64 bits")
    if of == "float":
        if type(value) is float and math.isfinite(value):
            return value
        if not isinstance(value, bool | str) and hasattr(value, "__float__") and math.isfinite(float(value)):
            return float(value)
        raise refusal(name, value, "a finite number")
    if of == "bool":
        if isinstance(value, bool):
            return value
        raise refusal(name, value, "True or False")
    return concept_of(name, value)


def concept_of(name: str, value: Any) -> str | None:
    """The id of a concept."""
    if value is None:
        return None
    if isinstance(value, ViewNode):
        return value.id
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise refusal(name, value, "a concept of the view, its id, or None")


def begun(living: Living, columns: list[tuple[str, str]], count: int, state: dict[str, Any]) -> list[list[Any]]:
    """The columns of new agents. A value of `state` is for all of them, or a list has one for each; a concept may be
    given by its label.
    """
    unknown = sorted(state.keys() - {name for name, _ in columns})
    if unknown:
        raise refusal("state", unknown[0], "a name of " + (", ".join(name for name, _ in columns) or "no state"))
    cells = []
    for name, of in columns:
        given = state.get(name, DEFAULTS[of])
        values = list(given) if isinstance(given, list | tuple) else [given] * count
        if len(values) != count:
            raise refusal(name, f"{len(values)} values", f"one, or {count}: one for each agent")
        if of == "concept":
            known: dict[str, str] = {}
            values = [_found(living, name, value, known) for value in values]
        cells.append([kept(name, of, value) for value in values])
    return cells


def _found(living: Living, name: str, value: Any, known: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    if value not in known:
        found = living.concept(value)
        if found is None:
            found = concept_of(name, value) if len(value) == 32 else None
        if found is None:
            raise refusal(name, value, "the label of a concept that documents have, or the id of one")
        known[value] = found
    return known[value]
