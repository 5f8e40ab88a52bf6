//! The lists that a tick delivers to a shard, by the concepts of the shard that they activate.

use crate::Result;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::graph::numbers::Numbering;

/// For each concept of a shard that was activated, the lists that contain it: a counting sort by concept.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) numbers: Numbering,
    // By source: its number, and where its lists end in `places`.
    sources: Vec<(u32, u32)>,
    places: Vec<u32>,
    // All lists by number, and where each ends.
    flat: Vec<u32>,
    ends: Vec<u32>,
}

const POLL: u32 = 1024;

impl Sources {
    /// Numbers the terms of the lists, and finds the lists of those that live here.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn gather(
        lists: &[&[u32]],
        commons: &Commons,
        is_here: impl Fn(u32) -> bool,
        cancel: &Cancel,
    ) -> Result<Sources> {
        let (df, ids) = (commons.statistics().all_df(), commons.vocabulary().ids());
        let entries = lists.iter().map(|list| list.len()).sum();
        let mut numbers = Numbering::new(df.len(), entries);
        let mut flat = Vec::with_capacity(entries);
        let mut ends = Vec::with_capacity(lists.len());
        // By number: how many lists have it, then where its lists go.
        let mut next: Vec<u32> = vec![0];
        for (place, list) in (0u32..).zip(lists) {
            if place % POLL == 0 {
                cancel.poll()?;
            }
            for &term in *list {
                let number = numbers.give(term, df, ids);
                if number as usize == next.len() {
                    next.push(0);
                }
                next[number as usize] += 1;
                flat.push(number);
            }
            ends.push(flat.len() as u32);
        }
        let (mut sources, mut total) = (Vec::with_capacity(next.len()), 0);
        let here: Vec<bool> =
            (0..).take(next.len()).map(|number| number > 0 && is_here(numbers.term(number))).collect();
        for (number, (next, _)) in (0..).zip(next.iter_mut().zip(&here)).filter(|(_, (_, is_here))| **is_here) {
            let count = std::mem::replace(next, total);
            total += count;
            sources.push((number, total));
        }
        // The lists of others go behind all places, each over the one before: which of both cannot be foreseen, and a
        // wrong guess costs more.
        next.iter_mut().zip(&here).filter(|(_, is_here)| !**is_here).for_each(|(next, _)| *next = total);
        let (mut places, mut start) = (vec![0u32; total as usize + 1], 0);
        for (place, &end) in (0u32..).zip(&ends) {
            if place % POLL == 0 {
                cancel.poll()?;
            }
            for &number in &flat[start..end as usize] {
                let next = &mut next[number as usize];
                places[(*next).min(total) as usize] = place;
                *next = next.saturating_add(1);
            }
            start = end as usize;
        }
        Ok(Sources { numbers, sources, places, flat, ends })
    }

    /// Returns how many sources there are.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Returns whether a list has this term.
    pub(super) fn has(&self, term: u32) -> bool {
        self.numbers.number(term) > 0
    }

    /// Returns the number of a source, by its place among them. That of nobody beyond them.
    pub(super) fn number(&self, source: usize) -> u32 {
        self.sources.get(source).map_or(0, |source| source.0)
    }

    /// Returns the places of a source's lists; none beyond the sources.
    pub(super) fn lists_of(&self, source: usize) -> &[u32] {
        let Some(&(_, end)) = self.sources.get(source) else {
            return &[];
        };
        let start = if source == 0 { 0 } else { self.sources[source - 1].1 };
        &self.places[start as usize..end as usize]
    }

    /// Returns a list by its place: the numbers of its terms.
    pub(super) fn list(&self, place: u32) -> &[u32] {
        let place = place as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] as usize };
        &self.flat[start..self.ends[place] as usize]
    }
}
