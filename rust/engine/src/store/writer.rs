//! The store, open for writing: one log that many threads append to.
//!
//! A caller that wants a record acknowledged waits until some caller, the leader, has written and synced everything
//! that was appended before the leader began. So callers that come together share one sync. The leader holds no lock
//! while it waits for the disk.

use super::appender::Appender;
use super::files::{File, Files, Lock, Refused};
use super::format::{LOCK, PAGE_BYTES, Uuid, log_name};
use super::header::{Header, Point};
use super::options::{Mutant, Options, WitnessSync};
use super::reader::Reader;
use super::record::{Kind, Prepared};
use super::witness::Witness;
use crate::lock::lock;
use crate::sync::thread::{self, Thread};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak, now, sleep};
use phago_core::{Error, Result};
use std::time::Duration;

/// A colony's files, open for writing. Call [`Store::close`] first: dropping it waits for the current writer, writes
/// nothing and releases the lock.
#[derive(Debug)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) files: Arc<dyn Files>,
    pub(super) options: Options,
    pub(super) uuid: Uuid,
    pub(super) settings: Vec<u8>,
    pub(super) state: Mutex<State>,
    /// Notified when a caller stops leading.
    pub(super) turn: Condvar,
    /// Only the leader locks it.
    pub(super) witness: Mutex<Witness>,
    /// The thread that syncs the witness when nobody writes for a while.
    pub(super) keeper: OnceLock<Thread>,
    held: Mutex<Option<Box<dyn Lock>>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) generation: u64,
    pub(super) log: Arc<Appender>,
    /// The last appended record, and the end of the log behind it.
    pub(super) end: Point,
    pub(super) offset: u64,
    /// Bytes that were appended and not yet written.
    pub(super) queue: Vec<u8>,
    /// The last durable record, and the offset at which it ends.
    pub(super) kept: Point,
    pub(super) kept_offset: u64,
    /// The number of the last record that is not a run of idle ticks.
    pub(super) settled: u64,
    /// Idle ticks that no record holds yet.
    pub(super) idle: u64,
    pub(super) leading: bool,
    /// Whether a new generation is being prepared.
    pub(super) turning: bool,
    /// Whether the witness was written and not yet synced.
    pub(super) unsynced: bool,
    pub(super) closed: bool,
    pub(super) poisoned: Option<String>,
}

/// What recovery hands over to the store.
pub(super) struct Recovered {
    pub(super) files: Arc<dyn Files>,
    pub(super) options: Options,
    pub(super) header: Header,
    pub(super) log: Arc<dyn File>,
    pub(super) end: Point,
    pub(super) offset: u64,
    pub(super) settled: u64,
    pub(super) witness: Witness,
    pub(super) held: Box<dyn Lock>,
}

impl Store {
    pub(super) fn start(from: Recovered) -> Store {
        let state = State {
            generation: from.header.generation,
            log: Arc::new(Appender::new(from.log, from.offset)),
            end: from.end,
            offset: from.offset,
            queue: Vec::new(),
            kept: from.end,
            kept_offset: from.offset,
            settled: from.settled,
            idle: 0,
            leading: false,
            turning: false,
            unsynced: false,
            closed: false,
            poisoned: None,
        };
        let inner = Arc::new(Inner {
            files: from.files,
            options: from.options,
            uuid: from.header.uuid,
            settings: from.header.settings,
            state: Mutex::new(state),
            turn: Condvar::new(),
            witness: Mutex::new(from.witness),
            keeper: OnceLock::new(),
            held: Mutex::new(Some(from.held)),
        });
        if let WitnessSync::Within(every) = from.options.witness {
            let weak = Arc::downgrade(&inner);
            let named = thread::Builder::new().name("phago-witness".to_owned());
            // If no thread can be started, the next writer syncs the witness.
            if let Ok(keeper) = named.spawn(move || keep(&weak, every)) {
                inner.keeper.set(keeper.thread().clone()).expect("it is set once");
            }
        }
        Store { inner }
    }

    /// Returns the settings with which the colony was made.
    pub fn settings(&self) -> &[u8] {
        &self.inner.settings
    }

    /// Returns the identity of the colony.
    pub fn uuid(&self) -> Uuid {
        self.inner.uuid
    }

    /// Returns a reader of what is acknowledged so far. It does not disturb the writer.
    ///
    /// # Errors
    /// Those of [`Reader::open`].
    pub fn reader(&self) -> Result<Reader> {
        Reader::open(Arc::clone(&self.inner.files))
    }

