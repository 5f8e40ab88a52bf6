//! Ingest: adding documents.

use super::chunk::{Chunk, Documents};
use super::enter::Standing;
use super::looked::{Fate, Looked, Reading};
use crate::journal::Journal;
use crate::lock::lock;
use crate::store::Prepared as Record;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::{Body, Known};
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Change, Outcome, Prepared};
use phago_core::maps::Map;
use phago_core::{Error, Result};
use std::sync::Arc;

/// What to do with a chunk that holds a bad document.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum OnError {
    /// Returns the first bad document's error and accepts nothing of the chunk.
    Raise,
    /// Lists bad documents and accepts the rest.
    Skip,
}

/// The outcome of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ingested {
    /// Documents accepted.
    pub accepted: u64,
    /// Documents that were present already with the same content.
    pub unchanged: u64,
    /// With [`OnError::Skip`], the error of each refused document, in order.
    pub rejected: Vec<Error>,
    /// The accepted documents with words that are not indexed, in order: the caller's index, the id if the caller gave
    /// one, and how many words are too long.
    pub unindexed: Vec<(usize, Option<String>, u32)>,
}

impl World {
    /// Accepts one chunk of documents. An error in `documents` stands for a document that the caller refused before.
    /// `first_index` is the caller's index of the first one, by which errors name the others.
    ///
    /// Analysis runs on the calling thread and the workers of `pool`. Without a running tick, search finds the
    /// documents when this returns; else they are applied when the tick ends, committed or not. After an error,
    /// ingesting the same again changes nothing twice.
    ///
    /// # Errors
    /// With [`OnError::Raise`] the first of [`Error::InvalidDocument`] and [`Error::DocumentExists`]; always
    /// [`Error::Limit`] if the colony or the queue of a running tick is full. Then nothing of the chunk is accepted.
    pub fn ingest(
        &self,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        pool: Option<&Pool>,
    ) -> Result<Ingested> {
        self.ingest_chunk(self.chunk(documents, first_index), on_error, pool)
    }

    /// Does what [`World::ingest`] does, for a chunk that was made of this colony.
    ///
    /// # Errors
    /// As [`World::ingest`].
    pub fn ingest_chunk(&self, chunk: Chunk, on_error: OnError, pool: Option<&Pool>) -> Result<Ingested> {
        let ingested = match (chunk.0, &self.remote) {
            (Documents::Here(documents, first_index), _) => {
                let looked = self.look(documents, first_index);
                looked.and_then(|looked| self.take(looked, on_error, pool))
            }
            (Documents::Begun(looked), _) => self.take(looked, on_error, pool),
            (Documents::Far(ahead), Some(remote)) => return remote.ingest(self, ahead, on_error),
            (Documents::Far(_), None) => unreachable!("this colony made the chunk"),
        };
        // Perhaps those of refused documents.
        self.forget_words();
        ingested
    }

    fn take(&self, looked: Looked, on_error: OnError, pool: Option<&Pool>) -> Result<Ingested> {
        let Looked { mut fates, first_index, mut reading } = looked;
        let (mut read_by, mut early) = (None, None);
        let inputs = loop {
            let Reading { lexicon, places, analysing } = match reading.take() {
                Some(begun) => begun,
                None => {
                    let lexicon = self.lexicon()?;
                    if read_by.is_some_and(|before| !Arc::ptr_eq(&before, &lexicon)) {
                        // The colony forgot words, so the term indices of the analysed documents are invalid.
                        fates.iter_mut().for_each(Fate::unread);
                    }
                    self.begin_reading(&mut fates, first_index, lexicon, pool)
                }
            };
            for (place, analysed) in places.into_iter().zip(analysing.finish()) {
                fates[place] = analysed.map_or_else(Fate::Bad, Fate::Analysed);
            }
            if early.is_none() {
                early = self.record_early(&mut fates)?;
            }
            let inputs = lock(&self.inputs);
            let is_right = Arc::ptr_eq(&lexicon, &self.lexicon()?);
            read_by = Some(lexicon);
            if self.find_gone(&mut fates, &inputs)? {
                // The record lacks them.
                early = None;
            } else if is_right {
                break inputs;
            }
        };
        self.settle(&mut fates, first_index, &inputs)?;
        if on_error == OnError::Raise {
            first_error(&mut fates)?;
        }
        let mut report = Ingested::default();
        let mut new = Vec::with_capacity(fates.len());
        for (index, fate) in (first_index..).zip(fates) {
            match fate {
                Fate::Bad(error) => report.rejected.push(error),
                Fate::Unchanged => report.unchanged += 1,
                Fate::Analysed(document) => {
                    let too_long = document.analysis.too_long;
                    if too_long > 0 {
                        report.unindexed.push((index, document.body.key.as_deref().map(str::to_owned), too_long));
                    }
                    new.push(document);
                }
                Fate::Raw(id, ..) | Fate::Present(id, _) => unreachable!("document {id} was not judged"),
            }
        }
        report.accepted = new.len() as u64;
        if new.is_empty() {
            return Ok(report);
        }
        self.state()?.check_room(inputs.pending.coming() + report.accepted)?;
        let outcome = Outcome::Ingested { accepted: report.accepted, unchanged: report.unchanged };
        // Unless other documents were accepted meanwhile, the early record is still right.
        let record = early.filter(|(_, documents)| *documents == new.len()).map(|(record, _)| record);
        self.enter(inputs, Prepared { change: Change::Insert(new), outcome }, record, pool)?;
        Ok(report)
    }

