"""Arguments, checked: a check raises ConfigError or TypeError that names the argument, and nothing else."""

from __future__ import annotations

import itertools
import math
import os
import reprlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ._later import module, pathlib
from ._values import lacks_zone, microseconds

# Most programs are refused nothing, and do without thirty classes.
if TYPE_CHECKING:
    from . import errors
else:
    errors = module("phago.errors")

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Exception)

QUERY_BYTES_MAX = 64 * 1024
"""The longest question, in bytes of UTF-8."""

MARK_BYTES_MAX = 64
"""The longest name of a signal or trace, in bytes of UTF-8."""

AMOUNT_MAX = 65_536
"""The most that a signal or trace has on a concept."""

SYNONYMS_MAX = 1024
"""The most synonyms of a question, and the most operators that are looked at before they are refused."""

MOMENT = "a datetime with a time zone, or its text in ISO 8601, such as 2020-01-01T00:00+00:00"
"""What is accepted as a moment."""

# As much of a value as an error needs to be understood by.
_shown = reprlib.Repr()
_shown.maxstring = _shown.maxother = _shown.maxlong = 200
_shown.maxlist = _shown.maxtuple = _shown.maxset = _shown.maxdict = 20


# Of Python itself, whatever it was asked: there is no memory, or no stack, left.
_NOT_OF_A_VALUE = (MemoryError, RecursionError)


def shown(value: Any) -> str:
    """A value as an error shows it: not too long, and there for every value."""
    try:
        return _shown.repr(value)
    except _own_errors(value, ValueError):
        # An integer beyond the digits that Python writes, or a value whose own code fails.
        return f"a value of type {type(value).__name__} that cannot be shown"


def _own_errors(value: Any, plain: type[Exception]) -> type[Exception]:
    """What a value may raise when it is asked.

    Of the plain types of Python that is one error: any other one is of the handler of a signal that came meanwhile, and
    must not be taken for the value's.
    """
    return plain if type(value) in (int, float, bool, str, bytes, type(None)) else Exception


def refusal(name: str, value: Any, accepted: str, hint: str = "") -> errors.ConfigError:
    """The error for an argument outside of what is accepted."""
    message = f"`{name}` is {shown(value)}; accepted is {accepted}{f'; {hint}' if hint else ''}"
    return errors.ConfigError(message, field=name, value=value, accepted=accepted)


def about(name: str, error: _E) -> _E:
    """One of Python's own errors, with the argument that it is about, as it is told to who asks over HTTP."""
    vars(error)["field"] = name
    return error


def count(name: str, value: Any, low: int, high: int = 2**31 - 1, hint: str = "") -> int:
    """An argument that counts something."""
    accepted = f"an integer from {low} to {high}"
    # A bool is an int to Python and a mistake to a reader: `shards=True` is refused.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise refusal(name, value, accepted, hint)
    number: int = value
    # What a signal handler raises must not be taken for an error of the value, so an int is not asked.
    if type(value) is not int:
        try:
            number = int(value.__index__())
        except _NOT_OF_A_VALUE:
            raise
        except Exception as error:
            raise refusal(name, value, accepted, hint) from error
    if not low <= number <= high:
        raise refusal(name, value, accepted, hint)
    return number


def real(name: str, value: Any, low: float, high: float) -> float:
    """An argument that is a number, perhaps with a fraction."""
    accepted = f"a number from {low:g} to {high:g}"
    # An array of one number can be turned into it, and is a mistake all the same.
    is_array = getattr(value, "ndim", 0) != 0
    if isinstance(value, bool | str | bytes) or is_array or not hasattr(value, "__float__"):
        raise refusal(name, value, accepted)
    try:
        number = float(value)
    except _NOT_OF_A_VALUE:
        raise
    except _own_errors(value, OverflowError) as error:
        raise refusal(name, value, accepted) from error
    if math.isnan(number) or not low <= number <= high:
        raise refusal(name, value, accepted)
    # There is one zero: -0.0 is equal to it and other bytes, so a digest would tell them apart.
    return number + 0.0


def mark_of(value: Any) -> str:
    """The `name` of a signal or trace."""
    name = text_of("name", value)
    if not 0 < len(name.encode()) <= MARK_BYTES_MAX:
        raise refusal("name", value, f"a name of 1 to {MARK_BYTES_MAX} bytes")
    return name


def amount_of(value: Any) -> float:
    """The `amount` of a signal or trace."""
    accepted = f"above 0, and at most {AMOUNT_MAX}"
    try:
        number = real("amount", value, 0.0, AMOUNT_MAX)
    except errors.ConfigError as error:
        raise refusal("amount", value, accepted) from error.__cause__
    if number == 0:
        raise refusal("amount", value, accepted)
    return number


def flag(name: str, value: Any) -> bool:
    """An argument that is True or False."""
    if not isinstance(value, bool):
        raise refusal(name, value, "True or False")
    return value


def one_of(name: str, value: Any, accepted: tuple[str, ...]) -> str:
    """An argument that is one of a few words."""
    if not isinstance(value, str) or value not in accepted:
        raise refusal(name, value, " or ".join(f'"{word}"' for word in accepted))
    return value


