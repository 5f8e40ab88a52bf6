//! When a document leaves by itself, from Python and back.

use crate::metadata::{kind, repr, whole};
use crate::moment::{self, EXAMPLE, Moment};
use phago_core::documents::Lifetime;
use phago_core::ids::TICK_MAX;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyInt;

/// Reads the `expires` of a document: a tick number, a datetime with a time zone, or text of one. The inner error is
/// the reason why it is not accepted; the outer one is an exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<Lifetime, String>> {
    if let Some(time) = moment::microseconds(given)? {
        return Ok(Ok(Lifetime::Time(time)));
    }
    if let Some(tick) = whole::<u64>(given)?.filter(|tick| *tick <= TICK_MAX) {
        return Ok(Ok(Lifetime::Tick(tick)));
    }
    let shown = if given.is_instance_of::<PyInt>() {
        repr(given)?
    } else {
        format!("{} of type {}", repr(given)?, kind(given))
    };
    let missing = moment::missing(given)?;
    Ok(Err(format!(
        "is {shown}{missing}; accepted is a tick number from 0 to {TICK_MAX}, or a datetime with a time zone (or its text in ISO 8601), {EXAMPLE}"
    )))
}

/// A lifetime on its way to Python: a tick number, or a datetime in UTC.
#[derive(Clone, Copy)]
pub(crate) struct Ends(pub(crate) Lifetime);

impl<'py> IntoPyObject<'py> for Ends {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        match self.0 {
            Lifetime::Tick(tick) => tick.into_bound_py_any(py),
            Lifetime::Time(time) => Moment(time).into_pyobject(py),
        }
    }
}
