//! Ghosts: bounded copies of nodes of other shards.
//!
//! A shard that makes a synapse to a node of another shard keeps a ghost of the far end, so that reading its edges asks
//! no other shard. Ghosts are copies only: the size of the cache changes what a read costs, not its result.

use crate::ids::{NodeId, ShardId, Tick};
use crate::maps::State;
use ecow::EcoString;
use lru::LruCache;
use std::fmt;
use std::num::NonZeroUsize;

/// What a ghost holds of its node, beyond its label.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct GhostData {
    /// Documents that have the term.
    pub mentions: u64,
    /// How often it was used.
    pub uses: u64,
    /// The number of synapses in its own row.
    pub degree: u32,
}

/// A copy of a node of another shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ghost {
    /// The node.
    pub node: NodeId,
    /// Its home shard.
    pub shard: ShardId,
    /// Its label, once resolved.
    pub label: Option<EcoString>,
    /// The rest, once resolved.
    pub data: Option<GhostData>,
    /// Whether its home shard has answered.
    pub is_resolved: bool,
    /// The tick of the copy. If it is older than the colony's tick, a read asks the home shard again.
    pub version: Tick,
}

impl Ghost {
    /// Returns a ghost whose home shard has not answered.
    pub fn unresolved(node: NodeId, shard: ShardId, version: Tick) -> Self {
        Ghost { node, shard, label: None, data: None, is_resolved: false, version }
    }

    /// Returns a ghost with what its home shard reported.
    pub fn resolved(node: NodeId, shard: ShardId, version: Tick, label: EcoString, data: GhostData) -> Self {
        Ghost { node, shard, label: Some(label), data: Some(data), is_resolved: true, version }
    }
}

/// Ghosts by node, at most `capacity`; beyond it the least recently used one is evicted.
///
/// Getting and inserting take O(1); removing a shard's ghosts takes O(len).
#[derive(Clone)]
pub struct GhostCache {
    ghosts: LruCache<NodeId, Ghost, State>,
}

impl GhostCache {
    /// Returns an empty cache. A capacity of 0 is taken as 1.
    pub fn new(capacity: usize) -> Self {
        // Made unbounded and then bounded, because a bounded one allocates its whole capacity at once.
        let mut ghosts = LruCache::unbounded_with_hasher(State::default());
        ghosts.resize(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN));
        GhostCache { ghosts }
    }

    /// Caches a ghost as the most recently used one. A copy of a later tick is not replaced, nor a resolved one of the
    /// same tick by an unresolved one.
    ///
    /// Returns the ghost that was evicted for it, if any.
    pub fn insert(&mut self, ghost: Ghost) -> Option<Ghost> {
        if let Some(known) = self.ghosts.get_mut(&ghost.node) {
            if (known.version, known.is_resolved) <= (ghost.version, ghost.is_resolved) {
                *known = ghost;
            }
            return None;
        }
        self.ghosts.push(ghost.node, ghost).map(|(_, gone)| gone)
    }

    /// Returns a ghost, which becomes the most recently used one.
    pub fn get(&mut self, node: NodeId) -> Option<&Ghost> {
        self.ghosts.get(&node)
    }

    /// Returns a ghost, without counting as a use.
    pub fn peek(&self, node: NodeId) -> Option<&Ghost> {
        self.ghosts.peek(&node)
    }

    /// Removes one ghost.
    pub fn remove(&mut self, node: NodeId) -> Option<Ghost> {
        self.ghosts.pop(&node)
    }

    /// Removes every ghost of a shard's nodes. Returns how many there were.
    pub fn remove_shard(&mut self, shard: ShardId) -> usize {
        let before = self.len();
        self.ghosts.retain(|_, ghost| ghost.shard != shard);
        before - self.len()
    }

    /// Removes all ghosts.
    pub fn clear(&mut self) {
        self.ghosts.clear();
    }

    /// Returns how many ghosts there are.
    pub fn len(&self) -> usize {
        self.ghosts.len()
    }

    /// Returns whether there are no ghosts.
    pub fn is_empty(&self) -> bool {
        self.ghosts.is_empty()
    }

    /// Returns how many ghosts fit.
    pub fn capacity(&self) -> usize {
        self.ghosts.cap().get()
    }

    /// Returns all ghosts, the most recently used first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Ghost> {
        self.ghosts.iter().map(|(_, ghost)| ghost)
    }
}

impl fmt::Debug for GhostCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GhostCache").field("len", &self.len()).field("capacity", &self.capacity()).finish()
    }
}
