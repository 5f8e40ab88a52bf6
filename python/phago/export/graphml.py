"""A graph as GraphML, row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TextIO
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from ..graph import Edges, Nodes

__all__ = ["write"]

_NODE = {"label": "string", "mentions": "long", "uses": "long", "degree": "long"}
_EDGE = {"weight": "double", "co_activations": "long", "created": "long", "last_activated": "long"}
# XML 1.0 has no way to write these, not even escaped; a word may have them.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(file: TextIO, nodes: Nodes, edges: Edges) -> None:
    """Write all of it; an edge names its ends by their ids."""
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation='
        '"http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">\n'
    )
    for kind, names in (("node", _NODE), ("edge", _EDGE)):
        for name, typed in names.items():
            file.write(f'<key id="{name}" for="{kind}" attr.name="{name}" attr.type="{typed}"/>\n')
    file.write('<graph edgedefault="directed">\n')
    columns = nodes.columns()
    for key, label, *numbers in zip(*(columns[name] for name in ("id", *_NODE)), strict=True):
        named = escape(_UNWRITABLE.sub("\ufffd", label))
        rest = "".join(_data(name, number) for name, number in zip(list(_NODE)[1:], numbers, strict=True))
        file.write(f'<node id="{key}"><data key="label">{named}</data>{rest}</node>\n')
    for source, target, *values in edges.by_id(nodes):
        data = "".join(_data(name, value) for name, value in zip(_EDGE, values, strict=True))
        file.write(f'<edge source="{source}" target="{target}">{data}</edge>\n')
    file.write("</graph>\n</graphml>\n")


def _data(name: str, value: float) -> str:
    return f'<data key="{name}">{value!r}</data>'
