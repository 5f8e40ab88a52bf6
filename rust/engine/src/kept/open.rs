//! Opens a colony that lives on disk.

use super::settings::{self, Layout};
use super::threads::{Threads, each};
use crate::cluster::{Remote, Transport};
use crate::journal::{INPUT, Journal, as_damage, documents_of_input};
use crate::store::{Checkpoint, Files, Kind, Options, Record, Recovery, SectionId};
use crate::sync::{Arc, beside, now, sleep, thread};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Job, Parsed, Section, Share};
use phago_core::config::ColonyConfig;
use phago_core::input::Input;
use phago_core::replay::{Driven, Replay};
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::time::Duration;

/// The nodes that hold the shards of a colony.
#[derive(Clone, Debug)]
pub struct Over {
    /// How they are reached.
    pub transport: Arc<dyn Transport>,
    /// How many there are.
    pub nodes: usize,
    /// How long one may take for a change or a question.
    pub answer: Duration,
}

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
        until_free(wait, cancel, || World::open_now(files, options, layout, config, cancel))
    }

    /// Opens a colony whose shards are held by nodes elsewhere, as [`World::open_within`] does.
    ///
    /// # Errors
    /// As [`World::open_within`]; [`Error::Config`] for more nodes than shards; [`Error::CoordinatorUnavailable`] if a
    /// node cannot be reached.
    pub fn open_over(
        files: &Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
        over: &Over,
        wait: Duration,
        cancel: &Cancel,
    ) -> Result<Arc<World>> {
        until_free(wait, cancel, || World::open_over_now(files, options, layout, config, over, cancel))
    }

    fn open_over_now(
        files: &Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
        over: &Over,
        cancel: &Cancel,
    ) -> Result<Arc<World>> {
        let mut recovery = recovery(files, options, layout, config)?;
        let path = files.path();
        let (kept, layout) = agreed(&path, recovery.settings(), layout, config)?;
        let Over { transport, nodes, answer } = over;
        if !(1..=layout.shards as usize).contains(nodes) {
            let accepted = format!("1 to {}, the number of shards", layout.shards);
            return Err(Error::Config { field: "nodes".into(), value: nodes.to_string(), accepted });
        }
        let remote = Remote::new(Arc::clone(transport), *nodes, kept, layout, *answer);
        let mut reading = remote.load(path, recovery.checkpoint())?;
        while let Some(record) = recovery.next()? {
            cancel.poll()?;
            reading.take(record)?;
        }
        let (before, tail) = (reading.before, reading.tail);
        let state = remote.loaded(reading.finish()?);
        let store = recovery.finish()?;
        Ok(World::of(state, Some(Journal::new(store, before, tail)), None, Some(Arc::new(remote))))
    }

    fn open_now(
        files: &Arc<dyn Files>,
        options: Options,
        layout: Option<Layout>,
        config: Option<&ColonyConfig>,
        cancel: &Cancel,
    ) -> Result<Arc<World>> {
        let mut recovery = recovery(files, options, layout, config)?;
        let mut reading = Reading::begin(&**files, recovery.settings(), recovery.checkpoint(), layout, config)?;
        while let Some(record) = recovery.next()? {
            cancel.poll()?;
            reading.take(record)?;
        }
        let (before, tail) = (reading.before, reading.tail);
        let state = reading.finish()?.into_state();
        let store = recovery.finish()?;
        Ok(World::of(state, Some(Journal::new(store, before, tail)), None, None))
    }
}

// Begins to open a directory; one without a colony gets one, if it is to be made.
fn recovery(
    files: &Arc<dyn Files>,
    options: Options,
    layout: Option<Layout>,
    config: Option<&ColonyConfig>,
) -> Result<Recovery> {
    let layout = layout.unwrap_or(Layout { shards: 1, virtual_nodes: 150 });
    let config = config.cloned().unwrap_or_default();
    config.validate()?;
    layout.check()?;
    let new = options.make.then(|| settings::encode(&config, layout));
    Recovery::open(Arc::clone(files), options, new.as_deref())
}

// Tries again while another writer has the directory.
fn until_free<T>(wait: Duration, cancel: &Cancel, mut open: impl FnMut() -> Result<T>) -> Result<T> {
    let begun = now();
    loop {
        match open() {
            Err(Error::Locked { .. }) if now() - begun < wait => {
                cancel.poll()?;
                sleep(LOOK.min(wait - (now() - begun).min(wait)));
            }
            opened => return opened,
        }
    }
}

/// A colony that is being read from its files.
pub(crate) struct Reading<D = Threads> {
    path: String,
    replay: Replay<D>,
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
        let (kept, layout) = agreed(&path, settings, layout, config)?;
        let ring = Ring::new(layout.shards, layout.virtual_nodes);
        let state = match checkpoint {
            None => Replica::new(kept, ring)?,
            // Sections are read, decompressed and parsed beside the building of the colony, which takes one after the
            // other.
            Some(checkpoint) => thread::scope(|scope| {
                let read = |section: Section| Parsed::new(section, checkpoint.section(SectionId(section.number()))?);
                let begin = |section| beside(scope, move || read(section));
                let mut ahead = Section::ALL.map(|section| (section, Some(begin(section))));
                let take = |wanted: Section| {
                    let (_, reader) = ahead.iter_mut().find(|(section, _)| *section == wanted).expect("ALL has it");
                    match reader.take().expect("a section is read once") {
                        Ok(reader) => reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                        // Where no thread is to be had, it is read here.
                        Err(_) => read(wanted),
                    }
                };
                let run = |jobs: Vec<Job<'_>>| each(jobs, |job| job()).into_iter().collect();
                checkpoint::build_with(kept, ring, Share::Whole, take, run).map_err(|error| as_damage(&path, error))
            })?,
        };
        Ok(Reading::of(path, Threads::of(state)))
    }

    /// Returns the state so far, for readers: more records may follow.
    pub(super) fn visible(&self) -> Result<Replica> {
        self.replay.visible().map_err(|error| as_damage(&self.path, error))
    }
}

impl<D: Driven> Reading<D> {
    /// Begins behind a checkpoint that this colony has read.
    pub(crate) fn of(path: String, colony: D) -> Reading<D> {
        let before = colony.replica().commons().documents();
        Reading { path, replay: Replay::of(colony), before, tail: 0 }
    }

    pub(crate) fn take(&mut self, record: Record) -> Result<()> {
        let taken = match record.kind {
            INPUT => Input::decode(&record.payload).and_then(|input| {
                self.tail += documents_of_input(&input);
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

    /// Returns the colony once every record was taken.
    pub(crate) fn finish(self) -> Result<D> {
        self.replay.end().map_err(|error| as_damage(&self.path, error))
    }
}

/// Returns the config with which a colony was made, and the layout that it is to have.
///
/// # Errors
/// [`Error::Config`] for another config than was given, [`Error::Corruption`] for settings that are none.
pub(crate) fn agreed(
    path: &str,
    settings: &[u8],
    layout: Option<Layout>,
    config: Option<&ColonyConfig>,
) -> Result<(ColonyConfig, Layout)> {
    let (kept, made) = settings::decode(settings).map_err(|error| as_damage(path, error))?;
    if let Some(config) = config {
        settings::check_same(config, &kept)?;
    }
    let layout = layout.unwrap_or(made);
    layout.check()?;
    Ok((kept, layout))
}
