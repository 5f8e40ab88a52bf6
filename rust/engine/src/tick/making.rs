//! A tick from its beginning to its outcome: one attempt, or several if shards die or hang.

use crate::lock::lock;
use crate::sync::{Arc, Mutex, Weak};
use crate::tick::outcome::Outcome;
use crate::tick::snapshot::Snapshot;
use crate::tick::turn::Turn;
use phago_core::Error;

/// A tick that is being made. `T` is an attempt at it.
pub(crate) struct Making<T> {
    now: Mutex<Now<T>>,
    pub(crate) outcome: Outcome,
    /// Whether its report has the new synapses between shards.
    pub(crate) with_edges: bool,
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

impl<T> Making<T> {
    /// Returns a tick without an attempt.
    pub(crate) fn new(with_edges: bool) -> Self {
        Making { now: Mutex::new(Now::Over), outcome: Outcome::default(), with_edges }
    }

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
        let redo = match std::mem::replace(&mut *now, Now::Over) {
            Now::Between(redo) => redo,
            other => {
                *now = other;
                return None;
            }
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tick::turn::Turns;
    use crate::world::World;
    use phago_core::config::ColonyConfig;
    use phago_core::ring::Ring;
    use std::time::Duration;

    fn redo() -> Redo {
        let world = World::new(ColonyConfig::default(), Ring::new(1, 150)).unwrap();
        let turns = Arc::new(Turns::default());
        let turn = turns.wait_blocking(Duration::from_millis(20), &mut || false).unwrap();
        Redo { snapshot: world.begin("a test").unwrap(), turn, recovered: Vec::new() }
    }

    #[test]
    fn no_attempt_begins_after_the_tick_was_given_up() {
        // Given up while the first attempt was being undone.
        let (making, attempt) = (Making::new(true), Arc::new(1));
        making.begin(&attempt);
        assert!(matches!(making.give_up(), Some(GivenUp::Attempt(given)) if Arc::ptr_eq(&given, &attempt)));
        assert!(making.pause(redo()).is_some());
        assert!(making.resume(|_| Arc::new(2)).is_none());
        // Given up between two attempts: what is left to undo comes back once.
        let making = Making::new(true);
        making.begin(&attempt);
        assert!(making.pause(redo()).is_none());
        assert!(matches!(making.give_up(), Some(GivenUp::Redo(_))));
        assert!(making.give_up().is_none());
        assert!(making.resume(|_| Arc::new(2)).is_none());
    }

    #[test]
    fn the_attempt_that_is_given_up_is_the_last() {
        let (making, first) = (Making::new(true), Arc::new(1));
        making.begin(&first);
        assert!(making.pause(redo()).is_none());
        let second = making.resume(|_| Arc::new(2)).unwrap();
        assert!(making.resume(|_| Arc::new(3)).is_none());
        assert!(matches!(making.give_up(), Some(GivenUp::Attempt(given)) if Arc::ptr_eq(&given, &second)));
    }
}
