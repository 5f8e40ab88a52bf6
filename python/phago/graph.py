"""The graph of concepts, read as snapshots that stay still while the colony goes on."""

from __future__ import annotations

import operator
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, overload

from . import results
from ._checks import count, refusal, text_of
from ._files import written
from ._phago import Column, EdgeRow, NeighborRow, NodeRow, World
from ._rows import node
from ._unpicklable import Unpicklable
from .errors import CoordinatorUnavailable
from .results import Edge, Node
from .results._show import figures, table

__all__ = ["AsyncGraph", "Edges", "Graph", "Nodes"]

_T = TypeVar("_T")

# Rows of a snapshot that a notebook shows.
_SHOWN = 20


class _Table(Protocol):
    @property
    def tick(self) -> int: ...
    @property
    def names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def get(self, index: int, /) -> Any: ...
    def column(self, name: str, /) -> Column: ...


class _Snapshot(Unpicklable, Sequence[_T], Generic[_T]):
    """Rows of one committed tick, each made when it is read: `len` makes none."""

    __slots__ = ("_table",)
    _instead = "pickle a list of its rows, or its columns as arrays, instead"
    _columns: ClassVar[Mapping[str, str]]

    def __init__(self, table: _Table) -> None:
        self._table = table

    @staticmethod
    @abstractmethod
    def _row(row: Any) -> _T: ...

    @property
    def tick(self) -> int:
        """The tick this is a snapshot of."""
        return self._table.tick

    def columns(self) -> dict[str, Column]:
        """The snapshot column by column, without an object for each cell.

        Columns of numbers have the buffer protocol (`memoryview`, `numpy.asarray`); all have `__arrow_c_array__`, so
        that `polars.DataFrame(snapshot.columns())` and Arrow libraries take them as they are. They share the snapshot's
        memory. None can be written to. Of a colony of another process (`connect`) they are what Python itself has, a
        `memoryview` for numbers and a tuple for texts, which polars takes too.
        """
        return {name: self._table.column(native) for name, native in self._columns.items()}

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The snapshot as an Arrow stream, which shares its memory: `pyarrow.table(edges)`; see `to_arrow`."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> Any:
        """The snapshot as a table of Arrow, which shares its memory: `polars.DataFrame(edges.to_arrow())`.

        A snapshot itself is one to pyarrow, duckdb and pandas (`pandas.DataFrame.from_arrow`); polars sees a sequence.

        Raises:
            ImportError: There is no arro3: `pip install "phago[arrow]"`.
        """
        from .export.arrow import table_of

        return table_of(self.columns())

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[_T, ...]: ...
    def __getitem__(self, index: int | slice) -> _T | tuple[_T, ...]:
        if isinstance(index, slice):
            return tuple(self._row(self._table.get(at)) for at in range(*index.indices(len(self))))
        try:
            row = operator.index(index)
        except TypeError:
            raise TypeError(f"`index` is an integer or a slice, not {type(index).__name__}") from None
        at = row + len(self) if row < 0 else row
        if not 0 <= at < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return self._row(self._table.get(at))

    def __iter__(self) -> Iterator[_T]:
        row, get = self._row, self._table.get
        return (row(get(at)) for at in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} {type(self).__name__.lower()} at tick {self.tick}>"

    def _repr_html_(self) -> str:
        rows = ([_cell(getattr(row, name)) for name in self._columns] for row in self[:_SHOWN])
        of = f"the first {_SHOWN} of " if len(self) > _SHOWN else ""
        return table(self._columns, rows, f"{of}{len(self):,} {type(self).__name__.lower()} at tick {self.tick:,}")


class Nodes(_Snapshot[Node]):
    """The concepts of one committed tick, in the order of their ids."""

    __slots__ = ()
    _columns: ClassVar = {name: name for name in ("id", "label", "mentions", "uses", "degree")}

    @staticmethod
    def _row(row: NodeRow) -> Node:
        return node(row)


