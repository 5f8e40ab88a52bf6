//! Reads metadata from Python, and returns it.

use phago_core::error::short;
use phago_core::metadata::{
    FILTER_BYTES_MAX, METADATA_BYTES_MAX, METADATA_KEYS_MAX, Metadata, VALUE_BYTES, Value, Values,
};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyException, PyMemoryError, PyOverflowError, PyRecursionError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyList, PyString, PyTuple, PyType};

pub(crate) const SCALARS: &str = "a str of UTF-8, an int of 64 bits, a finite float or a bool";

/// Reads the metadata of a document. The inner error is the reason why it is not accepted; the outer one is an
/// exception of the caller's own code.
pub(crate) fn read(given: &Bound<'_, PyAny>) -> PyResult<Result<Metadata, String>> {
    let items = match items(given, METADATA_KEYS_MAX)? {
        Some(Ok(items)) => items,
        Some(Err(size)) => return Ok(Err(format!("has {size} keys; accepted are at most {METADATA_KEYS_MAX}"))),
        None => {
            let reason = format!("is {}; accepted is a mapping of str to {SCALARS}, or lists of these", kind(given));
            return Ok(Err(reason));
        }
    };
    let mut entries = Vec::with_capacity(items.len());
    for (key, value) in items {
        let Some(name) = text(&key) else {
            let shown = repr(&key)?;
            return Ok(Err(format!("has the key {shown} of type {}; accepted is a str of UTF-8", kind(&key))));
        };
        match values(&value)? {
            Some(values) => entries.push((name, values)),
            // As in JSON: a null value means that the key is absent.
            None if is_missing(&value)? => {}
            None => {
                return Ok(Err(format!(
                    "has {} of type {} for key `{}`; accepted is {SCALARS}, or a list or tuple of these, of at most \
                     {METADATA_BYTES_MAX} bytes",
                    repr(&value)?,
                    kind(&value),
                    short(&name),
                )));
            }
        }
    }
    Ok(Metadata::new(entries))
}

fn values(given: &Bound<'_, PyAny>) -> PyResult<Option<Values>> {
    if let Some(value) = scalar(given)? {
        return Ok(Some(Values::One(value)));
    }
    let Some(items) = sequence(given)? else { return Ok(None) };
    if items.len() > METADATA_BYTES_MAX / VALUE_BYTES {
        return Ok(None);
    }
    Ok(items.iter().map(scalar).collect::<PyResult<Option<Box<[Value]>>>>()?.map(Values::Many))
}

/// Returns the items of a list or a tuple.
pub(crate) fn list<'py>(given: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    let list = given.cast::<PyList>().map(|list| list.iter().collect());
    list.or_else(|_| given.cast::<PyTuple>().map(|tuple| tuple.iter().collect())).ok()
}

/// Returns the items of a list, a tuple, or any other sequence type.
pub(crate) fn sequence<'py>(given: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    if let Some(items) = list(given) {
        return Ok(Some(items));
    }
    if given.is_none() || primitive(given)?.is_some() {
        return Ok(None);
    }
    let found = plain(given, "sequence")?;
    Ok(list(&found))
}

/// Returns a value of metadata, or `None` if it is not one.
pub(crate) fn scalar(given: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if let Some(value) = primitive(given)? {
        return Ok(Some(value));
    }
    if list(given).is_some() || given.is_none() || given.is_instance_of::<PyString>() {
        return Ok(None);
    }
    primitive(&plain(given, "scalar")?)
}

fn primitive(given: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if let Ok(value) = given.cast::<PyBool>() {
        return Ok(Some(Value::Bool(value.is_true())));
    }
    if let Ok(value) = given.cast::<PyFloat>() {
        return Ok(Some(Value::Float(value.value())));
    }
    if given.is_instance_of::<PyString>() {
        return Ok(text(given).map(Value::Text));
    }
    // Any type that acts as a whole number, as those of numpy do.
    let py = given.py();
    match given.extract::<i64>().map(Value::Int).or_else(|_| given.extract::<u64>().map(Value::from)) {
        Ok(number) => Ok(Some(number)),
        Err(error) if error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyOverflowError>(py) => {
            Ok(None)
        }
        Err(raised) => Err(raised),
    }
}

