"""The map of a colony: its clusters, how they hang together, and what joins them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure

from ..colony import Colony
from ..results import Cluster, ClusterLink, Map
from .layout import Box, components, packed, parted, placed
from .sheet import GREY, Sheet, Type, blank, block_size, short

__all__ = ["map"]

# What one page can hold and a reader take in.
_CLUSTERS_MAX = 30
# Links of a cluster that are drawn: with all of them, every cluster would be linked to every other.
_STRONGEST = 2
_NAMES_MAX = 3

_LABEL = Type(size=10.5, is_bold=True)
_CONCEPTS = Type(size=8)
_NUMBER = Type(size=7.5, color=GREY)
_BRIDGE = Type(size=8, is_italic=True)
# Inches: from one disc to the next that is linked to it, across and up, and the largest and smallest disc.
_ACROSS, _UP = 2.4, 1.7
_RADIUS, _RADIUS_MIN = 0.42, 0.07

_CAPTION = (
    "Discs: clusters, by their strongest concepts; area: documents. Lines: concepts of both occur together more often "
    "than by chance, thicker for more evidence (G²); of each cluster the {strongest} strongest and the one of its best "
    "bridge; dashed: by bridges alone. In italics: bridges, concepts whose documents are of both clusters."
)


def map(of: Map | Colony) -> Figure:
    """The clusters of a colony as discs, linked where their concepts occur together, with the bridges on the links.

    Shown are the 30 clusters of most documents, and of each the two strongest links and the one of its best bridge. A
    colony without clusters makes a page that says so.

    Args:
        of: What `Colony.map` returned, or a colony, which is asked for it.

    Raises:
        TypeError: It is neither.
    """
    if not isinstance(of, Map | Colony):
        raise TypeError(f"`of` is a Map or a Colony, not {type(of).__name__}")
    found = of if isinstance(of, Map) else of.map()
    count, shown = len(found.clusters), found.clusters[:_CLUSTERS_MAX]
    title = f"{count:,} cluster{'s' * (count != 1)} in {found.documents:,} document{'s' * (found.documents != 1)}"
    if not shown:
        return blank(title, f"Nothing here is more than chance yet (tick {found.tick:,}).")
    links = _drawn(shown, found.links)
    sheet = Sheet(
        f"{title}, tick {found.tick:,}",
        f"The {len(shown)} clusters of most documents. " * (len(shown) < count) + _CAPTION.format(strongest=_STRONGEST),
    )
    discs, names = _laid_out(shown, links)
    strongest = max((link.g2 for link, _ in links), default=0.0) or 1.0
    for (link, (one, other)), name in zip(links, names, strict=True):
        start, end = (discs[at].center for at in (one, other))
        points = [start, end]
        if name is not None:
            # The curve goes through the middle of the names.
            middle = name.x * 2 - (start[0] + end[0]) / 2, name.y * 2 - (start[1] + end[1]) / 2
            points = [start, middle, end]
            sheet.block(name.x, name.y + name.half_height, _names(link))
        sheet.curve(points, 0.8 + 5 * math.sqrt(link.g2 / strongest), dashed=link.pairs == 0)
    for disc in discs:
        disc.draw(sheet)
    return sheet.figure()


class _Disc(Box):
    """A cluster as it is drawn: the disc, and three lines below it."""

    def __init__(self, cluster: Cluster, x: float, y: float, most: int) -> None:
        self.radius = max(_RADIUS_MIN, _RADIUS * math.sqrt(cluster.documents / max(most, 1)))
        others = ", ".join(short(label, 16) for label in cluster.strongest[1:4])
        documents = f"{cluster.documents:,} document{'s' * (cluster.documents != 1)}"
        self.lines = [(short(cluster.label), _LABEL), (others, _CONCEPTS), (documents, _NUMBER)]
        widest, self.below = block_size(self.lines)
        super().__init__(x, y, max(self.radius, widest / 2), self.radius + self.below / 2 + 0.02)

    @property
    def center(self) -> tuple[float, float]:
        return self.x, self.y + self.half_height - self.radius

    def draw(self, sheet: Sheet) -> None:
        sheet.disc(*self.center, self.radius)
        sheet.block(self.x, self.y - self.half_height + self.below, self.lines)


_Drawn = list[tuple[ClusterLink, tuple[int, int]]]


def _drawn(clusters: Sequence[Cluster], links: Sequence[ClusterLink]) -> _Drawn:
    """Each cluster's strongest links and the one with its best bridge, with the places of their ends."""
    place = {cluster.label: at for at, cluster in enumerate(clusters)}
    ends = [(link, tuple(place.get(cluster.label, -1) for cluster in link.clusters)) for link in links]
    there = [(link, (one, other)) for link, (one, other) in ends if min(one, other) >= 0]
    wanted: set[tuple[int, int]] = set()
    for at in range(len(clusters)):
        own = [(link, pair) for link, pair in there if at in pair]
        wanted.update(pair for link, pair in own[:_STRONGEST] if link.pairs)
        bridged = [(link.bridges[0].score, pair) for link, pair in own if link.bridges]
        wanted.update(pair for _, pair in sorted(bridged, reverse=True)[:1])
    return [(link, pair) for link, pair in there if pair in wanted]


def _names(link: ClusterLink) -> list[tuple[str, Type]]:
    """The bridges that stand on a link, one a line."""
    return [(short(bridge.label), _BRIDGE) for bridge in link.bridges[:_NAMES_MAX]]


def _laid_out(clusters: Sequence[Cluster], links: _Drawn) -> tuple[list[_Disc], list[Box | None]]:
    """Discs, and what the names on each link take; what does not hang together is laid out by itself."""
    most = max(cluster.documents for cluster in clusters)
    discs: dict[int, _Disc] = {}
    names: dict[int, Box] = {}
    groups: list[list[Box]] = []
    for members in components(len(clusters), [pair for _, pair in links]):
        own = [(at, pair) for at, (_, pair) in enumerate(links) if pair[0] in members]
        places = placed(len(members), [(members.index(one), members.index(other)) for _, (one, other) in own])
        for at, (x, y) in zip(members, places, strict=True):
            discs[at] = _Disc(clusters[at], x * _ACROSS, y * _UP, most)
        # Discs first, so that names do not push them from where they belong.
        group: list[Box] = [discs[at] for at in members]
        parted(group, 0.16)
        for at, (one, other) in own:
            if lines := _names(links[at][0]):
                (left, low), (right, high) = discs[one].center, discs[other].center
                width, height = block_size(lines)
                names[at] = Box((left + right) / 2, (low + high) / 2, width / 2, height / 2)
                group.append(names[at])
        parted(group, 0.06)
        groups.append(group)
    packed(groups, 0.5)
    return [discs[at] for at in range(len(clusters))], [names.get(at) for at in range(len(links))]
