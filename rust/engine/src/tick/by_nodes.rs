//! A tick that the nodes of a cluster make, while a worker of this process waits for them.

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
pub(crate) struct ByNodes {
    cancel: Cancel,
    outcome: Arc<Outcome>,
}

impl ByNodes {
    /// Has a worker make a tick with `make`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no worker is to be had.
    pub(crate) fn start(
        pool: &Pool,
        make: impl FnOnce(&Cancel) -> Result<TickReport> + Send + 'static,
    ) -> Result<ByNodes> {
        let tick = ByNodes { cancel: Cancel::new(), outcome: Arc::default() };
        let (cancel, outcome) = (tick.cancel.clone(), tick.outcome.clone());
        let make = Mutex::new(Some(make));
        let work = move |_| {
            let make = lock(&make).take().expect("a phase of one item is worked off once");
            let made = catch_unwind(AssertUnwindSafe(|| make(&cancel)));
            let broken =
                |panic| Error::CoordinatorUnavailable { reason: format!("the tick failed: {}", message(panic)) };
            outcome.tell(made.unwrap_or_else(|panic| Err(broken(panic))));
        };
        pool.run_phase(1, work, || ())?;
        Ok(tick)
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

impl Drop for ByNodes {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
