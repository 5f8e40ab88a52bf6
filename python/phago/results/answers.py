"""What a colony answers, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from ..document import Scalar

__all__ = ["BridgeShare", "Concept", "ConceptShare", "Explanation", "Hit", "Hits", "Parts", "Path", "WordShare"]


@dataclass(frozen=True, slots=True)
class Parts:
    """The additive parts of a score: `lexical + concepts + bridge`, in this order, is the score to the last bit."""

    lexical: float = 0.0
    """From the question's own words, in text and title."""
    concepts: float = 0.0
    """From concepts that the best documents share."""
    bridge: float = 0.0
    """From mentions of the document's title in the best documents."""


@dataclass(frozen=True, slots=True)
class WordShare:
    """What a word of the question gives."""

    word: str
    points: float


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


_Steps = tuple[tuple[ConceptShare, ...], tuple[BridgeShare, ...], tuple[WordShare, ...]]


class Path:
    """How a question reached a document: by its words, word -> concept -> document, and by title from a seed.

    It is made when it is read: most paths never are.
    """

    __slots__ = ("_make", "_steps")
    __match_args__ = ("concepts", "bridges", "words")
    _make: Callable[[], _Steps]

    def __init__(
        self,
        concepts: tuple[ConceptShare, ...] = (),
        bridges: tuple[BridgeShare, ...] = (),
        words: tuple[WordShare, ...] = (),
    ) -> None:
        self._steps: _Steps | None = (concepts, bridges, words)

    @classmethod
    def later(cls, make: Callable[[], _Steps]) -> Path:
        """The path that `make` will make."""
        path = cls.__new__(cls)
        path._make = make
        path._steps = None
        return path

    def _read(self) -> _Steps:
        # Two threads may both make it, and make the same.
        steps = self._steps
        if steps is None:
            steps = self._steps = self._make()
        return steps

    @property
    def concepts(self) -> tuple[ConceptShare, ...]:
        """The three concepts that give most, most first, each with its three strongest seeds."""
        return self._read()[0]

    @property
    def bridges(self) -> tuple[BridgeShare, ...]:
        """The seeds that mention its title, best first."""
        return self._read()[1]

    @property
    def words(self) -> tuple[WordShare, ...]:
        """The question's words that it has, with what they give to the lexical part, in the order of the question."""
        return self._read()[2]

    def __eq__(self, other: object) -> bool:
        return self._read() == other._read() if isinstance(other, Path) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._read())

    def __repr__(self) -> str:
        return f"Path(concepts={self.concepts!r}, bridges={self.bridges!r}, words={self.words!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Path, self._read()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A document's score for a question, taken apart; for any document, found or not."""

    id: str
    """Empty where no document was asked about."""
    score: float
    parts: Parts
    words: tuple[WordShare, ...] = ()
    """Points of the lexical part by the question's words, in the order of the question."""
    unknown: tuple[str, ...] = ()
    """The question's words that no document has."""
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
    """Why the question finds nothing at all; `None` where it finds something."""


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept near a question."""

    id: str
    label: str
    score: float
    neighbors: tuple[tuple[str, float], ...] = ()
    """Labels and weights of what it is associated with, the strongest first."""


@dataclass(frozen=True, slots=True)
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

    @property
    def passage(self) -> str:
        """The best passage of the text: sentences, at most 600 characters. Empty in a lexical ranking."""
        return self.text[slice(*self.span)]


@dataclass(frozen=True, slots=True)
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
