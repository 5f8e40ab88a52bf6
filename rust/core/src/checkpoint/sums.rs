//! Sums over all documents of a checkpoint, against which what it says of terms is checked.

use super::columns::odd;
use crate::commons::{Commons, Statistics};
use crate::{Error, Result};

/// All of them, of the documents so far.
pub(super) struct Sums {
    statistics: Statistics,
    counted: Counted,
    wired: Wired,
}

impl Sums {
    pub(super) fn new(commons: &Commons, counted: Counted) -> Sums {
        Sums { statistics: Statistics::of(commons.terms()), counted, wired: Wired(vec![0; commons.terms()]) }
    }

    /// Adds a document of so many words, which has each of its terms so many times. Its concepts are indices into `terms`;
    /// one that is not digested has wired none.
    pub(super) fn take(
        &mut self,
        commons: &Commons,
        (terms, counts): (&[u32], &[u32]),
        words: usize,
        concepts: &[u32],
        is_digested: bool,
    ) -> Result<()> {
        let is_known = terms.last().is_none_or(|last| (*last as usize) < commons.terms());
        if !is_known || !terms.is_sorted_by(|one, other| one < other) {
            return Err(odd("a document's words do not fit together"));
        }
        if concepts.iter().any(|concept| *concept as usize >= terms.len()) {
            return Err(odd("a document was wired with a term it does not have"));
        }
        self.counted.take(commons, terms, counts)?;
        self.statistics.count(terms.iter().copied(), u32::try_from(words).unwrap_or(u32::MAX).into());
        if is_digested {
            self.wired.add("concepts", concepts.iter().map(|concept| terms[*concept as usize]))?;
        }
        Ok(())
    }

    /// Returns those that a colony has, once all documents were taken.
    pub(super) fn end(self, commons: &Commons) -> Result<(Statistics, Wired)> {
        self.counted.end(commons)?;
        Ok((self.statistics, self.wired))
    }
}

/// By term: how many documents wired it that are there, or that wait to be unwired. Each tick that unwires some relies
/// on it, as nothing else says when a node has lost its last document.
pub(super) struct Wired(Vec<u32>);

impl Wired {
    pub(super) fn add(&mut self, column: &str, concepts: impl Iterator<Item = u32>) -> Result<()> {
        let mut last = None;
        for term in concepts {
            if last.replace(term).is_some_and(|last| last >= term) {
                return Err(odd(format!("`{column}` has a list that is not in order")));
            }
            self.0[term as usize] += 1;
        }
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

    fn take(&mut self, commons: &Commons, terms: &[u32], counts: &[u32]) -> Result<()> {
        for (&term, &count) in terms.iter().zip(counts) {
            let left = &mut self.0[term as usize];
            let rest = left.checked_sub(count.into()).filter(|_| count > 0);
            *left = rest.ok_or_else(|| miscounted(commons, term))?;
        }
        Ok(())
    }

    fn end(self, commons: &Commons) -> Result<()> {
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
