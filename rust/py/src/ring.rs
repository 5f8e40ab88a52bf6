//! The ring.

use crate::config::layout;
use crate::error::Result;
use crate::runtime::brief;
use phago_core::ids::{DocumentId, ShardId};
use phago_engine::host::ring::SharedRing;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::Arc;

/// A consistent-hash ring.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Ring(pub(crate) Arc<SharedRing>);

#[pymethods]
impl Ring {
    #[new]
    #[pyo3(signature = (num_shards, virtual_nodes_per_shard=None))]
    fn new(
        py: Python<'_>,
        num_shards: &Bound<'_, PyAny>,
        virtual_nodes_per_shard: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let layout = layout("num_shards", num_shards, virtual_nodes_per_shard)?;
        let ring = brief(py, || Ok(phago_core::ring::Ring::new(layout.num_shards, layout.virtual_nodes_per_shard)))?;
        Ok(Ring(Arc::new(SharedRing::new(ring))))
    }

    #[getter]
    fn shards(&self) -> Vec<u32> {
        self.0.with(|ring| ring.shards().iter().map(|shard| shard.0).collect())
    }

    #[getter]
    fn virtual_nodes_per_shard(&self) -> u32 {
        self.0.with(phago_core::ring::Ring::virtual_nodes)
    }

    #[getter]
    fn total_virtual_nodes(&self) -> usize {
        self.0.with(phago_core::ring::Ring::total_virtual_nodes)
    }

    #[getter]
    fn frozen(&self) -> bool {
        self.0.is_frozen()
    }

    fn shard_of_document(&self, key: &str) -> u32 {
        self.0.with(|ring| ring.shard_of(DocumentId::from_key(key).0).0)
    }

    fn shard_of_id(&self, id: &str) -> Result<u32> {
        let id = parse_id(id)?;
        Ok(self.0.with(|ring| ring.shard_of(id).0))
    }

    fn replicas_of_document(&self, key: &str, count: usize) -> Vec<u32> {
        let places = self.0.with(|ring| ring.replicas(DocumentId::from_key(key).0, count));
        places.into_iter().map(|shard| shard.0).collect()
    }

    fn add_shard(&self, py: Python<'_>) -> Result<u32> {
        Ok(brief(py, || self.0.add_shard())?.0)
    }

    fn remove_shard(&self, py: Python<'_>, shard: u32) -> Result<()> {
        brief(py, || self.0.remove_shard(ShardId(shard)))
    }

    fn same_as(&self, other: &Bound<'_, Ring>) -> bool {
        // Never two locks at once: another thread may compare the two in the other order.
        let other = other.get().0.copy();
        self.0.with(|ring| *ring == other)
    }
}

/// Returns the number of 32 hexadecimal digits.
pub(crate) fn parse_id(id: &str) -> PyResult<u128> {
    let digits = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = if digits { u128::from_str_radix(id, 16).ok() } else { None };
    number.ok_or_else(|| PyValueError::new_err(format!("`{id}` is no id; accepted are 32 hexadecimal digits")))
}
