//! The ghosts that the shards of a world keep.

pub(crate) mod cache;

use crate::lock::lock;
use crate::sync::{Arc, Mutex};
use crate::tick::report::CrossEdges;
use crate::world::World;
use cache::Ghosts;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ghost::Ghost;
use phago_core::ids::{NodeId, ShardId};
use phago_core::read::Whole;
use phago_core::read::ghosts::unresolved;

impl World {
    /// Returns the ghosts a shard keeps as they were cached, the most recently used first.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn ghosts(&self, shard: ShardId) -> Result<Vec<Ghost>> {
        let seat = self.seat(shard)?;
        Ok(lock(&self.ghosts[seat]).cache().iter().cloned().collect())
    }

    /// Returns one ghost of a shard. If it is older than the colony's tick, its home shard is asked again.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`]; [`phago_core::Error::GhostNodeNotFound`] if it is not cached.
    pub fn ghost(&self, shard: ShardId, node: NodeId) -> Result<Ghost> {
        let seat = self.seat(shard)?;
        self.whole(&Cancel::new(), |state| lock(&self.ghosts[seat]).read(node, state))
    }

    /// Returns how many ghosts a shard keeps.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn ghost_count(&self, shard: ShardId) -> Result<usize> {
        let seat = self.seat(shard)?;
        Ok(lock(&self.ghosts[seat]).cache().len())
    }

    /// Returns whether a shard keeps a ghost of a node. Does not count as a use of the ghost.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn has_ghost(&self, shard: ShardId, node: NodeId) -> Result<bool> {
        let seat = self.seat(shard)?;
        Ok(lock(&self.ghosts[seat]).cache().peek(node).is_some())
    }

    /// Forgets the ghosts that `shard` keeps of the nodes of `gone`. Returns how many there were.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn forget_ghosts(&self, shard: ShardId, gone: ShardId) -> Result<usize> {
        let (seat, _) = (self.seat(shard)?, self.seat(gone)?);
        Ok(lock(&self.ghosts[seat]).drop_shard(gone))
    }

    // Caches ghosts of the far ends of a tick's new edges, by seat. A failure here does not fail the tick, which is
    // committed already.
    pub(crate) fn welcome_ghosts(&self, made: &[CrossEdges], resolve: bool) {
        if made.iter().all(CrossEdges::is_empty) {
            return;
        }
        let welcomed = resolve && self.whole(&Cancel::new(), |state| self.welcome_all(made, state, true)).is_ok();
        if !welcomed {
            let _ = self.read(|state| self.welcome_all(made, &state.view(), false));
        }
    }

    fn welcome_all(&self, made: &[CrossEdges], state: &dyn Whole, resolve: bool) -> Result<()> {
        let commons = state.commons();
        let far_ends =
            |(ghosts, edges): (&Mutex<Ghosts>, &CrossEdges)| lock(ghosts).wanted(edges.raw(), edges.lexicon(), commons);
        let wanted: Vec<Vec<(Arc<str>, u32)>> = self.ghosts.iter().zip(made).map(far_ends).collect();
        let terms: Vec<u32> = wanted.iter().flatten().map(|(_, term)| *term).collect();
        let mut told = if resolve { state.ghosts(&terms)? } else { Vec::new() }.into_iter();
        for (ghosts, wanted) in self.ghosts.iter().zip(wanted) {
            let mut ghosts = lock(ghosts);
            for (stem, term) in wanted {
                let told = told.next().and_then(Result::ok);
                ghosts.welcome(stem, told.unwrap_or_else(|| unresolved(commons, term)));
            }
        }
        Ok(())
    }
}
