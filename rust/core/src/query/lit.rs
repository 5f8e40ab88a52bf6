//! Lit concepts, and the documents that they light up.

use crate::Result;
use crate::documents::Postings;
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

// Places are looked at so many at a time: their sums stay in the nearest caches, wherever lists go on.
const WINDOW: usize = 1 << 12;
// Postings of a line of memory.
const LINE: usize = 16;

/// Sums by place, for a window of one shard after another.
#[derive(Debug, Default)]
pub struct Sums {
    by_place: Vec<f64>,
    touched: Vec<u32>,
    lit: Vec<(f64, u32)>,
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
    find_by(WINDOW, local, concepts, most, among, sums)
}

fn find_by(
    window: usize,
    local: Local<'_>,
    concepts: &[Lit],
    most: usize,
    among: &impl Among,
    sums: &mut Sums,
) -> Result<Vec<LitDocument>> {
    let documents = local.documents();
    let Sums { by_place, touched, lit } = sums;
    by_place.resize(window, 0.0);
    // One more, as the next entry is written before it is known to be one.
    touched.resize(window + 1, 0);
    lit.clear();
    let (weights, norms) = (TermWeights::new(), documents.norms());
    let list = |concept: &Lit| Some((concept.weight, documents.postings(concept.term)?, 0));
    let mut lists: Vec<(f64, &Postings, usize)> = concepts.iter().filter_map(list).collect();
    let (mut threshold, mut room) = (0.0, most.saturating_mul(4));
    for start in (0..documents.room()).step_by(window) {
        // Between two windows all sums are 0, so that a cancelled search leaves none behind.
        local.poll()?;
        let mut met = 0;
        // How far a list goes in a window depends on what is read of it. Read together first, the lists are waited for
        // together.
        let ahead = lists.iter().fold(0, |read, (_, postings, next)| {
            read ^ postings.place_at(*next) ^ postings.place_at(*next + LINE) ^ postings.place_at(*next + 2 * LINE)
        });
        std::hint::black_box(ahead);
        for (weight, postings, next) in &mut lists {
            let weight = *weight;
            *next = postings.visit_to(documents.taken(), *next, (start + window) as u32, |(place, tf)| {
                if !among.has(place) {
                    return;
                }
                let at = place as usize - start;
                let sum = &mut by_place[at];
                // Whether a document is met for the first time cannot be foreseen, so nothing branches on it.
                touched[met] = at as u32;
                met += usize::from(*sum == 0.0);
                *sum += weight * weights.of(tf);
            });
        }
        for &at in &touched[..met] {
            let place = start + at as usize;
            let sum = std::mem::take(&mut by_place[at as usize]) / norms[place];
            if sum >= threshold {
                lit.push((sum, place as u32));
                if lit.len() > room {
                    threshold = cut(lit, most);
                    room = room.max(2 * lit.len());
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colony::Colony;
    use crate::config::ColonyConfig;
    use crate::metadata::Every;
    use crate::ring::Ring;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn windows_never_show(
            texts in prop::collection::vec(prop::collection::vec(0u32..12, 1..20), 1..60), gone in 0usize..20,
            window in 1usize..70, most in 1usize..30,
        ) {
            let mut colony = Colony::new(ColonyConfig::default(), Ring::new(1, 50)).unwrap();
            for (number, text) in texts.iter().enumerate() {
                let words: Vec<String> = text.iter().map(|n| format!("w{n}x")).collect();
                colony.ingest(Some(&number.to_string()), "", &words.join(" ")).unwrap();
            }
            for number in 0..gone.min(texts.len() / 2) {
                colony.delete(crate::ids::DocumentId::from_key(&number.to_string())).unwrap();
            }
            let commons = colony.state().commons();
            let mut concepts: Vec<Lit> = (0..commons.terms() as u32)
                .map(|term| Lit { id: commons.id(term), term, strength: 1.0, hop: 0.0, weight: 0.1 + f64::from(term), df: 2 })
                .collect();
            concepts.sort_unstable_by_key(|lit| lit.id);
            let local = colony.state().view().local(0);
            let mut sums = Sums::default();
            let mut expected: Vec<LitDocument> = local.documents().placed().map(|(place, document)| {
                let tf = |lit: &Lit| document.terms.iter().find(|known| known.0 == lit.term).map(|known| known.1);
                let sum: f64 = concepts.iter().filter_map(|lit| Some(lit.weight * term_weight(tf(lit)?))).sum();
                LitDocument { sum: sum / local.documents().norms()[place as usize], id: document.id.0, spot: (0, place) }
            }).collect();
            expected.sort_unstable_by(order);
            expected.truncate(most);
            // The second time with what the first left behind, and a window of another size.
            for window in [window, WINDOW] {
                let mut found = find_by(window, local, &concepts, most, &Every, &mut sums).unwrap();
                found.sort_unstable_by(order);
                prop_assert_eq!(&found, &expected);
            }
        }
    }
}
