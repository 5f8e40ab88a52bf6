//! One colony that many threads use: its committed state, the inputs on their way into it, and who drives it.
//!
//! There is one lock order: the tick made by hand, then the inputs, then the state, then ghosts; none is held over
//! an await. Queries hold the state's read lock for as long as they take and nothing else, so a tick that hangs never
//! blocks them: phases read an own reference to the committed parts and hold no lock at all. The state's write lock is
//! taken by applying inputs and by the commit of a tick.

use crate::answers;
use crate::by_hand::HandTick;
use crate::ghosts::Ghosts;
use crate::ingest::Sessions;
use crate::pending::Pending;
use crate::pool::{Pool, lock};
use phago_core::commons::Commons;
use phago_core::config::ColonyConfig;
use phago_core::ghost::Ghost;
use phago_core::ids::{DocumentId, NodeId, ShardId, Tick};
use phago_core::metadata::{Filter, Metadata};
use phago_core::plan::Plan;
use phago_core::query::{Buffers, Found, Scratch};
use phago_core::ring::Ring;
use phago_core::shard::{Delta, Shard};
use phago_core::state::{Committed, State};
use phago_core::text::{Lexicon, QueryWord, Session};
use phago_core::{Error, Result};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// One colony in memory.
///
/// Dropping it drops everything; a runner holds it as long as it lives.
pub struct World {
    state: RwLock<State>,
    // The committed tick, to be read without waiting for a commit.
    tick: AtomicU64,
    pub(crate) inputs: Mutex<Inputs>,
    pub(crate) hands: Mutex<Option<HandTick>>,
    pub(crate) turns: Arc<tokio::sync::Mutex<()>>,
    pub(crate) sessions: Arc<Sessions>,
    scratches: Mutex<Vec<Scratch>>,
    pub(crate) buffers: Mutex<Vec<Buffers>>,
    ghosts: Vec<Mutex<Ghosts>>,
    config: Arc<ColonyConfig>,
    ring: Arc<Ring>,
    lexicon: Arc<Lexicon>,
}

/// What is on its way into the state, and who may change it.
pub(crate) struct Inputs {
    // The attempt under way; inputs wait in `pending` as long.
    running: Option<u64>,
    attempts: u64,
    pub(crate) runners: usize,
    // By seat: the shards that have a handle.
    pub(crate) joined: Vec<bool>,
    pub(crate) pending: Pending,
}

/// What the phases of one attempt read: references to the committed parts, by seat, and the plan.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) attempt: u64,
    pub(crate) plan: Arc<Plan>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) shards: Vec<Arc<Shard>>,
}

/// What one shard's phase reads. A worker that never comes back keeps these alive and no other shard.
pub(crate) struct Share {
    pub(crate) plan: Arc<Plan>,
    pub(crate) commons: Arc<Commons>,
    pub(crate) shard: Arc<Shard>,
}

impl Snapshot {
    pub(crate) fn share(&self, seat: usize) -> Share {
        Share { plan: self.plan.clone(), commons: self.commons.clone(), shard: self.shards[seat].clone() }
    }
}

/// A place at the head of the queue of ticks. Dropping it lets the next tick begin.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code)] tokio::sync::OwnedMutexGuard<()>);

/// A document found by search.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundDocument {
    /// Its BM25 score.
    pub score: f64,
    /// Its identity.
    pub id: DocumentId,
    /// The caller's id, or the identity in hexadecimal where none was given.
    pub name: String,
    /// Its title, perhaps empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
    /// The tick that digested it.
    pub digested: Option<Tick>,
}

// Buffers kept for later queries.
pub(crate) const SCRATCHES_MAX: usize = 8;

impl World {
    /// An empty colony over the shards of a ring.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted.
    pub fn new(config: ColonyConfig, ring: Ring) -> Result<Arc<World>> {
        let state = State::new(config, ring)?;
        let commons = state.commons();
        let (config, ring, lexicon) = (commons.config().clone(), commons.ring().clone(), commons.lexicon().clone());
        let seats = ring.shard_count();
        let ghosts = (0..seats).map(|_| Mutex::new(Ghosts::new(config.ghosts_max as usize))).collect();
        let inputs =
            Inputs { running: None, attempts: 0, runners: 0, joined: vec![false; seats], pending: Pending::default() };
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
    pub fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T> {
        Ok(read(&*self.state()?))
    }

    /// The words of a question as the colony knows them. Nothing enters the dictionary.
    pub fn words(&self, text: &str) -> Vec<QueryWord> {
        // A new session costs nothing before it has seen a document.
        Session::new(self.lexicon.clone()).query(text)
    }

    /// The one word that a label is, as the colony knows it. Nothing enters the dictionary.
    pub fn label(&self, label: &str) -> Option<QueryWord> {
        Session::new(self.lexicon.clone()).label(label)
    }

    /// The `k` documents with the highest BM25 scores among those that match, best first; ties by id.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn search(&self, text: &str, k: usize, filter: &Filter) -> Result<Vec<FoundDocument>> {
        let words = self.words(text);
        let mut scratch = lock(&self.scratches).pop().unwrap_or_default();
        let found = self.read(|state| {
            let found = state.search(&words, k, filter, &mut scratch);
            let document = |found: &Found| answers::found(state.found(found), found.score);
            found.iter().map(document).collect()
        });
        let mut scratches = lock(&self.scratches);
        if scratches.len() < SCRATCHES_MAX {
            scratches.push(scratch);
        }
        found
    }

