//! Postings: which documents have a term.

use super::packed::{packed, unpacked};
use crate::metadata::{Among, Places};
use prefetch_index::prefetch_index;
use std::ops::Range;

/// One posting of a term: the place of a document and how often the document has the term.
pub type Posting = (u32, u32);

/// How many postings are visited together at most.
pub const BLOCK: usize = 64;

/// Room for postings that are visited together.
#[derive(Debug)]
pub struct PostingBlock {
    /// Their places.
    pub places: [u32; BLOCK],
    /// How often the document at each has the term.
    pub counts: [u32; BLOCK],
}

impl Default for PostingBlock {
    fn default() -> Self {
        PostingBlock { places: [0; BLOCK], counts: [0; BLOCK] }
    }
}

/// The postings of one term on one shard, with bounds for every score they can give.
///
/// A deleted document's postings stay in the list, because taking one out would move all that follow it. Readers skip
/// them with the set of places that hold a document. They are taken out together once they are more than half of the
/// list, so that a delete costs the same however many documents have the term.
#[derive(Clone, Debug)]
pub struct Postings {
    // By place, including those of deleted documents.
    list: List,
    gone: usize,
    most: u32,
    shortest: u32,
}

#[derive(Clone, Debug)]
enum List {
    Narrow(Vec<u32>),
    // From the first posting on that does not fit.
    Wide(Vec<Posting>),
}

// Does the same to a list of either kind: `$list`, whose entries `$read` turns into postings.
macro_rules! each_kind {
    ($self:expr, |$list:ident, $read:ident| $work:expr) => {
        match &$self.list {
            List::Narrow($list) => {
                let $read = |packed: &u32| unpacked(*packed);
                $work
            }
            List::Wide($list) => {
                let $read = |posting: &Posting| *posting;
                $work
            }
        }
    };
}

impl Default for Postings {
    fn default() -> Self {
        Postings { list: List::Narrow(Vec::new()), gone: 0, most: 0, shortest: u32::MAX }
    }
}

impl Postings {
    /// Returns how many documents have the term.
    pub fn len(&self) -> usize {
        self.cost() - self.gone
    }

    /// Returns whether no document has the term.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many postings a reader of the list visits: at most twice as many as documents have the term.
    pub fn cost(&self) -> usize {
        each_kind!(self, |list, _read| list.len())
    }

    /// Returns an upper bound of the counts in the list.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// Returns a lower bound of the indexed words of the documents in the list.
    pub fn shortest(&self) -> u32 {
        self.shortest
    }

    /// Visits the documents with the term, by place. `taken` are the places that hold a document.
    #[inline]
    pub fn visit(&self, taken: &Places, mut visit: impl FnMut(Posting)) {
        each_kind!(self, |list, read| match self.gone {
            0 => list.iter().for_each(|posting| visit(read(posting))),
            _ => list.iter().map(read).filter(|posting| taken.has(posting.0)).for_each(visit),
        });
    }

    /// Visits those of them that have a place in a range, `among` others, up to [`BLOCK`] of them together: their places,
    /// and their counts. `from` is the index of a posting that none of them is before; `block` is where they are put.
    /// Returns the index of the next.
    #[inline]
    pub fn visit_blocks<A: Among>(
        &self,
        taken: &Places,
        among: &A,
        from: usize,
        range: Range<u32>,
        block: &mut PostingBlock,
        mut visit: impl FnMut(&[u32], &[u32; BLOCK]),
    ) -> usize {
        let PostingBlock { places, counts } = block;
        each_kind!(self, |list, read| {
            let mut next = from + behind(&list[from..], |posting| read(posting).0 < range.start);
            loop {
                let mut many = 0;
                match list.get(next..next + BLOCK) {
                    Some(all) if A::IS_EVERY && self.gone == 0 && read(&all[BLOCK - 1]).0 < range.end => {
                        for (at, posting) in all.iter().enumerate() {
                            (places[at], counts[at]) = read(posting);
                        }
                        (many, next) = (BLOCK, next + BLOCK);
                    }
                    _ => {
                        let in_range = list[next..].iter().map(read).take_while(|posting| posting.0 < range.end);
                        for posting in in_range.take(BLOCK) {
                            (places[many], counts[many]) = posting;
                            let stands = self.gone == 0 || taken.has(posting.0);
                            many += usize::from(stands & among.has(posting.0));
                            next += 1;
                        }
                    }
                }
                if many > 0 {
                    visit(&places[..many], counts);
                }
                if list.get(next).is_none_or(|posting| read(posting).0 >= range.end) {
                    return next;
                }
            }
        })
    }

