"""Settings: frozen, keyword-only, checked when made.

Rust has every setting with its type, default and accepted range, and the checks read them from there. What is written
here is for readers and type checkers; tests hold both equal.
"""

from __future__ import annotations

from typing import Literal

from ._pickles import restored
from ._records import dataclass
from ._settings import check

__all__ = ["ColonyConfig", "DistributedConfig", "Ranking", "RunnerConfig"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunnerConfig:
    """How ticks are driven. Nothing here changes a result, only when it comes.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    phase_timeout_ms: int = 30_000
    """Milliseconds a phase may take before its attempt at the tick is given up, for each attempt anew; 1 to
    86,400,000.
    """
    resolve_ghosts: bool = True
    """Whether the far ends of new cross-shard edges are fetched once the near shard's ghost cache is looked at."""
    max_parallelism: int = 8
    """Threads that work on shards at the same time, at most; 1 to 256. The thread that calls `ingest` prepares
    documents beside them.
    """
    recover: Literal["auto", "manual"] = "auto"
    """What happens to a tick in which a shard died or exceeded `phase_timeout_ms`. With "auto" it is redone from the
    committed state, at most 3 times, and then undone with the error; with "manual" it is undone at once.
    """

    def __post_init__(self) -> None:
        check(self, "RunnerConfig")

    __setstate__ = restored


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributedConfig:
    """How a cluster of shards is laid out.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    num_shards: int = 3
    """Shards there are from the start; 1 to 1,024."""
    replication_factor: int = 2
    """Shards that would hold a document, its home included; 1 to 1,024. It names shards only: nothing is copied, as a
    shard that is lost is made again from what is stored."""
    rpc_timeout_ms: int = 5_000
    """Milliseconds another process may take for a change or a question; 1 to 86,400,000. A phase has those of
    `RunnerConfig`. Unused while all shards live in one process."""
    virtual_nodes_per_shard: int = 150
    """Points of each shard on the hash ring; 1 to 10,000."""
    heartbeat_timeout_ms: int = 30_000
    """Milliseconds of silence after which a shard counts as offline; 1 to 86,400,000."""

    def __post_init__(self) -> None:
        check(self, "DistributedConfig")


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
    documents_first: Literal["arrival", "signals", "traces", "field"] = "arrival"
    """Which of the waiting documents are digested first. With "arrival" those that came first; with "signals" those
    whose words have most signals (`Colony.emit`); with "traces" those whose words have fewest traces of digestion, so
    that all topics get their turn; with "field" those with most signals and, of these, fewest traces.
    """
    known_word_boost: float = 1.0
    """By how much the salience of a word grows once three documents have it; 1 to 100. Above 1, fewer words are wired
    that no other document has.
    """
    survey_quorum: int = 0
    """Documents digested since the last survey after which `run` makes the next one; 0 to 2^40. With 0 it makes
    none."""
    digestion: bool = True
    """Whether documents are digested. If not, they wait for ever: they are found by their words, titles and what they
    share, and there is no graph, no cluster and no alarm."""
    wiring: bool = True
    """Whether concepts of a document are wired. If not, there are concepts and no synapses between them."""
    digester_patience: int = 3
    """Ticks without a document after which a digester ends; 0 to 2^20. With 0 it never does."""
    events_max: int = 8_192
    """Events that `Colony.events` has at most, in memory; 1 to 2^24. It is no part of the digest."""

    def __post_init__(self) -> None:
        check(self, "ColonyConfig")

    __setstate__ = restored


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """How documents are ranked: score = lexical + concepts + bridge + context + similar + newer.

    The defaults are meant to be kept.

    Raises:
        ConfigError: For the first field outside of what is accepted.
    """

    near_share: float = 0.95
    """What a known word near one that no document has is worth, as a share of its idf for each letter that differs.
    0 to 1; 0 leaves such words unknown.
    """
    synonym_share: float = 0.5
    """What a synonym of the caller's list is worth, as a share of its idf, and at most of that of the word. 0 to 1."""
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
    named_weight: float = 0.7
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
    """Among no more documents than this, all that have anything of the question are scored in full, and the next
    three bounds and `context_candidates` are none. 0 to 2^24.
    """
    lexical_candidates: int = 100
    """The best documents by BM25 that are scored in full before any others; twice as many with a filter. What else is
    asked for follows in blocks, each ordered by score in itself. `seeds_max` to 2^24.
    """
    concept_candidates: int = 80
    """The best documents by concepts that are scored in full. 1 to 2^24."""
    postings_max: int = 8_000
    """Postings read to find those, at most: concepts that do not fit are left out of the search, not of the
    score. With a filter up to 16 times as many. 1 to 2^40.
    """
    concepts_question: float = 20.0
    """Of a question with more terms than this, they count more beside `concepts_evidence`, in proportion: a paragraph
    says by itself what it is about. 1 to 100,000.
    """
    context_weight: float = 0.8
    """What a document's neighbours in its thread are worth: of what the window around it scores beyond the document
    itself, in units of the best lexical score. 0 to 100; where no document has a `thread`, it is nothing.
    """
    context_reach: int = 3
    """Neighbours on each side that are in the window; their words weigh less with each step. 0 to 64."""
    speaker_weight: float = 1.0
    """What is added to the window's score, as a share of it, if the question names who says the document: in a thread a
    text that begins with a name and a colon. 0 to 100.
    """
    context_candidates: int = 20
    """The best documents by words whose neighbours are scored in full: one that has none of the words may answer. 0 to
    2^24.
    """
    similar_weight: float = 0.45
    """What a vector is worth at most, where question and document have one: that of the most similar document, in units
    of the best lexical score. 0 to 100.
    """
    similar_seed: float = 0.2
    """How much the most similar document counts where seeds are chosen, in the same units. 0 to 100."""
    newer_weight: float = 0.0
    """What a document of the latest moment is worth, in the same units: `query(..., newer=...)`. 0 to 100. At 0 no time
    changes an answer.
    """
    half_life_days: float = 180.0
    """The days in which that halves: `query(..., half_life=...)`. 1e-06 to 1e+09."""
    similar_candidates: int = 50
    """The most similar documents that are scored in full, where the question has a vector; twice as many with a filter.
    1 to 2^24.
    """

    def __post_init__(self) -> None:
        check(self, "Ranking")

    __setstate__ = restored
