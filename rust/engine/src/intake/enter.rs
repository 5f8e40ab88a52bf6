//! What stands, and the one way into it.

use super::pending::{Pending, ROOM, apply};
use crate::journal::{Journal, documents_of};
use crate::lock::lock;
use crate::store::Prepared as Record;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::Body;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Outcome, Prepared};
use phago_core::replica::Replica;
use phago_core::{Error, Result};
use std::sync::MutexGuard;

impl World {
    // Lets an input in that was judged under this very lock: into the log, and into the state or the queue of the tick
    // under way. It is seen from then on, and answered when the log is kept: those who come together share one sync.
    // `record` is what was made of the change where no lock was held.
    pub(super) fn enter(
        &self,
        mut inputs: MutexGuard<'_, Inputs>,
        prepared: Prepared,
        record: Option<Record>,
        pool: Option<&Pool>,
    ) -> Result<Outcome> {
        self.check_writable()?;
        let Some(journal) = self.journal.clone() else { return self.take_in(&mut inputs, prepared, pool) };
        let record = match record {
            Some(record) => Some(record),
            None => Journal::record(&prepared.change)?,
        };
        // A queue that is full refuses before anything is written; a log that cannot be written, before anything is taken.
        if inputs.is_running() {
            inputs.pending.has_room(&prepared.change, ROOM)?;
        }
        let documents = documents_of(&prepared.change);
        let sequence = record.map(|record| journal.append(&record, documents)).transpose()?;
        let outcome = self.take_in(&mut inputs, prepared, pool)?;
        self.checkpoint_if_due(&mut inputs);
        drop(inputs);
        sequence.map_or(Ok(()), |sequence| journal.keep(sequence))?;
        Ok(outcome)
    }

    fn take_in(&self, inputs: &mut Inputs, prepared: Prepared, pool: Option<&Pool>) -> Result<Outcome> {
        if inputs.is_running() {
            inputs.pending.push(prepared.change, &*self.state()?, ROOM)?;
            return Ok(prepared.outcome);
        }
        Ok(apply(&mut *self.state_mut()?, prepared, pool))
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        match &self.read_only {
            Some(path) => Err(Error::ReadOnly { path: path.clone() }),
            None => Ok(()),
        }
    }

    // Lets the colony forget words that no document has, where they are many. While a tick is made it waits for its end,
    // as inputs do; whoever ends the tick does this too.
    pub(super) fn forget_words(&self) {
        let inputs = lock(&self.inputs);
        // A state that broke off half-way has been told of elsewhere.
        let is_due = self.read(Replica::has_words_to_forget).unwrap_or(false);
        if is_due
            && !inputs.is_running()
            && let Ok(mut state) = self.state_mut()
        {
            self.forget_words_of(&mut state);
        }
    }

    // The lock of the inputs must be held, so that nothing that was prepared waits to be applied.
    pub(crate) fn forget_words_of(&self, state: &mut Replica) {
        if state.forget_words() {
            self.sessions.drop_all_but(state.commons().lexicon());
        }
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
        Admission::of(id, body, |id| self.body(id))
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
