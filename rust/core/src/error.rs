//! The error type of phago: one enum, with every error message of the core.

use crate::ids::{NodeId, ShardId};
use crate::phase::Phase;
use thiserror::Error;

/// The result of every fallible function of phago.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error, with the relevant values as fields.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The shard is not on the ring or not registered.
    #[error("{shard} is not registered; registered are {registered}")]
    ShardNotFound {
        /// The shard asked for.
        shard: ShardId,
        /// The registered shards, as text.
        registered: String,
    },
    /// The coordinator cannot be used, for example after a fork.
    #[error("the coordinator cannot be used: {reason}")]
    CoordinatorUnavailable {
        /// Why, and what to do.
        reason: String,
    },
    /// Shards did not finish a phase before its deadline.
    #[error("{} did not finish {phase} of tick {tick} within {waited_ms} ms; the tick was not made", list(shards))]
    PhaseTimeout {
        /// The shards that began the phase and did not finish it.
        shards: Vec<ShardId>,
        /// The phase that was running.
        phase: Phase,
        /// The tick that was being made.
        tick: u64,
        /// How long the driver waited.
        waited_ms: u64,
    },
    /// The work of one or more shards panicked.
    #[error("{} died in {phase} of tick {tick}: {cause}; the tick was undone", list(shards))]
    ShardDied {
        /// Every shard that panicked in the phase.
        shards: Vec<ShardId>,
        /// The phase that was running.
        phase: Phase,
        /// The tick that was being made.
        tick: u64,
        /// The message of the first panic, in order of shards.
        cause: String,
    },
    /// The document was given to a shard that is not its home.
    #[error("document `{document}` belongs to {home}, not to {shard}")]
    RoutingFailed {
        /// The document's id as the caller gave it.
        document: String,
        /// The shard that was asked.
        shard: ShardId,
        /// The shard that owns it.
        home: ShardId,
    },
    /// A barrier cannot be passed.
    #[error("barrier failed: {reason}")]
    BarrierFailed {
        /// Which answer was missing or refused, and why.
        reason: String,
    },
    /// Another owner is driving the object.
    #[error("{what}")]
    Busy {
        /// What is busy, with whom, and what to call instead.
        what: String,
    },
    /// A setting is outside its accepted range.
    #[error("`{field}` is {value}; accepted is {accepted}")]
    Config {
        /// The setting.
        field: String,
        /// The value given.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A document is not accepted.
    #[error("document {index}{}: `{field}` {reason}", named(id))]
    InvalidDocument {
        /// Its index in the caller's sequence, from 0.
        index: usize,
        /// Its id, if it had one.
        id: Option<String>,
        /// The field at fault.
        field: String,
        /// What is wrong with it and what would be accepted.
        reason: String,
    },
    /// The id belongs to a document with other content.
    #[error(
        "document {index} (id `{id}`): the id is taken by a document with other content; `update` replaces it, and `update_all` replaces many"
    )]
    DocumentExists {
        /// Its index in the caller's sequence, from 0.
        index: usize,
        /// The id.
        id: String,
    },
    /// A quantity would exceed its limit.
    #[error("{what} is limited to {limit}, and this would make {value}")]
    Limit {
        /// The quantity.
        what: String,
        /// The limit.
        limit: u64,
        /// The value it would have.
        value: u64,
    },
    /// The ghost cache holds no ghost of the node.
    #[error("no ghost of node {node} is cached")]
    GhostNodeNotFound {
        /// The node.
        node: NodeId,
    },
    /// The far end of an edge could not be fetched.
    #[error("the far end of the edge to {node} on {shard} could not be resolved: {reason}")]
    EdgeResolutionFailed {
        /// The far node.
        node: NodeId,
        /// Its home.
        shard: ShardId,
        /// Why.
        reason: String,
    },
    /// A phase was called out of order on a shard driven by hand.
    #[error("{shard} expects {expected} of tick {tick}, not {found}")]
    PhaseOrder {
        /// The shard.
        shard: ShardId,
        /// The phase that comes next.
        expected: Phase,
        /// The phase that was called.
        found: Phase,
        /// The tick being made.
        tick: u64,
    },
    /// Bytes cannot be decoded.
    #[error("these bytes are no {what}: {reason}")]
    Wire {
        /// What they should encode.
        what: &'static str,
        /// Why they are refused.
        reason: String,
    },
    /// A file of a colony is not as it was written.
    #[error("`{path}` is damaged at {place}: {reason}")]
    Corruption {
        /// The file.
        path: String,
        /// The location in the file: a byte, a slot, a section.
        place: String,
        /// Why they are refused.
        reason: String,
    },
    /// The colony was written by a later version of phago.
    #[error("`{path}` has format {found}, and this phago reads formats up to {supported}; nothing was changed")]
    Version {
        /// The file with the later format.
        path: String,
        /// Its format.
        found: u32,
        /// The latest format that can be read.
        supported: u32,
    },
    /// Another process, or another colony object of this process, has the colony open for writing.
    #[error("`{path}` is open for writing{}; one writer at a time, any number may open it to read", held(pid, since))]
    Locked {
        /// The colony's directory.
        path: String,
        /// The id of that process, if it could be read.
        pid: Option<u32>,
        /// When it was opened, in RFC 3339, if it could be read.
        since: Option<String>,
    },
    /// The colony is opened for reading only.
    #[error("`{path}` was opened to read only; open it to write to change it")]
    ReadOnly {
        /// The colony's directory.
        path: String,
    },
    /// The directory holds no colony.
    #[error("there is no colony at `{path}`")]
    NoColony {
        /// The directory.
        path: String,
    },
    /// The directory for a new colony already holds one.
    #[error("`{path}` holds a colony; a new one needs a directory of its own")]
    Occupied {
        /// The directory.
        path: String,
    },
    /// The operating system refused an operation. Everything acknowledged before is kept.
    #[error("could not {attempted} `{path}`: {cause}")]
    Storage {
        /// The file or directory.
        path: String,
        /// What was attempted, as a verb.
        attempted: String,
        /// The error of the operating system.
        cause: String,
    },
    /// An earlier write to the store failed.
    #[error(
        "`{path}` could not be written ({cause}); whether the last changes were kept is unknown until it is opened again"
    )]
    Poisoned {
        /// The colony's directory.
        path: String,
        /// What failed first.
        cause: String,
    },
    /// The work was asked to stop.
    #[error("the work was cancelled")]
    Cancelled,
}

/// Returns a caller's text, shortened to what fits into a message.
pub fn short(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn held(pid: &Option<u32>, since: &Option<String>) -> String {
    let pid = pid.map(|pid| format!(" in process {pid}")).unwrap_or_default();
    pid + &since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default()
}

fn list(shards: &[ShardId]) -> String {
    let names: Vec<String> = shards.iter().map(ShardId::to_string).collect();
    names.join(", ")
}

fn named(id: &Option<String>) -> String {
    id.as_ref().map(|id| format!(" (id `{id}`)")).unwrap_or_default()
}
