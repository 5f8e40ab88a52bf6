//! Vectors from Python.

use crate::metadata::{is_of_value, kind, sequence};
use phago_core::documents::{DIMENSION_MAX, Vector};
use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

const ACCEPTED: &str = "numbers in a list, a tuple, an array or any buffer of floats, of one dimension";

/// Reads the vector of a document or of a question. The inner error is the reason why it is not accepted; the outer one
/// is an exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<Vector, String>> {
    if given.get_type().name()? == "MaskedArray" {
        return Ok(Err(format!("has a mask; accepted are {ACCEPTED}")));
    }
    // Most models give these, and they are copied at once.
    if let Some(values) = buffered::<f32>(given) {
        return Ok(values.and_then(|values| Vector::new(&values)));
    }
    if let Some(values) = buffered::<f64>(given) {
        return Ok(values.and_then(|values| Vector::new(&values)));
    }
    // numpy would drop the imaginary parts, and the mask.
    let is_complex = |given: &Bound<'_, PyAny>| -> PyResult<bool> {
        let Ok(of) = given.getattr("dtype") else { return Ok(false) };
        Ok(of.getattr("kind")?.extract::<String>().is_ok_and(|kind| kind == "c"))
    };
    if is_complex(given)? {
        return Ok(Err(format!("has complex numbers; accepted are {ACCEPTED}")));
    }
    let Some(items) = sequence(given)? else {
        return Ok(Err(format!("is {}; accepted are {ACCEPTED}", kind(given))));
    };
    if items.len() > DIMENSION_MAX {
        return Ok(Err(format!("has {} numbers; accepted are 1 to {DIMENSION_MAX}", items.len())));
    }
    let mut values = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        match item.extract::<f64>() {
            Ok(value) => values.push(value),
            Err(error) if is_of_value(item.py(), &error) => {
                let is_large = error.is_instance_of::<PyOverflowError>(item.py());
                let what = if is_large { "a number that no float holds".into() } else { kind(item) };
                return Ok(Err(format!("has {what} at index {place}; accepted are {ACCEPTED}")));
            }
            // Not of the item, but for example a Ctrl-C meanwhile.
            Err(raised) => return Err(raised),
        }
    }
    Ok(Vector::new(&values))
}

fn buffered<T: Element + Into<f64>>(given: &Bound<'_, PyAny>) -> Option<Result<Vec<f64>, String>> {
    let buffer = PyBuffer::<T>::get(given).ok()?;
    // PyO3 checks this the wrong way round. Numbers in another order of bytes are read one by one.
    let is_of_this_machine = match buffer.format().to_bytes() {
        [b'>' | b'!', _, ..] => cfg!(target_endian = "big"),
        [b'<', _, ..] => cfg!(target_endian = "little"),
        _ => true,
    };
    if !is_of_this_machine {
        return None;
    }
    if buffer.dimensions() != 1 {
        return Some(Err(format!("has {} dimensions; accepted are {ACCEPTED}", buffer.dimensions())));
    }
    if buffer.item_count() > DIMENSION_MAX {
        return Some(Err(format!("has {} numbers; accepted are 1 to {DIMENSION_MAX}", buffer.item_count())));
    }
    let values = buffer.to_vec(given.py()).ok()?;
    Some(Ok(values.into_iter().map(Into::into).collect()))
}
