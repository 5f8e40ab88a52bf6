//! Where terms stand.

/// Where a term stands: the place of a document and how often it has the term.
pub type Posting = (u32, u32);

/// The postings of one term on one shard, with what bounds any score they can give.
///
/// A document that goes leaves a tombstone, a posting with a count of 0: taking it out at once would move all that stand
/// behind it. Tombstones are taken out together once they are more than half of the list, so that a delete costs the
/// same however many documents have the term.
#[derive(Clone, Debug)]
pub struct Postings {
    // By place, tombstones included.
    list: Vec<Posting>,
    tombstones: usize,
    most: u32,
    shortest: u32,
}

impl Default for Postings {
    fn default() -> Self {
        Postings { list: Vec::new(), tombstones: 0, most: 0, shortest: u32::MAX }
    }
}

impl Postings {
    /// How many documents have the term.
    pub fn len(&self) -> usize {
        self.list.len() - self.tombstones
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

    /// The documents with the term, by place.
    pub fn iter(&self) -> impl Iterator<Item = Posting> + '_ {
        self.list.iter().copied().filter(|posting| posting.1 > 0)
    }

    /// How often the document at a place has the term, if it does.
    pub fn count(&self, place: u32) -> Option<u32> {
        self.index_of(place).map(|index| self.list[index].1).filter(|count| *count > 0)
    }

    fn index_of(&self, place: u32) -> Option<usize> {
        self.list.binary_search_by_key(&place, |posting| posting.0).ok()
    }

    /// Takes a document of so many indexed words, whose place is after all others.
    pub(super) fn push(&mut self, place: u32, count: u32, length: u32) {
        self.list.push((place, count));
        self.most = self.most.max(count);
        self.shortest = self.shortest.min(length);
    }

    /// Lets the document at a place go. `lengths` are the indexed words of all documents, by place.
    pub(super) fn remove(&mut self, place: u32, lengths: &[u32]) {
        let index = self.index_of(place).expect("a document has its postings");
        self.list[index].1 = 0;
        self.tombstones += 1;
        if 2 * self.tombstones > self.list.len() {
            self.rebuild(lengths, |place| place);
        }
    }

    /// Takes the tombstones out and gives every document the place that `moved` says, which keeps their order.
    /// `lengths` is by the places before.
    pub(super) fn rebuild(&mut self, lengths: &[u32], moved: impl Fn(u32) -> u32) {
        let old = std::mem::take(self);
        self.list.reserve_exact(old.len());
        old.iter().for_each(|(place, count)| self.push(moved(place), count, lengths[place as usize]));
    }
}
