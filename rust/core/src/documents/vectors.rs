//! The vectors of a shard's documents, one after the other, so that a question reads them as fast as memory gives them.

use super::Vector;
use super::vector::square;

// Rows of one block. A block is allocated once and never grows beyond this, as one list of all would take twice the
// memory while it grows.
const BLOCK_ROWS: usize = 256;
const NONE: u32 = u32::MAX;

/// The vectors of a shard's documents. They are dense, in an order without meaning: the last one takes the row of one
/// that leaves.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    dimension: usize,
    blocks: Vec<Vec<i8>>,
    // By row: the place of its document, and the sum of its squares.
    places: Vec<u32>,
    squares: Vec<u32>,
    // By place, up to the last document with a vector.
    rows: Vec<u32>,
}

/// Some vectors of a shard that stand one after the other.
#[derive(Copy, Clone, Debug)]
pub struct Block<'a> {
    /// The numbers of all.
    pub values: &'a [i8],
    /// The place of the document of each.
    pub places: &'a [u32],
    /// The sum of the squares of each.
    pub squares: &'a [u32],
}

impl Vectors {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns how many numbers each has; 0 if there never was one.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Returns the vector of the document at a place, if it has one.
    pub fn at(&self, place: u32) -> Option<&[i8]> {
        self.row_of(place).map(|row| self.row(row))
    }

    /// Returns all of them.
    pub fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        let beside = self.places.chunks(BLOCK_ROWS).zip(self.squares.chunks(BLOCK_ROWS));
        self.blocks.iter().zip(beside).map(|(values, (places, squares))| Block { values, places, squares })
    }

    /// Returns the bytes that they take.
    pub fn bytes(&self) -> usize {
        self.len() * (self.dimension + 2 * size_of::<u32>()) + self.rows.len() * size_of::<u32>()
    }

    fn row_of(&self, place: u32) -> Option<usize> {
        self.rows.get(place as usize).filter(|row| **row != NONE).map(|row| *row as usize)
    }

    fn row(&self, row: usize) -> &[i8] {
        let from = row % BLOCK_ROWS * self.dimension;
        &self.blocks[row / BLOCK_ROWS][from..from + self.dimension]
    }

    /// Adds the vector of a document, which has none.
    pub(super) fn insert(&mut self, place: u32, vector: &Vector) {
        let values = vector.values();
        if self.is_empty() {
            self.dimension = values.len();
        }
        assert_eq!(self.dimension, values.len(), "all vectors of a colony have as many numbers");
        let row = self.len();
        if row.is_multiple_of(BLOCK_ROWS) {
            // The first block grows, as small colonies are many.
            let room = if row == 0 { 0 } else { BLOCK_ROWS * self.dimension };
            self.blocks.push(Vec::with_capacity(room));
        }
        self.blocks[row / BLOCK_ROWS].extend_from_slice(values);
        self.places.push(place);
        self.squares.push(square(values));
        if self.rows.len() <= place as usize {
            self.rows.resize(place as usize + 1, NONE);
        }
        self.rows[place as usize] = row as u32;
    }

    /// Removes the vector of a document. Returns it, if it has one.
    pub(super) fn remove(&mut self, place: u32) -> Option<Vector> {
        let row = self.row_of(place)?;
        let removed = Vector::of_kept(self.row(row)).expect("it was a vector when it came");
        let last = self.len() - 1;
        if row < last {
            let moved = self.row(last).to_vec();
            let from = row % BLOCK_ROWS * self.dimension;
            self.blocks[row / BLOCK_ROWS][from..from + self.dimension].copy_from_slice(&moved);
            (self.places[row], self.squares[row]) = (self.places[last], self.squares[last]);
            self.rows[self.places[row] as usize] = row as u32;
        }
        self.rows[place as usize] = NONE;
        self.places.pop();
        self.squares.pop();
        let end = last % BLOCK_ROWS * self.dimension;
        self.blocks[last / BLOCK_ROWS].truncate(end);
        if end == 0 {
            self.blocks.pop();
        }
        Some(removed)
    }

    /// Moves every document to the place that `moved` returns.
    pub(super) fn rebuild(&mut self, moved: impl Fn(u32) -> u32) {
        self.places.iter_mut().for_each(|place| *place = moved(*place));
        let room = self.places.iter().max().map_or(0, |last| *last as usize + 1);
        self.rows = vec![NONE; room];
        for (row, place) in (0..).zip(&self.places) {
            self.rows[*place as usize] = row;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn vector(number: u32) -> Vector {
        Vector::new(&[f64::from(number), 1000.0, -f64::from(number % 7)]).unwrap()
    }

    #[test]
    fn vectors_are_those_that_stand_whatever_came_and_went() {
        let (mut vectors, mut model) = (Vectors::default(), BTreeMap::new());
        let mut next = 0;
        for round in 0..12u32 {
            for _ in 0..BLOCK_ROWS {
                vectors.insert(next, &vector(next));
                model.insert(next, vector(next));
                next += 1 + round % 2;
            }
            let gone: Vec<u32> = model.keys().copied().filter(|place| place % (2 + round % 3) == 0).collect();
            for place in gone {
                assert_eq!(vectors.remove(place), model.remove(&place));
                assert_eq!(vectors.remove(place), None);
            }
            if round % 4 == 3 {
                let order: Vec<u32> = model.keys().copied().collect();
                vectors.rebuild(|place| order.binary_search(&place).unwrap() as u32);
                model = (0..).zip(std::mem::take(&mut model).into_values()).collect();
                next = model.len() as u32;
            }
            let mut seen = BTreeMap::new();
            for block in vectors.blocks() {
                let rows = block.values.chunks_exact(3).zip(block.places).zip(block.squares);
                rows.for_each(|((values, place), sum)| {
                    assert_eq!(*sum, square(values));
                    seen.insert(*place, values.to_vec());
                });
            }
            assert_eq!(vectors.len(), model.len());
            assert!(
                seen.iter()
                    .map(|(place, values)| (*place, &values[..]))
                    .eq(model.iter().map(|(place, vector)| (*place, vector.values())))
            );
            assert!(model.iter().all(|(place, vector)| vectors.at(*place) == Some(vector.values())));
        }
        model.keys().for_each(|place| drop(vectors.remove(*place)));
        assert!(vectors.is_empty() && vectors.blocks().next().is_none());
    }
}
