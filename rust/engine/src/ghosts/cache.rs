//! The ghosts of one shard: bounded copies of the nodes at the far ends of its cross-shard edges.
//!
//! They are copies only: no digest, tick or answer depends on them. So they are kept outside of the committed state. A
//! commit only notes which far ends are new; their homes are asked when somebody looks.

use ecow::EcoString;
use lru::LruCache;
use phago_core::commons::Commons;
use phago_core::ghost::{Ghost, GhostCache};
use phago_core::ids::{NodeId, ShardId};
use phago_core::maps::{Map, Set, State};
use phago_core::read::Whole;
use phago_core::read::ghosts::unresolved;
use phago_core::shard::CrossEdge;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::num::NonZeroUsize;
use std::sync::Arc;

pub(crate) struct Ghosts {
    cache: GhostCache,
    // The stems of the cached nodes, by which their home shards are asked: term indices change when a colony forgets
    // words.
    stems: Map<NodeId, EcoString>,
    // The far ends of new edges that are not cached yet, by their stems, and whether their home shards are to be asked. As
    // many as the cache holds: an older one would be evicted at once.
    awaited: LruCache<EcoString, bool, State>,
    // Those of the last ticks, later than these: their stems are read once somebody looks. To read them for each tick
    // takes longer than all else after its commit, and a large tick makes so many that those before it count no more.
    noted: Vec<Noted>,
}

// So many ticks are noted before stems are read.
const NOTED_MAX: usize = 64;

// The far ends of one tick's new edges, by the indices of a dictionary.
struct Noted {
    terms: Vec<u32>,
    lexicon: Arc<Lexicon>,
    resolve: bool,
}

impl Ghosts {
    pub(crate) fn new(capacity: usize) -> Ghosts {
        let cache = GhostCache::new(capacity);
        // Made unbounded and then bounded, because a bounded one allocates its whole capacity at once.
        let mut awaited = LruCache::unbounded_with_hasher(State::default());
        awaited.resize(NonZeroUsize::new(cache.capacity()).unwrap_or(NonZeroUsize::MIN));
        Ghosts { cache, stems: Map::default(), awaited, noted: Vec::new() }
    }

    /// Notes the far ends of new edges, of which as many as fit are to be cached. `lexicon` is the one that the indices
    /// of the edges belong to.
    pub(crate) fn expect(&mut self, made: &[CrossEdge], lexicon: &Arc<Lexicon>, resolve: bool) {
        let most = self.cache.capacity();
        let (mut known, mut terms) = (Set::default(), Vec::new());
        for edge in made {
            // Beyond the capacity, each new ghost would only evict another one of the same tick.
            if terms.len() == most {
                break;
            }
            if known.insert(edge.target) {
                terms.push(edge.target);
            }
        }
        if terms.len() >= most {
            self.awaited.clear();
            self.noted.clear();
        }
        self.noted.push(Noted { terms, lexicon: lexicon.clone(), resolve });
        if self.noted.len() == NOTED_MAX || self.noted.iter().map(|noted| noted.terms.len()).sum::<usize>() > 2 * most {
            self.name();
        }
    }

    /// Reads the stems of what was noted, after which no dictionary is held.
    pub(crate) fn name(&mut self) {
        for Noted { terms, lexicon, resolve } in self.noted.drain(..) {
            for term in terms {
                self.awaited.put(lexicon.stem(term), resolve);
            }
        }
    }

    /// Returns whether all far ends that were noted are cached.
    pub(crate) fn is_settled(&self) -> bool {
        self.awaited.is_empty() && self.noted.is_empty()
    }

    /// Caches ghosts of the far ends that were noted. Without `ask`, no home shard is asked.
    ///
    /// # Errors
    /// As [`Whole::ghosts`]. Then nothing is cached, and all is noted still.
    pub(crate) fn settle(&mut self, state: &dyn Whole, ask: bool) -> Result<()> {
        self.name();
        let commons = state.commons();
        // The oldest first. A word that was forgotten since then has no node.
        let noted = self.awaited.iter().rev();
        let wanted: Vec<(EcoString, u32, bool)> =
            noted.filter_map(|(stem, &resolve)| Some((stem.clone(), known(commons, stem)?, ask && resolve))).collect();
        let asked: Vec<u32> = wanted.iter().filter(|(_, _, asked)| *asked).map(|(_, term, _)| *term).collect();
        let mut told = if asked.is_empty() { Vec::new() } else { state.ghosts(&asked)? }.into_iter();
        self.awaited.clear();
        for (stem, term, asked) in wanted {
            let ghost = if asked { told.next().and_then(Result::ok) } else { Some(unresolved(commons, term)) };
            // Else it was removed with its last document.
            if let Some(ghost) = ghost {
                self.welcome(stem, ghost);
            }
        }
        Ok(())
    }

    // Caches a ghost of the node of a stem.
    fn welcome(&mut self, stem: EcoString, ghost: Ghost) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::text::Session;

    fn edges(targets: impl Iterator<Item = u32>) -> Vec<CrossEdge> {
        targets.map(|target| CrossEdge { source: 0, target, weight: 1 }).collect()
    }

    #[test]
    fn what_waits_for_somebody_to_look_is_no_more_than_fits() {
        let lexicon = Arc::new(Lexicon::new());
        Session::new(lexicon.clone()).analyse("", "wall salt ion pump cell");
        let terms: Vec<u32> = (0..5).collect();
        for (capacity, made) in [(1, 9), (3, 9), (7, 9), (1 << 24, 9), (3, 2), (4, 1), (7, 2), (1 << 24, 1)] {
            let (mut ghosts, mut expected) = (Ghosts::new(capacity), Vec::new());
            for tick in 0..250 {
                // Somebody looks after some of the first ticks.
                if tick < 100 && tick % 7 < 3 {
                    ghosts.name();
                }
                let targets: Vec<u32> = terms.iter().copied().cycle().skip(tick).take(made).collect();
                ghosts.expect(&edges(targets.iter().copied()), &lexicon, tick % 2 == 0);
                for &target in targets[..made.min(terms.len())].iter().take(capacity) {
                    expected.retain(|(known, _)| *known != target);
                    expected.push((target, tick % 2 == 0));
                }
                expected.drain(..expected.len().saturating_sub(capacity));
                let noted: usize = ghosts.noted.iter().map(|noted| noted.terms.len()).sum();
                assert!(!ghosts.is_settled() && noted <= 2 * capacity && ghosts.noted.len() < NOTED_MAX);
            }
            ghosts.name();
            let noted = ghosts.awaited.iter().rev().map(|(stem, &asked)| (stem.clone(), asked));
            assert!(noted.eq(expected.iter().map(|&(term, asked)| (lexicon.stem(term), asked))), "{capacity}, {made}");
        }
    }
}
