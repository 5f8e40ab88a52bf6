//! A question's words in the passages of a document.

use crate::documents::Document;
use crate::query::question::Question;

/// Counts the question's words in the passages of a document, one passage after the other.
#[derive(Debug, Default)]
pub struct Tally {
    // By index of a term in the document: its index in `found`, plus 1.
    wanted: Vec<u32>,
    // By index in `found`: how often the current passage has it; 0 between passages.
    counts: Vec<u32>,
    met: Vec<(u32, u32)>,
    // What counts in the document without a position counts in every passage.
    placeless: Vec<(u32, u32)>,
}

impl Tally {
    /// Visits the passages of a document: the number of each, which found words it has together with the title, by
    /// index in `found`, how often, and how many words the two have together.
    pub fn visit(
        &mut self,
        question: &Question,
        found: &[(u32, u32)],
        document: &Document,
        mut visit: impl FnMut(u32, &[(u32, u32)], u32),
    ) {
        let Tally { wanted, counts, met, placeless } = self;
        let sequence = &document.sequence;
        placeless.clear();
        wanted.clear();
        wanted.resize(document.terms.len(), 0);
        counts.resize(counts.len().max(found.len()), 0);
        for (at, &(place, tf)) in found.iter().enumerate() {
            let term = question.terms[place as usize].term;
            if let Some((local, _)) = document.terms.find(term) {
                if sequence.is_placeless(local) {
                    placeless.push((at as u32, tf));
                } else {
                    wanted[local] = at as u32 + 1;
                }
            }
        }
        for number in 0..sequence.passages().len() {
            let words = sequence.words_of(number);
            for part in [0..sequence.title(), words.clone()] {
                sequence.visit(part, |local| {
                    if let Some(at) = wanted[local as usize].checked_sub(1) {
                        let count = &mut counts[at as usize];
                        if *count == 0 {
                            met.push((at, 0));
                        }
                        *count += 1;
                    }
                });
            }
            for (at, count) in met.iter_mut() {
                *count = std::mem::take(&mut counts[*at as usize]);
            }
            met.extend_from_slice(placeless);
            met.sort_unstable();
            visit(number as u32, met, (sequence.title() + words.len()) as u32);
            met.clear();
        }
    }
}
