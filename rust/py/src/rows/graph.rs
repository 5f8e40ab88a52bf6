//! Concepts and synapses.

use phago_core::ids::NodeId;
use phago_core::shard::NodeData;
use phago_engine::tick::report::CrossShardEdge;
use pyo3::prelude::*;

/// A concept that is wired.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct NodeRow {
    id: String,
    label: String,
    stem: String,
    mentions: u64,
    uses: u64,
    degree: u32,
    shard: u32,
}

impl NodeRow {
    pub(crate) fn new(id: NodeId, stem: &str, data: &NodeData) -> Self {
        NodeRow {
            id: id.to_string(),
            label: data.label.to_string(),
            stem: stem.into(),
            mentions: data.mentions,
            uses: data.uses,
            degree: data.degree,
            shard: data.shard.0,
        }
    }
}

/// A synapse, by the labels and ids of both ends.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct EdgeRow {
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) weight: f64,
    pub(crate) co_activations: u32,
    pub(crate) created: u32,
    pub(crate) last: u32,
    pub(crate) source_id: String,
    pub(crate) target_id: String,
}

/// A synapse whose target lives on another shard.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct CrossEdgeRow {
    from_node: String,
    to_node: String,
    to_shard: u32,
    weight: f64,
}

impl From<CrossShardEdge> for CrossEdgeRow {
    fn from(edge: CrossShardEdge) -> Self {
        CrossEdgeRow {
            from_node: edge.from.to_string(),
            to_node: edge.to.to_string(),
            to_shard: edge.to_shard.0,
            weight: edge.weight,
        }
    }
}
