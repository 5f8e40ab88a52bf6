//! The binding: everything that knows Python, and nothing that belongs to the core or the engine.
//!
//! - [`error`] translates errors, [`call`] is a call that takes time, [`runtime`] runs it, [`mailbox`] brings its
//!   result to an event loop, [`document`], [`metadata`], [`lifetime`], [`moment`], [`vector`], [`filter`] and
//!   [`config`] read documents, filters and settings.
//! - [`rows`] are records on their way to Python, with a name for each field.
//! - [`ring`], [`coordinator`], [`world`], [`shard`], [`batch`], [`runner`], [`tick_result`], [`cross_edges`],
//!   [`tables`], [`backend`] and [`kept`] are one exposed class each; [`column`] shares their memory with other
//!   libraries. [`classes`] has all of them by name.

mod backend;
mod batch;
mod call;
mod classes;
mod column;
mod config;
mod coordinator;
mod cross_edges;
mod document;
mod error;
mod filter;
mod kept;
mod life;
mod lifetime;
mod mailbox;
mod metadata;
mod moment;
mod ring;
mod rows;
mod runner;
mod runtime;
mod shard;
mod tables;
mod thread;
mod tick_result;
mod vector;
mod world;

use error::Result;
use mimalloc::MiMalloc;
use phago_core::config::SHARDS_MAX;
use phago_core::ids::{DocumentId, NodeId};
use phago_core::text::{Lexicon, Session};
use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;
use std::sync::Arc;

// Ingest allocates for each document, and what one thread allocates another frees. Its thread-local variables are
// local-dynamic, as the module is loaded into a process that runs already.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The native module of phago; nothing here is public.
#[pymodule]
mod _phago {
    use super::*;

    #[pymodule_export]
    use crate::config::{check_config, settings};
    #[pymodule_export]
    use crate::document::piece_ends;
    #[pymodule_export]
    use crate::kept::{network_file_system, verify};
    #[pymodule_export]
    use crate::life::chance;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        refuse_subinterpreters()?;
        phago_engine::host::free::set_give_back(give_back);
        end_at_once();
        crate::backend::leave_before_the_end(module.py())?;
        classes::name(module)?;
        module.add("ANALYSER", phago_core::text::ANALYSER)?;
        module.add("DEBUG_BUILD", cfg!(debug_assertions))?;
        module.add("DOCUMENT_BYTES_MAX", phago_core::documents::DOCUMENT_BYTES_MAX)?;
        module.add("KEY_BYTES_MAX", phago_core::documents::KEY_BYTES_MAX)?;
        module.add("METADATA_BYTES_MAX", phago_core::metadata::METADATA_BYTES_MAX)?;
        module.add("METADATA_KEYS_MAX", phago_core::metadata::METADATA_KEYS_MAX)?;
        module.add("REDOS_MAX", phago_engine::REDOS_MAX)?;
        module.add("SHARDS_MAX", SHARDS_MAX)
    }

    /// Seeds every internal map made from now on.
    #[pyfunction]
    fn set_map_seed(seed: &Bound<'_, PyAny>) -> PyResult<()> {
        let seed = seed.call_method1("__and__", (u64::MAX,))?.extract()?;
        phago_core::maps::set_seed(seed);
        Ok(())
    }

    /// Returns the cores this process may use.
    #[pyfunction]
    fn cores() -> usize {
        phago_engine::cores::cores()
    }

    /// Sets the number of cores to use.
    #[pyfunction]
    fn set_cores(count: usize) {
        phago_engine::cores::set_cores(count);
    }

    /// Raises `RuntimeError` with advice if no asyncio loop runs.
    #[pyfunction]
    fn check_loop(py: Python<'_>) -> Result<()> {
        crate::mailbox::running_loop(py).map(drop)
    }

    /// Imports the modules of Python that errors and values need, for calls while Python ends.
    #[pyfunction]
    fn load_modules(py: Python<'_>) -> PyResult<()> {
        crate::error::errors(py)?;
        crate::metadata::converters(py)?;
        // PyO3 imports more where it reads mappings, and keeps it.
        let conditions = [("eq", 1)].into_py_dict(py)?;
        let filter = [("a", conditions)].into_py_dict(py)?;
        crate::filter::filter(Some(filter.as_any())).map(drop).map_err(PyErr::from)
    }

    /// Waits until every colony dropped so far is freed. Returns how many were, in this process.
    #[pyfunction]
    fn wait_until_freed() -> crate::call::Call {
        crate::call::Call::new(phago_engine::host::free::wait)
    }

    /// Returns the id of a document that the caller named `key`.
    #[pyfunction]
    fn document_id(key: &str) -> String {
        DocumentId::from_key(key).to_string()
    }

    /// Returns the id of a document without a key.
    #[pyfunction]
    fn content_id(title: &str, text: &str) -> String {
        DocumentId::from_content(title, text).to_string()
    }

    /// Returns the id of the node of a concept.
    #[pyfunction]
    fn concept_id(stem: &str) -> String {
        NodeId::concept(stem).to_string()
    }

    /// Returns the stems of a text in the order of their first words, each once.
    #[pyfunction]
    fn analyse(py: Python<'_>, text: &str) -> Result<Vec<String>> {
        crate::runtime::brief(py, || {
            let words = Session::new(Arc::new(Lexicon::new())).query(text);
            Ok(words.into_iter().map(|word| word.stem).collect())
        })
    }
}

/// Classes and functions of Python are kept for the whole process, and those of one interpreter must not reach another.
fn refuse_subinterpreters() -> PyResult<()> {
    // SAFETY: a module is initialised by a thread that is attached to an interpreter, which is the one asked for; neither
    // call does anything else.
    let number = unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
    if number == 0 {
        return Ok(());
    }
    let what = format!("phago is for the main interpreter of a process, and this is subinterpreter {number}");
    Err(PyImportError::new_err(what + "; processes are kept apart as well: see multiprocessing, and phago.connect"))
}

/// Lets a process end without giving memory back piece by piece before: the system takes all of it.
fn end_at_once() {
    // `mi_option_destroy_on_exit`, whose 2 stands for nothing at all.
    const AT_EXIT: (libmimalloc_sys::mi_option_t, std::ffi::c_long) = (22, 2);
    // SAFETY: it takes no pointer, and may be called at any time.
    unsafe { libmimalloc_sys::mi_option_set(AT_EXIT.0, AT_EXIT.1) };
}

/// Returns free memory to the system: the allocator keeps it for a while, and then until it is called again.
fn give_back() {
    // SAFETY: it takes no pointer, may be called from any thread at any time, and moves nothing.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
