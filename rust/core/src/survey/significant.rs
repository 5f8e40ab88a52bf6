//! The pairs that say most.

use super::pace::Pace;
use super::pairs::Pairs;
use super::weights::Significance;
use crate::Result;
use crate::cancel::Cancel;
use std::cmp::Ordering;

/// A pair and how significant it is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Significant {
    /// The index of the pair.
    pub pair: u32,
    /// Its log-likelihood ratio G^2.
    pub g2: f64,
}

impl Significant {
    // Pairs are in the order of the ids of their ends.
    fn order(&self, other: &Significant) -> Ordering {
        other.g2.total_cmp(&self.g2).then(self.pair.cmp(&other.pair))
    }
}

/// Returns the `top` most significant pairs, first the one with the largest G^2; equal ones are in the order of the ids
/// of their ends. Pairs that come together no more often than chance has it are left out.
pub fn significant(pairs: &Pairs, top: usize, cancel: &Cancel) -> Result<Vec<Significant>> {
    let (significance, mut pace) = (Significance::new(pairs, cancel)?, Pace::new(cancel));
    let mut all = Vec::new();
    for (number, pair) in (0..).zip(&pairs.pairs) {
        pace.steps(2)?;
        let g2 = significance.of(pair);
        if g2 > 0.0 {
            all.push(Significant { pair: number, g2 });
        }
    }
    if top < all.len() {
        all.select_nth_unstable_by(top, Significant::order);
        all.truncate(top);
    }
    all.sort_unstable_by(Significant::order);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    #[test]
    fn the_most_significant_come_first_and_equal_ones_by_their_ends() {
        let mut pairs = graph(4, [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]);
        pairs.pairs[3].co = 8;
        pairs.pairs[0].co = 0;
        let found = significant(&pairs, 10, &Cancel::new()).unwrap();
        assert_eq!(found.iter().map(|one| one.pair).collect::<Vec<_>>(), [3, 1, 2, 4]);
        assert!(found[0].g2 > found[1].g2 && found[1].g2 == found[3].g2);
        for top in 0..5 {
            assert_eq!(significant(&pairs, top, &Cancel::new()).unwrap(), found[..top.min(4)]);
        }
    }
}
