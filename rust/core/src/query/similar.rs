//! The similar part of a score: how alike the vectors of the question and of a document are.
//!
//! The cosine of two vectors is their dot product over the root of the product of their squares: sums of whole numbers,
//! so that nothing depends on their order. It is computed for every document that has a vector, and no index is
//! searched: a list of vectors is read as fast as memory gives it. Models differ in what cosines they give at all, so
//! that what counts is where a document stands between all and the best:
//! *similar* = similar_weight * max(0, (cosine - mean) / (highest - mean)).

use crate::Result;
use crate::documents::{Vector, square};
use crate::metadata::{Among, Every, Places};
use crate::query::bm25::{Best, Found};
use crate::query::ranking::Ranking;
use crate::query::view::Local;
use fearless_simd::{Level, dispatch};
use serde::{Deserialize, Serialize};

// Cosines are cut off to units of 2^-24 and summed as integers: no order shows.
const UNIT: f64 = (1 << 24) as f64;

/// The cosines of all documents that have a vector.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Levels {
    /// How many there are.
    pub count: u64,
    /// Their sum, in units of 2^-24.
    pub sum: i64,
    /// The highest of them; 0 if there are none.
    pub highest: f64,
}

impl Levels {
    /// Takes over those of other homes.
    pub fn merge(&mut self, other: Levels) {
        self.highest = if self.count == 0 || other.count > 0 && other.highest > self.highest {
            other.highest
        } else {
            self.highest
        };
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

/// Turns cosines into the similar part of a score.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Similar {
    mean: f64,
    // 0 if no document is more similar than another.
    per_cosine: f64,
}

impl Similar {
    /// Returns the scale of a question's cosines.
    pub fn new(levels: Levels) -> Similar {
        if levels.count == 0 {
            return Similar::default();
        }
        let mean = levels.sum as f64 / UNIT / levels.count as f64;
        // The only vector, or one of equals, is as similar as can be.
        let above = levels.highest - mean;
        match above > 1e-6 {
            true => Similar { mean, per_cosine: 1.0 / above },
            false => Similar { mean: levels.highest - 1.0, per_cosine: 1.0 },
        }
    }

    /// Returns how similar a document is, from 0 to 1.
    pub fn level(&self, cosine: Option<f64>) -> f64 {
        cosine.map_or(0.0, |cosine| ((cosine - self.mean) * self.per_cosine).clamp(0.0, 1.0))
    }

    /// Returns the similar part of a document's score.
    pub fn points(&self, cosine: Option<f64>, ranking: &Ranking) -> f64 {
        ranking.similar_weight * self.level(cosine)
    }
}

// Puts the dot products of a question's vector with some that stand one after the other into a list. It is compiled for
// the widest instructions that the machine has, which takes a third of the time; whole numbers are the same with any.
fn compare(level: Level, asked: &[i16], kept: &[i8], dots: &mut Vec<i32>) {
    dots.clear();
    dots.resize(kept.len() / asked.len(), 0);
    let dots = &mut dots[..];
    dispatch!(level, _simd => compare_each(asked, kept, dots));
}

// Plain loops: what is not inlined here, as the iterator's own `sum` was not, is compiled for any machine. Widened to 16
// bits before, the question's numbers are multiplied and added in pairs by one instruction. The sum fits: 65,536 times
// 127 * 127 is less than 2^31.
#[inline(always)]
fn compare_each(asked: &[i16], kept: &[i8], dots: &mut [i32]) {
    for (dot, row) in dots.iter_mut().zip(kept.chunks_exact(asked.len())) {
        let mut sum = 0i32;
        for (kept, asked) in row.iter().zip(asked) {
            sum += i32::from(*kept) * i32::from(*asked);
        }
        *dot = sum;
    }
}

// Wherever a cosine is needed, it is made of the same whole numbers in the same way.
fn cosine(dot: i32, asked: u32, kept: u32) -> f64 {
    f64::from(dot) / (f64::from(asked).sqrt() * f64::from(kept).sqrt())
}

/// Returns the cosine of two vectors of as many numbers.
pub fn cosine_of(asked: &[i8], kept: &[i8]) -> f64 {
    let dot = asked.iter().zip(kept).map(|(asked, kept)| i32::from(*asked) * i32::from(*kept)).sum();
    cosine(dot, square(asked), square(kept))
}

/// Returns the cosine of the vector of the document at a place with the question's, if both are there.
pub fn at(local: Local<'_>, vector: Option<&Vector>, place: u32) -> Option<f64> {
    Some(cosine_of(vector?.values(), local.documents().vectors().at(place)?))
}

/// Returns the `most` allowed documents of one shard that are most similar, of at least `floor`, best first; and the
/// cosines of all its documents.
pub fn find(
    local: Local<'_>,
    vector: &Vector,
    most: usize,
    floor: f64,
    allowed: Option<&Places>,
) -> Result<(Vec<Found>, Levels)> {
    match allowed {
        None => find_among(local, vector, most, floor, &Every),
        Some(places) => find_among(local, vector, most, floor, places),
    }
}

fn find_among(
    local: Local<'_>,
    vector: &Vector,
    most: usize,
    floor: f64,
    among: &impl Among,
) -> Result<(Vec<Found>, Levels)> {
    let vectors = local.documents().vectors();
    let (mut best, mut levels) = (Best::new(most, floor), Levels::default());
    if vectors.is_empty() || vectors.dimension() != vector.values().len() {
        return Ok((Vec::new(), levels));
    }
    let asked: Vec<i16> = vector.values().iter().map(|value| i16::from(*value)).collect();
    let (asked_square, level) = (square(vector.values()), Level::new());
    let mut dots = Vec::new();
    levels.highest = f64::NEG_INFINITY;
    for block in vectors.blocks() {
        local.poll()?;
        compare(level, &asked, block.values, &mut dots);
        for ((&dot, &square), &place) in dots.iter().zip(block.squares).zip(block.places) {
            let cosine = cosine(dot, asked_square, square);
            levels.sum += (cosine * UNIT) as i64;
            levels.highest = levels.highest.max(cosine);
            if cosine >= best.threshold && most > 0 && among.has(place) {
                let ((seat, place), id) = local.spot(place);
                best.push(Found { score: cosine, id, seat, place });
            }
        }
    }
    levels.count = vectors.len() as u64;
    Ok((best.finish(), levels))
}
