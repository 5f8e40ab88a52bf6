//! Rebuilds a colony from its stored inputs and ticks.
//!
//! Inputs have the numbers under which they were stored. A tick names its cut, the last input that it saw: inputs
//! accepted while it was made are applied when it ends, as they were then.

use crate::colony::Colony;
use crate::input::Input;
use crate::replica::Replica;
use crate::{Error, Result};

/// A colony that is being rebuilt.
#[derive(Debug)]
pub struct Replay {
    colony: Colony,
    // Inputs of which it is not yet known whether the next tick sees them.
    held: Vec<(u64, Input)>,
}

impl Replay {
    /// Begins from this state.
    pub fn new(state: Replica) -> Replay {
        Replay { colony: Colony::of(state), held: Vec::new() }
    }

    /// Takes the input or tick that is stored under the next number.
    ///
    /// # Errors
    /// [`Error::Wire`] for one that cannot have happened here.
    pub fn take(&mut self, sequence: u64, input: Input) -> Result<()> {
        let Input::Tick { tick, cut, .. } = input else {
            self.held.push((sequence, input));
            return Ok(());
        };
        self.apply_to(cut)?;
        if tick != self.colony.state().tick() + 1 {
            return Err(odd(format!("tick {tick} follows tick {}", self.colony.state().tick())));
        }
        self.colony.tick()?;
        self.apply_to(u64::MAX)
    }

    /// Takes a run of ticks in which nothing happened, and that saw everything before.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn pass(&mut self, ticks: u64) -> Result<()> {
        self.apply_to(u64::MAX)?;
        let state = self.colony.state();
        if !state.is_idle_until(state.tick().saturating_add(ticks)) {
            return Err(odd("a tick passed idly, and something waited for it".into()));
        }
        self.colony.pass(ticks)
    }

    /// Returns the current state with the waiting inputs applied; the replay itself continues from before them.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn visible(&self) -> Result<Replica> {
        Replay { colony: Colony::of(self.colony.state().clone()), held: self.held.clone() }.finish()
    }

    /// Returns the state once everything stored was taken.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn finish(mut self) -> Result<Replica> {
        self.apply_to(u64::MAX)?;
        Ok(self.colony.into_state())
    }

    fn apply_to(&mut self, cut: u64) -> Result<()> {
        let seen = self.held.partition_point(|(sequence, _)| *sequence <= cut);
        for (sequence, input) in self.held.drain(..seen) {
            self.colony
                .apply(input)
                .map_err(|cause| odd(format!("input {sequence} was accepted, and now: {cause}")))?;
        }
        Ok(())
    }
}

fn odd(reason: String) -> Error {
    Error::Wire { what: "history", reason }
}
