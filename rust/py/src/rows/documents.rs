//! Rows of documents: outcomes of an ingest, and documents that are found.

use super::{row, rows};
use crate::metadata::Told;
use crate::moment::Moment;
use phago_core::Error;
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
    /// The outcome of a chunk of updates.
    UpdatedRow from updated, UpdatedAll {
        new: u64 = updated.new,
        changed: u64 = updated.changed,
        unchanged: u64 = updated.unchanged,
        rejected: Vec<RejectedRow> = rows(updated.rejected),
    }
}

/// A document that a search found by its words, in the order in which Python reads it. A tuple, as there are many.
#[derive(IntoPyObject)]
pub(crate) struct FoundRow(
    /// The score.
    f64,
    /// The caller's id, or 32 hex digits.
    String,
    /// The title.
    String,
    /// The text.
    String,
    /// The tick that digested it.
    Option<u64>,
    /// The metadata.
    Told,
    /// The thread in which it has a place, and the place.
    Option<String>,
    Option<i64>,
    /// The moment that it is of.
    Option<Moment>,
);

impl From<FoundDocument> for FoundRow {
    fn from(found: FoundDocument) -> Self {
        let FoundDocument { score, name, title, text, digested, metadata, thread, time, .. } = found;
        let place = thread.as_ref().map(|at| at.place);
        let thread = thread.map(|at| at.thread.into());
        FoundRow(score, name, title, text, digested, Told(metadata), thread, place, time.map(Moment))
    }
}
