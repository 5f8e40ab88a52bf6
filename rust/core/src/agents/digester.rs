//! The digester: born when documents wait, takes its share of each tick's grants, ends when idle.

use crate::ids::AgentId;

/// After this many ticks without a document, a digester ends.
pub const IDLE_TICKS_MAX: u32 = 3;

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

    /// Returns the digester after a tick in which it took `documents`, or `None` if it has ended.
    pub fn after(&self, documents: u32) -> Option<Digester> {
        let idle = if documents > 0 { 0 } else { self.idle + 1 };
        (idle < IDLE_TICKS_MAX).then(|| Digester {
            id: self.id,
            taken: self.taken.saturating_add(documents.into()),
            idle,
        })
    }
}
