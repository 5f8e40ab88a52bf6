//! The digest of a colony: a hash of its canonical dump, which can be computed in parts.
//!
//! The dump is a set of *records*: a document with what became of it; a term with its word forms, its concept and the
//! synapses of that; a deleted document that the next tick unwires; the reinforcements of a document; a digester. Each
//! is hashed where it is kept, and the hashes are summed (`sum.rs`). So every node of a colony computes the part of
//! what it holds, the parts are merged in any order, and nothing depends on how many shards, threads or processes there
//! are, or on what was swept. What no shard owns, as config and tick, is hashed with the sum.
//!
//! Within a record entities are in the order of their 128-bit ids, numbers are little-endian, strings and lists follow
//! their length.

mod order;
mod part;
mod records;
mod sum;
mod writer;

pub use part::{Part, Scope};

use crate::Result;
use crate::cancel::Cancel;
use crate::replica::Replica;

/// Returns the digest of a replica that has all seats, as 64 hexadecimal digits.
///
/// # Errors
/// [`crate::Error::Cancelled`] once the flag is set, here and below; [`crate::Error::Wire`] if it is not the whole
/// colony.
pub fn digest(replica: &Replica, cancel: &Cancel) -> Result<String> {
    Part::of(replica, Scope::Whole, cancel)?.digest(replica.commons())
}

/// Returns the digest of what documents alone decide: texts, postings, N, lengths, df, word forms. It equals that of a
/// colony that never had the documents deleted from this one.
///
/// # Errors
/// Those of [`digest`].
pub fn evidence(replica: &Replica, cancel: &Cancel) -> Result<String> {
    Part::of(replica, Scope::Evidence, cancel)?.digest(replica.commons())
}
