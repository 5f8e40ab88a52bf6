"""Arguments as plain values that JSON can hold, with the meaning that a colony gives them."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Iterator, Mapping
from typing import Any

from .._checks import refusal, shown
from .._values import scalar, sequence
from ..document import FIELDS, Document
from ..errors import InvalidDocument

BYTES_AT_ONCE = 8 << 20
"""Of the documents of one call, about; a larger one goes alone."""

_PLAIN = (str, int, float, bool, type(None))


def document(given: Any, index: int) -> Any:
    """A document as plain values; what is none as it is, for the colony to refuse.

    Raises:
        InvalidDocument: A field holds what no document can have.
    """
    if isinstance(given, Document):
        fields = {name: getattr(given, name) for name in FIELDS}
        fields = {
            name: value for name, value in fields.items() if name in ("text", "title", "metadata") or value is not None
        }
    elif isinstance(given, Mapping):
        fields = dict(given)
    else:
        return _told(given, index, "document")
    try:
        key = fields.get("id")
        return {str(name): _field(name, value, index) for name, value in fields.items()}
    except InvalidDocument as error:
        error.id = key if isinstance(key, str) else None
        raise


def _field(name: Any, value: Any, index: int) -> Any:
    if name == "metadata" and isinstance(value, Mapping):
        return {_key(key, index): _values(one, index, "metadata") for key, one in value.items()}
    if name == "vector" and value is not None:
        return _vector(value)
    if name in ("expires", "time") and isinstance(value, datetime.datetime):
        # A missing one of pandas is a datetime that is not equal to itself; one without a zone is refused as text too.
        return value.isoformat() if value == value else None
    return _told(scalar(value), index, str(name))


# JSON has no other keys, and would make one of a number.
def _key(key: Any, index: int) -> str:
    if not isinstance(key, str):
        raise _refused(index, "metadata", f"has the key {shown(key)}; accepted are strings")
    return key


def _values(value: Any, index: int, field: str) -> Any:
    many = value if isinstance(value, list) else sequence(value)
    if isinstance(many, list | tuple):
        return [_told(scalar(one), index, field) for one in many]
    return _told(scalar(value), index, field)


def _told(value: Any, index: int, field: str) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if hasattr(value, "__index__"):
        return value.__index__()
    if isinstance(value, list | tuple | dict):
        try:
            return _deep(value)
        except (TypeError, RecursionError):
            pass
    raise _refused(index, field, f"is {shown(value)}, of type {type(value).__name__}; accepted is what JSON can hold")


def _refused(index: int, field: str, reason: str) -> InvalidDocument:
    return InvalidDocument(f"document {index}: its {field} {reason}", index=index, id=None, field=field, reason=reason)


def _deep(value: Any) -> Any:
    value = scalar(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return {key: _deep(one) for key, one in value.items()}
    # A set has no order, and a condition asks for none.
    many = list(value) if isinstance(value, set | frozenset) else sequence(value)
    if isinstance(many, list | tuple):
        return [_deep(one) for one in many]
    if hasattr(value, "__index__"):
        return value.__index__()
    raise TypeError(type(value).__name__)


def filter_of(name: str, where: Any) -> Any:
    """A filter as plain values.

    Raises:
        ConfigError: It holds a value that no metadata can have.
    """
    try:
        return _deep(where)
    except TypeError as error:
        raise refusal(name, where, f"values that metadata can have, and not {error}") from None
    except RecursionError:
        raise refusal(name, type(where).__name__, "at most 16 levels") from None


def vector_of(value: Any) -> Any:
    """A vector as a list of floats, exactly; what is none as text, for the colony to refuse."""
    return None if value is None else _vector(value)


def _vector(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    elif not isinstance(value, list | tuple):
        try:
            value = memoryview(value).tolist()
        except TypeError:
            many = sequence(value)
            if not isinstance(many, list):
                return shown(value)
            value = many
    if not isinstance(value, list | tuple):
        return value if isinstance(value, _PLAIN) else shown(value)
    return [_number(one) for one in value]


def _number(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list | tuple):
        return [None]
    return float(value) if isinstance(value, numbers.Real) or hasattr(value, "__float__") else shown(value)


def moment_of(value: Any) -> Any:
    """A moment as text; what is none as it is."""
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def half_life_of(value: Any) -> Any:
    """A half-life as text or days."""
    return value / datetime.timedelta(days=1) if isinstance(value, datetime.timedelta) else value


def batches(documents: list[Any], first: int) -> Iterator[tuple[int, list[Any]]]:
    """Documents as plain values, cut where they would be too much for one call; each with the index of its first."""
    batch: list[Any] = []
    size, begun = 0, first
    for index, given in enumerate(documents, first):
        told = document(given, index)
        batch.append(told)
        size += _size(told)
        if size >= BYTES_AT_ONCE:
            yield begun, batch
            batch, size, begun = [], 0, index + 1
    if batch:
        yield begun, batch


def _size(told: Any) -> int:
    text = told.get("text") if isinstance(told, dict) else told
    vector = told.get("vector") if isinstance(told, dict) else None
    # A character takes at most four bytes, and the number of a vector some twenty.
    return 64 + (len(text) * 2 if isinstance(text, str) else 0) + (20 * len(vector) if isinstance(vector, list) else 0)
