//! Rows of shards, ghosts and shard-local answers.

use phago_core::coordinator::{ShardInfo, ShardStatus};
use phago_core::ghost::Ghost;
use pyo3::prelude::*;
use std::collections::BTreeMap;

/// A shard as the coordinator knows it.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct ShardRow {
    shard: u32,
    address: String,
    online: bool,
    node_count: u64,
    edge_count: u64,
    document_count: u64,
    memory_bytes: u64,
    last_heartbeat: Option<f64>,
}

impl ShardRow {
    pub(crate) fn new(info: &ShardInfo) -> Self {
        let size = &info.metrics;
        ShardRow {
            shard: info.id.0,
            address: info.address.clone(),
            online: info.status == ShardStatus::Online,
            node_count: size.nodes,
            edge_count: size.edges,
            document_count: size.documents,
            memory_bytes: size.memory_bytes,
            last_heartbeat: info.last_heartbeat,
        }
    }
}

/// The measured health of a shard.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct HealthRow {
    pub(crate) healthy: bool,
    pub(crate) load: f64,
    pub(crate) memory_usage_mb: f64,
    pub(crate) pending_operations: u64,
}

/// A copy of a node of another shard.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct GhostRow {
    node: String,
    shard: u32,
    label: Option<String>,
    mentions: Option<u64>,
    is_resolved: bool,
}

impl From<&Ghost> for GhostRow {
    fn from(ghost: &Ghost) -> Self {
        GhostRow {
            node: ghost.node.to_string(),
            shard: ghost.shard.0,
            label: ghost.label.as_deref().map(str::to_owned),
            mentions: ghost.data.map(|data| data.mentions),
            is_resolved: ghost.is_resolved,
        }
    }
}

/// A concept that one shard finds for a query.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct LocalConceptRow {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) score: f64,
}

/// What one shard finds for a query.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct LocalAnswerRow {
    pub(crate) concepts: Vec<LocalConceptRow>,
    /// By stem, how many documents of the shard have it.
    pub(crate) frequencies: BTreeMap<String, usize>,
}
