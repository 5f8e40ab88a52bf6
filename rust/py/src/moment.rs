//! Moments, from Python and back.

use crate::metadata::{kind, plain, repr};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

/// A moment as messages show one.
pub(crate) const EXAMPLE: &str = "such as 2020-01-01T00:00+00:00";

/// Reads the `time` of a document: a datetime with a time zone, or text of one. The inner error is the reason why it is
/// not accepted; the outer one is an exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<i64, String>> {
    match microseconds(given)? {
        Some(time) => Ok(Ok(time)),
        None => {
            let shown = format!("{} of type {}", repr(given)?, kind(given));
            let missing = missing(given)?;
            Ok(Err(format!(
                "is {shown}{missing}; accepted is a datetime with a time zone, or its text in ISO 8601, {EXAMPLE}"
            )))
        }
    }
}

/// Returns the microseconds since 1970 of a datetime with a time zone, or of text of one; `None` for anything else.
pub(crate) fn microseconds(given: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    plain(given, "microseconds")?.extract()
}

/// Returns what a message adds about a value that is no moment only because it has no time zone; else nothing.
pub(crate) fn missing(given: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let lacks_zone: bool = plain(given, "lacks_zone")?.extract()?;
    Ok(if lacks_zone { ", which has no time zone" } else { "" })
}

/// A moment on its way to Python: a datetime in UTC.
#[derive(Clone, Copy)]
pub(crate) struct Moment(pub(crate) i64);

impl<'py> IntoPyObject<'py> for Moment {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        plain(&self.0.into_bound_py_any(py)?, "moment")
    }
}
