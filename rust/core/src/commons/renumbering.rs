//! Other numbers for the terms that stay when words are forgotten.

/// Which number each term has now that had one before. The order of those that stay is kept.
#[derive(Debug)]
pub(crate) struct Renumbering {
    // By the number before; GONE where the term is no more.
    terms: Vec<u32>,
    // By seat and the slot before: the term of the node, by its number now.
    slots: Vec<Vec<u32>>,
}

const GONE: u32 = u32::MAX;

impl Renumbering {
    /// Numbers for the terms that stay; `home_of` gives the seat and the slot of a term before.
    pub(super) fn new(stays: &[bool], seats: usize, home_of: impl Fn(u32) -> (usize, u32)) -> Renumbering {
        let (mut next, mut slots) = (0, vec![Vec::new(); seats]);
        let mut number = |term: usize, stays: bool| {
            let number = if stays { next } else { GONE };
            next += u32::from(stays);
            let (seat, slot) = home_of(term as u32);
            // Slots were given in the order of terms.
            debug_assert_eq!(slots[seat].len(), slot as usize);
            slots[seat].push(number);
            number
        };
        let terms = stays.iter().enumerate().map(|(term, stays)| number(term, *stays)).collect();
        Renumbering { terms, slots }
    }

    /// The number of a term now.
    ///
    /// # Panics
    /// For a term that is no more: nothing that stays may speak of one.
    pub(crate) fn term(&self, before: u32) -> u32 {
        let now = self.terms[before as usize];
        assert!(now != GONE, "something that stays speaks of a word that goes");
        now
    }

    /// The term of the node that had a slot before; none where it is no more.
    pub(crate) fn term_at(&self, seat: usize, slot: usize) -> Option<u32> {
        Some(self.slots[seat][slot]).filter(|term| *term != GONE)
    }

    /// Of a list by term, what belongs to the terms that stay.
    pub(crate) fn kept<T: Copy>(&self, by_term: &[T]) -> Vec<T> {
        self.terms.iter().zip(by_term).filter(|(number, _)| **number != GONE).map(|(_, value)| *value).collect()
    }
}
