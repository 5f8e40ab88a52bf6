//! Documents that leave or are replaced: at once, or when the tick under way ends.

use crate::ingest::NewDocument;
use crate::lock::lock;
use crate::pending::{Leaving, Pending, ROOM};
use crate::world::World;
use phago_core::documents::AnalysedDocument;
use phago_core::ids::{DocumentId, ShardId};
use phago_core::state::{Admission, State};
use phago_core::{Error, Result};

/// What an update did.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Updated {
    /// There was no document of this id; now there is.
    New,
    /// The document was replaced.
    Changed,
    /// It stands with the same content: nothing was done.
    Unchanged,
}

// What was learned of a committed document while no lock was held.
struct Read {
    title: Box<str>,
    text: Box<str>,
    forms: Box<[(u32, u32)]>,
}

impl World {
    /// Let the document of this name go; `false` when there is none.
    ///
    /// Without a tick under way it is out of every search and every statistic when this returns; else when the tick
    /// ends, committed or not. What it wired is unwired by the next tick after that. A document that waits to be
    /// digested leaves before any tick grants it. The name is the caller's id, or the identity in hexadecimal of a
    /// document without one. Documents that wait for the tick under way to end are found too.
    ///
    /// # Errors
    /// [`Error::Limit`] when the queue of a running tick is full. Then nothing changes.
    pub fn delete(&self, key: &str) -> Result<bool> {
        Ok(self.change(|state, pending| named(state, pending, key), None)? != Updated::Unchanged)
    }

    /// [`World::delete`] for a document of one shard.
    ///
    /// # Errors
    /// [`Error::RoutingFailed`] naming the home of a document that lives elsewhere, and those of [`World::delete`].
    pub fn delete_from(&self, shard: ShardId, key: &str) -> Result<bool> {
        self.check_home(shard, key)?;
        self.delete(key)
    }

    // Refuse a document, by its name, that lives on another shard.
    pub(crate) fn check_home(&self, shard: ShardId, key: &str) -> Result<()> {
        self.seat(shard)?;
        let known = {
            let inputs = lock(&self.inputs);
            named(&*self.state()?, &inputs.pending, key)
        };
        let home = self.ring().shard_of(known.unwrap_or_else(|| DocumentId::from_key(key)).0);
        if home != shard {
            return Err(Error::RoutingFailed { document: key.to_owned(), shard, home });
        }
        Ok(())
    }

    /// Put a document in the place of the one with the same id, in one step: no search sees none of them or both.
    /// The new content is digested like that of any new document. Where there is none yet, it is taken as new.
    ///
    /// Takes effect when [`World::delete`] would.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] for what `ingest` would not take either, and for a document without an id;
    /// [`Error::Limit`] when the colony or the queue of a running tick is full. Then nothing changes.
    pub fn update(&self, document: NewDocument) -> Result<Updated> {
        document.check(0)?;
        if document.key.is_none() {
            let reason = "is missing; accepted is the id of the document to be replaced".into();
            return Err(Error::InvalidDocument { index: 0, id: None, field: "id".into(), reason });
        }
        let id = document.id();
        {
            // A first look, so that what stands with the same content is never analysed again.
            let inputs = lock(&self.inputs);
            let state = self.state()?;
            if inputs.pending.admission(&state, id, document.content()) == Admission::Unchanged {
                return Ok(Updated::Unchanged);
            }
        }
        let new = self.analyse_one(document)?;
        self.change(|_, _| Some(id), Some(new))
    }

    // Let `new`, or nothing, stand under the id that `find` finds. Says what that was to whatever stood there.
    fn change(
        &self,
        find: impl Fn(&State, &Pending) -> Option<DocumentId>,
        new: Option<AnalysedDocument>,
    ) -> Result<Updated> {
        let mut read: Option<Read> = None;
        loop {
            let mut inputs = lock(&self.inputs);
            let state = self.state()?;
            let Some(id) = find(&state, &inputs.pending) else { return Ok(Updated::Unchanged) };
            let waiting = inputs.pending.standing(id);
            let committed = if waiting.is_none() { state.document(id) } else { None };
            let stood = committed.is_some() || matches!(waiting, Some(Some(_)));
            match &new {
                None if !stood => return Ok(Updated::Unchanged),
                Some(new) => match inputs.pending.admission(&state, id, new.content()) {
                    Admission::Unchanged => return Ok(Updated::Unchanged),
                    Admission::New => state.check_room(inputs.pending.coming() + 1)?,
                    Admission::Taken => {}
                },
                None => {}
            }
            let mut leaves = None;
            if let Some(old) = committed {
                match read.take().filter(|read| read.title == old.title && read.text == old.text) {
                    Some(read) => {
                        leaves = Some(Leaving { forms: read.forms, is_undigested: old.digested.is_none() });
                    }
                    None => {
                        // Analysis takes its time and must hold up neither commits nor queries. Others may change
                        // the document meanwhile; then it is read again.
                        let (title, text) = (old.title.clone(), old.text.clone());
                        drop((state, inputs));
                        let forms = self.sessions.forms(&title, &text);
                        read = Some(Read { title, text, forms });
                        continue;
                    }
                }
            }
            drop(state);
            if inputs.is_running() {
                inputs.pending.change(id, leaves, new, ROOM)?;
            } else {
                let mut state = self.state_mut()?;
                if let Some(leaves) = leaves {
                    state.remove(id, &leaves.forms);
                }
                state.apply(Vec::from_iter(new));
            }
            return Ok(if stood { Updated::Changed } else { Updated::New });
        }
    }
}

// The document of a name, behind everything in the queue. One without a key goes by its identity; one with a key that
// looks like an identity is found by that key first.
pub(crate) fn named(state: &State, pending: &Pending, key: &str) -> Option<DocumentId> {
    let key_of = |id: DocumentId| match pending.standing(id) {
        None => state.document(id).map(|document| document.key.is_some()),
        Some(waiting) => waiting.map(|document| document.key.is_some()),
    };
    let id = DocumentId::from_key(key);
    if key_of(id).is_some() {
        return Some(id);
    }
    DocumentId::parse(key).filter(|id| key_of(*id) == Some(false))
}
