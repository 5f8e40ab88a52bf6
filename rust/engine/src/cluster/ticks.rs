//! Ticks of a colony whose shards are on nodes.

use super::reach::Reach;
use super::remote::{Driving, Remote};
use crate::config::{REDOS_MAX, Recover};
use crate::events::{Counts, What, acts_of};
use crate::lock::lock;
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::tick::by_nodes::{Manner, Size};
use crate::tick::report::{CrossEdges, PhaseReport, TickReport};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::message::{SeatCounts, SeatSize};
use phago_core::phase::Phase;
use phago_core::plan::Plan;
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
    pub(crate) fn tick_by_nodes(&self, manner: &Manner<'_>, cancel: &Cancel) -> Result<(TickReport, Vec<Size>)> {
        let remote = self.remote.as_ref().expect("only a colony with nodes has ticks elsewhere");
        let made = remote.tick(self, manner, cancel);
        lock(&self.inputs).acted = None;
        made
    }
}

impl Remote {
    /// Makes one tick. If nodes are lost, they are made again from what is stored, and the tick is redone. Returns also
    /// what each shard holds after it; nothing if nodes were lost after the commit.
    ///
    /// # Errors
    /// Those of [`crate::tick::runner::Runner::tick`].
    fn tick(&self, world: &World, manner: &Manner<'_>, cancel: &Cancel) -> Result<(TickReport, Vec<Size>)> {
        world.check_writable()?;
        let mut recovered = Vec::new();
        loop {
            match self.attempt(world, manner, cancel) {
                Ok((report, sizes)) => return Ok((TickReport { recovered, ..report }, sizes)),
                Err(error @ (Error::ShardDied { .. } | Error::PhaseTimeout { .. }))
                    if manner.recover == Recover::Auto
                        && recovered.len() < REDOS_MAX as usize
                        && !cancel.is_cancelled() =>
                {
                    recovered.push(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn attempt(&self, world: &World, manner: &Manner<'_>, cancel: &Cancel) -> Result<(TickReport, Vec<Size>)> {
        let timeout = manner.timeout;
        let mut driving = self.drive(world)?;
        let reach = Reach::new(self, driving.epoch, world.tick() + 1, timeout, cancel);
        // Nodes tell of new synapses by numbers of words as they are now: made again, the colony may have others.
        let (planned, terms, none) = {
            let state = world.state()?;
            // It stays until the tick is over, as another attempt may follow.
            let acted = lock(&world.inputs).acted.clone();
            let planned = driving.driver.plan(&state, &reach, acted);
            (planned, state.commons().terms(), CrossEdges::new(state.commons(), Vec::new()))
        };
        self.check(&mut driving, &reach, &planned);
        let plan = planned?;
        let is_idle = plan.acted().is_none() && world.state()?.is_idle_until(plan.tick);
        let cut = world.journal.as_ref().map_or(Ok(0), |journal| journal.cut())?;
        if is_idle {
            return self.pass(world, driving, &plan, cut, manner, &none);
        }
        let tick = plan.tick;
        let made = driving.driver.act(&reach, plan).and_then(|acted| {
            [Phase::Sense, Phase::Act].into_iter().try_for_each(|phase| (manner.heard)(tick, phase))?;
            let made = driving.driver.decay(&reach, acted, manner.with_edges)?;
            if manner.with_edges {
                made.check_edges(terms)?;
            }
            (manner.heard)(tick, Phase::Decay)?;
            Ok(made)
        });
        self.check(&mut driving, &reach, &made);
        let mut made = match made.and_then(|made| cancel.poll().map(|()| made)) {
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
            let logged = journal.tick(&made.plan, made.attempt, cut, false);
            if let Err(error) = logged {
                let aborted = driving.driver.abort(&reach);
                self.check(&mut driving, &reach, &aborted);
                return Err(error);
            }
        }
        let plan = made.plan.clone();
        let seats: Vec<SeatCounts> = made.acks.iter().flat_map(|ack| ack.seats.clone()).collect();
        let edges = made.acks.iter_mut().flat_map(|ack| std::mem::take(&mut ack.cross_edges));
        let edges: Vec<CrossEdges> = edges.map(|edges| none.beside(edges)).collect();
        let failed = made.acks.iter().map(|ack| ack.staged.failed).sum();
        let transferred = made.acks.iter().map(|ack| ack.staged.transferred).sum();
        // From here on the tick cannot be undone.
        let undisturbed = Cancel::new();
        let reach = Reach::new(self, driving.epoch, plan.tick, timeout, &undisturbed);
        let acts = world.read(|state| acts_of(&plan, state.commons().life(), lock(&world.events).most()))?;
        let (committed, is_quiet) = {
            let mut state = world.state_mut()?;
            let committed = driving.driver.commit(&mut state, &reach, made);
            world.tick.store(state.tick(), Ordering::Release);
            self.note(&driving);
            (committed, state.is_quiet())
        };
        self.check(&mut driving, &reach, &committed);
        let sizes = match committed {
            Ok((_, sizes)) => seats.iter().zip(sizes).map(|(counts, size)| size_of(counts, size)).collect(),
            Err(_) => {
                // It is in the log: nodes that are made again from there have made it.
                drop(driving);
                driving = self.drive(world)?;
                Vec::new()
            }
        };
        let report = self.told(&plan, &seats, (&edges, &none), (failed, is_quiet));
        tell(world, &plan, acts, &report, transferred)?;
        self.checkpoint_if_due(world, &mut driving);
        Ok((report, sizes))
    }

    // Makes a tick in which nothing happens but the end of synapses: one message to each node.
    fn pass(
        &self,
        world: &World,
        mut driving: MutexGuard<'_, Driving>,
        plan: &Plan,
        cut: u64,
        manner: &Manner<'_>,
        none: &CrossEdges,
    ) -> Result<(TickReport, Vec<Size>)> {
        if let Some(journal) = &world.journal {
            journal.tick(plan, driving.driver.attempt(), cut, true)?;
        }
        let undisturbed = Cancel::new();
        let reach = Reach::new(self, driving.epoch, plan.tick, manner.timeout, &undisturbed);
        let passed = {
            let mut state = world.state_mut()?;
            let passed = driving.driver.pass(&mut state, &reach, plan.tick);
            world.tick.store(state.tick(), Ordering::Release);
            passed
        };
        self.check(&mut driving, &reach, &passed);
        let passed = match passed {
            Ok(passed) => passed,
            Err(error) if world.journal.is_none() => return Err(error),
            Err(_) => {
                // It is in the log: nodes that are made again from there have passed it.
                drop(driving);
                self.sizes(world)?
            }
        };
        for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
            // The tick is over, whatever whoever hears of it says.
            let _ = (manner.heard)(plan.tick, phase);
        }
        let (seats, sizes): (Vec<SeatCounts>, Vec<SeatSize>) = passed.into_iter().unzip();
        let sizes = seats.iter().zip(sizes).map(|(counts, size)| size_of(counts, size)).collect();
        let report = self.told(plan, &seats, (&[], none), (0, true));
        tell(world, plan, Vec::new(), &report, 0)?;
        Ok((report, sizes))
    }

    // Asks the nodes what their seats hold.
    fn sizes(&self, world: &World) -> Result<Vec<(SeatCounts, SeatSize)>> {
        let shards = world.whole(&Cancel::new(), |whole| whole.shards())?;
        let sizes = shards.into_iter().map(|seat| {
            let (counts, both) = (seat.counts, (seat.counts.nodes, seat.counts.edges));
            let size = SeatSize { documents: counts.documents, bytes: counts.bytes };
            (SeatCounts { before: both, after: both }, size)
        });
        Ok(sizes.collect())
    }

    fn told(
        &self,
        plan: &Plan,
        seats: &[SeatCounts],
        (edges, none): (&[CrossEdges], &CrossEdges),
        (failed, is_quiet): (u64, bool),
    ) -> TickReport {
        let mut phases = Vec::with_capacity(3 * seats.len());
        for phase in [Phase::Sense, Phase::Act, Phase::Decay] {
            phases.extend(self.shards().iter().zip(seats).enumerate().map(|(seat, (&shard, counts))| {
                let is_last = phase == Phase::Decay;
                let (node_count, edge_count) = if is_last { counts.after } else { counts.before };
                let cross_edges = edges.get(seat).filter(|_| is_last).unwrap_or(none).clone();
                PhaseReport { shard, phase, tick: plan.tick, node_count, edge_count, cross_edges }
            }));
        }
        let digested = plan.documents() as u64 - failed;
        TickReport { tick: plan.tick, phases, digested, failed, is_quiet, recovered: Vec::new() }
    }
}

fn size_of(counts: &SeatCounts, size: SeatSize) -> Size {
    let (nodes, edges) = counts.after;
    Size { nodes, edges, documents: size.documents, bytes: size.bytes }
}

// Tells of a tick whoever watches.
fn tell(world: &World, plan: &Plan, acts: Vec<What>, report: &TickReport, transferred: u64) -> Result<()> {
    let edges = |phase| report.phases.iter().filter(|one| one.phase == phase).map(|one| one.edge_count).sum();
    let counts = Counts { synapses: (edges(Phase::Sense), edges(Phase::Decay)), transferred };
    world.read(|state| world.tell_of_tick(plan, acts, state.commons().digesters(), counts))
}
