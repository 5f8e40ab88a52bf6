//! Lists of places whose documents may be deleted.

use std::ops::Deref;

/// The places of some documents, in order. A deleted document's place stays in the list; readers skip it with the set
/// of places that hold a document. Such places are taken out together once they are more than half of the list.
#[derive(Clone, Debug, Default)]
pub struct PlaceList {
    places: Vec<u32>,
    gone: usize,
}

impl Deref for PlaceList {
    type Target = [u32];

    /// Returns the places, including those of deleted documents.
    fn deref(&self) -> &[u32] {
        &self.places
    }
}

impl PlaceList {
    /// Returns whether no document is left in it.
    pub fn is_gone(&self) -> bool {
        self.places.len() == self.gone
    }

    /// Adds a place that is after all others, or the last one again.
    pub(crate) fn push(&mut self, place: u32) {
        if self.places.last() != Some(&place) {
            self.places.push(place);
        }
    }

    /// Counts one of its documents as deleted. `is_taken` returns whether a place holds a document.
    pub(crate) fn remove(&mut self, is_taken: impl Fn(u32) -> bool) {
        self.gone += 1;
        if 2 * self.gone > self.places.len() {
            self.rebuild(|place| is_taken(place).then_some(place));
        }
    }

    /// Moves every document to the place that `moved` returns, which keeps their order; `moved` returns `None` for
    /// deleted documents.
    pub(crate) fn rebuild(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        self.gone = 0;
        self.places = self.places.iter().filter_map(|place| moved(*place)).collect();
    }
}
