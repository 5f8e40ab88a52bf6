"""Settings between Python and the native module, which knows what each accepts."""

from __future__ import annotations

from functools import cache
from typing import Any

from . import _phago
from ._checks import count, flag, one_of, real

# Those of each class, read when it is first used.
_all = cache(_phago.settings)


def check(config: Any, name: str) -> None:
    """Check every setting of a frozen dataclass against the class of this name, and make plain numbers of them."""
    for setting in _all(name):
        value = getattr(config, setting.name)
        low = setting.low if setting.at_least is None else getattr(config, setting.at_least)
        if setting.kind == "int":
            value = count(setting.name, value, int(low), int(setting.high))
        elif setting.kind == "float":
            value = real(setting.name, value, float(low), float(setting.high))
        elif setting.kind == "choice":
            value = one_of(setting.name, value, tuple(setting.choices))
        else:
            value = flag(setting.name, value)
        object.__setattr__(config, setting.name, value)


def as_native(config: Any, name: str) -> dict[str, Any]:
    """The settings of the class of this name as the native module takes them; what a subclass adds is left out."""
    return {setting.name: getattr(config, setting.name) for setting in _all(name)}
