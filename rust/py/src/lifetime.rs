//! Reads from Python when a document leaves by itself.

use crate::metadata::{kind, plain, repr};
use phago_core::documents::Lifetime;
use phago_core::ids::TICK_MAX;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

/// Reads the `expires` of a document: a tick number, a datetime with a time zone, or text of one. The inner error is the
/// reason why it is not accepted; the outer one is an exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<Lifetime, String>> {
    if let Some(time) = plain(given, "microseconds")?.extract::<Option<i64>>()? {
        return Ok(Ok(Lifetime::Time(time)));
    }
    // Any type that acts as a whole number, as those of numpy do.
    let is_number = !given.is_instance_of::<PyBool>() && !given.is_instance_of::<PyString>();
    let number = if is_number { given.extract::<u64>().ok() } else { None };
    if let Some(tick) = number.filter(|tick| *tick <= TICK_MAX) {
        return Ok(Ok(Lifetime::Tick(tick)));
    }
    let shown = if given.is_instance_of::<PyInt>() {
        repr(given)?
    } else {
        format!("{} of type {}", repr(given)?, kind(given))
    };
    Ok(Err(format!(
        "is {shown}; accepted is a tick number from 0 to {TICK_MAX}, or a datetime with a time zone (or its text in ISO 8601)"
    )))
}
