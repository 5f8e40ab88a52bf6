"""A concept among those that it occurs with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from .._checks import count, instance, refusal, text_of
from .._mapping import PAIRS_MAX
from ..colony import Colony
from ..results import SignificantPair
from .sheet import GREY, INK, Sheet, Type, short

__all__ = ["neighborhood"]

# Neighbours of each neighbour that are drawn.
_FURTHER = 3
_CENTER = Type(size=12, color="white", is_bold=True)
_NEAR = Type(size=10, is_bold=True)
_FAR = Type(size=9)
_NUMBER = Type(size=7.5, color=GREY)
# Inches: between rows, between a column and the next, beside a text, and what a number adds.
_ROW, _WAY, _PAD, _SPACE = 0.27, 0.75, 0.1, 0.06

_CAPTION = (
    "Concepts that occur together more often than by chance: the {near} that the evidence (G²) is strongest for, and "
    "for each of them its strongest {far} that are not yet here. Thicker lines: more evidence. Numbers: documents that "
    "contain both ends of the line."
)


@dataclass
class _Neighbor:
    label: str
    g2: float
    documents: int
    further: Sequence[_Neighbor] = ()

    @property
    def rows(self) -> int:
        return max(1, len(self.further))


def neighborhood(colony: Colony, label: str, *, k: int = 10) -> Figure:
    """A concept with its strongest neighbours, and their strongest neighbours that are not its own.

    Strong is what is significant, not what weighs much: most synapses weigh the same. Pairs that only one document
    contains are left out where there are others. Read are the 100,000 most significant pairs of the colony, in one
    survey.

    Args:
        colony: The colony, which is asked.
        label: The concept, by its label, word or stem.
        k: Neighbours, at most; 1 to 24. Each comes with up to three of its own.

    Raises:
        ConfigError: There is no such concept, or `k` is out of range.
        TypeError: It is no colony, or the label is no string.
    """
    node = instance("colony", colony, Colony).graph.node(text_of("label", label))
    if node is None:
        raise refusal("label", label, "a concept of the colony, by its label, word or stem")
    near = _around(node.label, colony.graph.significant(PAIRS_MAX), count("k", k, 1, 24))
    documents = f"{node.mentions:,} document{'s' * (node.mentions != 1)}"
    if not near:
        sheet = Sheet(
            f"{short(node.label)}: in {documents}", "It occurs with no other concept more often than by chance."
        )
        _centered(sheet, node.label)
        return sheet.figure()
    sheet = Sheet(f"{short(node.label)}: in {documents}", _CAPTION.format(near=len(near), far=_FURTHER))
    edge = _centered(sheet, node.label)
    strongest = max(one.g2 for one in near)
    right, left = _sides(near)
    for side, members in ((1, right), (-1, left)):
        _draw(sheet, members, side, edge, strongest)
    return sheet.figure()


def _around(label: str, pairs: Sequence[SignificantPair], k: int) -> list[_Neighbor]:
    found: defaultdict[str, list[_Neighbor]] = defaultdict(list)
    for pair in pairs:
        found[pair.source].append(_Neighbor(pair.target, pair.g2, pair.co_activations))
        found[pair.target].append(_Neighbor(pair.source, pair.g2, pair.co_activations))
    near = _likely(found[label])[:k]
    here = {label, *(one.label for one in near)}
    for one in near:
        one.further = [other for other in _likely(found[one.label]) if other.label not in here][:_FURTHER]
        here.update(other.label for other in one.further)
    return near


def _likely(all: list[_Neighbor]) -> list[_Neighbor]:
    """Those of more than one document, where there are such: two rare words of one document are an accident."""
    return [one for one in all if one.documents > 1] or all


def _sides(near: Sequence[_Neighbor]) -> tuple[list[_Neighbor], list[_Neighbor]]:
    """Both sides of about as many rows, the strongest at the top of the right one."""
    right: list[_Neighbor] = []
    left: list[_Neighbor] = []
    for one in near:
        (right if sum(a.rows for a in right) <= sum(a.rows for a in left) else left).append(one)
    return right, left


def _centered(sheet: Sheet, label: str) -> float:
    """Draw the concept itself; returns how far it reaches to each side."""
    text = short(label)
    half, height = _CENTER.width(text) / 2 + 0.15, 0.4
    sheet.box(-half, -height / 2, 2 * half, height, INK)
    sheet.text(0.0, 0.0, text, _CENTER, "center")
    return half


def _draw(sheet: Sheet, members: Sequence[_Neighbor], side: int, edge: float, strongest: float) -> None:
    rows = sum(one.rows for one in members) + 0.5 * max(0, len(members) - 1)
    y = (rows - 1) * _ROW / 2
    inner = edge + _WAY
    widest = max((_width(one, _NEAR) for one in members), default=0.0)
    outer = inner + widest + 2 * _PAD
    for one in members:
        middle = y - (one.rows - 1) * _ROW / 2
        _line(sheet, (side * edge, 0.0), (side * inner, middle), one.g2 / strongest)
        end = _word(sheet, one, _NEAR, side, inner, middle)
        for other in one.further:
            _line(sheet, (side * end, middle), (side * (outer + _WAY), y), other.g2 / strongest, side * outer)
            _word(sheet, other, _FAR, side, outer + _WAY, y)
            y -= _ROW
        y -= _ROW * (0.5 if one.further else 1.5)


def _line(
    sheet: Sheet, start: tuple[float, float], end: tuple[float, float], share: float, straight: float | None = None
) -> None:
    """A curve that is level at both ends, after a straight piece up to `straight`."""
    width = 0.6 + 4.4 * math.sqrt(min(share, 1.0))
    if straight is not None:
        sheet.curve([start, (straight, start[1])], width)
        start = straight, start[1]
    middle = (start[0] + end[0]) / 2
    sheet.curve([start, (middle, start[1]), (middle, end[1]), end], width)


def _width(one: _Neighbor, kind: Type) -> float:
    return kind.width(short(one.label)) + _SPACE + _NUMBER.width(f"{one.documents:,}")


def _word(sheet: Sheet, one: _Neighbor, kind: Type, side: int, x: float, y: float) -> float:
    """Draw a concept and its number outward from x; returns where it ends."""
    parts = [(short(one.label), kind), (f"{one.documents:,}", _NUMBER)]
    at = x + _PAD / 2
    for text, kind in parts:
        sheet.text(side * at, y, text, kind, "left" if side > 0 else "right")
        at += kind.width(text) + _SPACE
    return at - _SPACE + _PAD / 2
