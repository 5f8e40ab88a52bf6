//! A colony small enough to be checked: its state is the list of all that happened to it.
#![allow(dead_code, unreachable_pub)]

use phago_core::{Error, Result};
use phago_engine::store::{Files, Kind, Mark, Options, Prepared, Reader, Recovery, SectionId, Sections, Store};
use std::sync::Arc;

pub const NOTE: Kind = Kind(16);
const WHOLE: SectionId = SectionId(1);
const COUNT: SectionId = SectionId(2);
pub const SETTINGS: &[u8] = b"what the colony was made with";

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    Note(Vec<u8>),
    Idle,
}

pub type History = Vec<Event>;

/// A text that is as long as is wanted, tells its number, and compresses to about a half.
pub fn text(number: u64, bytes: usize) -> Vec<u8> {
    let mut chance = super::common::Chance(number);
    let words = std::iter::repeat_with(|| format!("{:x} ", chance.next()).into_bytes());
    words.flatten().take(bytes).collect()
}

fn encode(history: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in history {
        match event {
            Event::Idle => bytes.extend_from_slice(&u32::MAX.to_le_bytes()),
            Event::Note(note) => {
                bytes.extend_from_slice(&(note.len() as u32).to_le_bytes());
                bytes.extend_from_slice(note);
            }
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> History {
    let mut history = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        bytes = rest;
        match u32::from_le_bytes(*length) {
            u32::MAX => history.push(Event::Idle),
            length => {
                let (note, rest) = bytes.split_at(length as usize);
                bytes = rest;
                history.push(Event::Note(note.to_vec()));
            }
        }
    }
    history
}

fn apply(history: &mut History, record: phago_engine::store::Record) {
    match record.kind {
        Kind::IDLE => {
            let count = u64::from_le_bytes(record.payload.try_into().expect("8 bytes"));
            // More are told only where the hash over the record is not looked at.
            history.extend((0..count.min(1 << 20)).map(|_| Event::Idle));
        }
        NOTE => history.push(Event::Note(record.payload)),
        other => panic!("nobody wrote a record of {other:?}"),
    }
}

fn load(checkpoint: Option<&phago_engine::store::Checkpoint>) -> Result<History> {
    let Some(checkpoint) = checkpoint else { return Ok(Vec::new()) };
    let history = decode(&checkpoint.section(WHOLE)?);
    assert_eq!(checkpoint.section(COUNT)?, (history.len() as u64).to_le_bytes());
    Ok(history)
}

/// Open for writing; the settings must be those that were given.
pub fn open(files: Arc<dyn Files>, options: Options) -> Result<(Store, History)> {
    let mut recovery = Recovery::open(files, options, Some(SETTINGS))?;
    assert_eq!(recovery.settings(), SETTINGS);
    let mut history = load(recovery.checkpoint())?;
    while let Some(record) = recovery.next()? {
        apply(&mut history, record);
    }
    Ok((recovery.finish()?, history))
}

/// Open for reading.
pub fn read(files: Arc<dyn Files>) -> Result<(Reader, History)> {
    let mut reader = Reader::open(files)?;
    assert_eq!(reader.settings(), SETTINGS);
    let mut history = load(reader.checkpoint())?;
    read_on(&mut reader, &mut history)?;
    Ok((reader, history))
}

pub fn read_on(reader: &mut Reader, history: &mut History) -> Result<()> {
    while let Some(record) = reader.next()? {
        apply(history, record);
    }
    Ok(())
}

pub fn note(store: &Store, bytes: Vec<u8>) -> Result<u64> {
    store.append(&Prepared::new(NOTE, bytes)?)
}

pub fn checkpoint(store: &Store, mark: Mark, history: &[Event]) -> Result<()> {
    store.begin_generation(mark, |sections| put(sections, history))
}

pub fn put(sections: &mut Sections<'_>, history: &[Event]) -> Result<()> {
    sections.add(WHOLE, &encode(history))?;
    sections.add(COUNT, &(history.len() as u64).to_le_bytes())
}

pub fn snapshot(store: &Store, mark: Mark, target: Arc<dyn Files>, history: &[Event]) -> Result<()> {
    store.snapshot(mark, target, |sections| put(sections, history))
}

/// A store that is used, with what it must and what it may have when it is opened again.
pub struct Used {
    pub store: Option<Store>,
    /// Everything that was appended, in order.
    pub appended: History,
    /// How much of it was acknowledged.
    pub acknowledged: usize,
    /// The last record that is no idle tick.
    pub last: u64,
}

/// One thing that is done with a store.
#[derive(Copy, Clone, Debug)]
pub enum Step {
    /// Append and commit a note of so many bytes.
    Note(usize),
    /// Append one, and do not wait.
    Loose(usize),
    Idle,
    Seal,
    Checkpoint,
    /// A checkpoint of a state to which more is appended before it is written.
    LateCheckpoint(usize),
    Reopen,
}

impl Used {
    pub fn open(files: Arc<dyn Files>, options: Options) -> Result<Used> {
        let (store, appended) = open(files, options)?;
        let last = store.extent().1;
        Ok(Used { store: Some(store), acknowledged: appended.len(), appended, last })
    }

    fn append(&mut self, bytes: usize) -> Result<()> {
        let bytes = text(self.appended.len() as u64, bytes);
        // Before the call: should it fail after all, the record may be there.
        self.appended.push(Event::Note(bytes.clone()));
        self.last = note(self.store.as_ref().expect("open"), bytes)?;
        Ok(())
    }

    pub fn step(&mut self, step: Step, files: &Arc<dyn Files>, options: Options) -> Result<()> {
        let store = || self.store.as_ref().expect("open");
        match step {
            Step::Note(bytes) => {
                self.append(bytes)?;
                self.store.as_ref().expect("open").commit(self.last)?;
                self.acknowledged = self.appended.len();
            }
            Step::Loose(bytes) => self.append(bytes)?,
            Step::Idle => {
                if store().idle_tick(self.last)? {
                    self.appended.push(Event::Idle);
                }
            }
            Step::Seal => {
                store().seal()?;
                self.acknowledged = self.appended.len();
            }
            Step::Checkpoint => {
                let mark = store().mark()?;
                checkpoint(store(), mark, &self.appended)?;
                self.acknowledged = self.appended.len();
            }
            Step::LateCheckpoint(bytes) => {
                let mark = store().mark()?;
                let until = self.appended.len();
                self.append(bytes)?;
                self.append(bytes / 2)?;
                checkpoint(self.store.as_ref().expect("open"), mark, &self.appended[..until])?;
                self.acknowledged = self.acknowledged.max(until);
            }
            Step::Reopen => {
                self.store.take().expect("open").close()?;
                self.acknowledged = self.appended.len();
                let again = Used::open(Arc::clone(files), options)?;
                assert_eq!(again.appended, self.appended, "after a clean end");
                *self = again;
            }
        }
        Ok(())
    }

    /// What is wrong with what was found after the end of this one.
    pub fn judge(&self, found: &[Event]) -> std::result::Result<(), String> {
        if found.len() < self.acknowledged {
            return Err(format!("{} of {} acknowledged events are there", found.len(), self.acknowledged));
        }
        if !self.appended.starts_with(found) {
            return Err(format!("what is there is not what was appended: {found:?}"));
        }
        Ok(())
    }
}

/// An error that says that the disk failed, and no other.
pub fn is_clean(error: &Error) -> bool {
    matches!(error, Error::Storage { .. } | Error::Poisoned { .. })
}