    /// SHA-256 over the canonical dump of the committed state, 64 hexadecimal digits. Takes time in proportion to
    /// the state. Inputs that wait for a tick to end are not in it.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn digest(&self) -> Result<String> {
        self.read(State::digest)
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
        self.read(State::evidence_digest)
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
        Turn(self.turns.clone().lock_owned().await)
    }

    // Ghosts.

    /// The ghosts a shard keeps, the most recently used first, as they were cached.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn ghosts(&self, shard: ShardId) -> Result<Vec<Ghost>> {
        let seat = self.seat(shard)?;
        Ok(lock(&self.ghosts[seat]).cache().iter().cloned().collect())
    }

    /// One ghost of a shard; where it is older than the colony's tick its home is asked again.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::GhostNodeNotFound`] when it is not cached.
    pub fn ghost(&self, shard: ShardId, node: NodeId) -> Result<Ghost> {
        let seat = self.seat(shard)?;
        let state = self.state()?;
        lock(&self.ghosts[seat]).read(node, &state)
    }

    /// How many ghosts a shard keeps.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn ghost_count(&self, shard: ShardId) -> Result<usize> {
        let seat = self.seat(shard)?;
        Ok(lock(&self.ghosts[seat]).cache().len())
    }

    /// Forget the ghosts that `shard` keeps of the nodes of `gone`; how many there were.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn forget_ghosts(&self, shard: ShardId, gone: ShardId) -> Result<usize> {
        let (seat, _) = (self.seat(shard)?, self.seat(gone)?);
        Ok(lock(&self.ghosts[seat]).drop_shard(gone))
    }

    // Keep ghosts of the far ends of a tick's new edges, by seat. No failure here reaches the tick: it is committed.
    pub(crate) fn welcome_ghosts(&self, made: &[crate::report::CrossEdges], resolve: bool) {
        if made.iter().all(crate::report::CrossEdges::is_empty) {
            return;
        }
        let Ok(state) = self.state() else { return };
        for (ghosts, edges) in self.ghosts.iter().zip(made) {
            lock(ghosts).welcome(edges.raw(), &state, resolve);
        }
    }

    // Ticks, for the drivers.

    /// Fix the cut: from now on inputs wait for the end of this attempt.
    pub(crate) fn begin(&self, driver: &str) -> Result<Snapshot> {
        let mut inputs = lock(&self.inputs);
        if inputs.running.is_some() {
            return Err(Error::Busy { what: format!("{driver} cannot begin a tick: one is being made already") });
        }
        let state = self.state()?;
        let plan = Arc::new(state.plan()?);
        inputs.attempts += 1;
        inputs.running = Some(inputs.attempts);
        let (commons, shards) = (state.commons().clone(), state.shards().to_vec());
        Ok(Snapshot { attempt: inputs.attempts, plan, commons, shards })
    }

    /// Swap a whole tick in and apply the inputs that waited. Only the attempt under way may commit.
    pub(crate) fn commit(&self, snapshot: Snapshot, deltas: Vec<Delta>, pool: Option<&Pool>) -> Result<End> {
        let mut inputs = lock(&self.inputs);
        if inputs.running != Some(snapshot.attempt) {
            return Err(Error::BarrierFailed { reason: "the attempt was given up before its commit".into() });
        }
        // The attempt's own references go first: a shard that nobody else reads is changed in place.
        let Snapshot { plan, commons, shards, .. } = snapshot;
        drop((commons, shards));
        let mut state = self.state_mut()?;
        let committed = state.commit(&plan, deltas);
        self.tick.store(state.tick(), Ordering::Release);
        inputs.running = None;
        inputs.pending.drain_into(&mut state, pool);
        let is_quiet = state.is_quiet();
        Ok(End { committed, is_quiet })
    }

    /// End an attempt without a trace and apply the inputs that waited. For an attempt that is over: nothing.
    pub(crate) fn abort(&self, attempt: u64, pool: Option<&Pool>) {
        let mut inputs = lock(&self.inputs);
        if inputs.running == Some(attempt) {
            inputs.running = None;
            if !inputs.pending.is_empty()
                && let Ok(mut state) = self.state_mut()
            {
                inputs.pending.drain_into(&mut state, pool);
            }
        }
    }

    pub(crate) fn seat(&self, shard: ShardId) -> Result<usize> {
        self.ring
            .shards()
            .binary_search(&shard)
            .map_err(|_| Error::ShardNotFound { shard, registered: self.ring.names() })
    }

    pub(crate) fn state(&self) -> Result<RwLockReadGuard<'_, State>> {
        self.state.read().map_err(|_| broken())
    }

    pub(crate) fn state_mut(&self) -> Result<RwLockWriteGuard<'_, State>> {
        self.state.write().map_err(|_| broken())
    }
}

/// What a commit leaves to whoever made it. The rows it replaced are in it, to be dropped without a lock.
pub(crate) struct End {
    pub(crate) committed: Committed,
    pub(crate) is_quiet: bool,
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
