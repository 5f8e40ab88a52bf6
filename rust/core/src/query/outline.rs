//! Outlines of documents: what of them is compared with others.

use crate::commons::Commons;
use crate::documents::Vector;
use crate::query::lit::term_weight;
use crate::query::similar::cosine_of;
use crate::query::view::Local;
use serde::{Deserialize, Serialize};

/// What of a document is compared with others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// The terms that stand in its text and their counts, by term index.
    pub terms: Vec<(u32, u32)>,
    /// Its vector, if it has one.
    pub vector: Option<Vector>,
}

impl Outline {
    /// Returns that of the document at a place.
    pub fn of(local: Local<'_>, place: u32) -> Outline {
        let terms = local.at(place).standing();
        Outline { terms, vector: local.documents().known_at(place).vector() }
    }

    /// Returns the bytes that it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        8 * self.terms.len() + self.vector.as_ref().map_or(0, Vector::bytes)
    }
}

/// An outline, ready to be compared: (1 + ln tf) * idf of each term in units of 2^-16, so that they are summed as
/// integers in any order.
#[derive(Clone, Debug)]
pub struct Compared {
    weights: Vec<(u32, u64)>,
    norm: f64,
    vector: Option<Vector>,
}

impl Compared {
    /// Returns it with the weights of a committed state.
    pub fn new(outline: Outline, commons: &Commons) -> Compared {
        let weigh = |(term, tf): (u32, u32)| (term, (term_weight(tf) * commons.idf(term) * 65_536.0).round() as u64);
        let weights: Vec<(u32, u64)> = outline.terms.into_iter().map(weigh).collect();
        let square: u64 = weights.iter().map(|(_, weight)| weight * weight).sum();
        Compared { weights, norm: (square as f64).sqrt(), vector: outline.vector }
    }

    /// Returns how alike two documents are, from 0 to 1: by their vectors if both have one, else by their terms.
    pub fn likeness(&self, other: &Compared) -> f64 {
        if let (Some(one), Some(other)) = (&self.vector, &other.vector) {
            return cosine_of(one.values(), other.values()).clamp(0.0, 1.0);
        }
        if self.norm == 0.0 || other.norm == 0.0 {
            return 0.0;
        }
        let (mut ours, mut theirs, mut dot) = (&self.weights[..], &other.weights[..], 0u64);
        while let ([(one, weight), ..], [(term, theirs_weight), ..]) = (ours, theirs) {
            if one == term {
                dot += weight * theirs_weight;
            }
            // Both are in the order of terms.
            (ours, theirs) = (&ours[usize::from(one <= term)..], &theirs[usize::from(term <= one)..]);
        }
        (dot as f64 / (self.norm * other.norm)).min(1.0)
    }
}
