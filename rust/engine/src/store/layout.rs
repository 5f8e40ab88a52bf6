//! Operations on a colony's directory as a whole, and on its files before they are read.

use super::files::{File, Files, Lock, Open, Refused};
use super::format::{LOCK, Magic, PAGE_BYTES, Uuid, WITNESS, corruption, generation_of, log_name};
use super::header::Header;
use super::witness::SLOTS;
use phago_core::{Error, Result};
use std::io::ErrorKind;

// How much of a log is copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Returns whether a file is one of a colony's, except the lock.
pub(super) fn is_ours(name: &str) -> bool {
    name == WITNESS || generation_of(name).is_some()
}

/// Returns whether the directory holds a colony, or remains of one.
pub(super) fn is_colony(files: &dyn Files) -> Result<bool> {
    match files.list() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        names => Ok(names.refused(files, "", "list")?.iter().any(|name| is_ours(name))),
    }
}

/// Returns whether the making of a colony was cut off before it could acknowledge anything, where its witness cannot be
/// read: there is at most the header of the first log, and neither file holds what others wrote.
pub(super) fn is_unfinished(files: &dyn Files) -> Result<bool> {
    let first = log_name(0);
    for name in files.list().refused(files, "", "list")? {
        if is_ours(&name) && name != WITNESS && name != first {
            return Ok(false);
        }
    }
    let pages = [(WITNESS, Magic::Witness, u64::from(SLOTS)), (&*first, Magic::Log, 1)];
    for (name, magic, pages) in pages {
        let file = match files.open(name, Open::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            file => file.refused(files, name, "open")?,
        };
        let mut begins = [0; 8];
        let read = file.read_full(0, &mut begins).refused(files, name, "read")?;
        let length = file.length().refused(files, name, "read")?;
        if length > pages * PAGE_BYTES as u64 || !magic.is_begun(&begins[..read]) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens the witness. If it is missing, that is damage.
pub(super) fn open_witness(files: &dyn Files, open: Open) -> Result<Box<dyn File>> {
    match files.open(WITNESS, open) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(corruption(files, WITNESS, "its name", "it is missing"))
        }
        file => file.refused(files, WITNESS, "open"),
    }
}

/// Takes the lock of a directory.
pub(super) fn take_lock(files: &dyn Files) -> Result<Box<dyn Lock>> {
    let since = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    let note = format!("{} {since}\n", std::process::id());
    match files.lock(LOCK, &note).refused(files, LOCK, "lock")? {
        Some(held) => Ok(held),
        None => {
            let (pid, since) = read_note(files).unwrap_or_default();
            Err(Error::Locked { path: files.path(), pid, since })
        }
    }
}

// Returns as much of the note as can be read: it is for a message only.
fn read_note(files: &dyn Files) -> Option<(Option<u32>, Option<String>)> {
    let mut note = [0; 64];
    let read = files.open(LOCK, Open::Read).ok()?.read_full(0, &mut note).ok()?;
    let (pid, since) = std::str::from_utf8(&note[..read]).ok()?.trim_end().split_once(' ')?;
    Some((pid.parse().ok(), Some(since.to_owned())))
}

/// Writes a log without records, and makes it and its name durable.
pub(super) fn lay_log(files: &dyn Files, header: &Header) -> Result<Box<dyn File>> {
    let name = log_name(header.generation);
    let page = header.encode(Magic::Log)?;
    let file = files.open(&name, Open::Create).refused(files, &name, "make")?;
    file.write_full(0, &page).refused(files, &name, "write")?;
    file.sync().refused(files, &name, "sync")?;
    files.sync_dir().refused(files, "", "sync")?;
    Ok(file)
}

/// Returns 128 random bits.
pub(super) fn fresh_uuid(files: &dyn Files) -> Result<Uuid> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|cause| Error::Storage {
        path: files.path(),
        attempted: "draw random bits for".to_owned(),
        cause: cause.to_string(),
    })?;
    Ok(Uuid::from_le_bytes(bytes))
}

/// Removes a file that may be missing.
pub(super) fn remove_if_there(files: &dyn Files, name: &str) -> Result<()> {
    match files.remove(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.refused(files, name, "remove"),
    }
}

/// Copies bytes from an offset of a file to an offset of the same or another file.
pub(super) fn copy(
    files: &dyn Files,
    (from, from_name, at): (&dyn File, &str, u64),
    (to, to_name, into): (&dyn File, &str, u64),
    count: u64,
) -> Result<()> {
    let mut buffer = vec![0; COPY_BYTES.min(count as usize)];
    let mut done = 0;
    while done < count {
        let some = buffer.len().min((count - done) as usize);
        let read = from.read_full(at + done, &mut buffer[..some]).refused(files, from_name, "read")?;
        if read < some {
            return Err(corruption(files, from_name, format!("byte {}", at + done), "it has become shorter"));
        }
        to.write_full(into + done, &buffer[..some]).refused(files, to_name, "write")?;
        done += some as u64;
    }
    Ok(())
}

/// Removes the files of all other generations.
pub(super) fn remove_others(files: &dyn Files, generation: u64) -> Result<()> {
    let names = files.list().refused(files, "", "list")?;
    let mut removed = false;
    for name in names.iter().filter(|name| generation_of(name).is_some_and(|found| found != generation)) {
        files.remove(name).refused(files, name, "remove")?;
        removed = true;
    }
    if removed { files.sync_dir().refused(files, "", "sync") } else { Ok(()) }
}
