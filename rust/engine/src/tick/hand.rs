//! The rules of a tick made by hand.
//!
//! Each shard goes through Sense, Act, Decay and Advance. A shard may not Decay before every shard has done Act and
//! every batch that other owners' shards addressed to it was delivered. The world drives the shards without an owner;
//! batches from and to them are delivered at once.

use crate::config::REDOS_MAX;
use crate::tick::report::{CrossEdges, PhaseReport};
use crate::tick::snapshot::{Share, Snapshot};
use crate::work::job::message;
use phago_core::cancel::Cancel;
use phago_core::ids::{ShardId, Tick};
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_core::shard::{CrossEdge, Delta, Seat};
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A tick that is being made by hand. Dropping it undoes the tick.
pub(crate) struct HandTick {
    snapshot: Snapshot,
    // By seat.
    hands: Vec<Hand>,
    // Set when the tick is given up, so that threads inside a phase end soon.
    cancel: Cancel,
}

struct Hand {
    owned: bool,
    // The next phase; `None` after Advance.
    next: Option<Phase>,
    // `None` while a thread is inside a phase of this shard.
    seat: Option<Seat>,
    outbox: Vec<Sent>,
    cross_edges: Option<CrossEdges>,
}

struct Sent {
    batch: Batch,
    delivered: bool,
}

impl HandTick {
    /// Returns a tick before Sense. `owners` holds, by seat, how many callers own a shard.
    pub(crate) fn new(snapshot: Snapshot, owners: &[u32]) -> HandTick {
        let hand = |owners: &u32| Hand {
            owned: *owners > 0,
            next: Some(Phase::Sense),
            seat: Some(Seat::new()),
            outbox: Vec::new(),
            cross_edges: None,
        };
        HandTick { snapshot, hands: owners.iter().map(hand).collect(), cancel: Cancel::new() }
    }

    /// Returns the tick that is being made.
    pub(crate) fn tick(&self) -> Tick {
        self.snapshot.plan.tick
    }

    /// Returns the number of the attempt.
    pub(crate) fn attempt(&self) -> u64 {
        self.snapshot.attempt
    }

    /// Refuses a phase that is not the shard's next one.
    pub(crate) fn check(&self, at: usize, phase: Phase) -> Result<()> {
        let (hand, shard, tick) = (&self.hands[at], self.id(at), self.tick());
        if !hand.owned {
            let reason =
                format!("{shard} has no owner in tick {tick}; one that joined since takes part from the next on");
            return Err(Error::BarrierFailed { reason });
        }
        if hand.seat.is_none() {
            return Err(Error::Busy { what: format!("another thread is inside a phase of {shard}; wait for it") });
        }
        match hand.next {
            Some(expected) if expected == phase => Ok(()),
            Some(expected) => Err(Error::PhaseOrder { shard, expected, found: phase, tick }),
            None => {
                let missing = self.names(|other| other.owned && other.next.is_some());
                let reason = format!("{shard} has finished tick {tick}, which waits for {missing} to call Advance");
                Err(Error::BarrierFailed { reason })
            }
        }
    }

    /// Takes a shard's seat out to do a phase. [`HandTick::put`] puts it back.
    pub(crate) fn take(&mut self, at: usize, phase: Phase) -> Result<Lent> {
        let inbox = if phase == Phase::Decay { Some(self.inbox(at)?) } else { None };
        let mut seat = self.hands[at].seat.take().expect("a seat is with one thread at a time");
        if let Some(inbox) = inbox {
            seat.receive(inbox);
        }
        Ok(Lent { share: self.snapshot.share(at), seat, phase, cancel: self.cancel.clone() })
    }

    /// Puts a seat back, with what [`Lent::step`] returned. After an error the phase can be made again.
    pub(crate) fn put(&mut self, at: usize, phase: Phase, mut seat: Seat, made: Result<Vec<CrossEdge>>) -> Result<()> {
        let hand = &mut self.hands[at];
        let done = made.map(|made| {
            if phase == Phase::Act {
                let sent = |batch| Sent { batch, delivered: false };
                hand.outbox = seat.take_outbox().into_iter().map(sent).collect();
            }
            if phase == Phase::Decay {
                hand.cross_edges = Some(CrossEdges::new(&self.snapshot.commons, made));
            }
            hand.next = Some(seat.next());
        });
        hand.seat = Some(seat);
        done
    }

