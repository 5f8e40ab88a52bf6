"""What a colony answers, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast, overload

from .._later import datetime
from .._pickles import restored
from .._records import dataclass, field
from ..document import Scalar
from ._show import bar, marked, plain, short, table

__all__ = [
    "BridgeShare",
    "Concept",
    "ConceptShare",
    "ContextShare",
    "Explanation",
    "Hit",
    "Hits",
    "Parts",
    "Path",
    "Suggestion",
    "WordShare",
]


# Rows of a table in a notebook; nobody reads more, and `items` has all.
_SHOWN = 50


@dataclass(frozen=True, slots=True, repr=False)
class Parts:
    """The additive parts of a score: their sum, in this order, is the score to the last bit."""

    lexical: float = 0.0
    """From the question's own words, in text and title."""
    concepts: float = 0.0
    """From concepts that the best documents share."""
    bridge: float = 0.0
    """From mentions of the document's title in the best documents."""
    context: float = 0.0
    """From the document's neighbours in its thread."""
    similar: float = 0.0
    """From the vectors of question and document, if both have one."""
    newer: float = 0.0
    """From the document's time, if one asks for newer ones first."""

    def __repr__(self) -> str:
        return f"Parts({', '.join(f'{name}={points!r}' for name, points in by_name(self))})"

    __setstate__ = restored


def by_name(parts: Parts) -> list[tuple[str, float]]:
    """The parts with their names, in their order; without those that one has to ask for and did not."""
    named = [(name, getattr(parts, name)) for name in parts.__match_args__]
    return named[:3] + [(name, points) for name, points in named[3:] if points]


@dataclass(frozen=True, slots=True, repr=False)
class WordShare:
    """What a word of the question gives."""

    word: str
    points: float
    read_as: str | None = None
    """What it was read as, where that gives the points and not the word itself: a known word near one that no document
    has, a synonym, or a word that begins so.
    """

    __setstate__ = restored

    def __repr__(self) -> str:
        read_as = f", read_as={self.read_as!r}" if self.read_as is not None else ""
        return f"WordShare(word={self.word!r}, points={self.points!r}{read_as})"


@dataclass(frozen=True, slots=True)
class ConceptShare:
    """What a concept gives, and why it was lit."""

    label: str
    points: float
    words: tuple[WordShare, ...] = ()
    """The same points by the question's words that found the seeds, most first."""
    seeds: tuple[tuple[str, float], ...] = ()
    """The same points by the seeds (their ids) that lit it, most first. With `Ranking.hop_share`, what is missing came
    straight from the words.
    """


@dataclass(frozen=True, slots=True)
class BridgeShare:
    """What a mention of the document's title gives."""

    seed: str
    """The id of the seed that mentions it."""
    title: str
    """The title of that seed."""
    weight: float
    """Its weight among the seeds."""
    points: float


@dataclass(frozen=True, slots=True)
class ContextShare:
    """What a neighbour in the document's thread gives."""

    id: str
    """The id of the neighbour."""
    points: float


_Steps = tuple[tuple[ConceptShare, ...], tuple[BridgeShare, ...], tuple[WordShare, ...], tuple[ContextShare, ...]]


class _Made:
    """What makes a path that is not yet made."""

    __slots__ = ("_make",)
    _make: Callable[[], _Steps]


