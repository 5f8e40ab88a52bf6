//! Translates errors of the core into Python exceptions.

use phago_core::Error;
use phago_core::ids::{NodeId, ShardId};
use phago_core::phase::Phase;
use pyo3::exceptions::{PyException, PyRuntimeError};
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

/// Returns `phago.errors`. The exception classes are Python's, because the stable ABI cannot derive them here.
pub(crate) fn errors(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static ERRORS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    ERRORS.get_or_try_init(py, || PyModule::import(py, "phago.errors").map(Bound::unbind)).map(|found| found.bind(py))
}

fn build(py: Python<'_>, class: &str, message: &str, fields: &Bound<'_, PyDict>) -> PyResult<PyErr> {
    let value = errors(py)?.getattr(class)?.call((message,), Some(fields))?;
    Ok(PyErr::from_value(value))
}

fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let fields = PyDict::new(py);
    match fill(error, &fields).and_then(|class| build(py, class, &error.to_string(), &fields)) {
        Ok(raised) => raised,
        // Ctrl-C while the error was being made, or an exit: that is what ends the call.
        Err(cause) if !cause.is_instance_of::<PyException>(py) => cause,
        // The Python package beside this module is broken, or Python ends. The message must not be lost.
        Err(cause) => {
            // Made at once: an error that is made when it is looked at panics while Python ends.
            let made = py.get_type::<PyRuntimeError>().call1((error.to_string(),)).map(PyErr::from_value);
            let outer = made.unwrap_or_else(|error| error);
            outer.set_cause(py, Some(cause));
            outer
        }
    }
}

/// Declares, for each error, its class and those of its fields that the class has, each perhaps under another name.
macro_rules! classes {
    ($($variant:ident { $($field:ident $(as $name:literal)? $(by $convert:expr)?),* } => $class:literal,)*) => {
        // Returns the name of the class, and puts the fields into `fields`.
        fn fill(error: &Error, fields: &Bound<'_, PyDict>) -> PyResult<&'static str> {
            match error {
                $(Error::$variant { $($field,)* .. } => {
                    $(fields.set_item([$($name,)? stringify!($field)][0], ($($convert)?($field)).told())?;)*
                    Ok($class)
                })*
                // `Cancelled` reaches no waiting caller: whoever cancelled is gone. A new variant has its message, but
                // no class yet.
                _ => Ok("PhagoError"),
            }
        }
    };
}

classes! {
    ShardNotFound { shard, registered } => "ShardNotFound",
    CoordinatorUnavailable { reason } => "CoordinatorUnavailable",
    PhaseTimeout { shards, phase, tick, waited_ms as "waited" by seconds } => "PhaseTimeout",
    ShardDied { shards, phase, tick, cause } => "ShardDied",
    RoutingFailed { document, shard, home } => "RoutingFailed",
    BarrierFailed { reason } => "BarrierFailed",
    Busy { what } => "BusyError",
    Config { field, value, accepted } => "ConfigError",
    InvalidDocument { index, id, field, reason } => "InvalidDocument",
    DocumentExists { index, id } => "DocumentExists",
    Limit { what, limit, value } => "LimitError",
    GhostNodeNotFound { node } => "GhostNodeNotFound",
    EdgeResolutionFailed { node, shard, reason } => "EdgeResolutionFailed",
    PhaseOrder { shard, expected, found, tick } => "PhaseOrderError",
    Wire { reason } => "WireError",
    Corruption { path, place as "where", reason } => "CorruptionError",
    Version { path, found, supported } => "VersionError",
    Locked { path as "what", pid, since } => "BusyError",
    NoColony { path } => "ColonyNotFound",
    Occupied { path } => "ColonyExists",
    ReadOnly { path } => "ReadOnlyError",
    Storage { path, attempted, cause } => "StorageError",
    Poisoned { path, cause } => "UnknownUntilReopened",
}

// A field of an error, as Python has it.
trait Told {
    fn told(&self) -> impl for<'py> IntoPyObject<'py>;
}

macro_rules! told {
    ($($kind:ty: $value:ident => $told:expr;)*) => {$(
        impl Told for $kind {
            fn told(&self) -> impl for<'py> IntoPyObject<'py> {
                let $value = self;
                $told
            }
        }
    )*};
}

fn seconds(milliseconds: &u64) -> f64 {
    *milliseconds as f64 / 1000.0
}

told! {
    String: text => text.clone();
    Option<String>: text => text.clone();
    usize: number => *number;
    u32: number => *number;
    Option<u32>: number => *number;
    u64: number => *number;
    ShardId: shard => shard.0;
    Vec<ShardId>: shards => shards.iter().map(|shard| shard.0).collect::<Vec<u32>>();
    NodeId: node => node.to_string();
    Phase: phase => phase.name();
    f64: number => *number;
}
