//! A tick made by hand: one shard and one phase at a time, with its owner carrying the batches.
//!
//! The rules are those of a runner, enforced instead of followed. Each shard goes through Sense, Act, Decay and
//! Advance. The first Sense of any shard fixes the tick's plan and cut for all. A shard may not Decay before every
//! joined shard has done Act and every batch that joined shards addressed to it was delivered. The tick is committed,
//! and seen by anybody, when the last joined shard calls Advance: until then every shard is at the old tick, so there
//! is no moment at which one is ahead. Shards of the ring that nobody joined are driven along by the world, so that
//! there is never a tick of fewer shards.

use crate::job::message;
use crate::pool::lock;
use crate::report::{CrossEdges, PhaseReport};
use crate::world::{Snapshot, World};
use phago_core::cancel::Cancel;
use phago_core::ids::{ShardId, Tick};
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_core::shard::{Acted, Delta, Sensed};
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::MutexGuard;

/// A tick under way by hand. Dropping it undoes the tick.
pub(crate) struct HandTick {
    snapshot: Snapshot,
    seats: Vec<Seat>,
}

#[derive(Default)]
struct Seat {
    by_hand: bool,
    // Whose turn it is; 4 after Advance.
    next: usize,
    // A thread is inside a phase of this shard.
    busy: bool,
    sensed: Option<Sensed>,
    acted: Option<Acted>,
    outbox: Vec<Sent>,
    taken: bool,
    delta: Option<Delta>,
    cross_edges: Option<CrossEdges>,
}

struct Sent {
    batch: Batch,
    delivered: bool,
}

enum Input {
    Sense,
    Act(Sensed),
    Decay(Sensed, Acted, Vec<Batch>),
}

enum Output {
    Sensed(Sensed),
    Acted(Sensed, Acted),
    Delta(Delta),
}

const DONE: usize = Phase::ALL.len();

