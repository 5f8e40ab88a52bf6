"""A page on which texts, discs and curves are laid out in inches, and which becomes a figure of the size it takes."""

from __future__ import annotations

import functools
import os
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import matplotlib
from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

__all__ = [
    "FAINT",
    "FILL",
    "FONT",
    "GREY",
    "INK",
    "LINE",
    "PLAIN",
    "Sheet",
    "Type",
    "blank",
    "block_size",
    "plain",
    "save",
    "short",
]

# Apart in lightness, so that a print in grey shows the same.
INK = "#1b1b1b"
LINE = "#33536f"
GREY = "#6b6b6b"
FAINT = "#b4c0cc"
FILL = "#dfe7ef"

FONT = "DejaVu Sans"
"""It comes with matplotlib, so that a text is as wide on every machine."""

DPI = 150
_MARGIN = 0.3
# A band of next to nothing is seen all the same.
_BAND_MIN = 0.008
# A page of words alone is as wide as this; a caption is never broken into a narrower column.
_WIDTH_MIN = 5.0

Point = tuple[float, float]
Align = Literal["left", "center", "right"]


@dataclass(frozen=True)
class Type:
    """How a text is set."""

    size: float = 9.0
    """In points."""
    color: str = INK
    is_bold: bool = False
    is_italic: bool = False

    @property
    def line(self) -> float:
        """The height of a line, in inches."""
        return self.size * 1.35 / 72

    @property
    def font(self) -> FontProperties:
        """The font that matplotlib takes."""
        weight = "bold" if self.is_bold else "normal"
        slant: Literal["italic", "normal"] = "italic" if self.is_italic else "normal"
        return FontProperties(family=[FONT], style=slant, weight=weight, size=self.size)

    def width(self, text: str) -> float:
        """How wide a text is, in inches."""
        return _width(text, self)


PLAIN = Type()
_TITLE = Type(size=13, is_bold=True)
_CAPTION = Type(size=8, color=GREY)


@functools.cache
def _renderer() -> Any:
    # matplotlib gives this class no types.
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]


@functools.lru_cache(10_000)
def _width(text: str, kind: Type) -> float:
    return float(_renderer().get_text_width_height_descent(text, kind.font, ismath=False)[0]) / DPI


