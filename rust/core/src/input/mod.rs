//! Everything that changes a colony, as data.
//!
//! An [`Input`] is what was accepted, and nothing that can be derived from it: the same inputs in the same order, with
//! the same ticks between them, make the same colony. [`Input::encode`] is its one form as bytes.
//! A [`Prepared`] input has what applying it needs beside it, made where no lock is held; an [`Outcome`] says what it
//! does.

mod codec;

pub use codec::INPUT_VERSION;

use crate::documents::{Analysed, Body};
use crate::ids::DocumentId;
use crate::reinforcement::Reinforcement;
use serde::{Deserialize, Serialize};

/// Something that changes a colony.
///
/// New kinds are added at the end: their order is a part of the encoding.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub enum Input {
    /// Documents that are taken together or not at all. Those that stand with the same content change nothing.
    Ingest(Vec<Body>),
    /// A document that takes the place of the one with the same id, or comes as new.
    Update(Body),
    /// A document that goes.
    Delete(DocumentId),
    /// A document that helped.
    Reinforce {
        /// The document.
        id: DocumentId,
        /// The concepts that led to it.
        path: Reinforcement,
        /// How often.
        times: u64,
    },
    /// A tick, as it is committed. Only who makes ticks writes it, and only [`crate::replay`] takes it.
    Tick {
        /// The tick the colony is at then.
        tick: u64,
        /// The attempt that made it.
        attempt: u64,
        /// The last input that it sees, by the number it was stored under.
        cut: u64,
    },
}

/// What an update does.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Updated {
    /// There is no document of this id; now there is.
    New,
    /// The document is replaced.
    Changed,
    /// It stands with the same content: nothing is done.
    Unchanged,
}

/// What an input does to a colony.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Of an [`Input::Ingest`]: documents taken, and documents that stand with the same content.
    Ingested {
        /// Documents taken.
        accepted: u64,
        /// Documents that stand with the same content.
        unchanged: u64,
    },
    /// Of an [`Input::Update`].
    Updated(Updated),
    /// Of an [`Input::Delete`]: whether there is such a document.
    Deleted(bool),
    /// Of an [`Input::Reinforce`]: whether there is such a document.
    Reinforced(bool),
}

/// The word forms of a text with their counts, by form index.
pub type Forms = Box<[(u32, u32)]>;

/// What an accepted input changes, with everything that is derived from its texts.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// Documents come. None of their ids stands, and each is there once.
    Insert(Vec<Analysed>),
    /// A document goes, or another takes its place, or one comes where none stands.
    Replace {
        /// The id it is about.
        id: DocumentId,
        /// The word forms of the document that stands in the committed state, as the analyser finds them.
        leaves: Option<Forms>,
        /// What comes.
        comes: Option<Box<Analysed>>,
    },
    /// A reinforcement of a document that stands.
    Reinforce {
        /// The document.
        id: DocumentId,
        /// The concepts that led to it.
        path: Reinforcement,
        /// How often.
        times: u64,
    },
}

/// An input that was accepted and is ready to be applied.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What it changes.
    pub change: Change,
    /// What it does, for whoever gave it.
    pub outcome: Outcome,
}

impl Prepared {
    /// An input that changes nothing.
    pub fn nothing(outcome: Outcome) -> Prepared {
        Prepared { change: Change::Nothing, outcome }
    }
}

/// Whether a document is new to what stands under its id.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Its id is free.
    New,
    /// The same id stands with the same content; taking it changes nothing.
    Unchanged,
    /// The same id stands with other content.
    Taken,
}

impl Admission {
    /// What a body is to those that stand, of which `standing` gives one by its identity: under its own, or else to the one
    /// that is called as it would be. So no two documents have one name.
    pub fn of<'a>(id: DocumentId, body: &Body, standing: impl Fn(DocumentId) -> Option<&'a Body>) -> Admission {
        let namesake = || standing(body.namesake(id)?).filter(|other| other.key.is_some() != body.key.is_some());
        match standing(id).or_else(namesake) {
            None => Admission::New,
            Some(known) if known.says_the_same(body) => Admission::Unchanged,
            Some(_) => Admission::Taken,
        }
    }
}
