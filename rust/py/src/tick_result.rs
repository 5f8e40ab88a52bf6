//! The result of a tick, phase by phase.

use crate::error::Result;
use crate::rows::rows;
use crate::rows::ticks::PhaseRow;
use phago_engine::host::process::Home;
use phago_engine::tick::report::TickReport;
use pyo3::prelude::*;

/// The result of a tick.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct TickResult(Home<TickReport>);

impl TickResult {
    pub(crate) fn new(report: TickReport) -> Self {
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
    fn recovered(&self) -> Result<Vec<String>> {
        Ok(self.0.get()?.recovered.iter().map(ToString::to_string).collect())
    }

    #[getter]
    fn phases(&self) -> Result<Vec<PhaseRow>> {
        Ok(rows(&self.0.get()?.phases))
    }
}