impl World {
    /// Take a shard's place for an owner who drives it by hand; `false` when it is taken already.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn join(&self, shard: ShardId) -> Result<bool> {
        let seat = self.seat(shard)?;
        Ok(!std::mem::replace(&mut lock(&self.inputs).joined[seat], true))
    }

    /// Give a shard's place free; the world drives it along from here on.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`], and those of the commit where this shard was the last one waited for.
    pub fn leave(&self, shard: ShardId) -> Result<()> {
        let seat = self.seat(shard)?;
        let mut hands = lock(&self.hands);
        lock(&self.inputs).joined[seat] = false;
        if let Some(tick) = &mut *hands {
            tick.seats[seat].by_hand = false;
        }
        self.commit_by_hand(&mut hands)
    }

    /// The shards that have an owner.
    pub fn joined(&self) -> Vec<ShardId> {
        let inputs = lock(&self.inputs);
        self.ring()
            .shards()
            .iter()
            .zip(&inputs.joined)
            .filter(|(_, joined)| **joined)
            .map(|(shard, _)| *shard)
            .collect()
    }

    /// Drive one shard through one phase on the calling thread.
    ///
    /// The counts are those of the committed state for Sense and Act, and those to be for Decay and Advance.
    ///
    /// # Errors
    /// [`Error::PhaseOrder`] out of turn; [`Error::BarrierFailed`] naming what is missing; [`Error::Busy`] while a
    /// runner drives the world or another thread this shard. Nothing changes then and the call can be made again.
    pub fn phase_by_hand(&self, shard: ShardId, phase: Phase) -> Result<PhaseReport> {
        let seat = self.seat(shard)?;
        let mut hands = self.free_hands("drive it")?;
        if hands.is_none() {
            let tick = self.tick() + 1;
            if phase != Phase::Sense {
                return Err(Error::PhaseOrder { shard, expected: Phase::Sense, found: phase, tick });
            }
            let snapshot = self.begin("a shard driven by hand")?;
            let joined = lock(&self.inputs).joined.clone();
            let seats = joined.into_iter().map(|by_hand| Seat { by_hand, ..Seat::default() }).collect();
            *hands = Some(HandTick { snapshot, seats });
        }
        let Some(tick) = &mut *hands else { return Err(gone()) };
        tick.check(seat, phase)?;
        if phase == Phase::Advance {
            tick.seats[seat].next = DONE;
            let report = tick.report(seat, phase, self);
            let committed = self.commit_by_hand(&mut hands);
            return committed.map(|()| report);
        }
        if phase == Phase::Decay {
            tick.drive_along(Phase::Act)?;
        }
        let input = tick.input(seat, phase)?;
        let (attempt, share) = (tick.snapshot.attempt, tick.snapshot.share(seat));
        tick.seats[seat].busy = true;
        // Work without the lock: other threads may drive other shards meanwhile.
        drop(hands);
        let output = catch_unwind(AssertUnwindSafe(|| perform(&share, input)));
        drop(share);
        let mut hands = lock(&self.hands);
        let tick = hands.as_mut().filter(|tick| tick.snapshot.attempt == attempt).ok_or_else(gone)?;
        tick.seats[seat].busy = false;
        let output = output.unwrap_or_else(|panic| {
            let (shards, tick, cause) = (vec![shard], tick.tick(), message(panic));
            Err(Error::ShardDied { shards, phase, tick, cause })
        });
        tick.seats[seat].store(output?, phase, self);
        let (report, left) = (tick.report(seat, phase, self), !tick.seats[seat].by_hand);
        if left {
            // Its owner left while it was at work, and may have been the last one waited for.
            self.commit_by_hand(&mut hands)?;
        }
        Ok(report)
    }

    /// What a shard's Act sent, its own batch to itself included, by addressee; empty before Act and the second time.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while a runner drives the world.
    pub fn take_outbox(&self, shard: ShardId) -> Result<Vec<(ShardId, Batch)>> {
        let seat = self.seat(shard)?;
        let mut hands = self.free_hands("its messages travel")?;
        let Some(seat) = hands.as_mut().map(|tick| &mut tick.seats[seat]) else { return Ok(Vec::new()) };
        if seat.next <= Phase::Act as usize || std::mem::replace(&mut seat.taken, true) {
            return Ok(Vec::new());
        }
        Ok(seat.outbox.iter().map(|sent| (sent.batch.to, sent.batch.clone())).collect())
    }

    /// Hand a batch to the shard it is addressed to. The same batch again changes nothing.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] for a batch of another tick, to another shard, or that its sender did not send;
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while a runner drives the world.
    pub fn deliver(&self, shard: ShardId, batch: &Batch) -> Result<()> {
        self.seat(shard)?;
        let from = self.seat(batch.from)?;
        let mut hands = self.free_hands("its messages travel")?;
        let now = hands.as_ref().map_or(self.tick(), |tick| tick.snapshot.plan.tick);
        if batch.to != shard || batch.tick != now || hands.is_none() {
            let (tick, to) = (batch.tick, batch.to);
            let reason = format!("a batch for {to} of tick {tick} came to {shard} in tick {now}");
            return Err(Error::BarrierFailed { reason });
        }
        let sent =
            hands.as_mut().and_then(|tick| tick.seats[from].outbox.iter_mut().find(|sent| sent.batch.to == shard));
        match sent.filter(|sent| sent.batch.says_the_same(batch)) {
            Some(sent) => sent.delivered = true,
            None => {
                let reason = format!("{} did not send this batch to {shard} in tick {now}", batch.from);
                return Err(Error::BarrierFailed { reason });
            }
        }
        Ok(())
    }

    /// Undo a tick that was begun by hand; inputs that waited for it are applied. Whether there was one.
    pub fn abandon_by_hand(&self) -> bool {
        let mut hands = lock(&self.hands);
        let Some(tick) = hands.take() else { return false };
        self.abort(tick.snapshot.attempt, None);
        true
    }

    pub(crate) fn attach_runner(&self) -> Result<()> {
        let hands = lock(&self.hands);
        if let Some(tick) = &*hands {
            let tick = tick.snapshot.plan.tick;
            let what = format!("tick {tick} is being made by hand; finish it before a runner takes over");
            return Err(Error::Busy { what });
        }
        lock(&self.inputs).runners += 1;
        Ok(())
    }

    pub(crate) fn detach_runner(&self) {
        let mut inputs = lock(&self.inputs);
        inputs.runners = inputs.runners.saturating_sub(1);
    }

    fn free_hands(&self, what: &str) -> Result<MutexGuard<'_, Option<HandTick>>> {
        let hands = lock(&self.hands);
        lock(&self.inputs).refuse_runner(what)?;
        Ok(hands)
    }

    // Commit once every shard that is driven by hand has advanced. An error undoes the whole tick, and so does the
    // leaving of the last owner.
    fn commit_by_hand(&self, hands: &mut Option<HandTick>) -> Result<()> {
        let Some(tick) = hands else { return Ok(()) };
        if tick.seats.iter().any(|seat| seat.busy || seat.by_hand && seat.next < DONE) {
            return Ok(());
        }
        let driven = tick.seats.iter().any(|seat| seat.by_hand);
        let ready = if driven { tick.drive_along(Phase::Decay) } else { Err(gone()) };
        let Some(tick) = hands.take() else { return Ok(()) };
        let attempt = tick.snapshot.attempt;
        if let Err(error) = ready {
            self.abort(attempt, None);
            return if driven { Err(error) } else { Ok(()) };
        }
        let made: Vec<CrossEdges> = tick.seats.iter().map(|seat| seat.edges(self)).collect();
        let deltas: Vec<Delta> = tick.seats.into_iter().filter_map(|seat| seat.delta).collect();
        match self.commit(tick.snapshot, deltas, None) {
            Ok(_) => {
                self.welcome_ghosts(&made, true);
                Ok(())
            }
            Err(error) => {
                self.abort(attempt, None);
                Err(error)
            }
        }
    }
}