    /// Returns the directory's name for messages.
    pub fn path(&self) -> String {
        self.inner.files.path()
    }

    /// Appends a record to the log. It is durable once [`Store::commit`] has returned. Records are read again in the
    /// order of appends. A caller that needs a certain order appends under its own lock; this call does not wait for
    /// the disk.
    pub fn append(&self, record: &Prepared) -> Result<u64> {
        let mut state = self.inner.sound()?;
        state.append_idle();
        Ok(state.append(record))
    }

    /// Waits until a record and all before it are durable.
    ///
    /// # Errors
    /// [`Error::Storage`] if the disk refused a call. Every later call returns [`Error::Poisoned`] until the store is
    /// opened again: until then it is unknown which of the last records are durable.
    pub fn commit(&self, sequence: u64) -> Result<()> {
        let inner = &*self.inner;
        let mut state = inner.sound()?;
        while state.kept.sequence < sequence {
            if state.leading {
                state = inner.wait(state)?;
            } else {
                assert!(sequence <= state.end.sequence, "record {sequence} was never appended");
                state = inner.lead(state, false)?;
            }
        }
        Ok(())
    }

    /// Counts a tick in which nothing happened, and which sees everything up to the record `after`. Runs of them become
    /// one record with the next append, [`Store::seal`] or [`Store::close`], which is written already and not synced: the
    /// end of the process leaves it, and a loss of power before that drops it.
    ///
    /// Returns `false` and counts nothing if another record follows `after`: such a tick needs its own record with its
    /// cut.
    ///
    /// # Errors
    /// Those of [`Store::commit`].
    pub fn idle_tick(&self, after: u64) -> Result<bool> {
        let mut state = self.inner.sound()?;
        if state.settled != after {
            return Ok(false);
        }
        state.idle += 1;
        let written = state.write_idle().refused(&*self.inner.files, &log_name(state.generation), "write");
        written.inspect_err(|error| state.poison(error)).map(|()| true)
    }

    /// Makes everything so far durable, including idle ticks, and syncs the witness.
    pub fn seal(&self) -> Result<()> {
        let inner = &*self.inner;
        let mut state = inner.sound()?;
        state.append_idle();
        while state.leading {
            state = inner.wait(state)?;
        }
        if !state.queue.is_empty() || state.unsynced {
            drop(inner.lead(state, true)?);
        }
        Ok(())
    }

    /// Returns the number of the last record that is not a run of idle ticks, as [`Store::idle_tick`] needs it.
    pub fn settled(&self) -> Result<u64> {
        Ok(self.inner.sound()?.settled)
    }

    /// Does what [`Store::seal`] does, and releases the lock.
    pub fn close(self) -> Result<()> {
        self.seal()?;
        let (log, offset, generation) = {
            let state = lock(&self.inner.state);
            (Arc::clone(&state.log), state.offset, state.generation)
        };
        let files = &*self.inner.files;
        log.cut(offset).refused(files, &log_name(generation), "cut")?;
        // A later reader needs both slots; see [`Witness::settle`].
        lock(&self.inner.witness).settle(files)
    }

    /// Returns the size of the log after its header, in bytes, and the number of records in the colony's history.
    pub fn extent(&self) -> (u64, u64) {
        let state = lock(&self.inner.state);
        (state.offset - PAGE_BYTES as u64, state.end.sequence)
    }
}

impl State {
    pub(super) fn poison(&mut self, error: &Error) {
        self.poisoned = Some(error.to_string());
    }

    fn append(&mut self, record: &Prepared) -> u64 {
        let before = self.queue.len();
        self.end = record.put(self.end, &mut self.queue);
        self.offset += (self.queue.len() - before) as u64;
        if record.kind() != Kind::IDLE {
            self.settled = self.end.sequence;
        }
        self.end.sequence
    }

    // Writes the record of the idle ticks so far where the next append will put it: the same bytes again, or those of a
    // longer run. All before it is written, as a tick sees only what is kept; or a run that stands there already.
    pub(super) fn write_idle(&self) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        Prepared::idle(self.idle).put(self.end, &mut bytes);
        self.log.write(self.offset, &bytes)
    }

    pub(super) fn append_idle(&mut self) {
        let idle = std::mem::take(&mut self.idle);
        if idle > 0 {
            self.append(&Prepared::idle(idle));
        }
    }
}

