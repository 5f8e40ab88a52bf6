//! The binding: everything that knows Python, and nothing that the core or the engine should know.
//!
//! - [`error`] is the one translation of errors, [`runtime`] the one door for calls that take time, [`process`] what
//!   a fork leaves behind, [`convert`] and [`config`] the way in for documents and settings.
//! - [`ring`], [`coordinator`], [`world`], [`shard`], [`batch`], [`runner`], [`edges`] and [`tables`] are one exposed
//!   noun each; [`column`] is what they offer to other libraries' memory, [`shared`] the world several shards share.

mod column;
mod config;
mod convert;
mod error;
mod process;
mod ring;
mod runtime;
mod shared;

use error::Result;
use phago_core::config::{ColonyConfig, SHARDS_MAX};
use phago_core::ids::{DocumentId, NodeId};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The native module of phago; nothing here is public.
#[pymodule]
mod _phago {
    use super::*;

    #[pymodule_export]
    use crate::column::Column;
    #[pymodule_export]
    use crate::ring::Ring;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("ANALYSER", phago_core::text::ANALYSER)?;
        module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
        module.add("DOCUMENT_BYTES_MAX", crate::convert::DOCUMENT_BYTES_MAX)?;
        module.add("KEY_BYTES_MAX", crate::convert::KEY_BYTES_MAX)?;
        module.add("SHARDS_MAX", SHARDS_MAX)
    }

    #[pyfunction]
    fn test_column(n: i64) -> (Column, Column, Column) {
        use crate::column::Cells;
        let names: Vec<String> = (0..n).map(|i| format!("é{i}")).collect();
        (Column::new(Cells::integers((0..n).collect())), Column::new(Cells::numbers((0..n).map(|i| i as f64 / 2.0).collect())), Column::new(Cells::texts(names.iter().map(|s| s.as_str()))))
    }
    #[pyfunction]
    fn test_fail(py: Python<'_>, what: u32) -> Result<()> {
        match what {
            0 => crate::runtime::brief(py, || panic!("boom")),
            1 => crate::runtime::long(py, || { std::thread::sleep(std::time::Duration::from_secs(5)); Ok(()) }),
            2 => crate::runtime::wait(py, async { tokio::time::sleep(std::time::Duration::from_secs(5)).await; Ok(()) }),
            3 => crate::runtime::wait(py, async { panic!("bang {}", 2) }),
            4 => Err(phago_core::Error::PhaseTimeout { shards: vec![phago_core::ids::ShardId(1)], phase: phago_core::phase::Phase::Act, tick: 3, waited_ms: 1500 }.into()),
            5 => Err(phago_core::Error::PhaseOrder { shard: phago_core::ids::ShardId(1), expected: phago_core::phase::Phase::Act, found: phago_core::phase::Phase::Sense, tick: 3 }.into()),
            6 => Err(phago_core::Error::Cancelled.into()),
            7 => crate::runtime::wait(py, async { Ok(()) }),
            _ => crate::runtime::long(py, || Ok(())),
        }
    }
    #[pyfunction]
    fn test_async(py: Python<'_>, millis: u64, bad: bool) -> Result<Bound<'_, PyAny>> {
        crate::runtime::start(py, async move {
            struct D; impl Drop for D { fn drop(&mut self) { eprintln!("dropped") } }
            let d = D;
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
            std::mem::forget(d);
            if bad { Err(phago_core::Error::Busy { what: "x".into() }) } else { Ok(7u32) }
        })
    }
    #[pyfunction]
    fn test_document(value: &Bound<'_, PyAny>) -> Result<(Option<String>, String, String)> {
        let d = crate::convert::document(value)?.map_err(|f| f.at(41))?;
        Ok((d.key, d.title, d.text))
    }

    /// Seed every internal map made from now on.
    #[pyfunction]
    fn set_map_seed(seed: &Bound<'_, PyAny>) -> PyResult<()> {
        let seed = seed.call_method1("__and__", (u64::MAX,))?.extract()?;
        phago_core::maps::set_seed(seed);
        Ok(())
    }

    /// The id of a document that the caller named `key`.
    #[pyfunction]
    fn document_id(key: &str) -> String {
        DocumentId::from_key(key).to_string()
    }

    /// The id of a document without a key.
    #[pyfunction]
    fn content_id(title: &str, text: &str) -> String {
        DocumentId::from_content(title, text).to_string()
    }

    /// The id of the node of a concept.
    #[pyfunction]
    fn concept_id(stem: &str) -> String {
        NodeId::concept(stem).to_string()
    }

    /// Every field of `ColonyConfig` with its default.
    #[pyfunction]
    fn default_config(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        crate::config::dictionary(py, &ColonyConfig::default())
    }

    /// Raise `ConfigError` for the first field that is not accepted.
    #[pyfunction]
    fn check_config(config: &Bound<'_, PyDict>) -> Result<()> {
        crate::config::colony(config).map(drop)
    }
}
