//! Rebuilds a colony from its stored inputs and ticks.
//!
//! Inputs have the numbers under which they were stored. A tick names its cut, the last input that it saw: inputs
//! accepted while it was made are applied when it ends, as they were then.

use crate::colony::{Colony, Step};
use crate::input::Input;
use crate::life::Acted;
use crate::replica::Replica;
use crate::{Error, Result};

/// What a history is replayed to.
pub trait Driven {
    /// Returns the state, without inputs that it has yet to apply.
    fn replica(&self) -> &Replica;

    /// Applies an input, or keeps it until the next tick or the end.
    ///
    /// # Errors
    /// That of an input that is not accepted.
    fn apply(&mut self, input: Input) -> Result<()>;

    /// Makes a tick.
    ///
    /// # Errors
    /// As [`Colony::tick_as`].
    fn tick(&mut self, acted: Option<Acted>) -> Result<()>;

    /// Makes ticks in which nothing happens.
    ///
    /// # Errors
    /// As [`Replica::pass`].
    fn pass(&mut self, ticks: u64) -> Result<()>;

    /// Applies what was kept.
    ///
    /// # Errors
    /// That of an input that is not accepted.
    fn settle(&mut self) -> Result<()>;
}

impl Driven for Colony {
    fn replica(&self) -> &Replica {
        self.state()
    }

    fn apply(&mut self, input: Input) -> Result<()> {
        Colony::apply(self, input).map(drop)
    }

    fn tick(&mut self, acted: Option<Acted>) -> Result<()> {
        self.tick_as(acted, |_, steps| steps.into_iter().try_for_each(Step::take)).map(drop)
    }

    fn pass(&mut self, ticks: u64) -> Result<()> {
        Colony::pass(self, ticks)
    }

    fn settle(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A colony that is being rebuilt.
#[derive(Debug)]
pub struct Replay<D = Colony> {
    colony: D,
    // Inputs of which it is not yet known whether the next tick sees them.
    held: Vec<(u64, Input)>,
}

impl Replay {
    /// Begins from this state.
    pub fn new(state: Replica) -> Replay {
        Replay::of(Colony::of(state))
    }

    /// Returns the state once everything stored was taken.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn finish(self) -> Result<Replica> {
        self.end().map(Colony::into_state)
    }
}

impl<D: Driven> Replay<D> {
    /// Begins from the state of this colony.
    pub fn of(colony: D) -> Replay<D> {
        Replay { colony, held: Vec::new() }
    }

    /// Returns the current state with the waiting inputs applied; the replay itself continues from before them.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn visible(&self) -> Result<Replica> {
        Replay { colony: Colony::of(self.colony.replica().clone()), held: self.held.clone() }.finish()
    }

    /// Takes the input or tick that is stored under the next number.
    ///
    /// # Errors
    /// [`Error::Wire`] for one that cannot have happened here.
    pub fn take(&mut self, sequence: u64, input: Input) -> Result<()> {
        let (tick, cut, acted) = match input {
            Input::Tick { tick, cut, .. } => (tick, cut, None),
            Input::Lived { tick, cut, acted, .. } => (tick, cut, Some(acted)),
            other => {
                self.held.push((sequence, other));
                return Ok(());
            }
        };
        self.apply_to(cut)?;
        if tick != self.colony.replica().tick() + 1 {
            return Err(odd(format!("tick {tick} follows tick {}", self.colony.replica().tick())));
        }
        self.colony.tick(acted)?;
        self.apply_to(u64::MAX)
    }

    /// Takes a run of ticks in which nothing happened, and that saw everything before.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn pass(&mut self, ticks: u64) -> Result<()> {
        self.apply_to(u64::MAX)?;
        self.colony.settle()?;
        let state = self.colony.replica();
        if !state.is_idle_until(state.tick().saturating_add(ticks)) {
            return Err(odd("a tick passed idly, and something waited for it".into()));
        }
        self.colony.pass(ticks)
    }

    /// Returns the colony once everything stored was taken.
    ///
    /// # Errors
    /// As [`Replay::take`].
    pub fn end(mut self) -> Result<D> {
        self.apply_to(u64::MAX)?;
        self.colony.settle()?;
        Ok(self.colony)
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
