//! Documents: what a caller gives, what the analyser makes of it, and what a shard keeps.
//!
//! A [`Body`] is a document as it was given, from the binding to the shard that keeps it. An [`Analysed`] body is on
//! its way there; a [`Document`] is at home, in the [`Documents`] of its shard, which keep [`Postings`] over it.

mod body;
mod postings;
mod store;

pub use body::{Body, DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
pub use postings::{Posting, Postings};
pub use store::{Analysed, DOCUMENTS_MAX, Document, Documents, GONE_MIN};
