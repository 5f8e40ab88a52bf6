//! Opens a colony's files to read, while a writer in another process may continue.
//!
//! It reads the witness first, then the log up to the point that the witness names. In the other order, a record
//! written in between would look like damage. It takes no lock and writes nothing.

use super::checkpoint::Checkpoint;
use super::files::{Files, Open};
use super::format::{WITNESS, corruption};
use super::header::Header;
use super::layout::{is_colony, is_unfinished, open_witness};
use super::log::{LogReader, Next};
use super::record::Record;
use super::testified::{check_testimony, open_log};
use super::witness::{self, Testimony};
use crate::sync::{Arc, thread};
use phago_core::{Error, Result};

// How often the opening, or the reading of a slot, starts again because a writer interfered: with a new generation, or
// with a write of that slot.
const ATTEMPTS_MAX: usize = 16;

// Returns what the witness says. A slot that stays broken is damage: the other one may be older, and the reader would
// miss later records without notice.
fn look(files: &dyn Files) -> Result<Testimony> {
    let file = open_witness(files, Open::Read)?;
    for _ in 0..ATTEMPTS_MAX {
        let (testimony, _, is_last) = witness::read(files, &*file)?;
        if is_last {
            return Ok(testimony);
        }
        thread::yield_now();
    }
    Err(corruption(files, WITNESS, "one of its slots", "is not what was written; opening it to write mends it"))
}

/// A colony's files, open for reading.
#[derive(Debug)]
pub struct Reader {
    files: Arc<dyn Files>,
    testimony: Testimony,
    header: Header,
    checkpoint: Option<Checkpoint>,
    log: LogReader,
}

/// What a new reading of the witness showed.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Refreshed {
    /// There may be more records; [`Reader::next`] returns them.
    Further,
    /// A new generation has begun. What was read stays valid; later records need a new [`Reader`].
    Anew,
}

impl Reader {
    /// Opens a colony to read.
    ///
    /// # Errors
    /// [`Error::NoColony`], [`Error::Version`], [`Error::Corruption`], or [`Error::Storage`] if the system refused a
    /// call.
    pub fn open(files: Arc<dyn Files>) -> Result<Reader> {
        if !is_colony(&*files)? {
            return Err(Error::NoColony { path: files.path() });
        }
        let mut attempt = 1;
        loop {
            let testimony = match look(&*files) {
                Err(Error::Corruption { .. }) if is_unfinished(&*files)? => {
                    return Err(Error::NoColony { path: files.path() });
                }
                testimony => testimony?,
            };
            match open_log(&files, &testimony, Open::Read) {
                Ok((log, header, checkpoint)) => return Ok(Reader { files, testimony, header, checkpoint, log }),
                Err(error) => {
                    // A writer that begins a new generation removes the files that the witness named.
                    let now = look(&*files)?;
                    if now.generation == testimony.generation || attempt == ATTEMPTS_MAX {
                        return Err(error);
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// Returns the settings with which the colony was made.
    pub fn settings(&self) -> &[u8] {
        &self.header.settings
    }

    /// Returns the checkpoint before the records, if there is one.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// Returns the number of the last record in the checkpoint; the log's records follow it.
    pub fn base(&self) -> u64 {
        self.header.base.sequence
    }

    /// Returns the next record that was acknowledged when the witness was last read, or `None` after the last.
    // Not an iterator: more may follow after the end.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>> {
        if self.log.point.sequence == self.testimony.point.sequence {
            return Ok(None);
        }
        match self.log.next(&*self.files)? {
            Next::Record(record) => {
                check_testimony(&*self.files, &self.log, &self.testimony)?;
                Ok(Some(record))
            }
            Next::End => Err(self.log.damaged(&*self.files, "it ends here, and more was acknowledged")),
            Next::Bad(reason) => Err(self.log.damaged(&*self.files, reason)),
        }
    }

    /// Reads the witness again.
    pub fn refresh(&mut self) -> Result<Refreshed> {
        let now = look(&*self.files)?;
        if (now.uuid, now.generation) != (self.testimony.uuid, self.testimony.generation) {
            return Ok(Refreshed::Anew);
        }
        // A slot that is being written may be unreadable; then the other one, which is older, was read.
        if now.point.sequence > self.testimony.point.sequence {
            self.testimony = now;
            self.log.forget();
        }
        Ok(Refreshed::Further)
    }
}
