"""What is loaded when it is first asked for: names of a package, and a module that most programs only name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["datetime", "later", "load_all", "module", "pathlib"]


_MODULES: list[_Module] = []
_PARTS: list[Callable[[], object]] = []


class _Module:
    """A module that is loaded with the first of its names. They stay its own: a test may replace them for a while."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._module: Any = None
        _MODULES.append(self)

    def load(self) -> Any:
        if self._module is None:
            self._module = import_module(self._name)
        return self._module

    def __getattr__(self, name: str) -> Any:
        return getattr(self.load(), name)


# Moments and paths are in many signatures and few calls, and each takes as long to load as much of phago.
if TYPE_CHECKING:
    import datetime as datetime
    import pathlib as pathlib
else:
    datetime, pathlib = _Module("datetime"), _Module("pathlib")


def module(name: str) -> Any:
    """A module of phago that is loaded with the first of its names: errors, which few programs meet, and what stands in
    signatures, whose hints must be found at run time.
    """
    return _Module(name)


def load_all() -> None:
    """Load all of them, and the packages that are needed at the end: nothing can be imported any more when the last
    finalisers run.
    """
    for one in _MODULES:
        one.load()
    for load in _PARTS:
        load()


def later(
    package: str, namespace: dict[str, Any], modules: Mapping[str, str], *, at_the_end: bool = False
) -> Callable[[str], object]:
    """The `__getattr__` of a package: each name is in one of its modules, or is that module for the name `""`.

    `load_all` loads all of them where they are needed at the end.
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f".{modules[name] or name}", package)
        found = namespace[name] = getattr(module, name) if modules[name] else module
        return found

    if at_the_end:
        _PARTS.append(lambda: [load(name) for name in modules])
    return load
