//! Ticks of a replica: planned before Sense, swapped in after Decay.

use super::Replica;
use crate::commons::{Commons, GrantKey};
use crate::documents::Terms;
use crate::ids::{DocumentId, TICK_MAX, Tick};
use crate::life::Acted;
use crate::plan::Plan;
use crate::shard::{Delta, Retired, Shard, Staged};
use crate::wishes::{Wanted, Wishes};
use crate::{Error, Result};
use std::sync::Arc;

/// What a commit did, for reports.
#[derive(Debug)]
pub struct Committed {
    /// Documents digested by the tick.
    pub digested: u64,
    /// Documents that had nothing to digest.
    pub failed: u64,
    /// Concepts that were chosen because they are known.
    pub transferred: u64,
    /// What the tick replaced; drop it without a lock.
    pub retired: Vec<Retired>,
}

/// A shard on its way into the state after a tick.
#[derive(Debug)]
pub struct Swap {
    seat: usize,
    shard: Arc<Shard>,
    delta: Delta,
}

/// A shard in its state after a tick.
#[derive(Debug)]
pub struct Swapped {
    seat: usize,
    shard: Arc<Shard>,
    retired: Retired,
}

impl Swap {
    /// Swaps in what the tick staged.
    pub fn swap(mut self) -> Swapped {
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        let retired = Arc::make_mut(&mut self.shard).advance(self.delta);
        Swapped { seat: self.seat, shard: self.shard, retired }
    }
}

impl Replica {
    /// Returns the plan of the next tick.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] after the last tick that can be counted.
    pub fn plan(&self) -> Result<Plan> {
        self.plan_with(None)
    }

    /// Returns the plan of the next tick, in which agents of users' own do what they chose.
    ///
    /// # Errors
    /// As [`Replica::plan`]; [`crate::Error::BarrierFailed`] if they read another tick, [`crate::Error::Config`] and
    /// [`crate::Error::Limit`] for what they cannot do.
    pub fn plan_with(&self, acted: Option<Arc<Acted>>) -> Result<Plan> {
        let order = Wishes::of(&self.commons).map(|wishes| {
            let waiting = self.commons.backlog().waiting().keys();
            let none = Terms::default();
            let terms = |key: &GrantKey| self.document(DocumentId(key.1)).map_or(&none, |document| &document.terms);
            wishes.rank(&self.commons, waiting.map(|key| (*key, terms(key))))
        });
        self.plan_in(order, acted)
    }

    /// Returns the plan of the next tick, in which documents come in this order, if there is one.
    ///
    /// # Errors
    /// As [`Replica::plan_with`].
    pub(crate) fn plan_in(&self, order: Option<Vec<Wanted>>, acted: Option<Arc<Acted>>) -> Result<Plan> {
        let order = order.map(|order| order.into_iter().map(|(_, _, key)| key).collect());
        Plan::of(&self.commons, order, acted)
    }

    /// Returns whether ticks up to this one have nothing to do: the colony is quiet, and no lifetime ends with one of
    /// them.
    pub fn is_idle_until(&self, tick: Tick) -> bool {
        self.is_quiet() && self.commons.lifetimes().ending(tick).next().is_none()
    }

    /// Returns whether what the next tick has to do is next to nothing: it takes about as long as to wake a thread for it.
    pub fn is_slight(&self) -> bool {
        let commons = &*self.commons;
        let tick = commons.tick() + 1;
        commons.has_little_to_do() && commons.lifetimes().ending(tick).next().is_none()
    }

    /// Makes `ticks` ticks in which nothing happens but the decay of synapses.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] beyond the last tick that can be counted; then nothing changes.
    ///
    /// # Panics
    /// Unless [`Replica::is_idle_until`] the last of them.
    pub fn pass(&mut self, ticks: u64) -> Result<()> {
        let Some(tick) = self.tick().checked_add(ticks).filter(|tick| *tick <= TICK_MAX) else {
            let value = self.tick().saturating_add(ticks);
            return Err(Error::Limit { what: "the number of ticks".into(), limit: TICK_MAX, value });
        };
        assert!(self.is_idle_until(tick), "nothing waits for these ticks");
        self.pass_here(tick);
        Ok(())
    }

