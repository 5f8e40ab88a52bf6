//! What a caller records of a document beside its text, and filters on it.
//!
//! Metadata maps keys to values or lists of values. It is stored and filtered by, but not searched: its words are not
//! indexed.

mod filter;
mod index;
mod places;
mod steps;

pub use filter::{Comparison, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_KEYS_MAX, Filter, Span};
pub use index::MetadataIndex;
pub use places::{Among, Every, Places};

use crate::error::short;
use crate::ids::DocumentId;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// The most keys in a document's metadata.
pub const METADATA_KEYS_MAX: usize = 64;
/// The largest size of a document's metadata, in bytes: keys and strings, and [`VALUE_BYTES`] for each value.
pub const METADATA_BYTES_MAX: usize = 64 << 10;
/// What a value counts in addition to the bytes of a string, so that empty strings cannot evade the limit.
pub const VALUE_BYTES: usize = 8;

/// A value. Values are equal if kind and content are: 1 and 1.0 differ, though filters compare them as one number.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Value {
    /// True or false; not a number.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number; finite in a document.
    Float(f64),
    /// A string.
    Text(Box<str>),
    /// A whole number too large for [`Value::Int`]; never a smaller one.
    Unsigned(u64),
}

/// What a key maps to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub enum Values {
    /// A value.
    One(Value),
    /// A list of values, perhaps empty, in the caller's order.
    Many(Box<[Value]>),
}

/// The metadata of a document, sorted by key. Without any key it takes two words of memory.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Vec<(Box<str>, Values)>")]
pub struct Metadata(Box<[(Box<str>, Values)]>);

impl From<u64> for Value {
    fn from(number: u64) -> Value {
        i64::try_from(number).map_or(Value::Unsigned(number), Value::Int)
    }
}

impl Value {
    /// Returns the bytes it counts towards limits.
    pub fn bytes(&self) -> usize {
        VALUE_BYTES + if let Value::Text(text) = self { text.len() } else { 0 }
    }
}

/// As in a message.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => value.fmt(f),
            Value::Int(value) => value.fmt(f),
            Value::Unsigned(value) => value.fmt(f),
            Value::Float(value) => fmt::Debug::fmt(value, f),
            Value::Text(text) => fmt::Debug::fmt(&short(text), f),
        }
    }
}

impl Values {
    /// Returns the values, one or many.
    pub fn all(&self) -> &[Value] {
        match self {
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        }
    }

    fn all_mut(&mut self) -> &mut [Value] {
        match self {
            Values::One(value) => std::slice::from_mut(value),
            Values::Many(values) => values,
        }
    }
}

