//! Gives attempts up when their deadline has passed.

use crate::lock::lock;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, Weak, until};
use std::time::Instant;
use tokio::sync::Notify;

/// Something that has a deadline.
pub(crate) trait Timed {
    /// Gives it up if its deadline has passed. Runs on a thread that keeps timers, so it must not wait.
    fn expire(&self);

    /// Returns its current deadline, if there is one.
    fn deadline(&self) -> Option<Instant>;
}

/// The keeper of the deadlines of a runner's attempts: one task on the runtime, so that a tick needs no timer of its
/// own.
///
/// Deadlines only grow from one phase to the next, so the task sleeps until the last deadline it saw and checks again.
/// It wakes once per phase time-out, not once per phase.
pub(crate) struct Keeper<T> {
    watched: Mutex<Weak<T>>,
    changed: Notify,
    // The task sleeps without a deadline and must be woken for the next attempt.
    dormant: AtomicBool,
    closed: AtomicBool,
}

impl<T: Timed> Keeper<T> {
    pub(crate) fn new() -> Arc<Keeper<T>> {
        let (dormant, closed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Keeper { watched: Mutex::default(), changed: Notify::new(), dormant, closed })
    }

    /// Watches this attempt from now on, instead of the one before.
    pub(crate) fn watch(&self, watched: &Arc<T>) {
        *lock(&self.watched) = Arc::downgrade(watched);
        if self.dormant.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    /// Checks again: a deadline has become earlier.
    pub(crate) fn hurry(&self) {
        self.changed.notify_one();
    }

    /// Ends [`Keeper::keep`].
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Checks each deadline when it passes, until the keeper is closed.
    pub(crate) async fn keep(self: Arc<Self>) {
        while !self.closed.load(Ordering::SeqCst) {
            if let Some(deadline) = self.look() {
                // Dropping the wait for a change loses nothing: the task checks too early, or the permit stays for the
                // next wait.
                until(deadline, self.changed.notified()).await;
                continue;
            }
            self.dormant.store(true, Ordering::SeqCst);
            // Checks once more: an attempt may have arrived before it could see that it must wake the task.
            if self.look().is_none() {
                self.changed.notified().await;
            }
            self.dormant.store(false, Ordering::SeqCst);
        }
    }

    // Gives up what is late. Returns the deadline of what is not.
    fn look(&self) -> Option<Instant> {
        let watched = lock(&self.watched).upgrade()?;
        watched.expire();
        watched.deadline()
    }
}
