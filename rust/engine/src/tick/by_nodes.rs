//! A tick that the nodes of a cluster make, while a thread of this process waits for them.

use crate::tick::outcome::Outcome;
use crate::tick::report::TickReport;
use phago_core::cancel::Cancel;
use phago_core::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// A tick on its way. Dropping it gives the tick up, unless it is over or being committed.
pub(crate) struct ByNodes {
    cancel: Cancel,
    outcome: Arc<Outcome>,
}

impl ByNodes {
    /// Has a thread make a tick with `make`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no thread is to be had.
    pub(crate) fn start(make: impl FnOnce(&Cancel) -> Result<TickReport> + Send + 'static) -> Result<ByNodes> {
        let tick = ByNodes { cancel: Cancel::new(), outcome: Arc::default() };
        let (cancel, outcome) = (tick.cancel.clone(), tick.outcome.clone());
        let thread = crate::sync::thread::Builder::new().name("phago-tick".into());
        let spawned = thread.spawn(move || outcome.tell(make(&cancel)));
        spawned.map(|_| tick).map_err(|cause| Error::CoordinatorUnavailable { reason: cause.to_string() })
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
