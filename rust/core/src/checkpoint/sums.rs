//! Sums over all documents of a checkpoint, against which what it says of terms is checked.

use super::columns::odd;
use crate::commons::Commons;
use crate::{Error, Result};

/// By term: how many documents wired it that are there, or that wait to be unwired. Each tick that unwires some relies
/// on it, as nothing else says when a node has lost its last document.
pub(super) struct Wired(Vec<u32>);

impl Wired {
    pub(super) fn new(commons: &Commons) -> Wired {
        Wired(vec![0; commons.terms()])
    }

    pub(super) fn add(&mut self, column: &str, concepts: &[u32]) -> Result<()> {
        if !concepts.is_sorted_by(|one, other| one < other) {
            return Err(odd(format!("`{column}` has a list that is not in order")));
        }
        concepts.iter().for_each(|term| self.0[*term as usize] += 1);
        Ok(())
    }

    pub(super) fn of(&self, term: u32) -> u32 {
        self.0[term as usize]
    }

    pub(super) fn concepts(&self) -> usize {
        self.0.iter().filter(|documents| **documents > 0).count()
    }
}

/// By term: how often the documents that are still to come have its forms. A delete takes the forms of a document out of
/// their counts.
pub(super) struct Counted(Vec<u64>);

impl Counted {
    pub(super) fn new(commons: &Commons, terms: &[u32], counts: &[u64]) -> Result<Counted> {
        let mut all = vec![0u64; commons.terms()];
        for (&term, &count) in terms.iter().zip(counts) {
            let sum = &mut all[term as usize];
            *sum = sum.checked_add(count).filter(|_| count > 0).ok_or_else(|| miscounted(commons, term))?;
        }
        Ok(Counted(all))
    }

    pub(super) fn take(&mut self, commons: &Commons, terms: &[(u32, u32)]) -> Result<()> {
        for &(term, count) in terms {
            let left = &mut self.0[term as usize];
            let rest = left.checked_sub(count.into()).filter(|_| count > 0);
            *left = rest.ok_or_else(|| miscounted(commons, term))?;
        }
        Ok(())
    }

    pub(super) fn end(self, commons: &Commons) -> Result<()> {
        match self.0.iter().position(|left| *left > 0) {
            Some(term) => Err(miscounted(commons, term as u32)),
            None => Ok(()),
        }
    }
}

fn miscounted(commons: &Commons, term: u32) -> Error {
    let stem = commons.lexicon().stem(term);
    odd(format!("`counts` of the word forms of `{stem}` are not how often documents have it"))
}