impl HandTick {
    fn tick(&self) -> Tick {
        self.snapshot.plan.tick
    }

    fn id(&self, seat: usize) -> ShardId {
        self.snapshot.shards[seat].id()
    }

    fn check(&self, at: usize, phase: Phase) -> Result<()> {
        let (seat, shard, tick) = (&self.seats[at], self.id(at), self.tick());
        if !seat.by_hand {
            let reason =
                format!("{shard} has no owner in tick {tick}; one that joined since takes part from the next on");
            return Err(Error::BarrierFailed { reason });
        }
        if seat.busy {
            return Err(Error::Busy { what: format!("another thread is inside a phase of {shard}; wait for it") });
        }
        match Phase::ALL.get(seat.next) {
            Some(&expected) if expected == phase => Ok(()),
            Some(&expected) => Err(Error::PhaseOrder { shard, expected, found: phase, tick }),
            None => {
                let waits = |other: &usize| self.seats[*other].by_hand && self.seats[*other].next < DONE;
                let missing = self.names(&(0..self.seats.len()).filter(waits).collect::<Vec<_>>());
                let reason = format!("{shard} has finished tick {tick}, which waits for {missing} to call Advance");
                Err(Error::BarrierFailed { reason })
            }
        }
    }

    fn input(&mut self, at: usize, phase: Phase) -> Result<Input> {
        if phase == Phase::Decay {
            self.barrier(at)?;
        }
        // Taken only when nothing can be refused any more; copies, so that a phase that fails can be made again.
        let sensed = self.seats[at].sensed.clone().unwrap_or_default();
        Ok(match phase {
            Phase::Sense | Phase::Advance => Input::Sense,
            Phase::Act => Input::Act(sensed),
            Phase::Decay => {
                let acted = self.seats[at].acted.clone().unwrap_or_default();
                Input::Decay(sensed, acted, self.inbox(at))
            }
        })
    }

    fn inbox(&self, at: usize) -> Vec<Batch> {
        let to = self.id(at);
        let sent = self.seats.iter().flat_map(|seat| &seat.outbox);
        sent.filter(|sent| sent.batch.to == to).map(|sent| sent.batch.clone()).collect()
    }

