//! Shards made one by one whose colony is on nodes while a runner drives them.

use super::colony::Colony;
use super::ring::SharedRing;
use crate::kept::{Moving, Over};
use crate::store::Files;
use phago_core::Result;
use phago_core::cancel::Cancel;
use std::sync::Arc;

/// A colony on nodes that came from this process. It stays there until [`Spread::gather`], or until the last handle on
/// it is dropped, and then it ends.
#[derive(Debug)]
pub struct Spread {
    ring: Arc<SharedRing>,
    colony: Arc<Colony>,
    files: Arc<dyn Files>,
}

impl Spread {
    /// Moves the colony of all shards of a ring to nodes. Its handles follow.
    ///
    /// # Errors
    /// As [`crate::world::World::spread`]. The colony then goes on in this process.
    pub fn new(ring: &Arc<SharedRing>, colony: &Arc<Colony>, over: &Over, cancel: &Cancel) -> Result<Spread> {
        let moving = Moving::begin(&colony.world);
        let (world, files) = colony.world.spread(over, cancel)?;
        let far = Colony::new(world);
        colony.move_to(&far);
        ring.adopt(&far);
        moving.end();
        Ok(Spread { ring: Arc::clone(ring), colony: far, files })
    }

    /// Returns the colony.
    pub fn colony(&self) -> &Arc<Colony> {
        &self.colony
    }

    /// Brings the colony back into this process, and stops its nodes. Its handles follow.
    ///
    /// # Errors
    /// As [`crate::world::World::gather`].
    pub fn gather(self, cancel: &Cancel) -> Result<()> {
        let here = Colony::new(self.colony.world.gather(&self.files, cancel)?);
        self.colony.move_to(&here);
        self.ring.adopt(&here);
        Ok(())
    }
}
