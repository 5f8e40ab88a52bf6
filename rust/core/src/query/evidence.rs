//! The evidence of a document for a question: its home shard computes it, as plain numbers, for seeds, answers and
//! explanations.
//!
//! S(d) = BM25(d) * coverage(d)^coverage_power, where the coverage is the share of the question's idf mass that d has.
//! A document of several passages has the mean of that and of the highest S of a passage with the title, with
//! `passage_share` as the weight of the latter.

use crate::commons::Commons;
use crate::documents::Document;
use crate::query::bm25::{K1, gain, per_word};
use crate::query::buffers::Buffers;
use crate::query::coverage::coverage;
use crate::query::marks::Marks;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use serde::{Deserialize, Serialize};

/// A BM25 score without and with the covered share of the question.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Covered {
    /// The BM25 score.
    pub bm25: f64,
    /// The BM25 score * coverage^coverage_power, where the coverage is the share of the question's idf mass that is
    /// found.
    pub covered: f64,
}

impl Covered {
    /// Returns the score of what has a share of the question: the masses of its terms that are found sum to `found`.
    pub fn of(bm25: f64, found: f64, question: &Question, ranking: &Ranking) -> Covered {
        Covered::with(bm25, found, |found| coverage(found, question, ranking))
    }

    fn with(bm25: f64, found: f64, coverage: impl FnOnce(f64) -> f64) -> Covered {
        Covered { bm25, covered: if bm25 > 0.0 { bm25 * coverage(found) } else { 0.0 } }
    }
}

/// What a document has of a question: of its words, and beside them.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Of the document as a whole.
    pub whole: Covered,
    /// Of its best passage with the title, if it has several, and the number of that passage.
    pub passage: Option<(u32, Covered)>,
    /// The share of the question's mass in its title, times the share of the title's mass that the question has.
    pub title: f64,
    /// The cosine of its vector with the question's, if both are there.
    pub cosine: Option<f64>,
    /// The moment that it is of, if that counts.
    pub time: Option<i64>,
}

impl Evidence {
    /// Returns its covered BM25 score. In a document of several passages, the best one has its share in it.
    pub fn covered(&self, ranking: &Ranking) -> f64 {
        match self.passage {
            None => self.whole.covered,
            Some((_, best)) => blend(self.whole.covered, best.covered, ranking),
        }
    }
}

/// Returns the mean of the whole and of the best passage, for a document of several passages.
pub fn blend(whole: f64, passage: f64, ranking: &Ranking) -> f64 {
    (1.0 - ranking.passage_share) * whole + ranking.passage_share * passage
}

/// Returns what a question's word adds to a BM25 score. `per_word` is that of the state
/// ([`crate::query::bm25::per_word`]).
pub(crate) fn word_gain(question: &Question, place: u32, tf: u32, length: u32, per_word: f64) -> f64 {
    let term = &question.terms[place as usize];
    let weight = f64::from(term.count) * term.idf * (K1 + 1.0);
    gain(weight, tf, length, per_word)
}

/// Weighs what a document of `length` indexed words has of a question whose words are marked.
pub fn weigh(
    question: &Question,
    document: &Document,
    length: u32,
    commons: &Commons,
    ranking: &Ranking,
    buffers: &mut Buffers,
) -> Evidence {
    let Buffers { words, found, tally, coverages, .. } = buffers;
    words.found(document, found);
    if found.is_empty() {
        return Evidence::default();
    }
    let per_word = per_word(commons);
    let mut cover = |found: &mut dyn Iterator<Item = (u32, u32)>, length: u32| {
        let (mut bm25, mut coverage) = (0.0, 0.0);
        let mut places = Vec::new();
        for (place, tf) in found {
            bm25 += word_gain(question, place, tf, length, per_word);
            match question.readings.is_empty() {
                true => coverage += question.terms[place as usize].mass(),
                false => places.push(place),
            }
        }
        if !places.is_empty() {
            coverage = question.met(places.into_iter());
        }
        Covered::with(bm25, coverage, |found| coverages.of(found, question, ranking))
    };
    let whole = cover(&mut found.iter().copied(), length);
    let title = title_share(question, words, &document.title_terms, commons);
    let mut passage: Option<(u32, Covered)> = None;
    if !document.sequence.passages().is_empty() && ranking.passage_share > 0.0 {
        tally.visit(question, found, document, |number, met, length| {
            let here = cover(&mut met.iter().map(|&(at, count)| (found[at as usize].0, count)), length);
            if passage.is_none_or(|(_, best)| here.covered > best.covered) {
                passage = Some((number, here));
            }
        });
    }
    Evidence { whole, passage, title, ..Evidence::default() }
}

fn title_share(question: &Question, words: &Marks, title: &[u32], commons: &Commons) -> f64 {
    let (mut asked, mut explained) = (0.0, 0.0);
    let mut rest = 0.0;
    if !title.iter().any(|&term| words.of(term) > 0) {
        return 0.0;
    }
    for (at, term) in title.iter().enumerate() {
        if title[..at].contains(term) {
            continue;
        }
        match words.of(*term).checked_sub(1) {
            Some(place) => {
                let known = &question.terms[place as usize];
                asked += known.mass();
                explained += known.idf;
            }
            None => rest += commons.idf(*term),
        }
    }
    (asked / question.mass) * (explained / (explained + rest))
}
