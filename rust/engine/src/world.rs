//! One colony that many threads use: its committed state, its waiting inputs, and who drives it.
//!
//! There is one lock order: the tick made by hand, then the inputs, then the state, then ghosts. No lock is held over
//! an await. A query holds the state's read lock while it runs and no other lock. Phases of a tick read their own
//! references to the committed parts and hold no lock, so a tick that hangs never blocks a query. Applying inputs and
//! committing a tick take the state's write lock.

use crate::cluster::Remote;
use crate::concepts::Concepts;
use crate::events::ring::Events;
use crate::ghosts::cache::Ghosts;
use crate::intake::analyse::Sessions;
use crate::intake::pending::Pending;
use crate::journal::{Encoded, Journal};
use crate::lock::lock;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::mpsc::SyncSender;
use crate::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::tick::hand::HandTick;
use crate::tick::turn::{Turn, Turns};
use crate::topology::Kept;
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::dump::{self, Scope};
use phago_core::ids::{ShardId, Tick};
use phago_core::life::Acted;
use phago_core::query::{Buffers, View};
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::text::Lexicon;
use phago_core::{Error, Result};
use std::fmt;

/// One colony in memory, which also writes to disk if it was opened from there.
///
/// Dropping it drops what is in memory. A runner keeps it alive.
pub struct World {
    state: RwLock<Replica>,
    // The committed tick, readable without waiting for a commit.
    pub(crate) tick: AtomicU64,
    pub(crate) inputs: Mutex<Inputs>,
    pub(crate) hands: Mutex<Option<HandTick>>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) buffers: Mutex<Vec<Buffers>>,
    pub(crate) events: Mutex<Events>,
    pub(crate) concepts: Mutex<Concepts>,
    pub(crate) topology: Mutex<Kept>,
    // By seat.
    pub(crate) ghosts: Vec<Mutex<Ghosts>>,
    // The nodes that hold the shards; `None` if they are here.
    pub(crate) remote: Option<Arc<Remote>>,
    // Where changes are written; `None` for a colony in memory.
    pub(crate) journal: Option<Arc<Journal>>,
    // Set if another process writes the colony: this one accepts no change.
    pub(crate) read_only: Option<String>,
    config: Arc<ColonyConfig>,
    ring: Arc<Ring>,
}

/// The inputs that wait to be applied, and who may change the state.
pub(crate) struct Inputs {
    // Whether the colony moves elsewhere, or has moved: nothing is accepted here then.
    pub(crate) is_moving: bool,
    // The attempt that runs; while it does, inputs wait in `pending`.
    pub(crate) running: Option<u64>,
    pub(crate) attempts: u64,
    pub(crate) runners: usize,
    // By seat: how many callers have joined the shard to drive it by hand.
    pub(crate) owners: Vec<u32>,
    pub(crate) pending: Pending,
    // What agents of users' own chose for the next tick.
    pub(crate) acted: Option<Arc<Acted>>,
    // Callers that wait for the colony's columns until no tick runs.
    pub(crate) wanted: Vec<SyncSender<Result<Encoded>>>,
}

// The most buffers kept for later queries.
pub(crate) const BUFFERS_MAX: usize = 8;

impl Drop for World {
    fn drop(&mut self) {
        // A checkpoint that is being written has the nodes too, and nobody who waits for it.
        self.remote.iter().for_each(|remote| remote.close());
    }
}

impl World {
    /// Returns an empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted.
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Arc<World>> {
        Ok(World::of(Replica::new(config, ring)?, None, None, None))
    }

    /// Returns a colony with this state. It writes to `journal`, or `read_only` says which other process does. `remote`
    /// holds the shards if they are not in the state.
    pub(crate) fn of(
        state: Replica,
        journal: Option<Journal>,
        read_only: Option<String>,
        remote: Option<Arc<Remote>>,
    ) -> Arc<World> {
        let commons = state.commons();
        let (config, ring) = (commons.config().clone(), commons.ring().clone());
        let seats = ring.shard_count();
        let ghosts = (0..seats).map(|_| Mutex::new(Ghosts::new(config.ghosts_max as usize))).collect();
        let inputs = Inputs {
            is_moving: false,
            running: None,
            attempts: 0,
            runners: 0,
            owners: vec![0; seats],
            pending: Pending::default(),
            acted: None,
            wanted: Vec::new(),
        };
        Arc::new(World {
            tick: AtomicU64::new(state.tick()),
            state: RwLock::new(state),
            inputs: Mutex::new(inputs),
            hands: Mutex::new(None),
            turns: Arc::default(),
            sessions: Arc::default(),
            buffers: Mutex::default(),
            events: Mutex::new(Events::new(config.events_max)),
            concepts: Mutex::default(),
            topology: Mutex::default(),
            ghosts,
            remote,
            journal: journal.map(Arc::new),
            read_only,
            config,
            ring,
        })
    }

    /// Returns the config.
    pub fn config(&self) -> &Arc<ColonyConfig> {
        &self.config
    }

