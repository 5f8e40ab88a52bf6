//! New term indices for the terms that stay when words are forgotten.

/// The new index of each old term. The order of the terms that stay is kept.
#[derive(Debug)]
pub(crate) struct Renumbering {
    // By old term index; GONE if the term is forgotten.
    terms: Vec<u32>,
    // By seat and old slot: the new term index of the node.
    slots: Vec<Vec<u32>>,
}

const GONE: u32 = u32::MAX;

impl Renumbering {
    /// Numbers the terms that stay. `home_of` returns the seat and the old slot of a term.
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

    /// Returns the new index of a term.
    ///
    /// # Panics
    /// If the term is forgotten: nothing that stays may refer to it.
    pub(crate) fn term(&self, before: u32) -> u32 {
        let now = self.terms[before as usize];
        assert!(now != GONE, "something that stays speaks of a word that goes");
        now
    }

    /// Returns the new index of a term that may be forgotten.
    pub(crate) fn standing(&self, before: u32) -> Option<u32> {
        self.terms.get(before as usize).copied().filter(|term| *term != GONE)
    }

    /// Returns the term of the node at an old slot, or `None` if it is forgotten.
    pub(crate) fn term_at(&self, seat: usize, slot: usize) -> Option<u32> {
        Some(self.slots[seat][slot]).filter(|term| *term != GONE)
    }

    /// Returns the entries of a list by term that belong to terms that stay.
    pub(crate) fn kept<T: Copy>(&self, by_term: &[T]) -> Vec<T> {
        self.terms.iter().zip(by_term).filter(|(number, _)| **number != GONE).map(|(_, value)| *value).collect()
    }
}
