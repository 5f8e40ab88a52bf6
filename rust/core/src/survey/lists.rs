//! The concepts of each document, as plain data.

use super::pace::Pace;
use super::pairs::{Pairs, places};
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::{DocumentId, Tick};
use crate::query::{Local, View};
use serde::{Deserialize, Serialize};

/// What one shard contributes: the lists of its documents.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ListsPart {
    // Each document with the length of its list, and the tick that digested it.
    documents: Vec<(DocumentId, u32, u32)>,
    // Their concepts by term index, with their counts.
    entries: Vec<(u32, u32)>,
}

/// A concept of a document.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Entry {
    /// Its place.
    pub place: u32,
    /// How often the document has its term.
    pub count: u32,
}

/// The concepts that each digested document wired, documents by id and concepts by place. A document that had nothing
/// to digest has no list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Lists {
    documents: Vec<DocumentId>,
    ticks: Vec<u32>,
    starts: Vec<usize>,
    entries: Vec<Entry>,
}

impl ListsPart {
    /// Returns what a shard contributes.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set.
    pub fn of(local: Local<'_>) -> Result<ListsPart> {
        let mut part = ListsPart::default();
        for document in local.documents().all().filter(|document| !document.concepts.is_empty()) {
            local.poll()?;
            let digested = document.digested.expect("a document with concepts was digested");
            part.documents.push((document.id, document.concepts.len() as u32, digested));
            part.entries.extend(document.concepts.iter().map(|&term| {
                let found = document.terms.find(term);
                (term, found.map_or(1, |(_, count)| count))
            }));
        }
        Ok(part)
    }

    /// Returns how many bytes it has.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.documents) + size_of_val(&*self.entries)
    }

    /// Returns whether parts fit to a graph: those of nodes come over a wire.
    pub fn fit(parts: &[ListsPart], pairs: &Pairs) -> bool {
        let mut terms: Vec<u32> = pairs.concepts.iter().map(|concept| concept.term).collect();
        terms.sort_unstable();
        parts.iter().all(|part| {
            let lengths: u64 = part.documents.iter().map(|(_, length, _)| u64::from(*length)).sum();
            let is_concept = |(term, _): &(u32, u32)| terms.binary_search(term).is_ok();
            lengths == part.entries.len() as u64 && part.entries.iter().all(is_concept)
        })
    }
}

impl Lists {
    /// Returns the lists of a state, of which `pairs` is the graph.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag is set.
    pub fn of(view: View<'_>, pairs: &Pairs, cancel: &Cancel) -> Result<Lists> {
        let parts = view.until(cancel).locals().map(ListsPart::of).collect::<Result<Vec<ListsPart>>>()?;
        Lists::join(&parts, pairs, cancel)
    }

    /// Returns the lists whose parts, one of each shard in any order, are of the state of which `pairs` is the graph.
    pub fn join(parts: &[ListsPart], pairs: &Pairs, cancel: &Cancel) -> Result<Lists> {
        let mut pace = Pace::new(cancel);
        let place_of = places(&pairs.concepts);
        let mut order = Vec::new();
        for part in parts {
            let mut start = 0;
            for &(id, length, tick) in &part.documents {
                pace.steps(1)?;
                let end = start + length as usize;
                order.push((id, tick, &part.entries[start..end]));
                start = end;
            }
        }
        order.sort_unstable_by_key(|(id, ..)| *id);
        let (documents, ticks) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        let mut lists = Lists { documents, ticks, starts: vec![0], entries: Vec::new() };
        for (id, tick, entries) in order {
            pace.steps(entries.len())?;
            let start = lists.entries.len();
            let entry = |&(term, count): &(u32, u32)| Entry { place: place_of[term as usize], count };
            lists.entries.extend(entries.iter().map(entry));
            lists.entries[start..].sort_unstable_by_key(|entry| entry.place);
            lists.documents.push(id);
            lists.ticks.push(tick);
            lists.starts.push(lists.entries.len());
        }
        Ok(lists)
    }

    /// Returns the number of documents with a list.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Returns whether no document has a list.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Returns the ids of the documents with a list, in order.
    pub fn documents(&self) -> &[DocumentId] {
        &self.documents
    }

    /// Returns the concepts of the document at an index.
    pub fn list(&self, document: usize) -> &[Entry] {
        &self.entries[self.starts[document]..self.starts[document + 1]]
    }

    /// Returns the tick that digested the document at an index.
    pub fn tick(&self, document: usize) -> Tick {
        self.ticks[document].into()
    }

    /// Returns the number of concepts of all lists together.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    // Documents with ids from 0 and concepts by place, each once in its document.
    #[cfg(test)]
    pub(super) fn new_for_test(lists: &[&[u32]], pairs: &Pairs) -> Lists {
        let documents = (0..).zip(lists).map(|(id, list)| (DocumentId(id), list.len() as u32, 1)).collect();
        let entries = lists.iter().flat_map(|list| list.iter().map(|place| (*place, 1))).collect();
        Lists::join(&[ListsPart { documents, entries }], pairs, &Cancel::new()).expect("nobody cancels")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    #[test]
    fn lists_are_in_the_order_of_ids_wherever_their_parts_come_from() {
        let pairs = graph(4, []);
        let one = ListsPart {
            documents: vec![(DocumentId(9), 2, 4), (DocumentId(2), 1, 3)],
            entries: vec![(3, 1), (0, 4), (2, 2)],
        };
        let other = ListsPart { documents: vec![(DocumentId(5), 1, 7)], entries: vec![(1, 1)] };
        for parts in [[one.clone(), other.clone()], [other, one]] {
            let lists = Lists::join(&parts, &pairs, &Cancel::new()).unwrap();
            assert_eq!(lists.documents(), [DocumentId(2), DocumentId(5), DocumentId(9)]);
            assert_eq!([0, 1, 2].map(|document| lists.tick(document)), [3, 7, 4]);
            let entry = |place, count| Entry { place, count };
            assert_eq!((lists.list(0), lists.list(1)), (&[entry(2, 2)][..], &[entry(1, 1)][..]));
            assert_eq!((lists.list(2), lists.entries()), (&[entry(0, 4), entry(3, 1)][..], 4));
        }
    }
}
