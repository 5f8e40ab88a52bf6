//! What those who wait for an attempt are told, once.

use crate::lock::lock;
use crate::tick::report::TickReport;
use phago_core::Result;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The outcome of an attempt, to be awaited or waited for. It is given to one of those who wait.
#[derive(Default)]
pub(crate) struct Outcome {
    outcome: Mutex<Option<Result<TickReport>>>,
    told: Notify,
    told_blocking: Condvar,
}

impl Outcome {
    /// Tell it. Only the first word counts.
    pub(crate) fn tell(&self, outcome: Result<TickReport>) {
        lock(&self.outcome).get_or_insert(outcome);
        self.told.notify_one();
        self.told_blocking.notify_all();
    }

    /// Wait for it.
    pub(crate) async fn wait(&self) -> Result<TickReport> {
        loop {
            // A notification without a waiter is kept, so none is lost between the look and the wait.
            let told = self.told.notified();
            if let Some(outcome) = lock(&self.outcome).take() {
                return outcome;
            }
            told.await;
        }
    }

    /// Wait for it on this thread, asking `should_stop` every `look`; `None` when it says so.
    pub(crate) fn wait_blocking(
        &self,
        look: Duration,
        mut should_stop: impl FnMut() -> bool,
    ) -> Option<Result<TickReport>> {
        let mut next = Instant::now() + look;
        let mut outcome = lock(&self.outcome);
        loop {
            if let Some(outcome) = outcome.take() {
                return Some(outcome);
            }
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // Without the lock: asking may take its time, and the outcome may come meanwhile.
                drop(outcome);
                if should_stop() {
                    return None;
                }
                next = Instant::now() + look;
                outcome = lock(&self.outcome);
            } else {
                outcome = self.told_blocking.wait_timeout(outcome, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }
}