    /// Does what [`World::ingest`] does, for one document whose home must be this shard.
    ///
    /// # Errors
    /// [`Error::RoutingFailed`] naming the home of a document of another shard, and those of [`World::ingest`].
    pub fn ingest_into(&self, shard: ShardId, document: Body) -> Result<DocumentId> {
        self.seat(shard)?;
        let id = document.id();
        let home = self.ring().shard_of(id.0);
        if home != shard {
            return Err(Error::RoutingFailed { document: document.name(), shard, home });
        }
        self.ingest(vec![Ok(document)], 0, OnError::Raise, None)?;
        Ok(id)
    }

    // Returns the record of the documents that are new so far, and their number. Compression takes time, and nobody
    // should wait for it under a lock.
    fn record_early(&self, fates: &mut [Fate]) -> Result<Option<(Record, usize)>> {
        if self.journal.is_none() {
            return Ok(None);
        }
        let places: Vec<usize> = (0..fates.len()).filter(|at| matches!(fates[*at], Fate::Analysed(_))).collect();
        let mut documents = Vec::with_capacity(places.len());
        for &place in &places {
            if let Fate::Analysed(document) = std::mem::replace(&mut fates[place], Fate::Unchanged) {
                documents.push(document);
            }
        }
        let change = Change::Insert(documents);
        let record = Journal::record(&change)?;
        let Change::Insert(documents) = change else { unreachable!("it was made right here") };
        for (place, document) in places.into_iter().zip(documents) {
            fates[place] = Fate::Analysed(document);
        }
        let count = fates.iter().filter(|fate| matches!(fate, Fate::Analysed(_))).count();
        Ok(record.map(|record| (record, count)))
    }

    // Finds documents that are new now, as those that stood in their way have left since the first check. They are to be
    // read. Returns whether there are any.
    fn find_gone(&self, fates: &mut [Fate], inputs: &Inputs) -> Result<bool> {
        let state = self.state()?;
        let standing = Standing { state: &state, pending: &inputs.pending };
        let mut some = false;
        for fate in fates {
            *fate = match std::mem::replace(fate, Fate::Unchanged) {
                Fate::Present(id, body) if standing.admission(id, &body) == Admission::New => {
                    some = true;
                    Fate::Raw(id, body, None)
                }
                other => other,
            };
        }
        Ok(some)
    }

    // Decides under the inputs' lock, in the order of the documents, as if each came alone: others may have ingested since
    // the first check.
    fn settle(&self, fates: &mut [Fate], first_index: usize, inputs: &Inputs) -> Result<()> {
        let state = self.state()?;
        let standing = Standing { state: &state, pending: &inputs.pending };
        // Indices of this chunk's new documents, by identity.
        let mut here: Map<u128, usize> = Map::default();
        let mut space = standing.space();
        for place in 0..fates.len() {
            let (id, body) = match &fates[place] {
                Fate::Analysed(document) => (document.id, &document.body),
                Fate::Present(id, body) => (*id, body),
                _ => continue,
            };
            if let Err(error) = space.admit(body, first_index + place) {
                fates[place] = Fate::Bad(error);
                continue;
            }
            let of_this_chunk = |id: DocumentId| match &fates[*here.get(&id.0)?] {
                Fate::Analysed(other) => Some(Known::from(&*other.body)),
                _ => None,
            };
            match Admission::of(id, body, |id| of_this_chunk(id).or_else(|| standing.body(id))) {
                Admission::New => {
                    space.meet(body);
                    here.insert(id.0, place);
                }
                Admission::Unchanged => fates[place] = Fate::Unchanged,
                Admission::Taken => fates[place] = Fate::Bad(body.taken(first_index + place)),
            }
        }
        Ok(())
    }
}

fn first_error(fates: &mut [Fate]) -> Result<()> {
    let bad = fates.iter_mut().find(|fate| matches!(fate, Fate::Bad(_)));
    match bad.map(|fate| std::mem::replace(fate, Fate::Unchanged)) {
        Some(Fate::Bad(error)) => Err(error),
        _ => Ok(()),
    }
}
