//! What travels between driver and nodes: the messages of `phago_core::cluster`, and how a node is made.

use phago_core::checkpoint::{Piece, Section, WordsInUse};
use phago_core::cluster::message::{Done, Handshake, Order};
use phago_core::dump::{Part, Scope};
use serde::{Deserialize, Serialize};

/// A message to a node.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Counts how often the nodes were made. What was sent to earlier ones is refused.
    pub(super) epoch: u64,
    pub(super) told: Told,
}

/// What a node is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// Forget everything, and begin with an empty part of this colony.
    Join(Handshake),
    /// Keep this section of a checkpoint, by its number, until all are there.
    Section(u32, Vec<u8>),
    /// Build the part from the sections.
    Build,
    /// Do this.
    Order(Order),
    /// Answer this, at this tick and after this change.
    Ask { tick: u64, sequence: u64, what: What },
}

/// What a node is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum What {
    /// A round of an answer, or another read: the bytes of an ask.
    Round(Vec<u8>),
    /// Its part of a digest.
    Digest(Scope),
    /// What it knows of the words of the colony and the others do not.
    Words,
    /// The columns of one of its seats in one section of a checkpoint.
    Piece { gone: Vec<u32>, section: Section, seat: usize },
}

/// What a node replies.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// It did what it was told.
    Done(Done),
    /// The bytes of its reply to a round.
    Round(Vec<u8>),
    /// Its part of a digest.
    Digest(Part),
    /// What it knows of the words.
    Words(WordsInUse),
    /// The columns of a seat.
    Piece(Piece),
    /// It failed, and is no longer what the driver thinks it is.
    Broken(String),
}
