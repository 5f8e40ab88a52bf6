//! Filters: conditions on a document's metadata.

use super::{Key, Metadata, Value, Values};
use crate::error::short;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ops::Bound;

/// The most conditions on keys in a filter, nested ones included.
pub const FILTER_KEYS_MAX: usize = 64;
/// The largest size of a filter, in bytes counted like those of metadata.
pub const FILTER_BYTES_MAX: usize = 1 << 20;
/// How deep [`Filter::all`], [`Filter::any`] and [`Filter::not`] may be nested.
pub const FILTER_DEPTH_MAX: usize = 16;

/// A comparison with a value. Numbers compare by value, strings by code point; values of different kinds (bool, number,
/// string) are unequal and in no order.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Comparison<V> {
    /// Equal to one of these; the list may be empty.
    In(Vec<V>),
    /// Equal to none of these.
    NotIn(Vec<V>),
    /// Not equal.
    Ne(V),
    /// Greater.
    Gt(V),
    /// Greater or equal.
    Gte(V),
    /// Less.
    Lt(V),
    /// Less or equal.
    Lte(V),
    /// The key is present, with any value, or absent.
    Exists(bool),
}

/// Conditions that a document's metadata must meet to match. Without a condition, every document matches.
///
/// A condition on a key requires a value ([`Comparison::In`] and the ranges) or excludes values ([`Comparison::Ne`] and
/// [`Comparison::NotIn`]). If the key is absent, a condition that requires a value fails, and one that excludes values
/// holds. In a list, one value must meet everything required, and no value may be excluded.
#[derive(Clone, Debug)]
pub struct Filter {
    node: Node,
    size: Size,
}

/// Documents by their times, in microseconds since 1970 in UTC, both ends included.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Span {
    /// The earliest time.
    pub since: Option<i64>,
    /// The latest time.
    pub until: Option<i64>,
    /// Whether documents without a time match.
    pub with_undated: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Has(Condition),
    Within(Span),
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
}

// What the limits count.
#[derive(Copy, Clone, Debug, Default)]
struct Size {
    keys: usize,
    bytes: usize,
    depth: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: Box<str>,
    comparisons: Vec<Comparison<Key>>,
}

impl<V> Comparison<V> {
    /// Returns its name as users write it.
    pub fn name(&self) -> &'static str {
        match self {
            Comparison::In(_) => "in",
            Comparison::NotIn(_) => "nin",
            Comparison::Ne(_) => "ne",
            Comparison::Gt(_) => "gt",
            Comparison::Gte(_) => "gte",
            Comparison::Lt(_) => "lt",
            Comparison::Lte(_) => "lte",
            Comparison::Exists(_) => "exists",
        }
    }

    /// Returns the values it compares with.
    pub fn values(&self) -> &[V] {
        match self {
            Comparison::In(values) | Comparison::NotIn(values) => values,
            Comparison::Ne(value)
            | Comparison::Gt(value)
            | Comparison::Gte(value)
            | Comparison::Lt(value)
            | Comparison::Lte(value) => std::slice::from_ref(value),
            Comparison::Exists(_) => &[],
        }
    }

    fn is_range(&self) -> bool {
        matches!(self, Comparison::Gt(_) | Comparison::Gte(_) | Comparison::Lt(_) | Comparison::Lte(_))
    }

    // Returns whether a value must meet it, so that a document without the key fails.
    fn asks_for_a_value(&self) -> bool {
        self.is_range() || matches!(self, Comparison::In(_))
    }
}

