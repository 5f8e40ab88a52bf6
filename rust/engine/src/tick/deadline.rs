//! Who looks at the deadlines of a runner's attempts.

use crate::lock::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;
use tokio::sync::Notify;

/// Something that must not outlast its deadline.
pub(crate) trait Timed {
    /// Give it up if its deadline has passed. Called on a thread that keeps timers, so it must not wait.
    fn expire(&self);

    /// The deadline of what it does now, if there is one.
    fn deadline(&self) -> Option<Instant>;
}

/// Keeps the deadlines of a runner's attempts: one task on the runtime, so that a tick needs no timer of its own.
///
/// Deadlines only grow from one phase to the next, so the task sleeps until the last one it knew and looks again:
/// it wakes once a phase time-out, not once a phase.
pub(crate) struct Keeper<T> {
    watched: Mutex<Weak<T>>,
    changed: Notify,
    // It sleeps without a deadline and wants to hear of the next attempt.
    dormant: AtomicBool,
    closed: AtomicBool,
}

impl<T: Timed> Keeper<T> {
    pub(crate) fn new() -> Arc<Keeper<T>> {
        let (dormant, closed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Keeper { watched: Mutex::default(), changed: Notify::new(), dormant, closed })
    }

    /// Watch this one from now on, in place of the one before.
    pub(crate) fn watch(&self, watched: &Arc<T>) {
        *lock(&self.watched) = Arc::downgrade(watched);
        if self.dormant.load(Ordering::SeqCst) {
            self.changed.notify_one();
        }
    }

    /// Look again: a deadline has become earlier.
    pub(crate) fn hurry(&self) {
        self.changed.notify_one();
    }

    /// End [`Keeper::keep`].
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }

    /// Look at each deadline when it has come, until it is closed.
    pub(crate) async fn keep(self: Arc<Self>) {
        while !self.closed.load(Ordering::SeqCst) {
            if let Some(deadline) = self.look() {
                // Dropping the wait for a change loses nothing: it is a look too early or the next one's permit.
                let _ = tokio::time::timeout_at(deadline.into(), self.changed.notified()).await;
                continue;
            }
            self.dormant.store(true, Ordering::SeqCst);
            // Once more: an attempt may have come before it could see that it has to say so.
            if self.look().is_none() {
                self.changed.notified().await;
            }
            self.dormant.store(false, Ordering::SeqCst);
        }
    }

    // Give up what is late; the deadline of what is not.
    fn look(&self) -> Option<Instant> {
        let watched = lock(&self.watched).upgrade()?;
        watched.expire();
        watched.deadline()
    }
}
