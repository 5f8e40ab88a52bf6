//! Documents that come.

use super::enter::Standing;
use crate::journal::Journal;
use crate::lock::lock;
use crate::store::Prepared as Record;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::{Analysed, Body};
use phago_core::ids::{DocumentId, ShardId};
use phago_core::input::{Admission, Change, Outcome, Prepared};
use phago_core::maps::Map;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::sync::Arc;

/// What becomes of a chunk with a bad document in it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum OnError {
    /// The first bad document is the chunk's error and nothing of the chunk is taken.
    Raise,
    /// Bad documents are listed and the rest is taken.
    Skip,
}

/// What became of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ingested {
    /// Documents taken.
    pub accepted: u64,
    /// Documents that were there already, with the same content.
    pub unchanged: u64,
    /// With [`OnError::Skip`], the error of each document that was not taken, in order.
    pub rejected: Vec<Error>,
    /// Of the documents taken, those with words that are not indexed, in order: the caller's index, the id where the
    /// caller gave one, and how many words are too long.
    pub unindexed: Vec<(usize, Option<String>, u32)>,
}

// What became of one document of a chunk, by its index there.
enum Fate {
    Bad(Error),
    Unchanged,
    Raw(DocumentId, Body),
    Analysed(Analysed),
}

impl Fate {
    // Back to what was given.
    fn unread(&mut self) {
        *self = match std::mem::replace(self, Fate::Unchanged) {
            Fate::Analysed(Analysed { id, body, .. }) => Fate::Raw(id, body),
            other => other,
        };
    }
}

impl World {
    /// Takes one chunk of documents. An error among them stands for a document that was refused before it came
    /// here. `first_index` is the caller's index of the first one, by which errors name the others.
    ///
    /// Analysis runs on the calling thread and the workers of `pool`. Without a tick under way the documents are
    /// found by search when this returns; else they are applied when the tick ends, committed or not. Whoever is
    /// told an error and ingests the same again changes nothing twice.
    ///
    /// # Errors
    /// With [`OnError::Raise`] the first of [`Error::InvalidDocument`] and [`Error::DocumentExists`]; always
    /// [`Error::Limit`] when the colony or the queue of a running tick is full. Then nothing of the chunk is taken.
    pub fn ingest(
        &self,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        pool: Option<&Pool>,
    ) -> Result<Ingested> {
        let ingested = self.take(documents, first_index, on_error, pool);
        // Those of documents that were refused, perhaps.
        self.forget_words();
        ingested
    }

    fn take(
        &self,
        documents: Vec<Result<Body>>,
        first_index: usize,
        on_error: OnError,
        pool: Option<&Pool>,
    ) -> Result<Ingested> {
        let raise = |fates: &mut [Fate]| if on_error == OnError::Raise { first_error(fates) } else { Ok(()) };
        let mut fates = self.look(documents, first_index)?;
        raise(&mut fates)?;
        let mut lexicon = self.lexicon()?;
        let mut early = None;
        let inputs = loop {
            self.analyse(&mut fates, first_index, &lexicon, pool);
            raise(&mut fates)?;
            if early.is_none() {
                early = self.record_early(&mut fates)?;
            }
            let inputs = lock(&self.inputs);
            let now = self.lexicon()?;
            if Arc::ptr_eq(&lexicon, &now) {
                break inputs;
            }
            // The colony forgot words meanwhile, so the numbers of those at hand mean nothing any more.
            lexicon = now;
            fates.iter_mut().for_each(Fate::unread);
        };
        self.settle(&mut fates, first_index, &inputs)?;
        raise(&mut fates)?;
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
                Fate::Raw(id, _) => unreachable!("document {id} was not analysed"),
            }
        }
        report.accepted = new.len() as u64;
        if new.is_empty() {
            return Ok(report);
        }
        self.state()?.check_room(inputs.pending.coming() + report.accepted)?;
        let outcome = Outcome::Ingested { accepted: report.accepted, unchanged: report.unchanged };
        // Unless others came meanwhile, what was written down before the lock is what is taken.
        let record = early.filter(|(_, documents)| *documents == new.len()).map(|(record, _)| record);
        self.enter(inputs, Prepared { change: Change::Insert(new), outcome }, record, pool)?;
        Ok(report)
    }

    /// [`World::ingest`] for one document given to the shard that is to be its home.
    ///
    /// # Errors
    /// [`Error::RoutingFailed`] naming the home of a document that lives elsewhere, and those of [`World::ingest`].
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

    // A first look, so that what is there already is never analysed again. It needs the inputs' lock only where some
    // document that stands is about to go.
    fn look(&self, documents: Vec<Result<Body>>, first_index: usize) -> Result<Vec<Fate>> {
        let checked = documents.into_iter().zip(first_index..).map(|(document, index)| {
            let document = document?;
            document.check(index).map(|()| document)
        });
        let checked: Vec<Result<Body>> = checked.collect();
        let inputs = Some(lock(&self.inputs)).filter(|inputs| inputs.pending.leaving() > 0);
        self.read(|state| {
            let admission = |id, body: &Body| match &inputs {
                Some(inputs) => Standing { state, pending: &inputs.pending }.admission(id, body),
                None => state.admission(id, body),
            };
            let fates = checked.into_iter().zip(first_index..).map(|(document, index)| match document {
                Err(error) => Fate::Bad(error),
                Ok(document) => {
                    let id = document.id();
                    match admission(id, &document) {
                        Admission::New => Fate::Raw(id, document),
                        Admission::Unchanged => Fate::Unchanged,
                        Admission::Taken => Fate::Bad(document.taken(index)),
                    }
                }
            });
            fates.collect()
        })
    }

    fn analyse(&self, fates: &mut [Fate], first_index: usize, lexicon: &Arc<Lexicon>, pool: Option<&Pool>) {
        let (mut places, mut raw) = (Vec::new(), Vec::new());
        for (place, fate) in fates.iter_mut().enumerate() {
            match std::mem::replace(fate, Fate::Unchanged) {
                Fate::Raw(id, document) => {
                    places.push(place);
                    raw.push((first_index + place, id, document));
                }
                other => *fate = other,
            }
        }
        for (place, analysed) in places.into_iter().zip(self.sessions.analyse_all(lexicon, raw, pool)) {
            fates[place] = analysed.map_or_else(Fate::Bad, Fate::Analysed);
        }
    }

    // What is written down of the documents that came so far, and how many they are. Their compression takes its time, and
    // nobody should wait for it.
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

    // The last word, with the inputs' lock held: others may have ingested since the first look.
    fn settle(&self, fates: &mut [Fate], first_index: usize, inputs: &Inputs) -> Result<()> {
        let state = self.state()?;
        let standing = Standing { state: &state, pending: &inputs.pending };
        // Indices of this chunk's new documents, by identity.
        let mut here: Map<u128, usize> = Map::default();
        for place in 0..fates.len() {
            let Fate::Analysed(Analysed { id, body, .. }) = &fates[place] else { continue };
            let of_this_chunk = |id: DocumentId| match &fates[*here.get(&id.0)?] {
                Fate::Analysed(other) => Some(&other.body),
                _ => None,
            };
            match Admission::of(*id, body, |id| of_this_chunk(id).or_else(|| standing.body(id))) {
                Admission::New => drop(here.insert(id.0, place)),
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
