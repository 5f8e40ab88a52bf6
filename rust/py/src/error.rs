//! Translates errors of the core into Python exceptions.

use phago_core::Error;
use phago_core::ids::ShardId;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyModule};

/// What a method of the binding returns.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Every way in which a call can fail. It is turned into a Python exception at the very end, where the interpreter is
/// held.
pub(crate) enum Failure {
    /// An error of the core or the engine.
    Core(Error),
    /// A Python exception: a conversion failed, or a signal handler raised.
    Python(PyErr),
    /// The message of a panic: a fault in our code.
    Panic(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Core(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Failure::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Core(error) => Python::attach(|py| raise(py, &error)),
            Failure::Panic(message) => Python::attach(|py| {
                let text = format!("a bug in phago: {message}; please report it with the lines above");
                build(py, "PhagoError", &text, &PyDict::new(py)).unwrap_or_else(|error| error)
            }),
        }
    }
}

// The exception classes are Python's, because the stable ABI cannot derive them here.
static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

fn build(py: Python<'_>, class: &str, message: &str, fields: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let module = ERRORS.get_or_try_init(py, || PyModule::import(py, "phago.errors").map(Bound::unbind))?;
    let value = module.bind(py).getattr(class)?.call((message,), Some(fields))?;
    Ok(PyErr::from_value(value))
}

fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let fields = PyDict::new(py);
    match fill(error, &fields).and_then(|class| build(py, class, &error.to_string(), &fields)) {
        Ok(raised) => raised,
        // The Python package beside this module is broken. The message must not be lost.
        Err(cause) => {
            let outer = PyRuntimeError::new_err(error.to_string());
            outer.set_cause(py, Some(cause));
            outer
        }
    }
}

// Returns the name of the class, and puts the fields into `fields`.
fn fill(error: &Error, fields: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    let numbers = |shards: &[ShardId]| shards.iter().map(|shard| shard.0).collect::<Vec<_>>();
    Ok(match error {
        Error::ShardNotFound { shard, registered } => {
            fields.set_item("shard", shard.0)?;
            fields.set_item("registered", registered)?;
            "ShardNotFound"
        }
        Error::CoordinatorUnavailable { reason } => {
            fields.set_item("reason", reason)?;
            "CoordinatorUnavailable"
        }
        Error::PhaseTimeout { shards, phase, tick, waited_ms } => {
            fields.set_item("shards", numbers(shards))?;
            fields.set_item("phase", phase.name())?;
            fields.set_item("tick", tick)?;
            fields.set_item("waited", *waited_ms as f64 / 1000.0)?;
            "PhaseTimeout"
        }
        Error::ShardDied { shards, phase, tick, cause } => {
            fields.set_item("shards", numbers(shards))?;
            fields.set_item("phase", phase.name())?;
            fields.set_item("tick", tick)?;
            fields.set_item("cause", cause)?;
            "ShardDied"
        }
        Error::RoutingFailed { document, shard, home } => {
            fields.set_item("document", document)?;
            fields.set_item("shard", shard.0)?;
            fields.set_item("home", home.0)?;
            "RoutingFailed"
        }
        Error::BarrierFailed { reason } => {
            fields.set_item("reason", reason)?;
            "BarrierFailed"
        }
        Error::Busy { what } => {
            fields.set_item("what", what)?;
            "BusyError"
        }
        Error::Config { field, value, accepted } => {
            fields.set_item("field", field)?;
            fields.set_item("value", value)?;
            fields.set_item("accepted", accepted)?;
            "ConfigError"
        }
        Error::InvalidDocument { index, id, field, reason } => {
            fields.set_item("index", index)?;
            fields.set_item("id", id)?;
            fields.set_item("field", field)?;
            fields.set_item("reason", reason)?;
            "InvalidDocument"
        }
        Error::DocumentExists { index, id } => {
            fields.set_item("index", index)?;
            fields.set_item("id", id)?;
            "DocumentExists"
        }
        Error::Limit { what, limit, value } => {
            fields.set_item("what", what)?;
            fields.set_item("limit", limit)?;
            fields.set_item("value", value)?;
            "LimitError"
        }
        Error::GhostNodeNotFound { node } => {
            fields.set_item("node", node.to_string())?;
            "GhostNodeNotFound"
        }
        Error::EdgeResolutionFailed { node, shard, reason } => {
            fields.set_item("node", node.to_string())?;
            fields.set_item("shard", shard.0)?;
            fields.set_item("reason", reason)?;
            "EdgeResolutionFailed"
        }
        Error::PhaseOrder { shard, expected, found, tick } => {
            fields.set_item("shard", shard.0)?;
            fields.set_item("expected", expected.name())?;
            fields.set_item("found", found.name())?;
            fields.set_item("tick", tick)?;
            "PhaseOrderError"
        }
        Error::Wire { reason, .. } => {
            fields.set_item("reason", reason)?;
            "WireError"
        }
        Error::Corruption { path, place, reason } => {
            fields.set_item("path", path)?;
            fields.set_item("where", place)?;
            fields.set_item("reason", reason)?;
            "CorruptionError"
        }
        Error::Version { path, found, supported } => {
            fields.set_item("path", path)?;
            fields.set_item("found", found)?;
            fields.set_item("supported", supported)?;
            "VersionError"
        }
        Error::Locked { path, pid, since } => {
            fields.set_item("what", path)?;
            fields.set_item("pid", pid)?;
            fields.set_item("since", since)?;
            "BusyError"
        }
        Error::NoColony { path } => {
            fields.set_item("path", path)?;
            "ColonyNotFound"
        }
        Error::Occupied { path } => {
            fields.set_item("path", path)?;
            "ColonyExists"
        }
        Error::ReadOnly { path } => {
            fields.set_item("path", path)?;
            "ReadOnlyError"
        }
        Error::Storage { path, attempted, cause } => {
            fields.set_item("path", path)?;
            fields.set_item("attempted", attempted)?;
            fields.set_item("cause", cause)?;
            "StorageError"
        }
        Error::Poisoned { path, cause } => {
            fields.set_item("path", path)?;
            fields.set_item("cause", cause)?;
            "UnknownUntilReopened"
        }
        // `Cancelled` reaches no waiting caller: whoever cancelled is gone. A new variant has its message, but no class
        // yet.
        _ => "PhagoError",
    })
}