class Edges(_Snapshot[Edge]):
    """The live synapses of one committed tick, in the order of their ends' ids."""

    __slots__ = ()
    _columns: ClassVar = {
        "source": "source",
        "target": "target",
        "weight": "weight",
        "co_activations": "co_activations",
        "created": "created",
        "last_activated": "last",
    }

    @staticmethod
    def _row(row: EdgeRow) -> Edge:
        return Edge(row.source, row.target, row.weight, row.co_activations, row.created, row.last)

    def triples(self) -> Iterator[tuple[str, str, float]]:
        """(source, target, weight) of every synapse, as graph libraries take it.

        `networkx.DiGraph().add_weighted_edges_from(colony.graph.edges.triples())`
        """
        return zip(*(self._table.column(name) for name in ("source", "target", "weight")), strict=True)

    def by_id(self, nodes: Nodes) -> Iterator[tuple[str, str, float, int, int, int]]:
        """(source id, target id, weight, co-activations, created, last activated) of every synapse.

        The ids are those of `Node.id`. A label may change with the next document, an id never does.

        Args:
            nodes: The concepts of the same tick.
        """
        numbers = [self._table.column(name) for name in ("weight", "co_activations", "created", "last")]
        if "source_id" in self._table.names:
            return zip(self._table.column("source_id"), self._table.column("target_id"), *numbers, strict=True)
        # What another process tells of its graph has labels alone.
        columns = nodes.columns()
        ids = dict(zip(columns["label"], columns["id"], strict=True))
        ends = (map(ids.__getitem__, self._table.column(name)) for name in ("source", "target"))
        return zip(*ends, *numbers, strict=True)


