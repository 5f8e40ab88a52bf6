//! One colony that many threads use: its committed state, the inputs on their way into it, and who drives it.
//!
//! There is one lock order: the tick made by hand, then the inputs, then the state, then ghosts; none is held over
//! an await. Queries hold the state's read lock for as long as they take and nothing else, so a tick that hangs never
//! blocks them: phases read an own reference to the committed parts and hold no lock at all. The state's write lock is
//! taken by applying inputs and by the commit of a tick.

use crate::ghosts::cache::Ghosts;
use crate::intake::analyse::Sessions;
use crate::intake::pending::Pending;
use crate::lock::lock;
use crate::tick::hand::HandTick;
use crate::tick::turn::{Turn, Turns};
use phago_core::cancel::Cancel;
use phago_core::config::ColonyConfig;
use phago_core::dump;
use phago_core::ids::{ShardId, Tick};
use phago_core::query::{Buffers, Scratch, View};
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::text::{Lexicon, QueryWord, Session};
use phago_core::{Error, Result};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// One colony in memory.
///
/// Dropping it drops everything; a runner holds it as long as it lives.
pub struct World {
    state: RwLock<Replica>,
    // The committed tick, to be read without waiting for a commit.
    pub(crate) tick: AtomicU64,
    pub(crate) inputs: Mutex<Inputs>,
    pub(crate) hands: Mutex<Option<HandTick>>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) scratches: Mutex<Vec<Scratch>>,
    pub(crate) buffers: Mutex<Vec<Buffers>>,
    // By seat.
    pub(crate) ghosts: Vec<Mutex<Ghosts>>,
    config: Arc<ColonyConfig>,
    ring: Arc<Ring>,
    lexicon: Arc<Lexicon>,
}

/// What is on its way into the state, and who may change it.
pub(crate) struct Inputs {
    // The attempt under way; inputs wait in `pending` as long.
    pub(crate) running: Option<u64>,
    pub(crate) attempts: u64,
    pub(crate) runners: usize,
    // By seat: how many own the shard, to drive it by hand.
    pub(crate) owners: Vec<u32>,
    pub(crate) pending: Pending,
}

// Buffers kept for later queries.
pub(crate) const SCRATCHES_MAX: usize = 8;

impl World {
    /// An empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted.
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Arc<World>> {
        let state = Replica::new(config, ring)?;
        let commons = state.commons();
        let (config, ring, lexicon) = (commons.config().clone(), commons.ring().clone(), commons.lexicon().clone());
        let seats = ring.shard_count();
        let ghosts = (0..seats).map(|_| Mutex::new(Ghosts::new(config.ghosts_max as usize))).collect();
        let inputs =
            Inputs { running: None, attempts: 0, runners: 0, owners: vec![0; seats], pending: Pending::default() };
        Ok(Arc::new(World {
            state: RwLock::new(state),
            tick: AtomicU64::new(0),
            inputs: Mutex::new(inputs),
            hands: Mutex::new(None),
            turns: Arc::default(),
            sessions: Arc::new(Sessions::new(lexicon.clone())),
            scratches: Mutex::default(),
            buffers: Mutex::default(),
            ghosts,
            config,
            ring,
            lexicon,
        }))
    }

    /// The config.
    pub fn config(&self) -> &Arc<ColonyConfig> {
        &self.config
    }

    /// The ring, which is frozen from here on.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// The dictionary.
    pub fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// The tick the colony is at. Waits for nothing.
    pub fn tick(&self) -> Tick {
        self.tick.load(Ordering::Acquire)
    }

    /// Read the committed state. It stands still as long as `read` runs, and a commit waits for that.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if a change of the state ever broke off half-way.
    pub fn read<T>(&self, read: impl FnOnce(&Replica) -> T) -> Result<T> {
        Ok(read(&*self.state()?))
    }

    /// Read the committed state until `cancel` is set; otherwise as [`World::read`].
    ///
    /// # Errors
    /// As [`World::read`]; [`Error::Cancelled`] soon after `cancel` is set.
    pub fn view<T>(&self, cancel: &Cancel, read: impl FnOnce(View<'_>) -> Result<T>) -> Result<T> {
        read(self.state()?.view().until(cancel))
    }

    /// The words of a question or label as the colony knows them. Nothing enters the dictionary.
    pub fn words(&self, text: &str) -> Vec<QueryWord> {
        // A new session costs nothing before it has seen a document.
        Session::new(self.lexicon.clone()).query(text)
    }

    /// SHA-256 over the canonical dump of the committed state, 64 hexadecimal digits. Takes time in proportion to
    /// the state. Inputs that wait for a tick to end are not in it.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn digest(&self) -> Result<String> {
        self.digest_until(&Cancel::new())
    }

    /// [`World::digest`], until `cancel` is set.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn digest_until(&self, cancel: &Cancel) -> Result<String> {
        self.read(|replica| dump::digest(replica, cancel))?
    }

    /// Whether a runner drives it.
    pub fn is_driven(&self) -> bool {
        lock(&self.inputs).runners > 0
    }

    /// SHA-256 over the part of the dump that the documents that stand decide alone: texts, postings, statistics and
    /// word forms. Equal to that of a colony that never saw what was deleted.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn evidence_digest(&self) -> Result<String> {
        self.evidence_digest_until(&Cancel::new())
    }

    /// [`World::evidence_digest`], until `cancel` is set.
    ///
    /// # Errors
    /// As [`World::view`].
    pub fn evidence_digest_until(&self, cancel: &Cancel) -> Result<String> {
        self.read(|replica| dump::evidence(replica, cancel))?
    }

    /// Documents accepted and not yet digested, with those that come, and without those that go, when the tick under
    /// way ends.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn pending(&self) -> Result<u64> {
        let inputs = lock(&self.inputs);
        let waiting = &inputs.pending;
        Ok(self.state()?.commons().pending() + waiting.coming() - waiting.leaving_undigested())
    }

    /// Whether inputs wait for the tick under way to end.
    pub fn has_waiting(&self) -> bool {
        !lock(&self.inputs).pending.is_empty()
    }

    /// Whether a run has nothing to do: nothing to digest, unwire or reinforce, no input waiting, no living
    /// digester.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn is_quiet(&self) -> Result<bool> {
        let inputs = lock(&self.inputs);
        Ok(inputs.pending.is_empty() && self.state()?.is_quiet())
    }

    /// Wait for a turn of one's own in the queue of ticks: no runner begins one until it is dropped.
    pub async fn turn(&self) -> Turn {
        self.turns.wait().await
    }

    pub(crate) fn seat(&self, shard: ShardId) -> Result<usize> {
        self.ring
            .shards()
            .binary_search(&shard)
            .map_err(|_| Error::ShardNotFound { shard, registered: self.ring.names() })
    }

    pub(crate) fn state(&self) -> Result<RwLockReadGuard<'_, Replica>> {
        self.state.read().map_err(|_| broken())
    }

    pub(crate) fn state_mut(&self) -> Result<RwLockWriteGuard<'_, Replica>> {
        self.state.write().map_err(|_| broken())
    }
}

impl Inputs {
    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
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
