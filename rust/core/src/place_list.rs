//! Lists of places from which documents go.

use std::ops::Deref;

/// The places of some documents, in order. One that goes stays in the list, which is read beside the set of places that
/// are taken; those are taken out together once they are more than half of the list.
#[derive(Clone, Debug, Default)]
pub struct PlaceList {
    places: Vec<u32>,
    gone: usize,
}

impl Deref for PlaceList {
    type Target = [u32];

    /// The places, those that have gone included.
    fn deref(&self) -> &[u32] {
        &self.places
    }
}

impl PlaceList {
    /// Whether no document is left in it.
    pub fn is_gone(&self) -> bool {
        self.places.len() == self.gone
    }

    /// Takes a place that is after all others, or the last again.
    pub(crate) fn push(&mut self, place: u32) {
        if self.places.last() != Some(&place) {
            self.places.push(place);
        }
    }

    /// Notes that one of its documents went; `is_taken` says of a place whether a document stands there.
    pub(crate) fn remove(&mut self, is_taken: impl Fn(u32) -> bool) {
        self.gone += 1;
        if 2 * self.gone > self.places.len() {
            self.rebuild(|place| is_taken(place).then_some(place));
        }
    }

    /// Gives every document the place that `moved` says, which keeps their order; `None` for those that have gone.
    pub(crate) fn rebuild(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        self.gone = 0;
        self.places = self.places.iter().filter_map(|place| moved(*place)).collect();
    }
}
