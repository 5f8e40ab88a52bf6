//! The place of a document in a thread, from Python.

use crate::metadata::{kind, repr, whole};
use phago_core::documents::THREAD_BYTES_MAX;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

/// Reads the `thread` of a document. The inner error is the reason why it is not accepted; the outer one is an
/// exception of the caller's own code.
pub(crate) fn name(given: &Bound<'_, PyAny>) -> PyResult<Result<Box<str>, String>> {
    let Ok(text) = given.cast::<PyString>() else {
        return Ok(Err(format!("is {}; accepted is a str, or None", kind(given))));
    };
    Ok(match text.to_str() {
        Ok("") => Err("is empty; accepted is a str that is not, or None".into()),
        Ok(name) if name.len() > THREAD_BYTES_MAX => {
            Err(format!("takes {} bytes of UTF-8; accepted are at most {THREAD_BYTES_MAX}", name.len()))
        }
        Ok(name) => Ok(name.into()),
        Err(_) => Err("has half a character; accepted is text that UTF-8 can encode".into()),
    })
}

/// Reads the `place` of a document, with errors as those of [`name`]: any type that acts as a whole number, as those of
/// numpy do.
pub(crate) fn place(given: &Bound<'_, PyAny>) -> PyResult<Result<i64, String>> {
    if let Some(place) = whole::<i64>(given)? {
        return Ok(Ok(place));
    }
    let shown = match given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>() {
        true => repr(given)?,
        false => format!("{} of type {}", repr(given)?, kind(given)),
    };
    Ok(Err(format!("is {shown}; accepted is an int from {} to {}", i64::MIN, i64::MAX)))
}
