//! Accepts inputs as data, and those that concern no document.

use super::ingest::{Ingested, OnError};
use crate::lock::lock;
use crate::work::pool::Pool;
use crate::world::World;
use phago_core::ids::ShardId;
use phago_core::input::{Change, Input, Outcome, Prepared};
use phago_core::{Error, Result};

impl World {
    /// Accepts an input as data: one that was stored, or that another colony accepted. Analysis runs on the calling
    /// thread and the workers of `pool`.
    ///
    /// Without a running tick, it is applied when this returns; else when the tick ends, committed or not.
    ///
    /// # Errors
    /// Those of [`World::ingest`], [`World::update`], [`World::delete`], [`World::reinforce`] and [`World::tell_time`];
    /// [`Error::Config`] for an unknown kind of input. Then nothing changes.
    pub fn submit(&self, input: Input, pool: Option<&Pool>) -> Result<Outcome> {
        match input {
            Input::Ingest(bodies) => {
                let Ingested { accepted, unchanged, .. } =
                    self.ingest(bodies.into_iter().map(Ok).collect(), 0, OnError::Raise, pool)?;
                Ok(Outcome::Ingested { accepted, unchanged })
            }
            Input::Update(body) => self.update(body).map(Outcome::Updated),
            Input::Delete(id) => self.delete_by_id(id),
            Input::Reinforce { id, path, times } => self.reinforce_by_id(id, path, times),
            Input::Now(now) => self.tell_time(now).map(Outcome::Told),
            other => Err(Input::refused(format!("{other:?}"))),
        }
    }

    /// Tells the colony the time, in microseconds since 1970 in UTC. The next tick takes away the documents that expire
    /// by then. Returns `false` and changes nothing unless it is later than all times before. Takes effect when
    /// [`World::delete`] would.
    ///
    /// # Errors
    /// [`phago_core::Error::ReadOnly`], and those of the store. Then nothing changes.
    pub fn tell_time(&self, now: i64) -> Result<bool> {
        if let Some(remote) = &self.remote {
            return remote.tell_time(self, now);
        }
        let inputs = lock(&self.inputs);
        let before = self.state()?.commons().now().max(inputs.pending.now());
        if before >= Some(now) {
            self.check_writable()?;
            return Ok(false);
        }
        let prepared = Prepared { change: Change::Now(now), outcome: Outcome::Told(true) };
        self.enter(inputs, prepared, None, None)?;
        Ok(true)
    }

    /// Returns the inputs that made what one shard holds, for a colony at tick 0.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while inputs wait for the end of a tick, because no shard shows them
    /// yet.
    pub fn inputs_of(&self, shard: ShardId) -> Result<Vec<Input>> {
        let seat = self.seat(shard)?;
        if self.has_waiting() {
            let what = format!("inputs of {shard} wait for the end of a tick made by hand; finish it first");
            return Err(Error::Busy { what });
        }
        self.read(|state| state.inputs_of(seat))
    }
}
