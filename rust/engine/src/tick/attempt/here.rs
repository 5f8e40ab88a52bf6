//! A tick with next to nothing to do, made on its caller's thread: to hand it to a worker and to wait for it takes
//! many times as long as to make it.
//!
//! It is an attempt like any other, with its barriers, its reports and its deadline. Only who steps it differs. The
//! caller may be an event loop, or is to hear Ctrl-C: so it begins only where no lock has to be waited for, and leaves
//! the commit to a worker if a reader came meanwhile.

use super::{Attempt, Fate};
use crate::lock::lock;
use crate::sync::{TryLockError, now};
use crate::tick::snapshot::Snapshot;
use crate::world::World;
use phago_core::phase::Phase;

impl Attempt {
    /// Makes the whole tick if it is short. Returns `false`, and has done nothing, if it is for the workers.
    pub(super) fn make_here(&self) -> bool {
        // A fault may hang, and a test means it to strike a worker.
        if self.means.faults.count() > 0 {
            return false;
        }
        let Some(snapshot) = self.means.world.begin_short() else { return false };
        self.begun(Ok(snapshot));
        self.guarded(Attempt::step_through);
        true
    }

    fn step_through(&self) {
        for phase in Phase::ALL {
            {
                let mut stage = lock(&self.stage);
                if stage.fate != Fate::Running {
                    return;
                }
                (stage.phase, stage.started) = (phase, now());
            }
            (0..self.slots.len()).for_each(|seat| self.work(phase, seat));
            if !self.has_passed(phase) {
                return;
            }
        }
        if self.means.world.is_free() || !self.commit_elsewhere() {
            self.commit();
        }
    }

    // Has a worker commit the tick. Returns whether one could be had.
    fn commit_elsewhere(&self) -> bool {
        let Some(me) = self.me.upgrade() else { return false };
        self.means.pool.run_phase(1, move |_| me.guarded(Attempt::commit), || ()).is_ok()
    }
}

impl World {
    // Does what `begin` does if the tick is so short that its caller may make it, and no lock has to be waited for.
    // What `begin` refuses is left to it.
    fn begin_short(&self) -> Option<Snapshot> {
        let mut inputs = self.inputs.try_lock().ok()?;
        let state = self.try_state()?;
        // A tick with work is synced where there is a journal, which takes longer than to wake a worker for it.
        let is_short = state.is_idle_until(state.tick() + 1) || (self.journal.is_none() && state.is_slight());
        // What comes with the end of a tick may take long: to forget words, and to encode a checkpoint.
        let comes_more =
            state.has_words_to_forget() || self.journal.as_ref().is_some_and(|journal| journal.is_due(false));
        if inputs.acted.is_some() || !is_short || comes_more {
            return None;
        }
        self.begin_in(&mut inputs, || Ok(state), "the runner").ok()
    }

    // Returns whether nobody holds what a commit waits for.
    fn is_free(&self) -> bool {
        !matches!(self.inputs.try_lock(), Err(TryLockError::WouldBlock)) && self.is_unread()
    }
}
