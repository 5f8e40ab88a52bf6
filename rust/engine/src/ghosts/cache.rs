//! The ghosts of one shard: bounded copies of the far ends of its cross-shard edges.
//!
//! They are copies and never truth: no digest, no tick and no answer depends on them, so they are kept outside of
//! the committed state and filled after a commit.

use phago_core::commons::Commons;
use phago_core::ghost::{Ghost, GhostCache, GhostData};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set};
use phago_core::shard::CrossEdge;
use phago_core::state::State;
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
    pub(crate) fn welcome(&mut self, made: &[CrossEdge], state: &State, resolve: bool) {
        let mut targets = Set::default();
        for edge in made {
            // Beyond the capacity each would only push out another of the same tick.
            if targets.len() == self.cache.capacity() {
                break;
            }
            if targets.insert(edge.target) {
                let known = if resolve { ask(state, edge.target).ok() } else { None };
                let ghost = known.unwrap_or_else(|| unresolved(state.commons(), edge.target));
                self.keep(edge.target, ghost);
            }
        }
    }

    /// A ghost; where it is older than the colony's tick its home is asked again.
    pub(crate) fn read(&mut self, node: NodeId, state: &State) -> Result<Ghost> {
        let Some(known) = self.cache.get(node) else { return Err(Error::GhostNodeNotFound { node }) };
        let known = known.clone();
        if !known.is_resolved || known.version == state.tick() {
            return Ok(known);
        }
        let Some(&term) = self.terms.get(&node) else { return Ok(known) };
        let Ok(fresh) = ask(state, term) else {
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

fn unresolved(commons: &Commons, term: u32) -> Ghost {
    Ghost::unresolved(NodeId(commons.id(term)), commons.home(term).shard, commons.tick())
}

// What a node's home tells of it now.
fn ask(state: &State, term: u32) -> Result<Ghost> {
    let commons = state.commons();
    let (node, shard) = (NodeId(commons.id(term)), commons.home(term).shard);
    let Some(data) = state.home(term).describe(term, commons) else {
        return Err(Error::EdgeResolutionFailed { node, shard, reason: "its home knows no such concept".into() });
    };
    let rest = GhostData { mentions: data.mentions, uses: data.uses, degree: data.degree };
    Ok(Ghost::resolved(node, shard, state.tick(), data.label, rest))
}
