//! Which documents of a shard have which metadata, and which time.

use super::{Filter, Key, Metadata, Places};
use crate::maps::Map;
use crate::metadata::filter::{Condition, Node};
use crate::place_list::PlaceList;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

/// A shard's documents, indexed by their metadata and their times.
#[derive(Clone, Debug, Default)]
pub struct MetadataIndex {
    columns: Map<String, Column>,
    // The documents that have a time. Each list has some document.
    times: BTreeMap<i64, PlaceList>,
}

// One key. All lists are sorted, and each has some document.
#[derive(Clone, Debug, Default)]
struct Column {
    // All documents with the key: a key with an empty list is present, and no value finds it.
    all: PlaceList,
    by_value: BTreeMap<Key, PlaceList>,
}

impl MetadataIndex {
    /// Adds a document, whose place is after all others.
    pub(crate) fn insert(&mut self, metadata: &Metadata, time: Option<i64>, place: u32) {
        if let Some(time) = time {
            self.times.entry(time).or_default().push(place);
        }
        for (key, values) in metadata.iter() {
            let column = self.columns.entry_ref(key).or_default();
            column.all.push(place);
            for value in values.all() {
                // A list may hold a value twice.
                column.by_value.entry(Key::of(value)).or_default().push(place);
            }
        }
    }

    /// Removes a document. `is_taken` returns whether a place holds a document.
    pub(crate) fn remove(&mut self, metadata: &Metadata, time: Option<i64>, is_taken: impl Fn(u32) -> bool) {
        if let Some(time) = time {
            let list = self.times.get_mut(&time).expect("a document is listed under its time");
            list.remove(&is_taken);
            if list.is_gone() {
                self.times.remove(&time);
            }
        }
        for (key, values) in metadata.iter() {
            let column = self.columns.get_mut(key).expect("a document is listed under its keys");
            column.all.remove(&is_taken);
            let mut all: Vec<Key> = values.all().iter().map(Key::of).collect();
            all.sort_unstable();
            all.dedup();
            for value in all {
                let list = column.by_value.get_mut(&value).expect("a document is listed under its values");
                list.remove(&is_taken);
                if list.is_gone() {
                    column.by_value.remove(&value);
                }
            }
            if column.all.is_gone() {
                self.columns.remove(key);
            }
        }
    }

    /// Moves every document to the place that `moved` returns, which keeps their order; `moved` returns `None` for
    /// deleted documents.
    pub(crate) fn rebuild(&mut self, moved: impl Fn(u32) -> Option<u32>) {
        for column in self.columns.values_mut() {
            column.all.rebuild(&moved);
            column.by_value.values_mut().for_each(|list| list.rebuild(&moved));
        }
        self.times.values_mut().for_each(|list| list.rebuild(&moved));
    }

    /// Returns the latest time of a document, if any has one.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.times.last_key_value().map(|(time, _)| *time)
    }

    /// Returns the places that match, among `documents` places. It reads lists of places, and no document: empty places
    /// may be among them.
    pub fn matching(&self, filter: &Filter, documents: usize) -> Places {
        self.matching_node(filter.node(), documents)
    }

    // Recursion is as deep as a filter may be.
    fn matching_node(&self, node: &Node, documents: usize) -> Places {
        match node {
            Node::Has(condition) => match self.columns.get(&*condition.key) {
                Some(column) => column.matching(condition, documents),
                None => Column::default().matching(condition, documents),
            },
            Node::Within(span) => {
                let mut found = if span.with_undated { Places::all(documents) } else { Places::none(documents) };
                if span.with_undated {
                    let outside = self.times.range((Unbounded, span.since.map_or(Excluded(i64::MIN), Excluded)));
                    let later = self.times.range((span.until.map_or(Excluded(i64::MAX), Excluded), Unbounded));
                    outside.chain(later).for_each(|(_, list)| found.take(list));
                } else if span.since.unwrap_or(i64::MIN) <= span.until.unwrap_or(i64::MAX) {
                    let within = self.times.range(span.since.unwrap_or(i64::MIN)..=span.until.unwrap_or(i64::MAX));
                    within.for_each(|(_, list)| found.add(list));
                }
                found
            }
            Node::All(all) => {
                let mut found: Option<Places> = None;
                for node in all {
                    let places = self.matching_node(node, documents);
                    match &mut found {
                        Some(found) => found.keep(&places),
                        None => found = Some(places),
                    }
                }
                found.unwrap_or_else(|| Places::all(documents))
            }
            Node::Any(any) => {
                let mut found = Places::none(documents);
                for node in any {
                    found.join(&self.matching_node(node, documents));
                }
                found
            }
            Node::Not(node) => {
                let mut found = Places::all(documents);
                found.drop(&self.matching_node(node, documents));
                found
            }
        }
    }
}

impl Column {
    fn matching(&self, condition: &Condition, documents: usize) -> Places {
        let has_the_key = condition.asks_for_a_value() || condition.asks_for_key(true);
        let mut places = if has_the_key { Places::none(documents) } else { Places::all(documents) };
        if let Some(keys) = condition.listed() {
            for key in keys.iter().filter(|key| condition.one_passes(key)) {
                places.add(self.by_value.get(key).map_or(&[], |list| &**list));
            }
        } else if condition.asks_for_a_value() {
            if let Some(bounds) = condition.bounds() {
                let within = self.by_value.range(bounds);
                within.filter(|(key, _)| condition.one_passes(key)).for_each(|(_, list)| places.add(list));
            }
        } else if has_the_key {
            places.add(&self.all);
        }
        if condition.asks_for_key(false) {
            places.take(&self.all);
        }
        for key in condition.excluded() {
            places.take(self.by_value.get(key).map_or(&[], |list| &**list));
        }
        places
    }
}
