//! How often a survey asks whether it should stop.

use crate::Result;
use crate::cancel::Cancel;

// Some 100 microseconds of the dearest steps.
const STEPS: usize = 1 << 14;

/// Polls a flag once for so many steps of work.
pub(super) struct Pace<'a> {
    cancel: &'a Cancel,
    left: usize,
}

impl<'a> Pace<'a> {
    /// Returns a pace that polls at its first step.
    pub(super) fn new(cancel: &'a Cancel) -> Pace<'a> {
        Pace { cancel, left: 0 }
    }

    /// Counts steps that are done.
    pub(super) fn steps(&mut self, steps: usize) -> Result<()> {
        if steps < self.left {
            self.left -= steps;
            return Ok(());
        }
        self.left = STEPS;
        self.cancel.poll()
    }
}
