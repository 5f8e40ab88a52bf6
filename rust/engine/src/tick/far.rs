//! A tick that is made elsewhere: on the nodes of a cluster, while a thread of this process waits for them.

use crate::lock::lock;
use crate::sync::Mutex;
use crate::tick::outcome::Outcome;
use crate::tick::report::TickReport;
use crate::work::job::message;
use crate::work::pool::Pool;
use phago_core::cancel::Cancel;
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A tick on its way. Dropping it gives the tick up, unless it is over or being committed.
pub(crate) struct Far {
    cancel: Cancel,
    outcome: Arc<Outcome>,
}

impl Far {
    /// Has a worker make a tick with `make`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no worker is to be had.
    pub(crate) fn start(pool: &Pool, make: impl FnOnce(&Cancel) -> Result<TickReport> + Send + 'static) -> Result<Far> {
        let far = Far { cancel: Cancel::new(), outcome: Arc::default() };
        let (cancel, outcome) = (far.cancel.clone(), far.outcome.clone());
        let make = Mutex::new(Some(make));
        let work = move |_| {
            let make = lock(&make).take().expect("a phase of one item is worked off once");
            let made = catch_unwind(AssertUnwindSafe(|| make(&cancel)));
            let broken =
                |panic| Error::CoordinatorUnavailable { reason: format!("the tick failed: {}", message(panic)) };
            outcome.tell(made.unwrap_or_else(|panic| Err(broken(panic))));
        };
        pool.run_phase(1, work, || ())?;
        Ok(far)
    }

    /// Waits for its outcome.
    pub(crate) async fn wait(self) -> Result<TickReport> {
        self.outcome.wait().await
    }

    /// Waits for its outcome on this thread, and calls `should_stop` every `look`. Once that returns true, the tick is
    /// given up, and this waits until it is undone or committed.
    ///
    /// # Errors
    /// Those of the tick; [`Error::Cancelled`].
    pub(crate) fn wait_blocking(self, look: Duration, should_stop: impl FnMut() -> bool) -> Result<TickReport> {
        match self.outcome.wait_blocking(look, should_stop) {
            Some(outcome) => outcome,
            None => {
                self.cancel.cancel();
                self.outcome.wait_blocking(look, || false);
                Err(Error::Cancelled)
            }
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
