"""Arguments as plain values that JSON can hold, with the meaning that a colony gives them.

What JSON has no form for is shown to a colony of this process first, so that it is refused as any colony refuses it,
and never becomes something else that is accepted.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._checks import refusal, shown, time_of
from ..document import FIELDS, Document
from ..errors import InvalidDocument
from .judge import judge_document, judge_filter, judge_vector
from .plain import is_sure, is_sure_filter, is_sure_vector, plain, vector_as_list
from .refused import Refused, refusal_of

BYTES_AT_ONCE = 8 << 20
"""Of the documents of one call, about; a larger one goes alone."""


@dataclass(slots=True)
class Batch:
    """Documents of one call."""

    first: int
    """The index of the first one among all that were given."""
    documents: list[Any] = field(default_factory=list)
    """As plain values; one that was refused is `None`."""
    refused: list[Refused] = field(default_factory=list)
    """Index in the batch, id, field and reason of those that were refused: their colony tells of them in order."""

    def asked(self) -> dict[str, Any]:
        """The batch as arguments of a call."""
        return {"documents": self.documents} | ({"refused": self.refused} if self.refused else {})


def document(given: Any, index: int, *, is_update: bool = False) -> Any:
    """A document as plain values.

    Raises:
        InvalidDocument: It is none, or a field holds what no document can have.
    """
    if isinstance(given, str):
        return given
    fields = _fields(given)
    if fields is None or not all(isinstance(name, str) and is_sure(name, one) for name, one in fields.items()):
        try:
            judge_document(given, is_update)
        except InvalidDocument as error:
            raise refusal_of(index, error.id, error.field, error.reason) from None
        if fields is None:
            # A row of anything that has the fields.
            fields = {name: getattr(given, name, None) for name in FIELDS}
    key = fields.get("id")
    told = {}
    for name, value in fields.items():
        try:
            told[name] = _field(name, value)
        except (TypeError, ValueError, RecursionError):
            reason = f"is {shown(value)}, of type {type(value).__name__}; accepted is what JSON can hold"
            raise refusal_of(index, key if isinstance(key, str) else None, name, reason) from None
    return told


def _fields(given: Any) -> dict[Any, Any] | None:
    if type(given) is Document:
        fields = {name: getattr(given, name) for name in FIELDS}
        kept = ("text", "title", "metadata")
        return {name: value for name, value in fields.items() if name in kept or value is not None}
    return dict(given) if isinstance(given, Mapping) else None


def _field(name: str, value: Any) -> Any:
    if name == "vector" and value is not None:
        return vector_as_list(value)
    if name in ("expires", "time") and isinstance(value, datetime.datetime):
        # A missing one of pandas is a datetime that is not equal to itself; one without a zone is refused as text too.
        return value.isoformat() if value == value else None
    return plain(value)


def filter_of(name: str, where: Any) -> Any:
    """A filter as plain values.

    Raises:
        ConfigError: It is none, or holds a value that no metadata can have.
    """
    try:
        if type(where) is not dict or not is_sure_filter(where):
            judge_filter(where)
        return plain(where)
    except TypeError as error:
        raise refusal(name, where, f"values that metadata can have, and not {error}") from None
    except RecursionError:
        # Deeper than any filter, or in itself: a colony looks at the parts in another order, and says what it finds.
        judge_filter(where)
        raise refusal(name, type(where).__name__, "at most 16 levels") from None


def vector_of(value: Any) -> Any:
    """A vector as a list of floats, exactly.

    Raises:
        ConfigError: It is none.
    """
    if value is None:
        return None
    if not is_sure_vector(value):
        judge_vector(value)
    return vector_as_list(value)


def moment_of(value: Any) -> Any:
    """A moment as text; what is none as it is."""
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def now_of(value: Any) -> Any:
    """The `now` of a tick, which is no text for a colony.

    Raises:
        ConfigError: It is no datetime with a time zone.
    """
    if value is not None:
        time_of("now", value)
    return value


def half_life_of(value: Any) -> Any:
    """A half-life, which a question has taken, as text or days."""
    if value is None or isinstance(value, str):
        return value
    return value / datetime.timedelta(days=1) if isinstance(value, datetime.timedelta) else float(value)


def batches(documents: list[Any], first: int, *, is_update: bool = False) -> Iterator[Batch]:
    """Documents cut where they would be too much for one call."""
    batch, size = Batch(first), 0
    for index, given in enumerate(documents, first):
        told = None
        try:
            told = document(given, index, is_update=is_update)
        except InvalidDocument as error:
            batch.refused.append((len(batch.documents), error.id, error.field, error.reason))
        batch.documents.append(told)
        size += _size(told)
        if size >= BYTES_AT_ONCE:
            yield batch
            batch, size = Batch(index + 1), 0
    if batch.documents:
        yield batch


def _size(told: Any) -> int:
    text = told.get("text") if isinstance(told, dict) else told
    vector = told.get("vector") if isinstance(told, dict) else None
    # A character takes at most four bytes, and the number of a vector some twenty.
    return 64 + (len(text) * 2 if isinstance(text, str) else 0) + (20 * len(vector) if isinstance(vector, list) else 0)