/// Returns any value that acts as a whole number, as those of numpy do, or `None` if it is not one of this size.
pub(crate) fn whole<'py, T: for<'a> FromPyObject<'a, 'py>>(given: &Bound<'py, PyAny>) -> PyResult<Option<T>> {
    if given.is_instance_of::<PyBool>() || given.is_instance_of::<PyString>() {
        return Ok(None);
    }
    match given.extract::<T>() {
        Ok(number) => Ok(Some(number)),
        Err(error) => {
            let error: PyErr = error.into();
            if is_of_value(given.py(), &error) { Ok(None) } else { Err(error) }
        }
    }
}

/// Returns whether an error is of the value that was asked for something. Otherwise it is for example a Ctrl-C
/// meanwhile, or Python has no memory or stack left.
pub(crate) fn is_of_value(py: Python<'_>, error: &PyErr) -> bool {
    let is_of_python = error.is_instance_of::<PyMemoryError>(py) || error.is_instance_of::<PyRecursionError>(py);
    error.is_instance_of::<PyException>(py) && !is_of_python
}

fn is_missing(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(given.is_none() || plain(given, "scalar")?.is_none())
}

// Turns values of other libraries' types into Python's own; see `phago._values`.
pub(crate) fn plain<'py>(given: &Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyAny>> {
    converters(given.py())?.call_method1(what, (given,))
}

/// Returns `phago._values`.
pub(crate) fn converters(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static VALUES: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    VALUES.get_or_try_init(py, || PyModule::import(py, "phago._values").map(Bound::unbind)).map(|found| found.bind(py))
}

// Returns text that UTF-8 can encode, unless it is far too long.
pub(crate) fn text(given: &Bound<'_, PyAny>) -> Option<Box<str>> {
    let text = given.cast::<PyString>().ok()?.to_str().ok()?;
    (text.len() <= FILTER_BYTES_MAX).then(|| text.into())
}

pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    value
        .get_type()
        .fully_qualified_name()
        .map_or_else(|_| "of an unknown type".into(), |name| name.to_string_lossy().into_owned())
}

/// Returns a value formatted for messages.
pub(crate) fn repr(value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.repr() {
        Ok(text) => Ok(short(&text.to_string_lossy())),
        Err(error) if error.is_instance_of::<PyException>(value.py()) => Ok("a value without a repr".into()),
        // Not a failure to format, but for example a Ctrl-C meanwhile.
        Err(raised) => Err(raised),
    }
}

/// Returns the items of a mapping, or `None` if it is not a mapping.
pub(crate) fn items<'py>(given: &Bound<'py, PyAny>, keys_max: usize) -> PyResult<Option<Items<'py>>> {
    if !is_mapping(given)? {
        return Ok(None);
    }
    // Checked before anything is read, so that what is refused anyway is not copied first.
    let size = given.len()?;
    if size > keys_max {
        return Ok(Some(Err(size)));
    }
    let items = given.call_method0(intern!(given.py(), "items"))?;
    items.try_iter()?.map(|item| item?.extract()).collect::<PyResult<_>>().map(|items| Some(Ok(items)))
}

/// Keys and values, or their number if there are too many.
pub(crate) type Items<'py> = Result<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>, usize>;

/// Returns whether a value is a mapping. PyO3's own test prints and swallows any exception meanwhile, which may be a
/// Ctrl-C.
pub(crate) fn is_mapping(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    static MAPPING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if given.is_instance_of::<PyDict>() {
        return Ok(true);
    }
    given.is_instance(MAPPING.import(given.py(), "collections.abc", "Mapping")?)
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
        Value::Unsigned(value) => value.into_bound_py_any(py),
        Value::Float(value) => value.into_bound_py_any(py),
        Value::Text(text) => (**text).into_bound_py_any(py),
    }
}
