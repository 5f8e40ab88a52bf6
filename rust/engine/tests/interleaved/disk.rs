//! A disk that knows what is durable: what a file held when its last sync began.

use phago_engine::store::{File, Files, Lock, Memory, Open};
use shuttle::thread;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub memory: Memory,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    // Held for a moment, and never while another thread may go on.
    files: Mutex<BTreeMap<String, Kept>>,
    log_syncs: AtomicUsize,
    // Syncs of a log that had nothing new.
    in_vain: AtomicUsize,
    inside: AtomicUsize,
    fails: AtomicBool,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    content: Vec<u8>,
    durable: Vec<u8>,
}

impl Disk {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Kept>> {
        self.seen.files.lock().unwrap()
    }

    /// Whether these bytes are in a file that a loss of power would leave.
    pub fn has_durably(&self, bytes: &[u8]) -> bool {
        self.files().values().any(|kept| kept.durable.windows(bytes.len()).any(|window| window == bytes))
    }

    /// What a loss of power leaves.
    pub fn after_a_loss_of_power(&self) -> Memory {
        Memory::from_files(self.files().iter().map(|(name, kept)| (name.clone(), kept.durable.clone())).collect())
    }

    /// How often a log was synced, and how often of these there was nothing new.
    pub fn log_syncs(&self) -> (usize, usize) {
        (self.seen.log_syncs.load(Ordering::SeqCst), self.seen.in_vain.load(Ordering::SeqCst))
    }

    /// Whether somebody is inside a call that changes a file.
    pub fn is_busy(&self) -> bool {
        self.seen.inside.load(Ordering::SeqCst) > 0
    }

    /// Lets every sync of a log fail from now on.
    pub fn fail(&self) {
        self.seen.fails.store(true, Ordering::SeqCst);
    }

    fn within<T>(&self, call: impl FnOnce() -> T) -> T {
        self.seen.inside.fetch_add(1, Ordering::SeqCst);
        let done = call();
        self.seen.inside.fetch_sub(1, Ordering::SeqCst);
        done
    }
}

#[derive(Debug)]
struct Opened {
    file: Box<dyn File>,
    name: String,
    disk: Disk,
}

#[derive(Debug)]
struct Held(#[allow(dead_code)] Box<dyn Lock>, Disk);

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.1.seen.inside.load(Ordering::SeqCst), 0, "somebody writes where others may open the files");
        }
    }
}

impl Files for Disk {
    fn path(&self) -> String {
        self.memory.path()
    }

    fn create_dir(&self) -> io::Result<()> {
        self.memory.create_dir()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.memory.list()
    }

    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let file = self.memory.open(name, open)?;
        if open == Open::Create {
            self.files().insert(name.to_owned(), Kept::default());
        }
        Ok(Box::new(Opened { file, name: name.to_owned(), disk: self.clone() }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name);
        self.memory.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        thread::yield_now();
        Ok(())
    }

    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        Ok(self.memory.lock(name, note)?.map(|held| Box::new(Held(held, self.clone())) as Box<dyn Lock>))
    }
}

impl Opened {
    fn change(&self, change: impl FnOnce(&mut Kept)) {
        if let Some(kept) = self.disk.files().get_mut(&self.name) {
            change(kept);
        }
    }
}

impl File for Opened {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.disk.within(|| {
            let written = self.file.write_at(offset, bytes)?;
            let (from, end) = (offset as usize, offset as usize + written);
            self.change(|kept| {
                kept.content.resize(kept.content.len().max(end), 0);
                kept.content[from..end].copy_from_slice(&bytes[..written]);
            });
            Ok(written)
        })
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk.within(|| {
            self.file.set_len(length)?;
            self.change(|kept| kept.content.resize(length as usize, 0));
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.within(|| {
            let mut begun = Vec::new();
            self.change(|kept| begun = kept.content.clone());
            // It takes its time; who comes meanwhile is not served by it.
            thread::yield_now();
            let seen = &self.disk.seen;
            if self.name.starts_with("log") {
                if seen.fails.load(Ordering::SeqCst) {
                    return Err(io::Error::other("input/output error, on order"));
                }
                seen.log_syncs.fetch_add(1, Ordering::SeqCst);
                self.change(|kept| {
                    seen.in_vain.fetch_add(usize::from(kept.durable == begun), Ordering::SeqCst);
                });
            }
            self.change(|kept| kept.durable = begun);
            Ok(())
        })
    }
}
