//! [`Files`] with injected faults: calls that fail, and losses of power.
//!
//! A file has a durable half and a volatile one. Reads see the volatile half, as they see the page cache of a real
//! system. A write changes it in sectors of 512 bytes, and `sync` makes them durable. A loss of power keeps a subset of
//! the sectors that were not synced, each in any version written since the last sync, chosen by a seed. Names work the
//! same way, and `sync_dir` makes them durable. A sync that fails forgets what it should have written, as Linux does:
//! the pages are clean and readable, yet not on the disk.

use super::files::{File, Files, Lock, Open};
use super::memory;
use crate::lock::lock;
use crate::sync::{Arc, Mutex};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};

/// The unit in which a disk writes.
pub const SECTOR_BYTES: usize = 512;

/// How a call fails.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// An input or output error: a write is done in part, a sync forgets what it should have written.
    Io,
    /// The machine stops: a write is done in part; what was to be synced is not, or not yet. Call
    /// [`Faulty::lose_power`] next.
    Stop,
    /// The disk is full: calls that need room fail, the others work.
    NoSpace,
    /// A write takes half of its bytes, and returns that number.
    Short,
    /// A write takes half of its bytes, and the next one finds the disk full.
    ShortThenFull,
}

/// Which syncs do nothing and report success.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Syncs {
    /// None: the disk is honest.
    #[default]
    Work,
    /// All of them.
    Lie,
    /// Those of files whose names begin with this.
    LieFor(&'static str),
    /// Those of the directory.
    LieForNames,
}

/// A directory with injected faults. Clones are the same directory.
#[derive(Clone, Debug, Default)]
pub struct Faulty(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    names_durable: BTreeMap<String, usize>,
    locked: bool,
    /// Handles from an earlier life fail.
    life: u64,
    syncs: Syncs,
    calls: u64,
    synced: u64,
    /// Which call fails, how, and whether every later one does.
    plan: Option<(u64, Failure, bool)>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    content: Vec<u8>,
    durable: Vec<u8>,
    /// The versions of each sector since the last sync.
    dirty: BTreeMap<usize, Vec<Vec<u8>>>,
    /// The lengths since the last sync.
    lengths: Vec<usize>,
    /// The shortest length since the last sync: bytes beyond it are lost.
    shortest: Option<usize>,
}

impl Faulty {
    /// Returns an empty directory on a disk whose syncs work.
    pub fn new() -> Self {
        Faulty::default()
    }

    /// Returns an empty directory on a disk some of whose syncs do nothing.
    pub fn with_syncs(syncs: Syncs) -> Self {
        let faulty = Faulty::default();
        lock(&faulty.0).syncs = syncs;
        faulty
    }

    /// Makes one call fail, counted from 0 and from now, or that one and all after it.
    pub fn fail(&self, call: u64, failure: Failure, for_ever: bool) {
        let mut disk = lock(&self.0);
        disk.plan = Some((disk.calls + call, failure, for_ever));
    }

    /// Makes no later call fail.
    pub fn heal(&self) {
        lock(&self.0).plan = None;
    }

    /// Returns how many calls were made.
    pub fn calls(&self) -> u64 {
        lock(&self.0).calls
    }

    /// Returns how many syncs of files were made.
    pub fn synced(&self) -> u64 {
        lock(&self.0).synced
    }

    /// Ends the process: its handles and its lock are gone, what it wrote is kept.
    pub fn kill(&self) {
        let mut disk = lock(&self.0);
        disk.life += 1;
        disk.locked = false;
        disk.plan = None;
    }

    /// Does what [`Faulty::kill`] does, and drops a part of what was not synced, which the seed chooses.
    pub fn lose_power(&self, seed: u64) {
        self.kill();
        let mut chance = Chance(seed);
        let mut disk = lock(&self.0);
        for inode in &mut disk.inodes {
            inode.lose_power(&mut chance);
        }
        let names: BTreeSet<String> = disk.names.keys().chain(disk.names_durable.keys()).cloned().collect();
        for name in names {
            let kept = if chance.flip() { &disk.names } else { &disk.names_durable };
            match kept.get(&name).copied() {
                Some(inode) => disk.names_durable.insert(name, inode),
                None => disk.names_durable.remove(&name),
            };
        }
        disk.names = disk.names_durable.clone();
    }

