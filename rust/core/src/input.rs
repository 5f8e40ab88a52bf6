//! Inputs: every change to a colony, as data.
//!
//! An [`Input`] holds what the colony accepted, and nothing that can be derived from it: the same inputs in the same
//! order, with the same ticks between them, make the same colony. [`Input::encode`] is its only encoding: a version,
//! then the input as postcard has it.
//! A [`Prepared`] input also holds everything that applying it needs, computed while no lock is held. An [`Outcome`]
//! says what the input does.

use crate::documents::{Analysed, Body, Known};
use crate::ids::DocumentId;
use crate::life::{Acted, Deed};
use crate::reinforcement::Reinforcement;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The version of the encoding. A new kind of input does not change it: a reader that does not know the kind refuses
/// the input.
pub const INPUT_VERSION: u8 = 1;

/// A change to a colony.
///
/// Add new kinds at the end: their order is part of the encoding.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub enum Input {
    /// Adds documents, all or none. A document that the colony already has with the same content changes nothing.
    Ingest(Vec<Body>),
    /// Replaces the document with the same id, or adds a new one. If only its lifetime differs, it stays digested.
    Update(Body),
    /// Deletes a document.
    Delete(DocumentId),
    /// Reinforces a document that helped.
    Reinforce {
        /// The document.
        id: DocumentId,
        /// The concepts that led to it.
        path: Reinforcement,
        /// How many times.
        times: u64,
    },
    /// A committed tick. Only the maker of ticks writes it, and only [`crate::replay`] reads it.
    Tick {
        /// The tick of the colony after it.
        tick: u64,
        /// The attempt that made it.
        attempt: u64,
        /// The number of the last input that the tick includes, as the store numbers inputs.
        cut: u64,
    },
    /// Tells the colony the time, in microseconds since 1970 in UTC: the next tick takes away the documents that expire
    /// by then. A time before one that it was told changes nothing.
    Now(i64),
    /// Changes what the colony has beside its documents.
    Life(Deed),
    /// A committed tick in which agents of users' own acted. As [`Input::Tick`], and written and read by the same.
    Lived {
        /// The tick of the colony after it.
        tick: u64,
        /// The attempt that made it.
        attempt: u64,
        /// The number of the last input that the tick includes.
        cut: u64,
        /// What they chose.
        acted: Acted,
    },
}

impl Input {
    /// Returns the input as bytes that any process can read.
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes the input that [`Input::encode`] wrote. Checks its content as if a caller had given it, and takes no
    /// more memory than a small multiple of the bytes.
    ///
    /// # Errors
    /// [`Error::Wire`] for another version, an unknown kind, bytes left over or missing, and values that no colony
    /// accepts.
    pub fn decode(bytes: &[u8]) -> Result<Input> {
        let Some((&version, rest)) = bytes.split_first() else { return Err(unreadable("there are none".into())) };
        if version != INPUT_VERSION {
            return Err(unreadable(format!("version {version} is not {INPUT_VERSION}")));
        }
        let (input, left) = postcard::take_from_bytes(rest).map_err(|cause| unreadable(cause.to_string()))?;
        if !left.is_empty() {
            return Err(unreadable(format!("{} bytes are left over", left.len())));
        }
        if let Input::Reinforce { times: 0, .. } = input {
            return Err(unreadable("a reinforcement was given 0 times".into()));
        }
        Ok(input)
    }

    /// Returns the error for an input that no caller may give, as it is shown.
    pub fn refused(value: String) -> Error {
        let accepted = "ingest, update, delete, reinforce, now or life".into();
        Error::Config { field: "input".into(), value, accepted }
    }
}

/// What an update does.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Updated {
    /// Adds a document: none has this id.
    New,
    /// Replaces the document.
    Changed,
    /// Does nothing: the document has the same content.
    Unchanged,
}

impl Updated {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Updated::New => "new",
            Updated::Changed => "changed",
            Updated::Unchanged => "unchanged",
        }
    }
}

/// What an input does to a colony.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Of an [`Input::Ingest`]: the numbers of added and of unchanged documents.
    Ingested {
        /// Documents added.
        accepted: u64,
        /// Documents that the colony already has with the same content.
        unchanged: u64,
    },
    /// Of an [`Input::Update`].
    Updated(Updated),
    /// Of an [`Input::Delete`]: whether the document exists.
    Deleted(bool),
    /// Of an [`Input::Reinforce`]: whether the document exists.
    Reinforced(bool),
    /// Of an [`Input::Now`]: whether the time is later than all before.
    Told(bool),
    /// Of an [`Input::Life`].
    Done,
}

/// The word forms of a text with their counts, by form index.
pub type Forms = Box<[(u32, u32)]>;

