//! A tick that is made elsewhere: on the nodes of a cluster, while a thread of this process waits for them.

use crate::tick::outcome::Outcome;
use crate::tick::report::TickReport;
use phago_core::cancel::Cancel;
use phago_core::{Error, Result};
use std::sync::Arc;
use std::time::Duration;

/// A tick on its way. Dropping it gives the tick up, unless it is over or being committed.
pub(crate) struct Far {
    cancel: Cancel,
    outcome: Arc<Outcome>,
}

impl Far {
    /// Has a thread make a tick with `make`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no thread is to be had.
    pub(crate) fn start(make: impl FnOnce(&Cancel) -> Result<TickReport> + Send + 'static) -> Result<Far> {
        let far = Far { cancel: Cancel::new(), outcome: Arc::default() };
        let (cancel, outcome) = (far.cancel.clone(), far.outcome.clone());
        let thread = crate::sync::thread::Builder::new().name("phago-tick".into());
        let spawned = thread.spawn(move || outcome.tell(make(&cancel)));
        spawned.map(|_| far).map_err(|cause| Error::CoordinatorUnavailable { reason: cause.to_string() })
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
