//! The ghosts of one shard: bounded copies of the far ends of its cross-shard edges.
//!
//! They are copies and never truth: no digest, no tick and no answer depends on them, so they are kept outside of
//! the committed state and filled after a commit.

use phago_core::ghost::{Ghost, GhostCache};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set};
use phago_core::replica::Replica;
use phago_core::shard::CrossEdge;
use phago_core::{Error, Result};

pub(crate) struct Ghosts {
    cache: GhostCache,
    // The term indices of the cached nodes, by which their homes are asked.
    terms: Map<NodeId, u32>,
}

impl Ghosts {
    pub(crate) fn new(capacity: usize) -> Ghosts {
        Ghosts { cache: GhostCache::new(capacity), terms: Map::default() }
    }

    /// Keep ghosts of the far ends of new edges, as many as there is room for; with `resolve` their homes are asked now.
    pub(crate) fn welcome(&mut self, made: &[CrossEdge], state: &Replica, resolve: bool) {
        let mut targets = Set::default();
        for edge in made {
            // Beyond the capacity each would only push out another of the same tick.
            if targets.len() == self.cache.capacity() {
                break;
            }
            if targets.insert(edge.target) {
                let view = state.view();
                let known = if resolve { view.ghost(edge.target).ok() } else { None };
                let ghost = known.unwrap_or_else(|| view.unresolved_ghost(edge.target));
                self.keep(edge.target, ghost);
            }
        }
    }

    /// A ghost; where it is older than the colony's tick its home is asked again.
    pub(crate) fn read(&mut self, node: NodeId, state: &Replica) -> Result<Ghost> {
        let Some(known) = self.cache.get(node) else { return Err(Error::GhostNodeNotFound { node }) };
        let known = known.clone();
        if !known.is_resolved || known.version == state.tick() {
            return Ok(known);
        }
        let Some(&term) = self.terms.get(&node) else { return Ok(known) };
        let Ok(fresh) = state.view().ghost(term) else {
            // The node left with its last document.
            self.cache.remove(node);
            self.terms.remove(&node);
            return Err(Error::GhostNodeNotFound { node });
        };
        self.keep(term, fresh.clone());
        Ok(fresh)
    }

    fn keep(&mut self, term: u32, ghost: Ghost) {
        self.terms.insert(ghost.node, term);
        if let Some(gone) = self.cache.insert(ghost) {
            self.terms.remove(&gone.node);
        }
    }

    pub(crate) fn drop_shard(&mut self, shard: ShardId) -> usize {
        let count = self.cache.remove_shard(shard);
        let cache = &self.cache;
        self.terms.retain(|node, _| cache.peek(*node).is_some());
        count
    }

    pub(crate) fn cache(&self) -> &GhostCache {
        &self.cache
    }
}
