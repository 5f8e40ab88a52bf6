//! What departs from normal, as it is told.

use super::pair::Pair;
use super::rule::Counts;
use crate::ids::{NodeId, Tick};

/// What departs from normal. Kinds are ordered as they stand here, and then by id.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub enum Kind {
    /// A concept is frequent that was not seen before the window, or so long ago that halving left nothing of it.
    New(NodeId),
    /// A concept is seen more often than normal.
    Rising(NodeId),
    /// Two concepts are seen in the same documents more often than normal.
    Pair(Pair),
    /// More concepts than normal are wired for the first time.
    Vocabulary,
    /// A concept that was seen often is not seen any more.
    Fading(NodeId),
}

impl Kind {
    /// Returns the concepts that it is about.
    pub fn concepts(&self) -> impl Iterator<Item = NodeId> {
        let (one, other) = match *self {
            Kind::New(concept) | Kind::Rising(concept) | Kind::Fading(concept) => (Some(concept), None),
            Kind::Pair(pair) => (Some(pair.source()), Some(pair.target())),
            Kind::Vocabulary => (None, None),
        };
        one.into_iter().chain(other)
    }
}

/// A departure from normal, told once: again only after it was normal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Alarm {
    /// The tick that found it.
    pub tick: Tick,
    /// What departs.
    pub kind: Kind,
    /// The tick since which it departs: the first in the window that activated it; of what fades, the last one that did.
    pub since: Tick,
    /// By how much: its counts.
    pub counts: Counts,
}
