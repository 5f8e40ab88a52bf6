"""Where the discs of a map stand: linked ones near each other, none on another; the same for the same input."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Link", "components", "packed", "parted", "placed"]

Link = tuple[int, int]
_Places = NDArray[np.float64]

# Each start ends elsewhere; the one whose lines cross least is taken.
_STARTS = 12
_STEPS = 120


@dataclass
class Box:
    """A rectangle that keeps others off, by its centre and half its sides, in inches."""

    x: float
    y: float
    half_width: float
    half_height: float


def components(count: int, links: Sequence[Link]) -> list[list[int]]:
    """What hangs together, the most first, then by its first."""
    of = list(range(count))
    for one, other in links:
        joined, gone = sorted((of[one], of[other]))
        of = [joined if number == gone else number for number in of]
    found = [[at for at in range(count) if of[at] == number] for number in sorted(set(of))]
    return sorted(found, key=len, reverse=True)


def placed(count: int, links: Sequence[Link]) -> list[tuple[float, float]]:
    """Positions of what hangs together, whose distances are like the number of links between them, in units of a link
    (stress majorisation, Gansner and others 2004).
    """
    if count < 2:
        return [(0.0, 0.0)] * count
    wanted = _steps_between(count, links)
    strength = wanted**-2.0
    np.fill_diagonal(strength, 0.0)
    chance = random.Random(count)
    found: list[tuple[int, float, int, _Places]] = []
    for start in range(_STARTS):
        order = list(range(count))
        if start:
            chance.shuffle(order)
        turns = [2 * math.pi * order.index(at) / count for at in range(count)]
        places = np.array([(math.cos(turn), math.sin(turn)) for turn in turns]) * count / 4
        for _ in range(_STEPS):
            places = _nearer(places, wanted, strength)
        stress = float((strength * (_apart(places)[1] - wanted) ** 2).sum())
        found.append((_crossings(places, links), stress, start, places))
    best = min(found, key=lambda one: one[:3])[3]
    return [(float(x), float(y)) for x, y in _lying(best)]


def _steps_between(count: int, links: Sequence[Link]) -> _Places:
    steps = np.full((count, count), np.inf)
    for one, other in links:
        steps[one, other] = steps[other, one] = 1.0
    np.fill_diagonal(steps, 0.0)
    for through in range(count):
        steps = np.minimum(steps, steps[:, through, None] + steps[None, through, :])
    np.fill_diagonal(steps, 1.0)
    return steps


def _apart(places: _Places) -> tuple[_Places, _Places]:
    """Between each two places the way and the distance."""
    way = places[:, None, :] - places[None, :, :]
    return way, np.maximum(np.sqrt((way**2).sum(axis=2)), 1e-9)


def _nearer(places: _Places, wanted: _Places, strength: _Places) -> _Places:
    way, distance = _apart(places)
    pull = places[None, :, :] + way * (wanted / distance)[:, :, None]
    moved: _Places = (strength[:, :, None] * pull).sum(axis=1) / strength.sum(axis=1)[:, None]
    return moved


def _crossings(places: _Places, links: Sequence[Link]) -> int:
    points: list[list[float]] = places.tolist()

    def side(one: int, other: int, third: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = points[one], points[other], points[third]
        return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)

    return sum(
        side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
        for at, (a, b) in enumerate(links)
        for c, d in links[:at]
        if len({a, b, c, d}) == 4
    )


def _lying(places: _Places) -> _Places:
    """Turned so that the longer way lies flat: pages and words are wider than high."""
    middle = places - places.mean(axis=0)
    x, y = middle[:, 0], middle[:, 1]
    turn = 0.5 * math.atan2(2 * float((x * y).sum()), float((x**2 - y**2).sum()))
    cos, sin = math.cos(turn), math.sin(turn)
    return np.stack([x * cos + y * sin, y * cos - x * sin], axis=1)


def parted(boxes: Sequence[Box], gap: float) -> None:
    """Move boxes until there is a gap between each two; it ends, as what does not help is followed by more room."""
    for stretched in range(200):
        for _ in range(60):
            moved = [_pushed(one, other, gap) for at, one in enumerate(boxes) for other in boxes[:at]]
            if not any(moved):
                return
        # All of them farther from the middle, by a step that grows.
        for box in boxes:
            box.x *= 1.02 + stretched / 100
            box.y *= 1.02 + stretched / 100


def _pushed(one: Box, other: Box, gap: float) -> bool:
    dx, dy = one.x - other.x, one.y - other.y
    over_x = one.half_width + other.half_width + gap - abs(dx)
    over_y = one.half_height + other.half_height + gap - abs(dy)
    if over_x <= 1e-6 or over_y <= 1e-6:
        return False
    if over_x < over_y:
        step = math.copysign(over_x / 2 + 1e-4, dx or 1.0)
        one.x, other.x = one.x + step, other.x - step
    else:
        step = math.copysign(over_y / 2 + 1e-4, dy or 1.0)
        one.y, other.y = one.y + step, other.y - step
    return True


def packed(groups: Sequence[Sequence[Box]], gap: float) -> None:
    """Move groups of boxes, each as a whole, into rows below one another, on a page that is wider than high."""
    corners = [_corners(group) for group in groups]
    sizes = [(right - left + gap, top - bottom + gap) for left, bottom, right, top in corners]
    widest = max(width for width, _ in sizes)
    wide = max(widest, math.sqrt(1.6 * sum(width * height for width, height in sizes)))
    x, y, deep = 0.0, 0.0, 0.0
    for group, (left, _, _, top), (width, height) in zip(groups, corners, sizes, strict=True):
        if x > 0 and x + width > wide:
            x, y, deep = 0.0, y - deep, 0.0
        for box in group:
            box.x, box.y = box.x - left + x, box.y - top + y
        x, deep = x + width, max(deep, height)


def _corners(boxes: Sequence[Box]) -> tuple[float, float, float, float]:
    return (
        min(box.x - box.half_width for box in boxes),
        min(box.y - box.half_height for box in boxes),
        max(box.x + box.half_width for box in boxes),
        max(box.y + box.half_height for box in boxes),
    )
