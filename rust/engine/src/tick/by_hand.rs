//! A tick made by hand: callers drive one shard and one phase at a time, and carry the batches.
//!
//! The rules are those of a runner, but checked here. Each shard goes through Sense, Act, Decay and Advance. The first
//! Sense of any shard fixes the tick's plan and cut for all. A shard may not Decay before every joined shard has done
//! Act and every batch addressed to it by joined shards was delivered. The tick is committed, and becomes visible, when
//! the last joined shard calls Advance. Until then every shard is at the old tick, so no shard is ever ahead of
//! another. The world drives the shards that no caller joined, so a tick always includes all shards.

use crate::lock::lock;
use crate::sync::MutexGuard;
use crate::tick::hand::HandTick;
use crate::tick::report::PhaseReport;
use crate::world::World;
use phago_core::ids::ShardId;
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_core::{Error, Result};

impl World {
    /// Joins a shard, to drive it by hand. Several callers may join one; the world drives it again when all have left.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn join(&self, shard: ShardId) -> Result<()> {
        let seat = self.seat(shard)?;
        lock(&self.inputs).owners[seat] += 1;
        Ok(())
    }

    /// Leaves a shard. The world drives shards that have no owner.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`], and those of the commit if the tick waited only for this shard.
    pub fn leave(&self, shard: ShardId) -> Result<()> {
        let seat = self.seat(shard)?;
        let mut hands = lock(&self.hands);
        let left = {
            let owners = &mut lock(&self.inputs).owners[seat];
            *owners = owners.checked_sub(1).expect("who leaves has joined");
            *owners
        };
        if left > 0 {
            return Ok(());
        }
        if let Some(tick) = &mut *hands {
            tick.leave(seat);
        }
        self.commit_by_hand(&mut hands)
    }

    /// Returns the shards that have an owner.
    pub fn joined(&self) -> Vec<ShardId> {
        let inputs = lock(&self.inputs);
        self.ring()
            .shards()
            .iter()
            .zip(&inputs.owners)
            .filter(|(_, owners)| **owners > 0)
            .map(|(shard, _)| *shard)
            .collect()
    }

    /// Drives one shard through one phase on the calling thread.
    ///
    /// The counts are those of the committed state for Sense and Act, and those after the tick for Decay and Advance.
    ///
    /// # Errors
    /// [`Error::PhaseOrder`] for a phase out of order; [`Error::BarrierFailed`] naming what is missing; [`Error::Busy`]
    /// while a runner drives the world or another thread drives this shard. Then nothing changes, and the call can be
    /// made again.
    pub fn phase_by_hand(&self, shard: ShardId, phase: Phase) -> Result<PhaseReport> {
        let seat = self.seat(shard)?;
        let mut hands = self.free_hands("drive it")?;
        let tick = match &mut *hands {
            Some(tick) => tick,
            None if phase != Phase::Sense => {
                let tick = self.tick() + 1;
                return Err(Error::PhaseOrder { shard, expected: Phase::Sense, found: phase, tick });
            }
            none => {
                let snapshot = self.begin("a shard driven by hand")?;
                none.insert(HandTick::new(snapshot, &lock(&self.inputs).owners))
            }
        };
        tick.check(seat, phase)?;
        if phase == Phase::Advance {
            tick.advance(seat);
            let report = tick.report(seat, phase);
            return self.commit_by_hand(&mut hands).map(|()| report);
        }
        if phase == Phase::Decay {
            tick.drive_along(Phase::Act)?;
        }
        let attempt = tick.attempt();
        let lent = tick.take(seat, phase)?;
        // Works without the lock: other threads may drive other shards meanwhile.
        drop(hands);
        let (back, done) = lent.step();
        let mut hands = lock(&self.hands);
        let tick = hands.as_mut().filter(|tick| tick.attempt() == attempt).ok_or_else(gone)?;
        tick.put(seat, phase, back, done)?;
        let report = tick.report(seat, phase);
        if !tick.is_owned(seat) {
            // Its owner left while it was working, and the tick may have waited only for that.
            self.commit_by_hand(&mut hands)?;
        }
        Ok(report)
    }

    /// Returns what a shard's Act sent, by addressee, including its own batch to itself. It is empty before Act and
    /// stays the same until the tick ends, so that a lost batch can be taken again.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while a runner drives the world.
    pub fn take_outbox(&self, shard: ShardId) -> Result<Vec<(ShardId, Batch)>> {
        let seat = self.seat(shard)?;
        let hands = self.free_hands("its messages travel")?;
        Ok(hands.as_ref().map_or_else(Vec::new, |tick| tick.outbox(seat)))
    }

    /// Delivers a batch to the shard it is addressed to. The same batch again changes nothing.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] for a batch of another tick, to another shard, or that its sender did not send;
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while a runner drives the world.
    pub fn deliver(&self, shard: ShardId, batch: &Batch) -> Result<()> {
        self.seat(shard)?;
        let from = self.seat(batch.from)?;
        let mut hands = self.free_hands("its messages travel")?;
        let now = hands.as_ref().map_or(self.tick(), HandTick::tick);
        let refused = |reason| Err(Error::BarrierFailed { reason });
        let (tick, to) = (batch.tick, batch.to);
        let Some(hands) = hands.as_mut().filter(|_| to == shard && tick == now) else {
            return refused(format!("a batch for {to} of tick {tick} came to {shard} in tick {now}"));
        };
        if !hands.deliver(from, batch) {
            return refused(format!("{} did not send this batch to {shard} in tick {now}", batch.from));
        }
        Ok(())
    }

    /// Gives up the tick that is being made by hand, on all shards, and applies the inputs that waited. Returns whether
    /// there was one.
    ///
    /// # Errors
    /// [`Error::Busy`] while a runner drives the world.
    pub fn abandon_by_hand(&self) -> Result<bool> {
        let mut hands = lock(&self.hands);
        if lock(&self.inputs).runners > 0 {
            return Err(Error::Busy { what: "a runner drives this shard; cancel the runner's tick instead".into() });
        }
        let Some(tick) = hands.take() else { return Ok(false) };
        tick.cancel();
        self.abort(tick.attempt(), None);
        Ok(true)
    }

    pub(crate) fn attach_runner(&self) -> Result<()> {
        let hands = lock(&self.hands);
        if let Some(tick) = &*hands {
            let tick = tick.tick();
            let what = format!("tick {tick} is being made by hand; finish or abandon it before a runner takes over");
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

    // Commits once every shard that is driven by hand has advanced. An error undoes the whole tick, and so does the
    // last owner's leaving.
    fn commit_by_hand(&self, hands: &mut Option<HandTick>) -> Result<()> {
        let Some(tick) = hands.as_mut().filter(|tick| !tick.is_waiting()) else { return Ok(()) };
        let (attempt, owned) = (tick.attempt(), tick.has_owner());
        let ready = if owned { tick.drive_along(Phase::Decay) } else { Err(gone()) };
        let Some(tick) = hands.take() else { return Ok(()) };
        if let Err(error) = ready {
            self.abort(attempt, None);
            return if owned { Err(error) } else { Ok(()) };
        }
        let (snapshot, deltas, made) = tick.finish();
        match self.commit(snapshot, deltas, None) {
            Ok(_) => {
                self.expect_ghosts(&made, true);
                Ok(())
            }
            Err(error) => {
                self.abort(attempt, None);
                Err(error)
            }
        }
    }
}

fn gone() -> Error {
    Error::BarrierFailed { reason: "the tick made by hand was abandoned meanwhile".into() }
}
