"""How a forager behaves, as numbers that it hands on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from .._checks import real, refusal

__all__ = ["Genome"]

STEP = 0.2
"""How far a gene mutates at most, as a share of its range."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Genome:
    """How a forager behaves. Every gene is a number with a range; the defaults are what an agent has without evolution.

    >>> import phago
    >>> phago.Genome(patience=12).mutated([0.5] * 6).patience
    12.0

    Raises:
        ConfigError: For the first gene outside of its range.
    """

    radius: float = 2.0
    """Hops that it looks ahead, rounded; 1 to 4. It sees at most 64 concepts."""
    patience: float = 8.0
    """Ticks in which it finds nothing new before it ends, rounded; 1 to 64."""
    keyword_boost: float = 1.0
    """How much of the signal "prefer" it puts on words that it sees and that were visited before; 0 to 8."""
    exploration: float = 0.1
    """The chance of a step to any neighbour, instead of a walk to what is new; 0 to 1."""
    boundary: float = 0.05
    """The least weight of a synapse that it crosses; 0 to 1."""
    wiring: float = 1.0
    """How much of the signal "prefer" it puts on the far end of its walk, so that documents come first that wire what
    is there; 0 to 8."""

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (1.0, 4.0),
        "patience": (1.0, 64.0),
        "keyword_boost": (0.0, 8.0),
        "exploration": (0.0, 1.0),
        "boundary": (0.0, 1.0),
        "wiring": (0.0, 8.0),
    }

    def __post_init__(self) -> None:
        for name, (low, high) in self.RANGES.items():
            object.__setattr__(self, name, real(name, getattr(self, name), low, high))

    @classmethod
    def of(cls, state: dict[str, Any]) -> Genome:
        """The genome in the state of an agent.

        Raises:
            ConfigError: A gene that is missing or outside of its range.
        """
        genes: dict[str, Any] = {name: state.get(name) for name in cls.RANGES}
        return cls(**genes)

    @classmethod
    def drawn(cls, chances: Sequence[float]) -> Genome:
        """A genome whose genes are even over their ranges, by one chance from 0 to 1 for each."""
        return cls(
            **{
                name: low + chance * (high - low)
                for (name, (low, high)), chance in zip(cls.RANGES.items(), _checked(chances), strict=True)
            }
        )

    @classmethod
    def mean(cls, genomes: Sequence[Genome]) -> Genome | None:
        """The genome of means, gene by gene; `None` for no genomes."""
        if not genomes:
            return None
        # From the first one on, so that the mean of equal ones is that one to the last bit.
        first = genomes[0]
        return cls(
            **{
                name: own + math.fsum(getattr(one, name) - own for one in genomes) / len(genomes)
                for name, own in first.to_dict().items()
            }
        )

    def mutated(self, chances: Sequence[float]) -> Genome:
        """A genome near this one, by one chance from 0 to 1 for each gene.

        A gene moves evenly to either side, by a fifth of its range at most, and by no more than leads to its nearer
        bound. So what it becomes is its parent's value in the mean, and what is seen to drift was selected.
        """
        # Clipping or reflecting at a bound would push genes away from it, and look like selection. The price: a gene
        # at its bound stays there, as must be where the mean is to be the parent's.
        genes = {}
        for (name, (low, high)), chance in zip(self.RANGES.items(), _checked(chances), strict=True):
            value = getattr(self, name)
            reach = min(STEP * (high - low), value - low, high - value)
            # The sum may miss the bound by a last bit.
            genes[name] = min(max(value + reach * (2 * chance - 1), low), high)
        return Genome(**genes)

    def to_dict(self) -> dict[str, float]:
        """The genes by name, as the state of an agent has them."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def chances(random: Callable[[], float]) -> list[float]:
    """One chance for each gene."""
    return [random() for _ in Genome.RANGES]


def _checked(given: Sequence[float]) -> list[float]:
    if len(given) != len(Genome.RANGES):
        raise refusal("chances", f"{len(given)} numbers", f"{len(Genome.RANGES)}: one for each gene")
    return [real("chances", one, 0.0, 1.0) for one in given]
