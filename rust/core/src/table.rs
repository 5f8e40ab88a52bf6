//! A hash table of indices into a list.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

/// Indices by the hash of what stands there. A hash is kept beside each index, so that a table that grows reads nothing
/// else: texts and documents lie all over memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(HashTable<Slot>);

#[derive(Copy, Clone, Debug)]
struct Slot {
    hash: u32,
    index: u32,
}

impl Slot {
    // The table takes its place from the low bits of a hash and tells entries apart by the highest ones.
    fn spread(hash: u32) -> u64 {
        u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl Table {
    /// Returns the number of indices.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the index with this hash for which `is_it` is true.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.0.find(Slot::spread(hash), |slot| slot.hash == hash && is_it(slot.index));
        found.map(|slot| slot.index)
    }

    /// Returns the index with this hash for which `is_it` is true, or adds `index` and returns that.
    pub(crate) fn find_or_insert(&mut self, hash: u32, index: u32, is_it: impl Fn(u32) -> bool) -> u32 {
        let is_it = |slot: &Slot| slot.hash == hash && is_it(slot.index);
        match self.0.entry(Slot::spread(hash), is_it, |slot| Slot::spread(slot.hash)) {
            Entry::Occupied(found) => found.get().index,
            Entry::Vacant(vacant) => {
                vacant.insert(Slot { hash, index });
                index
            }
        }
    }

    /// Adds an index that is not there.
    pub(crate) fn insert(&mut self, hash: u32, index: u32) {
        self.0.insert_unique(Slot::spread(hash), Slot { hash, index }, |slot| Slot::spread(slot.hash));
    }

    /// Removes the index with this hash for which `is_it` is true, and returns it.
    pub(crate) fn remove(&mut self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.0.find_entry(Slot::spread(hash), |slot| slot.hash == hash && is_it(slot.index));
        found.ok().map(|found| found.remove().0.index)
    }

    /// Replaces every index by what `now` returns.
    pub(crate) fn renumber(&mut self, now: impl Fn(u32) -> u32) {
        self.0.iter_mut().for_each(|slot| slot.index = now(slot.index));
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.0.reserve(more, |slot| Slot::spread(slot.hash));
    }

    /// Gives indices from one on, each of this hash, their new values, or removes them.
    ///
    /// # Panics
    /// If one of them is not there.
    pub(crate) fn move_all(&mut self, first: u32, hashes: impl Iterator<Item = u32>, now: &[Option<u32>]) {
        let bucket = |(index, hash)| self.0.find_bucket_index(Slot::spread(hash), |slot: &Slot| slot.index == index);
        // All are found before the first one changes: after that, an index may stand twice in the table.
        let buckets: Vec<Option<usize>> = (first..).zip(hashes).map(bucket).collect();
        for (bucket, now) in buckets.into_iter().zip(now) {
            let found = bucket.and_then(|bucket| self.0.get_bucket_entry(bucket).ok());
            let mut entry = found.expect("every index is in the table");
            match now {
                Some(now) => entry.get_mut().index = *now,
                None => drop(entry.remove()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_with_a_hash_is_removed_and_the_others_get_new_indices() {
        let mut table = Table::default();
        (0..4).for_each(|index| table.insert(7, index));
        assert_eq!([table.remove(7, |index| index == 2), table.remove(7, |index| index == 2)], [Some(2), None]);
        table.renumber(|index| index + 10);
        let found = |index| table.find(7, |known| known == index);
        assert_eq!([10, 11, 12, 13, 0].map(found), [Some(10), Some(11), None, Some(13), None]);
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn entries_of_one_hash_are_told_apart_by_their_index() {
        let mut table = Table::default();
        (0..4).for_each(|index| table.insert(7, index));
        table.move_all(1, [7; 3].into_iter(), &[Some(2), None, Some(1)]);
        let found = |index| table.find(7, |known| known == index);
        assert_eq!([0, 1, 2, 3].map(found), [Some(0), Some(1), Some(2), None]);
        assert_eq!((table.0.len(), table.find(8, |_| true)), (3, None));
        // Each stands where it was: what was 1 is 2, what was 3 is 1, and what was 2 is gone.
        table.move_all(1, [7; 2].into_iter(), &[None, Some(1)]);
        assert_eq!([0, 1, 2].map(|index| table.find(7, |known| known == index)), [Some(0), Some(1), None]);
    }
}
