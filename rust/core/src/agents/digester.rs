//! The digester: born when documents wait, takes its share of each tick's grants, ends when idle.

use crate::ids::AgentId;

/// A living digester.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Digester {
    /// Its id.
    pub id: AgentId,
    /// Documents it has digested in its life.
    pub taken: u64,
    /// Ticks since it last took one.
    pub idle: u32,
}

impl Digester {
    /// Returns a new digester.
    pub fn new(id: AgentId) -> Self {
        Digester { id, taken: 0, idle: 0 }
    }

    /// Returns the digester after a tick in which it took `documents`, or `None` if it has ended: after `patience` ticks
    /// without one; never, if that is 0.
    pub fn after(&self, documents: u32, patience: u32) -> Option<Digester> {
        let idle = if documents > 0 || patience == 0 { 0 } else { self.idle + 1 };
        (idle < patience || patience == 0).then(|| Digester {
            id: self.id,
            taken: self.taken.saturating_add(documents.into()),
            idle,
        })
    }
}