def instance(name: str, value: Any, kind: type[_T]) -> _T:
    """An argument that is an instance of a class."""
    if not isinstance(value, kind):
        raise about(name, TypeError(f"`{name}` is a {kind.__name__}, not {type(value).__name__}"))
    return value


def text_of(name: str, value: Any) -> str:
    """An argument that is text which can be written as UTF-8."""
    if not isinstance(value, str):
        raise about(name, TypeError(f"`{name}` is a string, not {type(value).__name__}"))
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            accepted = "text that UTF-8 can encode"
            message = f"`{name}` has a lone surrogate at index {error.start}; accepted is {accepted}"
            raise about(name, ValueError(message)) from None
    return value


def extras_of(
    operators: bool | None,
    required: str | Iterable[str],
    excluded: str | Iterable[str],
    synonyms: Mapping[str, str | Iterable[str]] | None,
) -> tuple[bool | None, list[str], list[str], list[tuple[str, str]]] | None:
    """What a question is asked with beside its text; `None` where it is the text alone."""
    if operators is not None and not isinstance(operators, bool):
        raise about("operators", TypeError(f"`operators` is a bool or None, not {type(operators).__name__}"))
    pairs: list[tuple[str, str]] = []
    if synonyms is not None:
        if not isinstance(synonyms, Mapping):
            message = f"`synonyms` is a mapping of words to words, not {type(synonyms).__name__}"
            raise about("synonyms", TypeError(message))
        for word, others in synonyms.items():
            if not text_of("synonyms", word).strip() or len(word.split()) > 1:
                raise refusal("synonyms", word, "for each word one or more others")
            found = texts_of("synonyms", others)
            if not found or not all(other.strip() for other in found):
                raise refusal("synonyms", f"{others!r} for {word!r}", "for each word one or more others")
            pairs += [(word, other) for other in found]
        if len(pairs) > SYNONYMS_MAX:
            raise refusal("synonyms", len(pairs), f"at most {SYNONYMS_MAX} pairs")
    # By their type: an array compares its items.
    if operators is None and not pairs and type(required) is type(excluded) is tuple and not (required or excluded):
        return None
    return operators, texts_of("required", required), texts_of("excluded", excluded), pairs


def beginning_of(name: str, value: Any) -> str:
    """An argument that is the beginning of a word."""
    text = question_of(name, value).strip()
    if not any(map(str.isalnum, text)) or len(text.split()) > 1:
        raise refusal(name, value, "the beginning of one word")
    return text


def texts_of(name: str, value: Any) -> list[str]:
    """An argument that is a string or several."""
    if isinstance(value, str):
        return [question_of(name, value)]
    # The keys of a mapping are hardly what is meant.
    if isinstance(value, bytes | Mapping) or not isinstance(value, Iterable):
        raise about(name, TypeError(f"`{name}` is a string or several, not {type(value).__name__}"))
    found = list(itertools.islice(value, SYNONYMS_MAX + 1))
    return [question_of(name, one) for one in found]


def directory_of(name: str, value: Any) -> pathlib.Path:
    """An argument that is the path of a directory: absolute, so that the process may change its own."""
    try:
        path = os.fsdecode(value)
    except TypeError:
        raise about(name, TypeError(f"`{name}` is a path, not {type(value).__name__}")) from None
    if not path or "\0" in path:
        raise refusal(name, value, "the path of a directory")
    try:
        found = pathlib.Path(path).absolute()
        # Whatever it leads through may be gone later, and the directory still there.
        return pathlib.Path(os.path.realpath(found)) if ".." in found.parts else found
    except FileNotFoundError as error:
        # The working directory was deleted.
        raise refusal(name, value, "an absolute path, as there is no working directory any more") from error


def time_of(name: str, value: Any) -> int:
    """An argument that is a time, in microseconds since 1970 in UTC."""
    accepted = "a datetime with a time zone, such as `datetime.now(UTC)`"
    return _moment(name, None if isinstance(value, str) else value, value, accepted)


def moment_of(name: str, value: Any) -> int:
    """An argument that is a moment, in microseconds since 1970 in UTC; its text in ISO 8601 will do."""
    return _moment(name, value, value, MOMENT)


def _moment(name: str, read: Any, value: Any, accepted: str) -> int:
    try:
        time = microseconds(read)
        missing = ", which has no time zone" if time is None and lacks_zone(value) else ""
    except _NOT_OF_A_VALUE:
        raise
    except _own_errors(value, ValueError) as error:
        # Its time zone is of the caller's own code.
        raise refusal(name, value, accepted) from error
    if time is None:
        message = f"`{name}` is {shown(value)}{missing}; accepted is {accepted}"
        raise errors.ConfigError(message, field=name, value=value, accepted=accepted)
    return time


def question_of(name: str, value: Any) -> str:
    """An argument that is a question."""
    text = text_of(name, value)
    # A character takes at most four bytes, so most questions are never encoded to be measured.
    if len(text) > QUERY_BYTES_MAX // 4:
        size = len(text.encode())
        if size > QUERY_BYTES_MAX:
            what = f"`{name}`, the bytes of a question,"
            raise errors.LimitError(
                f"{what} is limited to {QUERY_BYTES_MAX}, and this has {size}",
                what=what,
                limit=QUERY_BYTES_MAX,
                value=size,
            )
    return text
