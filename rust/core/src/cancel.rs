//! The flag by which a driver asks work to stop.

use crate::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A flag shared between an attempt at a tick and all its work. Cloning shares the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    is_set: AtomicBool,
    // Polls until it sets itself; 0 is never.
    polls_left: AtomicU64,
}

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that sets itself at a poll, counted from 1: a test reaches each place that polls, and sees that there
    /// are as many as the work asks for.
    pub fn at_poll(number: u64) -> Self {
        Cancel(Arc::new(Flag { is_set: AtomicBool::new(false), polls_left: AtomicU64::new(number) }))
    }

    /// Ask for the work to stop; there is no way back.
    pub fn cancel(&self) {
        self.0.is_set.store(true, Ordering::Release);
    }

    /// Whether the work should stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_set.load(Ordering::Acquire)
    }

    /// `Err(Error::Cancelled)` once the flag is set. Loops call this at least every 10 ms of work.
    pub fn poll(&self) -> Result<()> {
        if self.0.polls_left.load(Ordering::Relaxed) > 0 && self.0.polls_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.cancel();
        }
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
