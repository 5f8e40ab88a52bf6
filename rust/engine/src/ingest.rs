//! Documents on their way in: checked, analysed in parallel, then applied at once or when the tick under way ends.

use crate::lock::lock;
use crate::pending::{ROOM, place};
use crate::work::job::message;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::{AnalysedDocument, Content, DOCUMENT_BYTES_MAX};
use phago_core::ids::{DocumentId, ShardId};
use phago_core::maps::Map;
use phago_core::metadata::Metadata;
use phago_core::state::{Admission, State};
use phago_core::text::{DOCUMENT_WORDS_MAX, Lexicon, Session};
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

// What a thread analyses before it looks for more: enough to hide the hand-over, and so little that a phase that waits
// for a helper waits milliseconds.
const GROUP_DOCUMENTS: usize = 16;
const GROUP_BYTES: usize = 256 << 10;
// Warm sessions kept; each remembers up to a million word forms.
const SESSIONS_MAX: usize = 16;

/// A document as the caller gave it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewDocument {
    /// The caller's id; without one the identity comes from the content.
    pub key: Option<String>,
    /// Its title, perhaps empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
}

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
}

impl NewDocument {
    /// Its identity.
    pub fn id(&self) -> DocumentId {
        self.content().id(self.key.as_deref())
    }

    /// What it says.
    pub fn content(&self) -> Content<'_> {
        Content { title: &self.title, text: &self.text, metadata: &self.metadata }
    }

    /// Refuse what no colony takes: nothing but white space, or more than [`DOCUMENT_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with the index given.
    pub fn check(&self, index: usize) -> Result<()> {
        let bytes = self.title.len() + self.text.len();
        let reason = if self.text.trim().is_empty() && self.title.trim().is_empty() {
            "is blank, and so is the title; accepted is any text but white space".to_owned()
        } else if bytes > DOCUMENT_BYTES_MAX {
            format!("has {bytes} bytes with the title; accepted are up to {DOCUMENT_BYTES_MAX}")
        } else {
            return Ok(());
        };
        Err(Error::InvalidDocument { index, id: self.key.clone(), field: "text".into(), reason })
    }
}

// What became of one document of a chunk, by its place.
enum Fate {
    Bad(Error),
    Unchanged,
    Raw(NewDocument),
    Analysed(AnalysedDocument),
}

