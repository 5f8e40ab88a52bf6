//! Generations: a checkpoint, and a log that begins where the checkpoint was taken.
//!
//! The checkpoint is written while other calls go on. What was appended since its mark is then copied from the old log
//! behind the new log's header, byte for byte, because no record holds its offset. Then the witness names the new
//! generation. Until it does, the old generation is valid, and the next opening removes what exists of the new one.

use super::appender::Appender;
use super::checkpoint::{Checkpoint, Sections};
use super::files::{Files, Refused};
use super::format::{Magic, PAGE_BYTES, checkpoint_name, log_name};
use super::header::{Header, Named, Point};
use super::layout::{copy, fresh_uuid, is_ours, lay_log, remove_if_there, remove_others, take_lock};
use super::options::Mutant;
use super::witness::{Testimony, Witness};
use super::writer::{Inner, Leading, Store};
use crate::lock::lock;
use phago_core::{Error, Result};
use std::sync::Arc;

/// A point in the log at which a colony's state was taken, for [`Store::begin_generation`].
#[derive(Copy, Clone, Debug)]
pub struct Mark {
    generation: u64,
    point: Point,
    offset: u64,
}

impl Mark {
    /// Returns the number of the last record before the mark.
    pub fn sequence(&self) -> u64 {
        self.point.sequence
    }
}

impl Store {
    /// Returns a mark behind the last appended record. [`Store::begin_generation`] needs with it a state that has
    /// applied exactly the records before it.
    pub fn mark(&self) -> Result<Mark> {
        let mut state = self.inner.sound()?;
        state.append_idle();
        Ok(Mark { generation: state.generation, point: state.end, offset: state.offset })
    }

    /// Writes a checkpoint of the state at a mark, begins a new log there, and deletes the older files. Appends and
    /// commits go on while the checkpoint is written; what follows the mark is copied into the new log.
    ///
    /// # Errors
    /// If an error comes before the new generation is valid, the old one stays as it is.
    pub fn begin_generation(&self, mark: Mark, write: impl FnOnce(&mut Sections<'_>) -> Result<()>) -> Result<()> {
        let inner = &*self.inner;
        {
            let mut state = inner.sound()?;
            if state.turning || state.generation != mark.generation {
                return Err(Error::Busy { what: "another checkpoint is being written, or has been since".to_owned() });
            }
            state.turning = true;
        }
        let turning = Turning(inner);
        inner.stands()?;
        self.commit(mark.point.sequence)?;
        let generation = mark.generation + 1;
        let header = |checkpoint| Header {
            uuid: inner.uuid,
            generation,
            base: mark.point,
            checkpoint,
            settings: inner.settings.clone(),
        };
        // Remains of an attempt that failed.
        remove_if_there(&*inner.files, &checkpoint_name(generation))?;
        remove_if_there(&*inner.files, &log_name(generation))?;
        let named = write_checkpoint(&*inner.files, &header(None), write)?;
        let result = inner.turn_over(mark, &header(Some(named)));
        drop(turning);
        result
    }

    /// Writes the state at a mark into another directory, as a colony of its own.
    pub fn snapshot(
        &self,
        mark: Mark,
        target: Arc<dyn Files>,
        write: impl FnOnce(&mut Sections<'_>) -> Result<()>,
    ) -> Result<()> {
        target.create_dir().refused(&*target, "", "make")?;
        let free = |files: &dyn Files| {
            let names = files.list().refused(files, "", "list")?;
            let taken = names.iter().any(|name| is_ours(name));
            if taken { Err(Error::Occupied { path: files.path() }) } else { Ok(()) }
        };
        free(&*target)?;
        let _held = take_lock(&*target)?;
        let mut header = Header {
            uuid: fresh_uuid(&*target)?,
            generation: 1,
            base: mark.point,
            checkpoint: None,
            settings: self.inner.settings.clone(),
        };
        header.checkpoint = Some(write_checkpoint(&*target, &header, write)?);
        lay_log(&*target, &header)?;
        let first =
            Testimony { uuid: header.uuid, count: 0, generation: 1, point: header.base, offset: PAGE_BYTES as u64 };
        Witness::create(&*target, first)?;
        target.sync_dir().refused(&*target, "", "sync")
    }

    /// Opens the checkpoint that the log continues, if there is one.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let (generation, log) = {
            let state = self.inner.sound()?;
            (state.generation, Arc::clone(&state.log))
        };
        let (files, uuid) = (&self.inner.files, self.inner.uuid);
        let header = Header::read(&**files, &log_name(generation), &*log.file, Magic::Log, uuid, generation)?;
        header.checkpoint.map(|named| Checkpoint::open(Arc::clone(files), &header, named)).transpose()
    }
}

impl Inner {
    // Begins a new log at a mark and copies everything behind the mark into it.
    fn turn_over(&self, mark: Mark, header: &Header) -> Result<()> {
        self.stands()?;
        let files = &*self.files;
        let mut state = self.sound()?;
        while state.leading {
            state = self.wait(state)?;
        }
        let lead = Leading::begin(self, &mut state);
        // What waits in the queue, and what is appended from here on, goes into the new log.
        let (old, written, offset) = (Arc::clone(&state.log), state.kept, state.kept_offset);
        drop(state);

        let (name, old_name) = (log_name(header.generation), log_name(mark.generation));
        let tail = offset - mark.offset;
        let shifted = PAGE_BYTES as u64 + tail;
        let laid = lay_log(files, header).and_then(|log| {
            copy(files, (&*old.file, &old_name, mark.offset), (&*log, &name, PAGE_BYTES as u64), tail)?;
            log.sync().refused(files, &name, "sync")?;
            Ok(Arc::new(Appender::new(Arc::from(log), shifted)))
        });
        let log = match laid {
            Ok(log) => log,
            Err(error) => {
                lead.end(&mut lock(&self.state), None);
                let _ = files.remove(&name);
                let _ = files.remove(&checkpoint_name(header.generation));
                return Err(error);
            }
        };
        if self.options.mutant == Some(Mutant::OldDeletedFirst) {
            remove_others(files, header.generation)?;
        }
        // From here until the witness is written, it is unknown which generation is valid.
        let turned = lock(&self.witness).advance(files, header.generation, written, shifted);
        let mut state = lock(&self.state);
        lead.end(&mut state, turned.as_ref().err());
        turned?;
        state.generation = header.generation;
        state.log = log;
        state.kept_offset = shifted;
        state.offset = state.offset - offset + shifted;
        state.unsynced = false;
        // Idle ticks that came meanwhile stand in the old log.
        let written = if state.idle > 0 { state.write_idle() } else { Ok(()) };
        written.refused(files, &name, "write").inspect_err(|error| state.poison(error))?;
        drop(state);
        // What this does not remove, the next generation or the next opening does.
        remove_others(files, header.generation)
    }
}

/// A new generation that is being prepared. Dropping it ends that, with or without success.
struct Turning<'a>(&'a Inner);

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).turning = false;
    }
}

// Writes a checkpoint and makes its name durable.
fn write_checkpoint(
    files: &dyn Files,
    header: &Header,
    write: impl FnOnce(&mut Sections<'_>) -> Result<()>,
) -> Result<Named> {
    let written = Sections::create(files, header).and_then(|mut sections| {
        write(&mut sections)?;
        sections.finish()
    });
    let named = written.and_then(|named| files.sync_dir().refused(files, "", "sync").map(|()| named));
    if named.is_err() {
        // It is not part of the colony yet. The next attempt, or the next opening, removes what is left of it.
        let _ = files.remove(&checkpoint_name(header.generation));
    }
    named
}