impl Metadata {
    /// Returns metadata of these entries, given in any order.
    ///
    /// # Errors
    /// What is wrong and what would be accepted, worded to follow the name of the field: a key that is blank or occurs
    /// twice, a float that is not finite, more than [`METADATA_KEYS_MAX`] or [`METADATA_BYTES_MAX`].
    pub fn new(mut entries: Vec<(Box<str>, Values)>) -> Result<Metadata, String> {
        if entries.len() > METADATA_KEYS_MAX {
            return Err(format!("has {} keys; accepted are at most {METADATA_KEYS_MAX}", entries.len()));
        }
        for (key, values) in &mut entries {
            if key.trim().is_empty() {
                return Err(format!(
                    "has the blank key {:?}; accepted is a key with at least one visible sign",
                    short(key)
                ));
            }
            for value in values.all_mut() {
                // Decoded bytes may not be canonical: one number must be one value.
                if let Value::Unsigned(number) = *value {
                    *value = number.into();
                }
                let Value::Float(number) = value else { continue };
                if !number.is_finite() {
                    return Err(format!("has {number} for key `{}`; accepted is a finite number", short(key)));
                }
                // -0.0 becomes 0.0: the same number must be the same bytes.
                *number += 0.0;
            }
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(twice) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("has the key `{}` twice; accepted is each key once", short(&twice[0].0)));
        }
        let metadata = Metadata(entries.into_boxed_slice());
        match metadata.bytes() {
            bytes if bytes > METADATA_BYTES_MAX => Err(format!(
                "takes {bytes} bytes ({VALUE_BYTES} for each value, and the UTF-8 of keys and strings); accepted are at \
                 most {METADATA_BYTES_MAX}"
            )),
            _ => Ok(metadata),
        }
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns keys with their values, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Values)> {
        self.0.iter().map(|(key, values)| (&**key, values))
    }

    /// Returns what a key maps to.
    pub fn get(&self, key: &str) -> Option<&Values> {
        self.0.binary_search_by(|entry| (*entry.0).cmp(key)).ok().map(|at| &self.0[at].1)
    }

    /// Returns the bytes it counts towards limits.
    pub fn bytes(&self) -> usize {
        let values = |values: &Values| values.all().iter().map(Value::bytes).sum::<usize>();
        self.0.iter().map(|(key, all)| key.len() + values(all)).sum()
    }

    /// Returns the canonical bytes, for digests and identities: two metadata have equal bytes only if they are equal.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let number = |out: &mut Vec<u8>, number: u64| out.extend_from_slice(&number.to_le_bytes());
        number(&mut out, self.0.len() as u64);
        for (key, values) in &self.0 {
            number(&mut out, key.len() as u64);
            out.extend_from_slice(key.as_bytes());
            out.push(u8::from(matches!(values, Values::Many(_))));
            number(&mut out, values.all().len() as u64);
            for value in values.all() {
                match value {
                    Value::Bool(value) => out.extend_from_slice(&[0, u8::from(*value)]),
                    Value::Int(value) => {
                        out.push(1);
                        out.extend_from_slice(&value.to_le_bytes());
                    }
                    Value::Float(value) => {
                        out.push(2);
                        number(&mut out, value.to_bits());
                    }
                    Value::Unsigned(value) => {
                        out.push(4);
                        number(&mut out, *value);
                    }
                    Value::Text(text) => {
                        out.push(3);
                        number(&mut out, text.len() as u64);
                        out.extend_from_slice(text.as_bytes());
                    }
                }
            }
        }
        out
    }

    /// Returns the identity of a document without a key. Without metadata it is that of title and text alone.
    pub fn content_id(&self, title: &str, text: &str) -> DocumentId {
        if self.is_empty() {
            DocumentId::from_content(title, text)
        } else {
            DocumentId::from_content_and(title, text, &self.encode())
        }
    }
}

impl TryFrom<Vec<(Box<str>, Values)>> for Metadata {
    type Error = String;

    fn try_from(entries: Vec<(Box<str>, Values)>) -> Result<Metadata, String> {
        Metadata::new(entries)
    }
}

/// A value as filters compare it: a number by its value, whole ones as integers if they fit. It is never NaN. Ordered
/// by kind, then by value; strings by code point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key(Value);

impl Eq for Key {}

impl Key {
    pub(crate) fn of(value: &Value) -> Key {
        // Every float without a fraction within the range of 64-bit integers is exactly such an integer.
        let whole = |number: f64, within: std::ops::Range<f64>| within.contains(&number) && number.trunc() == number;
        match value {
            Value::Float(number) if whole(*number, -TWO_63..TWO_63) => Key(Value::Int(*number as i64)),
            Value::Float(number) if whole(*number, TWO_63..2.0 * TWO_63) => Key(Value::Unsigned(*number as u64)),
            Value::Unsigned(number) => Key((*number).into()),
            other => Key(other.clone()),
        }
    }

    /// Returns the rank of its kind: bool, number, text.
    pub(crate) fn kind(&self) -> u8 {
        match self.0 {
            Value::Bool(_) => 0,
            Value::Int(_) | Value::Unsigned(_) | Value::Float(_) => 1,
            Value::Text(_) => 2,
        }
    }
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

// A float in a key has a fraction or lies beyond all 64-bit integers, so it is never equal to one. One with a
// fraction is below 2^53.
fn unsigned_to_float(float: f64) -> Ordering {
    if float >= TWO_63 { Ordering::Less } else { Ordering::Greater }
}

fn integer_to_float(integer: i64, float: f64) -> Ordering {
    if float >= TWO_63 {
        Ordering::Less
    } else if float < -TWO_63 {
        Ordering::Greater
    } else if integer <= float.floor() as i64 {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Unsigned(a), Value::Unsigned(b)) => a.cmp(b),
            (Value::Int(_), Value::Unsigned(_)) => Ordering::Less,
            (Value::Unsigned(_), Value::Int(_)) => Ordering::Greater,
            (Value::Unsigned(_), Value::Float(float)) => unsigned_to_float(*float),
            (Value::Float(float), Value::Unsigned(_)) => unsigned_to_float(*float).reverse(),
            (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
            (Value::Int(a), Value::Float(b)) => integer_to_float(*a, *b),
            (Value::Float(a), Value::Int(b)) => integer_to_float(*b, *a).reverse(),
            // UTF-8 keeps the order of code points.
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
