//! Writes a log to its end, with room ahead.
//!
//! A sync of a file that has grown must also make its new length durable, which on ext4 takes half as long again as the
//! sync of bytes that were there before. So a small write is followed by zeros, up to which later ones are no growth.
//! To a reader of the log, zeros are a tail that was cut off: no record begins with them. Room that was allocated and
//! not written would gain nothing, as its first write changes what the file system knows of it.

use super::files::File;
use super::format::PAGE_BYTES;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU64, Ordering};
use std::io;

// The room is a quarter of the log, within these bounds: less would be used up soon, more would be empty space on disk.
const ROOM_BYTES_MIN: u64 = 16 << 10;
const ROOM_BYTES_MAX: u64 = 256 << 10;
// What a large write costs is its bytes.
const LARGE_BYTES: usize = 32 << 10;

/// A log that is open for writing. Only one caller writes at a time.
#[derive(Debug)]
pub(super) struct Appender {
    pub(super) file: Arc<dyn File>,
    /// How long the file is.
    length: AtomicU64,
}

impl Appender {
    /// Returns an appender of a file of this length.
    pub(super) fn new(file: Arc<dyn File>, length: u64) -> Appender {
        Appender { file, length: AtomicU64::new(length) }
    }

    /// Writes at an offset, behind which the log holds nothing.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_full(offset, bytes)?;
        let end = offset + bytes.len() as u64;
        if end <= self.length.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut length = end;
        if bytes.len() < LARGE_BYTES {
            let room = ((end - PAGE_BYTES as u64) / 4).clamp(ROOM_BYTES_MIN, ROOM_BYTES_MAX);
            // Where there is no room to be had, the log grows with each write.
            length += self.file.write_at(end, &vec![0; room as usize]).unwrap_or(0) as u64;
        }
        self.length.store(length, Ordering::Relaxed);
        Ok(())
    }

    /// Makes durable what was written.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    /// Cuts off the room behind the last record.
    pub(super) fn cut(&self, end: u64) -> io::Result<()> {
        if self.length.swap(end, Ordering::Relaxed) > end { self.file.set_len(end) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Failure, Faulty, Files, Memory, Open};
    use super::*;

    const BEGIN: u64 = PAGE_BYTES as u64;

    fn appender(files: &dyn Files) -> Appender {
        let file: Arc<dyn File> = Arc::from(files.open("log-0", Open::Create).unwrap());
        file.write_full(0, &[1; PAGE_BYTES]).unwrap();
        Appender::new(file, BEGIN)
    }

    #[test]
    fn few_of_many_small_writes_let_the_file_grow() {
        let log = appender(&Memory::new());
        let (mut grown, mut length) = (0, BEGIN);
        for at in 0..1000 {
            log.write(BEGIN + 240 * at, &[7; 240]).unwrap();
            let now = log.file.length().unwrap();
            assert!(now >= BEGIN + 240 * (at + 1));
            grown += u32::from(now != length);
            length = now;
        }
        assert!((4..20).contains(&grown), "{grown}");
        // Zeros behind the last, and no more than a quarter of all.
        let end = BEGIN + 240 * 1000;
        let mut room = vec![1; (length - end) as usize];
        log.file.read_full(end, &mut room).unwrap();
        assert!(room.iter().all(|byte| *byte == 0) && length - end <= 60_000);
        log.cut(end).unwrap();
        assert_eq!(log.file.length().unwrap(), end);
    }

    #[test]
    fn a_large_write_gets_no_room() {
        let log = appender(&Memory::new());
        log.write(BEGIN, &[7; LARGE_BYTES]).unwrap();
        assert_eq!(log.file.length().unwrap(), BEGIN + LARGE_BYTES as u64);
    }

    #[test]
    fn where_there_is_no_space_for_room_the_log_grows_with_each_write() {
        let disk = Faulty::new();
        let log = appender(&disk);
        for at in 0..3 {
            disk.fail(1, Failure::NoSpace, false);
            log.write(BEGIN + 8 * at, &[7; 8]).unwrap();
            assert_eq!(log.file.length().unwrap(), BEGIN + 8 * (at + 1));
        }
    }
}
