//! Buffers of questions.

use crate::query::bm25::Scratch;
use crate::query::concepts::Sums;
use crate::query::evidence::Tally;
use crate::query::marks::Marks;

/// Buffers that one question after another may use; they grow to the largest shard and to the vocabulary.
#[derive(Debug, Default)]
pub struct Buffers {
    pub(crate) bm25: Scratch,
    // The question's terms, and the concepts they light up.
    pub(crate) words: Marks,
    pub(crate) concepts: Marks,
    pub(crate) found: Vec<(u32, u32)>,
    pub(crate) tally: Tally,
    pub(crate) sums: Sums,
}
