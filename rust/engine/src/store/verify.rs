//! Reads every byte of a colony's files, and reports what is damaged and where.

use super::checkpoint::Checkpoint;
use super::files::{File, Files, Open, Refused};
use super::format::{Magic, WITNESS, corruption, generation_of, log_name};
use super::header::Header;
use super::layout::{is_colony, is_unfinished, open_witness};
use super::log::{LogReader, Next};
use super::testified::check_testimony;
use super::witness::{self, SLOTS};
use phago_core::{Error, Result};
use std::sync::Arc;

/// The result of [`verify`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verified {
    /// The size of the files, in bytes.
    pub bytes: u64,
    /// The number of intact records.
    pub records: u64,
    /// The number of intact sections of the checkpoint.
    pub sections: u64,
    /// The bytes behind the last intact record: a write that was cut off, or is under way, without the zeros behind it.
    /// This is not damage.
    pub torn_bytes: u64,
    /// The damage, as errors that name file and offset. Files that are not the colony's are ignored.
    pub damage: Vec<Error>,
}

/// Reads every byte. A writer in another process may continue meanwhile, unless it begins a new generation.
///
/// # Errors
/// [`Error::NoColony`], [`Error::Version`], or [`Error::Storage`] if the system refused a call. Damage is not an error
/// here, but part of the result.
pub fn verify(files: &Arc<dyn Files>) -> Result<Verified> {
    let mut found = Verified::default();
    if !is_colony(&**files)? {
        return Err(Error::NoColony { path: files.path() });
    }
    let witness = open_witness(&**files, Open::Read);
    let Some(witness) = found.told(witness)? else { return found.unless_unfinished(files) };
    found.look_at_witness(&**files, &*witness)?;
    // That neither slot is intact was reported before.
    let [first, second] = [witness::slot(&**files, &*witness, 0)?, witness::slot(&**files, &*witness, 1)?];
    let last = [first, second].into_iter().flatten().max_by_key(|said| said.count);
    let Some(testimony) = last else { return found.unless_unfinished(files) };
    let log_of = log_name(testimony.generation);
    for name in files.list().refused(&**files, "", "list")? {
        let Some(generation) = generation_of(&name) else { continue };
        // A generation that was never reached, or is not yet removed, holds no part of the colony.
        if generation != testimony.generation {
            continue;
        }
        let file = files.open(&name, Open::Read).refused(&**files, &name, "open")?;
        found.bytes += file.length().refused(&**files, &name, "read")?;
    }
    let file = match files.open(&log_of, Open::Read) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            found.damage.push(corruption(&**files, &log_of, "its name", "it is missing"));
            return Ok(found);
        }
        file => file.refused(&**files, &log_of, "open")?,
    };
    let header = Header::read(&**files, &log_of, &*file, Magic::Log, testimony.uuid, testimony.generation);
    let Some(header) = found.told(header)? else { return Ok(found) };
    let checkpoint = header.checkpoint.map(|named| Checkpoint::open(Arc::clone(files), &header, named));
    if let Some(Some(checkpoint)) = checkpoint.map(|opened| found.told(opened)).transpose()? {
        for id in checkpoint.sections() {
            if found.told(checkpoint.section(id))?.is_some() {
                found.sections += 1;
            }
        }
    }
    let length = file.length().refused(&**files, &log_of, "read")?;
    let mut log = LogReader::new(Arc::from(file), log_of, header.base);
    if found.told(check_testimony(&**files, &log, &testimony))?.is_none() {
        return Ok(found);
    }
    loop {
        let next = log.next(&**files)?;
        let acknowledged = log.point.sequence < testimony.point.sequence;
        match next {
            Next::Record(_) => {
                found.records += 1;
                if found.told(check_testimony(&**files, &log, &testimony))?.is_none() {
                    return Ok(found);
                }
            }
            Next::Bad(reason) if acknowledged => {
                found.damage.push(log.damaged(&**files, reason));
                return Ok(found);
            }
            Next::End if acknowledged => {
                found.damage.push(log.damaged(&**files, "it ends here, and more was acknowledged"));
                return Ok(found);
            }
            Next::Bad(_) | Next::End => {
                found.torn_bytes = written(&**files, &log, length)?;
                return Ok(found);
            }
        }
    }
}

// Returns the bytes behind the last record up to the last one that is not zero: the rest is room for more.
fn written(files: &dyn Files, log: &LogReader, length: u64) -> Result<u64> {
    let mut bytes = vec![0; 1 << 16];
    let (mut at, mut end) = (log.offset, log.offset);
    while at < length {
        let wanted = bytes.len().min((length - at) as usize);
        let read = log.file.read_full(at, &mut bytes[..wanted]).refused(files, &log.name, "read")?;
        if read == 0 {
            break;
        }
        if let Some(last) = bytes[..read].iter().rposition(|byte| *byte != 0) {
            end = at + last as u64 + 1;
        }
        at += read as u64;
    }
    Ok(end - log.offset)
}

impl Verified {
    // A colony whose making was cut off is none yet, and the next opening to write makes it.
    fn unless_unfinished(self, files: &Arc<dyn Files>) -> Result<Verified> {
        if is_unfinished(&**files)? { Err(Error::NoColony { path: files.path() }) } else { Ok(self) }
    }

    // Adds damage to the result; any other error ends the reading.
    fn told<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error @ Error::Corruption { .. }) => {
                self.damage.push(error);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn look_at_witness(&mut self, files: &dyn Files, file: &dyn File) -> Result<()> {
        self.bytes += file.length().refused(files, WITNESS, "read")?;
        for slot in 0..SLOTS {
            let other = witness::slot(files, file, 1 - slot)?;
            let told = witness::slot(files, file, slot).and_then(|found| {
                let written = found.is_some() || witness::is_unwritten(files, file, slot, other)?;
                let whole = written && witness::is_blank_behind(files, file, slot)?;
                let other = if other.is_some() { "the other slot stands" } else { "neither is the other slot" };
                let reason = format!("is not what was written; {other}");
                if whole { Ok(()) } else { Err(corruption(files, WITNESS, format!("slot {slot}"), reason)) }
            });
            self.told(told)?;
        }
        Ok(())
    }
}
