//! Documents from Python, and back.

use crate::error::Result;
use crate::lifetime::{self, Ends};
use crate::metadata::{self, Told, is_mapping, kind};
use crate::moment::{self, Moment};
use crate::rows::row;
use crate::thread;
use crate::vector;
use phago_core::Error;
use phago_core::documents::{Body, DOCUMENT_BYTES_MAX, KEY_BYTES_MAX, ThreadPlace};
use phago_core::error::short;
use phago_core::read::StoredDocument;
use pyo3::exceptions::{PyKeyError, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyType};

// Every field of a document, as a caller names it.
const FIELDS: [&str; 9] = ["text", "id", "title", "metadata", "expires", "thread", "place", "time", "vector"];

row! {
    /// A stored document.
    StoredRow from document, StoredDocument {
        /// The caller's id, or 32 hex digits.
        id: String = document.name(),
        /// Whether the caller gave an id.
        named: bool = document.body.key.is_some(),
        title: String = document.body.title.into(),
        text: String = document.body.text.into(),
        /// The first tick whose cut includes it.
        arrival: u32 = document.arrival,
        /// The tick that digested it.
        digested: Option<u32> = document.digested,
        metadata: Told = Told(document.body.metadata),
        /// When it leaves by itself.
        expires: Option<Ends> = document.body.expires.map(Ends),
        place: Option<i64> = document.body.thread.as_ref().map(|at| at.place),
        /// The thread in which it has that place.
        thread: Option<String> = document.body.thread.map(|at| at.thread.into()),
        /// The moment that it is of.
        time: Option<Moment> = document.body.time.map(Moment),
        /// Its vector, as it is kept.
        vector: Option<Vec<i8>> = document.body.vector.map(|vector| vector.values().to_vec()),
    }
}

/// What is wrong with a document: its id if it is known, the field at fault, and the reason.
pub(crate) struct Fault {
    pub(crate) id: Option<String>,
    pub(crate) field: String,
    pub(crate) reason: String,
}

impl Fault {
    fn new(field: &str, reason: impl Into<String>) -> Self {
        Fault { id: None, field: field.into(), reason: reason.into() }
    }

    /// Returns the error for the document at `index` of the caller's sequence.
    pub(crate) fn at(self, index: usize) -> Error {
        Error::InvalidDocument { index, id: self.id, field: self.field, reason: self.reason }
    }
}

