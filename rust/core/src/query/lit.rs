//! Lit concepts, and the documents that they light up.

use crate::Result;
use crate::metadata::Among;
use crate::query::view::{Local, Spot};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A concept that the seeds light up.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lit {
    /// The id of its node, which orders sums.
    #[serde(with = "crate::ids::sixteen")]
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// How strongly it is lit, E.
    pub strength: f64,
    /// The part of it that came directly from the question's words.
    pub hop: f64,
    /// E * idf, which 1 + ln tf of a document is multiplied with.
    pub weight: f64,
    /// The number of documents that have it.
    pub df: u32,
}

/// Weights of the counts of a term, 1 + ln tf.
#[derive(Copy, Clone, Debug)]
pub struct TermWeights(&'static [f64; 64]);

impl TermWeights {
    /// Returns the weights; those of small counts are looked up.
    pub fn new() -> TermWeights {
        static SMALL: LazyLock<[f64; 64]> = LazyLock::new(|| std::array::from_fn(|tf| weight(tf as u32)));
        TermWeights(&SMALL)
    }

    /// Returns that of a count.
    #[inline]
    pub fn of(self, tf: u32) -> f64 {
        match self.0.get(tf as usize) {
            Some(weight) => *weight,
            None => weight(tf),
        }
    }
}

impl Default for TermWeights {
    fn default() -> Self {
        TermWeights::new()
    }
}

fn weight(tf: u32) -> f64 {
    1.0 + libm::log(f64::from(tf.max(1)))
}

/// Returns 1 + ln tf.
pub fn term_weight(tf: u32) -> f64 {
    TermWeights::new().of(tf)
}

/// Sums by place, for one shard after another.
#[derive(Debug, Default)]
pub struct Sums {
    by_place: Vec<f64>,
    touched: Vec<u32>,
    lit: Vec<(f64, u32)>,
}

impl Sums {
    // Clears what a cancelled search left.
    fn clear(&mut self, room: usize) {
        for place in self.touched.drain(..) {
            self.by_place[place as usize] = 0.0;
        }
        self.lit.clear();
        if self.by_place.len() < room {
            self.by_place.resize(room, 0.0);
        }
    }
}

/// A document that concepts light up.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LitDocument {
    /// How strongly, by the concepts whose postings were read.
    pub sum: f64,
    /// Its id, by which ties are ordered.
    #[serde(with = "crate::ids::sixteen")]
    pub id: u128,
    /// Where it is.
    pub spot: Spot,
}

/// Returns the `most` allowed documents of one shard that concepts light up most; ties are decided by id. They are in
/// no order.
pub fn find(
    local: Local<'_>,
    concepts: &[Lit],
    most: usize,
    among: &impl Among,
    sums: &mut Sums,
) -> Result<Vec<LitDocument>> {
    let documents = local.documents();
    sums.clear(documents.room());
    let Sums { by_place, touched, lit } = sums;
    let weights = TermWeights::new();
    for concept in concepts {
        local.poll()?;
        let Some(postings) = documents.postings(concept.term) else { continue };
        let mut met = touched.len();
        touched.resize(met + postings.cost() + 1, 0);
        postings.visit(documents.taken(), |(place, tf)| {
            if !among.has(place) {
                return;
            }
            let sum = &mut by_place[place as usize];
            // Whether a document is met for the first time cannot be foreseen, so nothing branches on it.
            touched[met] = place;
            met += usize::from(*sum == 0.0);
            *sum += concept.weight * weights.of(tf);
        });
        touched.truncate(met);
    }
    let norms = documents.norms();
    let (mut threshold, mut room) = (0.0, most.saturating_mul(4));
    for place in touched.drain(..) {
        let sum = std::mem::take(&mut by_place[place as usize]) / norms[place as usize];
        if sum >= threshold {
            lit.push((sum, place));
            if lit.len() > room {
                threshold = cut(lit, most);
                room = room.max(2 * lit.len());
            }
        }
    }
    cut(lit, most);
    // Ids lie far apart in memory: they are read only for documents that can be among the best.
    documents.warm(lit.iter().map(|lit| lit.1));
    let best = lit.iter();
    let best = best.map(|&(sum, place)| {
        let (spot, id) = local.spot(place);
        LitDocument { sum, id, spot }
    });
    Ok(keep_best(best.collect(), most))
}

// Leaves the `most` largest, and what is as large as the last of them. Returns that one, or 0 while there are fewer.
fn cut(lit: &mut Vec<(f64, u32)>, most: usize) -> f64 {
    if lit.len() <= most || most == 0 {
        return 0.0;
    }
    let least = lit.select_nth_unstable_by(most - 1, |a, b| b.0.total_cmp(&a.0)).1.0;
    lit.retain(|lit| lit.0 >= least);
    least
}

/// Returns the best `most` of what any number of shards found, in no order.
pub fn keep_best(mut all: Vec<LitDocument>, most: usize) -> Vec<LitDocument> {
    if all.len() > most {
        all.select_nth_unstable_by(most, order);
        all.truncate(most);
    }
    all
}

/// Orders by strength, the strongest first; ties by id.
pub fn order(a: &LitDocument, b: &LitDocument) -> std::cmp::Ordering {
    b.sum.total_cmp(&a.sum).then(a.id.cmp(&b.id))
}
