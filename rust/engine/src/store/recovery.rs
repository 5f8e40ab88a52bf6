//! Opens a colony's files to write: checks to which colony they belong and what is acknowledged, and removes what a
//! cut-off write left.
//!
//! 1. A later format is refused before anything is touched. Then the lock is taken.
//! 2. The witness names the generation. The header of its log must match it, and the checkpoint must match the header.
//! 3. Records are read in order. At the record that the witness names, offset and chain must be the witness's. A bad
//!    record before it is damage.
//! 4. Records beyond the witness were written and perhaps never acknowledged; intact ones are kept. What follows is a
//!    torn tail, and is cut off.
//! 5. What is kept beyond the witness is written and synced again: after a failed sync in an earlier process it may be
//!    readable and not on the disk. Then the witness moves up to it, and other generations are removed.

use super::checkpoint::Checkpoint;
use super::files::{File, Files, Lock, Open, Refused};
use super::format::{Magic, PAGE_BYTES, WITNESS, log_name};
use super::header::{Header, Point};
use super::layout::{
    copy, fresh_uuid, is_colony, is_unfinished, lay_log, open_witness, remove_if_there, remove_others, take_lock,
};
use super::log::{LogReader, Next};
use super::options::{Mutant, Options};
use super::record::{Kind, Record};
use super::testified::{check_testimony, open_log};
use super::witness::{self, Testimony, Witness};
use super::writer::{Recovered, Store};
use phago_core::{Error, Result};
use std::io::ErrorKind;
use std::sync::Arc;

/// A colony's files while they are being opened: read the checkpoint, then the records, then call [`Recovery::finish`].
#[derive(Debug)]
pub struct Recovery {
    files: Arc<dyn Files>,
    options: Options,
    held: Box<dyn Lock>,
    header: Header,
    checkpoint: Option<Checkpoint>,
    witness: (Box<dyn File>, Testimony, u32),
    log: LogReader,
    settled: u64,
    /// Whether everything was read.
    ended: bool,
}

impl Recovery {
    /// Opens a colony. If there is none, makes one with these settings, or returns an error if there are no settings.
    ///
    /// # Errors
    /// [`Error::NoColony`], [`Error::Locked`], [`Error::Version`], [`Error::Corruption`], or [`Error::Storage`] if the
    /// system refused a call.
    pub fn open(files: Arc<dyn Files>, options: Options, new: Option<&[u8]>) -> Result<Recovery> {
        if !is_colony(&*files)? {
            if new.is_none() {
                return Err(Error::NoColony { path: files.path() });
            }
            files.create_dir().refused(&*files, "", "make")?;
        }
        // A directory of a later format is not touched, and neither is its lock.
        if let Err(error @ Error::Version { .. }) = read_witness(&*files, Open::Read) {
            return Err(error);
        }
        let held = take_lock(&*files)?;
        let found = match read_witness(&*files, Open::Write) {
            Err(Error::Corruption { .. }) if is_unfinished(&*files)? => {
                // Whoever makes none takes none for made either: what looks so may have been cut later.
                let Some(new) = new else { return Err(Error::NoColony { path: files.path() }) };
                create(&*files, new)?;
                read_witness(&*files, Open::Write)?
            }
            found => found?,
        };
        let (mut log, header, checkpoint) = open_log(&files, &found.1, Open::Write)?;
        log.checked = options.mutant != Some(Mutant::ChainUnchecked);
        let settled = header.base.sequence;
        Ok(Recovery { files, options, held, header, checkpoint, witness: found, log, settled, ended: false })
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

    /// Returns the next record, or `None` after the last.
    // Not an iterator: an error ends it.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>> {
        if self.ended {
            return Ok(None);
        }
        let testimony = self.witness.1;
        let acknowledged = self.log.point.sequence < testimony.point.sequence;
        match self.log.next(&*self.files)? {
            Next::Record(record) => {
                check_testimony(&*self.files, &self.log, &testimony)?;
                if record.kind != Kind::IDLE {
                    self.settled = record.sequence;
                }
                return Ok(Some(record));
            }
            Next::End if acknowledged => {
                let reason = format!("it ends here, and record {} was acknowledged", testimony.point.sequence);
                return Err(self.log.damaged(&*self.files, reason));
            }
            Next::Bad(reason) if acknowledged => return Err(self.log.damaged(&*self.files, reason)),
            Next::End | Next::Bad(_) => self.ended = true,
        }
        Ok(None)
    }

    /// Reads the rest, cuts off the torn tail, and returns the store that continues the log.
    pub fn finish(mut self) -> Result<Store> {
        while self.next()?.is_some() {}
        let files = &*self.files;
        let (file, testimony, slot) = self.witness;
        let LogReader { file: log, name, offset, point, .. } = self.log;
        if log.length().refused(files, &name, "read")? > offset && self.options.mutant != Some(Mutant::TailLeft) {
            log.set_len(offset).refused(files, &name, "cut")?;
        }
        if self.options.mutant != Some(Mutant::TailTrusted) {
            let beyond = offset - testimony.offset;
            copy(files, (&*log, &name, testimony.offset), (&*log, &name, testimony.offset), beyond)?;
            log.sync().refused(files, &name, "sync")?;
        }
        files.sync_dir().refused(files, "", "sync")?;
        let mut witness = Witness::resume(file, testimony, slot);
        witness.mend(files)?;
        witness.advance(files, self.header.generation, point, offset)?;
        remove_others(files, self.header.generation)?;
        Ok(Store::start(Recovered {
            files: self.files,
            options: self.options,
            header: self.header,
            log,
            end: point,
            offset,
            settled: self.settled,
            witness,
            held: self.held,
        }))
    }
}

/// Reads the witness. If it is missing, that is damage.
fn read_witness(files: &dyn Files, open: Open) -> Result<(Box<dyn File>, Testimony, u32)> {
    let file = open_witness(files, open)?;
    let (testimony, slot, _) = witness::read(files, &*file)?;
    Ok((file, testimony, slot))
}

// Makes a colony, or completes its making.
fn create(files: &dyn Files, settings: &[u8]) -> Result<()> {
    let first = log_name(0);
    let found = match files.open(&first, Open::Read) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        file => Header::read_unwitnessed(files, &first, &*file.refused(files, &first, "open")?)?,
    };
    let header = match found {
        // Settings that were already written stay: another process may have read them.
        Some(header) if header.generation == 0 => header,
        _ => Header {
            uuid: fresh_uuid(files)?,
            generation: 0,
            base: Point::default(),
            checkpoint: None,
            settings: settings.to_vec(),
        },
    };
    // A directory that cannot hold these settings is not touched.
    header.encode(Magic::Log)?;
    remove_if_there(files, &first)?;
    remove_if_there(files, WITNESS)?;
    lay_log(files, &header)?;
    let (uuid, offset) = (header.uuid, PAGE_BYTES as u64);
    Witness::create(files, Testimony { uuid, count: 0, generation: 0, point: header.base, offset })?;
    files.sync_dir().refused(files, "", "sync")
}
