//! Metadata and filters as Python gives them, and metadata as Python gets it.

use crate::error::Result;
use phago_core::Error;
use phago_core::error::short;
use phago_core::metadata::{
    Comparison, FILTER_BYTES_MAX, FILTER_KEYS_MAX, Filter, METADATA_BYTES_MAX, METADATA_KEYS_MAX, Metadata,
    VALUE_BYTES, Value, Values,
};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyFrozenSet, PyList, PyMapping, PySet, PyString, PyTuple};

const SCALARS: &str = "a str, an int of 64 bits, a finite float or a bool";
const OPERATORS: &str = "gt, gte, lt, lte, ne and in";

/// Read the metadata of a document; the inner error is the reason why it is none. The outer one is one that the
/// caller's own code raised.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<Metadata, String>> {
    let Ok(mapping) = given.cast::<PyMapping>() else {
        return Ok(Err(format!("is {}; accepted is a mapping of str to {SCALARS}, or lists of these", kind(given))));
    };
    // Before anything is read: what is refused in the end anyway is not copied first.
    let size = mapping.len()?;
    if size > METADATA_KEYS_MAX {
        return Ok(Err(format!("has {size} keys; accepted are at most {METADATA_KEYS_MAX}")));
    }
    let mut entries = Vec::with_capacity(size);
    for item in mapping.items()?.iter() {
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let Some(name) = text(&key) else {
            let shown = repr(&key);
            return Ok(Err(format!("has the key {shown} of type {}; accepted is a str of UTF-8", kind(&key))));
        };
        match values(&value) {
            Some(values) => entries.push((name, values)),
            None => {
                return Ok(Err(format!(
                    "has {} of type {} for key `{}`; accepted is {SCALARS}, or a list or tuple of these, of at most \
                     {METADATA_BYTES_MAX} bytes",
                    repr(&value),
                    kind(&value),
                    short(&name),
                )));
            }
        }
    }
    Ok(Metadata::new(entries))
}

fn values(given: &Bound<'_, PyAny>) -> Option<Values> {
    if let Some(items) = list(given) {
        let all = (items.len() <= METADATA_BYTES_MAX / VALUE_BYTES).then_some(items)?;
        return all.iter().map(scalar).collect::<Option<Box<[Value]>>>().map(Values::Many);
    }
    scalar(given).map(Values::One)
}

// The items of a list or a tuple.
fn list<'py>(given: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    let list = given.cast::<PyList>().map(|list| list.iter().collect());
    list.or_else(|_| given.cast::<PyTuple>().map(|tuple| tuple.iter().collect())).ok()
}

fn scalar(given: &Bound<'_, PyAny>) -> Option<Value> {
    if let Ok(value) = given.cast::<PyBool>() {
        return Some(Value::Bool(value.is_true()));
    }
    if let Ok(value) = given.cast::<PyFloat>() {
        return Some(Value::Float(value.value()));
    }
    if given.is_instance_of::<PyString>() {
        return text(given).map(Value::Text);
    }
    // Whatever stands for a whole number, as those of numpy do.
    given.extract().ok().map(Value::Int)
}

// Text that UTF-8 can encode, unless it is beyond all bounds.
fn text(given: &Bound<'_, PyAny>) -> Option<Box<str>> {
    let text = given.cast::<PyString>().ok()?.to_str().ok()?;
    (text.len() <= FILTER_BYTES_MAX).then(|| text.into())
}

pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().fully_qualified_name().map_or_else(|_| "of an unknown type".into(), |name| name.to_string())
}

fn repr(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "a value without a repr".into(), |text| short(&text.to_string_lossy()))
}

/// A filter; `None` lets every document match.
pub(crate) fn filter(given: Option<&Bound<'_, PyAny>>) -> Result<Filter> {
    let Some(given) = given else { return Ok(Filter::default()) };
    let Ok(mapping) = given.cast::<PyMapping>() else {
        return Err(refused(repr(given), "a mapping of keys to conditions").into());
    };
    let size = mapping.len()?;
    if size > FILTER_KEYS_MAX {
        return Err(refused(format!("a filter of {size} keys"), format!("one of at most {FILTER_KEYS_MAX}")).into());
    }
    let mut conditions = Vec::with_capacity(size);
    for item in mapping.items()?.iter() {
        let (key, condition): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let name = text(&key).ok_or_else(|| refused(format!("{{{}: ...}}", repr(&key)), "a key that is a str"))?;
        conditions.push((name, comparisons(&repr(&key), &condition)?));
    }
    Ok(Filter::new(conditions)?)
}

