"""Agents one by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..results import Concept
from .actions import Action
from .view import View

__all__ = ["Agent", "columns_of"]

_TYPES: dict[Any, str] = {int: "int", float: "float", bool: "bool", Concept: "concept"}


class Agent:
    """An agent of one's own: a class with a declared state and a `sense`.

    The colony keeps what `state` declares, and nothing else: one instance stands for all agents of a kind, one after
    the other. So an agent goes on in another process, and on any number of shards, threads and nodes the same happens.

    >>> import phago
    >>> class Curator(phago.Agent):
    ...     state = {"energy": int, "home": phago.Concept}
    ...     def sense(self, view):
    ...         self.energy -= 1
    ...         near = view.neighbors(self.home)
    ...         if self.energy <= 0 or not near:
    ...             return [phago.Die()]
    ...         here = max(near, key=lambda node: (node.signal("interest"), node.weight, node.id))
    ...         return [phago.Move(here), phago.Trace("visit")]
    >>> with phago.Colony(shards=2) as colony:
    ...     report = colony.ingest(["Ions cross the membrane.", "The membrane holds the cell."])
    ...     report = colony.run()
    ...     agents = colony.spawn(Curator, count=3, energy=5, home="membrane")
    ...     for _ in range(4):
    ...         result = colony.tick()
    ...     living = len(colony.agents("Curator"))
    ...     result = colony.tick()
    ...     living, len(colony.agents("Curator")), colony.field("visit", of="trace")[0][1] > 1
    (3, 0, True)
    """

    state: ClassVar[dict[str, type]] = {}
    """What is kept of an agent: for each name `int` (64 bits), `float` (finite), `bool` or `phago.Concept` (the id of a
    concept, or None)."""
    kind: ClassVar[str] = ""
    """The name of the kind, under which its agents are kept; by default that of the class."""

    id: str
    """Of the agent, 32 hex digits."""

    def sense(self, view: View) -> Iterable[Action] | None:
        """What the agent does in the next tick, having seen the last committed one. May change the declared state."""
        raise NotImplementedError

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        columns_of(cls.__name__, cls.state)
        if "kind" not in cls.__dict__:
            cls.kind = cls.__name__


def columns_of(kind: str, state: Any) -> list[tuple[str, str]]:
    """The columns that a declared state needs."""
    if not isinstance(state, dict):
        raise TypeError(f"`{kind}.state` is a dictionary of names and types, not {type(state).__name__}")
    columns = []
    for name, of in state.items():
        if (
            not isinstance(name, str)
            or not name.isidentifier()
            or name.startswith("_")
            or name in ("id", "sense", "kind")
        ):
            raise TypeError(
                f"`{kind}.state` has the name {name!r}; accepted is an identifier other than id, sense, kind"
            )
        if of not in _TYPES:
            raise TypeError(f"`{kind}.state[{name!r}]` is {of!r}; accepted is int, float, bool or phago.Concept")
        columns.append((name, _TYPES[of]))
    return columns
