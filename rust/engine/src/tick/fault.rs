//! Faults on order: the hook by which a test hangs, kills or holds up a chosen shard in a chosen phase of a chosen
//! tick.
//!
//! A fault runs on the worker thread, inside the shard's work and before it, and polls the attempt's cancel flag about
//! every millisecond like all work. It never touches the asynchronous layer, so what a test sees is what a user of a
//! shard that misbehaves would see.

use crate::lock::lock;
use phago_core::cancel::Cancel;
use phago_core::ids::{ShardId, Tick};
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

const POLL: Duration = Duration::from_millis(1);

/// What a fault does to its shard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Action {
    /// Never finish, but poll the cancel flag.
    Hang,
    /// Sleep this many milliseconds without polling anything, then go on with the work.
    HangDeaf {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// Panic.
    Panic,
    /// Wait, polling, until another shard has entered the same phase of the same attempt, then go on with the work.
    Meet(ShardId),
}

/// One fault. With a tick it fires once, in that tick only, so that a tick made again runs clean; without one it
/// fires in every tick until [`Faults::clear`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// What happens.
    pub action: Action,
    /// To which shard.
    pub shard: ShardId,
    /// In which phase. In Advance it happens before the commit, while the tick can still be undone.
    pub phase: Phase,
    /// In the making of which tick.
    pub tick: Option<Tick>,
}

/// The faults a runner has on order.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    /// Order a fault.
    pub fn add(&self, fault: Fault) {
        lock(&self.0).push(fault);
    }

    /// Forget all that have not fired.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// How many are on order.
    pub fn count(&self) -> usize {
        lock(&self.0).len()
    }

    // Let the faults due here happen. Every shard calls it in every phase, after it has entered.
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
                // Taken before it happens: a panic or a hang must not fire again when the tick is made again.
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
                std::thread::sleep(POLL);
            },
            Action::HangDeaf { ms } => {
                std::thread::sleep(Duration::from_millis(*ms));
                cancel.poll()
            }
            // Not `panic!`: the hook of the process would print a trace for a fault that a test ordered, and a
            // real panic would drown in them. The rest of its way is that of any panic.
            Action::Panic => std::panic::resume_unwind(Box::new(format!("injected panic in {phase}"))),
            Action::Meet(other) => {
                while !entered.has(*other, phase) {
                    cancel.poll()?;
                    std::thread::sleep(POLL);
                }
                Ok(())
            }
        }
    }
}

/// Which shard has entered which phase of one attempt.
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

/// Check that a fault names shards of the ring.
///
/// # Errors
/// [`phago_core::Error::ShardNotFound`] naming the shards there are.
pub(crate) fn check(fault: &Fault, ring: &Ring) -> Result<()> {
    let known = |shard: ShardId| {
        let registered = || ring.names();
        if ring.contains(shard) { Ok(()) } else { Err(Error::ShardNotFound { shard, registered: registered() }) }
    };
    known(fault.shard)?;
    if let Action::Meet(other) = fault.action { known(other) } else { Ok(()) }
}
