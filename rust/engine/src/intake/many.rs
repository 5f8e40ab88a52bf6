//! Many updates, or many deletes. Each is an input of its own and happens in one step; they share their syncs.
//!
//! After a crash some of them are there, the first ones: whoever makes them again makes the rest.

use super::analyse::Raw;
use super::enter::{Accepted, Standing};
use super::ingest::OnError;
use crate::lock::lock;
use crate::work::pool::Pool;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::documents::Body;
use phago_core::input::{Admission, Outcome, Updated};
use phago_core::life::Space;
use phago_core::maps::Set;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::sync::Arc;

/// How many deletes share a sync. Their records wait in memory for it.
const DELETES_MAX: usize = 1000;

/// What a chunk of updates did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdatedAll {
    /// Documents added: none had their ids.
    pub new: u64,
    /// Documents replaced.
    pub changed: u64,
    /// Documents that were there with the same content.
    pub unchanged: u64,
    /// With [`OnError::Skip`], the error of each refused document, in order.
    pub rejected: Vec<Error>,
}

// The documents of a chunk that are to be analysed, and those whose ids are the names of others.
struct Screened {
    raw: Vec<Raw>,
    taken: Vec<(usize, Body)>,
}

// What became of a chunk so far.
struct Chunk {
    on_error: OnError,
    report: UpdatedAll,
    refused: Vec<(usize, Error)>,
    // The number of the last record.
    last: Option<u64>,
}

impl Chunk {
    fn refuse(&mut self, index: usize, error: Error) {
        self.refused.push((index, error));
    }

