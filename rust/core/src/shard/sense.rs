//! Sense: agents read the committed view and choose.

use super::Shard;
use crate::Result;
use crate::agents::Digester;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::ids::AgentId;
use crate::plan::Plan;

/// What the agents of a shard chose.
#[derive(Debug, Default)]
pub(super) struct Sensed {
    // Each digester that lives or is born here, and how many of the granted documents it claims.
    claims: Vec<(Digester, u32)>,
    patience: u32,
}

impl Sensed {
    /// Returns the state of each digester after the tick; `None` if it ends.
    pub(super) fn after(self) -> Vec<(AgentId, Option<Digester>)> {
        let after = |(agent, taken): (Digester, u32)| (agent.id, agent.after(taken, self.patience));
        self.claims.into_iter().map(after).collect()
    }
}

impl Shard {
    /// Lets the agents that live here choose.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn sense(&self, plan: &Plan, commons: &Commons, cancel: &Cancel) -> Result<Sensed> {
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
            patience: commons.config().digester_patience,
        })
    }
}
