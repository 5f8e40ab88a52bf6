//! The result of an attempt, given once to whoever waits for it.

use crate::lock::lock;
use crate::sync::{Condvar, Mutex, PoisonError, now};
use crate::tick::report::TickReport;
use phago_core::Result;
use std::time::Duration;
use tokio::sync::Notify;

/// The result of an attempt, for async and blocking waits. Only one waiter gets it.
#[derive(Default)]
pub(crate) struct Outcome {
    outcome: Mutex<Option<Result<TickReport>>>,
    told: Notify,
    told_blocking: Condvar,
}

impl Outcome {
    /// Sets the result. Later calls do nothing.
    pub(crate) fn tell(&self, outcome: Result<TickReport>) {
        lock(&self.outcome).get_or_insert(outcome);
        self.told.notify_one();
        self.told_blocking.notify_all();
    }

    /// Waits for the result.
    pub(crate) async fn wait(&self) -> Result<TickReport> {
        loop {
            // A notification without a waiter is kept, so none is lost between the check and the wait.
            let told = self.told.notified();
            if let Some(outcome) = lock(&self.outcome).take() {
                return outcome;
            }
            told.await;
        }
    }

    /// Waits for the result on this thread, and calls `should_stop` every `look`. Returns `None` once that returns
    /// true.
    pub(crate) fn wait_blocking(
        &self,
        look: Duration,
        mut should_stop: impl FnMut() -> bool,
    ) -> Option<Result<TickReport>> {
        let mut next = now() + look;
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = outcome.take() {
                return Some(outcome);
            }
            let left = next.saturating_duration_since(now());
            if left.is_zero() {
                // Called without the lock: the check may take time, and the result may arrive meanwhile.
                drop(outcome);
                if should_stop() {
                    return None;
                }
                next = now() + look;
                outcome = lock(&self.outcome);
            } else {
                outcome = self.told_blocking.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}
