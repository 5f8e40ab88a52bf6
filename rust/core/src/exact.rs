//! Long lists as serde should read them, for `#[serde(deserialize_with = "...")]`: with room for much of it from the
//! start. Serde makes room for a mebibyte, and doubles it as entries come, which copies each several times.

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

// What a length may ask for before its entries are there: more is made as they come.
const ROOM_BYTES_MAX: usize = 64 << 20;

fn room<T>(entries: Option<usize>) -> usize {
    entries.unwrap_or_default().min(ROOM_BYTES_MAX / size_of::<T>().max(1))
}

/// Reads a list.
///
/// # Errors
/// Those of the deserializer.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    from.deserialize_seq(List(PhantomData))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(room::<T>(entries.size_hint()));
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Held(#[serde(deserialize_with = "super::list")] Vec<u32>);

    #[test]
    fn a_list_is_read_as_it_was_written_and_takes_no_more_room() {
        for length in [0, 1, 127, 128, 700_000] {
            let list: Vec<u32> = (0..length).collect();
            let bytes = postcard::to_allocvec(&list).unwrap();
            let read = postcard::from_bytes::<Held>(&bytes).unwrap();
            assert_eq!(read.0.capacity(), list.len());
            assert_eq!(read, Held(list));
            assert!(length == 0 || postcard::from_bytes::<Held>(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[test]
    fn room_has_a_bound_whatever_a_length_says() {
        assert_eq!(super::room::<u32>(Some(700_000)), 700_000);
        assert_eq!(super::room::<[u64; 32]>(Some(usize::MAX)) * 256, 64 << 20);
        assert_eq!(super::room::<()>(None), 0);
    }

    #[test]
    fn a_length_without_its_entries_takes_no_room() {
        let bytes = postcard::to_allocvec(&(u64::MAX / 2)).unwrap();
        assert!(postcard::from_bytes::<Held>(&bytes).is_err());
    }
}
