//! Cross-shard edges of a phase: a sequence that makes Python objects only of items that are read.

use crate::error::Result;
use crate::rows::graph::CrossEdgeRow;
use crate::runtime::brief;
use crate::tables::out_of_range;
use phago_engine::host::process::Home;
use phago_engine::tick::report;
use pyo3::prelude::*;
use std::sync::Arc;

/// Cross-shard edges made in a phase on one shard.
#[pyclass(frozen, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct CrossEdges(Arc<Home<report::CrossEdges>>);

impl CrossEdges {
    pub(crate) fn new(edges: report::CrossEdges) -> Self {
        CrossEdges(Arc::new(Home::new(edges)))
    }
}

#[pymethods]
impl CrossEdges {
    fn __len__(&self) -> Result<usize> {
        Ok(self.0.get()?.len())
    }

    fn get(&self, py: Python<'_>, index: usize) -> Result<CrossEdgeRow> {
        let edges = self.0.get()?;
        // The first read sorts all of them, which may take a moment.
        let edge = brief(py, || Ok(edges.get(index)))?.ok_or_else(|| out_of_range(index, edges.len()))?;
        Ok(edge.into())
    }
}
