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

/// Returns 1 + ln tf.
pub fn term_weight(tf: u32) -> f64 {
    static SMALL: LazyLock<[f64; 64]> = LazyLock::new(|| std::array::from_fn(|tf| of(tf as u32)));
    fn of(tf: u32) -> f64 {
        1.0 + libm::log(f64::from(tf.max(1)))
    }
    match tf {
        1 => 1.0,
        2..64 => SMALL[tf as usize],
        _ => of(tf),
    }
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
    fn clear(&mut self) {
        for place in self.touched.drain(..) {
            self.by_place[place as usize] = 0.0;
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
    sums.clear();
    let Sums { by_place, touched, lit } = sums;
    if by_place.len() < documents.room() {
        by_place.resize(documents.room(), 0.0);
    }
    for concept in concepts {
        local.poll()?;
        let Some(postings) = documents.postings(concept.term) else { continue };
        postings.visit(documents.taken(), |(place, tf)| {
            if !among.has(place) {
                return;
            }
            let sum = &mut by_place[place as usize];
            if *sum == 0.0 {
                touched.push(place);
            }
            *sum += concept.weight * term_weight(tf);
        });
    }
    let norms = documents.norms();
    lit.clear();
    lit.extend(touched.drain(..).map(|place| {
        let sum = std::mem::take(&mut by_place[place as usize]);
        (sum / norms[place as usize], place)
    }));
    // Ids lie far apart in memory: they are read only for documents that can be among the best.
    let mut threshold = 0.0;
    if lit.len() > most && most > 0 {
        threshold = lit.select_nth_unstable_by(most - 1, |a, b| b.0.total_cmp(&a.0)).1.0;
    }
    let best = lit.iter().filter(|lit| lit.0 >= threshold);
    documents.warm(best.clone().map(|lit| lit.1));
    let best = best.map(|&(sum, place)| {
        let (spot, id) = local.spot(place);
        LitDocument { sum, id, spot }
    });
    Ok(keep_best(best.collect(), most))
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
