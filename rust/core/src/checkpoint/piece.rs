//! Pieces of a section: the columns of some seats, which are joined without being read.

use crate::documents;
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};

/// The columns of a section as far as some seats have them. The piece of all seats is the section.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Piece(Vec<Column>);

/// How many entries a column has, and their bytes.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
struct Column {
    entries: u64,
    #[serde(with = "crate::bytes")]
    bytes: Vec<u8>,
}

impl Piece {
    /// Adds the columns of the seats that follow.
    pub fn append(&mut self, next: Piece) {
        if self.0.is_empty() {
            *self = next;
            return;
        }
        self.0.resize_with(self.0.len().max(next.0.len()), Column::default);
        for (column, next) in self.0.iter_mut().zip(&next.0) {
            column.entries += next.entries;
            column.bytes.extend_from_slice(&next.bytes);
        }
    }

    /// Returns the number of entries of its first column: of documents, or of nodes.
    pub(super) fn entries(&self) -> u64 {
        self.0.first().map_or(0, |column| column.entries)
    }

    /// Returns the section: each column as postcard encodes a list.
    pub(super) fn section(&self) -> Vec<u8> {
        let bytes = self.0.iter().map(|column| 10 + column.bytes.len()).sum();
        let mut section = Vec::with_capacity(bytes);
        for column in &self.0 {
            section = encode_onto(section, &column.entries);
            section.extend_from_slice(&column.bytes);
        }
        section
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
