//! Checkpoints of a colony whose shards are on nodes: the nodes make the columns of their seats and compress them, and
//! the driver joins them. So no process but their node has them whole; moving them whole took longer than making them.

use super::asking::{Asked, odd};
use super::reach::Reach;
use super::remote::{Driving, Remote};
use super::wire::{Reply, What};
use crate::journal::{Encoded, Journal};
use crate::store::packed;
use crate::sync::{Arc, thread};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Piece, Section, WordsInUse};
use phago_core::{Error, Result};

// How often the columns are gathered again after nodes were lost.
const RETRIES_MAX: usize = 3;

// The columns before their pieces are joined, which needs neither the nodes nor the colony.
struct Gathered {
    encoded: Encoded,
    documents: u64,
    pieces: Vec<(Section, Vec<Piece>)>,
}

impl Gathered {
    fn join(mut self) -> Result<Encoded> {
        for (section, pieces) in self.pieces {
            self.encoded.add(section, checkpoint::join(section, pieces, self.documents, packed)?);
        }
        Ok(self.encoded)
    }
}

impl Remote {
    /// Returns the colony's columns.
    ///
    /// # Errors
    /// Those of the store; [`Error::CoordinatorUnavailable`] if nodes are lost again and again.
    pub(crate) fn columns(&self, world: &World, journal: &Journal) -> Result<Encoded> {
        let mut tried = 0;
        loop {
            let mut driving = self.drive(world)?;
            let (gathered, lost) = self.gather(world, &driving, journal);
            if gathered.is_ok() || lost.is_empty() || tried == RETRIES_MAX {
                drop(driving);
                return gathered?.join();
            }
            tried += 1;
            self.give_up(&mut driving, lost);
        }
    }

    /// Writes a checkpoint in the background if the log has become long. Nothing changes the colony meanwhile but what
    /// follows its columns in the log.
    pub(super) fn checkpoint_if_due(&self, world: &World, driving: &mut Driving) {
        let Some(journal) = world.journal.as_ref().filter(|journal| journal.is_due(false)) else { return };
        if !journal.begin_writing() {
            return;
        }
        let (gathered, lost) = self.gather(world, driving, journal);
        if !lost.is_empty() {
            self.give_up(driving, lost);
        }
        let beside = Arc::clone(journal);
        // The journal keeps the error for [`World::failed_checkpoint`]; the next one is tried when it is due.
        let write = move || drop(beside.write(gathered.and_then(Gathered::join)));
        if thread::Builder::new().name("phago-checkpoint".into()).spawn(write).is_err() {
            drop(journal.write(Err(Error::Busy { what: "no thread could be had to write a checkpoint".into() })));
        }
    }

    // Whoever holds `driving` lets nobody change the colony or its log.
    fn gather(
        &self,
        world: &World,
        driving: &Driving,
        journal: &Journal,
    ) -> (Result<Gathered>, std::collections::BTreeSet<usize>) {
        let cancel = Cancel::new();
        let documents = match world.read(|state| state.commons().documents()) {
            Ok(documents) => documents,
            Err(error) => return (Err(error), std::collections::BTreeSet::new()),
        };
        let wait = self.wait_for_all(documents);
        let reach = Reach::new(self, driving.epoch, world.tick(), wait, &cancel);
        let asked = Asked::new(self, reach, world.tick(), driving.driver.sequence());
        let gathered = gathered(world, &asked, journal);
        let lost = asked.lost();
        (gathered, lost)
    }
}

fn gathered(world: &World, asked: &Asked<'_>, journal: &Journal) -> Result<Gathered> {
    let state = world.state()?;
    let mut words = WordsInUse::default();
    let told = |reply| if let Reply::Words(part) = reply { Ok(part) } else { Err(odd(&reply)) };
    asked.all(&What::Words, told)?.into_iter().for_each(|part| words.merge(part));
    let of_seats = |section| Ok((section, pieces(asked, section, &words.gone)?));
    let pieces = Section::OF_SEATS.into_iter().map(of_seats).collect::<Result<_>>()?;
    let documents = state.commons().documents();
    Ok(Gathered { encoded: journal.encoded(documents, checkpoint::common(&state, &words)?)?, documents, pieces })
}

// Returns the pieces of all seats, in their order. All nodes are asked at once for the piece of one of their seats, and
// then for that of another.
fn pieces(asked: &Asked<'_>, section: Section, gone: &[u32]) -> Result<Vec<Piece>> {
    let mut pieces = vec![Piece::default(); asked.layout().seats()];
    let told = |reply| if let Reply::Piece(piece) = reply { Ok(piece) } else { Err(odd(&reply)) };
    for seats in asked.layout().rounds() {
        let piece = |&seat: &usize| (seat, What::Piece { gone: gone.to_vec(), section, seat });
        let made = asked.homes_of(seats.iter().map(piece), told)?;
        seats.into_iter().zip(made).for_each(|(seat, piece)| pieces[seat] = piece);
    }
    Ok(pieces)
}
