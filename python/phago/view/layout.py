"""Where the nodes of a picture stand. No chance and no dependency: the same input gives the same places."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["Place", "rings", "spread"]

Place = tuple[float, float]
_Link = tuple[int, int]

# Pictures are wider than high, and so are words.
_WIDE = 1.3
# After so many steps of stress majorisation nothing moves that an eye would see.
_STEPS = 60
# How many links two nodes are apart that hang together in no way; parts stand beside one another.
_UNLINKED = 2.6


def rings(parents: Sequence[int], order: Sequence[int]) -> list[Place]:
    """A tree around its root, a ring for each step from it; the sector of a node is as wide as its leaves.

    Args:
        parents: Each node's parent, by its number; -1 for the root, which is 0. A parent stands before its children.
        order: The children of the root in the order in which they go round.
    """
    count = len(parents)
    if not count:
        return []
    children: list[list[int]] = [[] for _ in range(count)]
    for node in range(1, count):
        children[parents[node]].append(node)
    children[0] = list(order)
    leaves = [1.0] * count
    for node in range(count - 1, 0, -1):
        # A node alone takes more than a leaf among many, or those with children would crowd it.
        leaves[node] = max(1.5 if parents[node] == 0 else 1.0, sum(leaves[child] for child in children[node]))
    places: list[Place] = [(0.0, 0.0)] * count
    waiting = [(0, -math.pi / 2, 2 * math.pi, 0)]
    while waiting:
        node, begin, width, depth = waiting.pop()
        total = sum(leaves[child] for child in children[node]) or 1.0
        for at, child in enumerate(children[node]):
            share = width * leaves[child] / total
            middle = begin + share / 2
            # Every other one a little farther out, so that their words stand beside one another.
            radius = depth + 1 + (0.16 if at % 2 else -0.04) * (depth > 0)
            places[child] = (_WIDE * radius * math.cos(middle), radius * math.sin(middle))
            waiting.append((child, begin, share, depth + 1))
            begin += share
    return _fitted(places)


def spread(count: int, links: Sequence[_Link]) -> list[Place]:
    """Places whose distances are like the number of links between them (stress majorisation, Gansner and others 2004).

    It takes time in proportion to `count` squared: 200 nodes take about a second.
    """
    if count < 2:
        return [(0.0, 0.0)] * count
    wanted = _steps_between(count, links)
    # Neighbours in the order of a walk through the links begin near one another.
    begin = _walk(count, links)
    places = [(0.0, 0.0)] * count
    for at, node in enumerate(begin):
        turn = 2 * math.pi * at / count
        places[node] = (count / 6 * _WIDE * math.cos(turn), count / 6 * math.sin(turn))
    for _ in range(_STEPS):
        places = [_pulled(node, places, wanted[node]) for node in range(count)]
    return _fitted(_lying(places))


def _pulled(node: int, places: Sequence[Place], wanted: Sequence[float]) -> Place:
    x, y = places[node]
    sum_x = sum_y = total = 0.0
    for other, (far_x, far_y) in enumerate(places):
        if other == node:
            continue
        steps = wanted[other]
        strength = 1.0 / (steps * steps)
        way_x, way_y = x - far_x, y - far_y
        pull = steps / (math.sqrt(way_x * way_x + way_y * way_y) or 1e-9)
        sum_x += strength * (far_x + way_x * pull)
        sum_y += strength * (far_y + way_y * pull)
        total += strength
    return sum_x / total, sum_y / total


def _neighbors(count: int, links: Sequence[_Link]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for one, other in links:
        found[one].append(other)
        found[other].append(one)
    return found


def _steps_between(count: int, links: Sequence[_Link]) -> list[list[float]]:
    neighbors = _neighbors(count, links)
    table = []
    for start in range(count):
        steps = [0.0] * count
        seen, ring, far = {start}, [start], 0
        while ring:
            far += 1
            following = []
            for other in (other for node in ring for other in neighbors[node]):
                if other not in seen:
                    seen.add(other)
                    following.append(other)
                    steps[other] = float(far)
            ring = following
        table.append([step or _UNLINKED for step in steps])
    return table


def _walk(count: int, links: Sequence[_Link]) -> list[int]:
    neighbors, seen, walked = _neighbors(count, links), set[int](), list[int]()
    for start in range(count):
        waiting = [start]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                walked.append(node)
                waiting += reversed(neighbors[node])
    return walked


def _lying(places: Sequence[Place]) -> list[Place]:
    """Turned so that the longer way lies flat."""
    mean_x, mean_y = (sum(values) / len(places) for values in zip(*places, strict=True))
    middle = [(x - mean_x, y - mean_y) for x, y in places]
    across = sum(x * y for x, y in middle)
    turn = 0.5 * math.atan2(2 * across, sum(x * x - y * y for x, y in middle))
    cos, sin = math.cos(turn), math.sin(turn)
    return [(x * cos + y * sin, y * cos - x * sin) for x, y in middle]


def _fitted(places: Sequence[Place]) -> list[Place]:
    """Within -1 to 1 both ways, and short numbers: the last bits of a place are of no use to anybody."""
    reach_x = max((abs(x) for x, _ in places), default=0.0) or 1.0
    reach_y = max((abs(y) for _, y in places), default=0.0) or 1.0
    return [(round(x / reach_x, 4), round(y / reach_y, 4)) for x, y in places]
