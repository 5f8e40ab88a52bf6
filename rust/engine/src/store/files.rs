//! What the store needs from a disk: one flat directory of files. The store uses these traits only, so that a test can
//! make any call fail and simulate a loss of power.

use phago_core::{Error, Result};
use std::fmt::Debug;
use std::io;

/// How a file is opened.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Open {
    /// For reading; the file must exist.
    Read,
    /// For reading and writing; the file must exist.
    Write,
    /// For reading and writing; the file must not exist.
    Create,
}

/// One directory of files.
pub trait Files: Debug + Send + Sync {
    /// Returns the directory's name for messages.
    fn path(&self) -> String;
    /// Creates the directory and its missing parents.
    fn create_dir(&self) -> io::Result<()>;
    /// Returns the names of all files, in order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file.
    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>>;
    /// Removes a file. Handles that are open can still read it.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes durable which names exist. [`File::sync`] makes the contents of a file durable.
    fn sync_dir(&self) -> io::Result<()>;
    /// Locks a file, creating it if it is missing, and writes a note into it. Returns `None` if another holds the lock.
    /// The lock ends when the value is dropped, or with the process.
    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>>;
}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Reads at an offset: fills the buffer, or reads up to the end. Returns the number of bytes; 0 at the end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes at an offset; may write fewer bytes than given. A gap before the offset reads as zeros.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file, or extends it with zeros.
    fn set_len(&self, length: u64) -> io::Result<()>;
    /// Returns the size, in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Makes content and length durable.
    fn sync(&self) -> io::Result<()>;

    /// Reads until the buffer is full or the file ends. Returns the number of bytes.
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

    /// Writes all bytes, in as many calls as needed.
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
pub trait Lock: Debug + Send + Sync {
    /// Returns an error if the name does not lead to the locked file any more: the directory was removed, or another one
    /// stands in its place, which may be another's.
    fn stands(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the path of a file for messages.
pub(super) fn path_of(files: &dyn Files, name: &str) -> String {
    format!("{}/{name}", files.path())
}

/// Turns a refused system call into an error that names the file and the operation.
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
