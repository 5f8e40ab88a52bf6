//! Converts a colony to columns of numbers and strings, and back: a store keeps them so that it need not replay a whole
//! history.
//!
//! A column holds one field of every document, word or synapse, so that similar values are neighbours and compress.
//! Words get new indices, without those that no document has. Nothing depends on the number of shards: a colony can be
//! read onto any ring. Postings, statistics and the ticks at which synapses end are not stored; reading computes them
//! again.

mod columns;
#[cfg(test)]
mod forged;
mod read;
mod write;

pub use columns::Section;
pub use read::{Parsed, build, build_part, read};
pub use write::write;
