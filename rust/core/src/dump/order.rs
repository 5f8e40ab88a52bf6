//! The order of terms by their ids.

use crate::commons::Commons;

/// Which place each term has among all, by id. A digest takes 4 % less time with places of four bytes to
/// sort than with ids of 16.
pub(super) struct Order {
    // By term index.
    places: Vec<u32>,
    // By place.
    ids: Vec<u128>,
}

impl Order {
    pub(super) fn new(commons: &Commons) -> Order {
        let mut sorted: Vec<(u128, u32)> = (0..commons.terms() as u32).map(|term| (commons.id(term), term)).collect();
        sorted.sort_unstable_by_key(|entry| entry.0);
        let mut places = vec![0; sorted.len()];
        for (place, &(_, term)) in (0..).zip(&sorted) {
            places[term as usize] = place;
        }
        Order { places, ids: sorted.into_iter().map(|entry| entry.0).collect() }
    }

    /// Returns the ids of terms, in order, each with what it came with.
    pub(super) fn sorted<T>(&self, terms: impl Iterator<Item = (u32, T)>) -> impl ExactSizeIterator<Item = (u128, T)> {
        let mut all: Vec<(u32, T)> = terms.map(|(term, with)| (self.places[term as usize], with)).collect();
        all.sort_unstable_by_key(|entry| entry.0);
        all.into_iter().map(|(place, with)| (self.ids[place as usize], with))
    }
}