fn comparisons(key: &str, condition: &Bound<'_, PyAny>) -> Result<Vec<Comparison<Value>>> {
    if let Ok(operators) = condition.cast::<PyMapping>() {
        let all = operators.items()?;
        return all.iter().map(|item| comparison(key, item.extract()?)).collect();
    }
    if let Some(values) = several(condition) {
        let values = values?.iter().map(|value| wanted(key, "in", value)).collect::<Result<_>>()?;
        return Ok(vec![Comparison::In(values)]);
    }
    let value = scalar(condition).ok_or_else(|| {
        let accepted =
            format!("{SCALARS}; a list, tuple or set of these; or a mapping of {OPERATORS} to what to compare with");
        refused(format!("{{{key}: {}}}", repr(condition)), accepted)
    })?;
    Ok(vec![Comparison::In(vec![value])])
}

fn comparison(key: &str, (operator, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)) -> Result<Comparison<Value>> {
    let name = operator.cast::<PyString>().ok().and_then(|name| name.to_str().ok()).unwrap_or_default();
    let single = || wanted(key, name, &value);
    Ok(match name {
        "gt" => Comparison::Gt(single()?),
        "gte" => Comparison::Gte(single()?),
        "lt" => Comparison::Lt(single()?),
        "lte" => Comparison::Lte(single()?),
        "ne" => Comparison::Ne(single()?),
        "in" => {
            let Some(values) = several(&value) else {
                let accepted = format!("a list, tuple, set or frozenset of {SCALARS}");
                return Err(refused(format!("{{{key}: {{'in': {}}}}}", repr(&value)), accepted).into());
            };
            Comparison::In(values?.iter().map(|value| wanted(key, "in", value)).collect::<Result<_>>()?)
        }
        _ => {
            let value = format!("{{{key}: {{{}: ...}}}}", repr(&operator));
            return Err(refused(value, format!("one of the operators {OPERATORS}")).into());
        }
    })
}

// The items of what may be listed in a filter; in no order of a set that shows.
fn several<'py>(given: &Bound<'py, PyAny>) -> Option<PyResult<Vec<Bound<'py, PyAny>>>> {
    let is_set = given.is_instance_of::<PySet>() || given.is_instance_of::<PyFrozenSet>();
    list(given).map(Ok).or_else(|| is_set.then(|| given.try_iter()?.collect()))
}

fn wanted(key: &str, operator: &str, value: &Bound<'_, PyAny>) -> Result<Value> {
    let shown = || format!("{{{key}: {{'{operator}': {}}}}}", repr(value));
    Ok(scalar(value).ok_or_else(|| refused(shown(), SCALARS))?)
}

fn refused(value: String, accepted: impl Into<String>) -> Error {
    Error::Config { field: "where".into(), value, accepted: accepted.into() }
}

/// Metadata on its way to Python: a dictionary, by key.
#[derive(Clone)]
pub(crate) struct Told(pub(crate) Metadata);

impl<'py> IntoPyObject<'py> for Told {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let dictionary = PyDict::new(py);
        for (key, values) in self.0.iter() {
            let object = match values {
                Values::One(value) => object(py, value)?,
                Values::Many(all) => {
                    let all = all.iter().map(|value| object(py, value)).collect::<PyResult<Vec<_>>>()?;
                    PyList::new(py, all)?.into_any()
                }
            };
            dictionary.set_item(key, object)?;
        }
        Ok(dictionary)
    }
}

fn object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Bool(value) => value.into_bound_py_any(py),
        Value::Int(value) => value.into_bound_py_any(py),
        Value::Float(value) => value.into_bound_py_any(py),
        Value::Text(text) => (**text).into_bound_py_any(py),
    }
}
