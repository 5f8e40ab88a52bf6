//! The strongest of a row's new synapses.

use super::numbers::{DF_MAX, Numbers, Tally};
use super::synapse::{GAIN, ONE, from_fixed, strengthened};
use crate::select::select;
use std::cmp::Ordering;

// So many documents make a weight of 1, and more do not make it larger.
const FULL: u32 = ONE.div_ceil(GAIN);
const DOCUMENTS: u64 = u32::MAX as u64;

/// The best `most` of the new synapses of a row: those of the highest weight, then with the rarest target, then of the
/// most documents, then with the smallest target id.
///
/// All are made in one tick, so a tally has nearly all of that. What is behind the last of the best so far is never
/// stored.
#[derive(Debug)]
pub(super) struct Strongest {
    most: usize,
    // The first `used` of them were offered, each as one integer, of which many are compared faster than structs.
    offered: Vec<u128>,
    used: usize,
    // No larger key is among the best.
    bound: u64,
}

/// A synapse that may be among the best.
#[derive(Copy, Clone, Debug)]
pub(super) struct Offered {
    key: u64,
    /// The number of the target.
    pub(super) number: u32,
    /// How many documents make the synapse.
    pub(super) documents: u32,
}

impl Strongest {
    pub(super) fn new(most: usize) -> Self {
        Strongest { most, offered: vec![0; 2 * most + 32], used: 0, bound: 0 }
    }

    /// Forgets all. From now on a synapse of a smaller weight than this is not among the best.
    pub(super) fn begin(&mut self, least: f64) {
        let documents = (1..FULL).find(|documents| from_fixed(strengthened(0, *documents)) >= least).unwrap_or(FULL);
        (self.used, self.bound) = (0, Tally::bound(documents));
    }

    /// Offers the synapse to a target, by its number, that the documents of a tally make. One of none is no synapse.
    #[inline]
    pub(super) fn offer(&mut self, numbers: &Numbers<'_>, number: u32, tally: Tally) {
        let documents = tally.documents();
        let key = if documents < FULL { tally.key() } else { full(tally) };
        // Written whether it counts or not, as which of both cannot be foreseen.
        self.offered[self.used] = Offered { key, number, documents }.packed();
        self.used += usize::from(key <= self.bound);
        if self.used == self.offered.len() {
            self.cut(numbers);
        }
    }

    /// Returns the best of what was offered, in an order without meaning.
    pub(super) fn best(&mut self, numbers: &Numbers<'_>) -> impl Iterator<Item = Offered> + '_ {
        if self.used > self.most {
            self.cut(numbers);
        }
        self.offered[..self.used].iter().copied().map(Offered::unpacked)
    }

    fn cut(&mut self, numbers: &Numbers<'_>) {
        let offered = &mut self.offered[..self.used];
        let tied = |a, b| Offered::unpacked(a).cmp(&Offered::unpacked(b), numbers);
        let last = select(offered, self.most, 64, tied);
        (self.used, self.bound) = (self.most, Offered::unpacked(last).key);
    }
}

impl Offered {
    #[inline]
    fn packed(self) -> u128 {
        u128::from(self.key) << 64 | u128::from(self.number) << 32 | u128::from(self.documents)
    }

    #[inline]
    fn unpacked(packed: u128) -> Offered {
        Offered { key: (packed >> 64) as u64, number: (packed >> 32) as u32, documents: packed as u32 }
    }

    /// Returns the df of the target.
    #[inline]
    pub(super) fn df(&self, numbers: &Numbers<'_>) -> u32 {
        let df = if self.documents < FULL { Tally::of(self.key).df() } else { (self.key >> 32) as u32 };
        if df < DF_MAX { df } else { numbers.df(numbers.term(self.number)) }
    }

    // Orders those that have one key. Then either both have the same weight, or both have the full one.
    fn cmp(&self, other: &Offered, numbers: &Numbers<'_>) -> Ordering {
        let (mine, theirs) = (numbers.term(self.number), numbers.term(other.number));
        (numbers.df(mine).cmp(&numbers.df(theirs)))
            .then(other.documents.cmp(&self.documents))
            .then_with(|| numbers.id(mine).cmp(&numbers.id(theirs)))
    }
}

// Among those of the full weight, which come before all others, more documents come before a smaller id.
#[cold]
fn full(tally: Tally) -> u64 {
    let df = tally.df();
    // A df that does not fit decides before both.
    let documents = if df < DF_MAX { DOCUMENTS - u64::from(tally.documents()) } else { 0 };
    u64::from(df) << 32 | documents
}

#[cfg(test)]
mod tests {
    use super::super::numbers::Activations;
    use super::*;
    use crate::graph::numbers::Numbering;
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
            least in prop_oneof![Just(0.0), 0.0..=1.0, (0u32..14).prop_map(|documents| from_fixed(strengthened(0, documents)))],
            seed in any::<u64>(),
            is_dense: bool,
        ) {
            let df: Vec<u32> = made.iter().map(|made| made.0).collect();
            let id = |(place, made): (u64, &(u32, u32, u32))| {
                u128::from(made.1) << 96 | u128::from(place.wrapping_mul(seed | 1))
            };
            let ids: Vec<u128> = (0u64..).zip(&made).map(id).collect();
            let mut numbering = Numbering::new(df.len(), if is_dense { df.len() } else { 0 });
            let given: Vec<u32> =
                (0..made.len() as u32).rev().map(|term| numbering.give(term, &df, &ids)).collect();
            let numbers = Numbers::new(&numbering, &df, &ids);
            let mut activations = Activations::new(&numbering);
            for (&number, made) in given.iter().zip(made.iter().rev()) {
                (0..made.2).for_each(|_| activations.add(&[number]));
            }
            let mut strongest = Strongest::new(most);
            strongest.begin(least);
            activations.drain(|number, tally| strongest.offer(&numbers, number, tally));
            let best: Vec<Offered> = strongest.best(&numbers).collect();
            prop_assert!(best.iter().all(|best| best.df(&numbers) == df[numbers.term(best.number) as usize]));
            let mut best: Vec<(u32, u32)> =
                best.iter().map(|best| (numbers.term(best.number), best.documents)).collect();
            let mut all: Vec<(u32, u32)> = (0u32..).zip(&made).map(|(term, made)| (term, made.2)).collect();
            all.retain(|(_, documents)| *documents > 0 && from_fixed(strengthened(0, *documents)) >= least);
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
