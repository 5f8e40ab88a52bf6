//! Rows of ticks and runs.

use crate::cross_edges::CrossEdges;
use phago_engine::tick::report::{PhaseReport, RunReport};
use pyo3::prelude::*;

/// What one shard did in one phase.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct PhaseRow {
    shard: u32,
    phase: &'static str,
    tick: u64,
    node_count: u64,
    edge_count: u64,
    cross_edges: Py<CrossEdges>,
}

impl PhaseRow {
    pub(crate) fn new(py: Python<'_>, report: &PhaseReport) -> PyResult<Self> {
        Ok(PhaseRow {
            shard: report.shard.0,
            phase: report.phase.name(),
            tick: report.tick,
            node_count: report.node_count,
            edge_count: report.edge_count,
            cross_edges: Py::new(py, CrossEdges::new(report.cross_edges.clone()))?,
        })
    }
}

/// What a run did.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct RunRow {
    ticks: u64,
    digested: u64,
    failed: u64,
    recovered: u64,
    last_fault: Option<String>,
}

impl From<RunReport> for RunRow {
    fn from(run: RunReport) -> Self {
        let RunReport { ticks, digested, failed, recovered, last_fault } = run;
        RunRow { ticks, digested, failed, recovered, last_fault: last_fault.map(|error| error.to_string()) }
    }
}
