//! The number of documents, their length, and how many documents have each term.

use super::{Renumbering, Tally};
use crate::documents::Terms;

/// The numbers that BM25 and salience read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statistics {
    documents: u64,
    length: u64,
    // By term index.
    df: Vec<u32>,
}

impl Statistics {
    /// Returns those of no document, with room for `terms` terms.
    pub(crate) fn of(terms: usize) -> Statistics {
        Statistics { df: vec![0; terms], ..Statistics::default() }
    }

    pub(crate) fn documents(&self) -> u64 {
        self.documents
    }

    /// Returns the indexed words of all documents together.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn df(&self, term: u32) -> u32 {
        self.df.get(term as usize).copied().unwrap_or(0)
    }

    /// Returns the document frequencies, by term index.
    pub(crate) fn all_df(&self) -> &[u32] {
        &self.df
    }

    /// Makes room for `terms` terms.
    pub(super) fn grow(&mut self, terms: usize) {
        self.df.resize(terms, 0);
    }

    /// Takes over the new term indices.
    pub(super) fn renumber(&mut self, numbers: &Renumbering) {
        self.df = numbers.kept(&self.df);
    }

    /// Counts a document with these terms and so many words.
    pub(crate) fn count(&mut self, terms: impl Iterator<Item = u32>, length: u64) {
        self.documents += 1;
        self.length += length;
        for term in terms {
            self.df[term as usize] += 1;
        }
    }

    /// Takes over what all nodes of a colony counted.
    pub(super) fn tally(&mut self, tally: &Tally) {
        self.documents = moved(self.documents, tally.documents, "documents");
        self.length = moved(self.length, tally.length, "words of all documents");
        for &(term, by) in &tally.df {
            let df = &mut self.df[term as usize];
            *df = df.checked_add_signed(by).expect("a term of a document is counted");
        }
    }

    /// Takes a document out of the counts.
    pub(super) fn uncount(&mut self, terms: &Terms, length: u64) {
        self.documents = less(self.documents, 1, "documents");
        self.length = less(self.length, length, "words of all documents");
        for (term, _) in terms.iter() {
            let df = &mut self.df[term as usize];
            *df = df.checked_sub(1).expect("a term of a document is counted");
        }
    }
}

/// Returns a count minus something that it included. A count below 0 would silently be wrong in every digest from then
/// on, so this panics.
pub(super) fn less(count: u64, by: u64, what: &str) -> u64 {
    count.checked_sub(by).unwrap_or_else(|| panic!("{by} {what} are to go of {count}"))
}

/// Returns a count plus a difference; like [`less`], this panics if it would fall below 0.
pub(super) fn moved(count: u64, by: i64, what: &str) -> u64 {
    count.checked_add_signed(by).unwrap_or_else(|| panic!("{by} {what} are to be added to {count}"))
}
