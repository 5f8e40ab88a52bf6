//! What documents that come and go change of the numbers that all nodes of a colony share.

use crate::documents::Terms;
use crate::text::Analysis;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::AddAssign;

/// Differences of counts. Each term and each form stands once, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Documents.
    pub documents: i64,
    /// Indexed words of all documents.
    pub length: i64,
    /// Documents that have a term, by term index.
    #[serde(serialize_with = "steps", deserialize_with = "sums")]
    pub df: Vec<(u32, i32)>,
    /// Occurrences of word forms, by form index.
    #[serde(serialize_with = "steps", deserialize_with = "sums")]
    pub forms: Vec<(u32, i64)>,
}

impl Tally {
    /// Counts a document that comes.
    pub(crate) fn count(&mut self, analysis: &Analysis) {
        self.add(1, analysis.terms().iter().copied(), analysis.length.into(), analysis.forms());
    }

    /// Counts a document that goes. `forms` are its word forms with their counts.
    pub(crate) fn uncount(&mut self, terms: &Terms, length: usize, forms: &[(u32, u32)]) {
        self.add(-1, terms.iter(), length as i64, forms);
    }

    fn add(&mut self, sign: i32, terms: impl Iterator<Item = (u32, u32)>, length: i64, forms: &[(u32, u32)]) {
        self.documents += i64::from(sign);
        self.length += i64::from(sign) * length;
        self.df.extend(terms.map(|(term, _)| (term, sign)));
        self.forms.extend(forms.iter().map(|&(form, count)| (form, i64::from(sign) * i64::from(count))));
    }

    /// Adds what another node counted, in its own term and form indices, of which these are the common ones.
    pub(crate) fn merge(&mut self, other: &Tally, term: impl Fn(u32) -> u32, form: impl Fn(u32) -> u32) {
        self.documents += other.documents;
        self.length += other.length;
        self.df.extend(other.df.iter().map(|&(known, by)| (term(known), by)));
        self.forms.extend(other.forms.iter().map(|&(known, by)| (form(known), by)));
    }

    /// Keeps the forms for which `stays` is true. Returns the same with the others.
    pub(crate) fn split_off(&mut self, stays: impl Fn(u32) -> bool) -> Tally {
        let (own, forms) = std::mem::take(&mut self.forms).into_iter().partition(|entry| stays(entry.0));
        self.forms = own;
        Tally { forms, df: self.df.clone(), ..*self }
    }

    /// Takes away the documents, words and terms that a node counted itself.
    pub(crate) fn without(mut self, own: &Tally) -> Tally {
        self.documents -= own.documents;
        self.length -= own.length;
        self.df.extend(own.df.iter().map(|&(term, by)| (term, -by)));
        self.close();
        self
    }

    /// Sorts and sums the differences, and drops those of 0.
    pub(crate) fn close(&mut self) {
        sum(&mut self.df);
        sum(&mut self.forms);
    }

    /// Returns the differences as [`Tally::close`] leaves them, and begins anew in the same memory: there are many more of
    /// them before they are summed up than after.
    pub(crate) fn take(&mut self) -> Tally {
        self.close();
        let taken = self.clone();
        (self.documents, self.length) = (0, 0);
        self.df.clear();
        self.df.shrink_to(KEPT_MAX);
        self.forms.clear();
        self.forms.shrink_to(KEPT_MAX);
        taken
    }
}

// For how many differences memory is kept: those of some thousand documents.
const KEPT_MAX: usize = 1 << 18;

// With so many indices for each entry, a list of all indices is summed up sooner than the entries are sorted.
const INDICES_MAX: usize = 16;

fn sum<T: Copy + Default + PartialEq + AddAssign>(entries: &mut Vec<(u32, T)>) {
    let end = entries.iter().map(|entry| entry.0 as usize + 1).max().unwrap_or(0);
    if end <= INDICES_MAX * entries.len() {
        let mut sums = vec![T::default(); end];
        entries.drain(..).for_each(|(index, by)| sums[index as usize] += by);
        entries.extend((0..).zip(sums).filter(|entry| entry.1 != T::default()));
        return;
    }
    entries.sort_unstable_by_key(|entry| entry.0);
    entries.dedup_by(|next, first| {
        next.0 == first.0 && {
            first.1 += next.1;
            true
        }
    });
    entries.retain(|entry| entry.1 != T::default());
}

// Writes the gaps between indices, which are small numbers and take few bytes. Twice the gap stands for a difference of 1,
// which most are; else one more, and the difference follows.
fn steps<T: Copy + Into<i64>, S: Serializer>(entries: &[(u32, T)], to: S) -> Result<S::Ok, S::Error> {
    let mut last = 0;
    let mut steps = Vec::with_capacity(entries.len());
    for &(index, by) in entries {
        let gap = u64::from(index.wrapping_sub(std::mem::replace(&mut last, index)));
        match by.into() {
            1 => steps.push(2 * gap),
            // Small numbers of either sign stay small.
            by => steps.extend([2 * gap + 1, ((by << 1) ^ (by >> 63)) as u64]),
        }
    }
    steps.serialize(to)
}

fn sums<'de, T: TryFrom<i64>, D: Deserializer<'de>>(from: D) -> Result<Vec<(u32, T)>, D::Error> {
    let mut steps = Vec::<u64>::deserialize(from)?.into_iter();
    let odd = || D::Error::custom("a difference is missing, or too large");
    let mut entries = Vec::with_capacity(steps.len());
    let mut last = 0u32;
    while let Some(step) = steps.next() {
        last = u32::try_from(step / 2).ok().and_then(|gap| last.checked_add(gap)).ok_or_else(odd)?;
        let by = match step % 2 {
            0 => 1,
            _ => steps.next().map(|by| (by >> 1) as i64 ^ -((by & 1) as i64)).ok_or_else(odd)?,
        };
        entries.push((last, T::try_from(by).map_err(|_| odd())?));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_entries_and_many_are_summed_up_alike() {
        let many: Vec<(u32, i32)> = (0..500u32).map(|at| (at * 7 % 90, if at % 3 == 0 { -2 } else { 1 })).collect();
        let mut alone = many.clone();
        sum(&mut alone);
        // One index far beyond the others makes the indices too many for a list of all.
        let mut beyond = [&many[..], &[(1 << 30, 5)]].concat();
        sum(&mut beyond);
        assert_eq!(beyond.pop(), Some((1 << 30, 5)));
        assert_eq!(beyond, alone);
        assert!(alone.is_sorted_by(|one, other| one.0 < other.0) && alone.iter().all(|entry| entry.1 != 0));
        let all = |entries: &[(u32, i32)]| entries.iter().map(|entry| entry.1).sum::<i32>();
        assert_eq!(all(&alone), all(&many));
    }
}
