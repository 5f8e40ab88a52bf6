//! What a colony writes down as it lives: every input that was accepted, and every tick.

use crate::lock::lock;
use crate::store::{Kind, Mark, Prepared, Sections, Store};
use phago_core::checkpoint::{self, Section};
use phago_core::input::{Change, Input};
use phago_core::replica::Replica;
use phago_core::{Error, Result};
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};

/// A record that holds an input, ticks included.
pub(crate) const INPUT: Kind = Kind(16);

// A checkpoint is due when so many documents came, went or were digested since the last one, and at least half as many
// as that one has: what is opened after a crash is replayed at some 35,000 documents in a second.
const DUE_DOCUMENTS: u64 = 8192;
// At the end a sixteenth of the documents will do: a colony is opened more often than it is closed after little.
const DUE_AT_THE_END: u64 = 16;

/// The log of one colony, open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    // None once it is closed.
    store: RwLock<Option<Store>>,
    tail: Mutex<Tail>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Tail {
    // Documents that came, went or were digested since the last checkpoint, and how many that one has.
    documents: u64,
    before: u64,
    is_writing: bool,
    // Why the last checkpoint that nobody waited for was not written.
    failed: Option<Error>,
}

/// A whole colony, ready to be written.
#[derive(Debug)]
pub(crate) struct Encoded {
    mark: Mark,
    documents: u64,
    sections: Vec<(Section, Vec<u8>)>,
}

impl Journal {
    /// `documents` is how many the last checkpoint has, `tail` how many came, went or were digested since.
    pub(crate) fn new(store: Store, documents: u64, tail: u64) -> Journal {
        let tail = Tail { documents: tail, before: documents, ..Tail::default() };
        Journal { store: RwLock::new(Some(store)), tail: Mutex::new(tail), written: Condvar::new() }
    }

    /// What is written down of a change; `None` where nothing changes. It takes its time, and needs no lock.
    pub(crate) fn record(change: &Change) -> Result<Option<Prepared>> {
        change.encode().map(|bytes| Prepared::new(INPUT, bytes)).transpose()
    }

    /// Write an input down, as the next one. It is kept once [`Journal::keep`] has returned.
    pub(crate) fn append(&self, record: &Prepared, documents: u64) -> Result<u64> {
        let sequence = self.with(|store| store.append(record))?;
        lock(&self.tail).documents += documents;
        Ok(sequence)
    }

    /// Wait until it is kept.
    pub(crate) fn keep(&self, sequence: u64) -> Result<()> {
        self.with(|store| store.commit(sequence))
    }

    /// The number of the last input or tick.
    pub(crate) fn cut(&self) -> Result<u64> {
        self.with(Store::settled)
    }

    /// Write a tick down that is about to be committed, and keep it. One in which nothing happens is only noted.
    pub(crate) fn tick(&self, tick: u64, attempt: u64, cut: u64, is_idle: bool, documents: u64) -> Result<()> {
        self.with(|store| {
            if is_idle && store.idle_tick(cut)? {
                return Ok(());
            }
            let record = Prepared::new(INPUT, Input::Tick { tick, attempt, cut }.encode())?;
            store.append(&record)?;
            store.seal()
        })?;
        lock(&self.tail).documents += documents;
        Ok(())
    }

    /// Keep everything, idle ticks too.
    pub(crate) fn seal(&self) -> Result<()> {
        self.with(Store::seal)
    }

    /// Whether a checkpoint should be written; at the end, less is enough.
    pub(crate) fn is_due(&self, at_the_end: bool) -> bool {
        let tail = lock(&self.tail);
        let enough = match at_the_end {
            true => (tail.before / DUE_AT_THE_END).max(1),
            false => (tail.before / 2).max(DUE_DOCUMENTS),
        };
        tail.documents >= enough && !tail.is_writing
    }

    /// The whole colony as columns; the state must have applied all that was written down.
    pub(crate) fn encode(&self, state: &Replica) -> Result<Encoded> {
        let mark = self.with(Store::mark)?;
        let mut sections = Vec::with_capacity(Section::ALL.len());
        checkpoint::write(state, |section, bytes| {
            sections.push((section, bytes.to_vec()));
            Ok::<(), Error>(())
        })?;
        Ok(Encoded { mark, documents: state.commons().documents(), sections })
    }

    /// Say that a checkpoint is on its way; `false` where another one is.
    pub(crate) fn begin_writing(&self) -> bool {
        !std::mem::replace(&mut lock(&self.tail).is_writing, true)
    }

    /// Wait until no checkpoint is on its way, and say that one is.
    pub(crate) fn wait_to_write(&self) {
        let tail = lock(&self.tail);
        let mut tail = self.written.wait_while(tail, |tail| tail.is_writing).unwrap_or_else(PoisonError::into_inner);
        tail.is_writing = true;
    }

    /// Write a checkpoint, after [`Journal::begin_writing`] or [`Journal::wait_to_write`].
    pub(crate) fn write(&self, encoded: Result<Encoded>) -> Result<()> {
        let tail_before = lock(&self.tail).documents;
        let done = encoded.and_then(|encoded| {
            self.with(|store| store.begin_generation(encoded.mark, |sections| encoded.put(sections)))?;
            Ok(encoded.documents)
        });
        let mut tail = lock(&self.tail);
        tail.is_writing = false;
        if let Ok(documents) = done {
            tail.before = documents;
            // What came while it was written is in the tail still, or twice in the count: no matter.
            tail.documents -= tail_before.min(tail.documents);
        }
        tail.failed = done.as_ref().err().cloned();
        self.written.notify_all();
        done.map(|_| ())
    }

    /// Why the last checkpoint was not written, if it was not.
    pub(crate) fn failed(&self) -> Option<Error> {
        lock(&self.tail).failed.clone()
    }

    /// Do something with the store.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        match &*self.read() {
            Some(store) => act(store),
            None => Err(Error::Busy { what: "the colony is closed; open it again".into() }),
        }
    }

    /// Keep everything and let go of the files; nothing once it is closed.
    pub(crate) fn close(&self) -> Result<()> {
        let store = self.store.write().unwrap_or_else(PoisonError::into_inner).take();
        store.map_or(Ok(()), Store::close)
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Store>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoded {
    /// The place in the log at which it was taken.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Write the sections.
    pub(crate) fn put(&self, sections: &mut Sections<'_>) -> Result<()> {
        let mut all = self.sections.iter();
        all.try_for_each(|(section, bytes)| sections.add(crate::store::SectionId(section.number()), bytes))
    }
}

/// How many documents a change makes come, go or change.
pub(crate) fn documents_of(change: &Change) -> u64 {
    match change {
        Change::Nothing | Change::Reinforce { .. } => 0,
        Change::Insert(documents) => documents.len() as u64,
        Change::Replace { .. } => 1,
    }
}
