"""The graph of a colony that another process has: a `Graph` over rows that come over the wire."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from .._phago import World
from ..graph import Graph
from .calls import Table

Asked = Callable[..., Any]
"""Does a call, given its name and its arguments by name."""


def remote_graph(asked: Asked) -> Graph:
    """The graph; `nodes` and `edges` bring the whole of it here."""
    world = _World(asked)
    return Graph(lambda: cast(World, world))


class _Answer:
    """What was answered, to whoever waits for it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def wait(self) -> Any:
        return self._value


class _World:
    """What a graph reads, with the names of the native module."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def nodes(self) -> _Answer:
        return _Answer(_Rows(self._asked("graph.nodes")))

    def edges(self) -> _Answer:
        return _Answer(_Rows(self._asked("graph.edges")))

    def node(self, label: str) -> _Answer:
        return _Answer(self._asked("graph.node", label=label))

    def neighbors(self, label: str) -> _Answer:
        edges = self._asked("graph.neighbors", label=label)
        names = ("weight", "co_activations", "created")
        return _Answer(
            [
                SimpleNamespace(
                    label=edge.target, last=edge.last_activated, **{name: getattr(edge, name) for name in names}
                )
                for edge in edges
            ]
        )

    def structure(self) -> _Answer:
        return _Answer(_Structure(self._asked))

    def shortest_path(self, source: str, target: str) -> _Answer:
        return _Answer(self._asked("graph.shortest_path", source=source, target=target))

    def betweenness(self, samples: int, seed: int) -> _Answer:
        found = self._asked("graph.betweenness", samples=samples, seed=seed)
        return _Answer((list(found), list(found.values())))

    def communities(self) -> _Answer:
        return _Answer(self._asked("graph.communities"))

    def significant(self, top: int) -> _Answer:
        pairs = self._asked("graph.significant", top=top)
        return _Answer(
            [
                SimpleNamespace(
                    one=pair.source, other=pair.target, co=pair.co_activations, weight=pair.weight, g2=pair.g2
                )
                for pair in pairs
            ]
        )

    def stats(self) -> _Answer:
        stats = self._asked("stats")
        return _Answer({name: getattr(stats, name) for name in stats.__dataclass_fields__})


class _Structure:
    """Each part is asked for when it is read, as whoever asks wants one of them."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return self._asked(f"graph.{name}")


class _Rows:
    """A table that came over the wire. Columns of numbers are arrays, which have the buffer protocol; others lists."""

    def __init__(self, table: Table) -> None:
        self.tick = table.tick
        self.names = list(table.columns)
        self._columns = table.columns

    def __len__(self) -> int:
        return len(self._columns[self.names[0]])

    def get(self, index: int, /) -> Any:
        return SimpleNamespace(**{name: column[index] for name, column in self._columns.items()})

    def column(self, name: str, /) -> Any:
        values = self._columns[name]
        if not values or isinstance(values[0], str):
            return values
        return array("d" if isinstance(values[0], float) else "q", values)
