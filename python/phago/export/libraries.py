"""A graph as that of another library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import igraph
    import networkx

    from ..graph import Edges, Nodes

__all__ = ["to_igraph", "to_networkx"]

_EDGE = ("weight", "co_activations", "created", "last_activated")


def to_networkx(nodes: Nodes, edges: Edges) -> networkx.DiGraph[str]:
    """As a directed graph of labels."""
    try:
        import networkx
    except ImportError as error:
        raise ImportError('`to_networkx` needs networkx: pip install "phago[networkx]"') from error
    label = dict(zip(nodes.columns()["id"], nodes.columns()["label"], strict=True))
    graph: networkx.DiGraph[str] = networkx.DiGraph(tick=nodes.tick)
    graph.add_nodes_from(
        (node.label, {"id": node.id, "mentions": node.mentions, "uses": node.uses, "degree": node.degree})
        for node in nodes
    )
    graph.add_edges_from(
        (label[source], label[target], dict(zip(_EDGE, values, strict=True)))
        for source, target, *values in edges.by_id(nodes)
    )
    return graph


def to_igraph(nodes: Nodes, edges: Edges) -> igraph.Graph:
    """As a directed graph whose vertices are in the order of their ids."""
    try:
        import igraph
    except ImportError as error:
        raise ImportError('`to_igraph` needs igraph: pip install "phago[igraph]"') from error
    columns = nodes.columns()
    at = {key: number for number, key in enumerate(columns["id"])}
    vertices: dict[str, list[Any]] = {"name": list(columns["label"])}
    vertices |= {name: list(columns[name]) for name in ("id", "mentions", "uses", "degree")}
    ends = [(at[source], at[target]) for source, target, *_ in edges.by_id(nodes)]
    weighed = edges.columns()
    return igraph.Graph(
        n=len(at),
        edges=ends,
        directed=True,
        graph_attrs={"tick": nodes.tick},
        vertex_attrs=vertices,
        edge_attrs={name: list(weighed[name]) for name in _EDGE},
    )
