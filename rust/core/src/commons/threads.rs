//! Which documents stand in threads, and in which order.

use crate::documents::ThreadPlace;
use crate::ids::DocumentId;
use crate::maps::Map;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The threads of the whole colony: whoever asks a question knows the neighbours of a document without asking its home.
///
/// It has some 100 bytes for each document in a thread, and nothing for others. It is derived from documents, and so no
/// part of a digest.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    places: Map<u128, (Arc<str>, i64)>,
    members: Map<Arc<str>, BTreeSet<(i64, u128)>>,
}

impl Threads {
    /// Returns whether no document stands in a thread.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the document and its neighbours in its thread, up to `reach` on each side, in their order, each with its
    /// distance: the number of steps from the document, whatever the gaps between places. Returns nothing for a
    /// document that stands in no thread.
    pub fn window(&self, id: DocumentId, reach: usize) -> Vec<(DocumentId, u32)> {
        let Some((thread, place)) = self.places.get(&id.0) else { return Vec::new() };
        let (members, own) = (&self.members[thread], (*place, id.0));
        let mut window: Vec<(DocumentId, u32)> = (1..)
            .zip(members.range(..own).rev().take(reach))
            .map(|(steps, known)| (DocumentId(known.1), steps))
            .collect();
        window.reverse();
        window
            .extend((0..).zip(members.range(own..).take(reach + 1)).map(|(steps, known)| (DocumentId(known.1), steps)));
        window
    }

    pub(super) fn insert(&mut self, id: DocumentId, at: &ThreadPlace) {
        let known = self.members.get_key_value(&*at.thread).map(|(thread, _)| thread.clone());
        let thread = known.unwrap_or_else(|| Arc::from(&*at.thread));
        let is_new = self.members.entry(thread.clone()).or_default().insert((at.place, id.0));
        assert!(is_new && self.places.insert(id.0, (thread, at.place)).is_none(), "document {id} is in a thread twice");
    }

    pub(super) fn remove(&mut self, id: DocumentId) {
        let Some((thread, place)) = self.places.remove(&id.0) else { return };
        let members = self.members.get_mut(&thread).expect("a document's thread is known");
        members.remove(&(place, id.0));
        if members.is_empty() {
            self.members.remove(&thread);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads(all: &[(u128, &str, i64)]) -> Threads {
        let mut threads = Threads::default();
        for &(id, thread, place) in all {
            threads.insert(DocumentId(id), &ThreadPlace { thread: thread.into(), place });
        }
        threads
    }

    fn window(threads: &Threads, id: u128, reach: usize) -> Vec<(u128, u32)> {
        threads.window(DocumentId(id), reach).into_iter().map(|(id, steps)| (id.0, steps)).collect()
    }

    #[test]
    fn neighbours_follow_place_then_id_and_gaps_count_as_one_step() {
        let all = [(7, "a", 3), (2, "a", 3), (9, "a", i64::MIN), (4, "a", 1000), (1, "b", 2), (5, "a", i64::MAX)];
        let threads = threads(&all);
        assert_eq!(window(&threads, 7, 2), [(9, 2), (2, 1), (7, 0), (4, 1), (5, 2)]);
        assert_eq!(window(&threads, 9, 1), [(9, 0), (2, 1)]);
        assert_eq!(window(&threads, 5, 9), [(9, 4), (2, 3), (7, 2), (4, 1), (5, 0)]);
        assert_eq!(window(&threads, 1, 3), [(1, 0)]);
        assert_eq!(window(&threads, 6, 3), []);
    }

    #[test]
    fn what_leaves_is_no_neighbour_and_leaves_nothing_behind() {
        let mut threads = threads(&[(1, "a", 1), (2, "a", 2), (3, "a", 3)]);
        threads.remove(DocumentId(2));
        threads.remove(DocumentId(2));
        assert_eq!(window(&threads, 1, 4), [(1, 0), (3, 1)]);
        threads.remove(DocumentId(1));
        threads.remove(DocumentId(3));
        assert!(threads.is_empty() && threads.members.is_empty());
    }
}
