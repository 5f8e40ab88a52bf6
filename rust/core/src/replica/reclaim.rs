//! Words that left with their last document are forgotten, by numbering those that stay anew.
//!
//! A term's number is its index in many lists, and what is kept of documents, rows and postings is sorted by it. So the
//! numbers of those that stay are closed up in their order, in all of the state at once. No digest, ranking or score
//! knows numbers.

use super::Replica;
use crate::commons::Renumbering;
use std::sync::Arc;

/// Words that no document has are forgotten once more than this and half of all are such.
pub const WORDS_GONE_MIN: usize = 1 << 15;

impl Replica {
    /// Whether words that no document has are most of the dictionary: those of documents that went or were refused. What
    /// waits to be unwired speaks of such words, so while anything does, none can be forgotten.
    pub fn has_words_to_forget(&self) -> bool {
        let vocabulary = self.commons.vocabulary();
        let are_many = vocabulary.stored_forms() > 2 * vocabulary.living_forms() + WORDS_GONE_MIN;
        are_many && self.commons.backlog().unwiring() == 0
    }

    /// Forgets the words that no document has, if they are many. The dictionary is then another one: whoever holds the
    /// old one can still read it, but numbers that it gave mean nothing to this state, and nothing that was prepared
    /// before may be applied. Returns whether it did so; the cost is that of the state.
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
