//! The words of a document in their order, packed.

use serde::{Deserialize, Serialize};

/// The words of a document that have a position, in order, title first. Each is stored as the index of its term in the
/// document's list of terms, which takes one byte for almost every document.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Sequence {
    places: Places,
    title: u32,
    passages: Box<[Passage]>,
    // One bit for each term, if there are passages.
    placeless: Box<[u64]>,
}

#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
enum Places {
    Narrow(#[serde(with = "crate::bytes")] Box<[u8]>),
    Wide(Box<[u16]>),
    Widest(Box<[u32]>),
}

impl Default for Places {
    fn default() -> Self {
        Places::Narrow(Box::default())
    }
}

/// A passage of a text that has several.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Passage {
    /// The offsets of its start and end in the text, in bytes.
    pub bytes: (u32, u32),
    /// The position behind its last word. It starts where the one before it ends.
    pub end: u32,
}

impl Sequence {
    pub(super) fn new(
        places: impl Iterator<Item = u32>,
        terms: usize,
        title: u32,
        passages: Box<[Passage]>,
        placeless: Box<[u64]>,
    ) -> Sequence {
        let places = match terms {
            0..=0x100 => Places::Narrow(places.map(|place| place as u8).collect()),
            0x101..=0x1_0000 => Places::Wide(places.map(|place| place as u16).collect()),
            _ => Places::Widest(places.collect()),
        };
        Sequence { places, title, passages, placeless }
    }

    /// Takes over the new indices of the terms in the document's list, by old index.
    pub(super) fn reorder(&mut self, place_of: &[u32]) {
        match &mut self.places {
            Places::Narrow(places) => places.iter_mut().for_each(|place| *place = place_of[*place as usize] as u8),
            Places::Wide(places) => places.iter_mut().for_each(|place| *place = place_of[*place as usize] as u16),
            Places::Widest(places) => places.iter_mut().for_each(|place| *place = place_of[*place as usize]),
        }
        let mut placeless = vec![0u64; self.placeless.len()];
        if !placeless.is_empty() {
            for (_, &now) in place_of.iter().enumerate().filter(|(before, _)| self.is_placeless(*before)) {
                placeless[now as usize / 64] |= 1 << (now % 64);
            }
        }
        self.placeless = placeless.into();
    }

    /// Returns the number of words.
    pub fn len(&self) -> usize {
        match &self.places {
            Places::Narrow(places) => places.len(),
            Places::Wide(places) => places.len(),
            Places::Widest(places) => places.len(),
        }
    }

    /// Returns whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of words of the title, which come first.
    pub fn title(&self) -> usize {
        self.title as usize
    }

    /// Returns the passages of the text; none if the text is one passage.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Returns whether a term, by its index in the document's list, counts without a position in the sequence. Known
    /// only for texts of several passages.
    pub fn is_placeless(&self, place: usize) -> bool {
        self.placeless.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    /// Returns, for each of the document's `terms` terms, whether it has a position, by its index in the document's
    /// list; for a few behind them perhaps too.
    pub fn standing(&self, terms: usize) -> Vec<bool> {
        if let Places::Narrow(places) = &self.places {
            // Every byte is an index of this many, so none has to be checked.
            let mut standing = Box::new([false; 1 << 8]);
            places.iter().for_each(|&place| standing[usize::from(place)] = true);
            return (standing as Box<[bool]>).into();
        }
        let mut standing = vec![false; terms];
        self.visit(0..self.len(), |place| standing[place as usize] = true);
        standing
    }

    /// Returns the positions of a passage's words, by its number.
    pub fn words_of(&self, passage: usize) -> std::ops::Range<usize> {
        let start = if passage == 0 { self.title } else { self.passages[passage - 1].end };
        start as usize..self.passages[passage].end as usize
    }

    /// Visits words in their order, as indices into the document's list of terms.
    pub fn visit(&self, words: std::ops::Range<usize>, mut visit: impl FnMut(u32)) {
        match &self.places {
            Places::Narrow(places) => places[words].iter().for_each(|&place| visit(place.into())),
            Places::Wide(places) => places[words].iter().for_each(|&place| visit(place.into())),
            Places::Widest(places) => places[words].iter().for_each(|&place| visit(place)),
        }
    }

    /// Returns whether it is possible for a text with `terms` different terms.
    pub(crate) fn fits(&self, terms: usize, text: &str) -> bool {
        let mut within = self.title() <= self.len();
        self.visit(0..self.len(), |place| within &= (place as usize) < terms);
        let mut last = (0, self.title);
        for passage in &self.passages {
            let (from, to) = (passage.bytes.0 as usize, passage.bytes.1 as usize);
            within &= last.0 <= from && text.get(from..to).is_some() && last.1 <= passage.end;
            last = (to, passage.end);
        }
        within && last.1 as usize <= self.len()
    }

    /// Returns the bytes on the heap, without the allocator's overhead.
    pub fn bytes(&self) -> usize {
        let places = match &self.places {
            Places::Narrow(places) => size_of_val::<[u8]>(places),
            Places::Wide(places) => size_of_val::<[u16]>(places),
            Places::Widest(places) => size_of_val::<[u32]>(places),
        };
        places + size_of_val::<[Passage]>(&self.passages) + size_of_val::<[u64]>(&self.placeless)
    }
}