impl Inner {
    pub(super) fn sound(&self) -> Result<MutexGuard<'_, State>> {
        self.check(lock(&self.state))
    }

    fn check<'a>(&self, state: MutexGuard<'a, State>) -> Result<MutexGuard<'a, State>> {
        match &state.poisoned {
            Some(cause) => Err(Error::Poisoned { path: self.files.path(), cause: cause.clone() }),
            None => Ok(state),
        }
    }

    pub(super) fn wait<'a>(&self, state: MutexGuard<'a, State>) -> Result<MutexGuard<'a, State>> {
        self.check(self.turn.wait(state).unwrap_or_else(PoisonError::into_inner))
    }

    // Writes and syncs what was appended so far.
    fn lead<'a>(&'a self, mut state: MutexGuard<'a, State>, seal: bool) -> Result<MutexGuard<'a, State>> {
        let lead = Leading::begin(self, &mut state);
        let queue = std::mem::take(&mut state.queue);
        let (end, offset, generation) = (state.end, state.offset, state.generation);
        let log = Arc::clone(&state.log);
        if self.options.mutant == Some(Mutant::AckEarly) {
            state.kept = end;
        }
        drop(state);
        let synced = self.keep(&log, &queue, generation, end, offset, seal);
        let mut state = lock(&self.state);
        lead.end(&mut state, synced.as_ref().err());
        state.unsynced = !synced?;
        (state.kept, state.kept_offset) = (end, offset);
        if let (true, Some(keeper)) = (state.unsynced, self.keeper.get()) {
            keeper.unpark();
        }
        Ok(state)
    }

    /// Refuses to go on where the directory is not the one that was opened: what would be acknowledged would be nowhere,
    /// and another colony may stand there.
    pub(super) fn stands(&self) -> Result<()> {
        let held = lock(&self.held);
        held.as_ref().map_or(Ok(()), |held| held.stands()).refused(&*self.files, LOCK, "find again")
    }

    // Returns whether the witness was synced too.
    fn keep(&self, log: &Appender, queue: &[u8], generation: u64, end: Point, offset: u64, seal: bool) -> Result<bool> {
        let files = &*self.files;
        let mut witness = lock(&self.witness);
        if !queue.is_empty() {
            let name = log_name(generation);
            if self.options.mutant == Some(Mutant::WitnessFirst) {
                witness.write(files, generation, end, offset)?;
                witness.sync(files)?;
            }
            log.write(offset - queue.len() as u64, queue).refused(files, &name, "write")?;
            if self.options.mutant != Some(Mutant::AckEarly) {
                log.sync().refused(files, &name, "sync")?;
            }
            self.stands()?;
            witness.write(files, generation, end, offset)?;
        }
        let due = match self.options.witness {
            WitnessSync::EveryAck => true,
            WitnessSync::Within(every) => now() - witness.synced_at >= every,
            WitnessSync::Sealed => false,
        };
        if seal || due {
            witness.sync(files)?;
        }
        Ok(seal || due)
    }
}

/// Held by the caller that writes. If a panic drops it without [`Leading::end`], the store is poisoned.
pub(super) struct Leading<'a>(&'a Inner, bool);

impl<'a> Leading<'a> {
    pub(super) fn begin(inner: &'a Inner, state: &mut State) -> Self {
        assert!(!state.leading, "one leads");
        state.leading = true;
        Leading(inner, false)
    }

    pub(super) fn end(mut self, state: &mut State, failed: Option<&Error>) {
        self.1 = true;
        state.leading = false;
        if let Some(error) = failed {
            state.poison(error);
        }
        self.0.turn.notify_all();
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        if !self.1 {
            let mut state = lock(&self.0.state);
            state.leading = false;
            state.poisoned.get_or_insert_with(|| "a panic while writing".to_owned());
            self.0.turn.notify_all();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let mut state = lock(&self.inner.state);
        state.closed = true;
        // Only the keeper can still be writing. Once it has ended, others may open the files.
        while state.leading {
            state = self.inner.turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        *lock(&self.inner.held) = None;
        if let Some(keeper) = self.inner.keeper.get() {
            keeper.unpark();
        }
    }
}

// Syncs the witness of a store that nobody writes to for a while. It ends with the store, to which it holds no
// reference while it sleeps.
fn keep(weak: &Weak<Inner>, every: Duration) {
    loop {
        thread::park();
        sleep(every);
        let Some(inner) = weak.upgrade() else { return };
        let state = lock(&inner.state);
        if state.closed {
            return;
        }
        if state.poisoned.is_none() && state.unsynced && !state.leading {
            // An error poisons the store, so the next caller learns of it.
            drop(inner.lead(state, true));
        }
    }
}
