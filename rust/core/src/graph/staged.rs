//! The rows of a tick until they replace those that are there.

use super::row::{Form, Row, synapses};
use super::synapse::Synapse;

/// The rows of a tick, by slot, until they replace those that are there.
///
/// Most rows are as long as before. These are written one behind the other, and copied when they replace: to allocate
/// and to free one takes longer than to copy it.
#[derive(Debug, Default)]
pub struct Staged {
    // The slots, and where the words of each end.
    same: Vec<(u32, usize)>,
    words: Vec<u32>,
    other: Vec<(u32, Row)>,
    made: u64,
    replaced: u64,
}

impl Staged {
    /// Stages these synapses for the row of a slot, which is `before` until then.
    pub fn stage(&mut self, slot: u32, before: &Row, synapses: &[Synapse]) {
        self.made += synapses.len() as u64;
        self.replaced += before.len() as u64;
        let form = Form::of(synapses);
        if form.len() == before.words().len() {
            form.write(synapses, &mut self.words);
            self.same.push((slot, self.words.len()));
        } else {
            self.other.push((slot, form.row(synapses)));
        }
    }

    /// Returns the slots of what is staged.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.same.iter().map(|(slot, _)| *slot).chain(self.other.iter().map(|(slot, _)| *slot))
    }

    /// Returns the rows that are as long as before, by their slots, in the order in which they were staged.
    pub fn same(&self) -> impl Iterator<Item = (u32, impl DoubleEndedIterator<Item = Synapse> + '_)> {
        let mut start = 0;
        self.same.iter().map(move |&(slot, end)| (slot, synapses(&self.words[std::mem::replace(&mut start, end)..end])))
    }

    /// Returns the rows that are not, by their slots, in the order in which they were staged.
    pub fn other(&self) -> impl Iterator<Item = (u32, impl DoubleEndedIterator<Item = Synapse> + '_)> {
        self.other.iter().map(|(slot, row)| (*slot, synapses(row.words())))
    }

    /// Returns how many synapses are staged.
    pub fn made(&self) -> u64 {
        self.made
    }

    /// Returns how many synapses are stored where they go.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Replaces the rows of these, by slot, in which nothing has changed meanwhile. It then has the rows that were not
    /// written over, and whoever drops it frees them.
    pub fn replace<T>(&mut self, of: &mut [T], row: impl Fn(&mut T) -> &mut Row) {
        let mut words = &*self.words;
        for (slot, _) in &self.same {
            let row = row(&mut of[*slot as usize]).words_mut();
            let (first, rest) = words.split_at(row.len());
            row.copy_from_slice(first);
            words = rest;
        }
        for (slot, staged) in &mut self.other {
            std::mem::swap(row(&mut of[*slot as usize]), staged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_length_and_form_replace_what_is_there() {
        let few = |count: u32, last: u32| -> Vec<Synapse> {
            (0..count).map(|target| Synapse::new(target, 1, last)).collect()
        };
        // Of 9 synapses that are packed, 5 that are wide take one word more or less.
        let wide =
            |count: u32| -> Vec<Synapse> { few(count, 7).into_iter().map(|s| Synapse { weight: 0, ..s }).collect() };
        let before = [few(3, 1), few(3, 1), Vec::new(), Vec::new(), few(5, 1), wide(3), wide(3), few(5, 1)];
        let after = [few(3, 2), few(4, 2), few(2, 2), Vec::new(), Vec::new(), few(5, 2), wide(3), wide(3)];
        let mut rows: Vec<Row> = before.iter().map(|synapses| Row::new(synapses)).collect();
        let mut staged = Staged::default();
        for (slot, synapses) in (0..).zip(&after) {
            staged.stage(slot, &rows[slot as usize], synapses);
        }
        let slots: std::collections::BTreeSet<u32> = staged.slots().collect();
        assert!(slots.into_iter().eq(0..8));
        let mut all: Vec<(u32, Vec<Synapse>)> = staged.same().map(|(slot, row)| (slot, row.collect())).collect();
        let other: Vec<(u32, Vec<Synapse>)> = staged.other().map(|(slot, row)| (slot, row.collect())).collect();
        assert!(all.is_sorted_by_key(|(slot, _)| *slot) && other.is_sorted_by_key(|(slot, _)| *slot));
        all.extend(other);
        all.sort_by_key(|(slot, _)| *slot);
        assert!(all.into_iter().eq((0..).zip(after.clone())));
        assert_eq!((staged.made(), staged.replaced()), (3 + 4 + 2 + 5 + 3 + 3, 3 + 3 + 5 + 3 + 3 + 5));
        staged.replace(&mut rows, |row| row);
        assert!(rows.iter().map(|row| row.iter().collect::<Vec<_>>()).eq(after));
    }
}
