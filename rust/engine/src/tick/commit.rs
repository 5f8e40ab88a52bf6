//! How an attempt at a tick begins and ends in its world.

use crate::events::{Counts, acts_of};
use crate::lock::lock;
use crate::sync::RwLockReadGuard;
use crate::tick::snapshot::Snapshot;
use crate::work::pool::Pool;
use crate::world::{Inputs, World};
use phago_core::replica::{Committed, Replica, Swap};
use phago_core::shard::Delta;
use phago_core::{Error, Result};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;

// Fewer synapses than this are swapped in before another thread has woken.
const PARALLEL_SWAP_MIN: u64 = 1 << 15;

/// What a commit returns. It holds the replaced rows, so that the caller drops them without a lock.
pub(crate) struct End {
    pub(crate) committed: Committed,
    pub(crate) is_quiet: bool,
}

impl World {
    /// Fixes the cut: from now on inputs wait for the end of this attempt.
    pub(crate) fn begin(&self, driver: &str) -> Result<Snapshot> {
        self.begin_in(&mut lock(&self.inputs), || self.state(), driver)
    }

    /// Does what [`World::begin`] does, under the lock of the inputs.
    pub(crate) fn begin_in<'a>(
        &self,
        inputs: &mut Inputs,
        state: impl FnOnce() -> Result<RwLockReadGuard<'a, Replica>>,
        driver: &str,
    ) -> Result<Snapshot> {
        self.check_writable()?;
        inputs.refuse_moving()?;
        if self.is_far() {
            let what =
                format!("{driver} cannot begin a tick: its shards are on nodes, and make ticks through a runner");
            return Err(Error::Busy { what });
        }
        if inputs.running.is_some() {
            return Err(Error::Busy { what: format!("{driver} cannot begin a tick: one is being made already") });
        }
        let cut = self.journal.as_ref().map_or(Ok(0), |journal| journal.cut())?;
        let state = state()?;
        let plan = Arc::new(state.plan_with(inputs.acted.take())?);
        inputs.attempts += 1;
        inputs.running = Some(inputs.attempts);
        let (commons, shards) = (state.commons().clone(), state.shards().to_vec());
        let is_idle = plan.acted().is_none() && state.is_idle_until(plan.tick);
        Ok(Snapshot { attempt: inputs.attempts, cut, is_idle, plan, commons, shards })
    }

    /// Begins a tick that failed once more: the same plan and cut, and a number of its own. What comes with the old
    /// number is refused from now on.
    pub(crate) fn redo(&self, snapshot: Snapshot) -> Result<Snapshot> {
        let mut inputs = lock(&self.inputs);
        self.check_under_way(&inputs, snapshot.attempt)?;
        inputs.attempts += 1;
        inputs.running = Some(inputs.attempts);
        Ok(Snapshot { attempt: inputs.attempts, ..snapshot })
    }

    /// Swaps a whole tick in and applies the inputs that waited. Only the running attempt may commit.
    ///
    /// With a journal, the tick is made durable before it is swapped in. If that fails, the colony stays at the tick
    /// before and accepts nothing more: whether the tick is durable is unknown until the colony is opened again.
    pub(crate) fn commit(&self, snapshot: Snapshot, deltas: Vec<Delta>, pool: Option<&Pool>) -> Result<End> {
        {
            let mut inputs = lock(&self.inputs);
            self.check_under_way(&inputs, snapshot.attempt)?;
            let noted = inputs.pending.note_expiring(&*self.state()?, &deltas);
            noted.map_err(|error| self.as_damage(error))?;
        }
        if let Some(journal) = &self.journal {
            let Snapshot { attempt, cut, is_idle, plan, .. } = &snapshot;
            // Inputs are accepted meanwhile. They follow the tick in the log, and wait here for its end.
            journal.tick(plan, *attempt, *cut, *is_idle)?;
        }
        let mut inputs = lock(&self.inputs);
        self.check_under_way(&inputs, snapshot.attempt)?;
        // The attempt drops its own references first: a shard without other readers is then changed in place.
        let Snapshot { plan, commons, shards, .. } = snapshot;
        assert_eq!(deltas.len(), shards.len(), "a tick is committed with the delta of every shard");
        drop((commons, shards));
        let mut state = self.state_mut()?;
        let (before, acts) = (edges(&state), acts_of(&plan, state.commons().life(), lock(&self.events).most()));
        let committed = match pool {
            Some(pool) if deltas.iter().map(Delta::synapses).sum::<u64>() >= PARALLEL_SWAP_MIN => {
                state.commit_with(&plan, deltas, |work| {
                    // A panic here leaves the state half-changed. It is passed on, and poisons the state's lock for good.
                    pool.map(work, Swap::swap).unwrap_or_else(|panic| resume_unwind(Box::new(panic.message)))
                })
            }
            _ => state.commit(&plan, deltas),
        };
        let counts = Counts { synapses: (before, edges(&state)), transferred: committed.transferred };
        self.tell_of_tick(&plan, acts, state.commons().digesters(), counts);
        self.tick.store(state.tick(), Ordering::Release);
        inputs.running = None;
        inputs.pending.drain_into(&mut state, pool);
        self.forget_words_of(&mut state);
        let is_quiet = state.is_quiet();
        drop(state);
        self.hand_out(&mut inputs);
        self.checkpoint_if_due(&mut inputs);
        Ok(End { committed, is_quiet })
    }

    fn check_under_way(&self, inputs: &Inputs, attempt: u64) -> Result<()> {
        match inputs.running {
            Some(running) if running == attempt => Ok(()),
            _ => Err(Error::BarrierFailed { reason: "the attempt was given up before its commit".into() }),
        }
    }

    /// Ends an attempt without a trace and applies the inputs that waited. Does nothing if the attempt is over.
    pub(crate) fn abort(&self, attempt: u64, pool: Option<&Pool>) {
        let mut inputs = lock(&self.inputs);
        if inputs.running == Some(attempt) {
            inputs.running = None;
            if !inputs.pending.is_empty()
                && let Ok(mut state) = self.state_mut()
            {
                inputs.pending.drain_into(&mut state, pool);
                self.forget_words_of(&mut state);
            }
            self.hand_out(&mut inputs);
        }
    }
}

fn edges(state: &Replica) -> u64 {
    state.shards().iter().map(|shard| shard.edge_count()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::config::ColonyConfig;
    use phago_core::ring::Ring;

    #[test]
    fn what_comes_with_the_number_of_an_attempt_that_was_redone_is_refused() {
        let world = World::new(ColonyConfig::default(), Ring::new(1, 150)).unwrap();
        let first = world.begin("a test").unwrap();
        let late = |first: &Snapshot| Snapshot {
            plan: first.plan.clone(),
            commons: first.commons.clone(),
            shards: first.shards.clone(),
            ..*first
        };
        let old = late(&first);
        let second = world.redo(first).unwrap();
        assert!(second.attempt > old.attempt && second.cut == old.cut && Arc::ptr_eq(&second.plan, &old.plan));
        assert!(world.redo(late(&old)).is_err());
        assert!(world.commit(late(&old), Vec::new(), None).is_err());
        world.abort(old.attempt, None);
        assert!(lock(&world.inputs).is_running());
        world.abort(second.attempt, None);
        assert!(!lock(&world.inputs).is_running());
        assert_eq!(world.tick(), 0);
    }
}
