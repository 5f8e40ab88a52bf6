//! Which documents of a shard have which metadata.

use super::{Filter, Key, Metadata, Places};
use crate::maps::Map;
use crate::metadata::filter::{Condition, Node};
use std::collections::BTreeMap;

/// A shard's documents by their metadata.
#[derive(Clone, Debug, Default)]
pub struct MetadataIndex {
    columns: Map<String, Column>,
}

// One key. All lists are sorted, and none is empty.
#[derive(Clone, Debug, Default)]
struct Column {
    // Who has the key at all: a list of no values is a value nobody can ask for.
    all: Vec<u32>,
    by_value: BTreeMap<Key, Vec<u32>>,
}

impl MetadataIndex {
    /// Take a document, whose place is after all others.
    pub(crate) fn insert(&mut self, metadata: &Metadata, place: u32) {
        for (key, values) in metadata.iter() {
            let column = self.columns.entry_ref(key).or_default();
            column.all.push(place);
            for value in values.all() {
                let list = column.by_value.entry(Key::of(value)).or_default();
                // A list may hold a value twice.
                if list.last() != Some(&place) {
                    list.push(place);
                }
            }
        }
    }

    /// Let a document go.
    pub(crate) fn remove(&mut self, metadata: &Metadata, place: u32) {
        for (key, values) in metadata.iter() {
            let Some(column) = self.columns.get_mut(key) else { continue };
            take(&mut column.all, place);
            for value in values.all() {
                let value = Key::of(value);
                let Some(list) = column.by_value.get_mut(&value) else { continue };
                take(list, place);
                if list.is_empty() {
                    column.by_value.remove(&value);
                }
            }
            if column.all.is_empty() {
                self.columns.remove(key);
            }
        }
    }

    /// The last document came to another place.
    pub(crate) fn relocate(&mut self, metadata: &Metadata, from: u32, to: u32) {
        for (key, values) in metadata.iter() {
            let Some(column) = self.columns.get_mut(key) else { continue };
            relocate(&mut column.all, from, to);
            for value in values.all() {
                if let Some(list) = column.by_value.get_mut(&Key::of(value)) {
                    relocate(list, from, to);
                }
            }
        }
    }

    /// The places of the documents that match, of `documents` in all. Reads lists of places, and no document.
    pub fn matching(&self, filter: &Filter, documents: usize) -> Places {
        self.matching_node(filter.node(), documents)
    }

    // As deep as a filter may be.
    fn matching_node(&self, node: &Node, documents: usize) -> Places {
        match node {
            Node::Has(condition) => match self.columns.get(&*condition.key) {
                Some(column) => column.matching(condition, documents),
                None => Column::default().matching(condition, documents),
            },
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
                places.add(self.by_value.get(key).map_or(&[], |list| list));
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
            places.take(self.by_value.get(key).map_or(&[], |list| list));
        }
        places
    }
}

fn take(list: &mut Vec<u32>, place: u32) {
    if let Ok(at) = list.binary_search(&place) {
        list.remove(at);
    }
}

fn relocate(list: &mut Vec<u32>, from: u32, to: u32) {
    // The last document stands last in every list it is in; not any more where its own list holds a value twice.
    if list.last() == Some(&from) {
        list.pop();
        list.insert(list.partition_point(|place| *place < to), to);
    }
}
