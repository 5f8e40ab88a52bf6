//! The runner: whole ticks, waited for or awaited.

use crate::assemble::assemble;
use crate::config::number;
use crate::coordinator::{Coordinator, parse_phase};
use crate::edges::CrossEdges;
use crate::error::Result;
use crate::process::{Home, lock, runtime};
use crate::runtime::{brief, start, stoppable};
use crate::shard::ShardHandle;
use crate::world::{Colony, World};
use phago_core::Error;
use phago_core::ids::ShardId;
use phago_engine::fault::{Action, Fault};
use phago_engine::report::TickReport;
use phago_engine::runner::{self, RunnerConfig};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use std::sync::{Arc, Mutex};

/// (shard, phase, tick, node_count, edge_count, new cross-shard edges)
type PhaseTuple = (u32, &'static str, u64, u64, u64, CrossEdges);

/// Drives the phases of one world on its own worker threads.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Runner {
    colony: Home<Arc<Colony>>,
    // None once it is closed. A tick under way keeps it alive until it ends.
    runner: Home<Mutex<Option<Arc<runner::Runner>>>>,
}

impl Runner {
    fn over(colony: Arc<Colony>, runner: runner::Runner) -> Self {
        let runner = Arc::new(runner);
        colony.help(&runner);
        Runner { colony: Home::new(colony), runner: Home::new(Mutex::new(Some(runner))) }
    }

    fn open(&self) -> phago_core::Result<Arc<runner::Runner>> {
        let runner = lock(self.runner.get()?).clone();
        runner.ok_or_else(|| Error::Busy { what: "the runner is closed; make a new one".into() })
    }
}

#[pymethods]
impl Runner {
    #[staticmethod]
    #[pyo3(signature = (world, phase_timeout_ms=None, resolve_ghosts=true, max_parallelism=None))]
    fn of_world(
        py: Python<'_>,
        world: &Bound<'_, World>,
        phase_timeout_ms: Option<&Bound<'_, PyAny>>,
        resolve_ghosts: bool,
        max_parallelism: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let colony = world.get().colony()?.clone();
        let config = config(phase_timeout_ms, resolve_ghosts, max_parallelism)?;
        brief(py, || {
            let runner = runner::Runner::new(colony.world.clone(), config, runtime()?)?;
            Ok(Runner::over(colony, runner))
        })
    }

    #[staticmethod]
    #[pyo3(signature = (coordinator, shards, phase_timeout_ms=None, resolve_ghosts=true, max_parallelism=None))]
    fn of_shards(
        py: Python<'_>,
        coordinator: &Bound<'_, Coordinator>,
        shards: &Bound<'_, PyAny>,
        phase_timeout_ms: Option<&Bound<'_, PyAny>>,
        resolve_ghosts: bool,
        max_parallelism: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let shards = shards
            .try_iter()?
            .map(|shard| Ok(shard?.cast_into::<ShardHandle>()?.unbind()))
            .collect::<PyResult<Vec<Py<ShardHandle>>>>()?;
        let config = config(phase_timeout_ms, resolve_ghosts, max_parallelism)?;
        let coordinator = coordinator.get();
        let shared = coordinator.shared()?.clone();
        brief(py, || {
            let shards: Vec<&ShardHandle> = shards.iter().map(Py::get).collect();
            let colony = assemble(coordinator.ring().get(), &shards)?;
            let runner = runner::Runner::with_coordinator(colony.world.clone(), shared, config, runtime()?)?;
            Ok(Runner::over(colony, runner))
        })
    }

    #[getter]
    fn world(&self) -> Result<World> {
        Ok(World::over(self.colony.get()?.clone()))
    }

    fn tick_sync(&self, py: Python<'_>) -> Result<TickResult> {
        let runner = self.open()?;
        Ok(TickResult::new(stoppable(py, |stop| runner.tick_blocking(stop))?))
    }

