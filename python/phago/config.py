"""Settings: frozen, keyword-only, checked when made."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from .errors import ConfigError

__all__ = ["ColonyConfig", "DistributedConfig", "Ranking", "RunnerConfig"]

_DAY_MS = 86_400_000
SHARDS_MAX = 1024


def _refuse(field: str, value: Any, accepted: str) -> ConfigError:
    return ConfigError(f"`{field}` is {value!r}; accepted is {accepted}", field=field, value=value, accepted=accepted)


def _check_int(config: Any, field: str, low: int, high: int) -> None:
    value = getattr(config, field)
    accepted = f"an integer from {low} to {high}"
    # A bool is an int to Python and a mistake to a reader: `num_shards=True` is refused.
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _refuse(field, value, accepted)
    number = value.__index__()
    if not low <= number <= high:
        raise _refuse(field, value, accepted)
    object.__setattr__(config, field, number)


def _check_float(config: Any, field: str, low: float, high: float) -> None:
    value = getattr(config, field)
    accepted = f"a number from {low:g} to {high:g}"
    if isinstance(value, bool | str | bytes) or not hasattr(value, "__float__"):
        raise _refuse(field, value, accepted)
    number = float(value)
    if math.isnan(number) or not low <= number <= high:
        raise _refuse(field, value, accepted)
    object.__setattr__(config, field, number)


def _check_bool(config: Any, field: str) -> None:
    value = getattr(config, field)
    if not isinstance(value, bool):
        raise _refuse(field, value, "True or False")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunnerConfig:
    """How ticks are driven. Nothing here changes a result, only when it comes.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    phase_timeout_ms: int = 30_000
    """Milliseconds a phase may take before the tick is undone with `PhaseTimeout`; 1 to 86,400,000."""
    resolve_ghosts: bool = True
    """Whether the far ends of new cross-shard edges are fetched into the near shard's ghost cache after a tick."""
    max_parallelism: int = 8
    """Threads that work on shards at the same time, at most; 1 to 256."""

    def __post_init__(self) -> None:
        _check_int(self, "phase_timeout_ms", 1, _DAY_MS)
        _check_bool(self, "resolve_ghosts")
        _check_int(self, "max_parallelism", 1, 256)


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributedConfig:
    """How a cluster of shards is laid out.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    num_shards: int = 3
    """Shards there are from the start; 1 to 1,024."""
    replication_factor: int = 2
    """Shards that would hold a document, its home included; 1 to 1,024. It names places only: nothing is copied yet."""
    rpc_timeout_ms: int = 5_000
    """Milliseconds a call to another process may take; 1 to 86,400,000. Unused while all shards live in one process."""
    virtual_nodes_per_shard: int = 150
    """Points of each shard on the hash ring; 1 to 10,000."""
    heartbeat_timeout_ms: int = 30_000
    """Milliseconds of silence after which a shard counts as offline; 1 to 86,400,000."""

    def __post_init__(self) -> None:
        _check_int(self, "num_shards", 1, SHARDS_MAX)
        _check_int(self, "replication_factor", 1, SHARDS_MAX)
        _check_int(self, "rpc_timeout_ms", 1, _DAY_MS)
        _check_int(self, "virtual_nodes_per_shard", 1, 10_000)
        _check_int(self, "heartbeat_timeout_ms", 1, _DAY_MS)


@dataclass(frozen=True, kw_only=True, slots=True)
class ColonyConfig:
    """How a colony behaves. Two colonies of equal configs and inputs are equal to the byte.

    Rates are shares lost in a tick, weights and concentrations are plain numbers, times are counted in ticks.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    seed: int = 0
    """Keys the colony's chance; 0 to 2^64 - 1."""
    signal_decay_rate: float = 0.05
    """Share of a signal lost in a tick; 0 to 1."""
    signal_removal_threshold: float = 0.01
    """Concentration below which a signal is gone; 0 to 1."""
    trace_decay_rate: float = 0.02
    """Share of a trace lost in a tick; 0 to 1."""
    trace_removal_threshold: float = 0.01
    """Concentration below which a trace is gone; 0 to 1."""
    edge_decay_rate: float = 0.005
    """Rate of a synapse's decay, for a tick; 0 to 1. At 0 nothing fades."""
    edge_prune_threshold: float = 0.05
    """Weight below which a mature synapse is gone; 0 to 1."""
    staleness_factor: float = 1.5
    """How much faster a mature synapse fades that is not repeated; 0 to 1,000."""
    maturation_ticks: int = 50
    """Ticks in which a new synapse neither grows stale nor is pruned; 0 to 2^30."""
    reinforcement_gain: float = 0.05
    """What one `reinforce` adds to the weight of a synapse on the hit's path, up to a weight of 1; 0 to 1."""
    max_edge_degree: int = 30
    """Synapses a node keeps of its own, at most; 1 to 2^20. The strongest stay."""
    concepts_per_document: int = 30
    """Most salient terms of a document that are wired; 1 to 65,536."""
    documents_per_tick: int = 4_096
    """Documents digested in a tick, at most; 1 to 2^24."""
    bytes_per_tick: int = 32 << 20
    """Bytes of text digested in a tick, at most, or one document; 1 to 2^40."""
    documents_per_digester: int = 64
    """Documents that one digester takes in a tick; 1 to 2^24."""
    ghosts_max: int = 1_000
    """Ghosts that a shard caches; 1 to 2^24. It changes cost, never a result, and is no part of the digest."""

    def __post_init__(self) -> None:
        _check_int(self, "seed", 0, 2**64 - 1)
        for field in (
            "signal_decay_rate",
            "signal_removal_threshold",
            "trace_decay_rate",
            "trace_removal_threshold",
            "edge_decay_rate",
            "edge_prune_threshold",
            "reinforcement_gain",
        ):
            _check_float(self, field, 0.0, 1.0)
        _check_float(self, "staleness_factor", 0.0, 1000.0)
        _check_int(self, "maturation_ticks", 0, 2**30)
        _check_int(self, "max_edge_degree", 1, 2**20)
        _check_int(self, "concepts_per_document", 1, 2**16)
        _check_int(self, "documents_per_tick", 1, 2**24)
        _check_int(self, "bytes_per_tick", 1, 2**40)
        _check_int(self, "documents_per_digester", 1, 2**24)
        _check_int(self, "ghosts_max", 1, 2**24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """How documents are ranked: score = lexical + concepts + bridge. The defaults are meant to be kept.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    coverage_power: float = 0.1
    """Power of the covered share of a question in its lexical score: documents that have more of its words win
    over those that repeat one. 0 to 8.
    """
    passage_share: float = 0.5
    """Share of the best passage in the lexical score of a document that has several; the rest is that of the whole.
    0 to 1.
    """
    title_weight: float = 0.4
    """What words of a question in a document's title are worth, in units of the best lexical score. 0 to 100."""
    named_weight: float = 0.6
    """What a document is worth whose whole title the question mentions, in the same units. 0 to 100."""
    name_mass: float = 1.4
    """A title names a thing fully when its idf mass is this many times ln N. 0.01 to 100."""
    name_power: float = 2.0
    """How sharply lighter titles fall off: common words that happen to be titles must not count. 0 to 16."""
    name_share: float = 2.0
    """A title counts fully for a question when this many of it have the question's idf mass. 0 to 100."""
    bearers_max: int = 32
    """A title that more documents than this bear names none of them. 1 to 10,000."""
    seeds_max: int = 20
    """Documents that may seed concepts. 1 to 1000."""
    seed_power: float = 8.0
    """Power of a seed's standing in its weight: a clear winner seeds alone. 0 to 64."""
    seed_floor: float = 0.01
    """Seeds with less than this share of the best one's weight are left out. 0 to 1."""
    stretch_words_max: int = 150
    """A seed with more indexed words than this speaks by its best stretch of as many. 1 to 2^24."""
    concepts_max: int = 30
    """Concepts that seeds light up. 1 to 10,000."""
    own_share: float = 0.2
    """What the question's own words keep among them: the lexical score has counted them already. 0 to 100."""
    hop_share: float = 0.0
    """What the question's words give straight to the concepts they are wired to, in units of all that the seeds give:
    one hop over the synapses as they are now. 0 to 10. At 0 no tick and no `reinforce` changes an answer.
    """
    concepts_weight: float = 1.8
    """What concepts are worth at most, in units of the best lexical score. 0 to 100."""
    concepts_power: float = 0.7
    """Power of the concept score between 0 and 1. 0.01 to 16."""
    concepts_evidence: float = 5.0
    """Concepts have their weight times n / (n + this + the question's terms), n being the new terms that the seeds
    bring: short documents tell little, and long questions need little. 0 to 10,000.
    """
    bridge_weight: float = 0.9
    """What a mention in a seed is worth at most. 0 to 100."""
    exhaustive_max: int = 500
    """Among no more documents than this, all that have anything of the question are scored in full, and the next three
    bounds are none. 0 to 2^24.
    """
    lexical_candidates: int = 100
    """The best documents by BM25 that are scored in full. `seeds_max` to 2^24."""
    concept_candidates: int = 80
    """The best documents by concepts that are scored in full. 1 to 2^24."""
    postings_max: int = 8_000
    """Postings read to find those, at most: concepts that do not fit are left out of the search, not of the
    score. 1 to 2^40.
    """

    def __post_init__(self) -> None:
        _check_float(self, "coverage_power", 0.0, 8.0)
        _check_float(self, "passage_share", 0.0, 1.0)
        _check_float(self, "title_weight", 0.0, 100.0)
        _check_float(self, "named_weight", 0.0, 100.0)
        _check_float(self, "name_mass", 0.01, 100.0)
        _check_float(self, "name_power", 0.0, 16.0)
        _check_float(self, "name_share", 0.0, 100.0)
        _check_int(self, "bearers_max", 1, 10_000)
        _check_int(self, "seeds_max", 1, 1000)
        _check_float(self, "seed_power", 0.0, 64.0)
        _check_float(self, "seed_floor", 0.0, 1.0)
        _check_int(self, "stretch_words_max", 1, 2**24)
        _check_int(self, "concepts_max", 1, 10_000)
        _check_float(self, "own_share", 0.0, 100.0)
        _check_float(self, "hop_share", 0.0, 10.0)
        _check_float(self, "concepts_weight", 0.0, 100.0)
        _check_float(self, "concepts_power", 0.01, 16.0)
        _check_float(self, "concepts_evidence", 0.0, 10000.0)
        _check_float(self, "bridge_weight", 0.0, 100.0)
        _check_int(self, "exhaustive_max", 0, 2**24)
        _check_int(self, "lexical_candidates", self.seeds_max, 2**24)
        _check_int(self, "concept_candidates", 1, 2**24)
        _check_int(self, "postings_max", 1, 2**40)


def as_native(config: ColonyConfig | Ranking) -> dict[str, int | float]:
    """The config as the native module takes it."""
    return dataclasses.asdict(config)
