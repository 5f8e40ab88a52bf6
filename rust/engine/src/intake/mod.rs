//! The way in: inputs are checked, analysed where no lock is held, judged against what stands, and then applied at once
//! or when the tick under way ends.
//!
//! One file for each kind of input; all of them end in `World::enter`.

mod analyse;
mod change;
mod ingest;
mod pending;
mod reinforce;

pub(crate) use analyse::Sessions;
pub use ingest::{Ingested, OnError};
pub(crate) use pending::Pending;
pub use reinforce::Helped;

use crate::pool::Pool;
use crate::world::{Inputs, World};
use pending::{ROOM, apply};
use phago_core::documents::Body;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Input, Outcome, Prepared};
use phago_core::replica::Replica;
use phago_core::{Error, Result};

impl World {
    /// Takes an input as data: one that was stored, or that another colony accepted. Analysis runs on the calling
    /// thread and the workers of `pool`.
    ///
    /// Without a tick under way it is applied when this returns; else when the tick ends, committed or not.
    ///
    /// # Errors
    /// Those of [`World::ingest`], [`World::update`], [`World::delete`] and [`World::reinforce`]; [`Error::Config`] for a
    /// kind of input that is not known here. Then nothing changes.
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
            other => {
                let accepted = "ingest, update, delete or reinforce".into();
                Err(Error::Config { field: "input".into(), value: format!("{other:?}"), accepted })
            }
        }
    }

    /// The inputs that made what one shard holds, of a colony at tick 0.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] where inputs wait for the end of a tick, as no shard shows them yet.
    pub fn inputs_of(&self, shard: ShardId) -> Result<Vec<Input>> {
        let seat = self.seat(shard)?;
        if self.has_waiting() {
            let what = format!("inputs of {shard} wait for the end of a tick made by hand; finish it first");
            return Err(Error::Busy { what });
        }
        self.read(|state| state.inputs_of(seat))
    }

    // Lets an input in that was judged under this very lock: into the state, or into the queue of the tick under way.
    fn enter(&self, inputs: &mut Inputs, prepared: Prepared, pool: Option<&Pool>) -> Result<Outcome> {
        if inputs.is_running() {
            inputs.pending.push(prepared.change, &*self.state()?, ROOM)?;
            return Ok(prepared.outcome);
        }
        Ok(apply(&mut *self.state_mut()?, prepared, pool))
    }

    // Refuses a document, by its name, that lives on another shard.
    fn check_home(&self, shard: ShardId, key: &str) -> Result<()> {
        self.seat(shard)?;
        let known = {
            let inputs = crate::pool::lock(&self.inputs);
            Standing { state: &*self.state()?, pending: &inputs.pending }.named(key)
        };
        let home = self.ring().shard_of(known.unwrap_or_else(|| DocumentId::from_key(key)).0);
        if home != shard {
            return Err(Error::RoutingFailed { document: key.to_owned(), shard, home });
        }
        Ok(())
    }
}

/// What stands, behind everything in the queue.
#[derive(Copy, Clone)]
struct Standing<'a> {
    state: &'a Replica,
    pending: &'a Pending,
}

impl<'a> Standing<'a> {
    fn body(self, id: DocumentId) -> Option<&'a Body> {
        let committed = || self.state.document(id).map(|document| &document.body);
        self.pending.standing(id).unwrap_or_else(committed)
    }

    fn admission(self, id: DocumentId, body: &Body) -> Admission {
        Admission::of(body, self.body(id))
    }

    // The document of a name. One without a key goes by its identity; one with a key that looks like an identity is
    // found by that key first.
    fn named(self, key: &str) -> Option<DocumentId> {
        let id = DocumentId::from_key(key);
        if self.body(id).is_some() {
            return Some(id);
        }
        DocumentId::parse(key).filter(|id| self.body(*id).is_some_and(|body| body.key.is_none()))
    }
}