class Graph(Unpicklable):
    """What a colony associates with what. Reading it changes nothing.

    Questions about the whole graph (`components` to `significant`) take it without directions: the weight of a pair is
    the larger of its two synapses. They have the same answer on any number of shards.
    """

    __slots__ = ("_world",)
    _instead = "pickle lists of its nodes and edges instead"

    def __init__(self, world: Callable[[], World]) -> None:
        # Asked at every call, so that a closed colony says so.
        self._world = world

    @property
    def nodes(self) -> Nodes:
        """The concepts, as a snapshot of now."""
        return Nodes(self._world().nodes().wait())

    @property
    def edges(self) -> Edges:
        """The live synapses, as a snapshot of now."""
        return Edges(self._world().edges().wait())

    def node(self, label: str) -> Node | None:
        """The concept of this label, word or stem, or `None` if there is no such concept."""
        found = self._world().node(text_of("label", label)).wait()
        return None if found is None else node(found)

    def neighbors(self, label: str) -> tuple[Edge, ...]:
        """The concept's own synapses, strongest first; empty where there is no such concept.

        A synapse is directed: what `a` keeps of `b` and what `b` keeps of `a` may differ, or one may be missing.
        """
        world, label = self._world(), text_of("label", label)
        return _edges_of(world.node(label).wait(), world.neighbors(label).wait())

    def components(self) -> tuple[tuple[str, ...], ...]:
        """The concepts that hang together, by their labels; the largest component first."""
        found = self._world().structure().wait()
        return _groups(found.components)

    def bridges(self) -> tuple[tuple[str, str], ...]:
        """The pairs without which their ends would be in different components."""
        found = self._world().structure().wait()
        return tuple(found.bridges)

    def articulation_points(self) -> tuple[str, ...]:
        """The concepts without which their neighbours would be in more components than one."""
        found = self._world().structure().wait()
        return tuple(found.articulation_points)

    def shortest_path(self, source: str, target: str) -> results.GraphPath | None:
        """The path of the least sum of 1 / weight; `None` if there is none, or no such concept."""
        found = self._world().shortest_path(text_of("source", source), text_of("target", target)).wait()
        return None if found is None else results.GraphPath(tuple(found.labels), found.cost)

    def betweenness(self, *, samples: int = 256, seed: int = 0) -> dict[str, float]:
        """Between how many pairs of other concepts each lies, by its label (Freeman 1977, Brandes 2001).

        Args:
            samples: From so many concepts paths are counted and scaled to all; exact if there are no more.
            seed: Chooses them, together with their ids; 0 to 2**64 - 1.
        """
        found = self._world().betweenness(count("samples", samples, 1), _seed(seed)).wait()
        return dict(zip(*found, strict=True))

    def communities(self) -> tuple[tuple[str, ...], ...]:
        """A partition of the concepts by Louvain's method, the largest community first.

        All concepts are in one, meaningful or not; `Colony.insights` has what is more than noise.
        """
        found = self._world().communities().wait()
        return _groups(found)

    def significant(self, top: int = 200) -> tuple[results.SignificantPair, ...]:
        """The pairs that are farthest from chance, the strongest first; ties by ids."""
        found = self._world().significant(count("top", top, 1)).wait()
        return tuple(results.SignificantPair(row.one, row.other, row.co, row.weight, row.g2) for row in found)

    def to_html(
        self, path: str | os.PathLike[str], around: str | None = None, *, hops: int = 2, limit: int = 150
    ) -> int:
        """Write the graph as one HTML file that any browser shows, without a network; returns how many concepts it has.

        With `around` these are a concept and those nearest to it; without, the concepts of the pairs that are farthest
        from chance (`significant`). The picture is the same for the same graph. Labels are text in it, whatever they
        are; nothing can run in it but its own script. The file is there whole or not at all.

        Args:
            path: The file, which is replaced if it is there.
            around: A concept, by its label, word or stem.
            hops: How far from it the picture reaches; 1 to 4. Without `around` it means nothing.
            limit: Concepts, at most; 2 to 500. 150 make a file of some 60 KiB.

        Raises:
            ConfigError: There is no such concept, or a number is out of range.
        """
        from .view.around import around as neighborhood
        from .view.atlas import backbone
        from .view.file import page

        most, reach = count("limit", limit, 2, 500), count("hops", hops, 1, 4)
        concept = None if around is None else text_of("around", around)
        # A file that cannot be written says so before the work.
        with written(path) as file:
            if concept is None:
                data = backbone(self, limit=most)
                title, lead = "What belongs together", "The concepts of the pairs that are farthest from chance."
            else:
                found = neighborhood(self, concept, hops=reach, limit=most)
                if found is None:
                    raise refusal("around", around, "a concept of the colony, by its label, word or stem")
                data, title = found, f"Around {found['center']}"
                lead = f"What {found['center']} is wired to, and what is wired to that."
            stats = self._world().stats().wait()
            lead += f" {len(data['nodes']):,} of {stats['nodes']:,} concepts, at tick {stats['tick']:,}."
            file.write(page(data, title, lead))
        return len(data["nodes"])

    def to_graphml(self, path: str | os.PathLike[str]) -> int:
        """Write concepts and synapses as GraphML, which networkx, igraph and Gephi read; returns how many synapses.

        The graph is directed. Concepts are named by their ids and have `label`, `mentions`, `uses` and `degree`;
        synapses have `weight`, `co_activations`, `created` and `last_activated`. It is written row by row. The file is
        there whole or not at all.

        Args:
            path: The file, which is replaced if it is there.
        """
        from .export.graphml import write

        with written(path) as file:
            nodes, edges = self._both()
            write(file, nodes, edges)
        return len(edges)

    def to_networkx(self) -> Any:
        """The graph as a `networkx.DiGraph` of labels, with what `Node` and `Edge` have as attributes.

        Raises:
            ImportError: There is no networkx: `pip install "phago[networkx]"`.
        """
        from .export.libraries import to_networkx

        return to_networkx(*self._both())

    def to_igraph(self) -> Any:
        """The graph as a directed `igraph.Graph`, whose vertices have their label as `name`, and the other attributes.

        Raises:
            ImportError: There is no igraph: `pip install "phago[igraph]"`.
        """
        from .export.libraries import to_igraph

        return to_igraph(*self._both())

    def _both(self) -> tuple[Nodes, Edges]:
        """Nodes and edges of one tick, so that every edge has its ends."""
        while True:
            nodes, edges = self.nodes, self.edges
            if nodes.tick == edges.tick:
                return nodes, edges

    def _repr_html_(self) -> str:
        from .view.notebook import GLANCE

        try:
            stats = self._world().stats().wait()
            named = (("concepts", "nodes"), ("synapses", "edges"))
            told = figures((name, f"{stats[key]:,}") for name, key in named)
            return told + (self.neighborhood_svg() if stats["nodes"] <= GLANCE else "")
        except CoordinatorUnavailable:
            return ""

    def neighborhood_svg(self, label: str | None = None, *, limit: int = 36) -> str:
        """A concept and those nearest to it as an SVG picture for notebooks, without a script.

        Args:
            label: The concept; by default one of most synapses.
            limit: Concepts, at most; 2 to 150.

        Returns:
            The picture; empty where there is no such concept.
        """
        from .view.around import around
        from .view.notebook import svg

        most = count("limit", limit, 2, 150)
        middle = self._middle() if label is None else text_of("label", label)
        found = None if middle is None else around(self, middle, limit=most)
        return "" if found is None else svg(found, label=f"{found['center']} and what it is wired to")

    def _middle(self) -> str | None:
        """Of the concepts of most synapses that of most documents; None where there is none."""
        columns = self.nodes.columns()
        wired = list(zip(columns["degree"], columns["mentions"], strict=True))
        return columns["label"][wired.index(max(wired))] if wired else None

    def __repr__(self) -> str:
        try:
            stats = self._world().stats().wait()
        except CoordinatorUnavailable:
            return "<unavailable graph>"
        return f"<graph of {stats['nodes']} concepts and {stats['edges']} synapses>"