@dataclass(frozen=True, slots=True)
class Path(_Made):
    """How a question reached a document: by its words, word -> concept -> document, by title from a seed, and by its
    neighbours.

    It is made when it is read: most paths never are.
    """

    concepts: tuple[ConceptShare, ...] = ()
    """The three concepts that give most, most first, each with its three strongest seeds."""
    bridges: tuple[BridgeShare, ...] = ()
    """The seeds that mention its title, best first."""
    words: tuple[WordShare, ...] = ()
    """The question's words that it has, with what they give to the lexical part, in the order of the question."""
    context: tuple[ContextShare, ...] = ()
    """The neighbours in its thread that carry it, in the order of the thread."""

    __setstate__ = restored

    @classmethod
    def later(cls, make: Callable[[], _Steps]) -> Path:
        """The path that `make` will make."""
        path = cls.__new__(cls)
        object.__setattr__(path, "_make", make)
        return path

    # Python asks here for what is not yet set. Two threads may both make it, and make the same.
    def __getattr__(self, name: str) -> Any:
        if name not in self.__match_args__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
        steps = self._make()
        for part, value in zip(self.__match_args__, steps, strict=True):
            object.__setattr__(self, part, value)
        return steps[self.__match_args__.index(name)]


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """A document's score for a question, taken apart; for any document, found or not."""

    id: str
    """Empty where no document was asked about."""
    score: float
    parts: Parts
    words: tuple[WordShare, ...] = ()
    """Points of the lexical part by the question's words, in the order of the question."""
    unknown: tuple[str, ...] = ()
    """The question's words that no document has, function words aside."""
    title: float = 0.0
    """Points of the lexical part for words of the question in the title."""
    named: float = 0.0
    """Points of the lexical part as the question mentions the whole title."""
    concepts: tuple[ConceptShare, ...] = ()
    """All concepts that give something, most first."""
    bridges: tuple[BridgeShare, ...] = ()
    """The seeds that mention its title, best first."""
    seed: float | None = None
    """The document's weight among the seeds, where it is one."""
    nothing: str | None = None
    """Why the question finds nothing at all; `None` if it finds something."""
    function_words: tuple[str, ...] = ()
    """The question's function words ("the", "of"): each weighs a tenth of its idf and lights up no concept."""
    context: tuple[ContextShare, ...] = ()
    """Points of the context part by the neighbours in its thread, in the order of the thread."""
    speaker: float = 0.0
    """Points of the context part as the question names who says the document ("Ann: ..." in a thread)."""
    read_as: tuple[tuple[str, str], ...] = ()
    """What words were read as, such as `("recieve", "receive")`: of words that no document has the nearest known ones,
    at most five for each; the caller's synonyms; and what `begin*` begins.
    """
    unmet: tuple[str, ...] = ()
    """Operators of the question that the document does not meet, as they were written: it is no hit."""

    __setstate__ = restored

    def to_dict(self) -> dict[str, Any]:
        """All of it as what JSON can hold."""
        return cast("dict[str, Any]", plain(self))

    def __repr__(self) -> str:
        if self.nothing is not None:
            return f"<Explanation: {self.nothing}>"
        parts = ", ".join(f"{name} {points:.2f}" for name, points in by_name(self.parts))
        return f"<Explanation of {short(self.id)}: {self.score:.2f} = {parts}>"

    def _repr_html_(self) -> str:
        rows = [
            ("word", f"{share.word} → {share.read_as}" if share.read_as else share.word, share.points)
            for share in self.words
        ]
        rows += [("title", "", self.title)] * bool(self.title) + [("named", "", self.named)] * bool(self.named)
        rows += [("concept", share.label, share.points) for share in self.concepts]
        rows += [("bridge", share.title, share.points) for share in self.bridges]
        rows += [("context", share.id, share.points) for share in self.context]
        rows += [("speaker", "", self.speaker)] * bool(self.speaker)
        shown = [(kind, what, f"{points:.3f}") for kind, what, points in rows[:_SHOWN]]
        told = table(("part", "from", "points"), shown, self.nothing or f"{self.id}: {self.score:.3f}")
        return told if self.nothing else bar(by_name(self.parts), self.score) + told


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept near a question."""

    id: str
    label: str
    score: float
    neighbors: tuple[tuple[str, float], ...] = ()
    """Labels and weights of what it is associated with, the strongest first."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that begins as asked."""

    word: str
    documents: int
    """How many documents have it, in any form."""


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """A document that answers a query."""

    score: float
    """Only its order has a meaning across queries."""
    id: str
    """The caller's id, or 32 hex digits where none was given."""
    title: str
    text: str
    digested: int | None = None
    """The tick in which the document was digested; `None` while it waits."""
    parts: Parts = field(default_factory=Parts)
    """What the score is the sum of."""
    span: tuple[int, int] = (0, 0)
    """Where the best passage stands: `text[start:end]`."""
    path: Path = field(default_factory=Path)
    """How the question got there. Empty in a lexical ranking."""
    metadata: dict[str, Scalar | list[Scalar]] = field(default_factory=dict, hash=False)
    """The document's, sorted by key."""
    thread: str | None = None
    """The thread that the document stands in."""
    place: int | None = None
    """Its place in that thread."""
    time: datetime.datetime | None = None
    """The moment that it is of, in UTC."""

    __setstate__ = restored

    @property
    def passage(self) -> str:
        """The best passage of the text: sentences, at most 600 characters. Empty in a lexical ranking."""
        return self.text[slice(*self.span)]

    def to_dict(self) -> dict[str, Any]:
        """All of it, and the passage, as what JSON can hold."""
        return {**plain(self), "passage": self.passage}

    def __repr__(self) -> str:
        title = f", title={short(self.title)}" if self.title else ""
        return f"Hit(score={self.score:.4g}, id={short(self.id)}{title}, text={short(self.passage or self.text)})"