impl Comparison<Key> {
    fn of(comparison: &Comparison<Value>) -> Self {
        let sorted = |values: &[Value]| {
            let mut keys: Vec<Key> = values.iter().map(Key::of).collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        match comparison {
            Comparison::In(values) => Comparison::In(sorted(values)),
            Comparison::NotIn(values) => Comparison::NotIn(sorted(values)),
            Comparison::Ne(value) => Comparison::Ne(Key::of(value)),
            Comparison::Gt(value) => Comparison::Gt(Key::of(value)),
            Comparison::Gte(value) => Comparison::Gte(Key::of(value)),
            Comparison::Lt(value) => Comparison::Lt(Key::of(value)),
            Comparison::Lte(value) => Comparison::Lte(Key::of(value)),
            Comparison::Exists(exists) => Comparison::Exists(*exists),
        }
    }

    /// Returns the comparison as it could have been given.
    pub(super) fn given(&self) -> Comparison<Value> {
        let all = |keys: &[Key]| keys.iter().map(|key| key.0.clone()).collect();
        match self {
            Comparison::In(keys) => Comparison::In(all(keys)),
            Comparison::NotIn(keys) => Comparison::NotIn(all(keys)),
            Comparison::Ne(key) => Comparison::Ne(key.0.clone()),
            Comparison::Gt(key) => Comparison::Gt(key.0.clone()),
            Comparison::Gte(key) => Comparison::Gte(key.0.clone()),
            Comparison::Lt(key) => Comparison::Lt(key.0.clone()),
            Comparison::Lte(key) => Comparison::Lte(key.0.clone()),
            Comparison::Exists(exists) => Comparison::Exists(*exists),
        }
    }

    fn holds(&self, key: &Key) -> bool {
        let alike = |bound: &Key| bound.kind() == key.kind();
        match self {
            Comparison::In(keys) => keys.binary_search(key).is_ok(),
            Comparison::NotIn(keys) => keys.binary_search(key).is_err(),
            Comparison::Ne(other) => key != other,
            Comparison::Gt(bound) => alike(bound) && key > bound,
            Comparison::Gte(bound) => alike(bound) && key >= bound,
            Comparison::Lt(bound) => alike(bound) && key < bound,
            Comparison::Lte(bound) => alike(bound) && key <= bound,
            Comparison::Exists(exists) => *exists,
        }
    }
}

impl Default for Filter {
    fn default() -> Self {
        Filter { node: Node::All(Vec::new()), size: Size::default() }
    }
}

impl Filter {
    /// Returns a filter of conditions: keys with their comparisons, all of which must hold.
    ///
    /// # Errors
    /// [`Error::Config`] naming `where`: for a blank key, a key without a comparison, NaN, a range of bools, and more
    /// than [`FILTER_KEYS_MAX`] or [`FILTER_BYTES_MAX`].
    pub fn new(conditions: Vec<(Box<str>, Vec<Comparison<Value>>)>) -> Result<Filter> {
        let mut size = Size { keys: conditions.len(), ..Size::default() };
        size.check()?;
        for (key, comparisons) in &conditions {
            if key.trim().is_empty() {
                return Err(refused(format!("{{'{}': ...}}", short(key)), "a key with at least one visible sign"));
            }
            if comparisons.is_empty() {
                return Err(refused(
                    format!("{{'{}': {{}}}}", short(key)),
                    "a value, values, or at least one operator",
                ));
            }
            size.bytes += key.len();
            for comparison in comparisons {
                let shown = |value: &Value| format!("{{'{}': {{'{}': {value}}}}}", short(key), comparison.name());
                for value in comparison.values() {
                    size.bytes += value.bytes();
                    match value {
                        Value::Float(number) if number.is_nan() => return Err(refused(shown(value), "a number")),
                        Value::Bool(_) if comparison.is_range() => {
                            return Err(refused(shown(value), "a number or a string to compare with"));
                        }
                        _ => {}
                    }
                }
            }
        }
        size.check()?;
        let compiled = conditions.into_iter().map(|(key, comparisons)| {
            Node::Has(Condition { key, comparisons: comparisons.iter().map(Comparison::of).collect() })
        });
        Ok(Filter { node: Node::All(compiled.collect()), size })
    }

    /// Returns a filter of times.
    pub fn within(span: Span) -> Filter {
        Filter { node: Node::Within(span), size: Size { keys: 1, ..Size::default() } }
    }

    /// Returns a filter that matches if all of these match.
    ///
    /// # Errors
    /// [`Error::Config`] naming `where` beyond [`FILTER_KEYS_MAX`], [`FILTER_BYTES_MAX`] or [`FILTER_DEPTH_MAX`] of all
    /// together.
    pub fn all(filters: Vec<Filter>) -> Result<Filter> {
        let size = Size::of(&filters)?;
        Ok(Filter { node: Node::All(filters.into_iter().map(|filter| filter.node).collect()), size })
    }

    /// Returns a filter that matches if one of these matches.
    ///
    /// # Errors
    /// As [`Filter::all`].
    pub fn any(filters: Vec<Filter>) -> Result<Filter> {
        let size = Size::of(&filters)?;
        Ok(Filter { node: Node::Any(filters.into_iter().map(|filter| filter.node).collect()), size })
    }

    /// Returns a filter that matches if this one does not.
    ///
    /// # Errors
    /// As [`Filter::all`].
    #[allow(clippy::should_implement_trait)] // It may fail.
    pub fn not(filter: Filter) -> Result<Filter> {
        let size = Size::of(std::slice::from_ref(&filter))?;
        Ok(Filter { node: Node::Not(Box::new(filter.node)), size })
    }

