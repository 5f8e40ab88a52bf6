"""A colony over its ticks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..results import DistributedTickResult, Stats
from .sheet import DPI, FAINT, FONT, GREY, INK, LINE, Type, blank, plain

__all__ = ["growth"]

_Series = tuple[str, Sequence[int]]
_SMALL = Type(size=8, color=GREY)


def growth(ticks: Iterable[Stats | DistributedTickResult]) -> Figure:
    """Documents digested, concepts and synapses over the ticks, one below the other, each with a scale of its own.

    `growth([colony.stats() for _ in colony.ticks()])`

    Args:
        ticks: What `Colony.stats` said after each tick, or the ticks themselves, which know of no documents. The order
            does not matter.

    Raises:
        TypeError: Something else is among them.
    """
    taken = list(ticks)
    for one in taken:
        if not isinstance(one, Stats | DistributedTickResult):
            raise TypeError(f"`ticks` are Stats or DistributedTickResults, not {type(one).__name__}")
    if not taken:
        return blank("Growth", "No tick was made yet.")
    taken.sort(key=lambda one: one.tick)
    stats = [one for one in taken if isinstance(one, Stats)]
    series: list[_Series] = (
        [("documents digested", [one.digested for one in stats])] if len(stats) == len(taken) else []
    )
    series.append(("concepts", [one.nodes if isinstance(one, Stats) else one.total_nodes() for one in taken]))
    series.append(("synapses", [one.edges if isinstance(one, Stats) else one.total_edges() for one in taken]))
    return _panels([one.tick for one in taken], series)


def _panels(ticks: Sequence[int], series: Sequence[_Series]) -> Figure:
    # Inches, from the edges of the page.
    left, right, above, below, panel, gap = 0.95, 1.25, 0.75, 0.75, 1.15, 0.5
    width, height = 7.5, above + below + len(series) * panel + (len(series) - 1) * gap
    with plain():
        figure = Figure((width, height), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        begins = f"tick {ticks[0]:,}" + (f" to {ticks[-1]:,}" if len(ticks) > 1 else "")
        figure.text(
            0.3 / width,
            1 - 0.28 / height,
            f"Growth, {begins}",
            size=13,
            weight="bold",
            va="center",
            family=FONT,
            color=INK,
        )
        for at, (name, values) in enumerate(series):
            bottom = height - above - (at + 1) * panel - at * gap
            axes = figure.add_axes((left / width, bottom / height, (width - left - right) / width, panel / height))
            axes.plot(ticks, values, color=LINE, linewidth=1.8, clip_on=False, solid_capstyle="round")
            axes.fill_between(ticks, values, color=FAINT, alpha=0.35, linewidth=0)
            axes.plot(ticks[-1:], values[-1:], "o", color=LINE, markersize=4.5, clip_on=False)
            axes.set_ylim(0, max(max(values) * 1.05, 1))
            axes.set_xlim(ticks[0] - (len(ticks) == 1), max(ticks[-1], ticks[0] + 1))
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.spines["bottom"].set_color(GREY)
            axes.grid(axis="y", color=FAINT, linewidth=0.5, alpha=0.7)
            axes.set_axisbelow(True)
            # Numbers of ticks stand apart by at least their own width.
            most = (width - left - right) / (2 * _SMALL.width(f"{ticks[-1]:,}"))
            axes.xaxis.set_major_locator(MaxNLocator(max(1, min(8, int(most))), integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _number(value)))
            axes.tick_params(labelsize=_SMALL.size, labelcolor=GREY, color=GREY, length=3, labelfontfamily=FONT)
            axes.tick_params(axis="y", length=0)
            axes.tick_params(axis="x", labelbottom=at == len(series) - 1)
            axes.text(0, 1.1, name, transform=axes.transAxes, size=9.5, weight="bold", color=INK, family=FONT)
            last = axes.annotate(
                _number(values[-1]), (ticks[-1], values[-1]), (8, 0), textcoords="offset points", va="center", size=9.5
            )
            last.set(family=FONT, weight="bold", color=LINE)
        axes.set_xlabel("tick", size=8.5, color=GREY, family=FONT)
    return figure


def _number(value: float) -> str:
    """A number as its place has room for it."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if value >= 10 * size:
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f}"
