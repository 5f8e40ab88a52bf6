//! A document as its caller gives it.

use super::lifetime::moment_fault;
use super::{Lifetime, ThreadPlace, Vector};
use crate::exact;
use crate::ids::DocumentId;
use crate::metadata::Metadata;
use crate::text::DOCUMENT_WORDS_MAX;
use crate::{Error, Result};
use prefetch_index::prefetch_index;
use serde::{Deserialize, Serialize, Serializer};

/// The largest size of a document's title and text together, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// The largest size of a caller's id, in bytes of UTF-8.
pub const KEY_BYTES_MAX: usize = 512;

/// A document as its caller gives it: everything phago stores of it that cannot be derived.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
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
    /// When it leaves by itself; `None` for never.
    pub expires: Option<Lifetime>,
    /// Its place in a thread; `None` if it stands in none.
    pub thread: Option<ThreadPlace>,
    /// The moment that it is of, in microseconds since 1970 in UTC.
    pub time: Option<i64>,
    /// Its vector. A shard keeps vectors apart from bodies.
    pub vector: Option<Vector>,
}

impl Body {
    /// Has the processor read meanwhile its key, its title and up to a kilobyte of its text.
    pub fn prefetch(&self) {
        let texts = [self.key.as_deref().unwrap_or_default(), &self.title, &self.text];
        for text in texts.map(str::as_bytes) {
            (0..text.len().min(1024)).step_by(64).for_each(|at| prefetch_index(text, at));
        }
    }

    /// Returns its identity: the hash of the key, or of the content if there is no key. A vector is no part of that: it
    /// is made of the text, and not always to the last bit.
    pub fn id(&self) -> DocumentId {
        if let Some(key) = &self.key {
            return DocumentId::from_key(key);
        }
        let later = self.later_identity();
        if later.is_empty() {
            return self.metadata.content_id(&self.title, &self.text);
        }
        let more = [self.metadata.encode(), later].concat();
        DocumentId::from_content_and(&self.title, &self.text, &more)
    }

    // The canonical bytes of the fields that came after metadata. Each begins with a number of its own.
    fn later_identity(&self) -> Vec<u8> {
        // Lifetimes begin with 1 or 2.
        let mut bytes = self.expires.map_or_else(Vec::new, |lifetime| lifetime.encode().to_vec());
        if let Some(time) = self.time {
            bytes.push(3);
            bytes.extend(time.to_le_bytes());
        }
        if let Some(thread) = &self.thread {
            bytes.push(4);
            bytes.extend(thread.encode());
        }
        bytes
    }

    /// Returns the identity of another document that would have the same name as this one, whose identity is `id`. The
    /// name of a document without a key is its identity, and the key of another document may be the same text.
    pub fn namesake(&self, id: DocumentId) -> Option<DocumentId> {
        match &self.key {
            None => Some(DocumentId::from_key(&id.to_string())),
            Some(key) => DocumentId::parse(key).filter(|spelled| *spelled.to_string() == **key),
        }
    }

    // Whether another body has the same fields, but for id, lifetime and vector.
    pub(super) fn differs_beside_lifetime_and_vector(&self, other: &Body) -> bool {
        let is_same = self.title == other.title && self.text == other.text && self.metadata == other.metadata;
        !is_same || self.time != other.time || self.thread != other.thread
    }

    /// Returns the bytes of title and text.
    pub fn text_bytes(&self) -> u64 {
        (self.title.len() + self.text.len()) as u64
    }

    /// Returns the bytes of title, text, metadata and vector.
    pub fn bytes(&self) -> u64 {
        self.text_bytes() + (self.metadata.bytes() + self.vector.as_ref().map_or(0, Vector::bytes)) as u64
    }

    /// Returns the canonical bytes of the fields beside key, title, text and vector that it has, each with its bit of a
    /// digest's flags.
    pub(crate) fn more(&self) -> Vec<(u64, Vec<u8>)> {
        let metadata = (!self.metadata.is_empty()).then(|| (2, self.metadata.encode()));
        let expires = self.expires.map(|lifetime| (4, lifetime.encode().to_vec()));
        let thread = self.thread.as_ref().map(|thread| (8, thread.encode()));
        let time = self.time.map(|time| (16, time.to_le_bytes().to_vec()));
        metadata.into_iter().chain(expires).chain(thread).chain(time).collect()
    }

    fn later(&self) -> Later {
        Later::of(self, self.vector.clone())
    }

    /// Refuses a body that no colony accepts: its key is empty or longer than [`KEY_BYTES_MAX`], it holds nothing but
    /// white space, it has more than [`DOCUMENT_BYTES_MAX`] bytes, it expires after the last tick, or the name of its
    /// thread is empty or longer than [`super::THREAD_BYTES_MAX`].
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

