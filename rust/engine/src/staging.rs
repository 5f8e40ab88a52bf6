//! What one shard has staged in an attempt: everything that a commit swaps in and an abort drops.

use crate::pool::lock;
use crate::world::Share;
use phago_core::cancel::Cancel;
use phago_core::message::Batch;
use phago_core::phase::Phase;
use phago_core::shard::{Acted, Delta, Sensed};
use phago_core::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// One shard's part of an attempt. The worker that claimed the shard and the step between two phases use it, never
/// both at once; the locks only say so to the compiler.
#[derive(Default)]
pub(crate) struct Staging {
    staged: Mutex<Staged>,
    // 1 + the last phase answered.
    answered: AtomicU8,
}

#[derive(Default)]
struct Staged {
    sensed: Option<Sensed>,
    acted: Option<Acted>,
    inbox: Vec<Batch>,
    delta: Option<Delta>,
    failure: Option<Failure>,
}

/// Why a shard has no answer.
#[derive(Clone)]
pub(crate) enum Failure {
    /// Its work returned an error.
    Refused(Error),
    /// Its work panicked, with this message.
    Died(String),
}

impl Staging {
    /// Do the shard's share of a phase. Nothing is locked while it works.
    pub(crate) fn run(&self, share: &Share, phase: Phase, cancel: &Cancel) -> Result<()> {
        let Share { shard, plan, commons } = share;
        match phase {
            Phase::Sense => {
                let sensed = shard.sense(plan, commons, cancel)?;
                lock(&self.staged).sensed = Some(sensed);
            }
            Phase::Act => {
                let sensed = lock(&self.staged).sensed.take().unwrap_or_default();
                let acted = shard.act(plan, commons, &sensed, cancel)?;
                let mut staged = lock(&self.staged);
                (staged.sensed, staged.acted) = (Some(sensed), Some(acted));
            }
            Phase::Decay => {
                let Staged { sensed, acted, inbox, .. } = std::mem::take(&mut *lock(&self.staged));
                let (sensed, acted) = (sensed.unwrap_or_default(), acted.unwrap_or_default());
                let delta = shard.decay(plan, commons, sensed, acted, &inbox, cancel)?;
                lock(&self.staged).delta = Some(delta);
            }
            // What is left is the commit of all at once.
            Phase::Advance => {}
        }
        Ok(())
    }

    pub(crate) fn answer(&self, phase: Phase) {
        self.answered.store(1 + phase as u8, Ordering::Release);
    }

    pub(crate) fn fail(&self, failure: Failure) {
        lock(&self.staged).failure = Some(failure);
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        lock(&self.staged).failure.clone()
    }

    /// Whether the shard has neither answered a phase nor failed.
    pub(crate) fn is_silent(&self, phase: Phase) -> bool {
        self.answered.load(Ordering::Acquire) <= phase as u8 && lock(&self.staged).failure.is_none()
    }

    pub(crate) fn take_outbox(&self) -> Vec<Batch> {
        let mut staged = lock(&self.staged);
        staged.acted.as_mut().map(|acted| std::mem::take(&mut acted.outbox)).unwrap_or_default()
    }

    pub(crate) fn receive(&self, batch: Batch) {
        lock(&self.staged).inbox.push(batch);
    }

    pub(crate) fn take_delta(&self) -> Option<Delta> {
        lock(&self.staged).delta.take()
    }

    /// Drop what was staged.
    pub(crate) fn clear(&self) {
        *lock(&self.staged) = Staged::default();
    }
}
