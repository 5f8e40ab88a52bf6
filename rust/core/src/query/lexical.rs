//! BM25 over global, exact statistics (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
//!
//! score(d) = sum over the question's terms of count * idf * tf (k1 + 1) / (tf + k1 (1 - b + b * length / mean)),
//! summed in the order of the terms' ids, all at the document's home: no partial sum ever crosses a shard.

use crate::commons::Commons;
use crate::shard::Shard;
use crate::text::QueryWord;
use std::sync::Arc;

/// How fast repeated terms saturate.
pub const K1: f64 = 1.5;
/// How much a document's length counts.
pub const B: f64 = 0.75;

/// A document found.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Found {
    /// Its BM25 score.
    pub score: f64,
    /// Its id, which ends ties.
    pub id: u128,
    /// The seat of its home.
    pub seat: usize,
    /// Its place there.
    pub place: u32,
}

/// Buffers that one query after another may use; they grow to the largest shard's number of documents.
#[derive(Debug, Default)]
pub struct Scratch {
    scores: Vec<f64>,
    touched: Vec<u32>,
}

/// The `k` best documents, best first; equal scores in order of document ids.
pub fn search(
    shards: &[Arc<Shard>],
    commons: &Commons,
    words: &[QueryWord],
    k: usize,
    scratch: &mut Scratch,
) -> Vec<Found> {
    let mut terms: Vec<(u128, u32, f64)> = words
        .iter()
        .filter_map(|word| word.term.map(|term| (term, word.count)))
        .filter(|&(term, _)| commons.df(term) > 0)
        .map(|(term, count)| (commons.id(term), term, f64::from(count) * commons.idf(term) * (K1 + 1.0)))
        .collect();
    terms.sort_unstable_by_key(|term| term.0);
    if terms.is_empty() || k == 0 {
        return Vec::new();
    }
    let per_word = K1 * B / commons.mean_length();
    let mut best = Best::new(k);
    for (seat, shard) in shards.iter().enumerate() {
        let documents = shard.documents();
        if scratch.scores.len() < documents.len() {
            scratch.scores.resize(documents.len(), 0.0);
        }
        let lengths = documents.lengths();
        for &(_, term, weight) in &terms {
            for &(place, count) in documents.postings(term) {
                let score = &mut scratch.scores[place as usize];
                if *score == 0.0 {
                    scratch.touched.push(place);
                }
                let norm = K1 * (1.0 - B) + per_word * f64::from(lengths[place as usize]);
                let tf = f64::from(count);
                *score += weight * (tf / (tf + norm));
            }
        }
        for place in scratch.touched.drain(..) {
            let score = std::mem::take(&mut scratch.scores[place as usize]);
            if score >= best.threshold {
                let id = documents.all()[place as usize].id.0;
                best.push(Found { score, id, seat, place });
            }
        }
    }
    best.finish()
}

// Keeps a few times k candidates and cuts them back now and then: cheaper than a heap, and as exact.
struct Best {
    k: usize,
    threshold: f64,
    found: Vec<Found>,
}

fn rank(a: &Found, b: &Found) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.id.cmp(&b.id))
}

impl Best {
    fn new(k: usize) -> Self {
        Best { k, threshold: 0.0, found: Vec::new() }
    }

    fn push(&mut self, found: Found) {
        self.found.push(found);
        if self.found.len() >= self.k.saturating_mul(3).saturating_add(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.found.len() > self.k {
            let (_, last, _) = self.found.select_nth_unstable_by(self.k - 1, rank);
            self.threshold = last.score;
            self.found.truncate(self.k);
        }
    }

    fn finish(mut self) -> Vec<Found> {
        self.cut();
        self.found.sort_unstable_by(rank);
        self.found
    }
}
