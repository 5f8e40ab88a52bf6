//! A document as its caller gives it.

use crate::ids::DocumentId;
use crate::metadata::Metadata;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The most bytes of title and text a document may have.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// The most bytes of UTF-8 that a caller's id may have.
pub const KEY_BYTES_MAX: usize = 512;

/// A document as its caller gives it: all that is kept of it that cannot be derived.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Unchecked")]
pub struct Body {
    /// The caller's id; without one the identity comes from the content.
    pub key: Option<Box<str>>,
    /// Its title, perhaps empty.
    pub title: Box<str>,
    /// Its text.
    pub text: Box<str>,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
}

impl Body {
    /// Its identity: the hash of the key, or of the content where there is no key.
    pub fn id(&self) -> DocumentId {
        match &self.key {
            Some(key) => DocumentId::from_key(key),
            None => self.metadata.content_id(&self.title, &self.text),
        }
    }

    /// The identity of a document that would be called as this one, whose identity is `id`, and be another: one without
    /// a key is called by its identity, which the key of another may spell.
    pub fn namesake(&self, id: DocumentId) -> Option<DocumentId> {
        match &self.key {
            None => Some(DocumentId::from_key(&id.to_string())),
            Some(key) => DocumentId::parse(key).filter(|spelled| *spelled.to_string() == **key),
        }
    }

    /// Whether another body has the same title, text and metadata. Under one id it is then the same document.
    pub fn says_the_same(&self, other: &Body) -> bool {
        self.title == other.title && self.text == other.text && self.metadata == other.metadata
    }

    /// Bytes of title and text.
    pub fn text_bytes(&self) -> u64 {
        (self.title.len() + self.text.len()) as u64
    }

    /// Bytes of title, text and metadata.
    pub fn bytes(&self) -> u64 {
        self.text_bytes() + self.metadata.bytes() as u64
    }

    /// Refuses what no colony takes: a key that is empty or longer than [`KEY_BYTES_MAX`], nothing but white space, or
    /// more than [`DOCUMENT_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with the index given.
    pub fn check(&self, index: usize) -> Result<()> {
        let refused = |(field, reason): (&str, String)| {
            let id = self.key.as_deref().map(str::to_owned);
            Error::InvalidDocument { index, id, field: field.into(), reason }
        };
        self.fault().map_or(Ok(()), |fault| Err(refused(fault)))
    }

    /// [`Body::check`] for a body that is to take the place of another, which needs a key.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with index 0.
    pub fn check_named(&self) -> Result<()> {
        self.check(0)?;
        if self.key.is_none() {
            let reason = "is missing; accepted is the id of the document to be replaced".into();
            return Err(Error::InvalidDocument { index: 0, id: None, field: "id".into(), reason });
        }
        Ok(())
    }

    /// The error for a body whose id stands with other content.
    pub fn taken(&self, index: usize) -> Error {
        Error::DocumentExists { index, id: self.name() }
    }

    /// The error for an update under an id by which another document goes, that has no id of its own.
    pub fn named_as_another(&self) -> Error {
        let reason = "is that of a document without an id of its own; accepted is the id that a document was given, or a free one";
        let id = self.key.as_deref().map(str::to_owned);
        Error::InvalidDocument { index: 0, id, field: "id".into(), reason: reason.into() }
    }

    /// The caller's id, or the identity in hexadecimal where none was given.
    pub fn name(&self) -> String {
        self.key.as_deref().map_or_else(|| self.id().to_string(), str::to_owned)
    }

    // The field at fault, and the reason.
    fn fault(&self) -> Option<(&'static str, String)> {
        let bytes = self.title.len() + self.text.len();
        let key_bytes = self.key.as_ref().map_or(1, |key| key.len());
        if key_bytes == 0 {
            Some(("id", "is empty; accepted is a string that is not, or none".into()))
        } else if key_bytes > KEY_BYTES_MAX {
            Some(("id", format!("takes {key_bytes} bytes of UTF-8; accepted are at most {KEY_BYTES_MAX}")))
        } else if self.text.trim().is_empty() && self.title.trim().is_empty() {
            Some(("text", "is blank, and so is the title; accepted is any text but white space".into()))
        } else if bytes > DOCUMENT_BYTES_MAX {
            let reason = format!("has {bytes} bytes with the title; accepted are up to {DOCUMENT_BYTES_MAX}");
            Some(("text", reason))
        } else {
            None
        }
    }
}

// What stored bytes say, before it is known whether a colony takes it.
#[derive(Deserialize)]
struct Unchecked {
    key: Option<Box<str>>,
    title: Box<str>,
    text: Box<str>,
    metadata: Metadata,
}

impl TryFrom<Unchecked> for Body {
    type Error = String;

    fn try_from(read: Unchecked) -> Result<Body, String> {
        let Unchecked { key, title, text, metadata } = read;
        let body = Body { key, title, text, metadata };
        body.fault().map_or(Ok(body), |(field, reason)| Err(format!("`{field}` {reason}")))
    }
}
