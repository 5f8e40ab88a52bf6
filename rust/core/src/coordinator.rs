//! The registry of shards and the barrier of their phases, as one state machine.
//!
//! It counts and never waits: a caller that must wait asks [`Coordinator::phase_done`] again after each change. It has
//! no clock: every `now` is in seconds on one clock of the caller's, with any zero.
//!
//! Every registered shard takes part in every tick, online or not. A change of the members moves documents, so the tick
//! that is being made starts anew.

use crate::config::{DistributedConfig, SHARDS_MAX};
use crate::ids::{DocumentId, ShardId, TICK_MAX, Tick};
use crate::phase::Phase;
use crate::ring::Ring;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// Whether a shard has sent a heartbeat lately.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ShardStatus {
    /// Heard of within the time-out, or not yet missed.
    Online,
    /// Silent for longer than the time-out.
    Offline,
}

/// What a shard last reported about its size.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct ShardMetrics {
    /// Nodes whose home it is.
    pub nodes: u64,
    /// Synapses whose home it is.
    pub edges: u64,
    /// Documents whose home it is.
    pub documents: u64,
    /// Bytes of memory it holds.
    pub memory_bytes: u64,
}

/// A member as the registry knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardInfo {
    /// The shard.
    pub id: ShardId,
    /// The address at which it can be reached; free text.
    pub address: String,
    /// Whether it was heard of lately.
    pub status: ShardStatus,
    /// Its size, as last reported.
    pub metrics: ShardMetrics,
    /// Its last heartbeat, in seconds on the caller's clock, if there was one.
    pub last_heartbeat: Option<f64>,
}

/// The sums over a cluster.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ClusterStats {
    /// Registered shards.
    pub total_shards: usize,
    /// Registered shards that are online.
    pub online_shards: usize,
    /// Documents, as last reported by the shards.
    pub total_documents: u64,
    /// Bytes of memory, as last reported by the shards.
    pub total_memory_bytes: u64,
    /// The last tick that was committed.
    pub current_tick: Tick,
}

/// The right to drive a coordinator. While it is given out, no other caller can complete phases or change members.
#[derive(Debug)]
pub struct Drive(());

struct Member {
    info: ShardInfo,
    /// When its silence began: at the last heartbeat, or at the first `now` of any call.
    silent_since: Option<f64>,
    /// How many phases of the current tick it has completed.
    answered: usize,
}

/// The registry and the barrier of one cluster.
pub struct Coordinator {
    config: DistributedConfig,
    ring: Ring,
    // One for each shard of the ring, in its order.
    members: Vec<Member>,
    tick: Tick,
    driven: bool,
    // How many changes of the members there were, and the last one in words.
    changes: (u64, String),
}

impl Coordinator {
    /// Returns a cluster at tick 0 whose shards 0 to n-1 are registered and online.
    ///
    /// # Errors
    /// [`Error::Config`] if the config is not valid.
    pub fn new(config: DistributedConfig) -> Result<Self> {
        config.validate()?;
        let ring = Ring::new(config.num_shards, config.virtual_nodes_per_shard);
        let members = ring.shards().iter().map(|&shard| Member::new(shard, IN_PROCESS)).collect();
        Ok(Coordinator { config, ring, members, tick: 0, driven: false, changes: (0, String::new()) })
    }

    /// Returns the config it was made with. `num_shards` is the number at the start.
    pub fn config(&self) -> &DistributedConfig {
        &self.config
    }

    /// Returns the ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Returns the last tick that was committed.
    pub fn current_tick(&self) -> Tick {
        self.tick
    }

    /// Returns how many shards are registered.
    pub fn shard_count(&self) -> usize {
        self.members.len()
    }

    // Members.

    /// Registers a shard under the lowest free id.
    ///
    /// # Errors
    /// [`Error::Busy`] while it is driven; [`Error::Limit`] at [`SHARDS_MAX`] shards.
    pub fn register(&mut self, address: &str) -> Result<ShardId> {
        self.free("register a shard")?;
        let count = self.members.len() as u64 + 1;
        if count > u64::from(SHARDS_MAX) {
            return Err(Error::Limit { what: "a cluster's shards".into(), limit: SHARDS_MAX.into(), value: count });
        }
        let shard = self.ring.add_shard();
        let place = self.members.partition_point(|member| member.info.id < shard);
        self.members.insert(place, Member::new(shard, address));
        self.changed(format!("{shard} was registered"));
        Ok(shard)
    }

    /// Removes a shard from the ring and the registry.
    ///
    /// # Errors
    /// [`Error::Busy`] while it is driven; [`Error::ShardNotFound`] if it is not registered (any more);
    /// [`Error::Config`] if it is the last one.
    pub fn deregister(&mut self, shard: ShardId) -> Result<()> {
        self.free("deregister a shard")?;
        self.ring.remove_shard(shard)?;
        self.members.retain(|member| member.info.id != shard);
        self.changed(format!("{shard} was deregistered"));
        Ok(())
    }

    /// Returns how often members were registered and deregistered.
    pub fn changes(&self) -> u64 {
        self.changes.0
    }

