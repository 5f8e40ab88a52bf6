//! A tick from its beginning to its outcome: one attempt, or several if shards die or hang.

use crate::lock::lock;
use crate::tick::outcome::Outcome;
use crate::tick::snapshot::Snapshot;
use crate::tick::turn::Turn;
use phago_core::Error;
use std::sync::{Arc, Mutex, Weak};

/// A tick that is being made. `T` is an attempt at it.
pub(crate) struct Making<T> {
    now: Mutex<Now<T>>,
    pub(crate) outcome: Outcome,
}

enum Now<T> {
    // This attempt runs, is over or is being committed.
    Trying(Weak<T>),
    // The last attempt was given up, and the next has not begun.
    Between(Redo),
    // No caller wants the tick, or it has not begun.
    Over,
}

/// What an attempt leaves to the next one.
pub(crate) struct Redo {
    /// What the attempt reads: the plan, cut and state of the first one.
    pub(crate) snapshot: Snapshot,
    pub(crate) turn: Turn,
    /// Why the attempts so far were given up, in order.
    pub(crate) recovered: Vec<Error>,
}

/// What is left to undo of a tick that was given up.
pub(crate) enum GivenUp<T> {
    /// The attempt that runs, unless it is over or being committed.
    Attempt(Arc<T>),
    /// What waits for the next attempt.
    Redo(Redo),
}

impl<T> Default for Making<T> {
    fn default() -> Self {
        Making { now: Mutex::new(Now::Over), outcome: Outcome::default() }
    }
}

impl<T> Making<T> {
    /// Begins with an attempt.
    pub(crate) fn begin(&self, first: &Arc<T>) {
        *lock(&self.now) = Now::Trying(Arc::downgrade(first));
    }

    /// Keeps what the next attempt needs. Returns it if the tick was given up.
    pub(crate) fn pause(&self, redo: Redo) -> Option<Redo> {
        let mut now = lock(&self.now);
        if matches!(*now, Now::Over) {
            return Some(redo);
        }
        *now = Now::Between(redo);
        None
    }

    /// Goes on with the attempt that `next` makes. Returns `None` if the tick was given up.
    pub(crate) fn resume(&self, next: impl FnOnce(Redo) -> Arc<T>) -> Option<Arc<T>> {
        let mut now = lock(&self.now);
        // No attempt runs meanwhile: only the one that was given up last resumes.
        let Now::Between(redo) = std::mem::replace(&mut *now, Now::Over) else { return None };
        let attempt = next(redo);
        *now = Now::Trying(Arc::downgrade(&attempt));
        Some(attempt)
    }

    /// Ends the tick: no further attempt begins. Returns what is left to undo.
    pub(crate) fn give_up(&self) -> Option<GivenUp<T>> {
        let now = std::mem::replace(&mut *lock(&self.now), Now::Over);
        match now {
            Now::Trying(attempt) => attempt.upgrade().map(GivenUp::Attempt),
            Now::Between(redo) => Some(GivenUp::Redo(redo)),
            Now::Over => None,
        }
    }
}
