"""Whether evolution changes what a colony reaches: modes beside each other, over several seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..colony import Colony
from ..config import ColonyConfig
from ..document import Document
from ..evaluation.significance import paired_t_test
from ..evolution import EvolutionResult, Genome, SpawnPolicy, evolve

__all__ = ["Trials", "mean_and_spread", "tried"]

Mode = Literal["default", "evolved", "random"]
MODES: tuple[Mode, ...] = ("default", "evolved", "random")
NOBODY = "nobody"
"""The row without foragers, in which documents are digested as they come: what the others are to be compared with."""
MEASURES = ("concepts", "topics", "lasting", "bridges")
# Of all that comes, a third is digested, or there would be nothing to choose.
_SHARE = 3
# The chance to call any difference one where there is none, over all that are looked at together (Bonferroni). It is
# small because whoever reads one run does not see the others: at .05 every twentieth would tell of what is not there.
_LEVEL = 0.01


@dataclass(frozen=True, slots=True)
class Trials:
    """What each mode reached with each seed."""

    documents: int
    per_tick: int
    """Documents that a tick digests, at most."""
    seeds: tuple[int, ...]
    results: dict[str, tuple[EvolutionResult, ...]]
    """For each row, by seed."""

    def values(self, mode: str, measure: str) -> list[float] | None:
        """A measure of a row, by seed; `None` where it is not known."""
        found = [getattr(one, measure) for one in self.results[mode]]
        return None if None in found else [float(one) for one in found]

    def differences(self) -> dict[str, tuple[float, float | None]]:
        """By how much each measure of "evolved" is above that of "default" in the mean, and p of that by chance."""
        found: dict[str, tuple[float, float | None]] = {}
        for measure in MEASURES:
            ours, theirs = self.values("evolved", measure), self.values("default", measure)
            if ours is not None and theirs is not None:
                mean = math.fsum(ours) / len(ours) - math.fsum(theirs) / len(theirs)
                found[measure] = (mean, paired_t_test(ours, theirs))
        return found

    def drifts(self) -> dict[str, tuple[float, float | None]]:
        """By how much each gene of "evolved" rose in the mean, and p of that by chance."""
        pairs = [(one.first, one.last) for one in self.results["evolved"] if one.first and one.last]
        found: dict[str, tuple[float, float | None]] = {}
        for gene in Genome.RANGES if pairs else ():
            before = [float(getattr(first, gene)) for first, _ in pairs]
            after = [float(getattr(last, gene)) for _, last in pairs]
            found[gene] = (
                math.fsum(after) / len(after) - math.fsum(before) / len(before),
                paired_t_test(after, before),
            )
        return found

    def text_gained(self) -> float | None:
        """How many times as much text foragers had digested as order of arrival has."""
        ours, theirs = (math.fsum(one.characters for one in self.results[row]) for row in ("default", NOBODY))
        return ours / theirs if theirs else None

    def verdict(self) -> str:
        """Whether evolution changed anything, in one or two sentences."""
        seeds = len(self.seeds)
        if seeds < 2:
            return "One seed tells nothing about chance, so nothing about evolution: try --seeds 5."
        differences, drifts = self.differences(), self.drifts()
        if not drifts:
            return "There were no foragers, so nothing evolved."
        more, drifted = _beyond_chance(differences), _beyond_chance(drifts)
        if more:
            told = ", ".join(f"{name} {differences[name][0]:+,.1f} ({p_text(differences[name][1])})" for name in more)
            first = f"Evolution changed what was reached: {told}, beside the default genome over {seeds} seeds."
        else:
            first = (
                f"Evolution changed nothing that was reached: over {seeds} seeds no measure differs from that of the "
                f"default genome by more than chance ({_least(differences)})."
            )
        if drifted:
            return f"{first} Selection moved {', '.join(drifted)}."
        return f"{first} No gene drifted by more than chance ({_least(drifts)})."

    def as_json(self) -> dict[str, Any]:
        """All of it, as what JSON can hold."""
        return {
            "documents": self.documents,
            "per_tick": self.per_tick,
            "seeds": list(self.seeds),
            "results": {mode: [asdict(one) for one in found] for mode, found in self.results.items()},
            "differences": {name: {"mean": mean, "p": p} for name, (mean, p) in self.differences().items()},
            "drift": {name: {"mean": mean, "p": p} for name, (mean, p) in self.drifts().items()},
            "verdict": self.verdict(),
        }


def tried(
    documents: Sequence[Document],
    *,
    ticks: int,
    seeds: Sequence[int],
    topics: dict[str, str] | None = None,
    shards: int | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Trials:
    """Let every mode have the same stream with every seed.

    A third of what comes is digested. Before each tick comes every `ticks`-th document: of a folder some of each part.

    Args:
        documents: What comes.
        ticks: In how many ticks.
        seeds: Seeds of the colonies.
        topics: The topic of each document by its id.
        shards: Of each colony; no result depends on it.
        tell: Called with the colonies that are done, and all there are.
    """
    chunks = [documents[at::ticks] for at in range(ticks)]
    per_tick = max(1, len(documents) // (ticks * _SHARE))
    results: dict[str, list[EvolutionResult]] = {name: [] for name in (NOBODY, *MODES)}
    done, total = 0, len(seeds) * len(results)
    for seed in seeds:
        config = ColonyConfig(seed=seed, documents_first="signals", documents_per_tick=per_tick)
        for name in results:
            tell(done, total)
            policy = SpawnPolicy(least=0, most=0) if name == NOBODY else SpawnPolicy()
            mode: Mode = next((one for one in MODES if one == name), "default")
            with Colony(shards, config=config) as colony:
                results[name].append(evolve(colony, chunks, policy=policy, mode=mode, topics=topics))
            done += 1
    return Trials(len(documents), per_tick, tuple(seeds), {name: tuple(found) for name, found in results.items()})


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean of some values and their standard deviation (n - 1), which is 0 for one."""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((one - mean) ** 2 for one in values) / max(1, len(values) - 1))


def p_text(p: float | None) -> str:
    """A p value as it is written."""
    return "p -" if p is None else "p < .001" if p < 0.001 else f"p {p:.3f}".replace("0.", ".", 1)


def _beyond_chance(found: dict[str, tuple[float, float | None]]) -> list[str]:
    return [name for name, (_, p) in found.items() if p is not None and p < _LEVEL / len(found)]


def _least(found: dict[str, tuple[float, float | None]]) -> str:
    least = min(p for _, p in found.values() if p is not None)
    return f"least {p_text(least)} of {len(found)}, and {p_text(_LEVEL / len(found))} would be needed"
