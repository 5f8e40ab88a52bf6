//! A colony, made again from what happened to it.
//!
//! Inputs have the numbers under which they were stored. A tick tells its cut, the last input that it saw: those that were
//! accepted while it was made are taken when it ends, as they were then.

use crate::colony::Colony;
use crate::input::Input;
use crate::replica::Replica;
use crate::{Error, Result};

/// A colony that is being made again.
#[derive(Debug)]
pub struct Replay {
    colony: Colony,
    // Inputs of which it is not known yet whether the next tick sees them.
    held: Vec<(u64, Input)>,
}

impl Replay {
    /// From this state on.
    pub fn new(state: Replica) -> Replay {
        Replay { colony: Colony::of(state), held: Vec::new() }
    }

    /// Takes what is stored under the next number.
    ///
    /// # Errors
    /// [`Error::Wire`] for what cannot have happened here.
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
        if !self.colony.state().is_quiet() {
            return Err(odd("a tick passed idly, and something waited for it".into()));
        }
        self.colony.pass(ticks)
    }

    /// What stands now, with the inputs that wait taken; the replay itself can go on from before them.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn visible(&self) -> Result<Replica> {
        Replay { colony: Colony::of(self.colony.state().clone()), held: self.held.clone() }.finish()
    }

    /// The colony, when nothing more was stored.
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
