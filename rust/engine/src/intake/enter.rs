//! The documents that are present, and the one way to change them.

use super::pending::{Pending, ROOM, apply};
use crate::journal::Journal;
use crate::lock::lock;
use crate::store::Prepared as Record;
use crate::sync::MutexGuard;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::{Body, Known};
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Outcome, Prepared};
use phago_core::life::Space;
use phago_core::replica::Replica;
use phago_core::{Error, Result};

impl World {
    // Accepts an input and waits until the log is durable: callers that come together share one sync.
    pub(super) fn enter(
        &self,
        inputs: MutexGuard<'_, Inputs>,
        prepared: Prepared,
        record: Option<Record>,
        pool: Option<&Pool>,
    ) -> Result<Outcome> {
        let accepted = self.accept(inputs, prepared, record, pool)?;
        self.keep(accepted.sequence)?;
        Ok(accepted.outcome)
    }

    // Waits until the input of this number, and all before it, are durable. Only then may they be acknowledged.
    pub(super) fn keep(&self, sequence: Option<u64>) -> Result<()> {
        match (&self.journal, sequence) {
            (Some(journal), Some(sequence)) => journal.keep(sequence),
            _ => Ok(()),
        }
    }

    // Accepts an input that was judged under the same lock: appends it to the log, and applies it or queues it until
    // the running tick ends. It is visible from then on. `record` is what was prepared of the change without a lock.
    pub(super) fn accept(
        &self,
        mut inputs: MutexGuard<'_, Inputs>,
        prepared: Prepared,
        record: Option<Record>,
        pool: Option<&Pool>,
    ) -> Result<Accepted> {
        self.check_writable()?;
        inputs.refuse_moving()?;
        let Some(journal) = &self.journal else {
            return Ok(Accepted::nothing(self.take_in(&mut inputs, prepared, pool)?));
        };
        let record = match record {
            Some(record) => Some(record),
            None => Journal::record(&prepared.change)?,
        };
        // A full queue refuses before anything is written to the log; a log that cannot be written refuses before
        // anything is accepted.
        if inputs.is_running() {
            inputs.pending.has_room(&prepared.change, ROOM)?;
        }
        let documents = prepared.change.documents();
        let sequence = record.map(|record| journal.append(&record, documents)).transpose()?;
        let outcome = self.take_in(&mut inputs, prepared, pool)?;
        self.checkpoint_if_due(&mut inputs);
        Ok(Accepted { outcome, sequence })
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

    // Lets the colony forget words that no document has, if they are many. While a tick runs, this waits for its end,
    // as inputs do; the thread that ends the tick does it then.
    pub(super) fn forget_words(&self) {
        let inputs = lock(&self.inputs);
        // If the state is poisoned, other calls report it.
        let is_due = self.read(Replica::has_words_to_forget).unwrap_or(false);
        if is_due
            && !inputs.is_running()
            && let Ok(mut state) = self.state_mut()
        {
            self.forget_words_of(&mut state);
        }
    }

    // The caller must hold the inputs' lock, so that nothing that was prepared waits to be applied.
    pub(crate) fn forget_words_of(&self, state: &mut Replica) {
        if state.forget_words() {
            self.sessions.drop_all_but(state.commons().lexicon());
            // Whoever holds them is about to read stems, and may wait for the state, which is held here.
            self.ghosts.iter().filter_map(|ghosts| ghosts.try_lock().ok()).for_each(|mut ghosts| ghosts.name());
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

/// An input that was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) outcome: Outcome,
    /// The number of its record, if it has one. The input may be acknowledged once [`World::keep`] has returned for it.
    pub(super) sequence: Option<u64>,
}

impl Accepted {
    /// Returns an input of which nothing has to become durable.
    pub(super) fn nothing(outcome: Outcome) -> Accepted {
        Accepted { outcome, sequence: None }
    }
}

/// The documents that are present, with all changes in the queue.
#[derive(Copy, Clone)]
pub(super) struct Standing<'a> {
    pub(super) state: &'a Replica,
    pub(super) pending: &'a Pending,
}

impl<'a> Standing<'a> {
    pub(super) fn body(self, id: DocumentId) -> Option<Known<'a>> {
        self.pending.standing(id).unwrap_or_else(|| self.state.body(id))
    }

    /// Returns what all vectors have in common.
    pub(super) fn space(self) -> Space {
        let committed = self.state.commons().life().space();
        if committed.dimension().is_some() { committed.clone() } else { self.pending.space().clone() }
    }

    /// Refuses a document whose vector has another number of numbers than those that stand.
    pub(super) fn admit(self, body: &Body, index: usize) -> Result<()> {
        if body.vector.is_some() { self.space().admit(body, index) } else { Ok(()) }
    }

    pub(super) fn admission(self, id: DocumentId, body: &Body) -> Admission {
        Admission::of(id, body, |id| self.body(id))
    }

    // Returns the document of a name. A document without a key is named by its identity. A key that looks like an
    // identity is tried first.
    pub(super) fn named(self, key: &str) -> Option<DocumentId> {
        let id = DocumentId::from_key(key);
        if self.body(id).is_some() {
            return Some(id);
        }
        DocumentId::parse(key).filter(|id| self.body(*id).is_some_and(|body| body.key.is_none()))
    }
}
