//! Concepts and synapses.

use phago_core::read::{self, NearConcept, Neighbor};
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

impl From<read::NodeRow> for NodeRow {
    fn from(read::NodeRow { id, stem, data }: read::NodeRow) -> Self {
        NodeRow {
            id: id.to_string(),
            label: data.label.to_string(),
            stem: stem.to_string(),
            mentions: data.mentions,
            uses: data.uses,
            degree: data.degree,
            shard: data.shard.0,
        }
    }
}

/// A synapse, with the labels and ids of both ends.
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

/// A synapse whose target has another home shard.
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

/// A concept near a text.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct RankedRow {
    id: String,
    label: String,
    score: f64,
    shard: u32,
}

impl From<NearConcept> for RankedRow {
    fn from(concept: NearConcept) -> Self {
        RankedRow {
            id: concept.id.to_string(),
            label: concept.label.to_string(),
            score: concept.score,
            shard: concept.shard.0,
        }
    }
}

/// A concept that another one has a synapse to.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct NeighborRow {
    label: String,
    weight: f64,
    co_activations: u32,
    created: u32,
    last: u32,
    id: String,
}

impl From<Neighbor> for NeighborRow {
    fn from(Neighbor { id, label, weight, synapse }: Neighbor) -> Self {
        NeighborRow {
            label: label.to_string(),
            weight,
            co_activations: synapse.co_activations,
            created: synapse.created,
            last: synapse.last,
            id: id.to_string(),
        }
    }
}

/// A concept near a text, with its neighbours, the strongest first.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct AssociatedRow {
    id: String,
    label: String,
    score: f64,
    neighbors: Vec<NeighborRow>,
}

impl AssociatedRow {
    pub(crate) fn new(concept: NearConcept, neighbors: Vec<Neighbor>) -> Self {
        AssociatedRow {
            id: concept.id.to_string(),
            label: concept.label.to_string(),
            score: concept.score,
            neighbors: neighbors.into_iter().map(NeighborRow::from).collect(),
        }
    }
}
