//! How a store is opened.

use std::time::Duration;

/// When the witness is made durable. It is always written before an acknowledgement, which holds through the end of the
/// process; made durable, it also tells damage from a torn tail after a loss of power.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WitnessSync {
    /// With every acknowledgement: up to twice the time for single documents on a slow disk.
    EveryAck,
    /// At [`super::Store::seal`], at the end, and at most this long after it was written.
    Within(Duration),
    /// At [`super::Store::seal`] and at the end.
    Sealed,
}

/// How a store is opened.
#[derive(Copy, Clone, Debug)]
pub struct Options {
    /// When the witness is made durable.
    pub witness: WitnessSync,
    /// Whether a colony is made where there is none.
    pub make: bool,
    /// A rule to break, so that a test can be seen to fail.
    #[doc(hidden)]
    pub mutant: Option<Mutant>,
}

impl Default for Options {
    fn default() -> Self {
        Options { witness: WitnessSync::Within(Duration::from_millis(50)), make: true, mutant: None }
    }
}

/// A rule that is broken on purpose.
#[doc(hidden)]
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Mutant {
    /// The witness is written and synced before the log.
    WitnessFirst,
    /// A record is acknowledged, and the witness written, without a sync of the log.
    AckEarly,
    /// A new generation's predecessors are deleted before the witness knows of it.
    OldDeletedFirst,
    /// Recovery believes what it reads beyond the witness, without writing it anew and syncing it.
    TailTrusted,
    /// Recovery leaves a torn tail where it is.
    TailLeft,
    /// Recovery does not look at the hash over a record and all before.
    ChainUnchecked,
}
