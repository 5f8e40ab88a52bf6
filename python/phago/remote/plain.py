"""Values that mean the same as JSON as they mean to a colony, and how they are written."""

from __future__ import annotations

import array
import datetime
import pathlib
import sys
from collections.abc import Mapping
from typing import Any

from .._values import scalar, sequence

_INT_BITS_MAX = 4_096
"""Of an integer in JSON: Python reads none of more than 4,300 digits. What a colony takes has 64."""


def is_known(value: Any) -> bool:
    """Whether a value is one of JSON's own, as it is."""
    if isinstance(value, int):
        return value.bit_length() <= _INT_BITS_MAX
    return value is None or isinstance(value, str | float)


def is_sure(name: str, value: Any) -> bool:
    """Whether what a field of a document has means the same to a colony once it is plain."""
    if name in ("id", "text", "title", "thread", "place"):
        return is_known(value)
    if name in ("expires", "time"):
        return is_known(value) or (isinstance(value, datetime.datetime) and value.tzinfo is not None)
    if name == "vector":
        return is_sure_vector(value)
    if name == "metadata":
        return value is None or (type(value) is dict and all(map(_is_entry, value, value.values())))
    return False


def is_sure_vector(value: Any) -> bool:
    """Whether a vector means the same as a list of floats."""
    if value is None:
        return True
    if type(value) in (list, tuple):
        return all(isinstance(one, int | float) and is_known(one) for one in value)
    if type(value) is array.array:
        return value.typecode in "fd"
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray and value.ndim == 1 and value.dtype.char in "fd"


def is_sure_filter(where: Any) -> bool:
    """Whether a filter means the same once it is plain."""
    if type(where) is dict:
        return all(isinstance(key, str) and is_sure_filter(one) for key, one in where.items())
    if type(where) in (list, tuple, set, frozenset):
        return all(map(is_sure_filter, where))
    # A missing value of pandas is a date that is not equal to itself. What numpy has is judged as it is: its bool is
    # none for `exists`, and a moment of its own may be missing.
    return is_known(where) or (_has_one_text(where) and bool(where == where))


def _is_entry(key: Any, value: Any) -> bool:
    if not isinstance(key, str):
        return False
    return all(map(_is_single, value)) if type(value) in (list, tuple) else _is_single(value)


# Types whose text, or whose number, is the same wherever it is made.
def _is_single(value: Any) -> bool:
    if is_known(value) or _has_one_text(value):
        return True
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.generic) and is_known(scalar(value))


def _has_one_text(value: Any) -> bool:
    uuid = sys.modules.get("uuid")
    if isinstance(value, datetime.datetime):
        # One that is of no year of Python's in UTC has none, and is itself.
        return scalar(value) is not value
    return isinstance(value, datetime.date | pathlib.PurePath) or (uuid is not None and isinstance(value, uuid.UUID))


def plain(value: Any) -> Any:
    """A value that a colony takes, as JSON has it.

    Raises:
        TypeError: It has no such form.
    """
    value = scalar(value)
    if is_known(value):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            # JSON has no other keys, and would make text of them.
            raise TypeError("keys that are no str")
        return {key: plain(one) for key, one in value.items()}
    # A set has no order, and a condition asks for none.
    many = list(value) if isinstance(value, set | frozenset) else sequence(value)
    if isinstance(many, list | tuple):
        return [plain(one) for one in many]
    if hasattr(value, "__index__"):
        number = value.__index__()
        if is_known(number):
            return number
    raise TypeError(type(value).__name__)


def vector_as_list(value: Any) -> list[float]:
    """A vector that a colony takes, as a list, exactly."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    elif not isinstance(value, list | tuple):
        try:
            value = memoryview(value).tolist()
        except TypeError:
            value = sequence(value)
    return [one if isinstance(one, int | float) else float(one) for one in value]
