//! Converts a colony to columns of numbers and strings, and back: a store keeps them so that it need not replay a whole
//! history.
//!
//! A column holds one field of every document, word or synapse, so that similar values are neighbours and compress.
//! Words get new indices, without those that no document has. Nothing depends on the number of shards: a colony can be
//! read onto any ring. Postings, statistics and the ticks at which synapses end are not stored; reading computes them
//! again.
//!
//! Of a colony that is spread over nodes each reads its [`Share`] of the same sections. Writing takes two rounds: the
//! nodes tell their [`WordsInUse`], from which all derive the same new indices; then each makes the [`Piece`]s of its
//! seats ([`Pieces`]), which [`join`] puts together, by seat. The sections equal those that one process writes.

mod columns;
mod piece;
mod placing;
mod read;
mod share;
mod sums;
#[cfg(test)]
mod tests;
mod write;

pub use columns::Section;
pub use piece::Piece;
pub use read::{Job, Parsed, build, build_with, read};
pub use share::Share;
pub use write::{Pieces, WordsInUse, as_it_is, common, join, write};
