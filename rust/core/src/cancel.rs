//! The flag with which a driver asks work to stop.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A flag that an attempt at a tick shares with all its work. A clone is the same flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    is_set: AtomicBool,
    // The number of polls after which the flag sets itself; 0 means never.
    polls_left: AtomicU64,
}

impl Cancel {
    /// Returns a flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a flag that sets itself at the given poll, counted from 1. With it a test stops the work at each poll,
    /// and checks that the work polls as often as it should.
    pub fn at_poll(number: u64) -> Self {
        Cancel(Arc::new(Flag { is_set: AtomicBool::new(false), polls_left: AtomicU64::new(number) }))
    }

    /// Asks the work to stop. This cannot be undone.
    pub fn cancel(&self) {
        self.0.is_set.store(true, Ordering::Release);
    }

    /// Returns whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_set.load(Ordering::Acquire)
    }

    /// Returns `Err(Error::Cancelled)` once the flag is set. Loops call this at least every 10 ms of work.
    pub fn poll(&self) -> Result<()> {
        if self.0.polls_left.load(Ordering::Relaxed) > 0 && self.0.polls_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.cancel();
        }
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
