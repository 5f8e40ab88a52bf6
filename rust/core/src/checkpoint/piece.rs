//! Pieces of a section: the columns of some seats, which are joined without being read.

use crate::Result;
use crate::documents;
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};

/// The columns of a section as far as some seats have them. The piece of all seats is the section.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Piece(Vec<Column>);

/// How many entries a column has, how many bytes these are, and the bytes, which may be packed.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
struct Column {
    entries: u64,
    length: u64,
    #[serde(with = "crate::bytes")]
    bytes: Vec<u8>,
}

impl Piece {
    /// Packs the bytes of each column. What is packed one after the other must be what is packed together, to whoever
    /// unpacks it.
    ///
    /// # Errors
    /// Those of `pack`.
    pub fn packed(mut self, pack: impl Fn(&[u8]) -> Result<Vec<u8>>) -> Result<Piece> {
        self.0.iter_mut().try_for_each(|column| {
            column.bytes = pack(&column.bytes)?;
            Ok(())
        })?;
        Ok(self)
    }

    /// Adds the columns of the seats that follow.
    pub fn append(&mut self, next: Piece) {
        if self.0.is_empty() {
            *self = next;
            return;
        }
        self.0.resize_with(self.0.len().max(next.0.len()), Column::default);
        for (column, next) in self.0.iter_mut().zip(&next.0) {
            column.entries += next.entries;
            column.length += next.length;
            column.bytes.extend_from_slice(&next.bytes);
        }
    }

    /// Returns the number of entries of its first column: of documents, or of nodes.
    pub(super) fn entries(&self) -> u64 {
        self.0.first().map_or(0, |column| column.entries)
    }

    /// Returns the section, each column as postcard encodes a list, and how many bytes it has. `pack` packs what stands
    /// between the columns, as their bytes are.
    pub(super) fn section(&self, pack: impl Fn(&[u8]) -> Result<Vec<u8>>) -> Result<(Vec<u8>, u64)> {
        let bytes = self.0.iter().map(|column| 32 + column.bytes.len()).sum();
        let (mut section, mut length) = (Vec::with_capacity(bytes), 0);
        for column in &self.0 {
            let head = encode_onto(Vec::new(), &column.entries);
            length += head.len() as u64 + column.length;
            section.extend_from_slice(&pack(&head)?);
            section.extend_from_slice(&column.bytes);
        }
        Ok((section, length))
    }

    /// Returns its columns, to add entries to each in turn.
    pub(super) fn columns(&mut self) -> Columns<'_> {
        Columns { piece: self, next: 0 }
    }
}

/// The columns of a piece, from the next one on.
pub(super) struct Columns<'a> {
    piece: &'a mut Piece,
    next: usize,
}

impl documents::Columns for Columns<'_> {
    /// Adds entries to the next column.
    fn add<T: Serialize>(mut self, entries: &[T]) -> Self {
        if self.next == self.piece.0.len() {
            self.piece.0.push(Column::default());
        }
        let column = &mut self.piece.0[self.next];
        column.entries += entries.len() as u64;
        column.bytes = encode_onto(std::mem::take(&mut column.bytes), &Entries(entries));
        column.length = column.bytes.len() as u64;
        self.next += 1;
        self
    }
}

fn encode_onto(bytes: Vec<u8>, value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("plain data always encodes")
}

// Entries without their number: to postcard a tuple.
struct Entries<'a, T>(&'a [T]);

impl<T: Serialize> Serialize for Entries<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut tuple = to.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|entry| tuple.serialize_element(entry))?;
        tuple.end()
    }
}
