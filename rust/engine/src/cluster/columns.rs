//! Checkpoints of a colony whose shards are on nodes: the nodes make the columns of their seats, and the driver joins
//! them. They are compressed on the nodes and moved to the driver while the colony goes on; no process but their node has
//! them whole, as moving them whole took longer than making them.

use super::asking::{Asked, odd};
use super::reach::Reach;
use super::remote::{Driving, Remote};
use super::wire::{Reply, What};
use crate::journal::{Encoded, Journal};
use crate::store::packed;
use crate::sync::{Arc, beside, thread};
use crate::work::job::message;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Piece, Section, WordsInUse};
use phago_core::{Error, Result};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

// How often the columns are made again after nodes were lost.
const RETRIES_MAX: usize = 3;

// A checkpoint whose columns the nodes keep: what is left to do needs neither the colony nor its state.
struct Kept {
    encoded: Encoded,
    documents: u64,
    number: u64,
    epoch: u64,
    // The state of which it is.
    tick: u64,
    sequence: u64,
    wait: Duration,
}

impl Remote {
    /// Returns the colony's columns.
    ///
    /// # Errors
    /// Those of the store; [`Error::CoordinatorUnavailable`] if nodes are lost again and again.
    pub(crate) fn columns(&self, world: &World, journal: &Journal) -> Result<Encoded> {
        let mut tried = 0;
        loop {
            let driving = self.drive(world)?;
            let (kept, lost) = self.keep(world, &driving, journal);
            let epoch = driving.epoch;
            drop(driving);
            let (encoded, lost) = match kept {
                Ok(kept) => self.gather(kept),
                Err(error) => (Err(error), lost),
            };
            if encoded.is_ok() || lost.is_empty() || tried == RETRIES_MAX {
                return encoded;
            }
            tried += 1;
            self.report(epoch, lost);
        }
    }

    /// Writes a checkpoint in the background if the log has become long. Nothing changes the colony until the nodes have
    /// made its columns.
    pub(super) fn checkpoint_if_due(&self, world: &World, driving: &mut Driving) {
        let Some(journal) = world.journal.as_ref().filter(|journal| journal.is_due(false)) else { return };
        if !journal.begin_writing() {
            return;
        }
        let (kept, lost) = self.keep(world, driving, journal);
        if !lost.is_empty() {
            self.give_up(driving, lost);
        }
        let (beside, remote) = (Arc::clone(journal), world.remote.clone().expect("whoever calls this is of the world"));
        // The journal keeps the error for [`World::failed_checkpoint`]; the next one is tried when it is due.
        let write = move || {
            let gathered = |kept: Kept| {
                let epoch = kept.epoch;
                let (encoded, lost) = remote.gather(kept);
                if !lost.is_empty() {
                    remote.report(epoch, lost);
                }
                encoded
            };
            // Whoever closes the colony waits for the end of this, so it has one.
            let encoded = catch_unwind(AssertUnwindSafe(|| kept.and_then(gathered)));
            let broken = |panic| Err(Error::CoordinatorUnavailable { reason: message(panic) });
            drop(beside.write(encoded.unwrap_or_else(broken)));
        };
        if thread::Builder::new().name("phago-checkpoint".into()).spawn(write).is_err() {
            drop(journal.write(Err(Error::Busy { what: "no thread could be had to write a checkpoint".into() })));
        }
    }

    // Has the nodes make the columns of their seats, and returns what the driver has. Whoever holds `driving` lets nobody
    // change the colony or its log.
    fn keep(&self, world: &World, driving: &Driving, journal: &Journal) -> (Result<Kept>, BTreeSet<usize>) {
        let cancel = Cancel::new();
        let documents = match world.read(|state| state.commons().documents()) {
            Ok(documents) => documents,
            Err(error) => return (Err(error), BTreeSet::new()),
        };
        let (tick, sequence, wait) = (world.tick(), driving.driver.sequence(), self.wait_for_all(documents));
        let reach = Reach::new(self, driving.epoch, tick, wait, &cancel);
        let asked = Asked::new(self, reach, tick, sequence);
        let number = self.numbers(1);
        let kept = encoded(world, &asked, journal, number).map(|encoded| {
            let epoch = driving.epoch;
            Kept { encoded, documents, number, epoch, tick, sequence, wait }
        });
        let lost = asked.lost();
        (kept, lost)
    }

    // Takes the columns from the nodes and joins them. Also returns which nodes were lost meanwhile.
    fn gather(&self, kept: Kept) -> (Result<Encoded>, BTreeSet<usize>) {
        let Kept { mut encoded, documents, number, epoch, tick, sequence, wait } = kept;
        let cancel = Cancel::new();
        let asked = Asked::new(self, Reach::new(self, epoch, tick, wait, &cancel), tick, sequence);
        let added = Section::OF_SEATS.into_iter().try_for_each(|section| {
            let pieces = pieces(&asked, section, number)?;
            encoded.add(section, checkpoint::join(section, pieces, documents, packed)?);
            Ok(())
        });
        (added.map(|()| encoded), asked.lost())
    }
}

// Has the nodes keep their columns, and returns those of the driver.
fn encoded(world: &World, asked: &Asked<'_>, journal: &Journal, number: u64) -> Result<Encoded> {
    let state = world.state()?;
    let mut words = WordsInUse::default();
    let told = |reply| if let Reply::Words(part) = reply { Ok(part) } else { Err(odd(&reply)) };
    asked.all(&What::Words, told)?.into_iter().for_each(|part| words.merge(part));
    let keep = What::Keep { number, gone: words.gone.clone() };
    let told = |reply| if let Reply::Kept = reply { Ok(()) } else { Err(odd(&reply)) };
    let common = thread::scope(|scope| {
        let common = || checkpoint::common(&state, &words);
        let begun = beside(scope, common);
        asked.all(&keep, told)?;
        // Where no thread was to be had.
        begun.ok().and_then(|begun| begun.join().ok()).unwrap_or_else(common)
    })?;
    journal.encoded(state.commons().documents(), common)
}

// Returns the pieces of all seats, in their order. All nodes are asked at once for the piece of one of their seats, and
// then for that of another.
fn pieces(asked: &Asked<'_>, section: Section, number: u64) -> Result<Vec<Piece>> {
    let mut pieces = vec![Piece::default(); asked.layout().seats()];
    let told = |reply| if let Reply::Piece(piece) = reply { Ok(piece) } else { Err(odd(&reply)) };
    for seats in asked.layout().rounds() {
        let piece = |&seat: &usize| (seat, What::Piece { number, section, seat });
        let made = asked.homes_of(seats.iter().map(piece), told)?;
        seats.into_iter().zip(made).for_each(|(seat, piece)| pieces[seat] = piece);
    }
    Ok(pieces)
}
