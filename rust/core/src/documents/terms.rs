//! The terms of a document, packed.

use super::packed::{number, packed, unpacked};

/// The terms of a document with their counts, sorted by term index, each once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms(Form);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Form {
    Narrow(Box<[u32]>),
    Wide(Box<[(u32, u32)]>),
}

impl Default for Terms {
    fn default() -> Self {
        Terms(Form::Narrow(Box::default()))
    }
}

impl From<&[(u32, u32)]> for Terms {
    fn from(terms: &[(u32, u32)]) -> Terms {
        // The length of what is collected into an option is not known before: it would grow step by step.
        let mut narrow = Vec::with_capacity(terms.len());
        narrow.extend(terms.iter().map_while(|term| packed(*term)));
        Terms(if narrow.len() == terms.len() { Form::Narrow(narrow.into()) } else { Form::Wide(terms.into()) })
    }
}

impl FromIterator<(u32, u32)> for Terms {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(terms: I) -> Terms {
        Terms::from(&*terms.into_iter().collect::<Vec<_>>())
    }
}

impl Terms {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Narrow(terms) => terms.len(),
            Form::Wide(terms) => terms.len(),
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the term at an index of the list.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub fn term(&self, at: usize) -> u32 {
        match &self.0 {
            Form::Narrow(terms) => number(terms[at]),
            Form::Wide(terms) => terms[at].0,
        }
    }

    /// Returns the index in the list of a term, and its count, if it is there.
    #[inline]
    pub fn find(&self, term: u32) -> Option<(usize, u32)> {
        match &self.0 {
            Form::Narrow(terms) => {
                let at = terms.binary_search_by_key(&term, |narrow| number(*narrow)).ok()?;
                Some((at, unpacked(terms[at]).1))
            }
            Form::Wide(terms) => {
                let at = terms.binary_search_by_key(&term, |known| known.0).ok()?;
                Some((at, terms[at].1))
            }
        }
    }

    /// Returns terms and counts, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (narrow, wide): (&[u32], &[(u32, u32)]) = match &self.0 {
            Form::Narrow(terms) => (terms, &[]),
            Form::Wide(terms) => (&[], terms),
        };
        narrow.iter().map(|&narrow| unpacked(narrow)).chain(wide.iter().copied())
    }

    /// Reads a little of every line of memory that they take.
    pub(super) fn warm(&self) -> u32 {
        const LINE: usize = 64;
        match &self.0 {
            Form::Narrow(terms) => terms.iter().step_by(LINE / size_of::<u32>()).fold(0, |read, term| read ^ term),
            Form::Wide(terms) => {
                terms.iter().step_by(LINE / size_of::<(u32, u32)>()).fold(0, |read, term| read ^ term.0)
            }
        }
    }

    /// Replaces the index of each term by the one that `number` returns, which keeps their order.
    pub(super) fn renumber(&mut self, number: impl Fn(u32) -> u32) {
        *self = self.iter().map(|(term, count)| (number(term), count)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn what_is_packed_reads_as_it_was(
            terms in prop::collection::btree_map(
                prop_oneof![0u32..50, (1u32 << 24) - 2..(1 << 24) + 2, any::<u32>()],
                prop_oneof![1u32..4, 254u32..258, any::<u32>()],
                0..20,
            ),
            asked: Vec<u32>,
        ) {
            let list: Vec<(u32, u32)> = terms.iter().map(|(term, count)| (*term, *count)).collect();
            let packed = Terms::from(&*list);
            prop_assert_eq!(packed.len(), list.len());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), &*list);
            let places: BTreeMap<u32, usize> = list.iter().enumerate().map(|(at, known)| (known.0, at)).collect();
            for term in asked.into_iter().chain(terms.keys().copied()).chain(0..50) {
                prop_assert_eq!(packed.find(term), places.get(&term).map(|&at| (at, list[at].1)));
            }
            prop_assert!(list.iter().enumerate().all(|(at, known)| packed.term(at) == known.0));
        }
    }
}
