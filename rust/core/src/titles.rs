//! Documents by their titles: which of them a text mentions.
//!
//! A title is the sequence of its terms, without what is in brackets ("Mercury (planet)" is Mercury). A text mentions
//! it if those terms follow each other in it, with function words left out on both sides.

use crate::maps::{Map, Set, State};
use crate::place_list::PlaceList;
use std::hash::BuildHasher;

/// The longest title that can be mentioned, in terms. A longer one is a sentence, which texts do not quote whole.
pub const MENTION_TERMS_MAX: usize = 8;

/// Marks a position in a sequence that no title crosses, as between a document's title and its text.
pub const BREAK: u32 = u32::MAX;

/// A shard's documents by title.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    by_hash: Map<u64, PlaceList>,
    // The lengths of titles by their first term: bit n is set if a title of n terms was ever added. Dense, as every
    // word of every seed is looked up.
    lengths: Vec<u16>,
    state: State,
}

/// Documents of one title that a text mentions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// The title.
    pub title: Box<[u32]>,
    /// Their places: all of them, or as many as were asked for.
    pub places: Vec<u32>,
}

impl Titles {
    fn hash(&self, title: &[u32]) -> u64 {
        self.state.hash_one(title)
    }

    fn can_be_mentioned(title: &[u32]) -> bool {
        !title.is_empty() && title.len() <= MENTION_TERMS_MAX
    }

    pub(crate) fn insert(&mut self, title: &[u32], place: u32) {
        if Self::can_be_mentioned(title) {
            self.by_hash.entry(self.hash(title)).or_default().push(place);
            let first = title[0] as usize;
            if self.lengths.len() <= first {
                self.lengths.resize(first + 1, 0);
            }
            self.lengths[first] |= 1 << title.len();
        }
    }

    /// Removes a document. `is_taken` returns whether a place holds a document.
    pub(crate) fn remove(&mut self, title: &[u32], is_taken: impl Fn(u32) -> bool) {
        if !Self::can_be_mentioned(title) {
            return;
        }
        let hash = self.hash(title);
        let places = self.by_hash.get_mut(&hash).expect("a document is listed under its title");
        places.remove(is_taken);
        if places.is_gone() {
            self.by_hash.remove(&hash);
        }
    }

    /// Moves every document to the place that `moved` returns, which keeps their order; `moved` returns `None` for
    /// deleted documents.
    pub(crate) fn rebuild(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        self.by_hash.values_mut().for_each(|places| places.rebuild(&moved));
    }

    /// Returns every title that a sequence of terms mentions, once, in the order of first mention. `title_of` returns
    /// the title of the document at a place; empty if the place is. At most `most` places are listed of each. `poll` is
    /// called at every word, and its error ends the search.
    pub fn mentioned<'a, E>(
        &self,
        sequence: &[u32],
        most: usize,
        title_of: impl Fn(u32) -> &'a [u32],
        poll: impl Fn() -> Result<(), E>,
    ) -> Result<Vec<Mention>, E> {
        let mut found: Vec<Mention> = Vec::new();
        let mut known: Set<&[u32]> = Set::default();
        for start in 0..sequence.len() {
            poll()?;
            let Some(lengths) = self.lengths.get(sequence[start] as usize).filter(|lengths| **lengths > 0) else {
                continue;
            };
            let longest = MENTION_TERMS_MAX.min(sequence.len() - start);
            for length in (1..=longest).filter(|length| lengths >> length & 1 == 1) {
                let title = &sequence[start..start + length];
                let Some(places) = self.by_hash.get(&self.hash(title)) else { continue };
                if known.contains(title) {
                    continue;
                }
                // Other titles may share the hash, and some of the places may be empty.
                let bearers = places.iter().copied().filter(|&place| title_of(place) == title);
                let places: Vec<u32> = bearers.take(most).collect();
                if !places.is_empty() {
                    known.insert(title);
                    found.push(Mention { title: title.into(), places });
                }
            }
        }
        Ok(found)
    }
}
