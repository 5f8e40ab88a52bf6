//! The log that a witness names: opened with its checkpoint, and checked against the witness.

use super::checkpoint::Checkpoint;
use super::files::{Files, Open, Refused};
use super::format::{Magic, PAGE_BYTES, corruption, log_name};
use super::header::Header;
use super::log::LogReader;
use super::witness::Testimony;
use phago_core::Result;
use std::io::ErrorKind;
use std::sync::Arc;

/// Opens the log that a witness names, and the checkpoint that it continues.
pub(super) fn open_log(
    files: &Arc<dyn Files>,
    testimony: &Testimony,
    open: Open,
) -> Result<(LogReader, Header, Option<Checkpoint>)> {
    let name = log_name(testimony.generation);
    let file = match files.open(&name, open) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(corruption(&**files, &name, "its name", "the witness names it, and it is missing"));
        }
        file => file.refused(&**files, &name, "open")?,
    };
    let header = Header::read(&**files, &name, &*file, Magic::Log, testimony.uuid, testimony.generation)?;
    let checkpoint = match header.checkpoint {
        Some(named) => Some(Checkpoint::open(Arc::clone(files), &header, named)?),
        None => None,
    };
    let log = LogReader::new(Arc::from(file), name, header.base);
    check_testimony(&**files, &log, testimony)?;
    Ok((log, header, checkpoint))
}

/// Checks that a log, as far as it was read, agrees with the witness.
pub(super) fn check_testimony(files: &dyn Files, log: &LogReader, testimony: &Testimony) -> Result<()> {
    let (found, said) = (log.point.sequence, testimony.point.sequence);
    let fits = match found.cmp(&said) {
        std::cmp::Ordering::Less => log.offset < testimony.offset,
        std::cmp::Ordering::Equal => log.offset == testimony.offset && log.point == testimony.point,
        // The witness says nothing about records beyond its point, but the header's base is never beyond it.
        std::cmp::Ordering::Greater => log.offset > PAGE_BYTES as u64,
    };
    if fits {
        Ok(())
    } else {
        Err(log.damaged(files, format!("what was acknowledged up to record {said} is not this")))
    }
}
