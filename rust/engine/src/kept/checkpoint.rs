//! Checkpoints of a colony.
//!
//! The columns are made while no tick runs and no input is accepted, which takes some two seconds for a million
//! documents; they are compressed and written while the colony works. No reference to the state is held meanwhile,
//! because the next change would then have to copy whole shards.

use crate::journal::{Encoded, Journal};
use crate::lock::lock;
use crate::store::Files;
use crate::sync::mpsc::sync_channel;
use crate::sync::{Arc, thread};
use crate::world::{Inputs, World};
use phago_core::{Error, Result};
use std::time::Duration;

// The longest wait for the end of a tick.
const TICK_MAX: Duration = Duration::from_secs(600);

impl World {
    /// Writes a checkpoint, so that the log begins anew: the colony then opens faster, and the files hold no more of
    /// what was deleted. Waits for the end of a running tick.
    ///
    /// # Errors
    /// [`Error::Storage`], and then the files stay as they were; [`Error::Busy`] for a colony that is not on disk.
    pub fn checkpoint(&self) -> Result<()> {
        let journal = self.kept()?;
        journal.wait_to_write();
        journal.write(self.columns(journal))
    }

    /// Does what [`World::checkpoint`] does. After it, the files hold no byte of a deleted document.
    ///
    /// # Errors
    /// [`Error::Busy`] while the wiring of a deleted document waits for the next tick to remove it; those of
    /// [`World::checkpoint`].
    pub fn compact(&self) -> Result<()> {
        if self.read(|state| state.commons().unwiring() > 0)? {
            let what = "what deleted documents wired is unwired by the next tick; make one, then compact";
            return Err(Error::Busy { what: what.into() });
        }
        self.checkpoint()
    }

    /// Writes the colony into another directory, as a colony of its own. It goes on working meanwhile.
    ///
    /// # Errors
    /// [`Error::Occupied`] if there is one already; those of [`World::checkpoint`].
    pub fn snapshot(&self, target: Arc<dyn Files>) -> Result<()> {
        let journal = self.kept()?;
        let encoded = self.columns(journal)?;
        journal.with(|store| store.snapshot(encoded.mark(), target, |sections| encoded.put(sections)))
    }

    /// Makes everything so far durable, including idle ticks. Does nothing for a colony in memory.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub fn seal(&self) -> Result<()> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.seal())
    }

    /// Makes everything durable and closes the files, so that they can be opened again. After that the colony accepts
    /// no change, but still answers questions.
    ///
    /// Returns why what speeds up the next opening was not written, if it was not, as on a full disk: nothing is lost.
    ///
    /// # Errors
    /// [`Error::Storage`] if the last idle ticks could not be made durable. The files are closed all the same.
    pub fn close(&self) -> Result<Option<Error>> {
        let Some(journal) = &self.journal else { return Ok(None) };
        if self.remote.is_some() {
            // The columns are still with the nodes, which end.
            journal.wait_until_written();
        }
        let is_open = journal.with(|_| Ok(())).is_ok();
        let written = if is_open && journal.is_due(true) { self.checkpoint() } else { Ok(()) };
        let ended = journal.close();
        if let Some(remote) = &self.remote {
            remote.close();
        }
        Ok(written.err().or(ended?))
    }

    /// Returns why the last automatic checkpoint failed, if it did. The log goes on without it.
    pub fn failed_checkpoint(&self) -> Option<Error> {
        self.journal.as_ref().and_then(|journal| journal.failed())
    }

    fn kept(&self) -> Result<&Arc<Journal>> {
        self.check_writable()?;
        let memory = || Error::Busy { what: "this colony lives in memory only; open one in a directory".into() };
        self.journal.as_ref().ok_or_else(memory)
    }

    // Returns the colony's columns: now, or at the end of the running tick.
    fn columns(&self, journal: &Journal) -> Result<Encoded> {
        if lock(&self.hands).is_some() {
            let what = "a tick is being made by hand; finish or abandon it first";
            return Err(Error::Busy { what: what.into() });
        }
        if let Some(remote) = &self.remote {
            return remote.columns(self, journal);
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

    /// Sends the colony's columns to whoever waits for them. No tick runs.
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

    /// Writes a checkpoint in the background if the log has become long. No tick runs when it begins.
    pub(crate) fn checkpoint_if_due(&self, inputs: &mut Inputs) {
        let Some(journal) = self.journal.as_ref().filter(|journal| journal.is_due(false)) else { return };
        if inputs.is_running() || !journal.begin_writing() {
            return;
        }
        let encoded = self.state().and_then(|state| journal.encode(&state));
        let beside = Arc::clone(journal);
        // The journal keeps the error for [`World::failed_checkpoint`]. The log goes on, and the next checkpoint is
        // tried when it is due.
        let write = move || drop(beside.write(encoded));
        if thread::Builder::new().name("phago-checkpoint".into()).spawn(write).is_err() {
            drop(journal.write(Err(Error::Busy { what: "no thread could be had to write a checkpoint".into() })));
        }
    }
}
