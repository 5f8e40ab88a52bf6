//! A slot holds a shard's seat between two phases of an attempt: a worker takes the seat out, steps it and puts it
//! back.

use crate::lock::lock;
use crate::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex};
use crate::tick::snapshot::Share;
use crate::work::pool::Pool;
use phago_core::cancel::Cancel;
use phago_core::commons::Commons;
use phago_core::phase::Phase;
use phago_core::shard::{Delivered, Gathered, Seat, Shard};
use phago_core::{Error, Result};
use std::panic::resume_unwind;

/// One shard's part of an attempt.
#[derive(Default)]
pub(crate) struct Slot {
    place: Mutex<Place>,
    failure: Mutex<Option<Failure>>,
    // 1 + the last phase that the shard finished.
    answered: AtomicU8,
}

struct Place {
    // `None` while a worker has it.
    seat: Option<Seat>,
    // Set when the attempt was given up: a seat that is put back then is dropped.
    given_up: bool,
}

impl Default for Place {
    fn default() -> Self {
        Place { seat: Some(Seat::new()), given_up: false }
    }
}

/// Why a shard did not finish a phase.
#[derive(Clone)]
pub(crate) enum Failure {
    /// Its work returned an error.
    Refused(Error),
    /// Its work panicked, with this message.
    Died(String),
}

impl Slot {
    /// Does the shard's share of a phase. Holds no lock meanwhile. Workers that have nothing else to do help with Decay,
    /// which takes longest, and is not the same for all shards.
    pub(crate) fn step(&self, share: &Share, phase: Phase, cancel: &Cancel, pool: &Pool) -> Result<()> {
        // Given up meanwhile: nobody reads what this worker does.
        let mut seat = self.take().ok_or(Error::Cancelled)?;
        let done = match phase {
            Phase::Decay => decay(&mut seat, share, cancel, pool),
            _ => seat.step(phase, &share.shard, &share.plan, &share.commons, cancel),
        };
        self.put(seat);
        done
    }

    /// Takes the seat out, or returns `None` if the attempt was given up.
    ///
    /// # Panics
    /// If another thread has it: then the barrier between two phases is broken.
    pub(crate) fn take(&self) -> Option<Seat> {
        let mut place = lock(&self.place);
        if place.given_up {
            return None;
        }
        Some(place.seat.take().expect("a seat is with one worker at a time"))
    }

    /// Puts the seat back.
    pub(crate) fn put(&self, seat: Seat) {
        let mut place = lock(&self.place);
        if !place.given_up {
            place.seat = Some(seat);
        }
    }

    /// Drops the seat, now or when it is put back.
    pub(crate) fn give_up(&self) {
        *lock(&self.place) = Place { seat: None, given_up: true };
    }

    pub(crate) fn answer(&self, phase: Phase) {
        self.answered.store(1 + phase as u8, Ordering::Release);
    }

    pub(crate) fn fail(&self, failure: Failure) {
        *lock(&self.failure) = Some(failure);
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        lock(&self.failure).clone()
    }

    /// Returns whether the shard has neither answered a phase nor failed.
    pub(crate) fn is_silent(&self, phase: Phase) -> bool {
        self.answered.load(Ordering::Acquire) <= phase as u8 && lock(&self.failure).is_none()
    }
}

fn decay(seat: &mut Seat, share: &Share, cancel: &Cancel, pool: &Pool) -> Result<()> {
    let Share { plan, commons, shard } = share;
    let gathered = seat.gather(shard, plan, commons, cancel)?;
    let helpers = pool.max_parallelism().min(gathered.pieces());
    if helpers < 2 {
        let mut pieces = 0..gathered.pieces();
        let delivered = gathered.deliver(shard, commons, cancel, || pieces.next())?;
        seat.stage(shard, commons, &gathered, [delivered]);
        return Ok(());
    }
    let (gathered, next) = (Arc::new(gathered), Arc::new(AtomicUsize::new(0)));
    let helper = |_| Helper {
        shard: shard.clone(),
        commons: commons.clone(),
        gathered: gathered.clone(),
        next: next.clone(),
        cancel: cancel.clone(),
    };
    let delivered = pool
        .map((0..helpers).map(helper).collect(), Helper::deliver)
        .unwrap_or_else(|panic| resume_unwind(Box::new(panic.message)));
    seat.stage(shard, commons, &gathered, delivered.into_iter().collect::<Result<Vec<_>>>()?);
    Ok(())
}

// One thread's share of a shard's Decay. It owns what it reads, and is gone once it is done: the commit must hold the
// only reference, or it would copy the shard.
struct Helper {
    shard: Arc<Shard>,
    commons: Arc<Commons>,
    gathered: Arc<Gathered>,
    // The first piece that nobody has claimed.
    next: Arc<AtomicUsize>,
    cancel: Cancel,
}

impl Helper {
    fn deliver(self) -> Result<Delivered> {
        let Helper { shard, commons, gathered, next, cancel } = &self;
        let claim = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|piece| *piece < gathered.pieces());
        gathered.deliver(shard, commons, cancel, claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_that_comes_back_after_its_slot_was_given_up_is_dropped() {
        let slot = Slot::default();
        let seat = slot.take().unwrap();
        slot.give_up();
        slot.put(seat);
        assert!(lock(&slot.place).seat.is_none());
        assert!(slot.take().is_none());
    }
}
