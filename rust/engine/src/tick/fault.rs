//! Injected faults: tests use them to make a chosen shard hang, panic or wait in a chosen phase of a chosen tick.
//!
//! A fault runs on the worker thread before the shard's work, and polls the attempt's cancel flag about every
//! millisecond, as all work does. It does not touch the asynchronous layer, so a test sees what a user sees when a
//! shard misbehaves.

use crate::lock::lock;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::sync::{Mutex, sleep};
use phago_core::cancel::Cancel;
use phago_core::ids::{ShardId, Tick};
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(1);

/// What a fault does to its shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Never ends, but polls the cancel flag.
    Hang,
    /// Sleeps this many milliseconds without polling anything, then continues with the work.
    HangDeaf {
        /// Duration in milliseconds.
        ms: u64,
    },
    /// Panics.
    Panic,
    /// Waits, polling, until another shard has entered the same phase of the same attempt, then continues with the
    /// work.
    Meet(ShardId),
}

/// One fault. With a tick it fires once, in that tick only, so that a second attempt runs clean. Without a tick it
/// fires in every tick until [`Faults::clear`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What it does.
    pub action: Action,
    /// The shard it strikes.
    pub shard: ShardId,
    /// The phase in which it fires. In Advance it fires before the commit, while the tick can still be undone.
    pub phase: Phase,
    /// The tick in which it fires.
    pub tick: Option<Tick>,
}

/// The faults that a runner will fire.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        lock(&self.0).push(fault);
    }

    /// Removes all that have not fired.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// Returns how many have not fired.
    pub fn count(&self) -> usize {
        lock(&self.0).len()
    }

    // Fires the faults that are due here. Every shard calls it in every phase, after it has entered.
    pub(crate) fn strike(
        &self,
        shard: ShardId,
        phase: Phase,
        tick: Tick,
        entered: &Entered,
        cancel: &Cancel,
    ) -> Result<()> {
        loop {
            let mut faults = lock(&self.0);
            let due = |fault: &Fault| fault.shard == shard && fault.phase == phase;
            if let Some(at) = faults.iter().position(|fault| due(fault) && fault.tick == Some(tick)) {
                // Removed before it fires: a panic or a hang must not fire again in the next attempt.
                let fault = faults.remove(at);
                drop(faults);
                fault.action.happen(phase, entered, cancel)?;
                continue;
            }
            let standing: Vec<Action> = faults
                .iter()
                .filter(|fault| due(fault) && fault.tick.is_none())
                .map(|fault| fault.action.clone())
                .collect();
            drop(faults);
            return standing.iter().try_for_each(|action| action.happen(phase, entered, cancel));
        }
    }
}

impl Action {
    fn happen(&self, phase: Phase, entered: &Entered, cancel: &Cancel) -> Result<()> {
        match self {
            Action::Hang => loop {
                cancel.poll()?;
                sleep(POLL);
            },
            // Not even a poll afterwards: what it does then must have no effect either.
            Action::HangDeaf { ms } => {
                sleep(Duration::from_millis(*ms));
                Ok(())
            }
            // Not `panic!`: the process's panic hook would print a trace for each injected panic and hide the real
            // ones. It unwinds as any panic does.
            Action::Panic => std::panic::resume_unwind(Box::new(format!("injected panic in {phase}"))),
            Action::Meet(other) => {
                while !entered.has(*other, phase) {
                    cancel.poll()?;
                    sleep(POLL);
                }
                Ok(())
            }
        }
    }
}

/// Which shard has entered which phase of an attempt.
#[derive(Debug)]
pub(crate) struct Entered(Vec<AtomicU8>);

impl Entered {
    pub(crate) fn new(shards: usize) -> Entered {
        Entered((0..shards).map(|_| AtomicU8::new(0)).collect())
    }

    pub(crate) fn enter(&self, shard: ShardId, phase: Phase) {
        if let Some(phases) = self.0.get(shard.index()) {
            phases.fetch_or(1 << phase as u8, Ordering::AcqRel);
        }
    }

    pub(crate) fn has(&self, shard: ShardId, phase: Phase) -> bool {
        self.0.get(shard.index()).is_some_and(|phases| phases.load(Ordering::Acquire) & 1 << phase as u8 != 0)
    }
}

/// Checks that a fault names shards of the ring.
///
/// # Errors
/// [`phago_core::Error::ShardNotFound`] naming the shards of the ring.
pub(crate) fn check(fault: &Fault, ring: &Ring) -> Result<()> {
    let known = |shard: ShardId| {
        let registered = || ring.names();
        if ring.contains(shard) { Ok(()) } else { Err(Error::ShardNotFound { shard, registered: registered() }) }
    };
    known(fault.shard)?;
    if let Action::Meet(other) = fault.action { known(other) } else { Ok(()) }
}
