//! A colony, written down as a whole.
//!
//! The columns are made while no tick is made and no input comes, which takes some two seconds for a million documents; compressing and
//! writing them goes on beside the work. No copy of the state is held meanwhile, as the next change would have to copy
//! whole shards then.

use crate::journal::{Encoded, Journal};
use crate::lock::lock;
use crate::store::Files;
use crate::world::{Inputs, World};
use phago_core::{Error, Result};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

// How long the end of a tick is waited for.
const TICK_MAX: Duration = Duration::from_secs(600);

impl World {
    /// Write the colony down as a whole, so that the log begins anew: it is opened faster then, and the files hold no
    /// more of what was deleted. Waits for the end of a tick that is being made.
    ///
    /// # Errors
    /// [`Error::Storage`], and then the files stand as before; [`Error::Busy`] for a colony that is not on disk.
    pub fn checkpoint(&self) -> Result<()> {
        let journal = self.kept()?;
        journal.wait_to_write();
        journal.write(self.columns(journal))
    }

    /// [`World::checkpoint`], after which no byte of a deleted document is in the files.
    ///
    /// # Errors
    /// [`Error::Busy`] while what a deleted document wired waits to be unwired by the next tick; those of
    /// [`World::checkpoint`].
    pub fn compact(&self) -> Result<()> {
        if self.read(|state| state.commons().unwiring() > 0)? {
            let what = "what deleted documents wired is unwired by the next tick; make one, then compact";
            return Err(Error::Busy { what: what.into() });
        }
        self.checkpoint()
    }

    /// Write the colony into another directory, as a colony of its own. It goes on working meanwhile.
    ///
    /// # Errors
    /// [`Error::Occupied`] where there is one; those of [`World::checkpoint`].
    pub fn snapshot(&self, target: Arc<dyn Files>) -> Result<()> {
        let journal = self.kept()?;
        let encoded = self.columns(journal)?;
        journal.with(|store| store.snapshot(encoded.mark(), target, |sections| encoded.put(sections)))
    }

    /// Keep everything up to now, idle ticks too.
    ///
    /// # Errors
    /// [`Error::Storage`]. For a colony in memory: nothing to do.
    pub fn seal(&self) -> Result<()> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.seal())
    }

    /// Keep everything and let go of the files, so that they may be opened again. Nothing is changed after that; questions
    /// are answered still.
    ///
    /// # Errors
    /// [`Error::Storage`] where the last idle ticks could not be kept, or the checkpoint that makes the next opening
    /// fast could not be written. The files are free all the same.
    pub fn close(&self) -> Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let is_open = journal.with(|_| Ok(())).is_ok();
        let written = if is_open && journal.is_due(true) { self.checkpoint() } else { Ok(()) };
        journal.close().and(written)
    }

    /// Why the last checkpoint that was written on its own failed, if it did; the log goes on without it.
    pub fn failed_checkpoint(&self) -> Option<Error> {
        self.journal.as_ref().and_then(|journal| journal.failed())
    }

    fn kept(&self) -> Result<&Arc<Journal>> {
        self.check_writable()?;
        let memory = || Error::Busy { what: "this colony lives in memory only; open one in a directory".into() };
        self.journal.as_ref().ok_or_else(memory)
    }

    // The colony as columns: now, or at the end of the tick that is being made.
    fn columns(&self, journal: &Journal) -> Result<Encoded> {
        if lock(&self.hands).is_some() {
            let what = "a tick is being made by hand; finish or abandon it first";
            return Err(Error::Busy { what: what.into() });
        }
        let later = {
            let mut inputs = lock(&self.inputs);
            if !inputs.is_running() {
                return journal.encode(&*self.state()?);
            }
            let (sender, later) = sync_channel(1);
            inputs.wanted.push(sender);
            later
        };
        let late = || Err(Error::Busy { what: format!("the tick being made did not end within {TICK_MAX:?}") });
        later.recv_timeout(TICK_MAX).unwrap_or_else(|_| late())
    }

    /// Give the colony as columns to whoever waits for them. No tick is being made.
    pub(crate) fn hand_out(&self, inputs: &mut Inputs) {
        for waiting in std::mem::take(&mut inputs.wanted) {
            let encoded = match &self.journal {
                Some(journal) => self.state().and_then(|state| journal.encode(&state)),
                None => return,
            };
            // Nobody waits any more: nothing is lost.
            let _ = waiting.send(encoded);
        }
    }

    /// Write a checkpoint beside the work, once the log has become long. No tick is being made when it begins.
    pub(crate) fn checkpoint_if_due(&self, inputs: &mut Inputs) {
        let Some(journal) = self.journal.as_ref().filter(|journal| journal.is_due(false)) else { return };
        if inputs.is_running() || !journal.begin_writing() {
            return;
        }
        let encoded = self.state().and_then(|state| journal.encode(&state));
        let beside = Arc::clone(journal);
        // An error is kept for who asks; the log goes on without a checkpoint, and the next one is tried when it is due.
        let write = move || drop(beside.write(encoded));
        if std::thread::Builder::new().name("phago-checkpoint".into()).spawn(write).is_err() {
            drop(journal.write(Err(Error::Busy { what: "no thread could be had to write a checkpoint".into() })));
        }
    }
}
