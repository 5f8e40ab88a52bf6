"""A stream of documents, digested tick by tick while foragers ask for what comes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count as numbers
from typing import Any, Literal

from .. import _phago
from .._checks import count, instance, one_of, refusal
from .._intake import DocumentLike
from ..colony import Colony
from .fitness import Fitness
from .forager import BRIDGE, Cause, Forager, Heredity, fitness_of, genome_of
from .genome import Genome
from .policy import SpawnPolicy

__all__ = ["EvolutionResult", "evolve"]

MODES: dict[str, tuple[str, Heredity]] = {
    "default": ("default", Heredity.COPIED),
    "evolved": ("fittest", Heredity.MUTATED),
    "random": ("random", Heredity.DRAWN),
}
"""Modes with what their foragers begin with and what they inherit. In all of them foragers are born, so that modes
differ in genomes and in nothing else."""
SURVEY_TICKS = 8
"""Ticks from survey to survey: one costs as much as many ticks do."""
_NOBODY = "0" * 32


@dataclass(frozen=True, slots=True)
class EvolutionResult:
    """What a colony reached while foragers asked for documents."""

    mode: str
    ticks: int
    digested: int
    """Documents digested in these ticks."""
    characters: int
    """What these have of text, as far as they stand. Signals favour documents of many words: they have more of those
    that were asked for."""
    concepts: int
    """Concepts of the graph at the end."""
    topics: int | None
    """Different topics of the digested documents, if topics were given."""
    lasting: int
    """Synapses at the end that two or more documents repeat."""
    bridges: int
    """Bridges that `Colony.insights` accepts at the end."""
    spawned: int
    """Foragers that the policy spawned."""
    born: int
    """Foragers that foragers bore."""
    died: dict[str, int] = field(hash=False)
    """Those that ended, by cause: "idle", "redundant", "compromised"."""
    living: int
    """Foragers at the end."""
    first: Genome | None
    """The mean genome of those with which it began."""
    last: Genome | None
    """The mean genome of those that lived at the end; `None` for none."""
    digest: str
    """`Colony.digest()` at the end: equal for equal input on any number of shards."""

    def drift(self) -> dict[str, float] | None:
        """By how much each gene's mean rose, as a share of its range; `None` where there were no foragers."""
        if self.first is None or self.last is None:
            return None
        before, after = self.first.to_dict(), self.last.to_dict()
        return {name: (after[name] - before[name]) / (high - low) for name, (low, high) in Genome.RANGES.items()}


def evolve(
    colony: Colony,
    stream: Iterable[Iterable[DocumentLike]],
    *,
    policy: SpawnPolicy | None = None,
    mode: Literal["evolved", "default", "random"] = "evolved",
    ticks: int | None = None,
    topics: Mapping[str, str] | None = None,
) -> EvolutionResult:
    """Digest a stream tick by tick while foragers ask for what comes first.

    Before each tick the next chunk of the stream is ingested, and foragers are spawned by the policy on concepts that
    chance chooses. Every 8 ticks the concepts that `Colony.insights` accepts as bridges get a trace, which foragers
    count. Foragers change the order of documents alone, so compare modes where more comes than `documents_per_tick`
    lets be digested. Equal input and seed give equal results on any number of shards.

    >>> import phago
    >>> from phago.evolution import evolve
    >>> config = phago.ColonyConfig(documents_first="signals", documents_per_tick=2)
    >>> with phago.Colony(config=config) as colony:
    ...     chunks = [[f"Ions cross membrane {tick}.", f"Cells hold sugar {tick}."] * 2 for tick in range(4)]
    ...     result = evolve(colony, chunks, policy=phago.SpawnPolicy(least=2, most=4))
    >>> result.ticks, result.spawned >= 2, result.digested <= 8
    (4, True, True)

    Args:
        colony: One whose `ColonyConfig.documents_first` is "signals" or "field".
        stream: For each tick the documents that come before it.
        policy: How many foragers, and which; by default `SpawnPolicy()`.
        mode: What foragers begin with and inherit. "evolved": mutations of the fittest's and of their parent's genome.
            "default": all have the default genome. "random": each has one that is drawn evenly.
        ticks: Make so many; by default one for each chunk. A longer stream is read no further.
        topics: The topic of each document by its id, to count how many were seen.

    Raises:
        ConfigError: A colony that does not order documents by signals, or another argument that is not valid.
    """
    instance("colony", colony, Colony)
    if colony.config.documents_first not in ("signals", "field"):
        first = colony.config.documents_first
        raise refusal("documents_first", first, '"signals" or "field" in the config of `colony`')
    one_of("mode", mode, tuple(MODES))
    plan = SpawnPolicy() if policy is None else instance("policy", policy, SpawnPolicy)
    limit = None if ticks is None else count("ticks", ticks, 1)
    source, heredity = MODES[mode]
    ecology = _Ecology(colony, plan, plan.source or source, heredity)
    begun, made = colony.stats(), 0
    # Those that the colony already has act as well.
    colony.spawn(Forager, 0)
    chunks = iter(stream)
    while limit is None or made < limit:
        chunk = next(chunks, None)
        if chunk is None and limit is None:
            break
        if chunk is not None:
            colony.ingest(chunk)
        ecology.keep(begun.tick + made)
        colony.tick()
        made += 1
        ecology.count()
        if made % SURVEY_TICKS == 0:
            for bridge in colony.insights().bridges:
                colony.emit(BRIDGE, bridge.label, of="trace")
    stats = colony.stats()
    characters, seen = _seen(colony, topics, begun.tick)
    return EvolutionResult(
        mode=mode,
        ticks=made,
        digested=stats.digested - begun.digested,
        characters=characters,
        concepts=stats.nodes,
        topics=seen,
        lasting=sum(times >= 2 for times in colony.graph.edges.columns()["co_activations"]),
        bridges=len(colony.insights().bridges),
        spawned=ecology.spawned,
        born=ecology.born,
        died={cause.name.lower(): ecology.died[cause] for cause in Cause if cause},
        living=len(ecology.living),
        first=ecology.first,
        last=Genome.mean([genome for _, genome in ecology.living.values()]),
        digest=colony.digest(),
    )


