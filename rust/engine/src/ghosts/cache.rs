//! The ghosts of one shard: bounded copies of the nodes at the far ends of its cross-shard edges.
//!
//! They are copies only: no digest, tick or answer depends on them. So they are kept outside of the committed state and
//! filled after a commit.

use phago_core::commons::Commons;
use phago_core::ghost::{Ghost, GhostCache};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set};
use phago_core::read::Whole;
use phago_core::shard::CrossEdge;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::sync::Arc;

pub(crate) struct Ghosts {
    cache: GhostCache,
    // The stems of the cached nodes, by which their home shards are asked: term indices change when a colony forgets
    // words.
    stems: Map<NodeId, Arc<str>>,
}

impl Ghosts {
    pub(crate) fn new(capacity: usize) -> Ghosts {
        Ghosts { cache: GhostCache::new(capacity), stems: Map::default() }
    }

    /// Returns the far ends of new edges, of which as many are to be cached as fit: stems, and the terms by which
    /// `commons` knows them. `lexicon` is the one that the indices of the edges belong to.
    pub(crate) fn wanted(&self, made: &[CrossEdge], lexicon: &Lexicon, commons: &Commons) -> Vec<(Arc<str>, u32)> {
        let (mut targets, mut wanted) = (Set::default(), Vec::new());
        for edge in made {
            // Beyond the capacity, each new ghost would only evict another one of the same tick.
            if targets.len() == self.cache.capacity() {
                break;
            }
            if targets.insert(edge.target) {
                let stem = lexicon.stem(edge.target);
                // A word that was forgotten since then has no node.
                if let Some(term) = known(commons, &stem) {
                    wanted.push((stem, term));
                }
            }
        }
        wanted
    }

    /// Caches a ghost of the node of a stem.
    pub(crate) fn welcome(&mut self, stem: Arc<str>, ghost: Ghost) {
        self.stems.insert(ghost.node, stem);
        if let Some(gone) = self.cache.insert(ghost) {
            self.stems.remove(&gone.node);
        }
    }

    /// Returns a ghost. If it is older than the colony's tick, its home shard is asked again.
    pub(crate) fn read(&mut self, node: NodeId, state: &dyn Whole) -> Result<Ghost> {
        let Some(known) = self.cache.get(node) else { return Err(Error::GhostNodeNotFound { node }) };
        let known = known.clone();
        if !known.is_resolved || known.version == state.commons().tick() {
            return Ok(known);
        }
        let Some(stem) = self.stems.get(&node).cloned() else { return Ok(known) };
        let terms: Vec<u32> = self::known(state.commons(), &stem).into_iter().collect();
        let Some(Ok(fresh)) = state.ghosts(&terms)?.pop() else {
            // The node was removed with its last document.
            self.cache.remove(node);
            self.stems.remove(&node);
            return Err(Error::GhostNodeNotFound { node });
        };
        self.welcome(stem, fresh.clone());
        Ok(fresh)
    }

    pub(crate) fn drop_shard(&mut self, shard: ShardId) -> usize {
        let count = self.cache.remove_shard(shard);
        let cache = &self.cache;
        self.stems.retain(|node, _| cache.peek(*node).is_some());
        count
    }

    pub(crate) fn cache(&self) -> &GhostCache {
        &self.cache
    }
}

// Returns the term of a stem, if the colony has learned it: its dictionary may hold more.
fn known(commons: &Commons, stem: &str) -> Option<u32> {
    commons.lexicon().term(stem).filter(|term| (*term as usize) < commons.terms())
}