    // Ends a chunk that must not have a refused document.
    fn check(&mut self) -> Result<()> {
        self.refused.sort_by_key(|(index, _)| *index);
        match self.refused.first() {
            Some((_, error)) if self.on_error == OnError::Raise => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn count(&mut self, accepted: &Accepted) {
        match accepted.outcome {
            Outcome::Updated(Updated::New) => self.report.new += 1,
            Outcome::Updated(Updated::Changed) => self.report.changed += 1,
            _ => self.report.unchanged += 1,
        }
        self.last = accepted.sequence.or(self.last);
    }

    fn done(mut self) -> UpdatedAll {
        self.refused.sort_by_key(|(index, _)| *index);
        self.report.rejected = self.refused.into_iter().map(|(_, error)| error).collect();
        self.report
    }
}

impl World {
    /// Does what [`World::update`] does for each document of a chunk, in order, with one sync. An error in `documents`
    /// stands for a document that the caller refused before. `first_index` is the caller's index of the first one.
    ///
    /// Analysis runs on the calling thread and the workers of `pool`.
    ///
    /// # Errors
    /// With [`OnError::Raise`] the first [`Error::InvalidDocument`], and then nothing of the chunk changes, unless
    /// others add documents meanwhile; always [`Error::Limit`] if the colony or the queue of a running tick is full,
    /// and [`Error::Cancelled`] soon after `cancel` is set. What was updated before such an error stays updated.
    pub fn update_all(
        &self,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        pool: Option<&Pool>,
        cancel: &Cancel,
    ) -> Result<UpdatedAll> {
        if let Some(remote) = &self.remote {
            return remote.update_all(self, documents, first_index, on_error, cancel);
        }
        let mut chunk = Chunk { on_error, report: UpdatedAll::default(), refused: Vec::new(), last: None };
        let updated = self.lexicon().and_then(|lexicon| {
            let screened = self.screen(documents, first_index, &mut chunk)?;
            self.update_each(screened, &lexicon, &mut chunk, pool, cancel)
        });
        // What was updated before an error is kept too.
        let kept = self.keep(chunk.last);
        // Perhaps those of refused documents.
        self.forget_words();
        kept.and(updated)?;
        Ok(chunk.done())
    }

    /// Deletes the documents of these names, in order, as [`World::delete`] does each, with few syncs. Returns how many
    /// there were.
    ///
    /// # Errors
    /// Those of [`World::delete`]; [`Error::Cancelled`] soon after `cancel` is set. What was deleted before stays
    /// deleted.
    pub fn delete_all(&self, keys: &[String], cancel: &Cancel) -> Result<u64> {
        let mut deleted = 0;
        if let Some(remote) = &self.remote {
            for key in keys {
                cancel.poll()?;
                deleted += u64::from(remote.delete(self, key)?);
            }
            return Ok(deleted);
        }
        for keys in keys.chunks(DELETES_MAX) {
            let mut last = None;
            let done = keys.iter().try_for_each(|key| {
                cancel.poll()?;
                let accepted = self.replace_now(|standing| standing.named(key), None, self.lexicon()?)?;
                deleted += u64::from(accepted.outcome == Outcome::Deleted(true));
                last = accepted.sequence.or(last);
                Ok(())
            });
            let kept = self.keep(last);
            self.forget_words();
            kept.and(done)?;
        }
        Ok(deleted)
    }

    // Checks documents, and leaves out those that are there already with the same content, so that they are not
    // analysed again.
    fn screen(&self, documents: Vec<Result<Body>>, first_index: usize, chunk: &mut Chunk) -> Result<Screened> {
        let (mut raw, mut taken) = (Vec::with_capacity(documents.len()), Vec::new());
        let mut changing = Set::default();
        let mut good = Vec::with_capacity(documents.len());
        for (index, document) in (first_index..).zip(documents) {
            match document.and_then(|document| document.check_named(index).map(|()| document)) {
                Ok(document) => good.push((index, document)),
                Err(error) => chunk.refuse(index, error),
            }
        }
        let inputs = lock(&self.inputs);
        let state = self.state()?;
        let standing = Standing { state: &state, pending: &inputs.pending };
        for (index, document) in good {
            let id = document.id();
            // Behind another one of its id, it is judged once that one has taken effect.
            let admission = if changing.contains(&id.0) { Admission::New } else { standing.admission(id, &document) };
            match admission {
                Admission::Unchanged => chunk.report.unchanged += 1,
                Admission::Taken if standing.body(id).is_none() => taken.push((index, document)),
                _ => {
                    changing.insert(id.0);
                    raw.push(Raw { index, id, body: Box::new(document), outline: None });
                }
            }
        }
        Ok(Screened { raw, taken })
    }

    fn space(&self) -> Result<Space> {
        let inputs = lock(&self.inputs);
        Ok(Standing { state: &*self.state()?, pending: &inputs.pending }.space())
    }

    fn update_each(
        &self,
        Screened { raw, taken }: Screened,
        lexicon: &Arc<Lexicon>,
        chunk: &mut Chunk,
        pool: Option<&Pool>,
        cancel: &Cancel,
    ) -> Result<()> {
        let indices: Vec<usize> = raw.iter().map(|raw| raw.index).collect();
        let mut documents = Vec::with_capacity(raw.len());
        let analysed = indices.into_iter().zip(self.sessions.analyse_all(lexicon, raw, pool));
        let (mut space, mut taken) = (self.space()?, taken.into_iter().peekable());
        // In the order of all: those that come decide how many numbers a vector has, from there on.
        for (index, analysed) in analysed {
            while let Some((index, body)) = taken.next_if(|(before, _)| *before < index) {
                chunk.refuse(index, taken_error(&space, &body, index));
            }
            match analysed.and_then(|document| space.admit(&document.body, index).map(|()| document)) {
                Ok(document) => {
                    space.meet(&document.body);
                    documents.push((index, document));
                }
                Err(error) => chunk.refuse(index, error),
            }
        }
        taken.for_each(|(index, body)| chunk.refuse(index, taken_error(&space, &body, index)));
        chunk.check()?;
        for (index, document) in documents {
            cancel.poll()?;
            let id = document.id;
            match self.replace_now(|_| Some(id), Some(document), lexicon.clone()) {
                Ok(accepted) => chunk.count(&accepted),
                Err(Error::InvalidDocument { id, field, reason, .. }) => {
                    chunk.refuse(index, Error::InvalidDocument { index, id, field, reason });
                    chunk.check()?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

// Of a document with two faults, the one is told that [`World::update`] tells.
fn taken_error(space: &Space, body: &Body, index: usize) -> Error {
    space.admit(body, index).err().unwrap_or_else(|| body.named_as_another(index))
}
