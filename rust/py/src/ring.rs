//! The ring, and the worlds whose shards were made on it.

use crate::config::layout;
use crate::error::Result;
use crate::process::lock;
use crate::runtime::brief;
use crate::world::Colony;
use phago_core::Error;
use phago_core::config::{ColonyConfig, SHARDS_MAX};
use phago_core::ids::{DocumentId, ShardId};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// A consistent-hash ring.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Ring {
    ring: Mutex<phago_core::ring::Ring>,
    frozen: AtomicBool,
    // A coordinator changes its ring together with its members; no other caller may.
    of_coordinator: bool,
    /// The worlds of shards that were made on this object, one for each config. Each ends with its last shard.
    worlds: Mutex<Vec<Known>>,
}

// A world that is alive, or that ended with documents in it.
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

impl Ring {
    fn over(ring: phago_core::ring::Ring, of_coordinator: bool) -> Self {
        let frozen = AtomicBool::new(false);
        Ring { ring: Mutex::new(ring), frozen, of_coordinator, worlds: Mutex::default() }
    }

    /// Returns the ring of a coordinator, which alone changes it.
    pub(crate) fn of_coordinator(ring: phago_core::ring::Ring) -> Self {
        Ring::over(ring, true)
    }

    /// Returns a copy of its current state.
    pub(crate) fn copy(&self) -> phago_core::ring::Ring {
        lock(&self.ring).clone()
    }

    /// Freezes it, and returns a copy of its final state.
    pub(crate) fn freeze(&self) -> phago_core::ring::Ring {
        let ring = lock(&self.ring);
        // Stored under the lock: calls that add or remove a shard check it under the same lock.
        self.frozen.store(true, Ordering::Relaxed);
        ring.clone()
    }

    /// Changes it, unless it is frozen.
    pub(crate) fn follow<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut phago_core::ring::Ring) -> phago_core::Result<T>,
    ) -> phago_core::Result<T> {
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
    pub(crate) fn join(&self, shard: ShardId, config: ColonyConfig) -> phago_core::Result<Arc<Colony>> {
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
            Some((Some(colony), _)) => colony,
            Some((None, left)) if left > 0 => {
                let value =
                    format!("one whose colony of this config ended with its last shard, and {left} documents with it");
                let accepted = "a new ring, or coordinator, for an empty colony; a colony lives as long as one of its shards is kept";
                return Err(Error::Config { field: "ring".into(), value, accepted: accepted.into() });
            }
            _ => {
                let colony = Colony::new(phago_engine::world::World::new(config, ring)?);
                worlds.push(Known::new(&colony));
                colony
            }
        };
        colony.world.join(shard)?;
        Ok(colony)
    }

    /// Lets later shards of this ring join this world.
    pub(crate) fn adopt(&self, colony: &Arc<Colony>) {
        let mut worlds = lock(&self.worlds);
        worlds.retain(|known| *known.config != **colony.world.config());
        worlds.push(Known::new(colony));
    }

    fn change<T>(
        &self,
        what: &str,
        change: impl FnOnce(&mut phago_core::ring::Ring) -> phago_core::Result<T>,
    ) -> phago_core::Result<T> {
        if self.of_coordinator {
            let instead = "call its `register_shard` and `deregister_shard`";
            return Err(Error::Busy { what: format!("{what}: this ring belongs to a coordinator; {instead}") });
        }
        self.follow(what, change)
    }
}

fn add_shard(ring: &mut phago_core::ring::Ring) -> phago_core::Result<ShardId> {
    let value = ring.shard_count() as u64 + 1;
    if value > u64::from(SHARDS_MAX) {
        return Err(Error::Limit { what: "the number of shards on a ring".into(), limit: SHARDS_MAX.into(), value });
    }
    Ok(ring.add_shard())
}

#[pymethods]
impl Ring {
    #[new]
    #[pyo3(signature = (num_shards, virtual_nodes_per_shard=None))]
    fn new(
        py: Python<'_>,
        num_shards: &Bound<'_, PyAny>,
        virtual_nodes_per_shard: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let layout = layout("num_shards", num_shards, virtual_nodes_per_shard)?;
        let ring = brief(py, || Ok(phago_core::ring::Ring::new(layout.num_shards, layout.virtual_nodes_per_shard)))?;
        Ok(Ring::over(ring, false))
    }

    #[getter]
    fn shards(&self) -> Vec<u32> {
        lock(&self.ring).shards().iter().map(|shard| shard.0).collect()
    }

    #[getter]
    fn virtual_nodes_per_shard(&self) -> u32 {
        lock(&self.ring).virtual_nodes()
    }

    #[getter]
    fn total_virtual_nodes(&self) -> usize {
        lock(&self.ring).total_virtual_nodes()
    }

    #[getter]
    fn frozen(&self) -> bool {
        self.frozen.load(Ordering::Relaxed)
    }

    fn shard_of_document(&self, key: &str) -> u32 {
        lock(&self.ring).shard_of(DocumentId::from_key(key).0).0
    }

    fn shard_of_id(&self, id: &str) -> Result<u32> {
        Ok(lock(&self.ring).shard_of(parse_id(id)?).0)
    }

    fn replicas_of_document(&self, key: &str, count: usize) -> Vec<u32> {
        let places = lock(&self.ring).replicas(DocumentId::from_key(key).0, count);
        places.into_iter().map(|shard| shard.0).collect()
    }

    fn add_shard(&self, py: Python<'_>) -> Result<u32> {
        Ok(brief(py, || self.change("no shard can be added", add_shard))?.0)
    }

    fn remove_shard(&self, py: Python<'_>, shard: u32) -> Result<()> {
        brief(py, || self.change("no shard can be removed", |ring| ring.remove_shard(ShardId(shard))))
    }

    fn same_as(&self, other: &Bound<'_, Ring>) -> bool {
        // Never two locks at once: another thread may compare the two in the other order.
        let other = other.get().copy();
        *lock(&self.ring) == other
    }
}

/// Returns the number of 32 hexadecimal digits.
pub(crate) fn parse_id(id: &str) -> PyResult<u128> {
    let digits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = if digits { u128::from_str_radix(id, 16).ok() } else { None };
    number.ok_or_else(|| PyValueError::new_err(format!("`{id}` is no id; accepted are 32 hexadecimal digits")))
}
