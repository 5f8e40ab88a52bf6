//! How many cores this process may use.

use std::sync::atomic::{AtomicUsize, Ordering};

// The number of cores that the user set; 0 if not set.
static SAID: AtomicUsize = AtomicUsize::new(0);

/// Sets the number of cores to use.
pub fn set_cores(count: usize) {
    SAID.store(count, Ordering::Relaxed);
}

/// Returns the cores this process may use: the number that was set, or else what the system allows by the process's
/// affinity and the quotas of its control groups.
pub fn cores() -> usize {
    match SAID.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        said => said,
    }
}
