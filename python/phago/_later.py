"""Names of a package that load what has them when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["later"]


def later(package: str, namespace: dict[str, Any], modules: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package: each name is in one of its modules, or is that module for the name `""`."""

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f".{modules[name] or name}", package)
        found = namespace[name] = getattr(module, name) if modules[name] else module
        return found

    return load
