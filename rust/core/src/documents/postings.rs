//! Where terms stand.

use crate::metadata::{Among, Places};

/// Where a term stands: the place of a document and how often it has the term.
pub type Posting = (u32, u32);

/// The postings of one term on one shard, with what bounds any score they can give.
///
/// The postings of a document that goes stay in the list, which is read beside the set of places that are taken: to take
/// one out would move all that stand behind it. They are taken out together once they are more than half of the list, so
/// that a delete costs the same however many documents have the term.
#[derive(Clone, Debug)]
pub struct Postings {
    // By place, those of documents included that went.
    list: Vec<Posting>,
    gone: usize,
    most: u32,
    shortest: u32,
}

impl Default for Postings {
    fn default() -> Self {
        Postings { list: Vec::new(), gone: 0, most: 0, shortest: u32::MAX }
    }
}

impl Postings {
    /// How many documents have the term.
    pub fn len(&self) -> usize {
        self.list.len() - self.gone
    }

    /// Whether no document has it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many postings reading the list takes: at most twice as many as documents have the term.
    pub fn cost(&self) -> usize {
        self.list.len()
    }

    /// The highest count in the list, or more.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// The fewest indexed words of a document in the list, or fewer.
    pub fn shortest(&self) -> u32 {
        self.shortest
    }

    /// Visits the documents with the term, by place; `taken` are the places where a document stands.
    pub fn visit(&self, taken: &Places, mut visit: impl FnMut(Posting)) {
        if self.gone == 0 {
            self.list.iter().for_each(|posting| visit(*posting));
        } else {
            self.list.iter().filter(|posting| taken.has(posting.0)).for_each(|posting| visit(*posting));
        }
    }

    /// How often the document that stands at a place has the term, if it does.
    pub fn count(&self, place: u32) -> Option<u32> {
        let found = self.list.binary_search_by_key(&place, |posting| posting.0);
        found.ok().map(|index| self.list[index].1)
    }

    /// Takes a document of so many indexed words, whose place is after all others.
    pub(super) fn push(&mut self, place: u32, count: u32, length: u32) {
        self.list.push((place, count));
        self.most = self.most.max(count);
        self.shortest = self.shortest.min(length);
    }

    /// Notes that one of its documents went. `taken` are the places that are left, and `lengths` the indexed words of all
    /// documents, by place.
    pub(super) fn remove(&mut self, taken: &Places, lengths: &[u32]) {
        assert!(self.gone < self.list.len(), "a document has its postings");
        self.gone += 1;
        if 2 * self.gone > self.list.len() {
            self.rebuild(lengths, |place| taken.has(place).then_some(place));
        }
    }

    /// Gives every document the place that `moved` says, which keeps their order; `None` for those that have gone.
    /// `lengths` is by the places before.
    pub(super) fn rebuild(&mut self, lengths: &[u32], moved: impl Fn(u32) -> Option<u32>) {
        let old = std::mem::take(self);
        self.list.reserve_exact(old.len());
        for (place, count) in old.list {
            if let Some(moved) = moved(place) {
                self.push(moved, count, lengths[place as usize]);
            }
        }
    }
}
