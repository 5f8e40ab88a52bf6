//! The ghosts of one shard: bounded copies of the nodes at the far ends of its cross-shard edges.
//!
//! They are copies only: no digest, tick or answer depends on them. So they are kept outside of the committed state. A
//! commit only notes which far ends are new; their homes are asked when somebody looks.

use phago_core::commons::Commons;
use phago_core::ghost::{Ghost, GhostCache};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set};
use phago_core::read::Whole;
use phago_core::read::ghosts::unresolved;
use phago_core::shard::CrossEdge;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::sync::Arc;

// After how many ticks with more new far ends than fit those are dropped that would be evicted.
const KEPT_TICKS: usize = 8;

pub(crate) struct Ghosts {
    cache: GhostCache,
    // The stems of the cached nodes, by which their home shards are asked: term indices change when a colony forgets
    // words.
    stems: Map<NodeId, Arc<str>>,
    // The far ends of new edges that are not cached yet, the newest ones last.
    awaited: Vec<Awaited>,
}

struct Awaited {
    stem: Arc<str>,
    // Whether its home shard is to be asked.
    resolve: bool,
}

impl Ghosts {
    pub(crate) fn new(capacity: usize) -> Ghosts {
        Ghosts { cache: GhostCache::new(capacity), stems: Map::default(), awaited: Vec::new() }
    }

    /// Notes the far ends of new edges, of which as many as fit are to be cached. `lexicon` is the one that the indices
    /// of the edges belong to.
    pub(crate) fn expect(&mut self, made: &[CrossEdge], lexicon: &Lexicon, resolve: bool) {
        let most = self.cache.capacity();
        let mut targets = Set::default();
        for edge in made {
            // Beyond the capacity, each new ghost would only evict another one of the same tick.
            if targets.len() == most {
                break;
            }
            if targets.insert(edge.target) {
                self.awaited.push(Awaited { stem: lexicon.stem(edge.target), resolve });
            }
        }
        if self.awaited.len() >= most.saturating_mul(KEPT_TICKS) {
            self.forget_evicted();
        }
    }

    // Drops what would be evicted at once by what comes after it.
    fn forget_evicted(&mut self) {
        let (mut seen, all) = (Set::default(), std::mem::take(&mut self.awaited));
        let newest = all.into_iter().rev().filter(|awaited| seen.insert(awaited.stem.clone()));
        self.awaited = newest.take(self.cache.capacity()).collect();
        self.awaited.reverse();
    }

    /// Returns whether all far ends that were noted are cached.
    pub(crate) fn is_settled(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Caches ghosts of the far ends that were noted. Without `ask`, no home shard is asked.
    ///
    /// # Errors
    /// As [`Whole::ghosts`]. Then nothing is cached, and all is noted still.
    pub(crate) fn settle(&mut self, state: &dyn Whole, ask: bool) -> Result<()> {
        self.forget_evicted();
        let commons = state.commons();
        // A word that was forgotten since then has no node.
        let wanted: Vec<(&Awaited, u32)> =
            self.awaited.iter().filter_map(|awaited| Some((awaited, known(commons, &awaited.stem)?))).collect();
        let asked: Vec<u32> = wanted.iter().filter(|wanted| ask && wanted.0.resolve).map(|wanted| wanted.1).collect();
        let mut told = if asked.is_empty() { Vec::new() } else { state.ghosts(&asked)? }.into_iter();
        let mut fresh = Vec::with_capacity(wanted.len());
        for (awaited, term) in wanted {
            match ask && awaited.resolve {
                // The others were removed with their last document.
                true => fresh.extend(told.next().and_then(Result::ok).map(|ghost| (awaited.stem.clone(), ghost))),
                false => fresh.push((awaited.stem.clone(), unresolved(commons, term))),
            }
        }
        self.awaited = Vec::new();
        fresh.into_iter().for_each(|(stem, ghost)| self.welcome(stem, ghost));
        Ok(())
    }

    // Caches a ghost of the node of a stem.
    fn welcome(&mut self, stem: Arc<str>, ghost: Ghost) {
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
