//! Which agents live.

use crate::ids::AgentId;

/// The living agents of the whole colony, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    digesters: Vec<AgentId>,
}

impl Roster {
    pub(crate) fn digesters(&self) -> &[AgentId] {
        &self.digesters
    }

    /// The agents that lived when the colony was stored, in order.
    pub(super) fn restore(living: Vec<AgentId>) -> Roster {
        Roster { digesters: living }
    }

    /// A tick had these agents, in order, of which some ended.
    pub(crate) fn commit(&mut self, living: &[AgentId], ended: &[AgentId]) {
        self.digesters.clear();
        self.digesters.extend(living.iter().filter(|id| !ended.contains(id)));
    }
}
