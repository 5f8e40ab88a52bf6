//! A tick made by hand: one shard and one phase at a time, with its owner carrying the batches.
//!
//! The rules are those of a runner, enforced instead of followed. Each shard goes through Sense, Act, Decay and
//! Advance. The first Sense of any shard fixes the tick's plan and cut for all. A shard may not Decay before every
//! joined shard has done Act and every batch that joined shards addressed to it was delivered. The tick is committed,
//! and seen by anybody, when the last joined shard calls Advance: until then every shard is at the old tick, so there
//! is no moment at which one is ahead. Shards of the ring that nobody joined are driven along by the world, so that
//! there is never a tick of fewer shards.

use crate::lock::lock;
use crate::tick::hand::HandTick;
use crate::tick::report::PhaseReport;
use crate::world::World;
use phago_core::ids::ShardId;
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_core::{Error, Result};
use std::sync::MutexGuard;

impl World {
    /// Take a shard's place for an owner who drives it by hand. Several may: the place is free when all have left.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn join(&self, shard: ShardId) -> Result<()> {
        let seat = self.seat(shard)?;
        lock(&self.inputs).owners[seat] += 1;
        Ok(())
    }

    /// Leave a shard's place. The world drives along what has no owner.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`], and those of the commit where this shard was the last one waited for.
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

    /// The shards that have an owner.
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
        // Work without the lock: other threads may drive other shards meanwhile.
        drop(hands);
        let (back, done) = lent.step();
        let mut hands = lock(&self.hands);
        let tick = hands.as_mut().filter(|tick| tick.attempt() == attempt).ok_or_else(gone)?;
        tick.put(seat, phase, back, done)?;
        let report = tick.report(seat, phase);
        if !tick.is_owned(seat) {
            // Its owner left while it was at work, and may have been the last one waited for.
            self.commit_by_hand(&mut hands)?;
        }
        Ok(report)
    }

    /// What a shard's Act sent, its own batch to itself included, by addressee: empty before Act, and the same again
    /// until the tick ends, so that a batch that was lost on its way can be asked for.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Busy`] while a runner drives the world.
    pub fn take_outbox(&self, shard: ShardId) -> Result<Vec<(ShardId, Batch)>> {
        let seat = self.seat(shard)?;
        let hands = self.free_hands("its messages travel")?;
        Ok(hands.as_ref().map_or_else(Vec::new, |tick| tick.outbox(seat)))
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

    /// Give up the tick that is being made by hand, on all shards; inputs that waited for it are applied. Whether there
    /// was one.
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

    // Commit once every shard that is driven by hand has advanced. An error undoes the whole tick, and so does the
    // leaving of the last owner.
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

fn gone() -> Error {
    Error::BarrierFailed { reason: "the tick made by hand was abandoned meanwhile".into() }
}
