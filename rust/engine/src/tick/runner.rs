//! The runner makes ticks of a world on worker threads, and lets callers await them on tokio.
//!
//! The runtime keeps deadlines and wakes those who wait; shard work never runs on its threads.

use crate::config::RunnerConfig;
use crate::coordination::{Driving, SharedCoordinator};
use crate::sync::{Arc, now, spawn};
use crate::tick::attempt::{Attempt, Means};
use crate::tick::by_nodes::{self, ByNodes};
use crate::tick::deadline::Keeper;
use crate::tick::fault::{self, Fault, Faults};
use crate::tick::making::Making;
use crate::tick::report::{RunReport, TickReport};
use crate::tick::turn::Turn;
use crate::work::call::run_call;
use crate::work::pool::Pool;
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::replica::Replica;
use phago_core::{Error, Result};
use std::fmt;
use std::time::Duration;
use tokio::runtime::Handle;

// How often a blocking call checks whether it should stop. In Python, the check takes the interpreter's lock.
const LOOK: Duration = Duration::from_millis(20);

/// Drives the ticks of one world.
///
/// Ticks queue in order of arrival, including those of other runners of the same world. Each is committed whole or
/// leaves no trace. Dropping the runner ends its worker threads and releases world and coordinator.
pub struct Runner {
    means: Arc<Means>,
    config: RunnerConfig,
    coordinator: Option<Arc<SharedCoordinator>>,
    keeper: Arc<Keeper<Attempt>>,
}

impl Runner {
    /// Returns a runner of a world. `handle` belongs to a multi-threaded runtime, which keeps the deadlines.
    ///
    /// # Errors
    /// [`Error::Config`] for a config outside of what is accepted; [`Error::Busy`] while a tick is made by hand.
    pub fn new(world: Arc<World>, config: RunnerConfig, handle: Handle) -> Result<Runner> {
        Runner::build(world, None, config, handle)
    }

    /// Returns a runner that reports to a coordinator each phase that a shard finishes, and drives it while the runner
    /// lives.
    ///
    /// # Errors
    /// As [`Runner::new`]; [`Error::Config`] naming both values if ring or tick of the two differ; [`Error::Busy`] if
    /// another runner drives the coordinator.
    pub fn with_coordinator(
        world: Arc<World>,
        coordinator: Arc<SharedCoordinator>,
        config: RunnerConfig,
        handle: Handle,
    ) -> Result<Runner> {
        Runner::build(world, Some(coordinator), config, handle)
    }

    fn build(
        world: Arc<World>,
        coordinator: Option<Arc<SharedCoordinator>>,
        config: RunnerConfig,
        handle: Handle,
    ) -> Result<Runner> {
        config.validate()?;
        let driving = match &coordinator {
            Some(coordinator) => Some(drive(&world, coordinator)?),
            None => None,
        };
        world.attach_runner()?;
        let keeper = Keeper::new();
        let means = Means {
            world,
            pool: Pool::new(config.max_parallelism as usize),
            faults: Faults::default(),
            driving,
            timeout: Duration::from_millis(config.phase_timeout_ms),
            recover: config.recover,
            resolve_ghosts: config.resolve_ghosts,
            keeper: keeper.clone(),
        };
        spawn(&handle, Keeper::keep(keeper.clone()));
        Ok(Runner { means: Arc::new(means), config, coordinator, keeper })
    }

    /// Returns the world it drives.
    pub fn world(&self) -> &Arc<World> {
        &self.means.world
    }

    /// Its config.
    pub fn config(&self) -> &RunnerConfig {
        &self.config
    }

    /// Returns the coordinator it drives, if any.
    pub fn coordinator(&self) -> Option<&Arc<SharedCoordinator>> {
        self.coordinator.as_ref()
    }

    /// Its worker threads, for the parallel part of [`World::ingest`].
    pub fn pool(&self) -> &Pool {
        &self.means.pool
    }

    /// Adds a fault, for tests.
    ///
    /// # Errors
    /// [`Error::ShardNotFound`].
    pub fn inject(&self, fault: Fault) -> Result<()> {
        fault::check(&fault, self.means.world.ring())?;
        self.means.faults.add(fault);
        Ok(())
    }

