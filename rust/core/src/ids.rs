//! Identities. They come from content or from global counters, never from a random source or a memory address.
//!
//! Every identity is the XXH3-128 hash of a kind, a zero byte and the content. Identities are a durable format: golden
//! vectors in the tests pin them.

use serde::{Deserialize, Serialize};
use std::fmt;
use xxhash_rust::xxh3::xxh3_128;

/// A number of ticks; a colony starts at 0.
pub type Tick = u64;

/// The last tick a colony can reach: synapses keep their ticks in 32 bits.
pub const TICK_MAX: Tick = u32::MAX as Tick - 1;

/// The id of a shard: its number, from 0.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct ShardId(pub u32);

impl ShardId {
    /// Returns the id as an index into a list of shards.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard-{}", self.0)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
        pub struct $name(pub u128);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:032x}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                sixteen::serialize(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                sixteen::deserialize(deserializer).map($name)
            }
        }
    };
}

id!(
    /// The identity of a document: the hash of the caller's id, or of the content if the caller gives none.
    DocumentId
);
id!(
    /// The identity of a node of the graph: the hash of its kind and its normalised label.
    NodeId
);

impl DocumentId {
    /// Returns the identity of a document for which the caller gives an id.
    pub fn from_key(key: &str) -> Self {
        DocumentId(hash("document", &[key.as_bytes()]))
    }

    /// Returns the identity of a document without a caller's id.
    pub fn from_content(title: &str, text: &str) -> Self {
        DocumentId(hash("content", &[title.as_bytes(), text.as_bytes()]))
    }

    /// Returns the identity of a document without a caller's id that has more content than title and text.
    pub fn from_content_and(title: &str, text: &str, more: &[u8]) -> Self {
        DocumentId(hash("content", &[title.as_bytes(), text.as_bytes(), more]))
    }

    /// Returns the identity that 32 hexadecimal digits encode.
    pub fn parse(digits: &str) -> Option<Self> {
        let fits = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if fits { u128::from_str_radix(digits, 16).ok().map(DocumentId) } else { None }
    }
}

impl NodeId {
    /// Returns the identity of a concept's node, from the concept's stem.
    pub fn concept(stem: &str) -> Self {
        NodeId(hash("concept", &[stem.as_bytes()]))
    }
}

/// The identity of an agent: its birth in the history of the colony. Ordered by birth, parent, ordinal.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
pub struct AgentId {
    /// The tick in which the agent is born.
    pub birth: Tick,
    /// The key of its parent agent, or 0.
    pub parent: u128,
    /// Its number among the agents of the same birth and parent, from 0.
    pub ordinal: u32,
}

impl AgentId {
    /// Returns the 128-bit key by which the ring finds its home.
    pub fn key(self) -> u128 {
        let mut bytes = [0u8; 28];
        bytes[..8].copy_from_slice(&self.birth.to_le_bytes());
        bytes[8..24].copy_from_slice(&self.parent.to_le_bytes());
        bytes[24..].copy_from_slice(&self.ordinal.to_le_bytes());
        let mut input = b"agent\0".to_vec();
        input.extend_from_slice(&bytes);
        xxh3_128(&input)
    }
}

// Parts are length-prefixed: ("ab", "c") and ("a", "bc") must differ.
fn hash(kind: &str, parts: &[&[u8]]) -> u128 {
    let size = kind.len() + 1 + parts.iter().map(|part| part.len() + 8).sum::<usize>();
    // Most names and words fit into a buffer that costs nothing.
    let (mut buffer, mut larger) = ([0; BUFFER_BYTES], Vec::new());
    let input = match buffer.get_mut(..size) {
        Some(input) => input,
        None => {
            larger.resize(size, 0);
            &mut larger[..]
        }
    };
    let mut end = 0;
    let mut put = |bytes: &[u8]| {
        input[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    put(kind.as_bytes());
    put(&[0]);
    for part in parts {
        put(&(part.len() as u64).to_le_bytes());
        put(part);
    }
    xxh3_128(input)
}

const BUFFER_BYTES: usize = 128;

/// Identities as sixteen bytes: a number of variable length would take nineteen.
pub(crate) mod sixteen {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(id: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        id.to_le_bytes().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        <[u8; 16]>::deserialize(deserializer).map(u128::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_into_the_buffer_and_what_does_not_is_hashed_alike() {
        for length in (0..2 * BUFFER_BYTES).chain([5_000]) {
            let part: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let whole = [b"kind\0", &(length as u64).to_le_bytes()[..], &part].concat();
            assert_eq!(hash("kind", &[&part]), xxh3_128(&whole), "{length}");
        }
    }
}
