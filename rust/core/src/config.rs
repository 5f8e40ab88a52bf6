//! What can be set, its defaults and what is accepted.

use crate::{Error, Result};
use std::fmt::Display;

/// How a colony behaves. Two colonies with equal configs and inputs are equal to the byte.
#[derive(Clone, Debug, PartialEq)]
pub struct ColonyConfig {
    /// Keys the colony's chance.
    pub seed: u64,
    /// Share of a signal lost in a tick.
    pub signal_decay_rate: f64,
    /// Concentration below which a signal is gone.
    pub signal_removal_threshold: f64,
    /// Share of a trace lost in a tick.
    pub trace_decay_rate: f64,
    /// Concentration below which a trace is gone.
    pub trace_removal_threshold: f64,
    /// Rate of a synapse's decay, per tick.
    pub edge_decay_rate: f64,
    /// Weight below which a mature synapse is gone.
    pub edge_prune_threshold: f64,
    /// How much faster a mature synapse fades that is not repeated.
    pub staleness_factor: f64,
    /// Ticks in which a new synapse neither grows stale nor is pruned.
    pub maturation_ticks: u32,
    /// What one reinforcement adds to the weight of a synapse on its path.
    pub reinforcement_gain: f64,
    /// The longest row: synapses a node keeps of its own.
    pub max_edge_degree: u32,
    /// Most salient terms of a document that are wired.
    pub concepts_per_document: u32,
    /// Documents granted in a tick, at most.
    pub documents_per_tick: u32,
    /// Bytes of text granted in a tick, at most, or one document.
    pub bytes_per_tick: u64,
    /// Documents that one digester takes in a tick.
    pub documents_per_digester: u32,
    /// Ghosts a shard caches. Changes cost, never a result, and is no part of the digest.
    pub ghosts_max: u32,
}

impl Default for ColonyConfig {
    fn default() -> Self {
        ColonyConfig {
            seed: 0,
            signal_decay_rate: 0.05,
            signal_removal_threshold: 0.01,
            trace_decay_rate: 0.02,
            trace_removal_threshold: 0.01,
            edge_decay_rate: 0.005,
            edge_prune_threshold: 0.05,
            staleness_factor: 1.5,
            maturation_ticks: 50,
            reinforcement_gain: 0.05,
            max_edge_degree: 30,
            concepts_per_document: 30,
            documents_per_tick: 4096,
            bytes_per_tick: 32 << 20,
            documents_per_digester: 64,
            ghosts_max: 1000,
        }
    }
}

impl ColonyConfig {
    /// Check every field.
    ///
    /// # Errors
    /// [`Error::Config`] for the first field outside of what is accepted.
    pub fn validate(&self) -> Result<()> {
        for (field, value) in [
            ("signal_decay_rate", self.signal_decay_rate),
            ("signal_removal_threshold", self.signal_removal_threshold),
            ("trace_decay_rate", self.trace_decay_rate),
            ("trace_removal_threshold", self.trace_removal_threshold),
            ("edge_decay_rate", self.edge_decay_rate),
            ("edge_prune_threshold", self.edge_prune_threshold),
            ("reinforcement_gain", self.reinforcement_gain),
        ] {
            within(field, value, 0.0, 1.0)?;
        }
        within("staleness_factor", self.staleness_factor, 0.0, 1000.0)?;
        within("maturation_ticks", self.maturation_ticks, 0, 1 << 30)?;
        within("max_edge_degree", self.max_edge_degree, 1, 1 << 20)?;
        within("concepts_per_document", self.concepts_per_document, 1, 1 << 16)?;
        within("documents_per_tick", self.documents_per_tick, 1, 1 << 24)?;
        within("bytes_per_tick", self.bytes_per_tick, 1, 1 << 40)?;
        within("documents_per_digester", self.documents_per_digester, 1, 1 << 24)?;
        within("ghosts_max", self.ghosts_max, 1, 1 << 24)
    }
}

/// How a cluster is laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct DistributedConfig {
    /// Number of shards.
    pub num_shards: u32,
    /// How many shards would hold a copy of a document. It names places only; nothing is copied yet.
    pub replication_factor: u32,
    /// Deadline of a remote call. Unused in process.
    pub rpc_timeout_ms: u64,
    /// Points of a shard on the hash ring.
    pub virtual_nodes_per_shard: u32,
    /// Silence after which a shard counts as offline.
    pub heartbeat_timeout_ms: u64,
}

impl Default for DistributedConfig {
    fn default() -> Self {
        DistributedConfig {
            num_shards: 3,
            replication_factor: 2,
            rpc_timeout_ms: 5000,
            virtual_nodes_per_shard: 150,
            heartbeat_timeout_ms: 30_000,
        }
    }
}

/// The most shards a ring takes.
pub const SHARDS_MAX: u32 = 1024;

impl DistributedConfig {
    /// Check every field.
    ///
    /// # Errors
    /// [`Error::Config`] for the first field outside of what is accepted.
    pub fn validate(&self) -> Result<()> {
        within("num_shards", self.num_shards, 1, SHARDS_MAX)?;
        within("replication_factor", self.replication_factor, 1, SHARDS_MAX)?;
        within("rpc_timeout_ms", self.rpc_timeout_ms, 1, 86_400_000)?;
        within("virtual_nodes_per_shard", self.virtual_nodes_per_shard, 1, 10_000)?;
        within("heartbeat_timeout_ms", self.heartbeat_timeout_ms, 1, 86_400_000)
    }
}

/// Refuse a value outside `low..=high`; NaN is outside of everything.
///
/// # Errors
/// [`Error::Config`] naming the field, the value and the range.
pub fn within<T: PartialOrd + Display>(field: &str, value: T, low: T, high: T) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::Config { field: field.into(), value: value.to_string(), accepted: format!("{low} to {high}") })
}
