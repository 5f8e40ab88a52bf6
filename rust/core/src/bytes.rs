//! Runs of bytes as serde should see them, for `#[serde(with = "...")]`: copied at once. A `Vec<u8>` is a list of
//! numbers to it, and is written and read one by one. To postcard both are the same bytes.

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use std::fmt;

/// Writes a run of bytes.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_bytes(bytes)
}

/// Reads a run of bytes.
///
/// # Errors
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>, T: From<Vec<u8>>>(from: D) -> Result<T, D::Error> {
    from.deserialize_byte_buf(Run).map(T::from)
}

struct Run;

impl Visitor<'_> for Run {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run of bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Held(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn a_run_is_written_as_a_list_of_numbers_is() {
        for length in [0, 1, 127, 128, 70_000] {
            let list: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let bytes = postcard::to_allocvec(&Held(list.clone())).unwrap();
            assert_eq!(bytes, postcard::to_allocvec(&list).unwrap());
            assert_eq!(postcard::from_bytes::<Held>(&bytes), Ok(Held(list)));
            assert!(postcard::from_bytes::<Held>(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}