    /// Returns the last change of the members, such as `shard-3 was registered`; empty before the first.
    pub fn last_change(&self) -> &str {
        &self.changes.1
    }

    /// Returns every registered shard, in order.
    pub fn all_shards(&self) -> Vec<ShardId> {
        self.ring.shards().to_vec()
    }

    /// Returns the shards that are online, in order.
    pub fn online_shards(&self) -> Vec<ShardId> {
        let online = self.members.iter().filter(|member| member.info.status == ShardStatus::Online);
        online.map(|member| member.info.id).collect()
    }

    /// Returns what is known of a shard.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn shard(&self, shard: ShardId) -> Result<&ShardInfo> {
        Ok(&self.members[self.place(shard)?].info)
    }

    /// Returns the home of a document.
    pub fn route(&self, document: DocumentId) -> ShardId {
        self.ring.shard_of(document.0)
    }

    /// Returns the shards on which `replication_factor` copies of a document would live, its home first. Nothing is
    /// copied yet.
    pub fn replicas(&self, document: DocumentId) -> Vec<ShardId> {
        self.ring.replicas(document.0, self.config.replication_factor as usize)
    }

    /// Records what a shard reports about its size.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn update_metrics(&mut self, shard: ShardId, metrics: ShardMetrics) -> Result<()> {
        let place = self.place(shard)?;
        self.members[place].info.metrics = metrics;
        Ok(())
    }

    /// Returns the cluster's sums.
    pub fn stats(&self) -> ClusterStats {
        let sum = |part: fn(&ShardMetrics) -> u64| {
            self.members.iter().fold(0u64, |sum, member| sum.saturating_add(part(&member.info.metrics)))
        };
        ClusterStats {
            total_shards: self.members.len(),
            online_shards: self.online_shards().len(),
            total_documents: sum(|metrics| metrics.documents),
            total_memory_bytes: sum(|metrics| metrics.memory_bytes),
            current_tick: self.tick,
        }
    }

    // Health.

    /// Records a heartbeat of a shard at `now`. One that is not later than the last changes nothing.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`]; [`Error::Config`] if `now` is not a finite number.
    pub fn heartbeat(&mut self, shard: ShardId, now: f64) -> Result<()> {
        finite(now)?;
        let place = self.place(shard)?;
        let member = &mut self.members[place];
        // The first heartbeat counts even at the instant of the check from which silence is counted.
        let first = member.info.last_heartbeat.is_none();
        if member.silent_since.is_none_or(|since| since < now || (first && since == now)) {
            member.silent_since = Some(now);
            member.info.last_heartbeat = Some(now);
            member.info.status = ShardStatus::Online;
        }
        Ok(())
    }

    /// Turns shards offline that were silent for more than the config's `heartbeat_timeout_ms`, and returns those that
    /// this call turned. For a shard that never sent a heartbeat, silence counts from the first check.
    ///
    /// A heartbeat later than `now` is taken as `now`: a shard with a fast clock stays online while it sends, and a
    /// dead one goes offline one time-out after the first check that sees that heartbeat.
    ///
    /// # Errors
    /// [`Error::Config`] if `now` is not a finite number.
    pub fn check_health(&mut self, now: f64) -> Result<Vec<ShardId>> {
        finite(now)?;
        let timeout = self.config.heartbeat_timeout_ms as f64 / 1000.0;
        let mut turned = Vec::new();
        for member in &mut self.members {
            let since = member.silent_since.map_or(now, |since| since.min(now));
            member.silent_since = Some(since);
            member.info.last_heartbeat = member.info.last_heartbeat.map(|stamp| stamp.min(now));
            if now - since > timeout && member.info.status == ShardStatus::Online {
                member.info.status = ShardStatus::Offline;
                turned.push(member.info.id);
            }
        }
        Ok(turned)
    }

    // The barrier.

    /// Records that a shard completed a phase of the tick after [`current_tick`](Self::current_tick). Returns whether
    /// all shards now have. A repeated call changes nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] while it is driven; [`Error::BarrierFailed`] for another tick, a shard that is not registered,
    /// or a phase whose predecessor some shard has not completed.
    pub fn phase_complete(&mut self, shard: ShardId, phase: Phase, tick: Tick) -> Result<bool> {
        self.free("complete a phase")?;
        self.arrive(shard, phase, tick)
    }

    /// Commits the tick, once every shard has completed Decay. Returns its number.
    ///
    /// # Errors
    /// [`Error::Busy`] while it is driven; [`Error::BarrierFailed`] naming the shards that are missing;
    /// [`Error::Limit`] after the last tick.
    pub fn advance_tick(&mut self) -> Result<Tick> {
        self.free("advance the tick")?;
        self.commit()
    }

    /// Forgets the completed phases of the current tick.
    pub fn abort_tick(&mut self) {
        for member in &mut self.members {
            member.answered = 0;
        }
    }

    /// Returns the shards that have not completed a phase of the current tick, in order.
    pub fn missing(&self, phase: Phase) -> Vec<ShardId> {
        let missing = self.members.iter().filter(|member| member.answered <= order(phase));
        missing.map(|member| member.info.id).collect()
    }

    /// Returns whether every shard has completed a phase of a tick. For a committed tick it is true of every phase.
    pub fn phase_done(&self, phase: Phase, tick: Tick) -> bool {
        tick <= self.tick || (tick == self.tick + 1 && self.missing(phase).is_empty())
    }

    // Driving.

    /// Takes the right to drive it.
    ///
    /// # Errors
    /// [`Error::Busy`] if it is given out.
    pub fn drive(&mut self) -> Result<Drive> {
        self.free("drive it")?;
        self.driven = true;
        self.abort_tick();
        Ok(Drive(()))
    }

    /// Gives the right back. The completed phases of an unfinished tick are forgotten.
    pub fn release(&mut self, drive: Drive) {
        let Drive(()) = drive;
        self.driven = false;
        self.abort_tick();
    }

    /// Returns whether another party drives it.
    pub fn is_driven(&self) -> bool {
        self.driven
    }

    /// Does what [`phase_complete`](Self::phase_complete) does, for the driver.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] as there.
    pub fn driver_phase_complete(&mut self, _: &Drive, shard: ShardId, phase: Phase, tick: Tick) -> Result<bool> {
        self.arrive(shard, phase, tick)
    }

    /// Does what [`advance_tick`](Self::advance_tick) does, for the driver.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] and [`Error::Limit`] as there.
    pub fn driver_advance_tick(&mut self, _: &Drive) -> Result<Tick> {
        self.commit()
    }

    fn arrive(&mut self, shard: ShardId, phase: Phase, tick: Tick) -> Result<bool> {
        if tick != self.tick + 1 {
            return failed(format!("{shard} answers {phase} of tick {tick}; tick {} is being made", self.tick + 1));
        }
        let Ok(place) = self.place(shard) else {
            return failed(format!("{shard} is not registered; registered are {}", self.ring.names()));
        };
        let order = order(phase);
        if self.members.iter().any(|member| member.answered < order) {
            let before = Phase::ALL[order - 1];
            let missing = names(&self.missing(before));
            return failed(format!("{shard} answers {phase} of tick {tick} before {missing} completed {before}"));
        }
        let answered = &mut self.members[place].answered;
        *answered = (*answered).max(order + 1);
        Ok(self.missing(phase).is_empty())
    }

    fn commit(&mut self) -> Result<Tick> {
        let missing = self.missing(Phase::Decay);
        if !missing.is_empty() {
            let next = self.tick + 1;
            return failed(format!("tick {next} waits for {} to complete Decay", names(&missing)));
        }
        if self.tick >= TICK_MAX {
            return Err(Error::Limit { what: "a colony's ticks".into(), limit: TICK_MAX, value: self.tick + 1 });
        }
        self.tick += 1;
        self.abort_tick();
        Ok(self.tick)
    }

    // Starts the current tick anew with the current members.
    fn changed(&mut self, what: String) {
        self.changes = (self.changes.0 + 1, what);
        self.abort_tick();
    }

    fn place(&self, shard: ShardId) -> Result<usize> {
        let place = self.members.binary_search_by_key(&shard, |member| member.info.id);
        place.map_err(|_| Error::ShardNotFound { shard, registered: self.ring.names() })
    }

    fn free(&self, what: &str) -> Result<()> {
        if self.driven {
            return Err(Error::Busy { what: format!("a runner drives this coordinator; nobody else can {what}") });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coordinator")
            .field("shards", &self.ring.shards())
            .field("tick", &self.tick)
            .field("driven", &self.driven)
            .finish_non_exhaustive()
    }
}

