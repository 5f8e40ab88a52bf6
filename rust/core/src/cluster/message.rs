//! What driver and nodes say to each other about changes, as data.
//!
//! Changes are numbered: each change of documents by a sequence, each attempt at a tick by a number of its own. A node
//! refuses what is out of order, and a refusal changes nothing. A driver whose change was refused half-way makes the
//! nodes again from what is stored.

use crate::commons::{Departed, Tally};
use crate::config::{ColonyConfig, DistributedConfig};
use crate::documents::{Body, Lifetime};
use crate::ids::{DocumentId, Tick};
use crate::plan::Plan;
use crate::reinforcement::Reinforcement;
use crate::shard::{CrossEdge, Staged};
use crate::text::{ANALYSER, Word};
use crate::wishes::{Wanted, Wishes};
use crate::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// The version of all messages between driver and nodes, and between nodes.
pub const CLUSTER_VERSION: u8 = 1;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What must be the same on both sides before anything else is said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handshake {
    /// The version of phago.
    pub phago: String,
    /// [`ANALYSER`].
    pub analyser: String,
    /// The settings of the colony.
    pub config: ColonyConfig,
    /// The shards of the ring and their points, as they were given.
    pub ring: DistributedConfig,
    /// Which node has which seats.
    pub layout: super::Layout,
    /// The node that is addressed.
    pub node: u32,
}

impl Handshake {
    /// Returns what the driver of this version says to a node.
    pub fn new(config: ColonyConfig, ring: DistributedConfig, layout: super::Layout, node: usize) -> Handshake {
        Handshake { phago: VERSION.into(), analyser: ANALYSER.into(), config, ring, layout, node: node as u32 }
    }

    /// Refuses another version of phago, and another analyser, which would give other words to the same texts.
    ///
    /// # Errors
    /// [`Error::Config`] naming both.
    pub fn check(&self) -> Result<()> {
        for (field, value, own) in [("phago", &self.phago, VERSION), ("analyser", &self.analyser, ANALYSER)] {
            if value != own {
                let accepted = format!("{own}, that of this node");
                return Err(Error::Config { field: field.into(), value: value.clone(), accepted });
            }
        }
        Ok(())
    }
}

/// One change that a node judges, as the home of its document. A driver keeps what it sends, so documents are shared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// Adds a document. The number is the caller's index, by which errors name it; no node needs it.
    Ingest(#[serde(skip)] u64, Arc<Body>),
    /// Replaces the document with the same id, or adds a new one.
    Update(Arc<Body>),
    /// Deletes a document.
    Delete(DocumentId),
    /// Reinforces a document.
    Reinforce(DocumentId, Reinforcement, u64),
}

impl Step {
    /// Returns the document's identity.
    pub fn id(&self) -> DocumentId {
        match self {
            Step::Ingest(_, body) | Step::Update(body) => body.id(),
            Step::Delete(id) | Step::Reinforce(id, ..) => *id,
        }
    }
}

/// How a home judges a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fate {
    /// The document is new.
    New {
        /// How many of its words are too long to be indexed.
        too_long: u32,
    },
    /// A document with the same id and content stands, or none is there to be deleted or reinforced.
    Unchanged,
    /// The id belongs to a document with other content.
    Taken,
    /// It has too many different words.
    TooManyWords,
    /// It replaces a document.
    Changed(Departed),
    /// It only gives the document that stands another lifetime; this is the one that it has.
    Renewed(Option<Lifetime>),
    /// The document that stands is deleted.
    Deleted(Departed),
    /// The document stands; the size of all reinforcements that wait grows by so much.
    Reinforced(u64),
}

impl Fate {
    /// Returns whether a step may have this fate.
    pub fn fits(&self, step: &Step) -> bool {
        match self {
            Fate::Unchanged => true,
            Fate::New { .. } | Fate::Taken | Fate::TooManyWords => matches!(step, Step::Ingest(..) | Step::Update(_)),
            Fate::Changed(_) | Fate::Renewed(_) => matches!(step, Step::Update(_)),
            Fate::Deleted(_) => matches!(step, Step::Delete(_)),
            Fate::Reinforced(_) => matches!(step, Step::Reinforce(..)),
        }
    }
}

/// Judge these steps and stage them; change nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prepare {
    /// The number of the change.
    pub sequence: u64,
    /// The number of the documents that were read ahead and are added, before the steps.
    pub read: Option<u64>,
    /// The steps of this home, in their order.
    pub steps: Vec<Step>,
    /// Documents that may stand here and have the names of others.
    pub looks: Vec<DocumentId>,
}

/// What a node staged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// The fate of each step.
    pub fates: Vec<Fate>,
    /// Those of the documents looked for that stand, with their indices among the looks.
    pub looked: Vec<(u32, Body)>,
    /// The words that are new here, in the order in which they were met.
    pub words: Vec<Word>,
    /// What changes in the numbers that all share, with the forms that other nodes keep; new words count in the node's own
    /// indices.
    pub tally: Tally,
}

