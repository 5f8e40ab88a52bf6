//! Calls on a runtime's own threads, which may not be there.

use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Runs something on one of a runtime's threads for calls.
///
/// # Errors
/// [`Error::CoordinatorUnavailable`] if there is none and none can be started. It may be run at any later time then, so
/// it should do nothing once it was refused.
pub fn run_call<T: Send + 'static>(
    runtime: &Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>> {
    // The runtime has no other way to tell, and holds no lock meanwhile.
    catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(work)))
        .map_err(|_| Error::CoordinatorUnavailable { reason: "no thread could be started for a call".into() })
}
