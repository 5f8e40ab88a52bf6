"""How many foragers there are, and with which genomes new ones begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from .._checks import count, one_of, refusal
from .fitness import Fitness
from .genome import Genome, chances

__all__ = ["SpawnPolicy"]

FORAGERS_MAX = 4_096
"""Foragers that a policy may keep: each looks at up to 64 concepts in a tick, in Python."""
SOURCES = ("fittest", "random", "default")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpawnPolicy:
    """How many foragers `evolve` keeps, and which genomes those have that replace the dead.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    least: int = 8
    """Foragers that there are from the first digested document on: the dead beyond it are replaced before the next
    tick; 1 to 4,096."""
    most: int = 32
    """Foragers beyond which none is born; `least` to 4,096. With 0 for both there are none."""
    source: Literal["fittest", "random", "default"] | None = None
    """What a forager that `evolve` spawns begins with: a mutated genome of the living one of the best
    `Fitness.score`, a genome drawn evenly over all ranges, or the default one. With None it is what the mode of
    `evolve` says."""

    def __post_init__(self) -> None:
        count("least", self.least, 0, FORAGERS_MAX)
        count("most", self.most, 0, FORAGERS_MAX)
        if self.most < self.least:
            raise refusal("most", self.most, f"{self.least} or more, which is `least`")
        if self.source is not None:
            one_of("source", self.source, SOURCES)

    def missing(self, living: int) -> int:
        """How many foragers to spawn where so many live."""
        return max(0, self.least - living)

    @staticmethod
    def genome(source: str, living: Sequence[tuple[Fitness, Genome]], random: Callable[[], float]) -> Genome:
        """The genome of a forager that is spawned.

        Args:
            source: As the field.
            living: The living foragers, the oldest first; of equal ones the older one is the fittest.
            random: Gives chance from 0 to 1.
        """
        if source == "random":
            return Genome.drawn(chances(random))
        if source == "default" or not living:
            return Genome()
        _, fittest = max(living, key=lambda one: one[0].score)
        return fittest.mutated(chances(random))