class AsyncGraph(Graph):
    """A graph for event loops: what `Graph` reads at once, its coroutines read off the loop. A cancelled one stops."""

    __slots__ = ()

    async def read_nodes(self) -> Nodes:
        """See `Graph.nodes`."""
        return Nodes(await self._world().nodes().start())

    async def read_edges(self) -> Edges:
        """See `Graph.edges`."""
        return Edges(await self._world().edges().start())

    async def read_node(self, label: str) -> Node | None:
        """See `Graph.node`."""
        found = await self._world().node(text_of("label", label)).start()
        return None if found is None else node(found)

    async def read_neighbors(self, label: str) -> tuple[Edge, ...]:
        """See `Graph.neighbors`."""
        world, label = self._world(), text_of("label", label)
        return _edges_of(await world.node(label).start(), await world.neighbors(label).start())

    async def read_components(self) -> tuple[tuple[str, ...], ...]:
        """See `Graph.components`."""
        found = await self._world().structure().start()
        return _groups(found.components)

    async def read_bridges(self) -> tuple[tuple[str, str], ...]:
        """See `Graph.bridges`."""
        found = await self._world().structure().start()
        return tuple(found.bridges)

    async def read_articulation_points(self) -> tuple[str, ...]:
        """See `Graph.articulation_points`."""
        found = await self._world().structure().start()
        return tuple(found.articulation_points)

    async def read_shortest_path(self, source: str, target: str) -> results.GraphPath | None:
        """See `Graph.shortest_path`."""
        found = await self._world().shortest_path(text_of("source", source), text_of("target", target)).start()
        return None if found is None else results.GraphPath(tuple(found.labels), found.cost)

    async def read_betweenness(self, *, samples: int = 256, seed: int = 0) -> dict[str, float]:
        """See `Graph.betweenness`."""
        found = await self._world().betweenness(count("samples", samples, 1), _seed(seed)).start()
        return dict(zip(*found, strict=True))

    async def read_communities(self) -> tuple[tuple[str, ...], ...]:
        """See `Graph.communities`."""
        found = await self._world().communities().start()
        return _groups(found)

    async def read_significant(self, top: int = 200) -> tuple[results.SignificantPair, ...]:
        """See `Graph.significant`."""
        found = await self._world().significant(count("top", top, 1)).start()
        return tuple(results.SignificantPair(row.one, row.other, row.co, row.weight, row.g2) for row in found)


def _cell(value: str | float) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _groups(groups: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, groups))


def _seed(seed: int) -> int:
    return count("seed", seed, 0, 2**64 - 1)


def _edges_of(found: NodeRow | None, rows: list[NeighborRow] | None) -> tuple[Edge, ...]:
    if found is None or rows is None:
        return ()
    source = found.label
    return tuple(Edge(source, row.label, row.weight, row.co_activations, row.created, row.last) for row in rows)