    /// Returns a copy of the disk as it is, with both halves, to try another continuation.
    pub fn fork(&self) -> Faulty {
        let disk = lock(&self.0);
        let inodes = disk.inodes.clone();
        let (names, names_durable) = (disk.names.clone(), disk.names_durable.clone());
        Faulty(Arc::new(Mutex::new(Disk { inodes, names, names_durable, syncs: disk.syncs, ..Disk::default() })))
    }

    fn call<T>(&self, life: u64, kind: Kind, act: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = lock(&self.0);
        if life != disk.life {
            return Err(io::Error::other("the process that had this open is dead"));
        }
        match disk.next_failure() {
            Some(Failure::Io) => {
                if let Kind::Sync(inode) = kind {
                    disk.inodes[inode].forget();
                }
                Err(io::Error::other("input/output error, on order"))
            }
            Some(Failure::Stop) => Err(io::Error::other("the machine has stopped, on order")),
            Some(Failure::NoSpace | Failure::ShortThenFull) if kind == Kind::Grow => Err(full()),
            _ => act(&mut disk),
        }
    }

    fn life(&self) -> u64 {
        lock(&self.0).life
    }
}

/// What a call does, as far as its failure depends on it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Kind {
    Grow,
    Sync(usize),
    Other,
}

fn full() -> io::Error {
    io::Error::new(ErrorKind::StorageFull, "no space left on device, on order")
}

impl Disk {
    fn next_failure(&mut self) -> Option<Failure> {
        let call = self.calls;
        self.calls += 1;
        let (at, failure, for_ever) = self.plan?;
        (call == at || (for_ever && call > at)).then_some(failure)
    }
}

impl Inode {
    fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let grown = self.content.len();
        memory::write(&mut self.content, offset, bytes);
        if grown < self.content.len() {
            self.lengths.push(self.content.len());
        }
        let (first, last) = (offset as usize / SECTOR_BYTES, (offset as usize + bytes.len() - 1) / SECTOR_BYTES);
        for sector in first..=last {
            let end = self.content.len().min((sector + 1) * SECTOR_BYTES);
            let version = self.content[sector * SECTOR_BYTES..end].to_vec();
            self.dirty.entry(sector).or_default().push(version);
        }
    }

    fn set_len(&mut self, length: u64) {
        self.content.resize(length as usize, 0);
        self.shortest = Some(self.shortest.unwrap_or(usize::MAX).min(self.content.len()));
        self.lengths.push(self.content.len());
        // What was cut off and not synced comes back as zeros at most.
        let sectors = self.content.len().div_ceil(SECTOR_BYTES);
        self.dirty.split_off(&sectors);
        if !self.content.len().is_multiple_of(SECTOR_BYTES) {
            let from = (sectors - 1) * SECTOR_BYTES;
            let version = self.content[from..].to_vec();
            self.dirty.entry(sectors - 1).or_default().push(version);
        }
    }

    fn sync(&mut self) {
        // Sectors that an earlier, failed sync forgot stay lost.
        self.durable.truncate(self.shortest.take().unwrap_or(usize::MAX));
        self.durable.resize(self.content.len(), 0);
        for (sector, versions) in std::mem::take(&mut self.dirty) {
            let version = versions.last().expect("a dirty sector has a version");
            let from = sector * SECTOR_BYTES;
            let end = self.durable.len().min(from + version.len());
            self.durable[from..end].copy_from_slice(&version[..end - from]);
        }
        self.lengths.clear();
    }

    fn forget(&mut self) {
        self.dirty.clear();
        self.lengths.clear();
    }

    fn lose_power(&mut self, chance: &mut Chance) {
        if let Some(length) = chance.one_or_none(&self.lengths) {
            self.durable.resize(*length, 0);
        }
        for (sector, versions) in std::mem::take(&mut self.dirty) {
            let Some(version) = chance.one_or_none(&versions) else { continue };
            let from = sector * SECTOR_BYTES;
            let end = self.durable.len().min(from + version.len());
            if from < end {
                self.durable[from..end].copy_from_slice(&version[..end - from]);
            }
        }
        self.lengths.clear();
        self.content = self.durable.clone();
    }
}

/// A counter-based generator (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    // Returns `None` half of the time, the last one a quarter of the time, otherwise any of them.
    fn one_or_none<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() || self.flip() {
            return None;
        }
        if self.flip() { of.last() } else { of.get((self.next() % of.len() as u64) as usize) }
    }
}

