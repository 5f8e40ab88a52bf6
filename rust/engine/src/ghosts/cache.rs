//! The ghosts of one shard: bounded copies of the nodes at the far ends of its cross-shard edges.
//!
//! They are copies only: no digest, tick or answer depends on them. So they are kept outside of the committed state and
//! filled after a commit.

use phago_core::ghost::{Ghost, GhostCache};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set};
use phago_core::replica::Replica;
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

    /// Caches ghosts of the far ends of new edges, up to the capacity. With `resolve` their home shards are asked at
    /// once. `lexicon` is the one that their term indices belong to.
    pub(crate) fn welcome(&mut self, made: &[CrossEdge], lexicon: &Lexicon, state: &Replica, resolve: bool) {
        let mut targets = Set::default();
        for edge in made {
            // Beyond the capacity, each new ghost would only evict another one of the same tick.
            if targets.len() == self.cache.capacity() {
                break;
            }
            if targets.insert(edge.target) {
                let (view, stem) = (state.view(), lexicon.stem(edge.target));
                // A word that was forgotten since then has no node.
                let Some(term) = view.commons.lexicon().term(&stem).filter(|term| view.knows(*term)) else { continue };
                let known = if resolve { view.ghost(term).ok() } else { None };
                self.keep(stem, known.unwrap_or_else(|| view.unresolved_ghost(term)));
            }
        }
    }

    /// Returns a ghost. If it is older than the colony's tick, its home shard is asked again.
    pub(crate) fn read(&mut self, node: NodeId, state: &Replica) -> Result<Ghost> {
        let Some(known) = self.cache.get(node) else { return Err(Error::GhostNodeNotFound { node }) };
        let known = known.clone();
        if !known.is_resolved || known.version == state.tick() {
            return Ok(known);
        }
        let Some(stem) = self.stems.get(&node).cloned() else { return Ok(known) };
        let view = state.view();
        let term = view.commons.lexicon().term(&stem).filter(|term| view.knows(*term));
        let Some(fresh) = term.and_then(|term| view.ghost(term).ok()) else {
            // The node was removed with its last document.
            self.cache.remove(node);
            self.stems.remove(&node);
            return Err(Error::GhostNodeNotFound { node });
        };
        self.keep(stem, fresh.clone());
        Ok(fresh)
    }

    fn keep(&mut self, stem: Arc<str>, ghost: Ghost) {
        self.stems.insert(ghost.node, stem);
        if let Some(gone) = self.cache.insert(ghost) {
            self.stems.remove(&gone.node);
        }
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
