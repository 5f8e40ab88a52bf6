//! Buffers of questions.

use crate::commons::Commons;
use crate::query::bm25::Scratch;
use crate::query::coverage::Coverages;
use crate::query::lit::{Lit, Sums};
use crate::query::marks::Marks;
use crate::query::question::Question;
use crate::query::tally::Tally;

/// Buffers that questions use one after another; they grow to the largest shard and to the vocabulary.
#[derive(Debug, Default)]
pub struct Buffers {
    pub(crate) bm25: Scratch,
    // The question's terms, and the concepts they light up.
    pub(crate) words: Marks,
    pub(crate) concepts: Marks,
    pub(crate) coverages: Coverages,
    pub(crate) found: Vec<(u32, u32)>,
    pub(crate) tally: Tally,
    pub(crate) sums: Sums,
}

impl Buffers {
    /// Marks the terms of a question, before documents are read for them.
    pub fn mark_words(&mut self, question: &Question, commons: &Commons) {
        self.coverages.clear();
        self.words.set(question.terms.iter().map(|term| term.term), commons.terms());
    }

    /// Marks the lit concepts, before documents are read for them.
    pub fn mark_concepts(&mut self, lit: &[Lit], commons: &Commons) {
        self.concepts.set(lit.iter().map(|lit| lit.term), commons.terms());
    }
}