    /// Does what [`Body::check`] does, and also refuses a body without a key: only a body with one can replace another.
    ///
    /// # Errors
    /// [`Error::InvalidDocument`] with this index.
    pub fn check_named(&self, index: usize) -> Result<()> {
        self.check(index)?;
        if self.key.is_none() {
            let reason = "is missing; accepted is the id of the document to be replaced".into();
            return Err(Error::InvalidDocument { index, id: None, field: "id".into(), reason });
        }
        Ok(())
    }

    /// Returns the error for a body whose id belongs to a document with other content.
    pub fn taken(&self, index: usize) -> Error {
        Error::DocumentExists { index, id: self.name() }
    }

    /// Returns the error for a body with more than [`DOCUMENT_WORDS_MAX`] different words.
    pub fn too_many_words(&self, index: usize) -> Error {
        let reason = format!("has more than {DOCUMENT_WORDS_MAX} different words; accepted are up to so many");
        let id = self.key.as_deref().map(str::to_owned);
        Error::InvalidDocument { index, id, field: "text".into(), reason }
    }

    /// Returns the error for an update whose id is the name of another document that has no id of its own.
    pub fn named_as_another(&self, index: usize) -> Error {
        let reason = "is that of a document without an id of its own; accepted is the id that a document was given, or a free one";
        let id = self.key.as_deref().map(str::to_owned);
        Error::InvalidDocument { index, id, field: "id".into(), reason: reason.into() }
    }

    /// Returns the caller's id, or the identity in hexadecimal if the caller gave none.
    pub fn name(&self) -> String {
        self.key.as_deref().map_or_else(|| self.id().to_string(), str::to_owned)
    }

    // Returns the field at fault and the reason, if there is a fault.
    fn fault(&self) -> Option<(&'static str, String)> {
        let bytes = self.title.len() + self.text.len();
        let key_bytes = self.key.as_ref().map_or(1, |key| key.len());
        if key_bytes == 0 {
            Some(("id", "is empty; accepted is a string that is not, or none".into()))
        } else if key_bytes > KEY_BYTES_MAX {
            Some(("id", format!("takes {key_bytes} bytes of UTF-8; accepted are at most {KEY_BYTES_MAX}")))
        } else if is_blank(&self.text) && is_blank(&self.title) {
            Some(("text", "is blank, and so is the title; accepted is any text but white space".into()))
        } else if bytes > DOCUMENT_BYTES_MAX {
            let reason = format!("has {bytes} bytes with the title; accepted are up to {DOCUMENT_BYTES_MAX}");
            Some(("text", reason))
        } else {
            let expires = || self.expires.and_then(Lifetime::fault).map(|reason| ("expires", reason));
            let thread = || self.thread.as_ref().and_then(ThreadPlace::fault).map(|reason| ("thread", reason));
            let time = || self.time.and_then(moment_fault).map(|reason| ("time", reason));
            expires().or_else(thread).or_else(time)
        }
    }
}

// Reads no further than it must: a text that is looked at for the first time is waited for.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Bodies as columns, which is how a checkpoint has them. postcard encodes it as it is declared here. Metadata is
/// borrowed when it is written, and owned when it was read.
#[derive(Deserialize, Serialize)]
pub(crate) struct Bodies<'a, M> {
    #[serde(borrow, deserialize_with = "exact::list")]
    keys: Vec<Option<&'a str>>,
    #[serde(borrow, deserialize_with = "exact::list")]
    titles: Vec<&'a str>,
    #[serde(borrow, deserialize_with = "exact::list")]
    texts: Vec<&'a str>,
    #[serde(deserialize_with = "exact::list", bound(deserialize = "M: Deserialize<'de>"))]
    metadata: Vec<M>,
    #[serde(deserialize_with = "exact::list")]
    later: Vec<Later>,
}

impl<'a> Bodies<'a, &'a Metadata> {
    /// Returns the columns of bodies, each with its vector.
    pub(crate) fn of(bodies: impl Iterator<Item = (&'a Body, Option<Vector>)> + Clone) -> Self {
        Bodies {
            keys: bodies.clone().map(|(body, _)| body.key.as_deref()).collect(),
            titles: bodies.clone().map(|(body, _)| &*body.title).collect(),
            texts: bodies.clone().map(|(body, _)| &*body.text).collect(),
            metadata: bodies.clone().map(|(body, _)| &body.metadata).collect(),
            later: bodies.map(|(body, vector)| Later::of(body, vector)).collect(),
        }
    }
}

/// What columns are written to, one after another.
pub(crate) trait Columns: Sized {
    /// Writes the next column.
    fn add<T: Serialize>(self, entries: &[T]) -> Self;
}

