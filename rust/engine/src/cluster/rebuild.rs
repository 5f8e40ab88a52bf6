//! Makes the nodes of a colony: at first, and again from what is stored after one is lost.

use super::loading::Loading;
use super::reach::Reach;
use super::remote::{Driving, Remote};
use super::wire::{Reply, Told};
use crate::journal::Journal;
use crate::kept::open::Reading;
use crate::lock::lock;
use crate::store::{Checkpoint, SectionId};
use crate::sync::MutexGuard;
use crate::sync::atomic::Ordering;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Parsed, Section, Share};
use phago_core::cluster::Driver;
use phago_core::cluster::message::{Done, Handshake};
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::time::Duration;

// How long a node may take to start and to read what it is to hold, however short the time for anything else is.
const START_MAX: Duration = Duration::from_secs(30);
// How often the nodes are made again before the error is returned.
const REBUILDS_MAX: usize = 3;

impl Remote {
    /// Waits until nobody else changes the colony; nodes that are lost are made again first.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if they cannot be.
    pub(super) fn drive(&self, world: &World) -> Result<MutexGuard<'_, Driving>> {
        let mut driving = lock(&self.driving);
        if driving.is_making && !driving.is_broken {
            let cancel = Cancel::new();
            let reach = self.way(&driving, world, &cancel);
            let aborted = driving.driver.abort(&reach);
            self.check(&mut driving, &reach, &aborted);
        }
        driving.is_making = false;
        if driving.is_broken {
            self.rebuild(world, &mut driving)?;
        }
        Ok(driving)
    }

    /// Makes the nodes again from what is stored, and has the world show it.
    fn rebuild(&self, world: &World, driving: &mut Driving) -> Result<()> {
        let Some(journal) = &world.journal else {
            let reason = "a node was lost, and the colony is nowhere but in its nodes".into();
            return Err(Error::CoordinatorUnavailable { reason });
        };
        let mut tried = 0;
        let (driver, replica) = loop {
            match self.reload(journal, driving) {
                Ok(made) => break made,
                Err(
                    error @ (Error::CoordinatorUnavailable { .. }
                    | Error::ShardDied { .. }
                    | Error::PhaseTimeout { .. }),
                ) if tried == REBUILDS_MAX => {
                    return Err(error);
                }
                Err(Error::CoordinatorUnavailable { .. } | Error::ShardDied { .. } | Error::PhaseTimeout { .. }) => {
                    tried += 1;
                }
                Err(other) => return Err(other),
            }
        };
        let mut state = world.state_mut()?;
        world.tick.store(replica.tick(), Ordering::Release);
        *state = replica;
        (driving.driver, driving.is_broken) = (driver, false);
        self.note(driving);
        Ok(())
    }

    fn reload(&self, journal: &Journal, driving: &mut Driving) -> Result<(Driver, Replica)> {
        journal.seal()?;
        let mut reader = journal.with(|store| store.reader())?;
        let loading = self.begin(driving, reader.checkpoint())?;
        let lost = loading.lost.clone();
        let mut reading = Reading::of(self.path(journal)?, loading);
        let mut read = || {
            while let Some(record) = reader.next()? {
                reading.take(record)?;
            }
            Ok(())
        };
        let finished = read().and_then(|()| reading.finish());
        driving.lost.extend(lost.borrow().iter());
        let Loading { driver, replica, .. } = finished?;
        Ok((driver, replica))
    }

    fn path(&self, journal: &Journal) -> Result<String> {
        journal.with(|store| Ok(store.path()))
    }

    /// Makes the nodes, or makes them again, up to a checkpoint. Records follow it.
    fn begin<'a>(&'a self, driving: &mut Driving, checkpoint: Option<&Checkpoint>) -> Result<Loading<'a>> {
        let lost: Vec<usize> = std::mem::take(&mut driving.lost).into_iter().collect();
        if !lost.is_empty()
            && let Err(error) = self.transport.restart(&lost)
        {
            driving.lost.extend(lost);
            return Err(error);
        }
        driving.epoch += 1;
        let (epoch, cancel) = (driving.epoch, Cancel::new());
        let reach = Reach::new(self, epoch, 0, self.wait.max(START_MAX), &cancel);
        let done = self.join(&reach, checkpoint);
        driving.lost.extend(reach.lost());
        done?;
        let ring = Ring::new(self.ring.num_shards, self.ring.virtual_nodes_per_shard);
        let replica = match checkpoint {
            None => Replica::new(self.config.clone(), ring)?.part(&[]),
            Some(checkpoint) => checkpoint::build(self.config.clone(), ring, Share::Driver, |section| {
                Parsed::new(section, checkpoint.section(SectionId(section.number()))?)
            })?,
        };
        Ok(Loading::new(self, epoch, replica))
    }

    fn join(&self, reach: &Reach<'_>, checkpoint: Option<&Checkpoint>) -> Result<()> {
        let nodes = 0..self.layout.nodes();
        let handshake = |node| Handshake::new(self.config.clone(), self.ring.clone(), self.layout.clone(), node);
        let all = |told: &dyn Fn(usize) -> Told| {
            let letters = nodes.clone().map(|node| (node, told(node), Vec::new())).collect();
            for (node, (reply, _)) in reach.tell(letters)?.into_iter().enumerate() {
                if let Reply::Done(Done::Refused(reason)) = reply {
                    return Err(Error::Config {
                        field: format!("node {node}"),
                        value: reason,
                        accepted: "a node that fits this colony".into(),
                    });
                }
            }
            Ok(())
        };
        all(&|node| Told::Join(handshake(node)))?;
        let Some(checkpoint) = checkpoint else { return Ok(()) };
        for section in Section::ALL {
            let bytes = checkpoint.section(SectionId(section.number()))?;
            all(&|_| Told::Section(section.number(), bytes.clone()))?;
        }
        all(&|_| Told::Build)
    }

    /// Reads a colony into the nodes for the first time.
    pub(crate) fn load(&self, path: String, checkpoint: Option<&Checkpoint>) -> Result<Reading<Loading<'_>>> {
        let mut driving = lock(&self.driving);
        let mut tried = 0;
        loop {
            match self.begin(&mut driving, checkpoint) {
                Err(Error::CoordinatorUnavailable { .. }) if tried < REBUILDS_MAX => tried += 1,
                begun => return Ok(Reading::of(path, begun?)),
            }
        }
    }

    /// Takes over what was loaded. Returns the state that the world is to show.
    pub(crate) fn loaded(&self, loading: Loading<'_>) -> Replica {
        let Loading { driver, replica, .. } = loading;
        let mut driving = lock(&self.driving);
        (driving.driver, driving.is_broken) = (driver, false);
        self.note(&driving);
        replica
    }
}
