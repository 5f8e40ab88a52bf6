//! A coordinator with several owners: the core's state machine behind a lock, and the wait for a phase.

use crate::lock::lock;
use crate::sync::{Arc, Mutex};
use phago_core::coordinator::{Coordinator, Drive, ShardMetrics};
use phago_core::ids::{ShardId, Tick};
use phago_core::phase::Phase;
use phago_core::shard::Shard;
use phago_core::{Error, Result};
use std::fmt;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A coordinator that a runner, the shards' owners and those who wait for a phase share.
pub struct SharedCoordinator {
    inner: Mutex<Coordinator>,
    changed: Notify,
    clock: Box<dyn Fn() -> f64 + Send + Sync>,
}

impl SharedCoordinator {
    /// Shares a coordinator. `clock` returns seconds on the clock that its health checks use; a runner stamps its
    /// shards' heartbeats with it.
    pub fn new(coordinator: Coordinator, clock: impl Fn() -> f64 + Send + Sync + 'static) -> Arc<SharedCoordinator> {
        Arc::new(SharedCoordinator { inner: Mutex::new(coordinator), changed: Notify::new(), clock: Box::new(clock) })
    }

    /// Reads or changes the coordinator; those who wait for a phase check again afterwards. `with` must not block.
    pub fn with<T>(&self, with: impl FnOnce(&mut Coordinator) -> T) -> T {
        let result = with(&mut lock(&self.inner));
        self.changed.notify_waiters();
        result
    }

    /// Waits until every shard has completed a phase of a tick. Dropping the future only ends the wait.
    ///
    /// # Errors
    /// [`Error::PhaseTimeout`] naming the shards that are missing after `timeout_ms` milliseconds;
    /// [`Error::BarrierFailed`] as soon as a shard is registered or deregistered, because the tick then starts anew.
    pub async fn wait_for_phase(&self, phase: Phase, tick: Tick, timeout_ms: u64) -> Result<()> {
        let deadline = Instant::now() + Duration::from_millis(timeout_ms);
        let before = lock(&self.inner).changes();
        loop {
            // Registered before the check, so that no change between the two is missed.
            let mut changed = std::pin::pin!(self.changed.notified());
            changed.as_mut().enable();
            if self.has_passed(phase, tick, before)? {
                return Ok(());
            }
            if timeout_at(deadline, changed).await.is_err() {
                if self.has_passed(phase, tick, before)? {
                    return Ok(());
                }
                let shards = lock(&self.inner).missing(phase);
                return Err(Error::PhaseTimeout { shards, phase, tick, waited_ms: timeout_ms });
            }
        }
    }

    fn has_passed(&self, phase: Phase, tick: Tick, changes: u64) -> Result<bool> {
        let inner = lock(&self.inner);
        if inner.phase_done(phase, tick) {
            return Ok(true);
        }
        if inner.changes() == changes {
            return Ok(false);
        }
        let reason = format!(
            "{} while {phase} of tick {tick} was waited for, so tick {} starts anew; wait again",
            inner.last_change(),
            inner.current_tick() + 1
        );
        Err(Error::BarrierFailed { reason })
    }
}

impl fmt::Debug for SharedCoordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lock(&self.inner).fmt(f)
    }
}

/// Returns what a shard reports about its size.
pub(crate) fn metrics(shard: &Shard) -> ShardMetrics {
    let (nodes, edges, documents) = (shard.node_count(), shard.edge_count(), shard.documents().len() as u64);
    ShardMetrics { nodes, edges, documents, memory_bytes: shard.bytes() }
}

/// The right of a runner to drive a coordinator. Dropping it, or [`Driving::release`], frees the coordinator, which
/// forgets the finished phases of an incomplete tick.
pub(crate) struct Driving {
    shared: Arc<SharedCoordinator>,
    drive: Mutex<Option<Drive>>,
}

impl Driving {
    pub(crate) fn take(shared: Arc<SharedCoordinator>) -> Result<Driving> {
        let drive = shared.with(Coordinator::drive)?;
        Ok(Driving { shared, drive: Mutex::new(Some(drive)) })
    }

    pub(crate) fn answered(&self, shard: ShardId, phase: Phase, tick: Tick) -> Result<()> {
        let drive = lock(&self.drive);
        let Some(drive) = &*drive else { return Ok(()) };
        let now = (self.shared.clock)();
        self.shared.with(|coordinator| {
            // A clock that returns no number loses the stamp, not the tick.
            let _ = coordinator.heartbeat(shard, now);
            coordinator.driver_phase_complete(drive, shard, phase, tick).map(drop)
        })
    }

    pub(crate) fn committed(&self, metrics: &[(ShardId, ShardMetrics)]) -> Result<()> {
        let drive = lock(&self.drive);
        let Some(drive) = &*drive else { return Ok(()) };
        self.shared.with(|coordinator| {
            for (shard, metrics) in metrics {
                coordinator.update_metrics(*shard, *metrics)?;
            }
            coordinator.driver_advance_tick(drive).map(drop)
        })
    }

    pub(crate) fn aborted(&self) {
        if lock(&self.drive).is_some() {
            self.shared.with(Coordinator::abort_tick);
        }
    }

    pub(crate) fn release(&self) {
        if let Some(drive) = lock(&self.drive).take() {
            self.shared.with(|coordinator| coordinator.release(drive));
        }
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.release();
    }
}
