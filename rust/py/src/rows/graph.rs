//! Rows of concepts and synapses.

use super::{row, rows};
use phago_core::read::{self, Edges, NearConcept, Neighbor};
use phago_engine::tick::report::CrossShardEdge;

row! {
    /// A concept that is wired.
    NodeRow from node, read::NodeRow {
        id: String = node.id.to_string(),
        label: String = node.data.label.to_string(),
        stem: String = node.stem.to_string(),
        mentions: u64 = node.data.mentions,
        uses: u64 = node.data.uses,
        degree: u32 = node.data.degree,
        shard: u32 = node.data.shard.0,
    }
}

row! {
    /// A synapse, with the labels and ids of both ends.
    EdgeRow from (edges, edge), (&Edges, &read::EdgeRow) {
        source: String = edges.source(edge).1.to_string(),
        target: String = edges.target(edge).1.to_string(),
        weight: f64 = edge.weight,
        co_activations: u32 = edge.co_activations,
        created: u32 = edge.created,
        last: u32 = edge.last,
        source_id: String = edges.source(edge).0.to_string(),
        target_id: String = edges.target(edge).0.to_string(),
    }
}

row! {
    /// A synapse whose target has another home shard.
    CrossEdgeRow from edge, CrossShardEdge {
        from_node: String = edge.from.to_string(),
        to_node: String = edge.to.to_string(),
        to_shard: u32 = edge.to_shard.0,
        weight: f64 = edge.weight,
    }
}

row! {
    /// A concept near a text.
    RankedRow from concept, NearConcept {
        id: String = concept.id.to_string(),
        label: String = concept.label.to_string(),
        score: f64 = concept.score,
        shard: u32 = concept.shard.0,
    }
}

row! {
    /// A concept that another one has a synapse to.
    #[derive(Clone)]
    NeighborRow from near, Neighbor {
        label: String = near.label.to_string(),
        weight: f64 = near.weight,
        co_activations: u32 = near.synapse.co_activations,
        created: u32 = near.synapse.created,
        last: u32 = near.synapse.last,
        id: String = near.id.to_string(),
    }
}

row! {
    /// A concept near a text, with its neighbours, the strongest first.
    AssociatedRow from (concept, neighbors), (NearConcept, Vec<Neighbor>) {
        id: String = concept.id.to_string(),
        label: String = concept.label.to_string(),
        score: f64 = concept.score,
        neighbors: Vec<NeighborRow> = rows(neighbors),
    }
}