@dataclass(frozen=True, slots=True, repr=False)
class Hits(Sequence[Hit]):
    """The answers to a query, best first."""

    items: tuple[Hit, ...] = ()
    pending: int = 0
    """Documents that the colony has taken and not yet digested. They are found by their words all the same."""

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, index: int) -> Hit: ...
    @overload
    def __getitem__(self, index: slice) -> Hits: ...
    def __getitem__(self, index: int | slice) -> Hit | Hits:
        if isinstance(index, slice):
            return Hits(self.items[index], self.pending)
        return self.items[index]

    def to_dict(self) -> dict[str, Any]:
        """All of it as what JSON can hold."""
        return {"items": [hit.to_dict() for hit in self.items], "pending": self.pending}

    def to_json(self, indent: int | None = None) -> str:
        """All of it as JSON."""
        from .._json import json_text

        return json_text(self.to_dict(), ensure_ascii=False, indent=indent)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The hits as an Arrow stream; see `to_arrow`."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> Any:
        """The hits as a table of Arrow, with a column for each part of the score: `polars.DataFrame(hits.to_arrow())`.

        Hits themselves are one to pyarrow, duckdb and pandas (`pandas.DataFrame.from_arrow`); polars sees a sequence.
        Metadata is text, as JSON.

        Raises:
            ImportError: There is no arro3: `pip install "phago[arrow]"`.
        """
        from ..export.arrow import hits_table

        return hits_table(self.items)

    def __repr__(self) -> str:
        first = ", ".join(f"{short(hit.id)} {hit.score:.2f}" for hit in self.items[:3])
        return f"<{len(self)} hits{': ' + first if first else ''}{', ...' if len(self) > 3 else ''}>"

    def _repr_html_(self) -> str:
        shown = self.items[:_SHOWN]
        most = max((hit.score for hit in shown), default=0.0)
        rows = [(f"{hit.score:.3f}", bar(by_name(hit.parts), most), hit.id, hit.title, _passage(hit)) for hit in shown]
        count = f"{len(self.items):,} hit{'s' * (len(self.items) != 1)}"
        more = f", of which the first {_SHOWN} are shown" if len(self.items) > _SHOWN else ""
        pending = f"; {self.pending:,} documents wait to be digested" if self.pending else ""
        return table(("score", "parts", "id", "title", "passage"), rows, count + more + pending)


def _passage(hit: Hit) -> str:
    start, end = hit.span if hit.span[0] < hit.span[1] else (0, 600)
    return marked(hit.text, start, min(end, len(hit.text)))