def short(text: str, most: int = 24) -> str:
    """A text in one line, cut at so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 3].rstrip()}..."


plain = functools.partial(style.context, "default")
"""A context in which a figure is made: a style that the user has set would change it."""


def block_size(lines: Sequence[tuple[str, Type]]) -> Point:
    """Width and height of centred lines, in inches."""
    return max(kind.width(line) for line, kind in lines), sum(kind.line for _, kind in lines)


@dataclass
class Sheet:
    """What is drawn so far. x goes to the right and y up, also below 0; the page becomes as large as needed."""

    title: str
    caption: str
    _artists: list[Any] = field(default_factory=list)
    _corners: list[Point] = field(default_factory=list)
    _texts: list[tuple[float, float, str, Type, Align]] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, kind: Type = PLAIN, align: Align = "left") -> None:
        """A line of text whose middle line is at y."""
        self._texts.append((x, y, text, kind, align))
        width = kind.width(text)
        left = x - {"left": 0.0, "center": width / 2, "right": width}[align]
        self._corners += [(left, y - kind.line / 2), (left + width, y + kind.line / 2)]

    def block(self, x: float, top: float, lines: Sequence[tuple[str, Type]]) -> None:
        """Centred lines, the first one below `top`. Curves pass behind them and cross no word out."""
        for line, kind in lines:
            width, height = kind.width(line) + 0.04, kind.line
            self._artists.append(Rectangle((x - width / 2, top - height), width, height, fc="white", lw=0, zorder=2))
            self.text(x, top - height / 2, line, kind, "center")
            top -= height

    def disc(self, x: float, y: float, radius: float) -> None:
        """A disc that hides what was drawn before."""
        self._artists.append(Circle((x, y), radius, facecolor=FILL, edgecolor=LINE, linewidth=1.2, zorder=3))
        self._corners += [(x - radius, y - radius), (x + radius, y + radius)]

    def box(self, left: float, bottom: float, width: float, height: float, color: str = FILL) -> None:
        """A box with round corners that hides what was drawn before."""
        shape = f"round,pad=0,rounding_size={min(height, width, 0.16) / 2}"
        self._artists.append(FancyBboxPatch((left, bottom), width, height, shape, fc=color, ec=LINE, lw=1.2, zorder=3))
        self._corners += [(left, bottom), (left + width, bottom + height)]

    def curve(self, points: Sequence[Point], width: float, *, color: str = FAINT, dashed: bool = False) -> None:
        """A line through two points, or a Bezier curve with three or four; its width is in points."""
        step = {2: Path.LINETO, 3: Path.CURVE3, 4: Path.CURVE4}[len(points)]
        codes = [Path.MOVETO, *(step for _ in points[1:])]
        line: Any = (0, (3, 2)) if dashed else "solid"
        patch = PathPatch(Path(list(points), codes), fill=False, edgecolor=color, linewidth=width, linestyle=line)
        patch.set_capstyle("butt")
        patch.set_zorder(1)
        self._artists.append(patch)

    def band(self, start: Point, end: Point, width: float) -> None:
        """A band of a height in inches that leaves one point and arrives at another, level at both."""
        (left, low), (right, high), half = start, end, max(width, _BAND_MIN) / 2
        middle = (left + right) / 2
        outline = [(left, low + half), (middle, low + half), (middle, high + half), (right, high + half)]
        outline += [(right, high - half), (middle, high - half), (middle, low - half), (left, low - half)]
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
        # Where bands cross, both are seen.
        self._artists.append(PathPatch(Path(outline, codes), facecolor=LINE, alpha=0.35, linewidth=0, zorder=1))
        self._corners += [(left, low - half), (left, low + half), (right, high - half), (right, high + half)]

    def figure(self) -> Figure:
        """The page with its title above and its caption below."""
        xs, ys = [x for x, _ in self._corners] or [0.0], [y for _, y in self._corners] or [0.0]
        missing = max(0.0, max(_WIDTH_MIN, _TITLE.width(self.title)) - (max(xs) - min(xs)))
        left, right = min(xs) - missing / 2, max(xs) + missing / 2
        y = max(ys) + 0.15 + _TITLE.line / 2
        top = y + _TITLE.line / 2
        self.text(left, y, self.title, _TITLE)
        y = min(ys) - 0.12
        for line in _wrapped(self.caption, right - left):
            y -= _CAPTION.line
            self.text(left, y, line, _CAPTION)
        bottom = y - _CAPTION.line / 2
        left, right, bottom, top = left - _MARGIN, right + _MARGIN, bottom - _MARGIN, top + _MARGIN
        with plain():
            figure = Figure((right - left, top - bottom), dpi=DPI, facecolor="white")
            FigureCanvasAgg(figure)
            axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), frameon=False)
            axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
            for artist in self._artists:
                axes.add_patch(artist)
            for x, y, text, kind, align in self._texts:
                at = axes.text(x, y, text, ha=align, va="center_baseline", color=kind.color, zorder=5, parse_math=False)
                at.set_fontproperties(kind.font)
        return figure


def _wrapped(text: str, width: float) -> Iterable[str]:
    """Lines of a caption that are no wider than so many inches."""
    letters = int(width / _CAPTION.width("n") * 1.3)
    while any(_CAPTION.width(line) > width for line in textwrap.wrap(text, letters)):
        letters -= 1
    return textwrap.wrap(text, letters)


def blank(title: str, why: str) -> Figure:
    """A page that says why there is nothing to see."""
    return Sheet(title, why).figure()


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure to a file: the same bytes for the same figure.

    Args:
        figure: What a function of `phago.plot` returned.
        path: Its suffix says the format: `.png`, `.svg`, `.pdf`, or what else matplotlib knows.

    Raises:
        ValueError: A format that matplotlib does not know.
        OSError: The file cannot be written.
    """
    # The time and random ids would differ from run to run.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(os.path.splitext(path)[1].lower())
    with matplotlib.rc_context({"svg.hashsalt": "phago", "svg.fonttype": "path"}):
        figure.savefig(path, metadata=metadata)
