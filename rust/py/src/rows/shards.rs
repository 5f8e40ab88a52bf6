//! Rows of shards, ghosts and shard-local answers.

use super::{row, rows};
use phago_core::coordinator::{ShardInfo, ShardStatus};
use phago_core::ghost::Ghost;
use phago_core::read::graph::LocalConcepts;
use phago_core::read::{NearConcept, ShardCounts};
use std::collections::BTreeMap;

row! {
    /// A shard as the coordinator knows it.
    ShardRow from info, &ShardInfo {
        shard: u32 = info.id.0,
        address: String = info.address.clone(),
        online: bool = info.status == ShardStatus::Online,
        node_count: u64 = info.metrics.nodes,
        edge_count: u64 = info.metrics.edges,
        document_count: u64 = info.metrics.documents,
        memory_bytes: u64 = info.metrics.memory_bytes,
        last_heartbeat: Option<f64> = info.last_heartbeat,
    }
}

row! {
    /// The measured health of a shard.
    HealthRow from size, ShardCounts {
        // A shard whose work panicked or hung was rebuilt before the call that reported it returned.
        healthy: bool = true,
        load: f64 = if size.documents == 0 { 0.0 } else { size.pending as f64 / size.documents as f64 },
        memory_usage_mb: f64 = size.bytes as f64 / f64::from(1 << 20),
        pending_operations: u64 = size.pending,
    }
}

row! {
    /// A copy of a node of another shard.
    GhostRow from ghost, &Ghost {
        node: String = ghost.node.to_string(),
        shard: u32 = ghost.shard.0,
        label: Option<String> = ghost.label.as_deref().map(str::to_owned),
        mentions: Option<u64> = ghost.data.map(|data| data.mentions),
        is_resolved: bool = ghost.is_resolved,
    }
}

row! {
    /// A concept that one shard finds for a query.
    #[derive(Clone)]
    LocalConceptRow from concept, NearConcept {
        id: String = concept.id.to_string(),
        label: String = concept.label.to_string(),
        score: f64 = concept.score,
    }
}

row! {
    /// What one shard finds for a query.
    LocalAnswerRow from found, LocalConcepts {
        concepts: Vec<LocalConceptRow> = rows(found.concepts),
        /// By stem, how many documents of the shard have it.
        frequencies: BTreeMap<String, usize> = found.frequencies,
    }
}
