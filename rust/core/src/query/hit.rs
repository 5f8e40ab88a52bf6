//! Documents in an answer, and what their homes tell of them: copies of what is stored, and why a document is a hit.

use crate::documents::{Document, ThreadPlace};
use crate::ids::{DocumentId, Tick};
use crate::maps::Map;
use crate::metadata::Metadata;
use crate::query::bm25::Found;
use crate::query::context::Carried;
use crate::query::parts::Parts;
use ecow::EcoString;
use serde::{Deserialize, Serialize};

/// A document in an answer.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The document and its score.
    pub found: Found,
    /// The parts of that score; they sum to it.
    pub parts: Parts,
}

/// A document found by search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundDocument {
    /// Its score.
    pub score: f64,
    /// Its identity.
    pub id: DocumentId,
    /// The caller's id, or the identity in hexadecimal if the caller gave none.
    pub name: String,
    /// Its title, perhaps empty.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its metadata, perhaps none.
    pub metadata: Metadata,
    /// The tick that digested it.
    pub digested: Option<Tick>,
    /// Its place in a thread.
    pub thread: Option<ThreadPlace>,
    /// The moment that it is of.
    pub time: Option<i64>,
}

impl FoundDocument {
    /// Returns a result from a stored document.
    pub fn new(document: &Document, score: f64) -> FoundDocument {
        FoundDocument {
            score,
            id: document.id,
            name: document.name(),
            title: document.body.title.to_string(),
            text: document.body.text.to_string(),
            metadata: document.body.metadata.clone(),
            digested: document.digested.map(Tick::from),
            thread: document.body.thread.clone(),
            time: document.body.time,
        }
    }
}

/// How a document is called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Introduced {
    /// The caller's id, or the identity in hexadecimal if the caller gave none.
    pub name: String,
    /// Its title, perhaps empty.
    pub title: String,
}

impl Introduced {
    /// Returns how a stored document is called.
    pub fn new(document: &Document) -> Introduced {
        Introduced { name: document.name(), title: document.body.title.to_string() }
    }
}

/// A hit, as its home tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldHit {
    /// The document.
    pub document: FoundDocument,
    /// Where the best passage starts and ends in the text, in characters (Unicode scalar values).
    pub span: (usize, usize),
    /// The index of each term of the question that it has, and the term's points of the lexical part, in the order of the
    /// question's words.
    pub words: Vec<(u32, f64)>,
    /// The index of the lit concepts that add most, and the points of each, strongest first.
    pub concepts: Vec<(u32, f64)>,
}

/// What homes tell of the hits of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The hits, in the order in which they were asked for.
    pub hits: Vec<ToldHit>,
    /// The seeds, by rank.
    pub seeds: Vec<Introduced>,
    /// The label of each lit concept; at least of those that some hit has.
    pub labels: Vec<Option<EcoString>>,
    /// The names of the neighbours that carry hits.
    pub neighbors: Map<DocumentId, String>,
    /// How neighbours carry each hit.
    pub carried: Vec<Carried>,
}