/// Reads one document. The outer error is one that the caller's own code raised, for example in a property.
pub(crate) fn document(value: &Bound<'_, PyAny>) -> PyResult<Result<Body, Fault>> {
    let parts = match Parts::of(value)? {
        Ok(parts) => parts,
        Err(fault) => return Ok(Err(fault)),
    };
    // The id is read first, so that errors about the other fields can name it.
    let key = match parts.key() {
        Ok(key) => key,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(match parts.rest()? {
        Ok(body) => Ok(Body { key: key.map(Into::into), ..body }),
        Err(fault) => Err(Fault { id: key, ..fault }),
    })
}

// The fields that were given, in the order of `FIELDS`, and the name of one that documents do not have.
struct Parts<'py> {
    given: [Option<Bound<'py, PyAny>>; FIELDS.len()],
    unknown: Option<String>,
}

impl<'py> Parts<'py> {
    fn of(value: &Bound<'py, PyAny>) -> PyResult<Result<Self, Fault>> {
        let py = value.py();
        if value.is_instance_of::<PyString>() {
            let text = Some(value.clone());
            let mut given = [const { None }; FIELDS.len()];
            given[0] = text;
            return Ok(Ok(Parts { given, unknown: None }));
        }
        let names = names(py);
        if let Some(given) = value.cast_exact().ok().and_then(|dict| ordinary(dict, names)) {
            return Ok(Ok(Parts { given, unknown: None }));
        }
        if is_mapping(value)? {
            let mut unknown = None;
            for key in value.try_iter()? {
                let key = key?;
                let mut is_known = false;
                for name in names {
                    is_known = is_known || key.eq(name)?;
                }
                if unknown.is_none() && !is_known {
                    unknown = Some(shown(&key)?);
                }
            }
            return Ok(Ok(Parts { given: all(names, |name| item(value, name))?, unknown }));
        }
        let given = all(names, |name| value.getattr_opt(name))?;
        let has_text = given[0].is_some() || value.getattr_opt(&names[0])?.is_some();
        // A type has attributes too: the caller passed `phago.Document` itself.
        if !has_text || value.is_instance_of::<PyType>() {
            let reason =
                format!("is {}; accepted is a str, a mapping with {}, or a `phago.Document`", kind(value), listed());
            return Ok(Err(Fault::new("document", reason)));
        }
        Ok(Ok(Parts { given, unknown: other_field(value)? }))
    }

    fn get(&self, field: &str) -> Option<&Bound<'py, PyAny>> {
        FIELDS.iter().zip(&self.given).find(|(name, _)| **name == field)?.1.as_ref()
    }

    fn key(&self) -> Result<Option<String>, Fault> {
        let Some(id) = self.get("id") else { return Ok(None) };
        let key = string("id", id)?;
        if key.is_empty() {
            return Err(Fault::new("id", "is empty; accepted is a str that is not, or None"));
        }
        if key.len() > KEY_BYTES_MAX {
            let reason = format!("takes {} bytes of UTF-8; accepted are at most {KEY_BYTES_MAX}", key.len());
            return Err(Fault::new("id", reason));
        }
        Ok(Some(key.to_owned()))
    }

    // Reads all fields but the id. As in `document`, the outer error is the caller's own: metadata may be the caller's own
    // mapping type.
    fn rest(&self) -> PyResult<Result<Body, Fault>> {
        let (title, text) = match self.words() {
            Ok((title, text)) => (title.into(), text.into()),
            Err(fault) => return Ok(Err(fault)),
        };
        let metadata = match self.read("metadata", metadata::read)? {
            Ok(metadata) => metadata.unwrap_or_default(),
            Err(fault) => return Ok(Err(fault)),
        };
        let expires = match self.read("expires", lifetime::read)? {
            Ok(expires) => expires,
            Err(fault) => return Ok(Err(fault)),
        };
        let time = match self.read("time", moment::read)? {
            Ok(time) => time,
            Err(fault) => return Ok(Err(fault)),
        };
        let vector = match self.read("vector", vector::read)? {
            Ok(vector) => vector,
            Err(fault) => return Ok(Err(fault)),
        };
        let thread = match self.thread()? {
            Ok(thread) => thread,
            Err(fault) => return Ok(Err(fault)),
        };
        Ok(Ok(Body { key: None, title, text, metadata, expires, thread, time, vector }))
    }

    fn thread(&self) -> PyResult<Result<Option<ThreadPlace>, Fault>> {
        let (thread, place) = (self.read("thread", thread::name)?, self.read("place", thread::place)?);
        Ok(match (thread, place) {
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
            (Ok(Some(thread)), Ok(Some(place))) => Ok(Some(ThreadPlace { thread, place })),
            (Ok(None), Ok(None)) => Ok(None),
            (Ok(Some(_)), Ok(None)) => {
                Err(Fault::new("place", "is missing beside a `thread`; accepted is an int, the place in that thread"))
            }
            (Ok(None), Ok(Some(_))) => {
                Err(Fault::new("thread", "is missing beside a `place`; accepted is a str, the name of the thread"))
            }
        })
    }

    // Reads a field, if it was given.
    fn read<T>(
        &self,
        field: &str,
        read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Result<T, String>>,
    ) -> PyResult<Result<Option<T>, Fault>> {
        let value = self.get(field).map(read).transpose()?.transpose();
        Ok(value.map_err(|reason| Fault::new(field, reason)))
    }

    // Returns title and text.
    fn words(&self) -> Result<(&str, &str), Fault> {
        if let Some(name) = &self.unknown {
            return Err(Fault::new(name, format!("is no field of a document; accepted are {}", listed())));
        }
        let Some(text) = self.get("text") else {
            return Err(Fault::new("text", "is missing; accepted is a str"));
        };
        let text = string("text", text)?;
        let title = self.get("title").map_or(Ok(""), |title| string("title", title))?;
        if text.trim().is_empty() && title.trim().is_empty() {
            return Err(Fault::new(
                "text",
                "is blank and so is the title; accepted is text with at least one visible sign",
            ));
        }
        let bytes = text.len() + title.len();
        if bytes > DOCUMENT_BYTES_MAX {
            let reason = format!(
                "takes {bytes} bytes of UTF-8 together with the title; accepted are at most {DOCUMENT_BYTES_MAX} (16 MiB)"
            );
            return Err(Fault::new("text", reason));
        }
        Ok((title, text))
    }
}

/// Returns where to cut documents, after each of these: into as few lists as hold up to that many bytes of text, or one
/// document. What raises while a document is asked for its text is told, whether its own code does or a signal's handler.
#[pyfunction]
pub(crate) fn piece_ends(documents: &Bound<'_, PyList>, bytes_max: usize) -> PyResult<Vec<usize>> {
    let (mut ends, mut filled) = (Vec::new(), 0);
    for (at, document) in documents.iter().enumerate() {
        let bytes = text_bytes(&document)?;
        if at > 0 && filled + bytes > bytes_max {
            ends.push(at);
            filled = 0;
        }
        filled += bytes;
    }
    if !documents.is_empty() {
        ends.push(documents.len());
    }
    Ok(ends)
}

