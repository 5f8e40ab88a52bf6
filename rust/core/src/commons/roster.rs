//! The living agents.

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

    /// Returns the roster of a stored colony; `living` is in order.
    pub(super) fn restore(living: Vec<AgentId>) -> Roster {
        Roster { digesters: living }
    }

    /// Takes over a tick: these agents took part, in order, and some of them ended.
    pub(crate) fn commit(&mut self, living: &[AgentId], ended: &[AgentId]) {
        self.digesters.clear();
        self.digesters.extend(living.iter().filter(|id| !ended.contains(id)));
    }
}
