"""The graph of a colony that another process has: a `Graph` over rows that come over the wire."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from .._phago import World
from ..graph import AsyncGraph, Graph
from ..results import Edge, SignificantPair
from .calls import Table

_TEXTS = ("id", "label", "stem", "source", "target", "source_id", "target_id")

Asked = Callable[..., Any]
"""Does a call, given its name and its arguments by name."""


def remote_graph(asked: Asked) -> Graph:
    """The graph; `nodes` and `edges` bring the whole of it here."""
    world = _World(asked)
    return Graph(lambda: cast(World, world))


def remote_async_graph(asked: Asked) -> AsyncGraph:
    """The twin for event loops."""
    world = _World(asked)
    return AsyncGraph(lambda: cast(World, world))


class _Answer:
    """What will be answered to whoever waits for it, as a call of the native module is."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask

    def wait(self) -> Any:
        return self._ask()

    async def start(self) -> Any:
        # It brings logging, which a program without a loop does not need.
        import asyncio

        return await asyncio.to_thread(self._ask)


class _World:
    """What a graph reads, with the names of the native module."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def nodes(self) -> _Answer:
        return _Answer(lambda: _Rows(self._asked("graph.nodes")))

    def edges(self) -> _Answer:
        return _Answer(lambda: _Rows(self._asked("graph.edges")))

    def node(self, label: str) -> _Answer:
        return _Answer(lambda: self._asked("graph.node", label=label))

    def neighbors(self, label: str) -> _Answer:
        return _Answer(lambda: list(map(_neighbor, self._asked("graph.neighbors", label=label))))

    def structure(self) -> _Answer:
        # Each part is asked for by itself, as whoever asks wants one of them.
        return _Answer(lambda: _Structure(self._asked))

    def shortest_path(self, source: str, target: str) -> _Answer:
        return _Answer(lambda: self._asked("graph.shortest_path", source=source, target=target))

    def betweenness(self, samples: int, seed: int) -> _Answer:
        def ask() -> tuple[list[str], list[float]]:
            found = self._asked("graph.betweenness", samples=samples, seed=seed)
            return list(found), list(found.values())

        return _Answer(ask)

    def communities(self) -> _Answer:
        return _Answer(lambda: self._asked("graph.communities"))

    def significant(self, top: int) -> _Answer:
        return _Answer(lambda: list(map(_pair, self._asked("graph.significant", top=top))))

    def stats(self) -> _Answer:
        return _Answer(lambda: dataclasses.asdict(self._asked("stats")))


def _neighbor(edge: Edge) -> Any:
    last = edge.last_activated
    return SimpleNamespace(
        label=edge.target, weight=edge.weight, co_activations=edge.co_activations, created=edge.created, last=last
    )


def _pair(pair: SignificantPair) -> Any:
    return SimpleNamespace(one=pair.source, other=pair.target, co=pair.co_activations, weight=pair.weight, g2=pair.g2)


class _Structure:
    """The structure of the graph, each part of which is asked for when it is read."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return self._asked(f"graph.{name}")


class _Rows:
    """A table that came over the wire. Its columns cannot be written to, as those of a table that is here."""

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
        if name in _TEXTS:
            return tuple(values)
        return memoryview(array("d" if name == "weight" else "q", values)).toreadonly()
