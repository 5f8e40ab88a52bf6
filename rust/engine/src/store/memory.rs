//! [`Files`] that live as long as the process.

use super::files::{File, Files, Lock, Open};
use crate::lock::lock;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

type Content = Arc<Mutex<Vec<u8>>>;

/// A directory in memory. Clones are the same directory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: Arc<Mutex<BTreeMap<String, Content>>>,
    locked: Arc<AtomicBool>,
}

impl Memory {
    /// Returns an empty directory.
    pub fn new() -> Self {
        Memory::default()
    }

    /// Returns a directory with these files.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (name, Arc::new(Mutex::new(bytes)))).collect();
        Memory { files: Arc::new(Mutex::new(files)), locked: Arc::default() }
    }

    /// Returns a copy of every file.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        lock(&self.files).iter().map(|(name, content)| (name.clone(), lock(content).clone())).collect()
    }
}

impl Files for Memory {
    fn path(&self) -> String {
        ":memory:".to_owned()
    }

    fn create_dir(&self) -> io::Result<()> {
        Ok(())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(lock(&self.files).keys().cloned().collect())
    }

    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let mut files = lock(&self.files);
        let found = files.get(name).cloned();
        let content = match (open, found) {
            (Open::Create, Some(_)) => return Err(ErrorKind::AlreadyExists.into()),
            (Open::Create, None) => files.entry(name.to_owned()).or_default().clone(),
            (_, Some(content)) => content,
            (_, None) => return Err(ErrorKind::NotFound.into()),
        };
        Ok(Box::new(Opened(content)))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        lock(&self.files).remove(name).map(|_| ()).ok_or(ErrorKind::NotFound.into())
    }

    fn sync_dir(&self) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        if self.locked.swap(true, Ordering::AcqRel) {
            return Ok(None);
        }
        lock(&self.files).insert(name.to_owned(), Arc::new(Mutex::new(note.as_bytes().to_vec())));
        Ok(Some(Box::new(Held(Arc::clone(&self.locked)))))
    }
}

#[derive(Debug)]
struct Held(Arc<AtomicBool>);

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[derive(Debug)]
struct Opened(Content);

impl File for Opened {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(read(&lock(&self.0), offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        write(&mut lock(&self.0), offset, bytes);
        Ok(bytes.len())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        lock(&self.0).resize(length as usize, 0);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(lock(&self.0).len() as u64)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads from content as from a file.
pub(super) fn read(content: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let from = content.len().min(offset as usize);
    let count = buffer.len().min(content.len() - from);
    buffer[..count].copy_from_slice(&content[from..from + count]);
    count
}

/// Writes into content as into a file.
pub(super) fn write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let end = offset as usize + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset as usize..end].copy_from_slice(bytes);
}
