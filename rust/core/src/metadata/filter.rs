//! What a document's metadata must be.

use super::{Key, Metadata, Value, Values};
use crate::error::short;
use crate::{Error, Result};
use std::ops::Bound;

/// The most keys a filter may have.
pub const FILTER_KEYS_MAX: usize = 64;
/// The most bytes of it, counted like those of metadata.
pub const FILTER_BYTES_MAX: usize = 1 << 20;

/// How a value is to compare. Numbers compare by value, strings by code point; values of different kinds (bool,
/// number, string) compare as nothing but unequal.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison<V> {
    /// Equal to one of these, of which there may be none.
    In(Vec<V>),
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
}

/// Conditions on metadata, all of which must hold; without any, every document matches.
///
/// A document without a condition's key does not match, whatever is asked. Of a document with a list under it, one
/// value must pass all comparisons but [`Comparison::Ne`], and that must hold for every value.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) key: Box<str>,
    comparisons: Vec<Comparison<Key>>,
}

impl<V> Comparison<V> {
    /// Its name as users write it.
    pub fn name(&self) -> &'static str {
        match self {
            Comparison::In(_) => "in",
            Comparison::Ne(_) => "ne",
            Comparison::Gt(_) => "gt",
            Comparison::Gte(_) => "gte",
            Comparison::Lt(_) => "lt",
            Comparison::Lte(_) => "lte",
        }
    }

    /// The values it compares with.
    pub fn values(&self) -> &[V] {
        match self {
            Comparison::In(values) => values,
            Comparison::Ne(value)
            | Comparison::Gt(value)
            | Comparison::Gte(value)
            | Comparison::Lt(value)
            | Comparison::Lte(value) => std::slice::from_ref(value),
        }
    }

    fn is_range(&self) -> bool {
        !matches!(self, Comparison::In(_) | Comparison::Ne(_))
    }
}

impl Comparison<Key> {
    fn of(comparison: &Comparison<Value>) -> Self {
        match comparison {
            Comparison::In(values) => {
                let mut keys: Vec<Key> = values.iter().map(Key::of).collect();
                keys.sort_unstable();
                keys.dedup();
                Comparison::In(keys)
            }
            Comparison::Ne(value) => Comparison::Ne(Key::of(value)),
            Comparison::Gt(value) => Comparison::Gt(Key::of(value)),
            Comparison::Gte(value) => Comparison::Gte(Key::of(value)),
            Comparison::Lt(value) => Comparison::Lt(Key::of(value)),
            Comparison::Lte(value) => Comparison::Lte(Key::of(value)),
        }
    }

    fn holds(&self, key: &Key) -> bool {
        let alike = |bound: &Key| bound.kind() == key.kind();
        match self {
            Comparison::In(keys) => keys.binary_search(key).is_ok(),
            Comparison::Ne(other) => key != other,
            Comparison::Gt(bound) => alike(bound) && key > bound,
            Comparison::Gte(bound) => alike(bound) && key >= bound,
            Comparison::Lt(bound) => alike(bound) && key < bound,
            Comparison::Lte(bound) => alike(bound) && key <= bound,
        }
    }
}

impl Filter {
    /// A filter of conditions: a key with its comparisons, all of which must hold.
    ///
    /// # Errors
    /// [`Error::Config`] naming `where`: a key that is blank, one without a comparison, NaN, a range of bools, and more
    /// than [`FILTER_KEYS_MAX`] or [`FILTER_BYTES_MAX`].
    pub fn new(conditions: Vec<(Box<str>, Vec<Comparison<Value>>)>) -> Result<Filter> {
        let refused =
            |value: String, accepted: &str| Error::Config { field: "where".into(), value, accepted: accepted.into() };
        if conditions.len() > FILTER_KEYS_MAX {
            let accepted = format!("a filter of at most {FILTER_KEYS_MAX}");
            return Err(refused(format!("a filter of {} keys", conditions.len()), &accepted));
        }
        let mut bytes = 0;
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
            bytes += key.len();
            for comparison in comparisons {
                let shown = |value: &Value| format!("{{'{}': {{'{}': {value}}}}}", short(key), comparison.name());
                for value in comparison.values() {
                    bytes += value.bytes();
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
        if bytes > FILTER_BYTES_MAX {
            let accepted = format!("one of at most {FILTER_BYTES_MAX}");
            return Err(refused(format!("a filter of {bytes} bytes"), &accepted));
        }
        let compiled = conditions
            .into_iter()
            .map(|(key, comparisons)| Condition { key, comparisons: comparisons.iter().map(Comparison::of).collect() });
        Ok(Filter { conditions: compiled.collect() })
    }

    /// Whether every document matches.
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    pub(crate) fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether metadata matches. The index gives the same answer without reading any.
    pub fn accepts(&self, metadata: &Metadata) -> bool {
        let meets = |condition: &Condition| metadata.get(&condition.key).is_some_and(|all| condition.accepts(all));
        self.conditions.iter().all(meets)
    }
}

impl Condition {
    fn accepts(&self, values: &Values) -> bool {
        let keys: Vec<Key> = values.all().iter().map(Key::of).collect();
        let unequal = self.unequal().all(|other| !keys.contains(other));
        unequal && (!self.asks_for_a_value() || keys.iter().any(|key| self.one_passes(key)))
    }

    /// What no value may be equal to.
    pub(crate) fn unequal(&self) -> impl Iterator<Item = &Key> {
        self.comparisons.iter().filter_map(|comparison| match comparison {
            Comparison::Ne(other) => Some(other),
            _ => None,
        })
    }

    /// Whether a value must pass, and not only the key be there.
    pub(crate) fn asks_for_a_value(&self) -> bool {
        self.comparisons.iter().any(|comparison| !matches!(comparison, Comparison::Ne(_)))
    }

    /// Whether one value passes all comparisons.
    pub(crate) fn one_passes(&self, key: &Key) -> bool {
        self.comparisons.iter().all(|comparison| comparison.holds(key))
    }

    /// The values that may pass, where they are listed.
    pub(crate) fn listed(&self) -> Option<&[Key]> {
        self.comparisons.iter().find_map(|comparison| match comparison {
            Comparison::In(keys) => Some(&**keys),
            _ => None,
        })
    }

    /// Between which values those lie that may pass; `None` where there can be none.
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
            // No kind comes after strings.
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
