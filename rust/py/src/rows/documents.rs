//! Rows of documents: outcomes of an ingest, and documents that are stored or found.

use super::{row, rows};
use crate::lifetime::Ends;
use crate::metadata::Told;
use phago_core::Error;
use phago_core::documents::Document;
use phago_core::read::FoundDocument;
use phago_core::text::WORD_BYTES_MAX;
use phago_engine::intake::ingest::Ingested;
use pyo3::prelude::*;

/// A document that was rejected, or accepted in part.
#[pyclass(frozen, get_all, module = "phago._phago")]
#[derive(Clone)]
pub(crate) struct RejectedRow {
    /// Its index in the caller's sequence.
    index: usize,
    id: Option<String>,
    field: String,
    reason: String,
}

impl From<Error> for RejectedRow {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidDocument { index, id, field, reason } => RejectedRow { index, id, field, reason },
            Error::DocumentExists { index, id } => {
                let reason =
                    "is taken by a document with other content; accepted is an id that is free, or the same content";
                RejectedRow { index, id: Some(id), field: "id".into(), reason: reason.into() }
            }
            // The engine rejects for no other reason; if it ever does, the message is kept.
            other => RejectedRow { index: 0, id: None, field: "document".into(), reason: other.to_string() },
        }
    }
}

// A document of which so many words are not indexed.
impl From<(usize, Option<String>, u32)> for RejectedRow {
    fn from((index, id, words): (usize, Option<String>, u32)) -> Self {
        let reason = format!("has {words} words of more than {WORD_BYTES_MAX} bytes, which are not indexed");
        RejectedRow { index, id, field: "text".into(), reason }
    }
}

row! {
    /// The outcome of a chunk of documents.
    IngestedRow from ingested, Ingested {
        accepted: u64 = ingested.accepted,
        unchanged: u64 = ingested.unchanged,
        rejected: Vec<RejectedRow> = rows(ingested.rejected),
        unindexed: Vec<RejectedRow> = rows(ingested.unindexed),
    }
}

row! {
    /// A stored document.
    StoredRow from document, &Document {
        /// The caller's id, or 32 hex digits.
        id: String = document.name(),
        /// Whether the caller gave an id.
        named: bool = document.body.key.is_some(),
        title: String = document.body.title.to_string(),
        text: String = document.body.text.to_string(),
        /// The first tick whose cut includes it.
        arrival: u32 = document.arrival,
        /// The tick that digested it.
        digested: Option<u32> = document.digested,
        metadata: Told = Told(document.body.metadata.clone()),
        /// When it leaves by itself.
        expires: Option<Ends> = document.body.expires.map(Ends),
    }
}

row! {
    /// A document that a search found by its words.
    FoundRow from found, FoundDocument {
        score: f64 = found.score,
        /// The caller's id, or 32 hex digits.
        id: String = found.name,
        title: String = found.title,
        text: String = found.text,
        /// The tick that digested it.
        digested: Option<u64> = found.digested,
        metadata: Told = Told(found.metadata),
    }
}
