//! Ticks of a colony whose shards are on nodes.

use super::reach::Reach;
use super::remote::{Driving, Remote};
use crate::config::{REDOS_MAX, Recover};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::tick::report::{CrossEdges, PhaseReport, TickReport};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::message::SeatCounts;
use phago_core::phase::Phase;
use phago_core::plan::Plan;
use phago_core::shard::Staged;
use phago_core::{Error, Result};
use std::time::Duration;

// How long whoever gives a tick up waits until the nodes have heard of it. Those that have not hear of it again before
// anything else.
const ABORT_MAX: Duration = Duration::from_millis(100);

impl World {
    /// Makes one tick on the nodes of the colony.
    ///
    /// # Errors
    /// Those of [`crate::tick::runner::Runner::tick`].
    pub(crate) fn tick_by_nodes(&self, timeout: Duration, recover: Recover, cancel: &Cancel) -> Result<TickReport> {
        let remote = self.remote.as_ref().expect("only a colony with nodes has ticks elsewhere");
        remote.tick(self, timeout, recover, cancel)
    }
}

impl Remote {
    /// Makes one tick. If nodes are lost, they are made again from what is stored, and the tick is redone.
    ///
    /// # Errors
    /// Those of [`crate::tick::runner::Runner::tick`].
    pub(crate) fn tick(
        &self,
        world: &World,
        timeout: Duration,
        recover: Recover,
        cancel: &Cancel,
    ) -> Result<TickReport> {
        world.check_writable()?;
        let mut recovered = Vec::new();
        loop {
            match self.attempt(world, timeout, cancel) {
                Ok(report) => return Ok(TickReport { recovered, ..report }),
                Err(error @ (Error::ShardDied { .. } | Error::PhaseTimeout { .. }))
                    if recover == Recover::Auto && recovered.len() < REDOS_MAX as usize && !cancel.is_cancelled() =>
                {
                    recovered.push(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn attempt(&self, world: &World, timeout: Duration, cancel: &Cancel) -> Result<TickReport> {
        let mut driving = self.drive(world)?;
        let (plan, is_idle) = {
            let state = world.state()?;
            let plan = state.plan()?;
            let is_idle = state.is_idle_until(plan.tick);
            (plan, is_idle)
        };
        let cut = world.journal.as_ref().map_or(Ok(0), |journal| journal.cut())?;
        if is_idle {
            return self.pass(world, driving, &plan, cut, timeout);
        }
        let reach = Reach::new(self, driving.epoch, plan.tick, timeout, cancel);
        let made = driving.driver.make(&reach, plan);
        self.check(&mut driving, &reach, &made);
        let made = match made.and_then(|made| cancel.poll().map(|()| made)) {
            Ok(made) => made,
            Err(error) => {
                // A node that is lost is made again, with all others; else all forget what they staged.
                if !driving.is_broken {
                    let (undo, wait) = (Cancel::new(), ABORT_MAX.min(timeout));
                    let reach = Reach::new(self, driving.epoch, world.tick() + 1, wait, &undo);
                    driving.is_making = driving.driver.abort(&reach).is_err();
                }
                return Err(error);
            }
        };
        if let Some(journal) = &world.journal {
            let documents = made.plan.documents() + made.plan.leaving();
            let logged = journal.tick(made.plan.tick, made.attempt, cut, false, documents as u64);
            if let Err(error) = logged {
                let aborted = driving.driver.abort(&reach);
                self.check(&mut driving, &reach, &aborted);
                return Err(error);
            }
        }
        let staged: Staged = made.acks.iter().map(|ack| ack.staged.clone()).sum();
        let (plan, seats) = (made.plan.clone(), made.acks.iter().flat_map(|ack| ack.seats.clone()).collect::<Vec<_>>());
        // From here on the tick cannot be undone.
        let undisturbed = Cancel::new();
        let reach = Reach::new(self, driving.epoch, plan.tick, timeout, &undisturbed);
        let (committed, is_quiet) = {
            let mut state = world.state_mut()?;
            let committed = driving.driver.commit(&mut state, &reach, made);
            world.tick.store(state.tick(), Ordering::Release);
            self.note(&driving);
            (committed, state.is_quiet())
        };
        self.check(&mut driving, &reach, &committed);
        if committed.is_err() {
            // It is in the log: nodes that are made again from there have made it.
            drop(driving);
            driving = self.drive(world)?;
        }
        let report = self.told(world, &plan, &seats, &staged, is_quiet)?;
        self.checkpoint_if_due(world, &mut driving);
        Ok(report)
    }

    // Makes a tick in which nothing happens but the end of synapses: one message to each node.
    fn pass(
        &self,
        world: &World,
        mut driving: MutexGuard<'_, Driving>,
        plan: &Plan,
        cut: u64,
        timeout: Duration,
    ) -> Result<TickReport> {
        if let Some(journal) = &world.journal {
            journal.tick(plan.tick, driving.driver.attempt(), cut, true, 0)?;
        }
        let undisturbed = Cancel::new();
        let reach = Reach::new(self, driving.epoch, plan.tick, timeout, &undisturbed);
        let passed = {
            let mut state = world.state_mut()?;
            let passed = driving.driver.pass(&mut state, &reach, plan.tick);
            world.tick.store(state.tick(), Ordering::Release);
            passed
        };
        self.check(&mut driving, &reach, &passed);
        let seats = match passed {
            Ok(seats) => seats,
            Err(error) if world.journal.is_none() => return Err(error),
            Err(_) => {
                // It is in the log: nodes that are made again from there have passed it.
                drop(driving);
                drop(self.drive(world)?);
                vec![SeatCounts::default(); self.shards().len()]
            }
        };
        self.told(world, plan, &seats, &Staged::default(), true)
    }

    fn told(
        &self,
        world: &World,
        plan: &Plan,
        seats: &[SeatCounts],
        staged: &Staged,
        is_quiet: bool,
    ) -> Result<TickReport> {
        let none = CrossEdges::new(world.state()?.commons(), Vec::new());
        let mut phases = Vec::with_capacity(3 * seats.len());
        for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
            phases.extend(self.shards().iter().zip(seats).map(|(&shard, counts)| {
                let (node_count, edge_count) = if phase == Phase::Decay { counts.after } else { counts.before };
                PhaseReport { shard, phase, tick: plan.tick, node_count, edge_count, cross_edges: none.clone() }
            }));
        }
        let failed = staged.failed;
        let digested = plan.documents() as u64 - failed;
        Ok(TickReport { tick: plan.tick, phases, digested, failed, is_quiet, recovered: Vec::new() })
    }
}