    /// Visits those of them that have a place in a range, as [`Postings::visit_blocks`] does, one by one.
    #[inline]
    pub fn visit_in(&self, taken: &Places, from: usize, range: Range<u32>, mut visit: impl FnMut(Posting)) -> usize {
        each_kind!(self, |list, read| {
            let rest = &list[from..];
            let rest = &rest[behind(rest, |posting| read(posting).0 < range.start)..];
            let many = match rest.last() {
                Some(last) if read(last).0 >= range.end => behind(rest, |posting| read(posting).0 < range.end),
                _ => rest.len(),
            };
            let postings = rest[..many].iter().map(read);
            match self.gone {
                0 => postings.for_each(visit),
                _ => postings.filter(|posting| taken.has(posting.0)).for_each(&mut visit),
            }
            list.len() - rest.len() + many
        })
    }

    /// Visits those of them from the posting of an index on that have a place before `end`, of which there are few. Returns
    /// the index of the next.
    #[inline]
    pub fn visit_to(&self, taken: &Places, from: usize, end: u32, mut visit: impl FnMut(Posting)) -> usize {
        each_kind!(self, |list, read| {
            let mut visited = 0;
            for posting in &list[from..] {
                let posting = read(posting);
                if posting.0 >= end {
                    break;
                }
                visited += 1;
                if self.gone == 0 || taken.has(posting.0) {
                    visit(posting);
                }
            }
            from + visited
        })
    }

    /// Returns the place of the posting of an index; 0 if there is none.
    #[inline]
    pub fn place_at(&self, index: usize) -> u32 {
        each_kind!(self, |list, read| list.get(index).map_or(0, |posting| read(posting).0))
    }

    /// Returns how often the document at a place has the term, or `None` if it does not. The place must not be empty.
    #[inline]
    pub fn count(&self, place: u32) -> Option<u32> {
        each_kind!(self, |list, read| {
            let last = read(list.last()?).0;
            if place > last {
                return None;
            }
            // Most terms are spread over all documents, so that a share of the places is about that share of the list.
            // From there on in growing steps.
            let mut low = (u64::from(place) * (list.len() as u64 - 1) / u64::from(last.max(1))) as usize;
            let (mut high, mut step) = (low + 1, 1);
            while read(&list[low]).0 > place {
                high = low;
                low = low.saturating_sub(step);
                if high == 0 {
                    return None;
                }
                step *= 2;
            }
            while high < list.len() && read(&list[high]).0 <= place {
                low = high;
                high = (high + step).min(list.len());
                step *= 2;
            }
            let found = list[low..high].binary_search_by_key(&place, |posting| read(posting).0);
            found.ok().map(|index| read(&list[low + index]).1)
        })
    }

    /// Has the processor read meanwhile where the next posting goes.
    pub(super) fn prefetch(&self) {
        each_kind!(self, |list, _read| prefetch_index(list, list.len()));
    }

    /// Adds a document with `length` indexed words. Its place is after all others in the list.
    pub(super) fn push(&mut self, place: u32, count: u32, length: u32) {
        match (&mut self.list, packed((place, count))) {
            (List::Narrow(list), Some(posting)) => {
                grow(list);
                list.push(posting);
            }
            (List::Narrow(list), None) => {
                let wide = list.iter().map(|posting| unpacked(*posting)).chain([(place, count)]);
                self.list = List::Wide(wide.collect());
            }
            (List::Wide(list), _) => {
                grow(list);
                list.push((place, count));
            }
        }
        self.most = self.most.max(count);
        self.shortest = self.shortest.min(length);
    }

    /// Counts one of its documents as deleted. `taken` are the places that still hold a document, `lengths` the indexed
    /// words of all documents, by place.
    pub(super) fn remove(&mut self, taken: &Places, lengths: &[u32]) {
        assert!(self.gone < self.cost(), "a document has its postings");
        self.gone += 1;
        if 2 * self.gone > self.cost() {
            self.rebuild(lengths, |place| taken.has(place).then_some(place));
        }
    }

