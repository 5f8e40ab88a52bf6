//! Ticks: planned before Sense, swapped in after Decay.

use super::Replica;
use crate::Result;
use crate::ids::AgentId;
use crate::plan::Plan;
use crate::shard::{Delta, Retired};
use std::sync::Arc;

/// What a commit did, for reports.
#[derive(Debug)]
pub struct Committed {
    /// Documents digested by the tick.
    pub digested: u64,
    /// Documents that held nothing to digest.
    pub failed: u64,
    /// What the tick replaced; drop it where no lock is held.
    pub retired: Vec<Retired>,
}

impl Replica {
    /// What the next tick will do.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] when ticks can be counted no further.
    pub fn plan(&self) -> Result<Plan> {
        Plan::of(&self.commons)
    }

    /// Swaps a whole tick in: every shard's delta, by seat.
    ///
    /// # Panics
    /// Where the deltas are not those of this plan, one for each seat: before anything is changed.
    pub fn commit(&mut self, plan: &Plan, deltas: Vec<Delta>) -> Committed {
        assert_eq!(deltas.len(), self.shards.len(), "a tick has a delta of every seat");
        assert!(deltas.iter().all(|delta| delta.tick == plan.tick), "a delta is of the tick that is committed");
        let lysed: usize = deltas.iter().map(|delta| delta.lysed.len()).sum();
        assert_eq!(lysed, plan.granted.len(), "every granted document is lysed once");
        let empty = deltas.iter().flat_map(|delta| &delta.lysed).filter(|(_, concepts)| concepts.is_empty());
        let failed = empty.count() as u64;
        let ends = deltas.iter().flat_map(|delta| &delta.digesters).filter(|(_, after)| after.is_none());
        let ended: Vec<AgentId> = ends.map(|(id, _)| *id).collect();
        let commons = Arc::make_mut(&mut self.commons);
        commons.commit(plan.tick, &plan.granted, failed, &plan.digesters, &ended);
        self.exchanged += deltas.iter().map(|delta| delta.exchanged).sum::<u64>();
        let digested = plan.granted.len() as u64 - failed;
        let mut committed = Committed { digested, failed, retired: Vec::with_capacity(deltas.len()) };
        for (shard, delta) in self.shards.iter_mut().zip(deltas) {
            // Unique unless a worker that hangs still reads the shard: then the colony goes on with a copy.
            committed.retired.push(Arc::make_mut(shard).advance(delta));
        }
        committed
    }
}
