//! The pairs of each concept.

use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;

/// One end of a pair, as the concept at the other end sees it.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct End {
    /// The place of the far concept.
    pub place: u32,
    /// The index of the pair.
    pub pair: u32,
}

/// The pairs of each concept, by the place of the far end.
#[derive(Clone, Debug)]
pub struct Adjacency {
    starts: Vec<usize>,
    ends: Vec<End>,
}

impl Adjacency {
    /// Returns the pairs of each concept, in linear time.
    pub fn of(pairs: &Pairs, cancel: &Cancel) -> Result<Adjacency> {
        let mut pace = Pace::new(cancel);
        let mut starts = vec![0usize; pairs.concepts.len() + 1];
        for pair in &pairs.pairs {
            pace.steps(1)?;
            starts[pair.one as usize + 1] += 1;
            starts[pair.other as usize + 1] += 1;
        }
        (1..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
        let (mut ends, mut free) = (vec![End::default(); 2 * pairs.pairs.len()], starts.clone());
        // Pairs come by their smaller end and then by the other, so every row fills in order.
        for (number, pair) in (0..).zip(&pairs.pairs) {
            pace.steps(1)?;
            for (near, far) in [(pair.one, pair.other), (pair.other, pair.one)] {
                ends[free[near as usize]] = End { place: far, pair: number };
                free[near as usize] += 1;
            }
        }
        Ok(Adjacency { starts, ends })
    }

    /// Returns the number of concepts.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns whether there are no concepts.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the pairs of the concept at a place.
    pub fn row(&self, place: u32) -> &[End] {
        &self.ends[self.starts[place as usize]..self.starts[place as usize + 1]]
    }
}
