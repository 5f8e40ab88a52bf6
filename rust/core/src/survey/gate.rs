//! Which communities are more than noise.
//!
//! Every graph has communities: modularity finds 20 to 40 of them in text whose words were shuffled. A community counts
//! if enough of its concepts touch pairs inside of it that chance hardly makes, and there are enough of these.

use super::pace::Pace;
use super::pairs::{Pair, Pairs};
use super::weights::Significance;
use crate::Result;
use crate::cancel::Cancel;
use serde::{Deserialize, Serialize};

/// A pair is evidence if its G^2 is above this: one pair of independent concepts in 500 million.
pub const G2_MIN: f64 = 36.0;
/// A pair is evidence if at least so many documents activated it.
pub const CO_MIN: u32 = 3;
/// So many pairs inside of a community must be evidence.
pub const PAIRS_MIN: u32 = 5;
/// So many concepts of a community must touch them.
pub const CONCEPTS_MIN: u32 = 5;

/// What speaks for a community.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Support {
    /// The pairs inside of it that are evidence.
    pub pairs: u32,
    /// Its concepts that touch one of them.
    pub concepts: u32,
}

impl Support {
    /// Returns whether the community is more than noise.
    pub fn is_enough(&self) -> bool {
        self.pairs >= PAIRS_MIN && self.concepts >= CONCEPTS_MIN
    }
}

/// Returns whether a pair is evidence.
pub fn is_evidence(significance: &Significance<'_>, pair: &Pair) -> bool {
    pair.co >= CO_MIN && significance.of(pair) > G2_MIN
}

/// What speaks for the communities of a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What speaks for each community.
    pub support: Vec<Support>,
    /// Whether each concept, by place, touches a pair that speaks for its community.
    pub touched: Vec<bool>,
}

/// Returns what speaks for `count` communities. `community` is the community of each concept, by place.
pub fn evidence(pairs: &Pairs, community: &[u32], count: usize, cancel: &Cancel) -> Result<Evidence> {
    let (significance, mut pace) = (Significance::new(pairs, cancel)?, Pace::new(cancel));
    let mut support = vec![Support::default(); count];
    let mut touched = vec![false; community.len()];
    for pair in &pairs.pairs {
        pace.steps(1)?;
        let own = community[pair.one as usize];
        if own != community[pair.other as usize] || !is_evidence(&significance, pair) {
            continue;
        }
        let support = &mut support[own as usize];
        support.pairs += 1;
        for end in [pair.one, pair.other] {
            support.concepts += u32::from(!std::mem::replace(&mut touched[end as usize], true));
        }
    }
    Ok(Evidence { support, touched })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    fn is_enough(pairs: &Pairs) -> bool {
        evidence(pairs, &vec![0; pairs.concepts.len()], 1, &Cancel::new()).unwrap().support[0].is_enough()
    }

    #[test]
    fn five_pairs_that_touch_five_concepts_are_enough() {
        let ring = graph(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]);
        assert!(is_enough(&ring));
        assert!(!is_enough(&graph(5, [(0, 1), (1, 2), (2, 3), (3, 4)])), "four pairs");
        assert!(!is_enough(&graph(5, [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2), (1, 3)])), "four concepts");
        let mut rare = ring.clone();
        rare.pairs[2].co = 2;
        assert!(!is_enough(&rare), "two documents");
        let mut common = ring.clone();
        common.concepts[0].df = 700;
        assert!(!is_enough(&common), "no more than chance");
    }

    #[test]
    fn pairs_between_communities_speak_for_neither() {
        let ring = graph(6, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (4, 5)]);
        let found = evidence(&ring, &[0, 0, 0, 0, 1, 2], 3, &Cancel::new()).unwrap();
        assert_eq!(found.touched, [true, true, true, true, false, false]);
        let found = evidence(&ring, &[0, 0, 0, 0, 1, 1], 2, &Cancel::new()).unwrap();
        assert_eq!(found.support, [Support { pairs: 3, concepts: 4 }, Support { pairs: 1, concepts: 2 }]);
    }
}
