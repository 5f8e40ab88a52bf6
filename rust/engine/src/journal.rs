//! What a colony writes into its store: every input it accepts, and every tick.

use crate::lock::lock;
use crate::store::{Kind, Mark, Prepared, SectionId, Sections, Store};
use crate::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard};
use phago_core::checkpoint::{self, Section};
use phago_core::input::{Change, Input};
use phago_core::life::Acted;
use phago_core::plan::Plan;
use phago_core::replica::Replica;
use phago_core::{Error, Result};

/// A record that holds an input or a tick.
pub(crate) const INPUT: Kind = Kind(16);

// A checkpoint is due when this many steps were made since the last one, and at least as many as the documents in that
// one; a document that is added, removed or digested is a step. After a crash, some 125,000 steps are replayed per
// second by one thread: a colony of 64,512 documents of 420 bytes whose log holds all of them opens in 1.0 to 1.2 s.
// More checkpoints would open a crashed colony sooner. Each takes a tenth of the time in which as many documents are
// taken in and digested, and more on several nodes, where no core is left for it.
const DUE_STEPS: u64 = 131_072;
// When a colony is closed, changes of a sixteenth of the documents in the last checkpoint suffice: a colony is opened
// more often than it is closed after few changes.
const DUE_AT_THE_END: u64 = 16;

/// The log of a colony, open for writing.
#[derive(Debug)]
pub(crate) struct Journal {
    // `None` after closing.
    store: RwLock<Option<Store>>,
    tail: Mutex<Tail>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Tail {
    // Documents that were added, removed or digested since the last checkpoint, and the number of documents that it
    // holds.
    documents: u64,
    before: u64,
    is_writing: bool,
    // The error of the last checkpoint that no caller waited for.
    failed: Option<Error>,
}

/// A colony's whole state, ready to be written.
#[derive(Debug)]
pub(crate) struct Encoded {
    mark: Mark,
    documents: u64,
    sections: Vec<(Section, Columns)>,
}

#[derive(Debug)]
enum Columns {
    Whole(Vec<u8>),
    // Packed, and how many bytes they are.
    Packed(Vec<u8>, u64),
}

impl Journal {
    /// Returns a journal. `documents` is how many documents the last checkpoint holds, `tail` how many were added,
    /// removed or digested since.
    pub(crate) fn new(store: Store, documents: u64, tail: u64) -> Journal {
        let tail = Tail { documents: tail, before: documents, ..Tail::default() };
        Journal { store: RwLock::new(Some(store)), tail: Mutex::new(tail), written: Condvar::new() }
    }

    /// Returns the record of a change, or `None` if it changes nothing. It takes time, and needs no lock.
    pub(crate) fn record(change: &Change) -> Result<Option<Prepared>> {
        change.encode().map(|bytes| Prepared::new(INPUT, bytes)).transpose()
    }

    /// Appends an input as the next record. It is durable once [`Journal::keep`] has returned.
    pub(crate) fn append(&self, record: &Prepared, documents: u64) -> Result<u64> {
        let sequence = self.with(|store| store.append(record))?;
        lock(&self.tail).documents += documents;
        Ok(sequence)
    }

    /// Waits until the record is durable.
    pub(crate) fn keep(&self, sequence: u64) -> Result<()> {
        self.with(|store| store.commit(sequence))
    }

    /// Returns the number of the last input or tick.
    pub(crate) fn cut(&self) -> Result<u64> {
        self.with(Store::settled)
    }

    /// Appends a tick that is about to be committed, and waits until it is durable. An idle tick is written and not
    /// synced.
    pub(crate) fn tick(&self, plan: &Plan, attempt: u64, cut: u64, is_idle: bool) -> Result<()> {
        let (tick, documents) = (plan.tick, (plan.documents() + plan.leaving()) as u64);
        let steps = documents + plan.acted().map_or(0, Acted::steps);
        self.with(|store| {
            if is_idle && store.idle_tick(cut)? {
                return Ok(());
            }
            let input = match plan.acted() {
                None => Input::Tick { tick, attempt, cut },
                Some(acted) => Input::Lived { tick, attempt, cut, acted: acted.clone() },
            };
            let record = Prepared::new(INPUT, input.encode())?;
            store.append(&record)?;
            store.seal()
        })?;
        lock(&self.tail).documents += steps;
        Ok(())
    }

    /// Returns the error of what was read from this journal's store and does not fit together as damage of it.
    pub(crate) fn as_damage(&self, error: Error) -> Error {
        match self.with(|store| Ok(store.path())) {
            Ok(path) => as_damage(&path, error),
            Err(_) => error,
        }
    }

    /// Makes everything durable, including idle ticks.
    pub(crate) fn seal(&self) -> Result<()> {
        self.with(Store::seal)
    }