    /// Moves every document to the place that `moved` returns, which keeps their order; `moved` returns `None` for
    /// deleted documents. `lengths` is indexed by the old places.
    pub(super) fn rebuild(&mut self, lengths: &[u32], moved: impl Fn(u32) -> Option<u32>) {
        let old = std::mem::take(self);
        self.list = List::Narrow(Vec::with_capacity(old.len()));
        let mut add = |(place, count): Posting| {
            if let Some(moved) = moved(place) {
                self.push(moved, count, lengths[place as usize]);
            }
        };
        each_kind!(old, |list, read| list.iter().for_each(|posting| add(read(posting))));
    }
}

// Returns how many entries at the beginning of a list are before what is looked for, which is near the beginning.
fn behind<T>(list: &[T], is_before: impl Fn(&T) -> bool) -> usize {
    let (mut low, mut step) = (0, 1);
    while list.get(low + step - 1).is_some_and(&is_before) {
        low += step;
        step *= 2;
    }
    let high = (low + step - 1).min(list.len());
    low + list[low..high].partition_point(is_before)
}

/// Makes room for one more: a quarter more in a long list, which would have twice as much otherwise and leave on average
/// a quarter of it empty. Lists are a large part of a colony's memory.
pub(super) fn grow<T>(list: &mut Vec<T>) {
    const LONG: usize = 256;
    if list.len() == list.capacity() && list.len() >= LONG {
        list.reserve_exact(list.len() / 4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Every;
    use proptest::prelude::*;

    struct Thirds;

    impl Among for Thirds {
        fn has(&self, place: u32) -> bool {
            place.is_multiple_of(3)
        }
    }

    proptest! {
        #[test]
        fn a_count_is_found_however_the_places_are_spread(
            places in prop::collection::btree_set(prop_oneof![0u32..40, 0u32..5000, any::<u32>()], 0..60), asked: Vec<u32>,
            few in any::<bool>(), first in prop_oneof![Just(1u32), 200u32..260],
        ) {
            // Many lists stay narrow, and some become wide by a place or by a count.
            let places: std::collections::BTreeSet<u32> = places.iter().filter(|place| !few || **place < 5000).copied().collect();
            let mut postings = Postings::default();
            for (count, &place) in (first..).zip(&places) {
                postings.push(place, count, 1);
            }
            let listed: Vec<Posting> = places.iter().copied().zip(first..).collect();
            let mut visited = Vec::new();
            postings.visit(&Places::default(), |posting| visited.push(posting));
            prop_assert_eq!(&visited, &listed);
            let (mut visited, mut of_thirds, mut singly) = (Vec::new(), Vec::new(), Vec::new());
            let (mut from, mut from_thirds, mut from_singly, mut block) = (0, 0, 0, PostingBlock::default());
            for range in [0..first, first..first, first..3000, 4000..5000, 5000..u32::MAX] {
                let all = Places::default();
                from = postings.visit_blocks(&all, &Every, from, range.clone(), &mut block, |places, counts| {
                    visited.extend(places.iter().copied().zip(counts.iter().copied()));
                });
                from_singly = postings.visit_in(&all, from_singly, range.clone(), |posting| singly.push(posting));
                from_thirds = postings.visit_blocks(&all, &Thirds, from_thirds, range, &mut block, |places, counts| {
                    of_thirds.extend(places.iter().copied().zip(counts.iter().copied()));
                });
            }
            let expected = listed.iter().filter(|(place, _)| !(3000..4000).contains(place) && *place < u32::MAX);
            prop_assert_eq!(&visited, &expected.clone().copied().collect::<Vec<_>>());
            prop_assert_eq!(&singly, &visited);
            prop_assert_eq!(of_thirds, expected.filter(|(place, _)| Thirds.has(*place)).copied().collect::<Vec<_>>());
            let near = places.iter().flat_map(|place| [place.saturating_sub(1), *place, place.saturating_add(1)]);
            for place in near.chain(asked).chain([0, u32::MAX]) {
                let expected = places.iter().position(|known| *known == place).map(|index| index as u32 + first);
                prop_assert_eq!(postings.count(place), expected);
            }
        }
    }
}
