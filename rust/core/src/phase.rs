//! The four phases of a tick, in order.

use std::fmt;

/// A phase of a tick.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Phase {
    /// Agents read the committed state and choose documents.
    Sense,
    /// Shards choose the concepts of granted documents (lysis) and write messages.
    Act,
    /// Shards remove expired synapses, deliver the inbox and cut rows that are over the cap.
    Decay,
    /// The driver commits the tick: it swaps the new state in.
    Advance,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 4] = [Phase::Sense, Phase::Act, Phase::Decay, Phase::Advance];

    /// Returns the name that users see.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Sense => "Sense",
            Phase::Act => "Act",
            Phase::Decay => "Decay",
            Phase::Advance => "Advance",
        }
    }

    /// Returns the phase with this name.
    pub fn from_name(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