impl Files for Faulty {
    fn path(&self) -> String {
        ":faulty:".to_owned()
    }

    fn create_dir(&self) -> io::Result<()> {
        self.call(self.life(), Kind::Grow, |_| Ok(()))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.call(self.life(), Kind::Other, |disk| Ok(disk.names.keys().cloned().collect()))
    }

    fn open(&self, name: &str, open: Open) -> io::Result<Box<dyn File>> {
        let life = self.life();
        let kind = if open == Open::Create { Kind::Grow } else { Kind::Other };
        let inode = self.call(life, kind, |disk| match (open, disk.names.get(name)) {
            (Open::Create, Some(_)) => Err(ErrorKind::AlreadyExists.into()),
            (Open::Create, None) => {
                disk.inodes.push(Inode::default());
                disk.names.insert(name.to_owned(), disk.inodes.len() - 1);
                Ok(disk.inodes.len() - 1)
            }
            (_, Some(inode)) => Ok(*inode),
            (_, None) => Err(ErrorKind::NotFound.into()),
        })?;
        Ok(Box::new(Opened { disk: self.clone(), inode, life, name: name.to_owned() }))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call(self.life(), Kind::Other, |disk| {
            disk.names.remove(name).map(|_| ()).ok_or(ErrorKind::NotFound.into())
        })
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.call(self.life(), Kind::Other, |disk| {
            if !matches!(disk.syncs, Syncs::Lie | Syncs::LieForNames) {
                disk.names_durable = disk.names.clone();
            }
            Ok(())
        })
    }

    fn lock(&self, name: &str, note: &str) -> io::Result<Option<Box<dyn Lock>>> {
        let life = self.life();
        self.call(life, Kind::Grow, |disk| {
            if disk.locked {
                return Ok(None);
            }
            disk.locked = true;
            let Disk { inodes, names, .. } = disk;
            let inode = *names.entry(name.to_owned()).or_insert_with(|| {
                inodes.push(Inode::default());
                inodes.len() - 1
            });
            inodes[inode].set_len(0);
            inodes[inode].write(0, note.as_bytes());
            Ok(Some(Box::new(Held { disk: self.clone(), life }) as Box<dyn Lock>))
        })
    }
}

#[derive(Debug)]
struct Held {
    disk: Faulty,
    life: u64,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut disk = lock(&self.disk.0);
        if disk.life == self.life {
            disk.locked = false;
        }
    }
}

#[derive(Debug)]
struct Opened {
    disk: Faulty,
    inode: usize,
    life: u64,
    name: String,
}

impl File for Opened {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = |disk: &mut Disk| Ok(memory::read(&disk.inodes[self.inode].content, offset, buffer));
        self.disk.call(self.life, Kind::Other, read)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = lock(&self.disk.0);
        if self.life != disk.life {
            return Err(io::Error::other("the process that had this open is dead"));
        }
        let failure = disk.next_failure();
        let half = bytes.len().div_ceil(2);
        let inode = &mut disk.inodes[self.inode];
        match failure {
            None => {
                inode.write(offset, bytes);
                Ok(bytes.len())
            }
            Some(Failure::Io | Failure::Stop) => {
                inode.write(offset, &bytes[..half]);
                Err(io::Error::other("input/output error, on order"))
            }
            Some(Failure::NoSpace) => Err(full()),
            Some(Failure::Short) => {
                inode.write(offset, &bytes[..half]);
                Ok(half)
            }
            Some(Failure::ShortThenFull) => {
                inode.write(offset, &bytes[..half]);
                let (at, _, for_ever) = disk.plan.expect("a failure has a plan");
                disk.plan = Some((at.max(disk.calls), Failure::NoSpace, for_ever));
                Ok(half)
            }
        }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk.call(self.life, Kind::Grow, |disk| {
            disk.inodes[self.inode].set_len(length);
            Ok(())
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.disk.call(self.life, Kind::Other, |disk| Ok(disk.inodes[self.inode].content.len() as u64))
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.call(self.life, Kind::Sync(self.inode), |disk| {
            disk.synced += 1;
            let lies = match disk.syncs {
                Syncs::Work | Syncs::LieForNames => false,
                Syncs::Lie => true,
                Syncs::LieFor(prefix) => self.name.starts_with(prefix),
            };
            if !lies {
                disk.inodes[self.inode].sync();
            }
            Ok(())
        })
    }
}
