//! Opening a colony's files to read, beside a writer in another process.
//!
//! The witness is read first, then the log up to it and no further. The other way round, a record that was written in between would
//! look like damage. No lock is taken, and nothing is written.

use super::checkpoint::Checkpoint;
use super::files::{Files, Open};
use super::format::{WITNESS, corruption};
use super::header::Header;
use super::layout::{is_colony, open_witness};
use super::log::{LogReader, Next};
use super::record::Record;
use super::testified::{check_testimony, open_log};
use super::witness::{self, Testimony};
use phago_core::{Error, Result};
use std::sync::Arc;

// How often a writer may begin a new generation while one opening looks on, or write a slot while it is read.
const ATTEMPTS_MAX: usize = 16;

// What the witness says. A slot that stays broken is damage: the other one may be older, and what came since would be missed
// silently.
fn look(files: &dyn Files) -> Result<Testimony> {
    let file = open_witness(files, Open::Read)?;
    for _ in 0..ATTEMPTS_MAX {
        let (testimony, _, both) = witness::read(files, &*file)?;
        if both {
            return Ok(testimony);
        }
        std::thread::yield_now();
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

/// What a look at the witness showed.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Refreshed {
    /// There may be more records; [`Reader::next`] gives them.
    Further,
    /// A new generation has begun: what was read stands, and what follows is read by opening anew.
    Anew,
}

impl Reader {
    /// Open a colony to read.
    ///
    /// # Errors
    /// [`Error::NoColony`], [`Error::Version`], [`Error::Corruption`], or [`Error::Storage`] where the system refused.
    pub fn open(files: Arc<dyn Files>) -> Result<Reader> {
        if !is_colony(&*files)? {
            return Err(Error::NoColony { path: files.path() });
        }
        let mut attempt = 1;
        loop {
            let testimony = look(&*files)?;
            match open_log(&files, &testimony, Open::Read) {
                Ok((log, header, checkpoint)) => return Ok(Reader { files, testimony, header, checkpoint, log }),
                Err(error) => {
                    // A writer that has begun a new generation has removed what the witness spoke of.
                    let now = look(&*files)?;
                    if now.generation == testimony.generation || attempt == ATTEMPTS_MAX {
                        return Err(error);
                    }
                    attempt += 1;
                }
            }
        }
    }

    /// What the colony was made with.
    pub fn settings(&self) -> &[u8] {
        &self.header.settings
    }

    /// The checkpoint before the records, if there is one.
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.checkpoint.as_ref()
    }

    /// The number of the last record that the checkpoint holds; records follow from there.
    pub fn base(&self) -> u64 {
        self.header.base.sequence
    }

    /// The next record that was acknowledged when the witness was last looked at; `None` after the last.
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

    /// Look at the witness again.
    pub fn refresh(&mut self) -> Result<Refreshed> {
        let now = look(&*self.files)?;
        if (now.uuid, now.generation) != (self.testimony.uuid, self.testimony.generation) {
            return Ok(Refreshed::Anew);
        }
        // A slot that is being written may hide; then the other one, which is older, was read.
        if now.point.sequence > self.testimony.point.sequence {
            self.testimony = now;
            self.log.forget();
        }
        Ok(Refreshed::Further)
    }
}
