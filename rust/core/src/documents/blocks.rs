//! A list that grows without moving what it holds.

use std::ops::{Index, IndexMut};

// Entries of a block. The last block of each shard is half empty on average.
const BLOCK: usize = 64;

/// A list in blocks: as it grows, nothing that it holds moves, and no more than a block is empty. Documents are large;
/// copying them to a longer list, again and again, was a thirtieth of an ingest.
#[derive(Clone, Debug)]
pub(super) struct Blocks<T>(Vec<Vec<T>>);

impl<T> Blocks<T> {
    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * BLOCK + last.len())
    }

    /// Returns an entry, if the list is so long.
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.0.get(at / BLOCK)?.get(at % BLOCK)
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, entry: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < BLOCK => last.push(entry),
            // A small list has one block, which grows as needed.
            last => {
                let mut block = Vec::with_capacity(if last.is_some() { BLOCK } else { 1 });
                block.push(entry);
                self.0.push(block);
            }
        }
    }

    /// Returns the entries in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.0.iter().flatten()
    }

    /// Returns the entries in their order, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }
}

impl<T> Default for Blocks<T> {
    fn default() -> Blocks<T> {
        Blocks(Vec::new())
    }
}

impl<T> Index<usize> for Blocks<T> {
    type Output = T;

    fn index(&self, at: usize) -> &T {
        &self.0[at / BLOCK][at % BLOCK]
    }
}

impl<T> IndexMut<usize> for Blocks<T> {
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.0[at / BLOCK][at % BLOCK]
    }
}

impl<T> IntoIterator for Blocks<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

impl<T> FromIterator<T> for Blocks<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Blocks<T> {
        let mut list = Blocks::default();
        entries.into_iter().for_each(|entry| list.push(entry));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_blocks_is_a_list() {
        for length in [0, 1, 5, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            let plain: Vec<usize> = (0..length).map(|at| at * at).collect();
            let mut list: Blocks<usize> = plain.iter().copied().collect();
            assert_eq!((list.len(), list.get(length)), (length, None));
            assert!(list.iter().eq(&plain) && (0..length).all(|at| list[at] == plain[at] && list.get(at).is_some()));
            list.iter_mut().for_each(|entry| *entry += 1);
            if length > 0 {
                list[length - 1] = 9;
                assert_eq!(list.get(length - 1), Some(&9));
            }
            assert_eq!(list.into_iter().count(), length);
        }
    }
}
