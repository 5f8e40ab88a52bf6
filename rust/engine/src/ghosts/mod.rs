//! The ghosts that the shards of a world keep.

pub(crate) mod cache;

use crate::lock::lock;
use crate::sync::MutexGuard;
use crate::tick::report::CrossEdges;
use crate::world::World;
use cache::Ghosts;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::ghost::Ghost;
use phago_core::ids::{NodeId, ShardId};

impl World {
    /// Returns the ghosts a shard keeps as they were cached, the most recently used first.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn ghosts(&self, shard: ShardId) -> Result<Vec<Ghost>> {
        Ok(self.settled(shard)?.cache().iter().cloned().collect())
    }

    /// Returns one ghost of a shard. If it is older than the colony's tick, its home shard is asked again.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`]; [`phago_core::Error::GhostNodeNotFound`] if it is not cached.
    pub fn ghost(&self, shard: ShardId, node: NodeId) -> Result<Ghost> {
        drop(self.settled(shard)?);
        let seat = self.seat(shard)?;
        self.whole(&Cancel::new(), |state| lock(&self.ghosts[seat]).read(node, state))
    }

    /// Returns how many ghosts a shard keeps.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn ghost_count(&self, shard: ShardId) -> Result<usize> {
        Ok(self.settled(shard)?.cache().len())
    }

    /// Returns whether a shard keeps a ghost of a node. Does not count as a use of the ghost.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn has_ghost(&self, shard: ShardId, node: NodeId) -> Result<bool> {
        Ok(self.settled(shard)?.cache().peek(node).is_some())
    }

    /// Forgets the ghosts that `shard` keeps of the nodes of `gone`. Returns how many there were.
    ///
    /// # Errors
    /// [`phago_core::Error::ShardNotFound`].
    pub fn forget_ghosts(&self, shard: ShardId, gone: ShardId) -> Result<usize> {
        self.seat(gone)?;
        Ok(self.settled(shard)?.drop_shard(gone))
    }

    // Notes the far ends of a tick's new edges, by seat, for whoever looks at the ghosts.
    pub(crate) fn expect_ghosts(&self, made: &[CrossEdges], resolve: bool) {
        for (ghosts, edges) in self.ghosts.iter().zip(made).filter(|(_, edges)| !edges.is_empty()) {
            lock(ghosts).expect(edges.raw(), edges.lexicon(), resolve);
        }
    }

    // Returns the ghosts of a shard with those of all far ends that were noted.
    fn settled(&self, shard: ShardId) -> Result<MutexGuard<'_, Ghosts>> {
        let ghosts = &self.ghosts[self.seat(shard)?];
        if !lock(ghosts).is_settled() {
            let settled = self.whole(&Cancel::new(), |state| lock(ghosts).settle(state, true));
            if settled.is_err() {
                // Its homes do not answer.
                self.read(|state| lock(ghosts).settle(&state.view(), false))??;
            }
        }
        Ok(lock(ghosts))
    }
}