impl<M: Serialize> Bodies<'_, M> {
    pub(crate) fn write_to(&self, columns: impl Columns) {
        let Bodies { keys, titles, texts, metadata, later } = self;
        columns.add(keys).add(titles).add(texts).add(metadata).add(later);
    }
}

impl Bodies<'_, Metadata> {
    /// Returns how many entries each column has.
    pub(crate) fn lengths(&self) -> [usize; 5] {
        [self.keys.len(), self.titles.len(), self.texts.len(), self.metadata.len(), self.later.len()]
    }

    /// Returns the columns cut into parts of so many entries, in order, up to the end of the shortest column.
    pub(crate) fn parts(self, size: usize) -> impl Iterator<Item = Self> {
        fn cut<T>(column: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
            let mut left = column.into_iter();
            std::iter::from_fn(move || {
                let part: Vec<T> = left.by_ref().take(size).collect();
                (!part.is_empty()).then_some(part)
            })
        }
        let Bodies { keys, titles, texts, metadata, later } = self;
        let texts = cut(keys, size).zip(cut(titles, size)).zip(cut(texts, size));
        texts
            .zip(cut(metadata, size))
            .zip(cut(later, size))
            .map(|((((keys, titles), texts), metadata), later)| Bodies { keys, titles, texts, metadata, later })
    }

    /// Returns the bodies, which are not checked, up to the end of the shortest column.
    pub(crate) fn into_bodies(self) -> impl Iterator<Item = Body> {
        let texts = self.keys.into_iter().zip(self.titles).zip(self.texts);
        texts.zip(self.metadata).zip(self.later).map(|((((key, title), text), metadata), later)| {
            let More { expires, time, vector, thread } = later.into();
            let (key, title, text) = (key.map(Into::into), title.into(), text.into());
            Body { key, title, text, metadata, expires, thread, time, vector }
        })
    }
}

// A body as decoded from bytes, before it is checked.
#[derive(Deserialize)]
struct Unchecked {
    key: Option<Box<str>>,
    title: Box<str>,
    text: Box<str>,
    metadata: Metadata,
    later: Later,
}

impl TryFrom<Unchecked> for Body {
    type Error = String;

    fn try_from(read: Unchecked) -> Result<Body, String> {
        let Unchecked { key, title, text, metadata, later } = read;
        let More { expires, time, vector, thread } = later.into();
        let body = Body { key, title, text, metadata, expires, thread, time, vector };
        body.fault().map_or(Ok(body), |(field, reason)| Err(format!("`{field}` {reason}")))
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (&self.key, &self.title, &self.text, &self.metadata, self.later()).serialize(to)
    }
}

/// The fields of a body that came after metadata. There was a time when a lifetime was the only one: postcard writes the
/// first two as `None` and `Some` of it, so that what was written then is read now, and a body that has no other field
/// is written as it was then.
#[derive(Deserialize, Serialize)]
enum Later {
    Nothing,
    Expires(Lifetime),
    More(Box<More>),
}

#[derive(Default, Deserialize, Serialize)]
struct More {
    expires: Option<Lifetime>,
    time: Option<i64>,
    vector: Option<Vector>,
    thread: Option<ThreadPlace>,
}

impl Later {
    // Of a body whose vector may be kept apart.
    fn of(body: &Body, vector: Option<Vector>) -> Later {
        let (expires, time, thread) = (body.expires, body.time, body.thread.clone());
        match (expires, time, &vector, &thread) {
            (None, None, None, None) => Later::Nothing,
            (Some(expires), None, None, None) => Later::Expires(expires),
            _ => Later::More(Box::new(More { expires, time, vector, thread })),
        }
    }
}

impl From<Later> for More {
    fn from(later: Later) -> More {
        match later {
            Later::Nothing => More::default(),
            Later::Expires(expires) => More { expires: Some(expires), ..More::default() },
            Later::More(more) => *more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_without_later_fields_has_the_bytes_of_before() {
        for expires in [None, Some(Lifetime::Tick(7)), Some(Lifetime::Time(-3))] {
            let body = Body { text: "ions".into(), expires, ..Body::default() };
            let before = (&body.key, &body.title, &body.text, &body.metadata, body.expires);
            assert_eq!(postcard::to_allocvec(&body).unwrap(), postcard::to_allocvec(&before).unwrap());
        }
        let vector = Some(Vector::new(&[1.0, -0.5]).unwrap());
        let body = Body { text: "ions".into(), time: Some(5), vector, ..Body::default() };
        assert_eq!(postcard::from_bytes::<Body>(&postcard::to_allocvec(&body).unwrap()).unwrap(), body);
    }
}
