"""Settings between Python and the native module, which knows what each accepts."""

from __future__ import annotations

import math
from typing import Any

from . import _phago
from .errors import ConfigError

_ALL = {name: _phago.settings(name) for name in ("ColonyConfig", "DistributedConfig", "Ranking", "RunnerConfig")}


def check(config: Any, name: str) -> None:
    """Check every setting of a frozen dataclass against the class of this name, and make plain numbers of them."""
    for setting in _ALL[name]:
        value = getattr(config, setting.name)
        low = setting.low if setting.at_least is None else getattr(config, setting.at_least)
        object.__setattr__(config, setting.name, _CHECKS[setting.kind](setting.name, value, low, setting.high))


def as_native(config: Any, name: str) -> dict[str, bool | int | float]:
    """The settings of the class of this name as the native module takes them."""
    return {setting.name: getattr(config, setting.name) for setting in _ALL[name]}


def _refuse(field: str, value: Any, accepted: str) -> ConfigError:
    return ConfigError(f"`{field}` is {value!r}; accepted is {accepted}", field=field, value=value, accepted=accepted)


def _integer(field: str, value: Any, low: int, high: int) -> int:
    accepted = f"an integer from {low} to {high}"
    # A bool is an int to Python and a mistake to a reader: `num_shards=True` is refused.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _refuse(field, value, accepted)
    number = int(value.__index__())
    if not low <= number <= high:
        raise _refuse(field, value, accepted)
    return number


def _real(field: str, value: Any, low: float, high: float) -> float:
    accepted = f"a number from {low:g} to {high:g}"
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise _refuse(field, value, accepted)
    number = float(value)
    if math.isnan(number) or not low <= number <= high:
        raise _refuse(field, value, accepted)
    return number


def _flag(field: str, value: Any, low: bool, high: bool) -> bool:
    if not isinstance(value, bool):
        raise _refuse(field, value, "True or False")
    return value


_CHECKS: dict[str, Any] = {"int": _integer, "float": _real, "bool": _flag}
