//! A tick that the nodes of a cluster make, while a worker of this process waits for them.

use crate::config::Recover;
use crate::lock::lock;
use crate::sync::Mutex;
use crate::tick::attempt::Means;
use crate::tick::outcome::Outcome;
use crate::tick::report::TickReport;
use crate::work::job::message;
use crate::work::pool::Pool;
use phago_core::cancel::Cancel;
use phago_core::coordinator::ShardMetrics;
use phago_core::ids::Tick;
use phago_core::phase::Phase;
use phago_core::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// How a tick is made by nodes.
pub(crate) struct Manner<'a> {
    /// How long a phase may take.
    pub(crate) timeout: Duration,
    /// What follows if nodes are lost.
    pub(crate) recover: Recover,
    /// Whether new synapses between shards are told.
    pub(crate) with_edges: bool,
    /// Hears of each phase of this tick that all shards have finished.
    pub(crate) heard: &'a dyn Fn(Tick, Phase) -> Result<()>,
}

/// What a shard holds after a tick: concepts, synapses, documents, and bytes of memory, about.
pub(crate) struct Size {
    pub(crate) nodes: u64,
    pub(crate) edges: u64,
    pub(crate) documents: u64,
    pub(crate) bytes: u64,
}

/// Makes a tick by nodes. Whoever is to hear of it hears of each phase, and of its end.
pub(crate) fn make(means: &Means, with_edges: bool, cancel: &Cancel) -> Result<TickReport> {
    let (world, driving) = (&means.world, means.driving.as_ref());
    let heard = |tick: Tick, phase: Phase| {
        let Some(driving) = driving else { return Ok(()) };
        world.ring().shards().iter().try_for_each(|&shard| driving.answered(shard, phase, tick))
    };
    let manner = Manner { timeout: means.timeout, recover: means.recover, with_edges, heard: &heard };
    let made = world.tick_by_nodes(&manner, cancel);
    if let (Err(_), Some(driving)) = (&made, driving) {
        driving.aborted();
    }
    let (report, sizes) = made?;
    if with_edges {
        let last = report.phases.iter().filter(|report| report.phase == Phase::Decay);
        let made: Vec<_> = last.map(|report| report.cross_edges.clone()).collect();
        world.expect_ghosts(&made, means.resolve_ghosts);
    }
    if let Some(driving) = driving {
        let metrics = |size: &Size| {
            let Size { nodes, edges, documents, bytes } = *size;
            ShardMetrics { nodes, edges, documents, memory_bytes: bytes }
        };
        let metrics: Vec<_> = world.ring().shards().iter().copied().zip(sizes.iter().map(metrics)).collect();
        // A barrier that all shards have passed does not refuse. The tick is committed whatever it returns.
        let _ = driving.committed(&metrics);
    }
    Ok(report)
}

/// A tick on its way. Dropping it gives the tick up, unless it is over or being committed.
pub(crate) struct ByNodes {
    cancel: Cancel,
    outcome: Arc<Outcome>,
}

impl ByNodes {
    /// Has a worker make a tick with `make`.
    ///
    /// # Errors
    /// [`Error::CoordinatorUnavailable`] if no worker is to be had.
    pub(crate) fn start(
        pool: &Pool,
        make: impl FnOnce(&Cancel) -> Result<TickReport> + Send + 'static,
    ) -> Result<ByNodes> {
        let tick = ByNodes { cancel: Cancel::new(), outcome: Arc::default() };
        let (cancel, outcome) = (tick.cancel.clone(), tick.outcome.clone());
        let make = Mutex::new(Some(make));
        let work = move |_| {
            let make = lock(&make).take().expect("a phase of one item is worked off once");
            let made = catch_unwind(AssertUnwindSafe(|| make(&cancel)));
            let broken =
                |panic| Error::CoordinatorUnavailable { reason: format!("the tick failed: {}", message(panic)) };
            outcome.tell(made.unwrap_or_else(|panic| Err(broken(panic))));
        };
        pool.run_phase(1, work, || ())?;
        Ok(tick)
    }

    /// Waits for its outcome.
    pub(crate) async fn wait(self) -> Result<TickReport> {
        self.outcome.wait().await
    }

    /// Waits for its outcome on this thread, and calls `should_stop` every `look`. Once that returns true, the tick is
    /// given up, and this waits until it is undone or committed.
    ///
    /// # Errors
    /// Those of the tick; [`Error::Cancelled`].
    pub(crate) fn wait_blocking(self, look: Duration, should_stop: impl FnMut() -> bool) -> Result<TickReport> {
        match self.outcome.wait_blocking(look, should_stop) {
            Some(outcome) => outcome,
            None => {
                self.cancel.cancel();
                self.outcome.wait_blocking(look, || false);
                Err(Error::Cancelled)
            }
        }
    }
}

impl Drop for ByNodes {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
