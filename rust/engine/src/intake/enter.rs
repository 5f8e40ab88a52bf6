//! What stands, and the one way into it.

use super::pending::{Pending, ROOM, apply};
use crate::lock::lock;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::Body;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Outcome, Prepared};
use phago_core::replica::Replica;
use phago_core::{Error, Result};

impl World {
    // Lets an input in that was judged under this very lock: into the state, or into the queue of the tick under way.
    pub(super) fn enter(&self, inputs: &mut Inputs, prepared: Prepared, pool: Option<&Pool>) -> Result<Outcome> {
        if inputs.is_running() {
            inputs.pending.push(prepared.change, &*self.state()?, ROOM)?;
            return Ok(prepared.outcome);
        }
        Ok(apply(&mut *self.state_mut()?, prepared, pool))
    }

    // Refuses a document, by its name, that lives on another shard.
    pub(super) fn check_home(&self, shard: ShardId, key: &str) -> Result<()> {
        self.seat(shard)?;
        let known = {
            let inputs = lock(&self.inputs);
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
pub(super) struct Standing<'a> {
    pub(super) state: &'a Replica,
    pub(super) pending: &'a Pending,
}

impl<'a> Standing<'a> {
    pub(super) fn body(self, id: DocumentId) -> Option<&'a Body> {
        let committed = || self.state.document(id).map(|document| &document.body);
        self.pending.standing(id).unwrap_or_else(committed)
    }

    pub(super) fn admission(self, id: DocumentId, body: &Body) -> Admission {
        Admission::of(body, self.body(id))
    }

    // The document of a name. One without a key goes by its identity; one with a key that looks like an identity is
    // found by that key first.
    pub(super) fn named(self, key: &str) -> Option<DocumentId> {
        let id = DocumentId::from_key(key);
        if self.body(id).is_some() {
            return Some(id);
        }
        DocumentId::parse(key).filter(|id| self.body(*id).is_some_and(|body| body.key.is_none()))
    }
}
