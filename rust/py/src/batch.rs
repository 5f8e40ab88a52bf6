//! Messages from one shard to another, opaque to Python and ready to be sent.

use crate::error::Result;
use crate::runtime::brief;
use phago_core::message::{self, Header};
use phago_core::text::Lexicon;
use phago_engine::host::process::Home;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use std::sync::Arc;

/// Messages from one shard to another in one tick.
#[pyclass(frozen, module = "phago._phago")]
pub(crate) struct Batch {
    header: Header,
    form: Form,
}

enum Form {
    /// As the sender's world made it, with the term indices of its dictionary.
    Live(Home<(message::Batch, Arc<Lexicon>)>),
    /// As bytes with their own dictionary; they become term indices where they are delivered.
    Bytes(Vec<u8>),
}

impl Batch {
    pub(crate) fn new(batch: message::Batch, lexicon: Arc<Lexicon>) -> Self {
        let header = Header { tick: batch.tick, from: batch.from, to: batch.to, nbytes: batch.nbytes() };
        Batch { header, form: Form::Live(Home::new((batch, lexicon))) }
    }

    /// Returns the batch with the term indices of this dictionary.
    pub(crate) fn in_terms_of(&self, lexicon: &Arc<Lexicon>) -> phago_core::Result<message::Batch> {
        match &self.form {
            Form::Bytes(bytes) => message::Batch::decode(bytes, lexicon),
            Form::Live(live) => {
                let (batch, own) = live.get()?;
                // Term indices of another world's dictionary mean nothing here; words do.
                if Arc::ptr_eq(own, lexicon) {
                    Ok(batch.clone())
                } else {
                    message::Batch::decode(&batch.encode(own), lexicon)
                }
            }
        }
    }

    fn bytes(&self) -> phago_core::Result<Vec<u8>> {
        match &self.form {
            Form::Bytes(bytes) => Ok(bytes.clone()),
            Form::Live(live) => live.get().map(|(batch, lexicon)| batch.encode(lexicon)),
        }
    }
}

#[pymethods]
impl Batch {
    #[getter]
    fn nbytes(&self) -> u64 {
        self.header.nbytes
    }

    #[getter]
    fn sender(&self) -> u32 {
        self.header.from.0
    }

    #[getter]
    fn to(&self) -> u32 {
        self.header.to.0
    }

    #[getter]
    fn tick(&self) -> u64 {
        self.header.tick
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &brief(py, || self.bytes())?))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &[u8]) -> Result<Self> {
        let header = brief(py, || Header::read(data))?;
        Ok(Batch { header, form: Form::Bytes(data.to_vec()) })
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let class: Bound<'py, PyType> = py.get_type::<Batch>();
        Ok((class.getattr("from_bytes")?, (self.to_bytes(py)?,)))
    }

    fn __repr__(&self) -> String {
        let Header { tick, from, to, nbytes } = self.header;
        format!("Batch(tick={tick}, sender={from}, to={to}, nbytes={nbytes})")
    }
}
