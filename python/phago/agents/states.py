"""What agents keep, checked on its way into the colony."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any

from .._checks import count, real, refusal, text_of
from .._values import sequence
from ..errors import ConfigError
from .view import ViewNode

if TYPE_CHECKING:
    from .._phago import Living

INTS = range(-(2**63), 2**63)
_MOST = sys.float_info.max
_ID = re.compile("[0-9a-f]{32}")
DEFAULTS: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "concept": None}


def kept(name: str, of: str, value: Any) -> Any:
    """A value of a column as it is kept.

    Raises:
        ConfigError: Another type, or a number that is too large or not finite.
    """
    if of == "int":
        return value if type(value) is int and value in INTS else count(name, value, INTS[0], INTS[-1])
    if of == "float":
        return value if type(value) is float and math.isfinite(value) else _finite(name, value)
    if of == "bool":
        if isinstance(value, bool):
            return value
        raise refusal(name, value, "True or False")
    return concept_of(name, value)


def _finite(name: str, value: Any) -> float:
    try:
        return real(name, value, -_MOST, _MOST)
    except ConfigError as error:
        raise refusal(name, value, "a finite number") from error.__cause__


def concept_of(name: str, value: Any) -> str | None:
    """The id of a concept."""
    if value is None:
        return None
    if isinstance(value, ViewNode):
        return value.id
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise refusal(name, value, "a concept of the view, its id, or None")


def begun(living: Living, columns: list[tuple[str, str]], number: int, state: dict[str, Any]) -> list[list[Any]]:
    """The columns of new agents. A value of `state` is for all of them, or a list or an array has one for each; a
    concept may be given by its label.
    """
    # What begins with `_` is kept for `Minds`.
    declared = [name for name, _ in columns if not name.startswith("_")]
    unknown = sorted(state.keys() - set(declared))
    if unknown:
        raise refusal("state", unknown[0], "a name of " + (", ".join(declared) or "no state"))
    cells = []
    for name, of in columns:
        given = state.get(name, DEFAULTS[of])
        # As Python has them, and not numpy: its bools are none.
        is_array = getattr(given, "ndim", None) == 1 and hasattr(given, "tolist")
        several = given.tolist() if is_array else sequence(given)
        values = several if isinstance(several, list) else [given] * number
        if len(values) != number:
            raise refusal(name, f"{len(values)} values", f"one, or {number}: one for each agent")
        if of == "concept":
            known: dict[str, str] = {}
            values = [_found(living, name, value, known) for value in values]
        cells.append([kept(name, of, value) for value in values])
    return cells


def _found(living: Living, name: str, value: Any, known: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    if value not in known:
        found = living.concept(text_of(name, value))
        if found is None:
            found = concept_of(name, value) if len(value) == 32 else None
        if found is None:
            raise refusal(name, value, "the label of a concept that documents have, or the id of one")
        known[value] = found
    return known[value]
