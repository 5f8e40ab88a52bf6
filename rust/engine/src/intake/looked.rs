//! The first look at the documents of a chunk, and the reading of those that are new.

use super::analyse::{Analysing, Raw};
use super::enter::Standing;
use crate::lock::lock;
use crate::sync::MutexGuard;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::documents::{Analysed, Body};
use phago_core::ids::DocumentId;
use phago_core::input::Admission;
use phago_core::replica::Replica;
use phago_core::text::{Lexicon, Outline, Outliner};
use phago_core::{Error, Result};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A document that some colony accepts, and its identity; an error stands for any other.
pub(super) type Checked = Result<(DocumentId, Box<Body>)>;

/// The outcome of one document of a chunk, by its index there.
pub(super) enum Fate {
    Bad(Error),
    Unchanged,
    /// It is present, or another one has its name. It is not read, and judged in its turn: that one may leave before.
    Present(DocumentId, Box<Body>),
    /// It is to be read, with its outline if that was made.
    Raw(DocumentId, Box<Body>, Option<Outline>),
    Analysed(Analysed),
}

impl Fate {
    /// Turns an analysed document back into its body.
    pub(super) fn unread(&mut self) {
        *self = match std::mem::replace(self, Fate::Unchanged) {
            Fate::Analysed(document) => Fate::Raw(document.id, document.body, None),
            other => other,
        };
    }
}

/// Documents that were looked at, some of which may be read.
pub(super) struct Looked {
    pub(super) fates: Vec<Fate>,
    pub(super) first_index: usize,
    pub(super) reading: Option<Reading>,
}

impl fmt::Debug for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looked").field("documents", &self.fates.len()).finish_non_exhaustive()
    }
}

/// The new documents among those of a chunk.
pub(super) struct Reading {
    /// By which words are numbered.
    pub(super) lexicon: Arc<Lexicon>,
    /// Where they stand in the chunk.
    pub(super) places: Vec<usize>,
    pub(super) analysing: Analysing,
}

impl Looked {
    // Does what the reading of new documents needs of no dictionary, and has the system give the memory that they will
    // take: where nobody helps, this thread has nothing to do while those before them are read.
    fn outline(&mut self) {
        let (mut outliner, mut bytes) = (Outliner::default(), 0);
        for fate in &mut self.fates {
            let Fate::Raw(_, body, outline) = fate else { continue };
            bytes += body.title.len() + body.text.len();
            if bytes > OUTLINED_MAX {
                break;
            }
            // What makes it fail also makes the reading fail, which tells of the document.
            let made = catch_unwind(AssertUnwindSafe(|| outliner.outline(&body.title, &body.text)));
            *outline = made.unwrap_or_default();
        }
        touch(ROOM_FOR_EACH_BYTE * bytes.min(OUTLINED_MAX));
    }
}

// Of how many bytes of a chunk's texts outlines are made: these take twice as many, for two chunks at a time.
const OUTLINED_MAX: usize = 8 << 20;
// The bytes of memory that an index takes for each byte of text, about.
const ROOM_FOR_EACH_BYTE: usize = 4;
const PAGE: usize = 4096;

// Asks the system for memory, and leaves it to the allocator, which keeps it for a while. A system gives no page before
// it is written to, and to wait for it takes longer than most things that are then done with it.
fn touch(bytes: usize) {
    let mut room: Vec<u8> = Vec::new();
    // What needs it would fail in the same way, and tell of it.
    if room.try_reserve_exact(bytes).is_ok() {
        room.spare_capacity_mut().iter_mut().step_by(PAGE).for_each(|byte| _ = byte.write(0));
        std::hint::black_box(&room);
    }
}

impl World {
    /// Makes a first check, so that documents that are present are not analysed again.
    pub(super) fn look(&self, documents: Vec<Checked>, first_index: usize) -> Result<Looked> {
        // Let go of at once, but for changes that stand.
        let inputs = changing(lock(&self.inputs));
        Ok(look_at(documents, first_index, inputs.as_deref(), &*self.state()?))
    }

    /// Makes the first check of documents that are taken out of a chunk, and lets workers read the new ones. Does nothing
    /// while the colony changes.
    pub(super) fn look_ahead(&self, documents: &mut Vec<Checked>, first_index: usize, pool: &Pool) -> Option<Looked> {
        let inputs = changing(self.inputs.try_lock().ok()?);
        let state = self.try_state()?;
        let mut looked = look_at(std::mem::take(documents), first_index, inputs.as_deref(), &state);
        let lexicon = state.commons().lexicon().clone();
        drop((inputs, state));
        if pool.max_parallelism() > 1 {
            looked.reading = Some(self.begin_reading(&mut looked.fates, first_index, lexicon, Some(pool)));
        } else {
            looked.outline();
        }
        Some(looked)
    }

    /// Lets workers read what is new.
    pub(super) fn begin_reading(
        &self,
        fates: &mut [Fate],
        first_index: usize,
        lexicon: Arc<Lexicon>,
        pool: Option<&Pool>,
    ) -> Reading {
        let (mut places, mut raw) = (Vec::new(), Vec::new());
        for (place, fate) in fates.iter_mut().enumerate() {
            match std::mem::replace(fate, Fate::Unchanged) {
                Fate::Raw(id, body, outline) => {
                    places.push(place);
                    raw.push(Raw { index: first_index + place, id, body, outline });
                }
                other => *fate = other,
            }
        }
        let analysing = self.sessions.begin_all(&lexicon, raw, pool);
        Reading { lexicon, places, analysing }
    }
}

// Returns the inputs if some document that is present is about to leave, or to have another lifetime.
fn changing(inputs: MutexGuard<'_, Inputs>) -> Option<MutexGuard<'_, Inputs>> {
    Some(inputs).filter(|inputs| inputs.pending.changes_standing())
}

fn look_at(documents: Vec<Checked>, first_index: usize, inputs: Option<&Inputs>, state: &Replica) -> Looked {
    let admission = |id, body: &Body| match inputs {
        Some(inputs) => Standing { state, pending: &inputs.pending }.admission(id, body),
        None => state.admission(id, body),
    };
    let fates = documents.into_iter().map(|document| match document {
        Err(error) => Fate::Bad(error),
        Ok((id, body)) if admission(id, &body) == Admission::New => Fate::Raw(id, body, None),
        Ok((id, body)) => Fate::Present(id, body),
    });
    Looked { fates: fates.collect(), first_index, reading: None }
}
