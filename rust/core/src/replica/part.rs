//! Parts of a replica: what a node holds of a colony that is spread over several.

use super::Replica;
use crate::shard::Shard;
use std::sync::Arc;

impl Replica {
    /// Returns the part of this replica with these seats, in order: the same commons, their shards, and empty shards in
    /// place of all others.
    ///
    /// # Panics
    /// If the seats are not in order, or there is no such seat.
    pub fn part(&self, own: &[usize]) -> Replica {
        assert!(own.is_sorted_by(|one, other| one < other), "each seat stands once, in order");
        let ids = self.commons.ring().shards();
        let mut shards: Vec<Arc<Shard>> =
            ids.iter().enumerate().map(|(seat, &id)| Arc::new(Shard::new(id, seat))).collect();
        for &seat in own {
            shards[seat] = self.shards[seat].clone();
        }
        Replica { commons: self.commons.clone(), shards, own: own.into(), exchanged: self.exchanged }
    }
}