impl World {
    /// Take one chunk of documents. An error among them stands for a document that was refused before it came
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
        documents: Vec<Result<NewDocument>>,
        first_index: usize,
        on_error: OnError,
        pool: Option<&Pool>,
    ) -> Result<Ingested> {
        let mut fates = self.look(documents, first_index)?;
        if on_error == OnError::Raise {
            raise(&mut fates)?;
        }
        self.analyse(&mut fates, first_index, pool);
        if on_error == OnError::Raise {
            raise(&mut fates)?;
        }
        let mut inputs = lock(&self.inputs);
        self.settle(&mut fates, first_index, &inputs)?;
        if on_error == OnError::Raise {
            raise(&mut fates)?;
        }
        let mut report = Ingested::default();
        let mut new = Vec::with_capacity(fates.len());
        for fate in fates {
            match fate {
                Fate::Bad(error) => report.rejected.push(error),
                Fate::Unchanged | Fate::Raw(_) => report.unchanged += 1,
                Fate::Analysed(document) => new.push(document),
            }
        }
        report.accepted = new.len() as u64;
        self.take(new, &mut inputs, pool)?;
        Ok(report)
    }

    /// [`World::ingest`] for one document given to the shard that is to be its home.
    ///
    /// # Errors
    /// [`Error::RoutingFailed`] naming the home of a document that lives elsewhere, and those of [`World::ingest`].
    pub fn ingest_into(&self, shard: ShardId, document: NewDocument) -> Result<DocumentId> {
        self.seat(shard)?;
        let id = document.id();
        let home = self.ring().shard_of(id.0);
        if home != shard {
            let document = document.key.unwrap_or_else(|| id.to_string());
            return Err(Error::RoutingFailed { document, shard, home });
        }
        self.ingest(vec![Ok(document)], 0, OnError::Raise, None)?;
        Ok(id)
    }

    // A first look, so that what is there already is never analysed again. It needs the inputs' lock only where some
    // document that stands is about to go.
    fn look(&self, documents: Vec<Result<NewDocument>>, first_index: usize) -> Result<Vec<Fate>> {
        let checked = documents.into_iter().zip(first_index..).map(|(document, index)| {
            let document = document?;
            document.check(index).map(|()| document)
        });
        let checked: Vec<Result<NewDocument>> = checked.collect();
        let inputs = Some(lock(&self.inputs)).filter(|inputs| inputs.pending.leaving() > 0);
        let admission = |state: &State, document: &NewDocument| {
            let (id, content) = (document.id(), document.content());
            match &inputs {
                Some(inputs) => inputs.pending.admission(state, id, content),
                None => state.admission(id, content),
            }
        };
        self.read(|state| {
            let fates = checked.into_iter().zip(first_index..).map(|(document, index)| match document {
                Err(error) => Fate::Bad(error),
                Ok(document) => match admission(state, &document) {
                    Admission::New => Fate::Raw(document),
                    Admission::Unchanged => Fate::Unchanged,
                    Admission::Taken => Fate::Bad(taken(index, document.id(), document.key)),
                },
            });
            fates.collect()
        })
    }

    fn analyse(&self, fates: &mut [Fate], first_index: usize, pool: Option<&Pool>) {
        let mut groups: Vec<Vec<(usize, NewDocument)>> = Vec::new();
        let mut bytes = 0;
        for (place, fate) in fates.iter_mut().enumerate() {
            let Fate::Raw(document) = fate else { continue };
            let document = std::mem::take(document);
            match groups.last_mut() {
                Some(group) if group.len() < GROUP_DOCUMENTS && bytes < GROUP_BYTES => {
                    bytes += document.text.len();
                    group.push((place, document));
                }
                _ => {
                    bytes = document.text.len();
                    groups.push(vec![(place, document)]);
                }
            }
        }
        let sessions = self.sessions.clone();
        let analyse = move |group: Vec<(usize, NewDocument)>| {
            let mut session = sessions.take();
            let fates: Vec<(usize, Fate)> = group
                .into_iter()
                .map(|(place, document)| {
                    let document = analysed(&sessions, &mut session, document, first_index + place);
                    (place, document.map_or_else(Fate::Bad, Fate::Analysed))
                })
                .collect();
            sessions.give(session);
            fates
        };
        let done = match pool {
            // Panics are caught document by document; none is left for the pool to find.
            Some(pool) => pool.map(groups, analyse).unwrap_or_else(|panic| resume_unwind(Box::new(panic.message))),
            None => groups.into_iter().map(analyse).collect(),
        };
        for (place, fate) in done.into_iter().flatten() {
            fates[place] = fate;
        }
    }

    // One document, on the calling thread.
    pub(crate) fn analyse_one(&self, document: NewDocument) -> Result<AnalysedDocument> {
        let mut session = self.sessions.take();
        let document = analysed(&self.sessions, &mut session, document, 0);
        self.sessions.give(session);
        document
    }

    // The last word, with the inputs' lock held: others may have ingested since the first look.
    fn settle(&self, fates: &mut [Fate], first_index: usize, inputs: &Inputs) -> Result<()> {
        let state = self.state()?;
        // Places of this chunk's new documents, by identity.
        let mut here: Map<u128, usize> = Map::default();
        for place in 0..fates.len() {
            let Fate::Analysed(document) = &fates[place] else { continue };
            let admission = inputs.pending.admission(&state, document.id, document.content());
            let admission = match (admission, here.get(&document.id.0).map(|other| &fates[*other])) {
                (Admission::New, Some(Fate::Analysed(other))) => compare(other, document),
                (admission, _) => admission,
            };
            let (id, key) = (document.id, &document.key);
            match admission {
                Admission::New => drop(here.insert(id.0, place)),
                Admission::Unchanged => fates[place] = Fate::Unchanged,
                Admission::Taken => {
                    fates[place] = Fate::Bad(taken(first_index + place, id, key.as_deref().map(str::to_owned)));
                }
            }
        }
        Ok(())
    }

    fn take(&self, new: Vec<AnalysedDocument>, inputs: &mut Inputs, pool: Option<&Pool>) -> Result<()> {
        if new.is_empty() {
            return Ok(());
        }
        self.state()?.check_room(inputs.pending.coming() + new.len() as u64)?;
        if inputs.is_running() {
            return inputs.pending.push(new, ROOM);
        }
        place(&mut *self.state_mut()?, new, pool);
        Ok(())
    }
}

