//! What the parts report of a beat, and who leaves when there are too many.

use super::rank::{Census, Rank};
use super::rule::Rule;
use serde::{Deserialize, Serialize};

/// What a part reports of a beat. Reports are merged in any order.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Report {
    /// Concepts that no document had wired before.
    pub new: u64,
    /// Concepts remembered after the beat.
    pub concepts: u64,
    /// Pairs remembered after the beat.
    pub pairs: u64,
    /// How many of them have each rank, concepts and pairs, if the clock is crowded.
    pub census: Option<(Census, Census)>,
}

/// The highest ranks that are forgotten, if any.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Floors {
    /// Of concepts.
    pub concepts: Option<Rank>,
    /// Of pairs.
    pub pairs: Option<Rank>,
}

impl Report {
    /// Adds what another part reports.
    pub fn merge(&mut self, other: Report) {
        self.new = self.new.saturating_add(other.new);
        self.concepts = self.concepts.saturating_add(other.concepts);
        self.pairs = self.pairs.saturating_add(other.pairs);
        let Some((concepts, pairs)) = other.census else { return };
        let own = self.census.get_or_insert_default();
        for (census, more) in [(&mut own.0, concepts), (&mut own.1, pairs)] {
            more.into_iter().for_each(|(rank, count)| *census.entry(rank).or_default() += count);
        }
    }

    /// Returns whether more is remembered than the rule allows.
    pub(super) fn is_crowded(&self, rule: &Rule) -> bool {
        self.concepts > rule.concepts_max || self.pairs > rule.pairs_max
    }

    /// Returns up to which rank is forgotten.
    pub(super) fn floors(&self, rule: &Rule) -> Floors {
        let Some((concepts, pairs)) = &self.census else { return Floors::default() };
        Floors { concepts: floor(concepts, rule.concepts_max), pairs: floor(pairs, rule.pairs_max) }
    }
}

// Once there are more than `most`, the lowest ranks leave until there are three quarters of that: then forgetting, which
// looks at every entity, is rare beside making as many.
fn floor(census: &Census, most: u64) -> Option<Rank> {
    let mut left: u64 = census.values().sum();
    if left <= most {
        return None;
    }
    let mut floor = None;
    for (&rank, count) in census {
        if left <= most - most / 4 {
            break;
        }
        floor = Some(rank);
        left -= count;
    }
    floor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_ranks_leave_until_there_is_room() {
        let rank = |gone, last| Rank { gone, last };
        let census: Census = [(rank(1, 9), 30), (rank(2, 3), 40), (rank(2, 4), 20), (rank(7, 1), 20)].into();
        assert_eq!(floor(&census, 110), None);
        assert_eq!(floor(&census, 109), Some(rank(1, 9)));
        assert_eq!(floor(&census, 100), Some(rank(2, 3)));
        assert_eq!(floor(&census, 10), Some(rank(7, 1)));
    }

    #[test]
    fn reports_are_merged_in_any_order() {
        let census = |gone| Some((Census::from([(Rank { gone, last: 1 }, 2)]), Census::new()));
        let one = Report { new: 1, concepts: 2, pairs: 3, census: census(1) };
        let two = Report { new: 10, concepts: 20, pairs: 30, census: None };
        let three = Report { new: 0, concepts: 1, pairs: 0, census: census(1) };
        let merged = |all: [&Report; 3]| {
            let mut sum = Report::default();
            all.into_iter().for_each(|report| sum.merge(report.clone()));
            sum
        };
        assert_eq!(merged([&one, &two, &three]), merged([&three, &two, &one]));
        assert_eq!(merged([&one, &two, &three]).census.unwrap().0[&Rank { gone: 1, last: 1 }], 4);
    }
}
