//! The plan of a tick whose documents are on nodes.

use super::driver::{Carrier, Driver, broken, home_of, unexpected};
use super::message::{Done, Order};
use crate::Result;
use crate::commons::GrantKey;
use crate::ids::DocumentId;
use crate::life::Acted;
use crate::plan::Plan;
use crate::replica::Replica;
use crate::wishes::{Wanted, Wishes};
use std::sync::Arc;

// The most documents that a node ranks in one answer.
const RANKED_MAX: u32 = 1 << 16;

impl Driver {
    /// Returns the plan of the next tick, in which agents of users' own do what they chose. Where the field orders
    /// documents, the nodes rank them.
    ///
    /// # Errors
    /// As [`Replica::plan_with`]; those of `carrier`.
    pub fn plan<C: Carrier>(&self, replica: &Replica, carrier: &C, acted: Option<Arc<Acted>>) -> Result<Plan> {
        let order = match Wishes::of(replica.commons()) {
            Some(wishes) => Some(self.rank(replica, carrier, &wishes)?),
            None => None,
        };
        replica.plan_in(order, acted)
    }

    // Has the nodes rank what waits, until there are as many as a tick grants.
    fn rank<C: Carrier>(&self, replica: &Replica, carrier: &C, wishes: &Wishes) -> Result<Vec<Wanted>> {
        let most = replica.commons().config().documents_per_tick;
        let mut order: Vec<Wanted> = Vec::new();
        let mut asked: Vec<(usize, Option<Wanted>)> = (0..self.layout().nodes()).map(|node| (node, None)).collect();
        let mut ranked = 0;
        while !asked.is_empty() && ranked < most {
            let page = RANKED_MAX.min(most - ranked);
            let ask = |(node, behind): &(usize, Option<Wanted>)| {
                (*node, Order::Rank(wishes.clone(), page, *behind), Vec::new())
            };
            let done = carrier.send(asked.iter().map(ask).collect())?;
            let mut more = Vec::new();
            for ((node, behind), (done, _)) in asked.into_iter().zip(done) {
                let Done::Ranked(came) = done else { return Err(unexpected(node, &done)) };
                let is_known = |key: &GrantKey| {
                    let waits = replica.commons().backlog().waiting().get(key).is_some();
                    waits && home_of(self.layout(), replica, DocumentId(key.1)) == node
                };
                let in_order = came.is_sorted_by(|one, next| one < next) && came.first() > behind.as_ref();
                if came.len() > page as usize
                    || !(came.is_empty() || in_order)
                    || !came.iter().all(|one| is_known(&one.2))
                {
                    return Err(broken(node, "it ranks what does not wait there"));
                }
                if came.len() == page as usize {
                    more.push((node, came.last().copied()));
                }
                order.extend(came);
            }
            (asked, ranked) = (more, ranked + page);
        }
        order.sort_unstable();
        Ok(order)
    }
}
