//! Generations: a checkpoint, and a log that begins where the checkpoint was taken.
//!
//! The checkpoint is written beside the work. What was appended since then is copied from the old log behind the header of
//! the new one, byte for byte, as no record knows its place in a file. Then the witness moves over; until it has, the old
//! generation stands, and what there is of the new one is removed when the colony is opened.

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

/// A place in the log at which a colony's state was taken, for [`Store::begin_generation`].
#[derive(Copy, Clone, Debug)]
pub struct Mark {
    generation: u64,
    point: Point,
    offset: u64,
}

impl Mark {
    /// The number of the last record before the place.
    pub fn sequence(&self) -> u64 {
        self.point.sequence
    }
}

impl Store {
    /// The place up to which records have been appended. A state that has applied all of them, and nothing else, is what
    /// [`Store::begin_generation`] wants for it.
    pub fn mark(&self) -> Result<Mark> {
        let mut state = self.inner.sound()?;
        state.append_idle();
        Ok(Mark { generation: state.generation, point: state.end, offset: state.offset })
    }

    /// Write a checkpoint of the state at a mark, let a new log begin there, and delete the old ones. Appends and commits go on while the
    /// checkpoint is written; what came after the mark is carried over.
    ///
    /// # Errors
    /// An error before the new generation stands leaves the old one as it is.
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
        self.commit(mark.point.sequence)?;
        let generation = mark.generation + 1;
        let header = |checkpoint| Header {
            uuid: inner.uuid,
            generation,
            base: mark.point,
            checkpoint,
            settings: inner.settings.clone(),
        };
        // What is left of an attempt that failed.
        remove_if_there(&*inner.files, &checkpoint_name(generation))?;
        remove_if_there(&*inner.files, &log_name(generation))?;
        let named = write_checkpoint(&*inner.files, &header(None), write)?;
        let result = inner.turn_over(mark, &header(Some(named)));
        drop(turning);
        result
    }

    /// Write the state at a mark into another directory, as a colony of its own.
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

    /// Open the checkpoint that the log continues, if it continues one.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let (generation, log) = {
            let state = self.inner.sound()?;
            (state.generation, Arc::clone(&state.log))
        };
        let (files, uuid) = (&self.inner.files, self.inner.uuid);
        let header = Header::read(&**files, &log_name(generation), &*log, Magic::Log, uuid, generation)?;
        header.checkpoint.map(|named| Checkpoint::open(Arc::clone(files), &header, named)).transpose()
    }
}

impl Inner {
    // Let a new log begin at a mark, with all that came after it.
    fn turn_over(&self, mark: Mark, header: &Header) -> Result<()> {
        let files = &*self.files;
        let mut state = self.sound()?;
        while state.leading {
            state = self.wait(state)?;
        }
        let lead = Leading::begin(self, &mut state);
        // What waits in the queue, and what is appended from here on, goes to the new log.
        let (old, written, offset) = (Arc::clone(&state.log), state.kept, state.kept_offset);
        drop(state);

        let (name, old_name) = (log_name(header.generation), log_name(mark.generation));
        let tail = offset - mark.offset;
        let shifted = PAGE_BYTES as u64 + tail;
        let laid = lay_log(files, header).and_then(|log| {
            copy(files, (&*old, &old_name, mark.offset), (&*log, &name, PAGE_BYTES as u64), tail)?;
            log.sync().refused(files, &name, "sync")?;
            Ok(Arc::from(log))
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
        // From here on it is unknown which of both generations stands, until the witness does.
        let turned = lock(&self.witness).advance(files, header.generation, written, shifted);
        let mut state = lock(&self.state);
        lead.end(&mut state, turned.as_ref().err());
        turned?;
        state.generation = header.generation;
        state.log = log;
        state.kept_offset = shifted;
        state.offset = state.offset - offset + shifted;
        state.unsynced = false;
        drop(state);
        // What is not removed now is with the next generation, or when the colony is opened.
        remove_others(files, header.generation)
    }
}

/// A new generation is on its way; dropping it says that it is no more, however it ended.
struct Turning<'a>(&'a Inner);

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).turning = false;
    }
}

// A checkpoint with its name durable.
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
        // It is no part of the colony yet; what is left of it goes with the next attempt, or the next opening.
        let _ = files.remove(&checkpoint_name(header.generation));
    }
    named
}
