//! Moments, from Python and back.

use crate::metadata::{kind, plain, repr};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

/// Reads the `time` of a document: a datetime with a time zone, or text of one. The inner error is the reason why it is
/// not accepted; the outer one is an exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<i64, String>> {
    match microseconds(given)? {
        Some(time) => Ok(Ok(time)),
        None => {
            let shown = format!("{} of type {}", repr(given)?, kind(given));
            Ok(Err(format!("is {shown}; accepted is a datetime with a time zone, or its text in ISO 8601")))
        }
    }
}

/// Returns the microseconds since 1970 of a datetime with a time zone, or of text of one; `None` for anything else.
pub(crate) fn microseconds(given: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    plain(given, "microseconds")?.extract()
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
