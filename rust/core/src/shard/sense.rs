//! Sense: agents read the committed view and choose.

use super::Shard;
use crate::Result;
use crate::agents::Digester;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::ids::AgentId;
use crate::plan::Plan;

/// What the agents of a shard chose.
#[derive(Clone, Debug, Default)]
pub struct Sensed {
    /// Each digester that lives here or is born here, and how many of the granted documents it claims.
    pub claims: Vec<(Digester, u32)>,
}

impl Shard {
    /// Let the agents that live here choose.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub fn sense(&self, plan: &Plan, commons: &Commons, cancel: &Cancel) -> Result<Sensed> {
        cancel.poll()?;
        let here = |id: &&AgentId| commons.ring().shard_of(id.key()) == self.id;
        let born = plan.births.iter().filter(here).map(|id| Digester::new(*id));
        let living = self.digesters.values().cloned();
        Ok(Sensed {
            claims: living
                .chain(born)
                .map(|digester| {
                    let claimed = plan.claims(digester.id);
                    (digester, claimed)
                })
                .collect(),
        })
    }
}
