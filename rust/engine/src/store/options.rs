//! How a store is opened.

use std::time::Duration;

/// When the witness is synced. It is always written before an acknowledgement, and that survives the end of the
/// process. Once it is synced, it also tells damage from a torn tail after a loss of power.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum WitnessSync {
    /// With every acknowledgement: single documents take up to twice the time on a slow disk.
    EveryAck,
    /// At [`super::Store::seal`], when the store is closed, and at most this long after it was written.
    Within(Duration),
    /// At [`super::Store::seal`] and when the store is closed.
    Sealed,
}

/// How a store is opened.
#[derive(Copy, Clone, Debug)]
pub struct Options {
    /// When the witness is synced.
    pub witness: WitnessSync,
    /// Whether to make a colony if there is none.
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

/// A rule that is broken on purpose, for tests.
#[doc(hidden)]
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Mutant {
    /// The witness is written and synced before the log.
    WitnessFirst,
    /// A record is acknowledged, and the witness written, without a sync of the log.
    AckEarly,
    /// The files of the old generation are deleted before the witness names the new one.
    OldDeletedFirst,
    /// Recovery accepts what it reads beyond the witness, without writing and syncing it again.
    TailTrusted,
    /// Recovery keeps a torn tail.
    TailLeft,
    /// Recovery does not check a record's chain.
    ChainUnchecked,
}
