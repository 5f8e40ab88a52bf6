"""Which items and namespaces a search means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

__all__ = ["holds", "matches"]

_ORDERS = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}


def holds(value: Any, condition: Any) -> bool:
    """Whether a value meets a condition of a filter.

    A condition is a value to be equal to, a mapping of operators (`$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`), a
    mapping of conditions on what is within, or a list of conditions on each. Orders are those of numbers, also of
    numbers in texts; what is no number is in no order.

    Raises:
        ValueError: Another operator.
    """
    if isinstance(condition, Mapping):
        if any(isinstance(key, str) and key.startswith("$") for key in condition):
            return all(_meets(value, operator, other) for operator, other in condition.items())
        return isinstance(value, Mapping) and all(holds(value.get(key), each) for key, each in condition.items())
    if isinstance(condition, list | tuple):
        is_alike = isinstance(value, list | tuple) and len(value) == len(condition)
        return is_alike and all(holds(one, each) for one, each in zip(value, condition, strict=True))
    return bool(value == condition)


def _meets(value: Any, operator: str, other: Any) -> bool:
    if operator == "$eq":
        return bool(value == other)
    if operator == "$ne":
        return bool(value != other)
    if operator not in _ORDERS:
        raise ValueError(f"`filter` has the operator {operator!r}; accepted are $eq, $ne, {', '.join(_ORDERS)}")
    try:
        return bool(_ORDERS[operator](float(value), float(other)))
    except (TypeError, ValueError):
        return False


def matches(namespace: Sequence[str], kind: str, path: Sequence[str]) -> bool:
    """Whether a namespace begins, or ends, so; `*` stands for any one name.

    Raises:
        ValueError: Another kind than `prefix` and `suffix`.
    """
    if kind not in ("prefix", "suffix"):
        raise ValueError(f"`match_type` is {kind!r}; accepted are prefix and suffix")
    part = namespace[: len(path)] if kind == "prefix" else namespace[max(len(namespace) - len(path), 0) :]
    return len(part) == len(path) and all(want in ("*", name) for want, name in zip(path, part, strict=True))
