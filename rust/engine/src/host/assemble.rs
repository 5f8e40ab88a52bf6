//! Shards that are made one by one, and the one world into which a runner brings them.

use super::colony::Colony;
use super::process::Home;
use super::ring::SharedRing;
use crate::kept::Moving;
use crate::lock::lock;
use crate::world::World;
use phago_core::config::ColonyConfig;
use phago_core::ids::ShardId;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// A handle on one shard of a colony. Without one, the world drives a shard; its documents stay, for whoever joins it
/// next.
#[derive(Debug)]
pub struct Handle {
    shard: ShardId,
    ring: Arc<SharedRing>,
    // Shards that began in different worlds move into one; see `assemble`.
    seat: Home<Mutex<Arc<Colony>>>,
}

impl Handle {
    /// Joins a shard of a ring.
    ///
    /// # Errors
    /// As [`SharedRing::join`].
    pub fn join(ring: &Arc<SharedRing>, shard: ShardId, config: ColonyConfig) -> Result<Handle> {
        let seat = Home::new(Mutex::new(ring.join(shard, config)?));
        Ok(Handle { shard, ring: ring.clone(), seat })
    }

    /// Returns the shard's id.
    pub fn id(&self) -> ShardId {
        self.shard
    }

    /// Returns the ring that it was made on.
    pub fn ring(&self) -> &Arc<SharedRing> {
        &self.ring
    }

    /// Returns its colony.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] in another process.
    pub fn colony(&self) -> Result<Arc<Colony>> {
        let mut seat = lock(self.seat.get()?);
        let latest = seat.latest();
        // The one before is freed once no handle is on it.
        seat.clone_from(&latest);
        Ok(latest)
    }

    // Continues in another world.
    fn move_to(&self, colony: Arc<Colony>) -> Result<()> {
        let left = std::mem::replace(&mut *lock(self.seat.get()?), colony);
        left.world.leave(self.shard)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Ok(colony) = self.colony() {
            // Fails only if the tick waited only for this shard and cannot be made; no caller is left to learn of it.
            let _ = colony.world.leave(self.shard);
            let documents = colony.world.read(|state| state.commons().documents());
            colony.left.store(documents.unwrap_or_default(), Ordering::Relaxed);
        }
    }
}

/// Returns the world of these shards, which must be all shards of `ring`, with equal configs, at one tick.
///
/// Shards made on one ring object with equal configs share a world from the start. Shards on rings that are equal but
/// not the same object are moved into a new world, while they are at tick 0 and leave nothing behind.
///
/// # Errors
/// [`Error::Config`] naming both values that differ; [`Error::Busy`] if a runner drives one of them.
pub fn assemble(ring: &SharedRing, shards: &[&Handle]) -> Result<Arc<Colony>> {
    check_places(ring, shards)?;
    let colonies = shards.iter().map(|shard| shard.colony()).collect::<Result<Vec<_>>>()?;
    let (first, rest) = match (shards, colonies.as_slice()) {
        ([_, others @ ..], [first, rest @ ..]) => (first, others.iter().zip(rest)),
        // A ring has at least one shard, and all of them are here.
        _ => return Err(refused("shards", "an empty sequence".into(), ring.copy().names())),
    };
    if let Some(driven) = colonies.iter().position(|colony| colony.world.is_driven()) {
        let what = format!("a runner drives {} already; close it first", shards[driven].id());
        return Err(Error::Busy { what });
    }
    let mut together = true;
    for (shard, other) in rest {
        check_equal(shards[0].id(), &first.world, shard.id(), &other.world)?;
        together &= Arc::ptr_eq(first, other);
    }
    if together {
        return Ok(first.clone());
    }
    if first.world.tick() > 0 {
        let value = format!("of several colonies at tick {}", first.world.tick());
        return Err(refused("shards", value, "shards made on one ring object, or shards at tick 0".into()));
    }
    check_nothing_is_left(shards, &colonies)?;
    unite(ring, shards, &colonies)
}

fn check_places(ring: &SharedRing, shards: &[&Handle]) -> Result<()> {
    let wanted = ring.copy();
    for shard in shards {
        let own = shard.ring().copy();
        if own != wanted {
            let describe = |ring: &Ring| format!("{} with {} virtual nodes each", ring.names(), ring.virtual_nodes());
            let value = format!("{} for {}", describe(&own), shard.id());
            let accepted = format!("the coordinator's ring of {}", describe(&wanted));
            return Err(refused("ring", value, accepted));
        }
    }
    let mut ids: Vec<ShardId> = shards.iter().map(|shard| shard.id()).collect();
    ids.sort_unstable();
    if ids != wanted.shards() {
        let names: Vec<String> = ids.iter().map(ShardId::to_string).collect();
        let value = if names.is_empty() { "an empty sequence".into() } else { names.join(", ") };
        let accepted = format!("each shard of the ring once: {}", wanted.names());
        return Err(refused("shards", value, accepted));
    }
    Ok(())
}

fn check_equal(a: ShardId, first: &World, b: ShardId, other: &World) -> Result<()> {
    if first.config() != other.config() {
        let (value, accepted) = (format!("{:?} for {b}", other.config()), format!("that of {a}: {:?}", first.config()));
        return Err(refused("config", value, accepted));
    }
    if first.tick() != other.tick() {
        let (value, accepted) = (format!("{} for {b}", other.tick()), format!("that of {a}: {}", first.tick()));
        return Err(refused("current_tick", value, accepted));
    }
    Ok(())
}

fn unite(ring: &SharedRing, shards: &[&Handle], colonies: &[Arc<Colony>]) -> Result<Arc<Colony>> {
    let united = Colony::new(World::new(colonies[0].world.config().as_ref().clone(), ring.freeze())?);
    let mut moving: Vec<(&Arc<Colony>, Moving<'_>)> = Vec::new();
    for colony in colonies {
        if !moving.iter().any(|(begun, _)| Arc::ptr_eq(begun, colony)) {
            moving.push((colony, Moving::begin(&colony.world)));
        }
    }
    for (shard, colony) in shards.iter().zip(colonies) {
        united.world.join(shard.id())?;
        for input in colony.world.inputs_of(shard.id())? {
            united.world.submit(input, None)?;
        }
    }
    // Nothing can fail any more, so either all of them move or none.
    for shard in shards {
        shard.move_to(united.clone())?;
        shard.ring().adopt(&united);
    }
    ring.adopt(&united);
    moving.into_iter().for_each(|(_, moving)| moving.end());
    Ok(united)
}

// Each shard takes along what its own colony holds of it; what that colony holds of other shards would be lost.
fn check_nothing_is_left(shards: &[&Handle], colonies: &[Arc<Colony>]) -> Result<()> {
    for (shard, colony) in shards.iter().zip(colonies) {
        for other in shards.iter().zip(colonies).filter(|(_, of)| !Arc::ptr_eq(of, colony)).map(|(other, _)| other.id())
        {
            let documents =
                colony.world.read(|state| Ok(state.shards()[state.check_shard(other)?].documents().len()))??;
            if documents > 0 {
                let value = format!(
                    "of several colonies: {} is of one that has {documents} documents on {other}, which is here of another",
                    shard.id()
                );
                let accepted = format!("shards of one colony: make {other} on the ring of {}", shard.id());
                return Err(refused("shards", value, accepted));
            }
        }
    }
    Ok(())
}

fn refused(field: &str, value: String, accepted: String) -> Error {
    Error::Config { field: field.into(), value, accepted }
}
