//! The strongest of a row's new synapses.

use super::numbers::{DF_MAX, Numbers};
use super::synapse::{GAIN, ONE};
use std::cmp::Ordering;

// So many documents make a weight of 1, and more do not make it larger.
const FULL: u32 = ONE.div_ceil(GAIN);
const CLASS_BIT: u32 = 60;
const COUNTS: u64 = (1 << 40) - 1;

/// The best `most` of the new synapses of a row: those of the highest weight, then with the rarest target, then of the
/// most documents, then with the smallest target id.
///
/// All are made in one tick, so a key of 64 bits has most of that: the weight as how many documents it lacks, then the
/// target's rank. What is behind the last of the best so far is never stored.
#[derive(Debug)]
pub(super) struct Strongest {
    most: usize,
    // The first `used` of them were offered.
    offered: Vec<Offered>,
    used: usize,
    // No larger key is among the best.
    bound: u64,
}

#[derive(Copy, Clone, Debug)]
struct Offered {
    key: u64,
    number: u32,
    documents: u32,
}

impl Strongest {
    pub(super) fn new(most: usize) -> Self {
        let nobody = Offered { key: u64::MAX, number: 0, documents: 0 };
        Strongest { most, offered: vec![nobody; 2 * most + 32], used: 0, bound: u64::MAX }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        (self.used, self.bound) = (0, u64::MAX);
    }

    /// Offers the synapse to a target, by its number, that this many documents make. One of none is no synapse.
    #[inline]
    pub(super) fn offer(&mut self, numbers: &Numbers<'_>, number: u32, documents: u32) {
        let rank = numbers.rank(number);
        let key =
            if documents < FULL { u64::from(FULL - documents) << CLASS_BIT | rank } else { full(rank, documents) };
        // Written whether it counts or not, as which of both cannot be foreseen.
        self.offered[self.used] = Offered { key, number, documents };
        self.used += usize::from(documents > 0 && key <= self.bound);
        if self.used == self.offered.len() {
            self.cut(numbers);
        }
    }

    /// Returns the best of what was offered, by number, with their documents, in an order without meaning.
    pub(super) fn best(&mut self, numbers: &Numbers<'_>) -> impl Iterator<Item = (u32, u32)> + '_ {
        if self.used > self.most {
            self.cut(numbers);
        }
        self.offered[..self.used].iter().map(|offered| (offered.number, offered.documents))
    }

    fn cut(&mut self, numbers: &Numbers<'_>) {
        let offered = &mut self.offered[..self.used];
        let (_, last, _) =
            offered.select_nth_unstable_by(self.most - 1, |a, b| a.key.cmp(&b.key).then_with(|| a.cmp(b, numbers)));
        (self.used, self.bound) = (self.most, last.key);
    }
}

impl Offered {
    // Orders those that have one key. Then either both have the same weight, or both have the full one.
    #[cold]
    fn cmp(&self, other: &Offered, numbers: &Numbers<'_>) -> Ordering {
        let (mine, theirs) = (numbers.term(self.number), numbers.term(other.number));
        (numbers.df(mine).cmp(&numbers.df(theirs)))
            .then(other.documents.cmp(&self.documents))
            .then_with(|| numbers.id(mine).cmp(&numbers.id(theirs)))
    }
}

// Among those of the full weight, more documents come before a smaller id.
#[cold]
fn full(rank: u64, documents: u32) -> u64 {
    let df = rank & !COUNTS;
    // A df that does not fit decides before both.
    if df >> 40 == u64::from(DF_MAX) { df } else { df | (COUNTS - u64::from(documents)) }
}

#[cfg(test)]
mod tests {
    use super::super::numbers::Activations;
    use super::*;
    use crate::graph::synapse::strengthened;
    use proptest::prelude::*;

    #[test]
    fn a_weight_is_full_from_this_many_documents_on() {
        assert!(strengthened(0, FULL - 1) < ONE && strengthened(0, FULL) == ONE);
    }

    proptest! {
        // Ids that differ only where no rank reaches, and df that do not fit into one.
        #[test]
        fn they_are_those_that_a_sort_puts_first(
            made in prop::collection::vec((
                prop_oneof![1u32..4, DF_MAX - 2..DF_MAX + 3],
                prop_oneof![Just(0u32), any::<u32>()],
                prop_oneof![0u32..3, 8u32..14, Just(300)],
            ), 1..200),
            most in 1usize..9,
            seed in any::<u64>(),
        ) {
            let df: Vec<u32> = made.iter().map(|made| made.0).collect();
            let id = |(place, made): (u64, &(u32, u32, u32))| {
                u128::from(made.1) << 96 | u128::from(place.wrapping_mul(seed | 1))
            };
            let ids: Vec<u128> = (0u64..).zip(&made).map(id).collect();
            let mut numbers = Numbers::new(&df, &ids);
            let given: Vec<u32> = (0..made.len() as u32).rev().map(|term| numbers.give(term)).collect();
            let mut activations = Activations::new(&numbers);
            for (&number, made) in given.iter().zip(made.iter().rev()) {
                (0..made.2).for_each(|_| activations.add(&[number]));
            }
            let mut strongest = Strongest::new(most);
            activations.drain(|number, documents| strongest.offer(&numbers, number, documents));
            let mut best: Vec<(u32, u32)> =
                strongest.best(&numbers).map(|(number, documents)| (numbers.term(number), documents)).collect();
            let mut all: Vec<(u32, u32)> = (0u32..).zip(&made).map(|(term, made)| (term, made.2)).collect();
            all.retain(|(_, documents)| *documents > 0);
            all.sort_by(|(x, a), (y, b)| {
                let (x, y) = (*x as usize, *y as usize);
                (strengthened(0, *b).cmp(&strengthened(0, *a)))
                    .then(df[x].cmp(&df[y]))
                    .then(b.cmp(a))
                    .then(ids[x].cmp(&ids[y]))
            });
            all.truncate(most);
            all.sort_unstable();
            best.sort_unstable();
            prop_assert_eq!(best, all);
        }
    }
}
