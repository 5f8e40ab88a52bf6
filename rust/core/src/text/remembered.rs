//! What a session remembers of short texts: words, and chunks.
//!
//! Much of the time of an analysis goes into waiting for memory: what is remembered is larger than the processor's
//! caches. So texts are looked for some at a time, in steps without a branch that depends on what was read: as each is
//! met, where its index would stand is asked for; then where each would stand; then whether it does. The processor waits
//! for many of them at once, and reads the text meanwhile.

use crate::maps::State;
use prefetch_index::prefetch_index;
use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

/// A text of up to 16 bytes, padded with zeros, which no text has.
pub(super) type Key = [u64; 2];

/// The key of what is not found by one.
pub(super) const NO_KEY: Key = [0; 2];

/// The index of a record that stands for nothing.
pub(super) const NOWHERE: u32 = 0;

/// Something that is remembered of a text.
pub(super) trait Record {
    /// Stands for nothing.
    const NOTHING: Self;

    /// Returns the text, or [`NO_KEY`].
    fn key(&self) -> Key;
}

/// Records in the order in which they came, found by their keys. Not a library's map, as these answer one question after
/// the other. What is frequent comes early: it lies close together, and stands where it is looked for first.
pub(super) struct Remembered<R> {
    /// All records, from 1 on.
    pub(super) records: Vec<R>,
    // The indices of records with a key, each at the place of the key's hash or behind it. At least half are empty.
    slots: Vec<u32>,
    state: State,
}

// Few, as many sessions see little.
const SLOTS_MIN: usize = 64;

/// Returns the hash of a key.
#[inline]
pub(super) fn hash_of(state: &State, key: &Key) -> u32 {
    state.hash_one((key[0], key[1])) as u32
}

impl<R: Record> Remembered<R> {
    pub(super) fn new() -> Remembered<R> {
        Remembered { records: vec![R::NOTHING], slots: vec![NOWHERE; SLOTS_MIN], state: State::default() }
    }

    /// Has the processor read meanwhile where the index of a key with this hash stands.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        prefetch_index(&self.slots, self.slot(hash.into()));
    }

    /// Puts the indices of texts into a list, by their keys and the hashes of these, as far as each stands where it is
    /// looked for first. For all others, and for those without a key, it has [`NOWHERE`].
    pub(super) fn guess(&self, keys: &[Key], hashes: &[u32], guesses: &mut Vec<u32>) {
        guesses.clear();
        guesses.extend(hashes.iter().map(|hash| {
            let place = self.slots[self.slot(u64::from(*hash))];
            prefetch_index(&self.records, place as usize);
            place
        }));
        for (guess, key) in guesses.iter_mut().zip(keys) {
            // Compared and written in any case, so that the next are read meanwhile.
            let is_it = self.records[*guess as usize].key() == *key;
            *guess = if is_it { *guess } else { NOWHERE };
        }
    }

    /// Returns the index of a text.
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        let hash = self.hash(key);
        let mut at = self.slot(hash.into());
        while self.slots[at] != NOWHERE {
            let place = self.slots[at];
            if self[place].key() == *key {
                return Some(place);
            }
            at = self.slot(at as u64 + 1);
        }
        None
    }

    /// Adds a record whose key is new, and returns its index.
    pub(super) fn push(&mut self, record: R) -> u32 {
        // There are no more than bytes of text since the last clearing.
        let place = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let key = record.key();
        self.records.push(record);
        self.enter(key, place);
        if 2 * self.records.len() > self.slots.len() {
            self.slots = vec![NOWHERE; 2 * self.slots.len()];
            (1..=place).for_each(|place| self.enter(self[place].key(), place));
        }
        place
    }

    fn enter(&mut self, key: Key, place: u32) {
        if key == NO_KEY {
            return;
        }
        let hash = self.hash(&key);
        let mut at = self.slot(hash.into());
        while self.slots[at] != NOWHERE {
            at = self.slot(at as u64 + 1);
        }
        self.slots[at] = place;
    }

    /// Drops all records.
    pub(super) fn clear(&mut self) {
        self.records.truncate(1);
        self.slots.fill(NOWHERE);
    }

    /// Returns the hash of a key. One by another seed is no mistake: the key is then found later, by [`Remembered::find`].
    #[inline]
    pub(super) fn hash(&self, key: &Key) -> u32 {
        hash_of(&self.state, key)
    }

    // Returns the slot for a number: their count is a power of two.
    fn slot(&self, number: u64) -> usize {
        number as usize & (self.slots.len() - 1)
    }
}

impl<R> Index<u32> for Remembered<R> {
    type Output = R;

    fn index(&self, place: u32) -> &R {
        &self.records[place as usize]
    }
}

impl<R> IndexMut<u32> for Remembered<R> {
    fn index_mut(&mut self, place: u32) -> &mut R {
        &mut self.records[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug)]
    struct Text(Key);

    impl Record for Text {
        const NOTHING: Text = Text(NO_KEY);

        fn key(&self) -> Key {
            self.0
        }
    }

    proptest! {
        #[test]
        fn texts_are_found_under_their_index_and_others_are_not(
            keys in proptest::collection::hash_set([1..500u64, 0..3u64], 0..600),
            others in proptest::collection::vec([0..600u64, 0..4u64], 0..100),
            keyless in 0..4usize,
        ) {
            let keys: Vec<Key> = keys.into_iter().collect();
            let mut all = Remembered::new();
            for _ in 0..keyless {
                all.push(Text(NO_KEY));
            }
            for round in 0..2 {
                let places: Vec<u32> = keys.iter().map(|key| all.push(Text(*key))).collect();
                let first = if round == 0 { 1 + keyless as u32 } else { 1 };
                prop_assert!(places.iter().copied().eq(first..first + keys.len() as u32));
                prop_assert!(2 * all.records.len() <= all.slots.len());
                let mut guesses = vec![7];
                let hashes = |keys: &[Key]| keys.iter().map(|key| all.hash(key)).collect::<Vec<_>>();
                all.guess(&keys, &hashes(&keys), &mut guesses);
                for ((key, &place), &guess) in keys.iter().zip(&places).zip(&guesses) {
                    prop_assert!(all.find(key) == Some(place) && all[place].0 == *key);
                    prop_assert!(guess == place || guess == NOWHERE);
                }
                // Half of the slots are empty, so most stand where they are looked for first.
                let guessed = guesses.iter().filter(|guess| **guess != NOWHERE).count();
                prop_assert!(guesses.len() == keys.len() && 2 * guessed >= keys.len());
                all.guess(&others, &hashes(&others), &mut guesses);
                for (key, &guess) in others.iter().zip(&guesses).filter(|(key, _)| !keys.contains(key)) {
                    prop_assert_eq!((all.find(key), guess), (None, NOWHERE));
                }
                all.clear();
                prop_assert!(keys.iter().all(|key| all.find(key).is_none()));
            }
        }
    }
}