def _seen(colony: Colony, topics: Mapping[str, str] | None, since: int) -> tuple[int, int | None]:
    """Characters and topics of the documents digested after a tick."""
    characters, seen = 0, set()
    for one in colony.documents():
        if one.digested is not None and one.digested > since:
            characters += len(one.text)
            seen.add(None if topics is None else topics.get(one.id))
    return characters, None if topics is None else len(seen - {None})


class _Ecology:
    """The foragers of one colony, between its ticks."""

    def __init__(self, colony: Colony, policy: SpawnPolicy, source: str, heredity: Heredity) -> None:
        self.colony, self.policy, self.source = colony, policy, source
        self.begun = {"heredity": int(heredity), "most": policy.most}
        self.living: dict[str, tuple[Fitness, Genome]] = {}
        """By id, the oldest first, without those whose end is decided."""
        self.died: Counter[int] = Counter()
        self.spawned = self.born = 0
        self._read()
        self.died.clear()
        self.first = Genome.mean([genome for _, genome in self.living.values()])

    def keep(self, tick: int) -> None:
        """Spawn what is missing."""
        missing = self.policy.missing(len(self.living))
        nodes = self.colony.graph.nodes if missing else ()
        # Before documents were digested there is no place to be.
        if not nodes:
            return
        drawn, seed = numbers(), self.colony.config.seed

        def random() -> float:
            return _phago.chance(seed, _NOBODY, tick, next(drawn))

        fittest = list(self.living.values())
        homes = [nodes[int(random() * len(nodes))].id for _ in range(missing)]
        genomes = [self.policy.genome(self.source, fittest, random) for _ in range(missing)]
        genes: dict[str, Any] = {name: [one.to_dict()[name] for one in genomes] for name in Genome.RANGES}
        new = self.colony.spawn(Forager, missing, home=homes, **self.begun, **genes)
        self.living.update(zip(new, ((Fitness(), one) for one in genomes), strict=True))
        self.spawned += missing
        if self.first is None:
            self.first = Genome.mean([genome for _, genome in self.living.values()])

    def count(self) -> None:
        """See who is there after a tick."""
        before = set(self.living)
        self._read()
        self.born += len(self.living.keys() - before)

    # Once after every tick: an end that is decided stands in the state for one.
    def _read(self) -> None:
        self.living.clear()
        for agent in self.colony.agents(Forager.kind):
            state: dict[str, Any] = agent.state or {}
            genome = genome_of(state)
            if state["cause"]:
                self.died[state["cause"]] += 1
            elif genome is not None:
                self.living[agent.id] = (fitness_of(state), genome)