    /// Moves on to a tick before which nothing happens but the end of synapses.
    pub(crate) fn pass_here(&mut self, tick: Tick) {
        Arc::make_mut(&mut self.commons).restore_tick(tick);
        self.shards.iter_mut().for_each(|shard| Arc::make_mut(shard).pass(tick));
    }

    /// Makes an empty replica what it was when it was stored: at this tick, with what `fill` puts into the commons and
    /// the shards, by seat.
    pub(crate) fn restore(
        &mut self,
        tick: Tick,
        exchanged: u64,
        fill: impl FnOnce(&mut Commons, &mut [&mut Shard]) -> Result<()>,
    ) -> Result<()> {
        self.exchanged = exchanged;
        let commons = Arc::make_mut(&mut self.commons);
        let mut shards: Vec<&mut Shard> = self.shards.iter_mut().map(Arc::make_mut).collect();
        commons.restore_tick(tick);
        shards.iter_mut().for_each(|shard| shard.restore_tick(tick));
        fill(commons, &mut shards)
    }

    /// Swaps a whole tick in: every shard's delta, by seat. Then the documents whose lifetimes end with it are gone.
    ///
    /// # Panics
    /// If the deltas are not those of this plan, one for each seat. Then nothing has changed.
    pub fn commit(&mut self, plan: &Plan, deltas: Vec<Delta>) -> Committed {
        self.commit_by(plan, deltas, |replica, deltas| replica.advance((0..).zip(deltas)))
    }

    /// Does what [`Replica::commit`] does, but leaves the swapping of shards to `run`, which may do it in parallel. It
    /// must run [`Swap::swap`] on each.
    ///
    /// # Panics
    /// As [`Replica::commit`].
    pub fn commit_with(
        &mut self,
        plan: &Plan,
        deltas: Vec<Delta>,
        run: impl FnOnce(Vec<Swap>) -> Vec<Swapped>,
    ) -> Committed {
        self.commit_by(plan, deltas, |replica, deltas| {
            let lend = |(seat, delta)| Swap { seat, shard: replica.lend(seat), delta };
            let lent: Vec<Swap> = (0..).zip(deltas).map(lend).collect();
            let count = lent.len();
            let swapped = run(lent);
            assert_eq!(swapped.len(), count, "every shard that was lent comes back");
            let mut keep = |Swapped { seat, shard, retired }| {
                replica.shards[seat] = shard;
                retired
            };
            swapped.into_iter().map(&mut keep).collect()
        })
    }

    fn commit_by(
        &mut self,
        plan: &Plan,
        mut deltas: Vec<Delta>,
        advance: impl FnOnce(&mut Self, Vec<Delta>) -> Vec<Retired>,
    ) -> Committed {
        assert_eq!(deltas.len(), self.shards.len(), "a tick has a delta of every seat");
        assert!(deltas.iter().all(|delta| delta.tick == plan.tick), "a delta is of the tick that is committed");
        let Staged { lysed, failed, ended, exchanged, traces, transferred } = deltas.iter().map(Delta::staged).sum();
        assert_eq!(lysed as usize, plan.documents(), "every granted document is lysed once");
        let agents = (&plan.digesters[..], &ended[..]);
        let commons = Arc::make_mut(&mut self.commons);
        commons.commit(plan.tick, &plan.granted, failed, agents);
        commons.lived(plan.acted(), &traces);
        self.count_exchanged(exchanged);
        let leaving: Vec<_> = deltas.iter_mut().flat_map(|delta| std::mem::take(&mut delta.leaving)).collect();
        assert_eq!(leaving.len(), plan.leaving(), "every document that leaves was read");
        let digested = plan.documents() as u64 - failed;
        let retired = advance(self, deltas);
        // As if they were deleted now: the next tick unwires them.
        leaving.iter().for_each(|(id, forms)| self.remove(*id, forms));
        Committed { digested, failed, transferred, retired }
    }

    /// Swaps in the deltas of shards that are here, each with its seat.
    pub(crate) fn advance(&mut self, deltas: impl Iterator<Item = (usize, Delta)>) -> Vec<Retired> {
        // Not shared, unless a worker that hangs still reads the shard: then the colony continues with a copy.
        deltas.map(|(seat, delta)| Arc::make_mut(&mut self.shards[seat]).advance(delta)).collect()
    }
}