/// Words that are new to the colony, in the order in which all nodes number them. What the node itself announced, and no
/// node before it, is not repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Announced {
    /// The words that come before its own.
    pub before: Vec<Word>,
    /// How many of its own follow, in the order in which it met them, without those before.
    pub own: u32,
    /// The words that come after.
    pub after: Vec<Word>,
}

/// Apply the change that was prepared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Apply {
    /// The number of the change.
    pub sequence: u64,
    /// The words that are new to the colony.
    pub words: Announced,
    /// What the other nodes counted, with the forms that this node keeps.
    pub tally: Tally,
}

/// What a node staged of a tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// What its seats staged, as sums.
    pub staged: Staged,
    /// The documents that leave with the tick.
    pub leaving: Vec<(DocumentId, Departed)>,
    /// What they take with them.
    pub tally: Tally,
    /// For each of its seats: the concepts and synapses before and after the tick.
    pub seats: Vec<SeatCounts>,
    /// For each of its seats: the new synapses to other shards, if they are wanted.
    pub cross_edges: Vec<Vec<CrossEdge>>,
}

/// What one seat holds before and after a tick.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeatCounts {
    /// Concepts and synapses before the tick.
    pub before: (u64, u64),
    /// Concepts and synapses after it.
    pub after: (u64, u64),
}

/// What one seat holds, as a registry of shards notes it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeatSize {
    /// Documents.
    pub documents: u64,
    /// Bytes of memory, about.
    pub bytes: u64,
}

/// Which documents of a node a tick grants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Granted {
    /// Those that wait since this one, by its arrival and identity, or came before it.
    UpTo((u32, u128)),
    /// These, in order.
    These(Vec<(u32, u128)>),
}

/// What a driver tells a node to do. What each is answered by, [`Done`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Judge and stage a change.
    Prepare(Prepare),
    /// Apply the change that is staged, or the numbers of one that other nodes staged.
    Apply(Apply),
    /// Forget the change that is staged.
    Discard(u64),
    /// Make Sense and Act of a tick.
    Act {
        /// The number of the attempt.
        attempt: u64,
        /// The plan, without the grants.
        plan: Plan,
        /// Which documents are granted.
        granted: Granted,
    },
    /// Make Decay of a tick, with the parcels that came from other nodes.
    Decay {
        /// The number of the attempt.
        attempt: u64,
        /// The nodes that send it a parcel, in order.
        from: Vec<u32>,
        /// Whether the answer is to have the new synapses to other shards.
        with_edges: bool,
    },
    /// Advance: swap the tick in.
    Commit {
        /// The number of the attempt.
        attempt: u64,
        /// What left with the tick, with the forms that this node keeps.
        tally: Tally,
    },
    /// Forget what is staged of a tick.
    Abort(u64),
    /// Move on to a tick before which nothing happens but the end of synapses.
    Pass(Tick),
    /// Analyse documents that a later change adds, by this number. Nothing changes, and a node may forget them.
    Read(u64, Vec<Arc<Body>>),
    /// Rank the waiting documents as the field wants it, so many, behind this one.
    Rank(Wishes, u32, Option<Wanted>),
}

/// What a node did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Done {
    /// Staged a change.
    Prepared(Prepared),
    /// Did what has no other answer.
    Done,
    /// Made Act; the nodes that it sends a parcel, in order.
    Acted(Vec<u32>),
    /// Made Decay; the tick can be committed.
    Decayed(Ack),
    /// Swapped a tick in; how large each of its seats is.
    Committed(Vec<SeatSize>),
    /// Moved on to a tick; what each of its seats holds before and after it, and how large it is.
    Passed(Vec<SeatCounts>, Vec<SeatSize>),
    /// Refused: out of order, or it does not fit. Nothing has changed.
    Refused(String),
    /// Did not prepare: it has not what was read ahead.
    Unread,
    /// The waiting documents as they are ranked, those that come first.
    Ranked(Vec<Wanted>),
}

/// Returns a message as bytes: the version, then postcard.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    encode_onto(Vec::new(), message)
}

/// Does what [`encode`] does, behind these bytes.
pub fn encode_onto<T: Serialize>(mut bytes: Vec<u8>, message: &T) -> Vec<u8> {
    bytes.push(CLUSTER_VERSION);
    postcard::to_extend(message, bytes).expect("plain data always encodes")
}

/// Decodes what [`encode`] wrote. Takes no more memory than a small multiple of the bytes.
///
/// # Errors
/// [`Error::Wire`] naming `what`, for another version, and for bytes that are no such message.
pub fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T> {
    let refused = |reason: String| Error::Wire { what, reason };
    let Some((&version, rest)) = bytes.split_first() else { return Err(refused("there are no bytes".into())) };
    if version != CLUSTER_VERSION {
        return Err(refused(format!("version {version} is not {CLUSTER_VERSION}")));
    }
    let (message, left) = postcard::take_from_bytes(rest).map_err(|cause| refused(cause.to_string()))?;
    if left.is_empty() { Ok(message) } else { Err(refused(format!("{} bytes are left over", left.len()))) }
}
