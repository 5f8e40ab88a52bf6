//! Reads of one committed state. Results are copies, and nothing is changed.
//!
//! * [`documents`] finds, lists and counts documents; [`answers`] returns hits with passages and paths, and explains.
//! * [`graph`] returns concepts, their rows and snapshots of the whole graph; [`ghosts`] what another shard learns of a
//!   node.
//! * [`similar()`] finds documents that are like another one.
//! * [`counts`] sums what shards hold.
//! * [`whole`] is what is read of a whole colony, wherever its shards are.

pub mod answers;
pub mod counts;
pub mod documents;
pub mod ghosts;
pub mod graph;
mod similar;
pub mod whole;

pub use crate::query::FoundDocument;
pub use answers::{AnsweredDocument, Asking};
pub use counts::{Counts, SeatCounts, ShardCounts};
pub use documents::StoredDocument;
pub use graph::{EdgeRow, Edges, LocalConcepts, NearConcept, Neighbor, NodeRow, Nodes};
pub use similar::similar;
pub use whole::Whole;
