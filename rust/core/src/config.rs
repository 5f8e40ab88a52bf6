//! The settings of a colony and of a cluster, with their defaults and accepted ranges.

use crate::settings;
use crate::settings::{Kind, Number, Settable};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest number of shards on a ring.
pub const SHARDS_MAX: u32 = 1024;
/// The milliseconds of a day, the longest time-out that is accepted.
pub const DAY_MS: u64 = 86_400_000;

/// Which of the waiting documents are digested first.
#[derive(Copy, Clone, Debug, Eq, PartialEq, PartialOrd, Deserialize, Serialize)]
pub enum DocumentsFirst {
    /// Those that came first.
    Arrival,
    /// Those whose concepts have most signals; then those that came first.
    Signals,
    /// Those whose concepts have fewest traces; then those that came first.
    Traces,
    /// Those with most signals; of those, the ones with fewest traces.
    Field,
}

impl DocumentsFirst {
    const ALL: [DocumentsFirst; 4] =
        [DocumentsFirst::Arrival, DocumentsFirst::Signals, DocumentsFirst::Traces, DocumentsFirst::Field];

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        match self {
            DocumentsFirst::Arrival => "arrival",
            DocumentsFirst::Signals => "signals",
            DocumentsFirst::Traces => "traces",
            DocumentsFirst::Field => "field",
        }
    }

    /// Returns whether signals count.
    pub fn senses(self) -> bool {
        matches!(self, DocumentsFirst::Signals | DocumentsFirst::Field)
    }

    /// Returns whether traces count, which digesters then leave.
    pub fn traces(self) -> bool {
        matches!(self, DocumentsFirst::Traces | DocumentsFirst::Field)
    }
}

impl fmt::Display for DocumentsFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Settable for DocumentsFirst {
    const KIND: Kind = Kind::Choice(&[
        DocumentsFirst::Arrival.name(),
        DocumentsFirst::Signals.name(),
        DocumentsFirst::Traces.name(),
        DocumentsFirst::Field.name(),
    ]);

    fn number(self) -> Number {
        Number::Word(self.name())
    }

    fn of(number: Number) -> Option<Self> {
        DocumentsFirst::ALL.into_iter().find(|first| first.number() == number)
    }
}

settings! {
    /// The behaviour of a colony. Two colonies with equal configs and inputs are equal to the byte.
    #[derive(Deserialize, Serialize)]
    pub struct ColonyConfig {
        /// Keys the colony's random choices.
        seed: u64 = 0, 0..=u64::MAX;
        /// Share of a signal lost in a tick.
        signal_decay_rate: f64 = 0.05, 0.0..=1.0;
        /// Concentration below which a signal is gone.
        signal_removal_threshold: f64 = 0.01, 0.0..=1.0;
        /// Share of a trace lost in a tick.
        trace_decay_rate: f64 = 0.02, 0.0..=1.0;
        /// Concentration below which a trace is gone.
        trace_removal_threshold: f64 = 0.01, 0.0..=1.0;
        /// Rate of a synapse's decay, per tick.
        edge_decay_rate: f64 = 0.005, 0.0..=1.0;
        /// Weight below which a mature synapse is gone.
        edge_prune_threshold: f64 = 0.05, 0.0..=1.0;
        /// How much faster a mature synapse decays that is not repeated.
        staleness_factor: f64 = 1.5, 0.0..=1000.0;
        /// Ticks in which a new synapse neither grows stale nor is pruned.
        maturation_ticks: u32 = 50, 0..=1 << 30;
        /// What one reinforcement adds to the weight of a synapse on its path.
        reinforcement_gain: f64 = 0.05, 0.0..=1.0;
        /// The longest row: how many synapses of its own a node keeps.
        max_edge_degree: u32 = 30, 1..=1 << 20;
        /// How many of a document's most salient terms are wired.
        concepts_per_document: u32 = 30, 1..=1 << 16;
        /// The most documents granted in a tick.
        documents_per_tick: u32 = 4096, 1..=1 << 24;
        /// The most bytes of text granted in a tick, unless it is one document.
        bytes_per_tick: u64 = 32 << 20, 1..=1 << 40;
        /// Documents that one digester takes in a tick.
        documents_per_digester: u32 = 64, 1..=1 << 24;
        /// Ghosts a shard caches. Changes cost, never a result, and is no part of the digest.
        ghosts_max: u32 = 1000, 1..=1 << 24;
        /// Which of the waiting documents are digested first.
        documents_first: DocumentsFirst = DocumentsFirst::Arrival, DocumentsFirst::Arrival..=DocumentsFirst::Field;
        /// By how much a word's salience grows once three documents have it.
        known_word_boost: f64 = 1.0, 1.0..=100.0;
        /// Documents digested since the last survey after which a run makes the next one. 0 for none by itself.
        survey_quorum: u64 = 0, 0..=1 << 40;
        /// Whether documents are digested. If not, they wait and are found by their words, and there is no graph.
        digestion: bool = true, false..=true;
        /// Whether concepts of a document are wired. If not, there are concepts and no synapses.
        wiring: bool = true, false..=true;
        /// After so many ticks without a document, a digester ends. 0 for never.
        digester_patience: u32 = 3, 0..=1 << 20;
        /// Events that are kept, in memory. Changes nothing else, and is no part of the digest.
        events_max: u32 = 8192, 1..=1 << 24;
    }
}

settings! {
    /// How a cluster is laid out.
    #[derive(Deserialize, Serialize)]
    pub struct DistributedConfig {
        /// Number of shards.
        num_shards: u32 = 3, 1..=SHARDS_MAX;
        /// How many shards are to hold a copy of a document. It only selects these shards; nothing is copied yet.
        replication_factor: u32 = 2, 1..=SHARDS_MAX;
        /// Deadline of a remote call. Unused in process.
        rpc_timeout_ms: u64 = 5000, 1..=DAY_MS;
        /// Points of a shard on the hash ring.
        virtual_nodes_per_shard: u32 = 150, 1..=10_000;
        /// Silence after which a shard counts as offline.
        heartbeat_timeout_ms: u64 = 30_000, 1..=DAY_MS;
    }
}
