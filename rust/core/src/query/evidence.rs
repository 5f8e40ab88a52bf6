//! What one document has of a question: made at its home, of plain numbers, for seeds, answers and explanations.

use crate::commons::{Commons, idf};
use crate::documents::Document;
use crate::query::lexical::{B, K1, gain};
use crate::query::question::Question;
use crate::query::ranking::Ranking;

/// Which terms matter, by term index: a table that is written before documents are read and wiped after.
#[derive(Debug, Default)]
pub struct Marks {
    table: Vec<u32>,
    marked: Vec<u32>,
}

impl Marks {
    /// Mark terms with their places in a list, and forget what was marked before.
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

    /// The marked terms of a document as (place in the list, tf), by place. What is read is the shorter of the two.
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

/// What a document has of a question's words.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Its BM25 score.
    pub bm25: f64,
    /// The share of the question's idf mass that it covers.
    pub coverage: f64,
    /// The share of that mass in its title, times the share of the title that is so explained.
    pub title: f64,
}

impl Evidence {
    /// The BM25 score with the coverage in it.
    pub fn covered(&self, ranking: &Ranking) -> f64 {
        if self.bm25 > 0.0 { self.bm25 * libm::pow(self.coverage, ranking.coverage_power) } else { 0.0 }
    }
}

/// What a question's word gives to a document's BM25 score.
pub fn word_gain(question: &Question, place: u32, tf: u32, length: u32, commons: &Commons) -> f64 {
    let term = &question.terms[place as usize];
    let weight = f64::from(term.count) * term.idf * (K1 + 1.0);
    gain(weight, tf, length, K1 * B / commons.mean_length())
}

/// Weigh what was found of a question's words in a document.
pub fn weigh(
    question: &Question,
    found: &[(u32, u32)],
    document: &Document,
    length: u32,
    commons: &Commons,
) -> Evidence {
    let mut evidence = Evidence::default();
    for &(place, tf) in found {
        evidence.bm25 += word_gain(question, place, tf, length, commons);
        evidence.coverage += question.terms[place as usize].mass();
    }
    if found.is_empty() {
        return evidence;
    }
    evidence.coverage /= question.mass;
    evidence.title = title_share(question, &document.title_terms, commons);
    evidence
}

fn title_share(question: &Question, title: &[u32], commons: &Commons) -> f64 {
    let (mut asked, mut explained) = (0.0, 0.0);
    let mut rest = 0.0;
    let hit = |term: &u32| question.terms.iter().find(|known| known.term == *term);
    if !title.iter().any(|term| hit(term).is_some()) {
        return 0.0;
    }
    for (at, term) in title.iter().enumerate() {
        if title[..at].contains(term) {
            continue;
        }
        match hit(term) {
            Some(known) => {
                asked += known.mass();
                explained += known.idf;
            }
            None => rest += commons.idf(*term),
        }
    }
    (asked / question.mass) * (explained / (explained + rest))
}

/// How much a title names: its idf mass against `name_mass` ln N, sharpened.
pub fn name_strength(title: &[u32], commons: &Commons, ranking: &Ranking) -> f64 {
    let full = ranking.name_mass * libm::log((commons.documents() as f64).max(3.0));
    libm::pow((title_mass(title, commons) / full).min(1.0), ranking.name_power)
}

/// The idf mass of a title.
pub fn title_mass(title: &[u32], commons: &Commons) -> f64 {
    title.iter().map(|term| idf(commons.documents(), commons.df(*term))).sum()
}
