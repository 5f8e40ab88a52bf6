"""What values of other types stand for, in metadata and in filters.

The native module asks for what is not a str, int, float, bool, list, tuple or None already. Who asks gets one of these
back, or the value itself for what stands for none of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

from ._later import datetime


@cache
def _epoch(kind: type[datetime.datetime]) -> tuple[datetime.datetime, datetime.timedelta]:
    """The moment from which time is counted, and a microsecond. Tests replace the class of moments for a while."""
    return kind(1970, 1, 1, tzinfo=datetime.UTC), datetime.timedelta(microseconds=1)


def scalar(value: Any) -> Any:
    """A single value.

    A date is text in ISO 8601, a datetime with six digits of a second, one with a time zone in UTC: text of one form is
    in the order of time. One that is not of the years 1 to 9999 there stands for none, and neither does a duration. A
    UUID and a path are their text, a scalar of numpy is that of Python, and what pandas has for a missing value is
    None.
    """
    if isinstance(value, datetime.datetime):
        return _moment(value) if _is_moment(value) else None
    if isinstance(value, datetime.date):
        return value.isoformat()
    # Where nobody has imported it, no value is one; it takes longer to import than most of phago.
    uuid = sys.modules.get("uuid")
    if uuid is not None and isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else value
    kind = type(value)
    if kind.__name__ == "NAType" and kind.__module__.startswith("pandas."):
        return None
    if getattr(value, "shape", None) == () and hasattr(value, "dtype") and hasattr(value, "item"):
        return _of_numpy(value)
    return value


def microseconds(value: Any) -> int | None:
    """The time since 1970 of a datetime with a time zone, or of its text in ISO 8601; `None` for any other value."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return None
    if not _is_moment(value) or value.utcoffset() is None:
        return None
    epoch, microsecond = _epoch(datetime.datetime)
    try:
        since: int = (value - epoch) // microsecond
    except (OverflowError, ValueError):
        # A Timestamp of pandas may be of a year that is no number of microseconds: it is as far as one can be.
        since = 2**63 - 1 if value.year > 0 else -(2**63)
    return since


def lacks_zone(value: Any) -> bool:
    """Whether a value would be a moment if it had a time zone: a datetime, or text of one, or of a date."""
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value)
        except ValueError:
            return False
    return _is_moment(value) and value.utcoffset() is None


def moment(time: int) -> datetime.datetime:
    """The datetime in UTC of a time since 1970 in microseconds."""
    epoch, microsecond = _epoch(datetime.datetime)
    return epoch + time * microsecond


def sequence(value: Any) -> Any:
    """Several values, in an order: a sequence, or an array of one dimension."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        return value
    if isinstance(value, Sequence):
        return list(value)
    # numpy, pandas; polars and Arrow give no dimension, and a list of Python's objects.
    if getattr(value, "ndim", None) == 1 and hasattr(value, "dtype"):
        return list(value)
    for method in ("to_list", "to_pylist"):
        if hasattr(value, method) and hasattr(value, "__len__"):
            return list(getattr(value, method)())
    return value


def _is_moment(value: Any) -> bool:
    # pandas.NaT is a datetime that is not equal to itself, and raises where others have an offset.
    return isinstance(value, datetime.datetime) and bool(value == value)


def _moment(value: datetime.datetime) -> Any:
    """The text of a moment; the moment itself, as what stands for none, if Python has none of its year in UTC."""
    moment = value
    if value.tzinfo is not None:
        try:
            # Without an offset it has no zone; `astimezone` would take it for one of this machine.
            if value.utcoffset() is not None:
                moment = value.astimezone(datetime.UTC)
        except OverflowError:
            return value
    # A Timestamp of pandas may be of any year, and has another one for what reads it as Python's.
    if not datetime.MINYEAR <= moment.year <= datetime.MAXYEAR:
        return value
    # A Timestamp of pandas writes nanoseconds where it has any.
    return datetime.datetime.isoformat(moment, timespec="microseconds")


def _of_numpy(value: Any) -> Any:
    if value.dtype.kind == "M":
        return _of_numpy_moment(value)
    # What lasts is no number: in some units numpy would give a timedelta, in others an int.
    plain = value if value.dtype.kind == "m" else value.item()
    return plain if isinstance(plain, str | int | float | bool) else value


def _of_numpy_moment(value: Any) -> Any:
    # Python has no date for an int. There may be no microseconds for it either, and numpy wraps them around without a
    # word; but there are for units that are finer.
    if isinstance(value.item(), int) and not value.dtype.name.endswith(("[ns]", "[ps]", "[fs]", "[as]")):
        return value
    # As Python has it, to the microsecond: an item of nanoseconds would be a bare number.
    moment = value.astype("datetime64[us]").item()
    if moment is None:
        return None
    return _moment(moment) if isinstance(moment, datetime.datetime) else value