    /// Returns whether a checkpoint is due. When the colony is being closed, fewer changes suffice.
    pub(crate) fn is_due(&self, at_the_end: bool) -> bool {
        let tail = lock(&self.tail);
        let enough = match at_the_end {
            true => (tail.before / DUE_AT_THE_END).max(1),
            false => tail.before.max(DUE_STEPS),
        };
        tail.documents >= enough && !tail.is_writing
    }

    /// Encodes the whole colony as columns. The state must have applied everything that was appended.
    pub(crate) fn encode(&self, state: &Replica) -> Result<Encoded> {
        let mark = self.with(Store::mark)?;
        let mut sections = Vec::with_capacity(Section::ALL.len());
        checkpoint::write(state, |section, bytes| {
            sections.push((section, Columns::Whole(bytes)));
            Ok::<(), Error>(())
        })?;
        Ok(Encoded { mark, documents: state.commons().documents(), sections })
    }

    /// Returns columns of the whole colony that are made elsewhere; [`Encoded::add`] adds what is not joined yet. They
    /// must hold everything that was appended.
    pub(crate) fn encoded(&self, documents: u64, sections: Vec<(Section, Vec<u8>)>) -> Result<Encoded> {
        let sections = sections.into_iter().map(|(section, bytes)| (section, Columns::Whole(bytes))).collect();
        Ok(Encoded { mark: self.with(Store::mark)?, documents, sections })
    }

    /// Marks a checkpoint as being written. Returns `false` if another one is.
    pub(crate) fn begin_writing(&self) -> bool {
        !std::mem::replace(&mut lock(&self.tail).is_writing, true)
    }

    /// Waits until no checkpoint is being written, and marks one as being written.
    pub(crate) fn wait_to_write(&self) {
        let tail = lock(&self.tail);
        let mut tail = self.written.wait_while(tail, |tail| tail.is_writing).unwrap_or_else(PoisonError::into_inner);
        tail.is_writing = true;
    }

    /// Waits until no checkpoint is being written.
    pub(crate) fn wait_until_written(&self) {
        let tail = lock(&self.tail);
        drop(self.written.wait_while(tail, |tail| tail.is_writing));
    }

    /// Writes a checkpoint, after [`Journal::begin_writing`] or [`Journal::wait_to_write`].
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
            // What arrived while it was written is in the new tail, or is counted twice: neither does harm.
            tail.documents -= tail_before.min(tail.documents);
        }
        tail.failed = done.as_ref().err().cloned();
        self.written.notify_all();
        done.map(|_| ())
    }

    /// Returns why the last checkpoint was not written, if it was not.
    pub(crate) fn failed(&self) -> Option<Error> {
        lock(&self.tail).failed.clone()
    }

    /// Calls `act` with the store.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        match &*self.read() {
            Some(store) => act(store),
            None => Err(Error::Busy { what: "the colony is closed; open it again".into() }),
        }
    }

    /// Makes everything durable and closes the files. Does nothing if it is closed already. Returns why the witness is
    /// not as a clean end leaves it, if it is not: nothing is lost then, as after a crash.
    pub(crate) fn close(&self) -> Result<Option<Error>> {
        let store = self.store.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(store) = store else { return Ok(None) };
        store.seal()?;
        Ok(store.close().err())
    }

    fn read(&self) -> RwLockReadGuard<'_, Option<Store>> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoded {
    /// Adds the next section, of so many bytes, in parts that were packed.
    pub(crate) fn add(&mut self, section: Section, (parts, bytes): (Vec<u8>, u64)) {
        self.sections.push((section, Columns::Packed(parts, bytes)));
    }

    /// Returns the mark in the log at which the state was taken.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Writes the sections.
    pub(crate) fn put(&self, sections: &mut Sections<'_>) -> Result<()> {
        let mut all = self.sections.iter();
        all.try_for_each(|(section, columns)| {
            let id = SectionId(section.number());
            match columns {
                Columns::Whole(bytes) => sections.add(id, bytes),
                Columns::Packed(parts, bytes) => sections.add_packed(id, parts, *bytes),
            }
        })
    }
}

/// Returns how many documents an input adds, removes or replaces, or how much else it changes.
pub(crate) fn documents_of_input(input: &Input) -> u64 {
    match input {
        Input::Ingest(documents) => documents.len() as u64,
        Input::Update(_) | Input::Delete(_) => 1,
        Input::Life(deed) => deed.steps(),
        Input::Lived { acted, .. } => acted.steps(),
        _ => 0,
    }
}

/// Returns the error of bytes that make no colony as damage of the directory they were read from. The store has checked
/// that they are the bytes that were written: another program or a fault of ours wrote them.
pub(crate) fn as_damage(path: &str, error: Error) -> Error {
    match error {
        Error::Wire { what, reason } => {
            Error::Corruption { path: path.to_owned(), place: format!("the {what}"), reason }
        }
        other => other,
    }
}
