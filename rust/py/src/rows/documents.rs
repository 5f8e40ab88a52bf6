//! Rows of documents: outcomes of an ingest, and documents that are stored or found.

use crate::metadata::Told;
use phago_core::Error;
use phago_core::documents::{Document, Lifetime};
use phago_core::read::FoundDocument;
use phago_core::text::WORD_BYTES_MAX;
use phago_engine::intake::ingest::Ingested;
use phago_engine::intake::many::UpdatedAll;
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

/// The outcome of a chunk of documents.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct IngestedRow {
    accepted: u64,
    unchanged: u64,
    rejected: Vec<RejectedRow>,
    unindexed: Vec<RejectedRow>,
}

impl From<Ingested> for IngestedRow {
    fn from(ingested: Ingested) -> Self {
        let unindexed = |(index, id, words)| {
            let reason = format!("has {words} words of more than {WORD_BYTES_MAX} bytes, which are not indexed");
            RejectedRow { index, id, field: "text".into(), reason }
        };
        IngestedRow {
            accepted: ingested.accepted,
            unchanged: ingested.unchanged,
            rejected: ingested.rejected.into_iter().map(RejectedRow::from).collect(),
            unindexed: ingested.unindexed.into_iter().map(unindexed).collect(),
        }
    }
}

/// The outcome of a chunk of updates.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct UpdatedRow {
    new: u64,
    changed: u64,
    unchanged: u64,
    rejected: Vec<RejectedRow>,
}

impl From<UpdatedAll> for UpdatedRow {
    fn from(updated: UpdatedAll) -> Self {
        let UpdatedAll { new, changed, unchanged, rejected } = updated;
        UpdatedRow { new, changed, unchanged, rejected: rejected.into_iter().map(RejectedRow::from).collect() }
    }
}

/// A stored document.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct StoredRow {
    /// The caller's id, or 32 hex digits.
    id: String,
    /// Whether the caller gave an id.
    named: bool,
    title: String,
    text: String,
    /// The first tick whose cut includes it.
    arrival: u32,
    /// The tick that digested it.
    digested: Option<u32>,
    metadata: Told,
    /// The tick after which it is gone.
    expires_tick: Option<u64>,
    /// The time from which on a tick takes it away, in microseconds since 1970 in UTC.
    expires_time: Option<i64>,
}

impl From<&Document> for StoredRow {
    fn from(document: &Document) -> Self {
        let (expires_tick, expires_time) = match document.body.expires {
            None => (None, None),
            Some(Lifetime::Tick(tick)) => (Some(tick), None),
            Some(Lifetime::Time(time)) => (None, Some(time)),
        };
        StoredRow {
            id: document.name(),
            named: document.body.key.is_some(),
            title: document.body.title.to_string(),
            text: document.body.text.to_string(),
            arrival: document.arrival,
            digested: document.digested,
            metadata: Told(document.body.metadata.clone()),
            expires_tick,
            expires_time,
        }
    }
}

/// A document that a search found by its words.
#[pyclass(frozen, get_all, module = "phago._phago")]
pub(crate) struct FoundRow {
    score: f64,
    /// The caller's id, or 32 hex digits.
    id: String,
    title: String,
    text: String,
    /// The tick that digested it.
    digested: Option<u64>,
    metadata: Told,
}

impl From<FoundDocument> for FoundRow {
    fn from(found: FoundDocument) -> Self {
        FoundRow {
            score: found.score,
            id: found.name,
            title: found.title,
            text: found.text,
            digested: found.digested,
            metadata: Told(found.metadata),
        }
    }
}