    /// Returns whether there is no condition, so that every document matches.
    pub fn is_empty(&self) -> bool {
        matches!(&self.node, Node::All(all) if all.is_empty())
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Returns whether a document with this metadata and without a time matches.
    pub fn accepts(&self, metadata: &Metadata) -> bool {
        self.accepts_at(metadata, None)
    }

    /// Returns whether a document with this metadata and this time matches. The index gives the same answer without
    /// reading documents.
    pub fn accepts_at(&self, metadata: &Metadata, time: Option<i64>) -> bool {
        self.node.accepts(metadata, time)
    }
}

impl Node {
    fn accepts(&self, metadata: &Metadata, time: Option<i64>) -> bool {
        match self {
            Node::Has(condition) => condition.accepts(metadata.get(&condition.key)),
            Node::Within(span) => span.accepts(time),
            Node::All(all) => all.iter().all(|node| node.accepts(metadata, time)),
            Node::Any(any) => any.iter().any(|node| node.accepts(metadata, time)),
            Node::Not(node) => !node.accepts(metadata, time),
        }
    }
}

impl Span {
    fn accepts(&self, time: Option<i64>) -> bool {
        time.map_or(self.with_undated, |time| {
            self.since.is_none_or(|since| since <= time) && self.until.is_none_or(|until| time <= until)
        })
    }
}

impl Size {
    // Returns the size of a filter around these.
    fn of(filters: &[Filter]) -> Result<Size> {
        let depth = 1 + filters.iter().map(|filter| filter.size.depth).max().unwrap_or(0);
        let mut size = Size { depth, ..Size::default() };
        for filter in filters {
            size.keys += filter.size.keys;
            size.bytes += filter.size.bytes;
        }
        size.check()?;
        Ok(size)
    }

    fn check(&self) -> Result<()> {
        for (value, most, of) in [
            (self.keys, FILTER_KEYS_MAX, "conditions on keys"),
            (self.bytes, FILTER_BYTES_MAX, "bytes"),
            (self.depth, FILTER_DEPTH_MAX, "levels"),
        ] {
            if value > most {
                return Err(refused(format!("a filter of {value} {of}"), &format!("one of at most {most}")));
            }
        }
        Ok(())
    }
}

fn refused(value: String, accepted: &str) -> Error {
    Error::Config { field: "where".into(), value, accepted: accepted.into() }
}

impl Condition {
    fn accepts(&self, values: Option<&Values>) -> bool {
        if self.asks_for_key(values.is_none()) {
            return false;
        }
        let Some(values) = values else { return !self.asks_for_a_value() };
        let keys: Vec<Key> = values.all().iter().map(Key::of).collect();
        let allowed = self.excluded().all(|other| !keys.contains(other));
        allowed && (!self.asks_for_a_value() || keys.iter().any(|key| self.one_passes(key)))
    }

    pub(super) fn comparisons(&self) -> &[Comparison<Key>] {
        &self.comparisons
    }

    /// Returns the values that no value may be equal to.
    pub(crate) fn excluded(&self) -> impl Iterator<Item = &Key> {
        let excluded = self.comparisons.iter().map(|comparison| match comparison {
            Comparison::Ne(other) => std::slice::from_ref(other),
            Comparison::NotIn(others) => others,
            _ => &[],
        });
        excluded.flatten()
    }

    /// Returns whether the key must be present (`there`), or absent.
    pub(crate) fn asks_for_key(&self, there: bool) -> bool {
        self.comparisons.iter().any(|comparison| matches!(comparison, Comparison::Exists(asked) if *asked == there))
    }

    /// Returns whether the key must have a value that passes.
    pub(crate) fn asks_for_a_value(&self) -> bool {
        self.comparisons.iter().any(Comparison::asks_for_a_value)
    }

    /// Returns whether one value passes all comparisons.
    pub(crate) fn one_passes(&self, key: &Key) -> bool {
        self.comparisons.iter().all(|comparison| comparison.holds(key))
    }

    /// Returns the values that may pass, if they are listed.
    pub(crate) fn listed(&self) -> Option<&[Key]> {
        self.comparisons.iter().find_map(|comparison| match comparison {
            Comparison::In(keys) => Some(&**keys),
            _ => None,
        })
    }

    /// Returns the bounds between which values may pass, or `None` if there is no range or no value is in all.
    pub(crate) fn bounds(&self) -> Option<(Bound<Key>, Bound<Key>)> {
        let (mut low, mut high): (Option<&Key>, Option<&Key>) = (None, None);
        for comparison in &self.comparisons {
            match comparison {
                Comparison::Gt(key) | Comparison::Gte(key) => low = low.max(Some(key)),
                Comparison::Lt(key) | Comparison::Lte(key) => high = Some(high.map_or(key, |known| known.min(key))),
                _ => {}
            }
        }
        let kind = low.or(high)?.kind();
        let numbers = |end: f64| Bound::Included(Key(Value::Float(end)));
        let first = match low {
            Some(key) => Bound::Included(key.clone()),
            None if kind == 1 => numbers(f64::NEG_INFINITY),
            None => Bound::Included(Key(Value::Text("".into()))),
        };
        let last = match high {
            Some(key) => Bound::Included(key.clone()),
            None if kind == 1 => numbers(f64::INFINITY),
            // No kind follows strings.
            None => Bound::Unbounded,
        };
        if let (Some(low), Some(high)) = (low, high)
            && low > high
        {
            return None;
        }
        Some((first, last))
    }
}