/// The change that an accepted input makes, with everything that is derived from its texts.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// Adds documents. No document has one of their ids, and each id is there once.
    Insert(Vec<Analysed>),
    /// Deletes, replaces or adds a document.
    Replace {
        /// The id of the document.
        id: DocumentId,
        /// The word forms of the document with this id in the committed state, as the analyser finds them.
        leaves: Option<Forms>,
        /// The document that is added or replaces the old one.
        comes: Option<Analysed>,
    },
    /// Sets when a document leaves by itself, and leaves the rest of it as it is. The whole document is here, because a
    /// tick that is under way may take away the one that stands.
    Renew(Analysed),
    /// Reinforces a document of the committed state.
    Reinforce {
        /// The document.
        id: DocumentId,
        /// The concepts that led to it.
        path: Reinforcement,
        /// How many times.
        times: u64,
    },
    /// Tells the colony the time.
    Now(i64),
    /// Changes what the colony has beside its documents.
    Life(Deed),
}

// A borrowed input, with the same kinds in the same order as [`Input`].
#[derive(Serialize)]
enum Borrowed<'a> {
    Ingest(Vec<&'a Body>),
    Update(&'a Body),
    Delete(DocumentId),
    Reinforce { id: DocumentId, path: &'a Reinforcement, times: u64 },
}

impl Input {
    /// Returns the bytes of an [`Input::Ingest`] of these bodies.
    pub fn encode_ingest(bodies: Vec<&Body>) -> Vec<u8> {
        let bytes = bodies.iter().map(|body| body.bytes() as usize + BODY_BYTES).sum();
        encode_in(&Borrowed::Ingest(bodies), bytes)
    }
}

impl Change {
    /// Returns the bytes of the input that makes this change, as [`Input::encode`] writes it, or `None` for no change.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let input = match self {
            Change::Nothing => return None,
            Change::Insert(documents) if documents.is_empty() => return None,
            Change::Insert(documents) => {
                return Some(Input::encode_ingest(documents.iter().map(|document| &*document.body).collect()));
            }
            Change::Replace { comes: Some(document), .. } => Borrowed::Update(&document.body),
            Change::Replace { id, .. } => Borrowed::Delete(*id),
            Change::Renew(document) => Borrowed::Update(&document.body),
            Change::Reinforce { id, path, times } => Borrowed::Reinforce { id: *id, path, times: *times },
            Change::Now(now) => return Some(Input::Now(*now).encode()),
            Change::Life(deed) => return Some(Input::Life(deed.clone()).encode()),
        };
        Some(encode(&input))
    }

    /// Returns how many documents it adds, removes or replaces, or how much else it changes.
    pub fn documents(&self) -> u64 {
        match self {
            Change::Insert(documents) => documents.len() as u64,
            Change::Replace { .. } | Change::Renew(_) => 1,
            Change::Nothing | Change::Reinforce { .. } | Change::Now(_) => 0,
            Change::Life(deed) => deed.steps(),
        }
    }
}

/// An accepted input that is ready to be applied.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it changes.
    pub change: Change,
    /// What it does, for the caller.
    pub outcome: Outcome,
}

impl Prepared {
    /// Returns an input that changes nothing.
    pub fn nothing(outcome: Outcome) -> Prepared {
        Prepared { change: Change::Nothing, outcome }
    }
}

/// How a body compares with the document of the same id, if there is one.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    /// No document has its id.
    New,
    /// The document of this id has the same content; adding the body changes nothing.
    Unchanged,
    /// The document of this id has other content.
    Taken,
}

impl Admission {
    /// Compares a body with the document of its identity, or else with the one that has the name the body would have.
    /// So no two documents have one name. `standing` returns the body of a document from its identity.
    pub fn of<'a>(id: DocumentId, body: &Body, standing: impl Fn(DocumentId) -> Option<Known<'a>>) -> Admission {
        let namesake = || standing(body.namesake(id)?).filter(|other| other.key.is_some() != body.key.is_some());
        match standing(id).or_else(namesake) {
            None => Admission::New,
            Some(known) if known.says_the_same(body) => Admission::Unchanged,
            Some(_) => Admission::Taken,
        }
    }
}

// Returns the encoding of an input, which may be borrowed.
// About what a body takes beside its title, text, metadata and vector.
const BODY_BYTES: usize = 48;

fn encode(input: &impl Serialize) -> Vec<u8> {
    encode_in(input, 0)
}

// Begins with room for so many bytes.
fn encode_in(input: &impl Serialize, bytes: usize) -> Vec<u8> {
    let mut room = Vec::with_capacity(bytes + 1);
    room.push(INPUT_VERSION);
    postcard::to_extend(input, room).expect("plain data always encodes")
}

fn unreadable(reason: String) -> Error {
    Error::Wire { what: "input", reason }
}
