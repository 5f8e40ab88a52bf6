//! Opens a colony that lives on disk.

use super::settings::{self, Layout};
use crate::journal::{INPUT, Journal};
use crate::store::{Checkpoint, Files, Kind, Options, Record, Recovery, SectionId};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Parsed, Section, Share};
use phago_core::config::ColonyConfig;
use phago_core::input::Input;
use phago_core::replay::Replay;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::sync::Arc;
use std::time::{Duration, Instant};

// How often to try a directory that another writer has locked. No system offers a wait for the lock that can also be
// cancelled.
const LOOK: Duration = Duration::from_millis(20);

impl World {
    /// Opens the colony in a directory, or makes one there. `None` for layout or config means those with which the
    /// colony was made; a new colony gets the defaults.
    ///
    /// # Errors
    /// [`Error::Locked`] while another process writes it; [`Error::NoColony`] if there is none and none is to be made;
    /// [`Error::Corruption`], [`Error::Version`], [`Error::Storage`]; [`Error::Config`] for another config than the one
    /// with which it was made.
    pub fn open(
        files: Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<ColonyConfig>,
    ) -> Result<Arc<World>> {
        World::open_within(&files, options, layout, config.as_ref(), Duration::ZERO, &Cancel::new())
    }

    /// Does what [`World::open`] does until `cancel` is set, and waits up to this time for another writer to close the
    /// colony.
    ///
    /// # Errors
    /// As [`World::open`]; [`Error::Cancelled`].
    pub fn open_within(
        files: &Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
        wait: Duration,
        cancel: &Cancel,
    ) -> Result<Arc<World>> {
        let begun = Instant::now();
        loop {
            match World::open_now(files, options, layout, config, cancel) {
                Err(Error::Locked { .. }) if begun.elapsed() < wait => {
                    cancel.poll()?;
                    std::thread::sleep(LOOK.min(wait - begun.elapsed().min(wait)));
                }
                opened => return opened,
            }
        }
    }

    fn open_now(
        files: &Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
        cancel: &Cancel,
    ) -> Result<Arc<World>> {
        let new_layout = layout.unwrap_or(Layout { shards: 1, virtual_nodes: 150 });
        let new_config = config.cloned().unwrap_or_default();
        new_config.validate()?;
        new_layout.check()?;
        let new = options.make.then(|| settings::encode(&new_config, new_layout));
        let mut recovery = Recovery::open(Arc::clone(files), options, new.as_deref())?;
        let mut reading = Reading::begin(&**files, recovery.settings(), recovery.checkpoint(), layout, config)?;
        while let Some(record) = recovery.next()? {
            cancel.poll()?;
            reading.take(record)?;
        }
        let (before, tail) = (reading.before, reading.tail);
        let state = reading.finish()?;
        let store = recovery.finish()?;
        Ok(World::of(state, Some(Journal::new(store, before, tail)), None))
    }
}

/// A colony that is being read from its files.
pub(super) struct Reading {
    path: String,
    replay: Replay,
    // Documents in the checkpoint, and those that were added, removed or digested since.
    before: u64,
    tail: u64,
}

impl Reading {
    pub(super) fn begin(
        files: &dyn Files,
        settings: &[u8],
        checkpoint: Option<&Checkpoint>,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
    ) -> Result<Reading> {
        let path = files.path();
        let (kept, made) = settings::decode(settings).map_err(|error| as_damage(&path, error))?;
        if let Some(config) = config {
            settings::check_same(config, &kept)?;
        }
        let layout = layout.unwrap_or(made);
        layout.check()?;
        let ring = Ring::new(layout.shards, layout.virtual_nodes);
        let state = match checkpoint {
            None => Replica::new(kept, ring)?,
            // Sections are read, decompressed and parsed beside the building of the colony, which takes one after the other.
            Some(checkpoint) => std::thread::scope(|scope| {
                let read = |section: Section| Parsed::new(section, checkpoint.section(SectionId(section.number()))?);
                let begin = |section| std::thread::Builder::new().spawn_scoped(scope, move || read(section));
                let mut ahead = Section::ALL.map(|section| (section, Some(begin(section))));
                let take = |wanted: Section| {
                    let (_, reader) = ahead.iter_mut().find(|(section, _)| *section == wanted).expect("ALL has it");
                    match reader.take().expect("a section is read once") {
                        Ok(reader) => reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                        // Where no thread is to be had, it is read here.
                        Err(_) => read(wanted),
                    }
                };
                checkpoint::build(kept, ring, Share::Whole, take).map_err(|error| as_damage(&path, error))
            })?,
        };
        let before = state.commons().documents();
        Ok(Reading { path, replay: Replay::new(state), before, tail: 0 })
    }

    pub(super) fn take(&mut self, record: Record) -> Result<()> {
        let taken = match record.kind {
            INPUT => Input::decode(&record.payload).and_then(|input| {
                self.tail += match &input {
                    Input::Ingest(documents) => documents.len() as u64,
                    Input::Update(_) | Input::Delete(_) => 1,
                    _ => 0,
                };
                self.replay.take(record.sequence, input)
            }),
            Kind::IDLE => {
                let ticks = <[u8; 8]>::try_from(&record.payload[..]).map(u64::from_le_bytes);
                match ticks {
                    Ok(ticks) => self.replay.pass(ticks),
                    Err(_) => Err(Error::Wire { what: "history", reason: "a run of idle ticks has no number".into() }),
                }
            }
            other => Err(Error::Wire { what: "history", reason: format!("records of kind {} are not known", other.0) }),
        };
        taken.map_err(|error| as_damage(&format!("{}, record {}", self.path, record.sequence), error))
    }

    /// Returns the state so far, for readers: more records may follow.
    pub(super) fn visible(&self) -> Result<Replica> {
        self.replay.visible().map_err(|error| as_damage(&self.path, error))
    }

    fn finish(self) -> Result<Replica> {
        self.replay.finish().map_err(|error| as_damage(&self.path, error))
    }
}

// The store has checked that these are the bytes that were written. If they make no colony, another program or
// a fault of ours wrote them.
fn as_damage(path: &str, error: Error) -> Error {
    match error {
        Error::Wire { what, reason } => {
            Error::Corruption { path: path.to_owned(), place: format!("the {what}"), reason }
        }
        other => other,
    }
}
