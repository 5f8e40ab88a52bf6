//! Documents: as a caller gives them, as the analyser returns them, and as a shard stores them.
//!
//! A [`Body`] is a document as the caller gives it; it stays the same from the binding to the shard. An [`Analysed`]
//! body is on its way to its home shard. A [`Document`] is stored there, in the shard's [`Documents`], which also keep
//! the [`Postings`] of its terms, and its [`Vector`] among the [`Vectors`] of the shard: [`Known`] is a body with both.

mod blocks;
mod body;
mod known;
mod lifetime;
mod packed;
mod postings;
mod store;
mod terms;
mod thread;
mod vector;
mod vectors;

pub(crate) use body::{Bodies, Columns};
pub use body::{Body, DOCUMENT_BYTES_MAX, KEY_BYTES_MAX};
pub use known::Known;
pub use lifetime::Lifetime;
pub use postings::{BLOCK, Posting, PostingBlock, Postings};
pub use store::{Analysed, DOCUMENTS_MAX, Document, Documents, GONE_MIN};
pub use terms::Terms;
pub use thread::{THREAD_BYTES_MAX, ThreadPlace};
pub use vector::{DIMENSION_MAX, Vector, square};
pub use vectors::{Block, Vectors};
