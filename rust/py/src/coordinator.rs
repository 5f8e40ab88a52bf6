//! The coordinator: registry and barrier.

use crate::config::read;
use crate::error::Result;
use crate::ring::Ring;
use crate::rows::shards::ShardRow;
use crate::runtime::{brief, start};
use phago_core::coordinator::{self, ShardMetrics};
use phago_core::ids::ShardId;
use phago_core::phase::Phase;
use phago_engine::coordination::SharedCoordinator;
use phago_engine::host::process::Home;
use phago_engine::host::ring::SharedRing;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use std::time::Instant;

/// The registry of shards and the barrier of their phases.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Coordinator {
    // Always the same object, because shards that are made with it must share its world.
    ring: Py<Ring>,
    shared: Home<Arc<SharedCoordinator>>,
}

impl Coordinator {
    /// Returns what a runner drives.
    pub(crate) fn shared(&self) -> phago_core::Result<&Arc<SharedCoordinator>> {
        self.shared.get()
    }

    pub(crate) fn ring(&self) -> &Py<Ring> {
        &self.ring
    }

    fn with<T>(&self, with: impl FnOnce(&mut coordinator::Coordinator) -> phago_core::Result<T>) -> Result<T> {
        Ok(self.shared()?.with(with)?)
    }
}

#[pymethods]
impl Coordinator {
    #[new]
    #[pyo3(signature = (config=None))]
    fn new(py: Python<'_>, config: Option<&Bound<'_, PyDict>>) -> Result<Self> {
        let config = read(config, "config")?;
        let inner = brief(py, || coordinator::Coordinator::new(config))?;
        let ring = Py::new(py, Ring(Arc::new(SharedRing::of_coordinator(inner.ring().clone()))))?;
        // A runner stamps heartbeats on the clock of Python's `time.monotonic`, which callers use to check them.
        let zero: f64 = py.import("time")?.call_method0("monotonic")?.extract()?;
        let began = Instant::now();
        let shared = SharedCoordinator::new(inner, move || zero + began.elapsed().as_secs_f64());
        Ok(Coordinator { ring, shared: Home::new(shared) })
    }

    #[getter]
    fn get_ring(&self, py: Python<'_>) -> Py<Ring> {
        self.ring.clone_ref(py)
    }

    #[getter]
    fn current_tick(&self) -> Result<u64> {
        Ok(self.shared()?.with(|inner| inner.current_tick()))
    }

    #[getter]
    fn driven(&self) -> Result<bool> {
        Ok(self.shared()?.with(|inner| inner.is_driven()))
    }

    fn register_shard(&self, py: Python<'_>, address: &str) -> Result<u32> {
        let (shared, ring) = (self.shared()?, &self.ring.get().0);
        Ok(brief(py, || ring.register(shared, address))?.0)
    }

    fn deregister_shard(&self, py: Python<'_>, shard: u32) -> Result<()> {
        let (shared, ring) = (self.shared()?, &self.ring.get().0);
        brief(py, || ring.deregister(shared, ShardId(shard)))
    }

    fn phase_complete(&self, shard: u32, phase: &str, tick: u64) -> Result<bool> {
        let phase = parse_phase(phase)?;
        self.with(|inner| inner.phase_complete(ShardId(shard), phase, tick))
    }

    fn wait_for_phase<'py>(
        &self,
        py: Python<'py>,
        phase: &str,
        tick: u64,
        timeout_ms: u64,
    ) -> Result<Bound<'py, PyAny>> {
        let (shared, phase) = (self.shared()?.clone(), parse_phase(phase)?);
        start(py, async move { shared.wait_for_phase(phase, tick, timeout_ms).await })
    }

    fn advance_tick(&self) -> Result<u64> {
        self.with(|inner| inner.advance_tick())
    }

    fn shards(&self) -> Result<Vec<ShardRow>> {
        self.with(|inner| inner.all_shards().into_iter().map(|shard| Ok(inner.shard(shard)?.into())).collect())
    }

    fn heartbeat(&self, shard: u32, now: f64) -> Result<()> {
        self.with(|inner| inner.heartbeat(ShardId(shard), now))
    }

    fn check_health(&self, now: f64) -> Result<Vec<u32>> {
        self.with(|inner| Ok(inner.check_health(now)?.into_iter().map(|shard| shard.0).collect()))
    }

    fn update_metrics(
        &self,
        shard: u32,
        node_count: u64,
        edge_count: u64,
        document_count: u64,
        memory_bytes: u64,
    ) -> Result<()> {
        let metrics = ShardMetrics { nodes: node_count, edges: edge_count, documents: document_count, memory_bytes };
        self.with(|inner| inner.update_metrics(ShardId(shard), metrics))
    }
}

/// Returns the phase of this name.
pub(crate) fn parse_phase(name: &str) -> PyResult<Phase> {
    Phase::from_name(name).ok_or_else(|| {
        let names = Phase::ALL.map(|phase| format!("`{}`", phase.name()));
        PyValueError::new_err(format!("`{name}` is no phase; phases are {}", names.join(", ")))
    })
}