    /// Returns the faults that have not fired.
    pub fn faults(&self) -> &Faults {
        &self.means.faults
    }

    /// Makes one tick.
    ///
    /// Dropping the future before the tick's turn leaves the queue. Dropping it later undoes the tick, unless its
    /// commit has begun, which then completes: either way the tick is whole or leaves no trace, and the next one works.
    /// The tick and its deadline go on even if nobody polls the future.
    ///
    /// If a shard dies or hangs, the tick is redone from the committed state, with the same inputs, up to [`REDOS_MAX`]
    /// times; with [`Recover::Manual`] it is not.
    ///
    /// # Errors
    /// Those of the last attempt: [`Error::PhaseTimeout`] naming the shards that began the phase and did not finish it;
    /// [`Error::ShardDied`] naming all that panicked. [`Error::Busy`] while a tick is made by hand;
    /// [`Error::CoordinatorUnavailable`] if too many workers hang for good. The colony is then at the old tick, byte
    /// for byte.
    ///
    /// [`REDOS_MAX`]: crate::config::REDOS_MAX
    /// [`Recover::Manual`]: crate::config::Recover::Manual
    pub async fn tick(&self) -> Result<TickReport> {
        self.tick_with(true).await
    }

    // `with_edges` is whether the report has the new synapses between shards.
    async fn tick_with(&self, with_edges: bool) -> Result<TickReport> {
        let turn = self.means.world.turn().await;
        if self.means.world.is_far() {
            return self.by_nodes(turn, with_edges)?.wait().await;
        }
        let wanted = Wanted(&self.means, Attempt::start(&self.means, turn, with_edges)?);
        wanted.1.outcome.wait().await
    }

    /// Makes one tick and waits for it on the calling thread, which must not be a thread of the runtime. `should_stop`
    /// is called about every 20 ms.
    ///
    /// # Errors
    /// Those of [`Runner::tick`]; [`Error::Cancelled`] once `should_stop` returns true. The tick is then whole or
    /// undone.
    pub fn tick_blocking(&self, should_stop: impl FnMut() -> bool) -> Result<TickReport> {
        self.tick_blocking_with(true, should_stop)
    }

    fn tick_blocking_with(&self, with_edges: bool, mut should_stop: impl FnMut() -> bool) -> Result<TickReport> {
        let turn = self.means.world.turns.wait_blocking(LOOK, &mut should_stop)?;
        if self.means.world.is_far() {
            return self.by_nodes(turn, with_edges)?.wait_blocking(LOOK, should_stop);
        }
        let making = Attempt::start(&self.means, turn, with_edges)?;
        match making.outcome.wait_blocking(LOOK, should_stop) {
            Some(outcome) => outcome,
            None => {
                if let Some(unwinding) = Attempt::cancel(&self.means, &making) {
                    unwinding.finish();
                }
                Err(Error::Cancelled)
            }
        }
    }

    // Has the nodes of the colony make a tick.
    fn by_nodes(&self, turn: Turn, with_edges: bool) -> Result<ByNodes> {
        let means = self.means.clone();
        ByNodes::start(&self.means.pool, move |cancel| {
            let made = by_nodes::make(&means, with_edges, cancel);
            drop(turn);
            made
        })
    }

    // Returns whether enough documents were digested for a run to make a survey.
    fn is_survey_due(&self) -> Result<bool> {
        let quorum = self.means.world.config().survey_quorum;
        let due = |state: &Replica| {
            let commons = state.commons();
            quorum > 0 && commons.digested().saturating_sub(commons.life().surveyed()) >= quorum
        };
        self.means.world.read(due)
    }

    // Makes a survey on another thread. Dropping the future gives it up.
    async fn survey(&self) -> Result<()> {
        let wanted = Surveying(Cancel::new());
        let (world, cancel) = (self.means.world.clone(), wanted.0.clone());
        let making = run_call(&Handle::current(), move || world.survey(&cancel).map(drop))?;
        making.await.unwrap_or_else(|cause| {
            Err(Error::CoordinatorUnavailable { reason: format!("the survey failed: {cause}") })
        })
    }

