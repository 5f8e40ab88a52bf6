//! The runner: whole ticks, blocking or awaited.

use crate::backend::{Means, reached};
use crate::call::Call;
use crate::config::read;
use crate::coordinator::{Coordinator, parse_phase};
use crate::error::Result;
use crate::rows::ticks::RunRow;
use crate::runtime::{brief, call, start, stoppable};
use crate::shard::ShardHandle;
use crate::tick_result::TickResult;
use crate::world::World;
use phago_core::Error;
use phago_core::cancel::Cancel;
use phago_core::ids::ShardId;
use phago_engine::host::assemble::{Handle, assemble};
use phago_engine::host::colony::Colony;
use phago_engine::host::process::{Home, runtime};
use phago_engine::host::spread::Spread;
use phago_engine::lock::lock;
use phago_engine::tick::fault::{Action, Fault};
use phago_engine::tick::runner;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::sync::{Arc, Mutex};

/// Drives the phases of one world on its own worker threads.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Runner {
    // `None` after closing. A running tick keeps the runner alive until it ends. The field is dropped before the
    // colony, which another thread frees.
    runner: Home<Mutex<Option<Arc<runner::Runner>>>>,
    colony: Home<Arc<Colony>>,
    // Where its colony is, if that is on nodes while it drives them.
    spread: Home<Mutex<Option<Spread>>>,
}

impl Runner {
    fn over(colony: Arc<Colony>, runner: runner::Runner, spread: Option<Spread>) -> Self {
        let runner = Arc::new(runner);
        colony.help(&runner);
        let spread = Home::new(Mutex::new(spread));
        Runner { colony: Home::new(colony), runner: Home::new(Mutex::new(Some(runner))), spread }
    }

    fn open(&self) -> phago_core::Result<Arc<runner::Runner>> {
        let runner = lock(self.runner.get()?).clone();
        runner.ok_or_else(|| Error::Busy { what: "the runner is closed; make a new one".into() })
    }
}

#[pymethods]
impl Runner {
    #[staticmethod]
    #[pyo3(signature = (world, config=None))]
    fn of_world(py: Python<'_>, world: &Bound<'_, World>, config: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let colony = world.get().colony()?.clone();
        let config = read(config, "config")?;
        brief(py, || {
            let runner = runner::Runner::new(colony.world.clone(), config, runtime()?)?;
            Ok(Runner::over(colony, runner, None))
        })
    }

    /// `over` is what has the shards while the runner drives them, if they are not here.
    #[staticmethod]
    #[pyo3(signature = (coordinator, shards, config=None, over=None))]
    fn of_shards(
        py: Python<'_>,
        coordinator: &Bound<'_, Coordinator>,
        shards: &Bound<'_, PyAny>,
        config: Option<&Bound<'_, PyDict>>,
        over: Option<Means>,
    ) -> Result<Self> {
        let shards = shards
            .try_iter()?
            .map(|shard| Ok(shard?.cast_into::<ShardHandle>()?.unbind()))
            .collect::<PyResult<Vec<Py<ShardHandle>>>>()?;
        let config = read(config, "config")?;
        let coordinator = coordinator.get();
        let (shared, ring) = (coordinator.shared()?.clone(), coordinator.ring().get().0.clone());
        let over = over.map(reached);
        let make = move |cancel: &Cancel| {
            let handles: Vec<&Handle> = shards.iter().map(|shard| shard.get().handle()).collect();
            let here = assemble(&ring, &handles)?;
            let spread = over.as_ref().map(|over| Spread::new(&ring, &here, over, cancel)).transpose()?;
            let colony = spread.as_ref().map_or(&here, Spread::colony).clone();
            let made = runner::Runner::with_coordinator(colony.world.clone(), shared, config, runtime()?);
            match (made, spread) {
                (Ok(runner), spread) => Ok(Runner::over(colony, runner, spread)),
                (Err(error), None) => Err(error),
                (Err(error), Some(spread)) => spread.gather(&Cancel::new()).and(Err(error)),
            }
        };
        call(py, make)
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
    fn run_sync(&self, py: Python<'_>, max_ticks: Option<u64>) -> Result<RunRow> {
        let runner = self.open()?;
        Ok(stoppable(py, |stop| runner.run_until_quiet_blocking(max_ticks, stop))?.into())
    }

    #[pyo3(signature = (max_ticks=None))]
    fn run<'py>(&self, py: Python<'py>, max_ticks: Option<u64>) -> Result<Bound<'py, PyAny>> {
        let runner = self.open()?;
        start(py, async move { runner.run_until_quiet(max_ticks).await.map(RunRow::from) })
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

    /// In a forked child there is nothing to close: it has none of the threads.
    fn close(&self) -> Call {
        let closed = self.runner.get().ok().and_then(|runner| lock(runner).take());
        let spread = self.spread.get().ok().and_then(|spread| lock(spread).take());
        Call::act(move |_| {
            drop(closed);
            // It is not left half-way, whoever wants it to end.
            spread.map_or(Ok(()), |spread| spread.gather(&Cancel::new()))
        })
    }
}

// (kind, shard, phase, tick), and for some kinds another number.
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
