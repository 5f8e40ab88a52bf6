//! Inputs: every change to a colony, as data.
//!
//! An [`Input`] holds what the colony accepted, and nothing that can be derived from it: the same inputs in the same
//! order, with the same ticks between them, make the same colony. [`Input::encode`] is its only encoding.
//! A [`Prepared`] input also holds everything that applying it needs, computed while no lock is held. An [`Outcome`]
//! says what the input does.

mod codec;

pub use codec::INPUT_VERSION;

use crate::documents::{Analysed, Body};
use crate::ids::DocumentId;
use crate::reinforcement::Reinforcement;
use serde::{Deserialize, Serialize};

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
        comes: Option<Box<Analysed>>,
    },
    /// Sets when a document leaves by itself, and leaves the rest of it as it is. The whole document is here, because a
    /// tick that is under way may take away the one that stands.
    Renew(Box<Analysed>),
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
    pub fn of<'a>(id: DocumentId, body: &Body, standing: impl Fn(DocumentId) -> Option<&'a Body>) -> Admission {
        let namesake = || standing(body.namesake(id)?).filter(|other| other.key.is_some() != body.key.is_some());
        match standing(id).or_else(namesake) {
            None => Admission::New,
            Some(known) if known.says_the_same(body) => Admission::Unchanged,
            Some(_) => Admission::Taken,
        }
    }
}
