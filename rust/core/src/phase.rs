//! The four phases of a tick, in their order.

use std::fmt;

/// A phase of a tick.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Phase {
    /// Agents read the committed view and choose.
    Sense,
    /// Choices become messages; granted documents are lysed.
    Act,
    /// Expired synapses go, the inbox is delivered, rows above the cap are cut.
    Decay,
    /// The tick is committed and the new state swapped in.
    Advance,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Phase; 4] = [Phase::Sense, Phase::Act, Phase::Decay, Phase::Advance];

    /// The name users see.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Sense => "Sense",
            Phase::Act => "Act",
            Phase::Decay => "Decay",
            Phase::Advance => "Advance",
        }
    }

    /// The phase of this name.
    pub fn from_name(name: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
