"""What a forager achieved."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import count

__all__ = ["Fitness"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitness:
    """What a forager achieved.

    >>> import phago
    >>> fitness = phago.Fitness(novel=4, lasting=2, bridges=1, ticks=3)
    >>> fitness.points, fitness.score
    (9.0, 2.25)

    Raises:
        ConfigError: For the first number below 0.
    """

    novel: int = 0
    """Concepts that it visited and on which no forager had left a trace that still stands."""
    lasting: int = 0
    """Synapses on its walks to them that more than one document made: of weight `LASTING` or more."""
    bridges: int = 0
    """Of these concepts, those that a survey had accepted as a bridge between two clusters."""
    ticks: int = 0
    """Ticks that it lived."""

    def __post_init__(self) -> None:
        for name in ("novel", "lasting", "bridges", "ticks"):
            count(name, getattr(self, name), 0, 2**63 - 1)

    @property
    def points(self) -> float:
        """What offspring is paid with: novel + lasting / 2 + 4 bridges.

        A bridge is rare and is what surveys look for; a lasting synapse is there without the forager.
        """
        return self.novel + self.lasting / 2 + 4.0 * self.bridges

    @property
    def score(self) -> float:
        """What it earned in a tick, points / (ticks + 1): the fittest is not who is oldest."""
        return self.points / (self.ticks + 1)
