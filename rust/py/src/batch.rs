//! Messages from one shard to another, opaque to Python and ready to be sent.

use crate::error::Result;
use crate::runtime::brief;
use phago_core::message::Header;
use phago_engine::host::batch::PortableBatch;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

/// Messages from one shard to another in one tick.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Batch(pub(crate) PortableBatch);

#[pymethods]
impl Batch {
    #[getter]
    fn nbytes(&self) -> u64 {
        self.0.header().nbytes
    }

    #[getter]
    fn sender(&self) -> u32 {
        self.0.header().from.0
    }

    #[getter]
    fn to(&self) -> u32 {
        self.0.header().to.0
    }

    #[getter]
    fn tick(&self) -> u64 {
        self.0.header().tick
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &brief(py, || self.0.to_bytes())?))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> Result<Self> {
        Ok(Batch(brief(py, || PortableBatch::from_bytes(data))?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let class: Bound<'py, PyType> = py.get_type::<Batch>();
        Ok((class.getattr("from_bytes")?, (self.to_bytes(py)?,)))
    }

    fn __repr__(&self) -> String {
        let Header { tick, from, to, nbytes } = self.0.header();
        format!("Batch(tick={tick}, sender={from}, to={to}, nbytes={nbytes})")
    }
}
