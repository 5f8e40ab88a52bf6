//! Which terms matter to a question, by term index.

use crate::documents::Document;

/// A table by term that is filled before documents are read and cleared afterwards.
#[derive(Debug, Default)]
pub struct Marks {
    table: Vec<u32>,
    // A bit for each term that is marked: few are, and the bits stay in the nearest cache.
    bits: Vec<u64>,
    marked: Vec<u32>,
}

// A step of a binary search costs as much as looking at so many terms in order.
const STEP_TERMS: usize = 6;

impl Marks {
    /// Marks terms with their indices in a list, and clears earlier marks.
    pub fn set(&mut self, terms: impl Iterator<Item = u32>, vocabulary: usize) {
        for term in self.marked.drain(..) {
            self.table[term as usize] = 0;
            self.bits[term as usize / 64] = 0;
        }
        if self.table.len() < vocabulary {
            self.table.resize(vocabulary, 0);
            self.bits.resize(vocabulary.div_ceil(64), 0);
        }
        for (place, term) in terms.enumerate() {
            self.table[term as usize] = place as u32 + 1;
            self.bits[term as usize / 64] |= 1 << (term % 64);
            self.marked.push(term);
        }
    }

    /// Returns the index of a term in the list, plus 1; 0 if it is not marked.
    pub fn of(&self, term: u32) -> u32 {
        if self.has(term) { self.table[term as usize] } else { 0 }
    }

    fn has(&self, term: u32) -> bool {
        self.bits[term as usize / 64] >> (term % 64) & 1 == 1
    }

    /// Adds to `into` the marked terms of a document as (index in the list, tf), by index. It reads the shorter of the
    /// list and the document's terms.
    pub fn found(&self, document: &Document, into: &mut Vec<(u32, u32)>) {
        into.clear();
        let (marked, terms) = (&self.marked, &document.terms);
        let steps = usize::BITS - terms.len().leading_zeros();
        if marked.len() * steps as usize * STEP_TERMS < terms.len() {
            into.extend(marked.iter().enumerate().filter_map(|(place, term)| {
                let (_, count) = terms.find(*term)?;
                Some((place as u32, count))
            }));
        } else {
            terms.iter().for_each(|(term, tf)| {
                if self.has(term) {
                    into.push((self.table[term as usize] - 1, tf));
                }
            });
            into.sort_unstable();
        }
    }
}