    /// Notes that a shard has called Advance.
    pub(crate) fn advance(&mut self, at: usize) {
        self.hands[at].next = None;
    }

    /// Notes that a shard has no owner any more.
    pub(crate) fn leave(&mut self, at: usize) {
        self.hands[at].owned = false;
    }

    /// Returns whether a shard has an owner.
    pub(crate) fn is_owned(&self, at: usize) -> bool {
        self.hands[at].owned
    }

    /// Returns whether any shard has an owner.
    pub(crate) fn has_owner(&self) -> bool {
        self.hands.iter().any(|hand| hand.owned)
    }

    /// Asks threads inside a phase to end: the tick is given up.
    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Returns whether some owner has not called Advance, or a thread is inside a phase.
    pub(crate) fn is_waiting(&self) -> bool {
        self.hands.iter().any(|hand| hand.seat.is_none() || hand.owned && hand.next.is_some())
    }

    /// Drives the shards without an owner up to and through a phase.
    pub(crate) fn drive_along(&mut self, through: Phase) -> Result<()> {
        for phase in Phase::ALL.into_iter().filter(|phase| *phase <= through) {
            for at in 0..self.hands.len() {
                let hand = &self.hands[at];
                if !hand.owned && hand.seat.is_some() && hand.next == Some(phase) {
                    let (seat, done) = self.take(at, phase)?.step();
                    self.put(at, phase, seat, done)?;
                }
            }
        }
        Ok(())
    }

    /// Returns what a shard's Act sent, by addressee; the same again at each call.
    pub(crate) fn outbox(&self, at: usize) -> Vec<(ShardId, Batch)> {
        self.hands[at].outbox.iter().map(|sent| (sent.batch.to, sent.batch.clone())).collect()
    }

    /// Notes that a batch was delivered to its addressee. Returns `false` if its sender did not send it.
    pub(crate) fn deliver(&mut self, from: usize, batch: &Batch) -> bool {
        let sent = self.hands[from].outbox.iter_mut().find(|sent| sent.batch.to == batch.to);
        match sent.filter(|sent| sent.batch.says_the_same(batch)) {
            Some(sent) => {
                sent.delivered = true;
                true
            }
            None => false,
        }
    }

    /// Returns the report of a shard after a phase.
    pub(crate) fn report(&self, at: usize, phase: Phase) -> PhaseReport {
        let (shard, hand) = (&self.snapshot.shards[at], &self.hands[at]);
        let made = hand.cross_edges.as_ref().filter(|_| phase == Phase::Decay);
        let cross_edges = made.cloned().unwrap_or_else(|| CrossEdges::new(&self.snapshot.commons, Vec::new()));
        PhaseReport::new(shard, phase, self.tick(), hand.seat.as_ref().and_then(Seat::delta), cross_edges)
    }

    /// Returns what a commit needs once every shard has done Decay, and the cross-shard edges made, by seat.
    pub(crate) fn finish(self) -> (Snapshot, Vec<Delta>, Vec<CrossEdges>) {
        let ends = self.hands.into_iter().map(|hand| {
            let (Some(seat), Some(edges)) = (hand.seat, hand.cross_edges) else {
                unreachable!("a tick made by hand is committed when every shard has done Decay")
            };
            (seat.into_delta(), edges)
        });
        let (deltas, made) = ends.unzip();
        (self.snapshot, deltas, made)
    }

