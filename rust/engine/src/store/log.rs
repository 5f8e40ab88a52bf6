//! Reads a log record by record, beginning after its header.

use super::files::{File, Files, Refused};
use super::format::{PAGE_BYTES, corruption};
use super::header::Point;
use super::record::{HEAD_BYTES, Head, Record};
use phago_core::{Error, Result};
use std::sync::Arc;

// One system call reads many small records.
const WINDOW_BYTES: usize = 1 << 18;

/// What follows in a log.
#[derive(Debug)]
pub(super) enum Next {
    Record(Record),
    /// The end, right behind a record.
    End,
    /// Bytes that are not a record: a torn write, or damage.
    Bad(String),
}

/// A log that is being read.
#[derive(Debug)]
pub(super) struct LogReader {
    pub(super) file: Arc<dyn File>,
    pub(super) name: String,
    /// The offset at which the next record begins.
    pub(super) offset: u64,
    /// The last record that was read.
    pub(super) point: Point,
    /// Whether records are checked; see [`super::Mutant::ChainUnchecked`].
    pub(super) checked: bool,
    window: Vec<u8>,
    window_from: u64,
}

impl LogReader {
    pub(super) fn new(file: Arc<dyn File>, name: String, base: Point) -> Self {
        LogReader {
            file,
            name,
            offset: PAGE_BYTES as u64,
            point: base,
            checked: true,
            window: Vec::new(),
            window_from: 0,
        }
    }

    /// Reads the next record. After anything but a record, the reader stays at the same offset.
    pub(super) fn next(&mut self, files: &dyn Files) -> Result<Next> {
        let head = self.bytes(files, self.offset, HEAD_BYTES)?;
        let (head, chain) = match head.first_chunk::<HEAD_BYTES>() {
            Some(head) => match Head::decode(head) {
                Ok(found) => found,
                Err(reason) => return Ok(Next::Bad(reason.to_owned())),
            },
            None if head.is_empty() => return Ok(Next::End),
            None => return Ok(Next::Bad("it ends within its head".to_owned())),
        };
        let (point, checked, length) = (self.point, self.checked, head.rest_bytes());
        let rest = self.bytes(files, self.offset + HEAD_BYTES as u64, length)?;
        if rest.len() < length {
            return Ok(Next::Bad("it ends within its payload".to_owned()));
        }
        match head.finish(point, chain, rest, checked) {
            Ok((record, point)) => {
                self.point = point;
                self.offset += (HEAD_BYTES + length) as u64;
                Ok(Next::Record(record))
            }
            Err(reason) => Ok(Next::Bad(reason)),
        }
    }

    /// Returns the error that the next record is damaged, with its offset.
    pub(super) fn damaged(&self, files: &dyn Files, reason: impl Into<String>) -> Error {
        let place = format!("byte {}, record {}", self.offset, self.point.sequence + 1);
        corruption(files, &self.name, place, reason)
    }

    /// Drops the window, so that the next read goes to the disk.
    pub(super) fn forget(&mut self) {
        self.window.clear();
    }

    // Returns up to `count` bytes from an offset; fewer at the end of the file.
    fn bytes(&mut self, files: &dyn Files, from: u64, count: usize) -> Result<&[u8]> {
        let have = self.window_from + self.window.len() as u64;
        if from < self.window_from || from + count as u64 > have {
            // The window is never larger than the file, even if a damaged length asks for more.
            let length = self.file.length().refused(files, &self.name, "read")?;
            let wanted = (count.max(WINDOW_BYTES) as u64).min(length.saturating_sub(from)) as usize;
            self.window.resize(wanted, 0);
            let read = self.file.read_full(from, &mut self.window).refused(files, &self.name, "read")?;
            self.window.truncate(read);
            self.window_from = from;
        }
        let at = (from - self.window_from) as usize;
        Ok(&self.window[at..self.window.len().min(at + count)])
    }
}