// Of what has no text it is none; such documents are refused where they are read.
fn text_bytes(document: &Bound<'_, PyAny>) -> PyResult<usize> {
    let name = &names(document.py())[0];
    let text = if document.is_instance_of::<PyString>() {
        Some(document.clone())
    } else if is_mapping(document)? {
        item(document, name)?
    } else {
        document.getattr_opt(name)?
    };
    let text = text.as_ref().and_then(|text| text.cast::<PyString>().ok());
    Ok(text.and_then(|text| text.to_str().ok()).map_or(0, str::len))
}

// Returns the fields of a dictionary that has no other keys, in one pass that runs no code of the caller's. Of another
// one it returns nothing.
fn ordinary<'py>(
    dict: &Bound<'py, PyDict>,
    names: &[Py<PyString>; FIELDS.len()],
) -> Option<[Option<Bound<'py, PyAny>>; FIELDS.len()]> {
    let mut found = [const { None }; FIELDS.len()];
    for (key, value) in dict {
        // Names that code spells out are the same object everywhere; those of a file may not be.
        let place = match names.iter().position(|name| key.is(name)) {
            Some(place) => place,
            None => {
                let key = key.cast_exact::<PyString>().ok()?.to_str().ok()?;
                FIELDS.iter().position(|field| *field == key)?
            }
        };
        found[place] = given(value);
    }
    Some(found)
}

// Returns a field of a row, a dataclass or another object that documents do not have, and that would be lost.
fn other_field(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let (py, class) = (value.py(), value.get_type());
    // Named tuples, dataclasses, attrs, pydantic and msgspec, in this order; else the attributes of this object.
    let declared = ["_fields", "__dataclass_fields__", "__attrs_attrs__", "model_fields", "__struct_fields__"];
    let mut names = None;
    for listing in declared {
        names = names.or(class.getattr_opt(listing)?);
    }
    let Some(names) = names.or(value.getattr_opt(intern!(py, "__dict__"))?) else { return Ok(None) };
    for name in names.try_iter()? {
        let name = name?;
        let name = name.getattr_opt(intern!(py, "name"))?.unwrap_or(name);
        let Ok(text) = name.extract::<String>() else { continue };
        if !text.starts_with('_') && !FIELDS.contains(&text.as_str()) {
            return Ok(Some(short(&text)));
        }
    }
    Ok(None)
}

fn names(py: Python<'_>) -> &[Py<PyString>; FIELDS.len()] {
    static NAMES: PyOnceLock<[Py<PyString>; FIELDS.len()]> = PyOnceLock::new();
    NAMES.get_or_init(py, || FIELDS.map(|name| PyString::intern(py, name).unbind()))
}

// Returns the names of all fields, as a message has them.
fn listed() -> String {
    let [first @ .., last] = FIELDS.map(|name| format!("`{name}`"));
    format!("{} and {last}", first.join(", "))
}

fn all<'py, 'a>(
    names: &'a [Py<PyString>; FIELDS.len()],
    mut find: impl FnMut(&'a Py<PyString>) -> PyResult<Option<Bound<'py, PyAny>>>,
) -> PyResult<[Option<Bound<'py, PyAny>>; FIELDS.len()]> {
    let mut found = [const { None }; FIELDS.len()];
    for (name, place) in names.iter().zip(&mut found) {
        *place = find(name)?.and_then(given);
    }
    Ok(found)
}

// `PyDict` is read without making a KeyError for every missing field.
fn item<'py>(mapping: &Bound<'py, PyAny>, name: &Py<PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Ok(dict) = mapping.cast::<PyDict>() {
        return dict.get_item(name);
    }
    match mapping.get_item(name) {
        Err(error) if error.is_instance_of::<PyKeyError>(mapping.py()) => Ok(None),
        found => found.map(Some),
    }
}

// Turns None into absence, as in JSON.
fn given(value: Bound<'_, PyAny>) -> Option<Bound<'_, PyAny>> {
    if value.is_none() { None } else { Some(value) }
}

fn string<'a>(field: &str, value: &'a Bound<'_, PyAny>) -> Result<&'a str, Fault> {
    let Ok(text) = value.cast::<PyString>() else {
        return Err(Fault::new(field, format!("is {}; accepted is a str", kind(value))));
    };
    text.to_str().map_err(|error| {
        let py = value.py();
        if !error.is_instance_of::<PyUnicodeEncodeError>(py) {
            return Fault::new(field, format!("cannot be encoded as UTF-8: {error}"));
        }
        let start = error.value(py).getattr(intern!(py, "start")).and_then(|start| start.extract::<usize>());
        let start = start.map_or_else(|_| "?".into(), |start| start.to_string());
        Fault::new(field, format!("has a lone surrogate at index {start}; accepted is text that UTF-8 can encode"))
    })
}

// Returns a key for a message: whole if it is short, and always printable.
fn shown(key: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(match key.cast::<PyString>().map(|text| text.to_str()) {
        Ok(Ok(text)) => short(text),
        _ => short(&key.repr()?.to_string_lossy()),
    })
}
