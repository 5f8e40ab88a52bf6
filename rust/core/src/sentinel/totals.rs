//! All activations, over all shards.

use serde::{Deserialize, Serialize};

/// All activations in one tick, over all shards.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Totals {
    /// Activations of concepts: the lengths of the concept lists of its documents, summed.
    pub concepts: u64,
    /// Activations of pairs: of a list of k concepts k (k - 1) / 2.
    pub pairs: u64,
}

impl Totals {
    /// Adds a document with so many concepts.
    pub fn add(&mut self, concepts: u64) {
        self.concepts += concepts;
        self.pairs += concepts * concepts.saturating_sub(1) / 2;
    }

    /// Adds what another shard counted.
    pub fn merge(&mut self, other: Totals) {
        self.concepts += other.concepts;
        self.pairs += other.pairs;
    }
}

/// All activations of the beats before a window, halved every so many beats.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Deserialize, Serialize)]
pub struct Past {
    /// How many beats, halved too.
    pub beats: u32,
    /// N: their activations.
    pub sum: u64,
    /// N2: the squares of the activations of each, summed.
    pub squares: u128,
}

impl Past {
    pub(super) fn add(&mut self, activations: u64) {
        self.beats += 1;
        self.sum = self.sum.saturating_add(activations);
        self.squares = self.squares.saturating_add(u128::from(activations) * u128::from(activations));
    }

    pub(super) fn halve(&mut self, times: u32) {
        self.beats = self.beats.checked_shr(times).unwrap_or(0);
        self.sum = self.sum.checked_shr(times).unwrap_or(0);
        self.squares = self.squares.checked_shr(times).unwrap_or(0);
    }
}
