//! What an attempt at a tick reads.

use phago_core::commons::Commons;
use phago_core::plan::Plan;
use phago_core::shard::Shard;
use std::sync::Arc;

/// What the phases of one attempt read: references to the committed parts, by seat, and the plan.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) attempt: u64,
    /// The number in the log of the last input that the tick sees.
    pub(crate) cut: u64,
    /// The tick does nothing but let synapses decay.
    pub(crate) is_idle: bool,
    pub(crate) plan: Arc<Plan>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) shards: Vec<Arc<Shard>>,
}

/// What one shard's phase reads. A worker that never returns keeps these alive and no other shard.
pub(crate) struct Share {
    pub(crate) plan: Arc<Plan>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) shard: Arc<Shard>,
}

impl Snapshot {
    pub(crate) fn share(&self, seat: usize) -> Share {
        Share { plan: self.plan.clone(), commons: self.commons.clone(), shard: self.shards[seat].clone() }
    }
}
