//! Turns Python documents into the core's documents.

use crate::error::Result;
use crate::lifetime;
use crate::metadata::{self, is_mapping, kind};
use phago_core::Error;
use phago_core::documents::{Body, DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
use phago_core::error::short;
use pyo3::exceptions::{PyKeyError, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

const FIELDS: &str = "`text`, `id`, `title`, `metadata` and `expires`";

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
    Ok(parts.rest(key.clone())?.map_err(|fault| Fault { id: key, ..fault }))
}

struct Parts<'py> {
    id: Option<Bound<'py, PyAny>>,
    title: Option<Bound<'py, PyAny>>,
    text: Option<Bound<'py, PyAny>>,
    metadata: Option<Bound<'py, PyAny>>,
    expires: Option<Bound<'py, PyAny>>,
    unknown: Option<String>,
}

impl<'py> Parts<'py> {
    fn of(value: &Bound<'py, PyAny>) -> PyResult<Result<Self, Fault>> {
        let py = value.py();
        if value.is_instance_of::<PyString>() {
            let text = Some(value.clone());
            return Ok(Ok(Parts { id: None, title: None, text, metadata: None, expires: None, unknown: None }));
        }
        if is_mapping(value)? {
            let get = |name: &Bound<'py, PyString>| match value.get_item(name) {
                Err(error) if error.is_instance_of::<PyKeyError>(py) => Ok(None),
                other => other.map(given),
            };
            // `PyDict` is read without making a KeyError for every missing field.
            let find = |name: &Bound<'py, PyString>| match value.cast::<PyDict>() {
                Ok(dict) => dict.get_item(name).map(|found| found.and_then(given)),
                Err(_) => get(name),
            };
            let (id, title, text) = (intern!(py, "id"), intern!(py, "title"), intern!(py, "text"));
            let (metadata, expires) = (intern!(py, "metadata"), intern!(py, "expires"));
            let mut unknown = None;
            for key in value.try_iter()? {
                let key = key?;
                let is_known =
                    key.eq(id)? || key.eq(title)? || key.eq(text)? || key.eq(metadata)? || key.eq(expires)?;
                if unknown.is_none() && !is_known {
                    unknown = Some(shown(&key)?);
                }
            }
            let (id, title, text) = (find(id)?, find(title)?, find(text)?);
            let (metadata, expires) = (find(metadata)?, find(expires)?);
            return Ok(Ok(Parts { id, title, text, metadata, expires, unknown }));
        }
        // A type has attributes too: the caller passed `phago.Document` itself.
        let text = match value.getattr_opt(intern!(py, "text"))? {
            Some(text) if !value.is_instance_of::<pyo3::types::PyType>() => text,
            _ => {
                let reason =
                    format!("is {}; accepted is a str, a mapping with {FIELDS}, or a `phago.Document`", kind(value));
                return Ok(Err(Fault::new("document", reason)));
            }
        };
        Ok(Ok(Parts {
            id: value.getattr_opt(intern!(py, "id"))?.and_then(given),
            title: value.getattr_opt(intern!(py, "title"))?.and_then(given),
            text: given(text),
            metadata: value.getattr_opt(intern!(py, "metadata"))?.and_then(given),
            expires: value.getattr_opt(intern!(py, "expires"))?.and_then(given),
            unknown: other_field(value)?,
        }))
    }

    fn key(&self) -> Result<Option<String>, Fault> {
        let Some(id) = &self.id else { return Ok(None) };
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

    // As in `document`, the outer error is the caller's own: metadata may be the caller's own mapping type.
    fn rest(&self, key: Option<String>) -> PyResult<Result<Body, Fault>> {
        let (title, text) = match self.words() {
            Ok((title, text)) => (title.to_owned(), text.to_owned()),
            Err(fault) => return Ok(Err(fault)),
        };
        let metadata = self.metadata.as_ref().map_or(Ok(Ok(Default::default())), metadata::read)?;
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(reason) => return Ok(Err(Fault::new("metadata", reason))),
        };
        let expires = match self.expires.as_ref().map(lifetime::read).transpose()?.transpose() {
            Ok(expires) => expires,
            Err(reason) => return Ok(Err(Fault::new("expires", reason))),
        };
        Ok(Ok(Body { key: key.map(Into::into), title: title.into(), text: text.into(), metadata, expires }))
    }

    // Returns title and text.
    fn words(&self) -> Result<(&str, &str), Fault> {
        if let Some(name) = &self.unknown {
            return Err(Fault::new(name, format!("is no field of a document; accepted are {FIELDS}")));
        }
        let Some(text) = &self.text else {
            return Err(Fault::new("text", "is missing; accepted is a str"));
        };
        let text = string("text", text)?;
        let title = self.title.as_ref().map_or(Ok(""), |title| string("title", title))?;
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
        if !text.starts_with('_') && !["text", "id", "title", "metadata", "expires"].contains(&text.as_str()) {
            return Ok(Some(short(&text)));
        }
    }
    Ok(None)
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
        let start =
            error.value(py).getattr(intern!(py, "start")).map_or_else(|_| "?".into(), |start| start.to_string());
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