fn raise(fates: &mut [Fate]) -> Result<()> {
    let bad = fates.iter_mut().find(|fate| matches!(fate, Fate::Bad(_)));
    match bad.map(|fate| std::mem::replace(fate, Fate::Unchanged)) {
        Some(Fate::Bad(error)) => Err(error),
        _ => Ok(()),
    }
}

fn taken(index: usize, id: DocumentId, key: Option<String>) -> Error {
    Error::DocumentExists { index, id: key.unwrap_or_else(|| id.to_string()) }
}

fn compare(known: &AnalysedDocument, new: &AnalysedDocument) -> Admission {
    if known.content() == new.content() { Admission::Unchanged } else { Admission::Taken }
}

fn analysed(
    sessions: &Sessions,
    session: &mut Session,
    document: NewDocument,
    index: usize,
) -> Result<AnalysedDocument> {
    let analysis = catch_unwind(AssertUnwindSafe(|| session.analyse(&document.title, &document.text)));
    let id = document.id();
    let NewDocument { key, title, text, metadata } = document;
    match analysis {
        Ok(analysis) if analysis.forms.len() > DOCUMENT_WORDS_MAX => {
            let reason = format!("has more than {DOCUMENT_WORDS_MAX} different words; accepted are up to so many");
            Err(Error::InvalidDocument { index, id: key, field: "text".into(), reason })
        }
        Ok(analysis) => Ok(AnalysedDocument {
            id,
            key: key.map(String::into_boxed_str),
            title: title.into_boxed_str(),
            text: text.into_boxed_str(),
            metadata,
            analysis,
        }),
        Err(panic) => {
            // What the session counted of this text would be counted to the next one.
            *session = sessions.fresh();
            let reason = format!("made the analyser fail: {}", message(panic));
            Err(Error::InvalidDocument { index, id: key, field: "text".into(), reason })
        }
    }
}

/// Warm analysers, lent to one thread at a time.
pub(crate) struct Sessions {
    lexicon: Arc<Lexicon>,
    idle: Mutex<Vec<Session>>,
}

impl Sessions {
    pub(crate) fn new(lexicon: Arc<Lexicon>) -> Sessions {
        Sessions { lexicon, idle: Mutex::default() }
    }

    fn fresh(&self) -> Session {
        Session::new(self.lexicon.clone())
    }

    /// The word forms of a text with their counts.
    pub(crate) fn forms(&self, title: &str, text: &str) -> Box<[(u32, u32)]> {
        let mut session = self.take();
        let forms = session.analyse(title, text).forms;
        self.give(session);
        forms
    }

    pub(crate) fn take(&self) -> Session {
        lock(&self.idle).pop().unwrap_or_else(|| self.fresh())
    }

    pub(crate) fn give(&self, session: Session) {
        let mut idle = lock(&self.idle);
        if idle.len() < SESSIONS_MAX {
            idle.push(session);
        }
    }
}
