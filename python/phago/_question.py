"""A question with all that goes with it, as both colonies ask it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from ._checks import count, flag, moment_of, question_of, real, refusal
from ._later import datetime, module
from ._records import dataclass
from ._rows import constants, hit, lexical_hit
from .config import Ranking
from .results import Hits

if TYPE_CHECKING:
    from . import _phago, errors
    from ._embedding import Embedding
    from ._intake import Where
else:
    errors = module("phago.errors")

Extras = tuple[bool | None, list[str], list[str], list[tuple[str, str]]]
"""What goes with a question's text: see `_checks.extras_of`."""

_DAYS = {"s": 1 / 86_400, "min": 1 / 1_440, "h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.25}
_SPAN = r"\s*(\d+(?:\.\d+)?)\s*(s|min|h|d|w|y)\s*"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, checked."""

    text: str
    k: int
    ranking: Ranking | Literal["lexical"] | None
    where: Where | None
    paths: bool
    vector: Any
    span: tuple[int | None, int | None, int | None]
    diverse: float
    extras: Extras | None

    @classmethod
    def of(
        cls,
        text: str,
        k: int,
        ranking: Ranking | Literal["lexical"] | None,
        where: Where | None,
        paths: bool,
        vector: Any,
        as_of: datetime.datetime | str | None,
        since: datetime.datetime | str | None,
        until: datetime.datetime | str | None,
        newer: float | None,
        half_life: datetime.timedelta | str | float | None,
        diverse: float,
        extras: Extras | None,
    ) -> Question:
        """A question of what a caller gave."""
        times = (("as_of", as_of), ("since", since), ("until", until))
        span = tuple(None if value is None else moment_of(name, value) for name, value in times)
        ranking = _newer(ranking, newer, half_life)
        unlike = real("diverse", diverse, 0.0, 1.0)
        if isinstance(ranking, str):
            if unlike:
                raise refusal("diverse", diverse, "0 with a ranking by words alone")
            if vector is not None:
                raise refusal("vector", type(vector).__name__, "None with a ranking by words alone")
        text, k = question_of("text", text), count("k", k, 1)
        return cls(text, k, ranking, where, flag("paths", paths), vector, (span[0], span[1], span[2]), unlike, extras)

    @property
    def is_lexical(self) -> bool:
        return isinstance(self.ranking, str) and self.ranking == "lexical"

    def texts(self, embedding: Embedding | None) -> list[str]:
        """The text that a model is to make a vector of, if one is missing and would count."""
        counts = not self.is_lexical and (self.ranking is None or _weighs_vectors(self.ranking))
        is_missing = embedding is not None and self.vector is None and counts and self.text.strip()
        return [self.text] if is_missing else []

    def call(self, world: _phago.World, made: list[Any]) -> _phago.Call[Any]:
        """Asks, with the vector that was made."""
        if self.is_lexical:
            return world.search(self.text, self.k, self.where, self.span, self.extras)
        vector = made[0] if made else self.vector
        native = constants(self.ranking, or_lexical=True)
        return world.answer(
            self.text, self.k, native, self.where, self.paths, vector, self.span, self.diverse, self.extras
        )

    def explain(self, world: _phago.World, key: str | None, made: list[Any]) -> _phago.Call[Any]:
        """Asks for a score taken apart."""
        vector = made[0] if made else self.vector
        return world.explain(self.text, key, constants(self.ranking), vector, self.span[0], self.extras)

    def hits(self, answered: tuple[list[Any], int]) -> Hits:
        """The answer."""
        rows, pending = answered
        return Hits(tuple(map(lexical_hit if self.is_lexical else hit, rows)), pending)


def explained(
    text: str,
    ranking: Ranking | None,
    vector: Any,
    as_of: datetime.datetime | str | None,
    newer: Any,
    half_life: Any,
    extras: Extras | None,
) -> Question:
    """The question of an explanation, which has no other bounds."""
    if ranking is not None and not isinstance(ranking, Ranking):
        raise refusal("ranking", ranking, "None or a Ranking")
    return Question.of(text, 1, ranking, None, True, vector, as_of, None, None, newer, half_life, 0.0, extras)


def _weighs_vectors(ranking: Any) -> bool:
    return not isinstance(ranking, Ranking) or ranking.similar_weight > 0 or ranking.similar_seed > 0


def _newer(ranking: Any, newer: float | None, half_life: datetime.timedelta | str | float | None) -> Any:
    if newer is None and half_life is None:
        return ranking
    if ranking is not None and not isinstance(ranking, Ranking):
        name, value = ("newer", newer) if newer is not None else ("half_life", half_life)
        raise refusal(name, value, "None with a ranking by words alone")
    changed: dict[str, Any] = {}
    if newer is not None:
        changed["newer_weight"] = real("newer", newer, 0.0, 100.0)
    if half_life is not None:
        changed["half_life_days"] = _days(half_life)
    from dataclasses import replace

    return replace(Ranking() if ranking is None else ranking, **changed)


def _days(half_life: datetime.timedelta | str | float) -> float:
    accepted = 'a timedelta, a number of days, or text such as "12h", "180d" or "2y" (s, min, h, d, w, y)'
    days: Any = half_life
    if isinstance(half_life, datetime.timedelta):
        days = half_life / datetime.timedelta(days=1)
    elif isinstance(half_life, str):
        found = re.fullmatch(_SPAN, half_life)
        if found is None:
            raise refusal("half_life", half_life, accepted)
        days = float(found[1]) * _DAYS[found[2]]
    try:
        return real("half_life", days, 1e-6, 1e9)
    except errors.ConfigError:
        raise refusal("half_life", half_life, f"{accepted}, from 1e-06 to 1e+09 days") from None
