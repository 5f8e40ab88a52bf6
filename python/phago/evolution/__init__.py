"""Foragers whose genomes evolve, and how a colony does with them."""

from .driver import EvolutionResult, evolve
from .fitness import Fitness
from .forager import Cause, Forager, Heredity
from .genome import Genome
from .policy import SpawnPolicy

__all__ = ["Cause", "EvolutionResult", "Fitness", "Forager", "Genome", "Heredity", "SpawnPolicy", "evolve"]