    // Does what `survey` does, and asks about every 20 ms whether it should stop.
    fn survey_blocking(&self, mut should_stop: impl FnMut() -> bool) -> Result<()> {
        let cancel = Cancel::new();
        std::thread::scope(|scope| {
            let made = scope.spawn(|| self.means.world.survey(&cancel).map(drop));
            while !made.is_finished() {
                if should_stop() {
                    cancel.cancel();
                }
                std::thread::sleep(LOOK.min(Duration::from_millis(2)));
            }
            made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Makes ticks until there is no backlog and no living digester, or `max_ticks` were made. Dropping the future ends
    /// the run as in [`Runner::tick`]; earlier ticks are kept.
    ///
    /// # Errors
    /// Those of [`Runner::tick`]; the ticks before the one that failed are kept.
    pub async fn run_until_quiet(&self, max_ticks: Option<u64>) -> Result<RunReport> {
        let mut run = RunReport::default();
        let mut quiet = self.means.world.is_quiet()?;
        while !quiet && max_ticks.is_none_or(|most| run.ticks < most) {
            let tick = self.tick_with(false).await?;
            run.add(&tick);
            quiet = tick.is_quiet;
            if self.is_survey_due()? {
                self.survey().await?;
            }
        }
        Ok(run)
    }

    /// Does what [`Runner::run_until_quiet`] does on the calling thread, as [`Runner::tick_blocking`].
    ///
    /// # Errors
    /// Those of [`Runner::tick_blocking`]; the ticks before the one that failed are kept.
    pub fn run_until_quiet_blocking(
        &self,
        max_ticks: Option<u64>,
        mut should_stop: impl FnMut() -> bool,
    ) -> Result<RunReport> {
        let mut run = RunReport::default();
        let mut quiet = self.means.world.is_quiet()?;
        let mut looked = now();
        while !quiet && max_ticks.is_none_or(|most| run.ticks < most) {
            let tick = self.tick_blocking_with(false, &mut should_stop)?;
            run.add(&tick);
            quiet = tick.is_quiet;
            if self.is_survey_due()? {
                self.survey_blocking(&mut should_stop)?;
            }
            // Ticks shorter than a look never check by themselves.
            if now() - looked >= LOOK {
                looked = now();
                if should_stop() {
                    return Err(Error::Cancelled);
                }
            }
        }
        Ok(run)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.keeper.close();
        self.means.pool.close();
        if let Some(driving) = &self.means.driving {
            driving.release();
        }
        self.means.world.detach_runner();
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("world", &self.means.world).field("config", &self.config).finish_non_exhaustive()
    }
}

fn drive(world: &World, coordinator: &Arc<SharedCoordinator>) -> Result<Driving> {
    let (same, ring, tick) = coordinator.with(|coordinator| {
        (coordinator.ring() == &**world.ring(), describe(coordinator.ring()), coordinator.current_tick())
    });
    if !same {
        let accepted = format!("the ring of the shards: {}", describe(world.ring()));
        return Err(Error::Config { field: "coordinator.ring".into(), value: ring, accepted });
    }
    if tick != world.tick() {
        let accepted = format!("the tick of the shards: {}", world.tick());
        return Err(Error::Config { field: "coordinator.current_tick".into(), value: tick.to_string(), accepted });
    }
    Driving::take(coordinator.clone())
}

fn describe(ring: &phago_core::ring::Ring) -> String {
    format!("{} with {} virtual nodes each", ring.names(), ring.virtual_nodes())
}

// Held by whoever awaits a survey. Dropping it gives the survey up.
struct Surveying(Cancel);

impl Drop for Surveying {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

// Held by whoever awaits a tick. Dropping it gives the tick up, unless it is over or being committed.
struct Wanted<'a>(&'a Arc<Means>, Arc<Making<Attempt>>);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        if let Some(unwinding) = Attempt::cancel(self.0, &self.1) {
            unwinding.elsewhere();
        }
    }
}
