//! Questions to one committed state, told in full: what comes out is copies, and nothing is changed.
//!
//! * [`documents`] finds, lists and counts documents; [`answers`] tells hits with passages and paths, and explains.
//! * [`graph`] tells concepts, their rows and snapshots of the whole; [`ghosts`] what a far shard is told of a node.
//! * [`counts`] sums what shards hold.

pub mod answers;
pub mod counts;
pub mod documents;
pub mod ghosts;
pub mod graph;

pub use answers::{AnsweredDocument, Asking};
pub use counts::{Counts, ShardCounts};
pub use documents::FoundDocument;
pub use graph::{EdgeRow, Edges, NearConcept, Neighbor, NodeRow, Nodes};
