//! The documents of each concept, in an order that is given.

use super::lists::Lists;
use super::pace::Pace;
use crate::Result;

/// The documents that hold each concept, by its place.
#[derive(Debug)]
pub(super) struct Holders {
    starts: Vec<usize>,
    documents: Vec<u32>,
}

impl Holders {
    /// Returns the documents of so many concepts, each as `order` has them.
    pub(super) fn of(lists: &Lists, concepts: usize, order: &[u32], pace: &mut Pace<'_>) -> Result<Holders> {
        let mut starts = vec![0usize; concepts + 1];
        for &document in order {
            let list = lists.list(document as usize);
            pace.steps(list.len())?;
            list.iter().for_each(|entry| starts[entry.place as usize + 1] += 1);
        }
        (1..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
        let (mut documents, mut free) = (vec![0; lists.entries()], starts.clone());
        for &document in order {
            let list = lists.list(document as usize);
            pace.steps(list.len())?;
            for entry in list {
                documents[free[entry.place as usize]] = document;
                free[entry.place as usize] += 1;
            }
        }
        Ok(Holders { starts, documents })
    }

    /// Returns the documents that hold the concept at a place.
    pub(super) fn holding(&self, place: u32) -> &[u32] {
        &self.documents[self.starts[place as usize]..self.starts[place as usize + 1]]
    }
}
