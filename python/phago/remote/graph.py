"""The graph of a colony that another process has."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from .._checks import count
from ..graph import Edges, Graph, Nodes
from ..results import Edge, GraphPath, Node, SignificantPair
from .calls import Table

Asked = Callable[..., Any]
"""Does a call, given its name and its arguments by name."""


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


class RemoteGraph(Graph):
    """What a colony associates with what, as `Graph` has it; `nodes` and `edges` bring the whole of it here."""

    __slots__ = ("_asked",)

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    @property
    def nodes(self) -> Nodes:
        """The concepts, as a snapshot of now."""
        return Nodes(_Rows(self._asked("graph.nodes")))

    @property
    def edges(self) -> Edges:
        """The live synapses, as a snapshot of now."""
        return Edges(_Rows(self._asked("graph.edges")))

    def node(self, label: str) -> Node | None:
        """See `Graph.node`."""
        found: Node | None = self._asked("graph.node", label=label)
        return found

    def neighbors(self, label: str) -> tuple[Edge, ...]:
        """See `Graph.neighbors`."""
        found: tuple[Edge, ...] = self._asked("graph.neighbors", label=label)
        return found

    def components(self) -> tuple[tuple[str, ...], ...]:
        """See `Graph.components`."""
        found: tuple[tuple[str, ...], ...] = self._asked("graph.components")
        return found

    def bridges(self) -> tuple[tuple[str, str], ...]:
        """See `Graph.bridges`."""
        found: tuple[tuple[str, str], ...] = self._asked("graph.bridges")
        return found

    def articulation_points(self) -> tuple[str, ...]:
        """See `Graph.articulation_points`."""
        found: tuple[str, ...] = self._asked("graph.articulation_points")
        return found

    def shortest_path(self, source: str, target: str) -> GraphPath | None:
        """See `Graph.shortest_path`."""
        found: GraphPath | None = self._asked("graph.shortest_path", source=source, target=target)
        return found

    def betweenness(self, *, samples: int = 256, seed: int = 0) -> dict[str, float]:
        """See `Graph.betweenness`."""
        samples, seed = count("samples", samples, 1), count("seed", seed, 0, 2**64 - 1)
        found: dict[str, float] = self._asked("graph.betweenness", samples=samples, seed=seed)
        return found

    def communities(self) -> tuple[tuple[str, ...], ...]:
        """See `Graph.communities`."""
        found: tuple[tuple[str, ...], ...] = self._asked("graph.communities")
        return found

    def significant(self, top: int = 200) -> tuple[SignificantPair, ...]:
        """See `Graph.significant`."""
        found: tuple[SignificantPair, ...] = self._asked("graph.significant", top=count("top", top, 1))
        return found

    def __repr__(self) -> str:
        stats = self._asked("stats")
        return f"<graph of {stats.nodes} concepts and {stats.edges} synapses>"