    // What must be true before a shard may Decay.
    fn barrier(&self, at: usize) -> Result<()> {
        let (to, tick) = (self.id(at), self.tick());
        let waits = |other: &usize| self.seats[*other].next <= Phase::Act as usize;
        let missing: Vec<usize> = (0..self.seats.len()).filter(waits).collect();
        if !missing.is_empty() {
            let reason = format!("{to} cannot Decay in tick {tick} before {} did Act", self.names(&missing));
            return Err(Error::BarrierFailed { reason });
        }
        let lacks = |other: &usize| {
            let seat = &self.seats[*other];
            seat.by_hand && seat.outbox.iter().any(|sent| sent.batch.to == to && !sent.delivered)
        };
        let missing: Vec<usize> = (0..self.seats.len()).filter(lacks).collect();
        if !missing.is_empty() {
            let names = self.names(&missing);
            let reason = format!("{to} cannot Decay in tick {tick} before the batch from {names} was delivered to it");
            return Err(Error::BarrierFailed { reason });
        }
        Ok(())
    }

    // Bring the shards that nobody drives up to and through a phase.
    fn drive_along(&mut self, through: Phase) -> Result<()> {
        for phase in Phase::ALL.into_iter().filter(|phase| *phase <= through) {
            for at in 0..self.seats.len() {
                if !self.seats[at].by_hand && !self.seats[at].busy && self.seats[at].next == phase as usize {
                    let input = self.input(at, phase)?;
                    let output = perform(&self.snapshot.share(at), input)?;
                    self.seats[at].take(output);
                    self.seats[at].next += 1;
                }
            }
        }
        Ok(())
    }

    fn report(&self, at: usize, phase: Phase, world: &World) -> PhaseReport {
        let (shard, seat) = (&self.snapshot.shards[at], &self.seats[at]);
        let counts = |delta: &Delta| (delta.node_count, delta.edge_count);
        let (node_count, edge_count) =
            seat.delta.as_ref().map_or_else(|| (shard.node_count(), shard.edge_count()), counts);
        let cross_edges = match phase {
            Phase::Decay => seat.edges(world),
            _ => CrossEdges::new(world.lexicon(), world.ring(), Vec::new()),
        };
        PhaseReport { shard: shard.id(), phase, tick: self.tick(), node_count, edge_count, cross_edges }
    }

    fn names(&self, seats: &[usize]) -> String {
        let names: Vec<String> = seats.iter().map(|seat| self.id(*seat).to_string()).collect();
        names.join(", ")
    }
}

impl Seat {
    fn take(&mut self, output: Output) {
        match output {
            Output::Sensed(sensed) => self.sensed = Some(sensed),
            Output::Acted(sensed, mut acted) => {
                let outbox = std::mem::take(&mut acted.outbox);
                self.outbox = outbox.into_iter().map(|batch| Sent { batch, delivered: false }).collect();
                (self.sensed, self.acted) = (Some(sensed), Some(acted));
            }
            Output::Delta(delta) => {
                self.delta = Some(delta);
                (self.sensed, self.acted) = (None, None);
            }
        }
    }

    fn store(&mut self, output: Output, phase: Phase, world: &World) {
        self.take(output);
        self.next = phase as usize + 1;
        if let Some(delta) = self.delta.as_mut().filter(|_| phase == Phase::Decay) {
            let edges = std::mem::take(&mut delta.cross_edges);
            self.cross_edges = Some(CrossEdges::new(world.lexicon(), world.ring(), edges));
        }
    }

    fn edges(&self, world: &World) -> CrossEdges {
        self.cross_edges.clone().unwrap_or_else(|| {
            let edges = self.delta.as_ref().map(|delta| delta.cross_edges.clone()).unwrap_or_default();
            CrossEdges::new(world.lexicon(), world.ring(), edges)
        })
    }
}

fn perform(share: &crate::world::Share, input: Input) -> Result<Output> {
    let (shard, plan, commons, cancel) = (&share.shard, &share.plan, &share.commons, Cancel::new());
    match input {
        Input::Sense => shard.sense(plan, commons, &cancel).map(Output::Sensed),
        Input::Act(sensed) => {
            let acted = shard.act(plan, commons, &sensed, &cancel)?;
            Ok(Output::Acted(sensed, acted))
        }
        Input::Decay(sensed, acted, inbox) => {
            shard.decay(plan, commons, sensed, acted, &inbox, &cancel).map(Output::Delta)
        }
    }
}

fn gone() -> Error {
    Error::BarrierFailed { reason: "the tick made by hand was abandoned meanwhile".into() }
}
