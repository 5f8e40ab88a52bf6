"""Pictures for notebooks: SVG without a script, in the notebook's own colours."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Any

__all__ = ["GLANCE", "curve", "svg"]

GLANCE = 50_000
"""What shows itself unasked looks for the middle of its picture among so many concepts at most, which take a tenth of a
second.
"""

_WIDTH, _HEIGHT = 640, 400
_ACCENT = "#2a9487"
_FONT = "system-ui,sans-serif"
_LONGEST = 22


def svg(data: dict[str, Any], *, label: str) -> str:
    """A picture as `around`, `backbone` and `atlas` make it. A word stands where there is room, or is a tooltip."""
    nodes, links = data["nodes"], data["links"]
    places = [
        (_WIDTH / 2 + node["x"] * (_WIDTH / 2 - 90), _HEIGHT / 2 + node["y"] * (_HEIGHT / 2 - 28)) for node in nodes
    ]
    strongest = max((link["strength"] for link in links), default=0.0) or 1.0
    most = max((node["documents"] for node in nodes), default=0) or 1
    largest = 24.0 if data["kind"] == "map" else 9.0
    lines = []
    for link in links:
        (x1, y1), (x2, y2) = (places[end] for end in link["ends"])
        wide = 0.6 + 3 * math.sqrt(link["strength"] / strongest)
        lines.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{wide:.2f}"/>')
    radii = [
        8.0
        if data["kind"] == "around" and at == 0
        else max(2.5, largest * math.sqrt(node["documents"] / most) * (0.7 if node.get("hop", 1) > 1 else 1.0))
        for at, node in enumerate(nodes)
    ]
    taken = [(x - radius, y - radius, x + radius, y + radius) for (x, y), radius in zip(places, radii, strict=True)]
    discs, words = [], []
    for at, (node, (x, y), radius) in enumerate(zip(nodes, places, radii, strict=True)):
        text = html.escape(node["label"])
        is_middle = data["kind"] == "around" and at == 0
        discs.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill-opacity="{1 if is_middle else 0.25}">'
            f"<title>{text}: {node['documents']:,} documents</title></circle>"
        )
        size = 15 if is_middle else 11 if node.get("hop", 1) > 1 else 13
        if spot := _spot(node["label"], x, y, radius, size, taken, at):
            shown = html.escape(node["label"][:_LONGEST])
            weight = ' font-weight="600"' if is_middle else ""
            where = f'x="{spot[0]:.1f}" y="{spot[1]:.1f}" text-anchor="{spot[2]}"'
            words.append(f'<text {where} font-size="{size}"{weight}>{shown}</text>')
    return (
        f'<svg role="img" aria-label="{html.escape(label)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'style="width:100%;max-width:{_WIDTH}px;height:auto;display:block" font-family="{_FONT}">'
        f'<g stroke="currentColor" stroke-opacity="0.22">{"".join(lines)}</g>'
        f'<g fill="{_ACCENT}" stroke="{_ACCENT}">{"".join(discs)}</g>'
        f'<g fill="currentColor">{"".join(words)}</g></svg>'
    )


_Box = tuple[float, float, float, float]


def _spot(
    label: str, x: float, y: float, radius: float, size: int, taken: list[_Box], own: int
) -> tuple[float, float, str] | None:
    """Where the word of a disc has room: beside it, below or above."""
    wide, high = 0.58 * size * min(len(label), _LONGEST), size * 0.62
    beside = [(x + radius + 3, y, "start"), (x - radius - 3, y, "end")]
    if x < _WIDTH / 2:
        beside.reverse()
    for at_x, at_y, anchor in (*beside, (x, y + radius + high + 1, "middle"), (x, y - radius - high - 1, "middle")):
        left = at_x - {"start": 0.0, "end": wide, "middle": wide / 2}[anchor]
        box = (left, at_y - high, left + wide, at_y + high)
        is_free = all(
            other == own or box[2] <= one[0] or one[2] <= box[0] or box[3] <= one[1] or one[3] <= box[1]
            for other, one in enumerate(taken)
        )
        if left >= 0 and left + wide <= _WIDTH and box[1] >= 0 and box[3] <= _HEIGHT and is_free:
            taken.append(box)
            return at_x, at_y + size * 0.35, anchor
    return None


def curve(rows: Sequence[tuple[int, int]], *, label: str) -> str:
    """How a number grew: (tick, number), in the order of ticks. Nothing for fewer than two."""
    if len(rows) < 2:
        return ""
    (first, _), (last, value) = rows[0], rows[-1]
    top = max(number for _, number in rows) or 1
    points = " ".join(
        f"{240 * (tick - first) / max(1, last - first):.1f},{44 - 40 * number / top:.1f}" for tick, number in rows
    )
    return (
        f'<svg role="img" aria-label="{html.escape(label)}" viewBox="0 -2 240 50" '
        'style="width:240px;max-width:100%;height:50px;display:block">'
        f'<line x1="0" x2="240" y1="46" y2="46" stroke="currentColor" stroke-opacity="0.25"/>'
        f'<polyline points="{points}" fill="none" stroke="{_ACCENT}" stroke-width="2"/></svg>'
        f'<small style="opacity:.7">{html.escape(label)}: {value:,} at tick {last:,}</small>'
    )