/// Sums the document frequencies of shards, term by term. Every document has one home, so the sum is exact.
pub fn aggregate_global_df(shards: impl IntoIterator<Item = BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut sum: BTreeMap<String, u64> = BTreeMap::new();
    for (term, count) in shards.into_iter().flatten() {
        let total = sum.entry(term).or_default();
        *total = total.saturating_add(count);
    }
    sum
}

// The address of a shard to which no caller gave one.
const IN_PROCESS: &str = "in-process";

impl Member {
    fn new(shard: ShardId, address: &str) -> Self {
        let info = ShardInfo {
            id: shard,
            address: address.to_owned(),
            status: ShardStatus::Online,
            metrics: ShardMetrics::default(),
            last_heartbeat: None,
        };
        Member { info, silent_since: None, answered: 0 }
    }
}

fn order(phase: Phase) -> usize {
    Phase::ALL.iter().position(|&other| other == phase).unwrap_or_default()
}

fn names(shards: &[ShardId]) -> String {
    let names: Vec<String> = shards.iter().map(ShardId::to_string).collect();
    names.join(", ")
}

fn failed<T>(reason: String) -> Result<T> {
    Err(Error::BarrierFailed { reason })
}

fn finite(now: f64) -> Result<()> {
    if now.is_finite() {
        return Ok(());
    }
    Err(Error::Config { field: "now".into(), value: now.to_string(), accepted: "a finite number of seconds".into() })
}