    fn tick<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let runner = self.open()?;
        start(py, async move { runner.tick().await.map(TickResult::new) })
    }

    #[pyo3(signature = (max_ticks=None))]
    fn run_sync(&self, py: Python<'_>, max_ticks: Option<u64>) -> Result<(u64, u64, u64)> {
        let runner = self.open()?;
        let run = stoppable(py, |stop| runner.run_until_quiet_blocking(max_ticks, stop))?;
        Ok((run.ticks, run.digested, run.failed))
    }

    #[pyo3(signature = (max_ticks=None))]
    fn run<'py>(&self, py: Python<'py>, max_ticks: Option<u64>) -> Result<Bound<'py, PyAny>> {
        let runner = self.open()?;
        start(py, async move {
            let run = runner.run_until_quiet(max_ticks).await?;
            Ok((run.ticks, run.digested, run.failed))
        })
    }

    #[pyo3(signature = (fault))]
    fn inject(&self, fault: Option<&Bound<'_, PyTuple>>) -> Result<()> {
        let runner = self.open()?;
        match fault {
            Some(fault) => Ok(runner.inject(parse_fault(fault)?)?),
            None => {
                runner.faults().clear();
                Ok(())
            }
        }
    }

    #[getter]
    fn faults(&self) -> Result<usize> {
        Ok(self.open()?.faults().count())
    }

    fn close(&self, py: Python<'_>) -> Result<()> {
        let closed = lock(self.runner.get()?).take();
        brief(py, || {
            drop(closed);
            Ok(())
        })
    }
}

/// What a tick did.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct TickResult(Home<TickReport>);

impl TickResult {
    fn new(report: TickReport) -> Self {
        TickResult(Home::new(report))
    }
}

#[pymethods]
impl TickResult {
    #[getter]
    fn tick(&self) -> Result<u64> {
        Ok(self.0.get()?.tick)
    }

    #[getter]
    fn phases(&self) -> Result<Vec<PhaseTuple>> {
        let phases = self.0.get()?.phases.iter().map(|phase| {
            let edges = CrossEdges::new(phase.cross_edges.clone());
            (phase.shard.0, phase.phase.name(), phase.tick, phase.node_count, phase.edge_count, edges)
        });
        Ok(phases.collect())
    }
}

fn config(
    phase_timeout_ms: Option<&Bound<'_, PyAny>>,
    resolve_ghosts: bool,
    max_parallelism: Option<&Bound<'_, PyAny>>,
) -> Result<RunnerConfig> {
    let mut config = RunnerConfig { resolve_ghosts, ..RunnerConfig::default() };
    if let Some(value) = phase_timeout_ms {
        config.phase_timeout_ms = number("phase_timeout_ms", value)?;
    }
    if let Some(value) = max_parallelism {
        config.max_parallelism = number("max_parallelism", value)?;
    }
    config.validate()?;
    Ok(config)
}

// (kind, shard, phase, tick), and for some kinds a number more.
fn parse_fault(fault: &Bound<'_, PyTuple>) -> PyResult<Fault> {
    let (kind, shard, phase, tick) = fault.get_slice(0, 4).extract::<(String, u32, String, Option<u64>)>()?;
    let more = if fault.len() > 4 { Some(fault.get_item(4)?.extract::<u32>()?) } else { None };
    let action = match (kind.as_str(), more) {
        ("hang", None) => Action::Hang,
        ("panic", None) => Action::Panic,
        ("meet", Some(other)) => Action::Meet(ShardId(other)),
        ("deaf", Some(ms)) => Action::HangDeaf { ms: ms.into() },
        _ => {
            let accepted = "(`hang` or `panic`, shard, phase, tick), (`meet`, shard, phase, tick, other shard) and \
                            (`deaf`, shard, phase, tick, milliseconds)";
            return Err(PyValueError::new_err(format!("{} is no fault; accepted are {accepted}", fault.repr()?)));
        }
    };
    Ok(Fault { action, shard: ShardId(shard), phase: parse_phase(&phase)?, tick })
}
