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