    /// Returns the ring, which does not change any more.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Returns the dictionary of the committed state. The colony replaces it when it forgets words.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn lexicon(&self) -> Result<Arc<Lexicon>> {
        self.read(|state| state.commons().lexicon().clone())
    }

    /// Returns the committed tick. Waits for nothing.
    pub fn tick(&self) -> Tick {
        self.tick.load(Ordering::Acquire)
    }

    /// Reads the committed state. It does not change while `read` runs, and a commit waits for that.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if a change of the state ever stopped half-way.
    pub fn read<T>(&self, read: impl FnOnce(&Replica) -> T) -> Result<T> {
        Ok(read(&*self.state()?))
    }

    /// Reads the committed state until `cancel` is set; otherwise as [`World::read`].
    ///
    /// # Errors
    /// As [`World::read`]; [`Error::Cancelled`] soon after `cancel` is set.
    pub fn view<T>(&self, cancel: &Cancel, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        read(self.state()?.view().until(cancel))
    }

    /// Returns the SHA-256 of the canonical dump of the committed state, as 64 hexadecimal digits. Takes time in
    /// proportion to the state. Inputs that wait for a tick to end are not included.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn digest(&self) -> Result<String> {
        self.digest_until(&Cancel::new())
    }

    /// Does what [`World::digest`] does, until `cancel` is set.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn digest_until(&self, cancel: &Cancel) -> Result<String> {
        match &self.remote {
            Some(remote) => remote.digest(self, Scope::Whole, cancel),
            None => self.read(|replica| dump::digest(replica, cancel))?,
        }
    }

    /// Returns whether its shards are on nodes of a cluster.
    pub fn is_far(&self) -> bool {
        self.remote.is_some()
    }

    /// Returns whether a runner drives it.
    pub fn is_driven(&self) -> bool {
        lock(&self.inputs).runners > 0
    }

    /// Returns the SHA-256 of the evidence: texts, postings, statistics and word forms of the documents that are
    /// present. It equals that of a colony that never had the deleted documents.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn evidence_digest(&self) -> Result<String> {
        self.evidence_digest_until(&Cancel::new())
    }

    /// Does what [`World::evidence_digest`] does, until `cancel` is set.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn evidence_digest_until(&self, cancel: &Cancel) -> Result<String> {
        match &self.remote {
            Some(remote) => remote.digest(self, Scope::Evidence, cancel),
            None => self.read(|replica| dump::evidence(replica, cancel))?,
        }
    }

    /// Returns how many accepted documents are not yet digested. Waiting inputs count: documents that they add are
    /// included, and those that they remove are not.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn pending(&self) -> Result<u64> {
        let inputs = lock(&self.inputs);
        let waiting = &inputs.pending;
        Ok(self.state()?.commons().pending() + waiting.coming() - waiting.leaving_undigested())
    }

    /// Returns whether inputs wait for the running tick to end.
    pub fn has_waiting(&self) -> bool {
        !lock(&self.inputs).pending.is_empty()
    }

    /// Returns whether a run has nothing to do: nothing to digest, unwire or reinforce, no input waits, no digester is
    /// alive, the lifetime of no document is over.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn is_quiet(&self) -> Result<bool> {
        let inputs = lock(&self.inputs);
        Ok(inputs.pending.is_empty() && self.state()?.is_quiet())
    }

    /// Waits for a turn in the queue of ticks. No runner begins a tick until the turn is dropped.
    pub async fn turn(&self) -> Turn {
        self.turns.wait().await
    }

    pub(crate) fn seat(&self, shard: ShardId) -> Result<usize> {
        self.ring
            .shards()
            .binary_search(&shard)
            .map_err(|_| Error::ShardNotFound { shard, registered: self.ring.names() })
    }

    /// Returns the error of a state that was read from columns and does not fit together as damage of the directory.
    pub(crate) fn as_damage(&self, error: Error) -> Error {
        match &self.journal {
            Some(journal) => journal.as_damage(error),
            None => error,
        }
    }

    pub(crate) fn state(&self) -> Result<RwLockReadGuard<'_, Replica>> {
        self.state.read().map_err(|_| broken())
    }

    /// Returns the state if nobody changes it.
    pub(crate) fn try_state(&self) -> Option<RwLockReadGuard<'_, Replica>> {
        self.state.try_read().ok()
    }

    /// Returns whether nobody reads or changes the state.
    pub(crate) fn is_unread(&self) -> bool {
        self.state.try_write().is_ok()
    }

    pub(crate) fn state_mut(&self) -> Result<RwLockWriteGuard<'_, Replica>> {
        self.state.write().map_err(|_| broken())
    }
}

impl Inputs {
    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Refuses what would change a colony that moves elsewhere.
    pub(crate) fn refuse_moving(&self) -> Result<()> {
        if !self.is_moving {
            return Ok(());
        }
        Err(Error::Busy { what: "the colony is moving with its shards; call this once more".into() })
    }

    pub(crate) fn refuse_runner(&self, what: &str) -> Result<()> {
        if self.runners == 0 {
            return Ok(());
        }
        Err(Error::Busy { what: format!("a runner drives this shard; {what} through the runner's ticks") })
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shards, tick) = (self.ring.shard_count(), self.tick());
        f.debug_struct("World").field("shards", &shards).field("tick", &tick).finish_non_exhaustive()
    }
}

fn broken() -> Error {
    Error::CoordinatorUnavailable {
        reason: "a change of the committed state broke off half-way, so the state cannot be trusted; make a new colony"
            .into(),
    }
}