    // Returns the batches for a shard, once all that it must wait for were delivered.
    fn inbox(&self, at: usize) -> Result<Vec<Batch>> {
        let (to, tick) = (self.id(at), self.tick());
        let missing = self.names(|other| !other.has_acted());
        if !missing.is_empty() {
            let reason = format!("{to} cannot Decay in tick {tick} before {missing} did Act");
            return Err(Error::BarrierFailed { reason });
        }
        let lacks = |other: &Hand| other.outbox.iter().any(|sent| sent.batch.to == to && !sent.delivered);
        // No caller can carry a batch to or from a shard without an owner; it is delivered at once.
        let missing = self.names(|other| other.owned && self.hands[at].owned && lacks(other));
        if !missing.is_empty() {
            let reason =
                format!("{to} cannot Decay in tick {tick} before the batch from {missing} was delivered to it");
            return Err(Error::BarrierFailed { reason });
        }
        let sent = self.hands.iter().flat_map(|hand| &hand.outbox);
        Ok(sent.filter(|sent| sent.batch.to == to).map(|sent| sent.batch.clone()).collect())
    }

    fn id(&self, at: usize) -> ShardId {
        self.snapshot.shards[at].id()
    }

    // Returns the names of the shards for which `of` returns true; empty if there are none.
    fn names(&self, of: impl Fn(&Hand) -> bool) -> String {
        let hands = self.hands.iter().enumerate().filter(|(_, hand)| of(hand));
        hands.map(|(at, _)| self.id(at).to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl Hand {
    fn has_acted(&self) -> bool {
        self.next.is_none_or(|next| next > Phase::Act)
    }
}

/// A seat that was taken out to do a phase, with what it reads. The thread that has it holds no lock.
pub(crate) struct Lent {
    share: Share,
    seat: Seat,
    phase: Phase,
    cancel: Cancel,
}

impl Lent {
    /// Does the phase. A panic changes nothing, so the phase is redone; the last one becomes an error.
    /// Returns the new synapses between shards that it made.
    pub(crate) fn step(self) -> (Seat, Result<Vec<CrossEdge>>) {
        let Lent { share: Share { shard, plan, commons }, mut seat, phase, cancel } = self;
        let done = redoing(|| seat.step(phase, &shard, &plan, &commons, &cancel)).unwrap_or_else(|cause| {
            let (shards, tick) = (vec![shard.id()], plan.tick);
            Err(Error::ShardDied { shards, phase, tick, cause })
        });
        let made = done.map(|()| match phase {
            Phase::Decay => seat.cross_edges(&commons).collect(),
            _ => Vec::new(),
        });
        (seat, made)
    }
}

// Calls `step` until it returns, and once more for each redo that is allowed. Returns the message of the last panic.
fn redoing(mut step: impl FnMut() -> Result<()>) -> std::result::Result<Result<()>, String> {
    let mut redone = 0;
    loop {
        match catch_unwind(AssertUnwindSafe(&mut step)) {
            Ok(done) => return Ok(done),
            Err(panic) if redone == REDOS_MAX => return Err(message(panic)),
            Err(_) => redone += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Returns the outcome of a step that panics so many times, and how often it was called.
    fn panicking(times: u32) -> (std::result::Result<Result<()>, String>, u32) {
        let mut calls = 0;
        let done = redoing(|| {
            calls += 1;
            // Not `panic!`, which would print a trace.
            if calls <= times { std::panic::resume_unwind(Box::new(format!("panic {calls}"))) } else { Ok(()) }
        });
        (done, calls)
    }

    #[test]
    fn a_phase_by_hand_is_redone_after_a_panic_and_no_more_often_than_the_bound() {
        for times in 0..=REDOS_MAX {
            assert_eq!(panicking(times), (Ok(Ok(())), times + 1));
        }
        let last = REDOS_MAX + 1;
        assert_eq!(panicking(last), (Err(format!("panic {last}")), last));
        assert_eq!(panicking(u32::MAX), (Err(format!("panic {last}")), last));
    }

    #[test]
    fn an_error_by_hand_is_not_redone() {
        let mut calls = 0;
        let done = redoing(|| {
            calls += 1;
            Err(Error::Cancelled)
        });
        assert_eq!((done, calls), (Ok(Err(Error::Cancelled)), 1));
    }
}
