//! The ring that handles share, and the worlds whose shards were made on it.

use super::colony::Colony;
use crate::coordination::SharedCoordinator;
use crate::lock::lock;
use crate::world::World;
use phago_core::config::{ColonyConfig, SHARDS_MAX};
use phago_core::coordinator::Coordinator;
use phago_core::ids::ShardId;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// A ring that handles share, and the worlds of the shards that were made on it.
#[derive(Debug)]
pub struct SharedRing {
    ring: Mutex<Ring>,
    frozen: AtomicBool,
    // A coordinator changes its ring together with its members; no other caller may.
    of_coordinator: bool,
    // The worlds of shards that were made on this object, one for each config. Each ends with its last shard.
    worlds: Mutex<Vec<Known>>,
}

// A world that is alive, or that ended with documents in it.
#[derive(Debug)]
struct Known {
    colony: Weak<Colony>,
    config: Arc<ColonyConfig>,
    left: Arc<AtomicU64>,
}

impl Known {
    fn new(colony: &Arc<Colony>) -> Self {
        let (config, left) = (colony.world.config().clone(), colony.left.clone());
        Known { colony: Arc::downgrade(colony), config, left }
    }
}

impl SharedRing {
    fn over(ring: Ring, of_coordinator: bool) -> Self {
        let frozen = AtomicBool::new(false);
        SharedRing { ring: Mutex::new(ring), frozen, of_coordinator, worlds: Mutex::default() }
    }

    /// Returns a ring that anyone may change.
    pub fn new(ring: Ring) -> Self {
        SharedRing::over(ring, false)
    }

    /// Returns the ring of a coordinator, which alone changes it.
    pub fn of_coordinator(ring: Ring) -> Self {
        SharedRing::over(ring, true)
    }

    /// Reads its current state.
    pub fn with<T>(&self, read: impl FnOnce(&Ring) -> T) -> T {
        read(&lock(&self.ring))
    }

    /// Returns whether shards live on it, so that it does not change any more.
    pub fn is_frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    /// Returns a copy of its current state.
    pub fn copy(&self) -> Ring {
        lock(&self.ring).clone()
    }

    /// Freezes it, and returns a copy of its final state.
    pub fn freeze(&self) -> Ring {
        let ring = lock(&self.ring);
        // Stored under the lock: calls that add or remove a shard check it under the same lock.
        self.frozen.store(true, Ordering::Relaxed);
        ring.clone()
    }

    /// Registers a shard with the coordinator whose ring this is.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is frozen; those of [`Coordinator::register`].
    pub fn register(&self, coordinator: &SharedCoordinator, address: &str) -> Result<ShardId> {
        self.follow("no shard can be registered", coordinator, |inner| inner.register(address))
    }

    /// Deregisters a shard with the coordinator whose ring this is.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is frozen; those of [`Coordinator::deregister`].
    pub fn deregister(&self, coordinator: &SharedCoordinator, shard: ShardId) -> Result<()> {
        self.follow("no shard can be deregistered", coordinator, |inner| inner.deregister(shard))
    }

    fn follow<T>(
        &self,
        what: &str,
        coordinator: &SharedCoordinator,
        change: impl FnOnce(&mut Coordinator) -> Result<T>,
    ) -> Result<T> {
        self.change(what, |ring| {
            coordinator.with(|inner| {
                let changed = change(inner)?;
                ring.clone_from(inner.ring());
                Ok(changed)
            })
        })
    }

    // Changes it, unless it is frozen.
    fn change<T>(&self, what: &str, change: impl FnOnce(&mut Ring) -> Result<T>) -> Result<T> {
        let mut ring = lock(&self.ring);
        if self.frozen.load(Ordering::Relaxed) {
            let what = format!("{what}: shards of a colony live on this ring, so it is frozen; make a new one");
            return Err(Error::Busy { what });
        }
        change(&mut ring)
    }

    /// Joins a shard in the world of this ring with an equal config, or in a new one. A shard may be joined several
    /// times while the world is alive. If the world ended with documents in it, this refuses to begin an empty one,
    /// which would hide the loss.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`] for a shard that is not on the ring; [`Error::Config`] for that loss.
    pub fn join(&self, shard: ShardId, config: ColonyConfig) -> Result<Arc<Colony>> {
        // Held throughout, so that two shards made at once join one world.
        let mut worlds = lock(&self.worlds);
        let ring = self.copy();
        if !ring.contains(shard) {
            return Err(Error::ShardNotFound { shard, registered: ring.names() });
        }
        let ring = self.freeze();
        worlds.retain(|known| known.colony.strong_count() > 0 || known.left.load(Ordering::Relaxed) > 0);
        let known = worlds.iter().find(|known| *known.config == config);
        let colony = match known.map(|known| (known.colony.upgrade(), known.left.load(Ordering::Relaxed))) {
            Some((Some(colony), _)) => colony.latest(),
            Some((None, left)) if left > 0 => {
                let value =
                    format!("one whose colony of this config ended with its last shard, and {left} documents with it");
                let accepted = "a new ring, or coordinator, for an empty colony; a colony lives as long as one of its shards is kept";
                return Err(Error::Config { field: "ring".into(), value, accepted: accepted.into() });
            }
            _ => {
                let colony = Colony::new(World::new(config, ring)?);
                worlds.push(Known::new(&colony));
                colony
            }
        };
        colony.world.join(shard)?;
        Ok(colony)
    }

    /// Lets later shards of this ring join this world.
    pub fn adopt(&self, colony: &Arc<Colony>) {
        let mut worlds = lock(&self.worlds);
        worlds.retain(|known| *known.config != **colony.world.config());
        worlds.push(Known::new(colony));
    }

    /// Adds a shard, and returns it.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is frozen or a coordinator's; [`Error::Limit`] for one shard too many.
    pub fn add_shard(&self) -> Result<ShardId> {
        self.change_own("no shard can be added", |ring| {
            let value = ring.shard_count() as u64 + 1;
            if value > u64::from(SHARDS_MAX) {
                let what = "the number of shards on a ring".into();
                return Err(Error::Limit { what, limit: SHARDS_MAX.into(), value });
            }
            Ok(ring.add_shard())
        })
    }

    /// Removes a shard.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is frozen or a coordinator's; those of [`Ring::remove_shard`].
    pub fn remove_shard(&self, shard: ShardId) -> Result<()> {
        self.change_own("no shard can be removed", |ring| ring.remove_shard(shard))
    }

    fn change_own<T>(&self, what: &str, change: impl FnOnce(&mut Ring) -> Result<T>) -> Result<T> {
        if self.of_coordinator {
            let instead = "call its `register_shard` and `deregister_shard`";
            return Err(Error::Busy { what: format!("{what}: this ring belongs to a coordinator; {instead}") });
        }
        self.change(what, change)
    }
}
