//! What the handles of one colony share.

use super::free::{FreedElsewhere, give_back};
use crate::intake::chunk::Chunk;
use crate::intake::ingest::{Ingested, OnError};
use crate::intake::many::UpdatedAll;
use crate::lock::lock;
use crate::tick::runner::Runner;
use crate::world::World;
use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::documents::Body;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, Weak};

/// What the handles of one colony share: its world, and the threads that help to ingest documents.
#[derive(Debug)]
pub struct Colony {
    /// The world.
    pub world: FreedElsewhere<Arc<World>>,
    /// How many documents it had when a shard of it was last dropped, for handles that outlive it.
    pub left: Arc<AtomicU64>,
    // A runner whose threads help to ingest documents, so that a colony keeps to its parallelism.
    helper: Mutex<Weak<Runner>>,
    // Where it went on.
    next: Mutex<Option<Arc<Colony>>>,
}

impl Colony {
    /// Returns the colony of a world.
    pub fn new(world: Arc<World>) -> Arc<Self> {
        Arc::new(Colony {
            world: FreedElsewhere::new(world),
            left: Arc::default(),
            helper: Mutex::default(),
            next: Mutex::default(),
        })
    }

    /// Lets the handles of this colony follow to another world.
    pub fn move_to(&self, next: &Arc<Colony>) {
        *lock(&self.next) = Some(Arc::clone(next));
    }

    /// Returns this colony where it is now.
    pub fn latest(self: &Arc<Self>) -> Arc<Colony> {
        let mut colony = Arc::clone(self);
        loop {
            let next = lock(&colony.next).clone();
            match next {
                Some(next) => colony = next,
                None => return colony,
            }
        }
    }

    /// Lets the threads of this runner help while it is alive.
    pub fn help(&self, runner: &Arc<Runner>) {
        *lock(&self.helper) = Arc::downgrade(runner);
    }

    /// Does what [`World::begin_chunk`] does, with the threads of the helping runner.
    pub fn begin(&self, chunk: &mut Chunk, idles: bool) {
        // Let go of at once: others ask for it meanwhile.
        let helper = lock(&self.helper).upgrade();
        if let Some(runner) = helper {
            self.world.begin_chunk(chunk, runner.pool(), idles);
        }
    }

    /// Does what [`World::read_ahead`] does, and has the threads of the helping runner begin if they have not.
    pub fn read_ahead(&self, chunk: &mut Chunk, cancel: &Cancel) {
        self.begin(chunk, false);
        self.world.read_ahead(chunk, cancel);
    }

    /// Does what [`World::ingest_chunk`] does, with the threads of the helping runner.
    ///
    /// # Errors
    /// As [`World::ingest_chunk`].
    pub fn ingest(&self, chunk: Chunk, on_error: OnError) -> Result<Ingested> {
        let (helper, before) = (lock(&self.helper).upgrade(), self.world.lexicon()?);
        let pool = helper.as_ref().map(|runner| runner.pool());
        let ingested = self.world.ingest_chunk(chunk, on_error, pool);
        // The words of refused large documents are forgotten; their memory should be freed too.
        if !Arc::ptr_eq(&before, &self.world.lexicon()?) {
            drop(before);
            give_back();
        }
        ingested
    }

    /// Does what [`World::update_all`] does, with the threads of the helping runner.
    ///
    /// # Errors
    /// As [`World::update_all`].
    pub fn update_all(
        &self,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        cancel: &Cancel,
    ) -> Result<UpdatedAll> {
        let helper = lock(&self.helper).upgrade();
        let pool = helper.as_ref().map(|runner| runner.pool());
        self.world.update_all(documents, first_index, on_error, pool, cancel)
    }

    /// Does what [`World::delete`] does. Without any document left, memory is given back.
    ///
    /// # Errors
    /// As [`World::delete`].
    pub fn delete(&self, key: &str) -> Result<bool> {
        let deleted = self.world.delete(key)?;
        self.free_if_empty(deleted)?;
        Ok(deleted)
    }

    /// Does what [`World::delete_all`] does. Without any document left, memory is given back.
    ///
    /// # Errors
    /// As [`World::delete_all`].
    pub fn delete_all(&self, keys: &[String], cancel: &Cancel) -> Result<u64> {
        let deleted = self.world.delete_all(keys, cancel)?;
        self.free_if_empty(deleted > 0)?;
        Ok(deleted)
    }

    // A caller that deletes everything no longer needs the memory.
    fn free_if_empty(&self, is_changed: bool) -> Result<()> {
        if is_changed && self.world.read(|state| state.commons().documents())? == 0 {
            give_back();
        }
        Ok(())
    }
}
