//! What the store asks of a disk: one flat directory of files. Everything above is written against these traits, so
//! that a test can break the disk at any call and pull its plug.

use phago_core::{Error, Result};
use std::fmt::Debug;
use std::io;

/// How a file is opened.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Open {
    /// To read; it must exist.
    Read,
    /// To read and write; it must exist.
    Write,
    /// To read and write; it must not exist.
    Create,
}

/// One directory of files.
pub trait Files: Debug + Send + Sync {
    /// The directory, as messages name it.
    fn path(&self) -> String;
    /// Make the directory, and those above it, where they are missing.
    fn create_dir(&self) -> io::Result<()>;
    /// The names of all files, in order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Open a file.
    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>>;
    /// Remove a file. Whoever has it open can go on reading it.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Make durable which names there are. The contents of a file are made durable by [`File::sync`].
    fn sync_dir(&self) -> io::Result<()>;
    /// Lock a file, which is made where it is missing, and write a note into it; `None` where another holds it. The
    /// lock ends when the value is dropped, and with the process.
    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>>;
}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Read at an offset, as many bytes as there are up to the buffer's length; 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Write at an offset; may write fewer bytes than given. A gap before the offset reads as zeros.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Cut, or fill up with zeros.
    fn set_len(&self, length: u64) -> io::Result<()>;
    /// How many bytes there are.
    fn length(&self) -> io::Result<u64>;
    /// Make content and length durable.
    fn sync(&self) -> io::Result<()>;

    /// Read until the buffer is full or the file ends; gives how many bytes were read.
    fn read_full(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.read_at(offset + done as u64, &mut buffer[done..]) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Write all bytes, in as many calls as it takes.
    fn write_full(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match self.write_at(offset + done as u64, &bytes[done..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A lock that is held until it is dropped.
pub trait Lock: Debug + Send + Sync {}

/// The path of a file, as messages name it.
pub(super) fn path_of(files: &dyn Files, name: &str) -> String {
    format!("{}/{name}", files.path())
}

/// What the system refused, as an error that names the file and what was attempted.
pub(super) trait Refused<T> {
    fn refused(self, files: &dyn Files, name: &str, attempted: &str) -> Result<T>;
}

impl<T> Refused<T> for io::Result<T> {
    fn refused(self, files: &dyn Files, name: &str, attempted: &str) -> Result<T> {
        self.map_err(|cause| {
            let path = if name.is_empty() { files.path() } else { path_of(files, name) };
            Error::Storage { path, attempted: attempted.to_owned(), cause: cause.to_string() }
        })
    }
}
