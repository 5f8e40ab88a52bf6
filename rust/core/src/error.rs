//! One enum for everything that can go wrong; every message of the core stands here.

use crate::ids::{NodeId, ShardId};
use crate::phase::Phase;
use thiserror::Error;

/// The result of everything fallible in phago.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the values that matter as fields.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A shard that is not on the ring or not registered.
    #[error("{shard} is not registered; registered are {registered}")]
    ShardNotFound {
        /// The shard asked for.
        shard: ShardId,
        /// The shards there are, as text.
        registered: String,
    },
    /// The coordinator cannot serve, for example after a fork.
    #[error("the coordinator cannot be used: {reason}")]
    CoordinatorUnavailable {
        /// Why, and what to do.
        reason: String,
    },
    /// Shards that did not answer a phase before its deadline.
    #[error("{} did not finish {phase} of tick {tick} within {waited_ms} ms; the tick was not made", list(shards))]
    PhaseTimeout {
        /// The shards that began and did not answer.
        shards: Vec<ShardId>,
        /// The phase that was running.
        phase: Phase,
        /// The tick that was being made.
        tick: u64,
        /// How long was waited.
        waited_ms: u64,
    },
    /// Shards whose work panicked.
    #[error("{} died in {phase} of tick {tick}: {cause}; the tick was undone", list(shards))]
    ShardDied {
        /// Every shard that died in the phase.
        shards: Vec<ShardId>,
        /// The phase that was running.
        phase: Phase,
        /// The tick that was being made.
        tick: u64,
        /// The message of the first panic, in order of shards.
        cause: String,
    },
    /// A document given to a shard that is not its home.
    #[error("document `{document}` belongs to {home}, not to {shard}")]
    RoutingFailed {
        /// The document's id as the caller gave it.
        document: String,
        /// The shard that was asked.
        shard: ShardId,
        /// The shard that owns it.
        home: ShardId,
    },
    /// A barrier that cannot be passed.
    #[error("barrier failed: {reason}")]
    BarrierFailed {
        /// Which answer was missing or refused, and why.
        reason: String,
    },
    /// Something that another owner is driving.
    #[error("{what}")]
    Busy {
        /// What is busy, with whom, and what to call instead.
        what: String,
    },
    /// A setting outside of what is accepted.
    #[error("`{field}` is {value}; accepted is {accepted}")]
    Config {
        /// The setting.
        field: String,
        /// The value given.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
    /// A document that cannot be taken.
    #[error("document {index}{}: `{field}` {reason}", named(id))]
    InvalidDocument {
        /// Its position in the caller's sequence, from 0.
        index: usize,
        /// Its id, where it had one.
        id: Option<String>,
        /// The field at fault.
        field: String,
        /// What is wrong with it and what would be accepted.
        reason: String,
    },
    /// An id that is taken by other content.
    #[error(
        "document {index} (id `{id}`): the id is taken by a document with other content; call `update` to replace it"
    )]
    DocumentExists {
        /// Its position in the caller's sequence, from 0.
        index: usize,
        /// The id.
        id: String,
    },
    /// Something grew to its bound.
    #[error("{what} is limited to {limit}, and this would make {value}")]
    Limit {
        /// What is bounded.
        what: String,
        /// The bound.
        limit: u64,
        /// What was asked for.
        value: u64,
    },
    /// A node of which the ghost cache knows nothing.
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
    /// A phase called out of its turn on a shard driven by hand.
    #[error("{shard} expects {expected} of tick {tick}, not {found}")]
    PhaseOrder {
        /// The shard.
        shard: ShardId,
        /// The phase whose turn it is.
        expected: Phase,
        /// The phase that was called.
        found: Phase,
        /// The tick being made.
        tick: u64,
    },
    /// Bytes that are not what they should be.
    #[error("these bytes are no {what}: {reason}")]
    Wire {
        /// What they should be.
        what: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// A file of a colony that is not what was written.
    #[error("`{path}` is damaged at {place}: {reason}")]
    Corruption {
        /// The file.
        path: String,
        /// Where in it: a byte, a slot, a section.
        place: String,
        /// What does not fit.
        reason: String,
    },
    /// A colony written by a later phago.
    #[error("`{path}` has format {found}, and this phago reads formats up to {supported}; nothing was changed")]
    Version {
        /// The file that says so.
        path: String,
        /// Its format.
        found: u32,
        /// The latest format that can be read.
        supported: u32,
    },
    /// A colony that another process, or another colony object of this one, has open for writing.
    #[error("`{path}` is open for writing{}; one writer at a time, any number may open it to read", held(pid, since))]
    Locked {
        /// The colony's directory.
        path: String,
        /// The process that has it, where it could be read.
        pid: Option<u32>,
        /// Since when, in RFC 3339, where it could be read.
        since: Option<String>,
    },
    /// A colony that was opened to read.
    #[error("`{path}` was opened to read only; open it to write to change it")]
    ReadOnly {
        /// The colony's directory.
        path: String,
    },
    /// No colony where one was looked for.
    #[error("there is no colony at `{path}`")]
    NoColony {
        /// The directory.
        path: String,
    },
    /// A place for a new colony that is taken.
    #[error("`{path}` holds a colony; a new one needs a directory of its own")]
    Occupied {
        /// The directory.
        path: String,
    },
    /// The operating system refused something. What was acknowledged before stands.
    #[error("could not {attempted} `{path}`: {cause}")]
    Storage {
        /// The file or directory.
        path: String,
        /// What was attempted: a verb.
        attempted: String,
        /// What the system said.
        cause: String,
    },
    /// A store whose write failed earlier.
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

/// As much of a caller's text as goes into a message.
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
