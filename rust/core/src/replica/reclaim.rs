//! Forgets words whose last document is deleted, by giving new indices to the terms that stay.
//!
//! A term's index is used in many lists, and documents, rows and postings are sorted by it. So the terms that stay are
//! renumbered in their order, in the whole state at once. No digest, ranking or score depends on term indices.

use super::Replica;
use crate::commons::Renumbering;
use std::sync::Arc;

/// Words that no document has are forgotten once they are more than this, and more than half of all words.
pub const WORDS_GONE_MIN: usize = 1 << 15;

impl Replica {
    /// Returns whether most words of the dictionary are in no document: those of documents that were deleted or
    /// refused. Documents that wait to be unwired refer to such words, so none is forgotten while one waits.
    pub fn has_words_to_forget(&self) -> bool {
        let vocabulary = self.commons.vocabulary();
        let are_many = vocabulary.stored_forms() > 2 * vocabulary.living_forms() + WORDS_GONE_MIN;
        are_many && self.commons.backlog().unwiring() == 0
    }

    /// Forgets the words that no document has, if they are many. The dictionary is then another one. The old one can
    /// still be read, but its term indices are invalid for this state, and nothing that was prepared before may be
    /// applied. Returns whether it did so. The cost is proportional to the state.
    pub fn forget_words(&mut self) -> bool {
        if !self.has_words_to_forget() {
            return false;
        }
        let numbers: Renumbering = Arc::make_mut(&mut self.commons).forget_words();
        for shard in &mut self.shards {
            Arc::make_mut(shard).renumber(&numbers, &self.commons);
        }
        true
    }
}
