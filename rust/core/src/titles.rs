//! Documents by their titles: which of them a text mentions.
//!
//! A title is the sequence of its terms, without what is in brackets ("Mercury (planet)" is Mercury). A text mentions
//! it if those terms follow each other in it, with function words left out on both sides.

use crate::maps::{Map, Set, State};
use crate::place_list::PlaceList;
use prefetch_index::prefetch_index;
use std::hash::BuildHasher;

/// The longest title that can be mentioned, in terms. A longer one is a sentence, which texts do not quote whole.
pub const MENTION_TERMS_MAX: usize = 8;

/// Marks a position in a sequence that no title crosses, as between a document's title and its text.
pub const BREAK: u32 = u32::MAX;

/// A shard's documents by title.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    // By their first term. Dense, as every word of every seed is looked up.
    beginnings: Vec<Beginning>,
    // A bit for each term that has one: they stay in the nearest cache.
    begins: Vec<u64>,
    // The documents with a title of one term, which most words that begin a title are.
    of_one_term: Vec<PlaceList>,
    // Those with one of several terms. Some titles may share a hash.
    by_hash: Map<u64, PlaceList>,
    state: State,
}

#[derive(Copy, Clone, Debug, Default)]
struct Beginning {
    // Bit n is set if a title of n terms was ever added.
    lengths: u16,
    // Of titles of several terms: a bit for the second one, which some others share. It saves most looks for a title.
    seconds: u16,
    // The index of the list of its documents, if the term is a title; an empty list stays.
    list: u32,
}

/// Documents of one title that a text mentions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mention {
    /// The title.
    pub title: Box<[u32]>,
    /// Their places: all of them, or as many as were asked for.
    pub places: Vec<u32>,
}

fn bit(second: u32) -> u16 {
    1 << (second % u16::BITS)
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
            let first = title[0] as usize;
            if self.beginnings.len() <= first {
                self.beginnings.resize(first + 1, Beginning::default());
                self.begins.resize((first + 1).div_ceil(64), 0);
            }
            self.begins[first / 64] |= 1 << (first % 64);
            let beginning = &mut self.beginnings[first];
            let is_new = beginning.lengths >> title.len() & 1 == 0;
            beginning.lengths |= 1 << title.len();
            if title.len() > 1 {
                beginning.seconds |= bit(title[1]);
                self.by_hash.entry(self.hash(title)).or_default().push(place);
                return;
            }
            if is_new {
                beginning.list = self.of_one_term.len() as u32;
                self.of_one_term.push(PlaceList::default());
            }
            self.of_one_term[beginning.list as usize].push(place);
        }
    }

    /// Has the processor read meanwhile what a document with this title is listed by first.
    pub(crate) fn prefetch(&self, title: &[u32]) {
        title.first().into_iter().for_each(|first| prefetch_index(&self.beginnings, *first as usize));
    }

    /// Removes a document. `is_taken` returns whether a place holds a document.
    pub(crate) fn remove(&mut self, title: &[u32], is_taken: impl Fn(u32) -> bool) {
        if !Self::can_be_mentioned(title) {
            return;
        }
        if let [term] = title {
            self.of_one_term[self.beginnings[*term as usize].list as usize].remove(is_taken);
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
        let lists = self.of_one_term.iter_mut().chain(self.by_hash.values_mut());
        lists.for_each(|places| places.rebuild(&moved));
    }

    /// Returns every title that a sequence of terms mentions, once, in the order of first mention. `is_taken` returns
    /// whether a place holds a document, `title_of` the title of that; empty if there is none. At most `most` places are
    /// listed of each. `poll` is called at every word, and its error ends the search.
    pub fn mentioned<'a, E>(
        &self,
        sequence: &[u32],
        most: usize,
        is_taken: impl Fn(u32) -> bool,
        title_of: impl Fn(u32) -> &'a [u32],
        poll: impl Fn() -> Result<(), E>,
    ) -> Result<Vec<Mention>, E> {
        let mut found: Vec<Mention> = Vec::new();
        let mut known: Set<&[u32]> = Set::default();
        // Neither the words' entries nor the lists lie near each other: asked for together they are waited for together.
        let begun = sequence.iter().enumerate();
        let begun = begun.filter(|(_, term)| {
            let bits = self.begins.get(**term as usize / 64);
            bits.is_some_and(|bits| bits >> (**term % 64) & 1 == 1)
        });
        let begun: Vec<(usize, Beginning)> =
            begun.map(|(start, term)| (start, self.beginnings[*term as usize])).collect();
        let ones = begun.iter().filter(|(_, beginning)| beginning.lengths >> 1 & 1 == 1);
        std::hint::black_box(ones.map(|(_, one)| self.of_one_term[one.list as usize].len()).sum::<usize>());
        for (start, beginning) in begun {
            poll()?;
            let longest = match sequence.get(start + 1) {
                Some(&second) if beginning.seconds & bit(second) != 0 => MENTION_TERMS_MAX.min(sequence.len() - start),
                _ => 1,
            };
            for length in (1..=longest).filter(|length| beginning.lengths >> length & 1 == 1) {
                let title = &sequence[start..start + length];
                if known.contains(title) {
                    continue;
                }
                // Some of the places may be empty.
                let places: Vec<u32> = if length == 1 {
                    let places = &self.of_one_term[beginning.list as usize];
                    places.iter().copied().filter(|&place| is_taken(place)).take(most).collect()
                } else {
                    let Some(places) = self.by_hash.get(&self.hash(title)) else { continue };
                    places.iter().copied().filter(|&place| title_of(place) == title).take(most).collect()
                };
                if !places.is_empty() {
                    known.insert(title);
                    found.push(Mention { title: title.into(), places });
                }
            }
        }
        Ok(found)
    }
}
