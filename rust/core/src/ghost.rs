//! Bounded copies of far nodes.
//!
//! A shard that makes a synapse to a node of another shard keeps a ghost of the far end, so that reading its
//! edges asks nobody. Ghosts are copies and never truth: the size of the cache changes what a read costs, not
//! what it answers.

use crate::ids::{NodeId, ShardId, Tick};
use crate::maps::State;
use lru::LruCache;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What a ghost knows of its node, beyond its label.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct GhostData {
    /// Documents that have the term.
    pub mentions: u64,
    /// Times it was used.
    pub uses: u64,
    /// Synapses of its own row.
    pub degree: u32,
}

/// A copy of a node that lives elsewhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ghost {
    /// The node.
    pub node: NodeId,
    /// Its home.
    pub shard: ShardId,
    /// Its label, once resolved.
    pub label: Option<Arc<str>>,
    /// The rest, once resolved.
    pub data: Option<GhostData>,
    /// Whether its home has answered.
    pub is_resolved: bool,
    /// The tick as of which all this is true. Older than the colony's tick: ask again on reading.
    pub version: Tick,
}

impl Ghost {
    /// A ghost whose home has not answered.
    pub fn unresolved(node: NodeId, shard: ShardId, version: Tick) -> Self {
        Ghost { node, shard, label: None, data: None, is_resolved: false, version }
    }

    /// A ghost as its home told.
    pub fn resolved(node: NodeId, shard: ShardId, version: Tick, label: Arc<str>, data: GhostData) -> Self {
        Ghost { node, shard, label: Some(label), data: Some(data), is_resolved: true, version }
    }
}

/// Ghosts by node, at most `capacity`; above it the one that was least recently used goes.
///
/// Getting and inserting take O(1); emptying a shard takes O(len).
#[derive(Clone)]
pub struct GhostCache {
    ghosts: LruCache<NodeId, Ghost, State>,
}

impl GhostCache {
    /// An empty cache. A capacity of 0 is taken as 1.
    pub fn new(capacity: usize) -> Self {
        // Made unbounded and then bounded, because a bounded one takes the memory of its capacity at once.
        let mut ghosts = LruCache::unbounded_with_hasher(State::default());
        ghosts.resize(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN));
        GhostCache { ghosts }
    }

    /// Keep a ghost, as the most recently used one. A copy of a later tick is not replaced, nor is a resolved one
    /// of the same tick by an unresolved one.
    ///
    /// Returns the ghost that had to go for it, if any.
    pub fn insert(&mut self, ghost: Ghost) -> Option<Ghost> {
        if let Some(known) = self.ghosts.get_mut(&ghost.node) {
            if (known.version, known.is_resolved) <= (ghost.version, ghost.is_resolved) {
                *known = ghost;
            }
            return None;
        }
        self.ghosts.push(ghost.node, ghost).map(|(_, gone)| gone)
    }

    /// A ghost, which becomes the most recently used one.
    pub fn get(&mut self, node: NodeId) -> Option<&Ghost> {
        self.ghosts.get(&node)
    }

    /// A ghost, without counting as a use.
    pub fn peek(&self, node: NodeId) -> Option<&Ghost> {
        self.ghosts.peek(&node)
    }

    /// Drop one ghost.
    pub fn remove(&mut self, node: NodeId) -> Option<Ghost> {
        self.ghosts.pop(&node)
    }

    /// Drop every ghost of a shard's nodes; returns how many there were.
    pub fn remove_shard(&mut self, shard: ShardId) -> usize {
        let before = self.len();
        self.ghosts.retain(|_, ghost| ghost.shard != shard);
        before - self.len()
    }

    /// Drop all.
    pub fn clear(&mut self) {
        self.ghosts.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ghosts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ghosts.is_empty()
    }

    /// How many there can be.
    pub fn capacity(&self) -> usize {
        self.ghosts.cap().get()
    }

    /// All ghosts, the most recently used first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Ghost> {
        self.ghosts.iter().map(|(_, ghost)| ghost)
    }
}

impl fmt::Debug for GhostCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GhostCache").field("len", &self.len()).field("capacity", &self.capacity()).finish()
    }
}
