//! What a replica has of a stored colony.

/// Which parts of a colony a replica is given when it is read.
#[derive(Copy, Clone, Debug)]
pub enum Share<'a> {
    /// All of it: the colony of one process.
    Whole,
    /// What a node has: the shards of these seats, in order, and the counts of the word forms whose terms live there.
    /// It knows no backlog, no lifetimes, no time and no roster.
    Node(&'a [usize]),
    /// What drives nodes: all that they share and do not know, no shard, and no counts of word forms.
    Driver,
}

impl Share<'_> {
    /// Returns whether the shard of a seat is given.
    pub(super) fn has(&self, seat: usize) -> bool {
        match self {
            Share::Whole => true,
            Share::Node(own) => own.binary_search(&seat).is_ok(),
            Share::Driver => false,
        }
    }

    /// Returns whether backlog, lifetimes, time and roster are given.
    pub(super) fn drives(&self) -> bool {
        !matches!(self, Share::Node(_))
    }
}
