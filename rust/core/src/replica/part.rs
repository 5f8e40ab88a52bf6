//! Parts of a replica: what a node holds of a colony that is spread over several.

use super::Replica;
use crate::commons::Commons;
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

    /// Returns the numbers that all replicas share, to be changed as others change them too.
    pub(crate) fn commons_mut(&mut self) -> &mut Commons {
        Arc::make_mut(&mut self.commons)
    }

    /// Counts bytes that shards sent each other.
    pub(crate) fn count_exchanged(&mut self, bytes: u64) {
        self.exchanged = self.exchanged.saturating_add(bytes);
    }

    /// Returns the whole colony of which this is the part without seats, and `parts` are those of all nodes.
    #[cfg(test)]
    pub(crate) fn joined<'a>(&self, parts: impl Iterator<Item = &'a Replica> + Clone) -> Replica {
        let mut whole = self.part(&[]);
        for part in parts.clone() {
            part.own.iter().for_each(|&seat| whole.shards[seat] = part.shards[seat].clone());
        }
        whole.own = (0..whole.shards.len()).collect();
        let counts = |part: &Replica| part.commons.vocabulary().form_counts().to_vec();
        let mut sums = counts(self);
        for part in parts {
            sums.iter_mut().zip(counts(part)).for_each(|(sum, count)| *sum += count);
        }
        whole.commons_mut().restore_forms(&sums);
        whole
    }
}
