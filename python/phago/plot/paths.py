"""How a question reached a document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ..results import Explanation, Hit
from ..results.answers import by_name
from .sheet import GREY, Sheet, Type, blank, short

__all__ = ["path"]

# Steps that a page shows; an explanation may have hundreds.
_CONCEPTS_MAX = 8
_MENTIONS_MAX = 4

_WORD = Type(size=10.5, is_bold=True)
_STEP = Type(size=10)
_POINTS = Type(size=8, color=GREY)
_DOCUMENT = Type(size=11, is_bold=True)
# Sums of floats leave less than this.
_POINTS_MIN = 1e-6
# Words that give less than this share of the score are drawn as one: function words give next to nothing.
_WORD_MIN = 0.02
# Inches: between a column and the next, between rows, beside a text, and the band of a whole score.
_WAY, _GAP, _PAD, _WHOLE = 1.5, 0.16, 0.1, 1.8

_CAPTION = (
    "From left to right: the question's words, what they gave points by, and the document. Bands are as wide as their "
    "points."
)


@dataclass
class _Step:
    """What gives points: the document's own text or title, a concept, or a mention of the title."""

    name: str
    points: float
    words: Sequence[tuple[str, float]] = ()
    y: float = 0.0
    height: float = 0.0


def path(of: Hit | Explanation) -> Figure:
    """The path from a question's words over concepts to a document, with the points that each step gives.

    A hit of a lexical ranking has no concepts. An explanation that found nothing makes a page that says why.

    Args:
        of: A hit of `Colony.query`, or what `Colony.explain` tells of a document.

    Raises:
        TypeError: It is neither.
    """
    if not isinstance(of, Hit | Explanation):
        raise TypeError(f"`of` is a Hit or an Explanation, not {type(of).__name__}")
    title = of.title if isinstance(of, Hit) and of.title else of.id
    if isinstance(of, Explanation) and of.nothing is not None:
        return blank("No path", f"The question finds nothing: {of.nothing}.")
    steps = _steps(of)
    if not steps:
        return blank(
            f"{short(title, 60)}: {of.score:.2f}", "No word of the question, and no concept, leads to this document."
        )
    sheet = Sheet(f"How the question reached {short(title, 60)}", _CAPTION)
    _draw(sheet, steps, of, title)
    return sheet.figure()


def _steps(of: Hit | Explanation) -> list[_Step]:
    """What gives points, in the order in which a score is summed: together they are the score."""
    told = of.path if isinstance(of, Hit) else of
    words = [(share.word, share.points) for share in told.words]
    concepts = [
        _Step(share.label, share.points, [(word.word, word.points) for word in share.words])
        for share in told.concepts[:_CONCEPTS_MAX]
    ]
    mentions = [
        _Step(f"named in {short(share.title or share.seed, 30)}", share.points)
        for share in told.bridges[:_MENTIONS_MAX]
    ]
    own = _Step("its own text", sum(points for _, points in words), words)
    steps = [own, _rest("its title" if words else "its words", of.parts.lexical, [own])]
    steps += [*concepts, _rest("further concepts", of.parts.concepts, concepts)]
    steps += [*mentions, _rest("further mentions", of.parts.bridge, mentions)]
    return [step for step in steps if step.points > _POINTS_MIN]


def _rest(name: str, whole: float, steps: Sequence[_Step]) -> _Step:
    return _Step(name, whole - sum(step.points for step in steps))


def _given(steps: Sequence[_Step]) -> dict[str, float]:
    """What each word gives in all; in the steps, those that give next to nothing become one."""
    given: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        for word, points in step.words:
            given[word] += points
    least = _WORD_MIN * sum(step.points for step in steps)
    minor = {word for word, points in given.items() if points < least}
    others = next(iter(minor)) if len(minor) == 1 else f"{len(minor)} other words"
    named = {word: others if word in minor else word for word in given}
    for step in steps:
        merged: defaultdict[str, float] = defaultdict(float)
        for word, points in step.words:
            merged[named[word]] += points
        step.words = list(merged.items())
    totals: defaultdict[str, float] = defaultdict(float)
    for word, points in given.items():
        totals[named[word]] += points
    return dict(totals)


def _draw(sheet: Sheet, steps: Sequence[_Step], of: Hit | Explanation, title: str) -> None:
    scale, given = _WHOLE / sum(step.points for step in steps), _given(steps)
    first = max(map(_WORD.width, map(short, given)), default=0.0) + _PAD
    widths = (_STEP.width(short(step.name, 44)) + _POINTS.width(f"{step.points:.2f}") for step in steps)
    second = max(widths) + 4 * _PAD
    middle = first + _WAY
    last = middle + second + _WAY
    heights = [max(step.points * scale, _STEP.line + 0.04) for step in steps]
    for step, height, y in zip(steps, heights, _stacked(heights), strict=True):
        step.y, step.height = y, height
    # A word stands as high as what it leads to.
    lead: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        for word, points in step.words:
            lead[word] += step.y * points / given[word]
    words = sorted(given, key=lambda word: -lead[word])
    for step in steps:
        step.words = sorted(step.words, key=lambda share: words.index(share[0]))
    tall = [max(given[word] * scale, _WORD.line) for word in words]
    places = dict(zip(words, _stacked(tall), strict=True))
    _bands(
        sheet,
        places,
        steps,
        {word: points * scale for word, points in given.items()},
        (first, middle, middle + second, last),
    )
    for word in words:
        sheet.text(first - _PAD, places[word], short(word), _WORD, "right")
    for step in steps:
        sheet.box(middle, step.y - step.height / 2, second, step.height)
        sheet.text(middle + _PAD, step.y, short(step.name, 44), _STEP)
        sheet.text(middle + second - _PAD, step.y, f"{step.points:.2f}", _POINTS, "right")
    _document(sheet, last, of, title)


def _stacked(heights: Sequence[float]) -> list[float]:
    """The middles of things that stand one below the other around 0."""
    y = (sum(heights) + _GAP * (len(heights) - 1)) / 2
    middles = []
    for height in heights:
        middles.append(y - height / 2)
        y -= height + _GAP
    return middles


def _bands(
    sheet: Sheet,
    places: dict[str, float],
    steps: Sequence[_Step],
    tall: dict[str, float],
    columns: tuple[float, float, float, float],
) -> None:
    """Bands from words to steps and from steps to the document; at each end they lie one above the other."""
    word_end, step_start, step_end, document = columns
    scale = _WHOLE / sum(step.points for step in steps)
    leaves = {word: place + tall[word] / 2 for word, place in places.items()}
    arrives = _WHOLE / 2
    for step in steps:
        enters = step.y + sum(points for _, points in step.words) * scale / 2
        for word, points in step.words:
            half = points * scale / 2
            sheet.band((word_end, leaves[word] - half), (step_start, enters - half), 2 * half)
            leaves[word] -= 2 * half
            enters -= 2 * half
        width = step.points * scale
        sheet.band((step_end, step.y), (document, arrives - width / 2), width)
        arrives -= width


def _document(sheet: Sheet, left: float, of: Hit | Explanation, title: str) -> None:
    lines = [(short(title, 32), _DOCUMENT), (f"score {of.score:.2f}", _STEP)]
    lines += [(f"{points:.2f} {name}", _POINTS) for name, points in by_name(of.parts) if points]
    width = max(kind.width(line) for line, kind in lines) + 4 * _PAD
    sheet.box(left, -_WHOLE / 2, width, _WHOLE)
    y = sum(kind.line for _, kind in lines) / 2
    for line, kind in lines:
        sheet.text(left + 2 * _PAD, y - kind.line / 2, line, kind)
        y -= kind.line
