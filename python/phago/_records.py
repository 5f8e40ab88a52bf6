"""`dataclass` and `field` of the standard library, whose methods are made when they are first used.

The library writes the source of five methods for each class and compiles it as the class is made, and imports what
reads source before: 50 of the 65 ms that a program's first `phago.Colony` took to load, of which its first answer needs
ten kinds and compares none. Here a class has its fields and slots at once. Its first object is made without an
`__init__`, as many a kind has no second one; that is compiled for the next, in the library's words. Everything else,
`fields`, `replace` and `asdict` too, is the library's own work, when something first asks for it.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field"]

# To type checkers they are the library's, and its users' classes are known to them to the last field.
if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:

    def field(**given: Any) -> _Field:
        """What `dataclasses.field` takes."""
        return _Field(given)

    def dataclass(**given: bool) -> Any:
        """What `dataclasses.dataclass` takes, of classes with slots and a text of their own."""
        given.pop("slots")
        return lambda draft: _made(draft, given)


class _Field:
    """The words of a field that are more than a default."""

    __slots__ = ("given",)

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given


class _Factory:
    """Stands in a signature for the default that a factory makes, as the library shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


class _Plan:
    """What a class was declared with: types and defaults of all fields, what its decorator was given, and where."""

    __slots__ = ("defaults", "given", "is_met", "scope", "types")

    def __init__(
        self, types: dict[str, Any], defaults: dict[str, Any], given: dict[str, bool], scope: dict[str, Any]
    ) -> None:
        self.types, self.defaults, self.given, self.scope = types, defaults, given, scope
        self.is_met = False
        """Whether an object was made."""

    def whole(self, kind: type) -> dict[str, Any]:
        """All that the library makes of such a class."""
        import dataclasses

        body = {
            name: dataclasses.field(**value.given) if isinstance(value, _Field) else value
            for name, value in self.defaults.items()
        }
        names = {"__annotations__": self.types, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
        # The text is only there so that the library does not make one.
        twin: Any = dataclasses.dataclass(**self.given)(type(kind.__name__, (), {**body, **names, "__doc__": ""}))
        return dict(vars(twin))

    def first(self, kind: Any, one: object, /, *given: Any, **named: Any) -> None:
        """Make the first object, as the `__init__` of the class would."""
        values = dict(zip([] if self.given.get("kw_only") else self.types, given, strict=False))
        fits = len(values) == len(given) and not values.keys() & named.keys()
        values |= named
        for name, default in self.defaults.items():
            if name not in values:
                words = default.given if isinstance(default, _Field) else {"default": default}
                values[name] = words["default_factory"]() if "default_factory" in words else words["default"]
        if not fits or values.keys() != self.types.keys():
            # It has the words for what is wrong.
            kind.__init__(one, *given, **named)
            return
        for name in self.types:
            getattr(kind, name).__set__(one, values[name])
        if hasattr(kind, "__post_init__"):
            one.__post_init__()  # type: ignore[attr-defined]

    def constructor(self, kind: type) -> Any:
        """The `__init__` of such a class."""
        known: dict[str, Any] = {"_FACTORY": _FACTORY}
        head, body = ["self", *["*"] * self.given.get("kw_only", False)], []
        for name in self.types:
            known[f"_set_{name}"] = getattr(kind, name).__set__
            told, value = name, name
            if name in self.defaults:
                default = self.defaults[name]
                words = default.given if isinstance(default, _Field) else {"default": default}
                told = f"{name}=_of_{name}"
                if "default_factory" in words:
                    known[f"_new_{name}"] = words["default_factory"]
                    value = f"_new_{name}() if {name} is _FACTORY else {name}"
                known[f"_of_{name}"] = words.get("default", _FACTORY)
            head.append(told)
            body.append(f"  _set_{name}(self, {value})")
        if hasattr(kind, "__post_init__"):
            body.append("  self.__post_init__()")
        lines = [f"def make({', '.join(known)}):", f" def __init__({', '.join(head)}):", *(body or ["  pass"])]
        made: dict[str, Any] = {}
        # Where the class was written its types have their meaning.
        exec("\n".join([*lines, " return __init__"]), self.scope, made)
        init = made["make"](**known)
        init.__qualname__, init.__module__ = f"{kind.__qualname__}.__init__", kind.__module__
        init.__annotations__ = {**self.types, "return": None}
        return init


class _Later:
    """An attribute of a class that is made, and takes this one's place, when it is first read."""

    __slots__ = ("name", "owner", "plan")

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, one: object, kind: type | None = None) -> Any:
        # Two threads may both make it, and make the same.
        if self.name == "__init__":
            # `inspect` passes the class for an object.
            if isinstance(one, self.owner) and not self.plan.is_met:
                self.plan.is_met = True
                return partial(self.plan.first, self.owner, one)
            setattr(self.owner, self.name, self.plan.constructor(self.owner))
        else:
            whole = self.plan.whole(self.owner)
            for name, value in list(vars(self.owner).items()):
                if isinstance(value, _Later) and name != "__init__":
                    setattr(self.owner, name, whole[name])
        made = vars(self.owner)[self.name]
        return made.__get__(one, kind) if hasattr(made, "__get__") else made


def _made(draft: type, given: dict[str, bool]) -> type:
    """The class that a draft declares."""
    types: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for base in draft.__mro__[-1:0:-1]:
        declared = vars(base).get("_plan")
        if isinstance(declared, _Plan):
            types |= declared.types
            defaults |= declared.defaults
    inherited = frozenset(types)
    body = dict(vars(draft))
    own = draft.__annotations__
    types |= own
    defaults |= {name: body.pop(name) for name in own if name in body}
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)

    # Kept, as modules are gone by their names before the last finaliser makes its first object.
    plan = _Plan(types, defaults, given, vars(sys.modules[draft.__module__]))
    body["_plan"] = plan
    body["__slots__"] = tuple(name for name in own if name not in inherited)
    body["__match_args__"] = () if given.get("kw_only") else tuple(types)
    later = ["__init__", "__eq__", "__dataclass_fields__", "__dataclass_params__"]
    if given.get("repr", True):
        later.append("__repr__")
    if sys.version_info >= (3, 13):
        later.append("__replace__")
    if given.get("frozen"):
        later.append("__hash__")
        body.setdefault("__getstate__", _state)
        body.setdefault("__setstate__", _set_state)
    elif "__eq__" not in body:
        body["__hash__"] = None
    for name in later:
        body.setdefault(name, _Later(plan))
    kind = type(draft)(draft.__name__, draft.__bases__, body)
    kind.__qualname__ = draft.__qualname__
    if given.get("frozen"):
        _freeze(kind, frozenset(types))
    return kind


def _freeze(kind: Any, names: frozenset[str]) -> None:
    # A class below that is no dataclass may have attributes of its own.
    def set_one(self: Any, name: str, value: object) -> None:
        if type(self) is kind or name in names:
            raise _frozen(f"cannot assign to field {name!r}")
        super(kind, self).__setattr__(name, value)

    def delete_one(self: Any, name: str) -> None:
        if type(self) is kind or name in names:
            raise _frozen(f"cannot delete field {name!r}")
        super(kind, self).__delattr__(name)

    kind.__setattr__, kind.__delattr__ = set_one, delete_one


def _frozen(what: str) -> AttributeError:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(what)


# Frozen slots cannot be set as pickle does it.
def _state(self: Any) -> list[object]:
    from dataclasses import fields

    return [getattr(self, field.name) for field in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    from dataclasses import fields

    for field, value in zip(fields(self), state, strict=False):
        object.__setattr__(self, field.name, value)
