//! A colony in memory that moves to nodes, and comes back.

use super::open::Over;
use super::settings::{self, Layout};
use crate::journal::Journal;
use crate::lock::lock;
use crate::store::{Files, Memory, Options, Recovery};
use crate::sync::Arc;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::time::Duration;

/// A colony that accepts nothing while its state is taken elsewhere. If it is dropped before [`Moving::end`], the colony
/// goes on where it is.
#[derive(Debug)]
pub struct Moving<'a> {
    world: &'a World,
    has_moved: bool,
}

impl<'a> Moving<'a> {
    /// From now on, the colony accepts no input and begins no tick.
    pub fn begin(world: &'a World) -> Moving<'a> {
        lock(&world.inputs).is_moving = true;
        Moving { world, has_moved: false }
    }

    /// Its state is elsewhere: this one accepts nothing any more.
    pub fn end(mut self) {
        self.has_moved = true;
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        lock(&self.world.inputs).is_moving = self.has_moved;
    }
}

impl World {
    /// Returns this colony over nodes, with its log in the memory of this process, from which nodes that are lost are
    /// made again. Nothing may change it meanwhile; see [`Moving`].
    ///
    /// # Errors
    /// [`Error::Busy`] while a tick is made by hand; [`Error::Config`] for a ring on which shards were deregistered; as
    /// [`World::open_over`].
    pub fn spread(&self, over: &Over, cancel: &Cancel) -> Result<(Arc<World>, Arc<dyn Files>)> {
        if lock(&self.inputs).is_running() {
            let what = "a tick is being made by hand; finish or abandon it before its shards move to nodes";
            return Err(Error::Busy { what: what.into() });
        }
        let (shards, virtual_nodes) = (self.ring().shard_count() as u32, self.ring().virtual_nodes());
        if **self.ring() != Ring::new(shards, virtual_nodes) {
            let accepted = "shards numbered from 0 without a gap: make a new coordinator".into();
            return Err(Error::Config { field: "coordinator.ring".into(), value: self.ring().names(), accepted });
        }
        let layout = Layout { shards, virtual_nodes };
        let files: Arc<dyn Files> = Arc::new(Memory::new());
        let new = settings::encode(self.config(), layout);
        let store = Recovery::open(Arc::clone(&files), Options::default(), Some(&new))?.finish()?;
        let journal = Journal::new(store, 0, 0);
        journal.wait_to_write();
        let encoded = journal.encode(&*self.state()?);
        journal.write(encoded)?;
        journal.close()?;
        let far = World::open_over(&files, Options::default(), None, None, over, Duration::ZERO, cancel)?;
        self.tell_owners(&far);
        Ok((far, files))
    }

    /// Returns the colony that [`World::spread`] put on nodes in this process again, and stops the nodes.
    ///
    /// # Errors
    /// As [`World::open`].
    pub fn gather(&self, files: &Arc<dyn Files>, cancel: &Cancel) -> Result<Arc<World>> {
        // Without a checkpoint, it is made again from what the log has.
        let _ = self.checkpoint();
        self.close()?;
        let here = World::open_within(files, Options::default(), None, None, Duration::ZERO, cancel)?;
        self.tell_owners(&here);
        Ok(here)
    }

    fn tell_owners(&self, other: &World) {
        let owners = lock(&self.inputs).owners.clone();
        lock(&other.inputs).owners = owners;
    }
}
