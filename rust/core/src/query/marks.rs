//! Which terms matter to a question, by term index.

use crate::documents::Document;

/// A table by term that is filled before documents are read and cleared afterwards.
#[derive(Debug, Default)]
pub struct Marks {
    table: Vec<u32>,
    marked: Vec<u32>,
}

impl Marks {
    /// Marks terms with their indices in a list, and clears earlier marks.
    pub fn set(&mut self, terms: impl Iterator<Item = u32>, vocabulary: usize) {
        for term in self.marked.drain(..) {
            self.table[term as usize] = 0;
        }
        if self.table.len() < vocabulary {
            self.table.resize(vocabulary, 0);
        }
        for (place, term) in terms.enumerate() {
            self.table[term as usize] = place as u32 + 1;
            self.marked.push(term);
        }
    }

    /// Returns the index of a term in the list, plus 1; 0 if it is not marked.
    pub fn of(&self, term: u32) -> u32 {
        self.table[term as usize]
    }

    /// Adds to `into` the marked terms of a document as (index in the list, tf), by index. It reads the shorter of the
    /// list and the document's terms.
    pub fn found(&self, document: &Document, into: &mut Vec<(u32, u32)>) {
        into.clear();
        let (marked, terms) = (&self.marked, &document.terms);
        let steps = usize::BITS - terms.len().leading_zeros();
        if marked.len() * (steps as usize) < terms.len() {
            into.extend(marked.iter().enumerate().filter_map(|(place, term)| {
                let at = terms.binary_search_by_key(term, |known| known.0).ok()?;
                Some((place as u32, terms[at].1))
            }));
        } else {
            for &(term, tf) in terms {
                let place = self.table[term as usize];
                if place > 0 {
                    into.push((place - 1, tf));
                }
            }
            into.sort_unstable();
        }
    }
}
