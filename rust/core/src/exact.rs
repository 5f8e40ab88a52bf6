//! Long lists as serde should read them, for `#[serde(deserialize_with = "...")]`: with room for much of it from the
//! start. Serde makes room for a mebibyte, and doubles it as entries come, which copies each several times.

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

// What a length may ask for before its entries are there: more is made as they come.
const ROOM_BYTES_MAX: usize = 64 << 20;

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
        let room = ROOM_BYTES_MAX / size_of::<T>().max(1);
        let mut list = Vec::with_capacity(entries.size_hint().unwrap_or_default().min(room));
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
    fn a_long_list_of_few_bytes_is_given_little_room() {
        #[derive(Debug, Deserialize)]
        struct Wide(#[serde(deserialize_with = "super::list")] Vec<[u64; 32]>);

        // So many bytes are there, but a number of these has nine.
        let mut bytes = postcard::to_allocvec(&10_000_000u64).unwrap();
        bytes.resize(10_000_000, u8::MAX);
        assert!(postcard::from_bytes::<Wide>(&bytes).is_err());
        let (_, entries) = bytes.split_at(4);
        let few = [&[3][..], &entries.iter().map(|_| 0).collect::<Vec<u8>>()[..96]].concat();
        assert_eq!(postcard::from_bytes::<Wide>(&few).unwrap().0.capacity(), 3);
    }

    #[test]
    fn a_length_without_its_entries_takes_no_room() {
        let bytes = postcard::to_allocvec(&(u64::MAX / 2)).unwrap();
        assert!(postcard::from_bytes::<Held>(&bytes).is_err());
    }
}
