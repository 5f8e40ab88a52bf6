//! The known words: their ids, their homes, and the count of each of their forms.

use super::statistics::{less, moved};
use super::{Renumbering, Tally};
use crate::ids::ShardId;
use crate::ring::Ring;
use crate::text::{Lexicon, NearForm};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::sync::Arc;

/// Where a term's node lives.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Home {
    /// The shard.
    pub shard: ShardId,
    /// Its index among that shard's nodes.
    pub slot: u32,
}

/// The terms that some document brought, and their forms.
#[derive(Clone, Debug)]
pub(crate) struct Vocabulary {
    lexicon: Arc<Lexicon>,
    // By term index.
    ids: Vec<u128>,
    homes: Vec<Home>,
    first_form: Vec<u32>,
    // By form index.
    form_counts: Vec<u64>,
    next_form: Vec<u32>,
    // By seat: the number of slots.
    slots: Vec<u32>,
    // Forms with a count above 0.
    living_forms: usize,
}

/// A term with a form that is near a word.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Near {
    /// The form.
    pub form: EcoString,
    /// The term's index.
    pub term: u32,
    /// How many letters to change, add, drop or swap.
    pub edits: u32,
}

const NO_FORM: u32 = u32::MAX;

impl Vocabulary {
    pub(super) fn new(seats: usize) -> Self {
        Vocabulary {
            lexicon: Arc::new(Lexicon::new()),
            ids: Vec::new(),
            homes: Vec::new(),
            first_form: Vec::new(),
            form_counts: Vec::new(),
            next_form: Vec::new(),
            slots: vec![0; seats],
            living_forms: 0,
        }
    }

    pub(crate) fn lexicon(&self) -> &Arc<Lexicon> {
        &self.lexicon
    }

    /// Returns the ids, by term index.
    pub(crate) fn ids(&self) -> &[u128] {
        &self.ids
    }

    /// Returns the homes, by term index.
    pub(crate) fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// Returns the number of slots of a seat.
    pub(crate) fn slots(&self, seat: usize) -> u32 {
        self.slots[seat]
    }

    /// Learns the words that the dictionary gained since the last call, up to so many forms and terms. `seat_of` returns
    /// the seat of a shard.
    pub(super) fn learn(&mut self, (forms, terms): (u32, u32), ring: &Ring, seat_of: impl Fn(ShardId) -> usize) {
        let (from_form, from_term) = (self.form_counts.len() as u32, self.ids.len() as u32);
        // Forms first: every visible form has a visible term, so the terms read afterwards cover them.
        let forms = self.lexicon.new_forms(from_form).into_iter().take((forms - from_form) as usize);
        for id in self.lexicon.new_terms(from_term).into_iter().take((terms - from_term) as usize) {
            let shard = ring.shard_of(id.0);
            self.settle(shard, seat_of(shard));
            self.ids.push(id.0);
        }
        forms.for_each(|term| self.chain(term));
    }

    /// Returns how many word forms the dictionary stores, including those of documents that are on their way, were
    /// refused or were deleted.
    pub(crate) fn stored_forms(&self) -> usize {
        self.lexicon.form_count() as usize
    }

    /// Returns how many word forms some document has.
    pub(crate) fn living_forms(&self) -> usize {
        self.living_forms
    }

    /// Forgets the forms and terms that no document has. `df` is by term index.
    pub(super) fn forget(&mut self, df: &[u32], seat_of: impl Fn(ShardId) -> usize) -> Renumbering {
        let forms: Vec<bool> = self.form_counts.iter().map(|count| *count > 0).collect();
        let terms: Vec<bool> = df.iter().map(|df| *df > 0).collect();
        let home_of = |term: u32| {
            let Home { shard, slot } = self.homes[term as usize];
            (seat_of(shard), slot)
        };
        let numbers = Renumbering::new(&terms, self.slots.len(), home_of);
        let lexicon = Arc::new(self.lexicon.kept(&forms, &terms));
        let mut kept = Vocabulary { lexicon, ..Vocabulary::new(self.slots.len()) };
        kept.ids = numbers.kept(&self.ids);
        for Home { shard, .. } in numbers.kept(&self.homes) {
            kept.settle(shard, seat_of(shard));
        }
        for term in kept.lexicon.new_forms(0) {
            kept.chain(term);
        }
        let counts = self.form_counts.iter().filter(|count| **count > 0);
        kept.form_counts.iter_mut().zip(counts).for_each(|(kept, count)| *kept = *count);
        kept.living_forms = self.living_forms;
        assert_eq!(kept.form_counts.len(), kept.living_forms, "the forms that stand somewhere are those that stay");
        *self = kept;
        numbers
    }

    // Gives the next term a slot on its home.
    fn settle(&mut self, shard: ShardId, seat: usize) {
        let slots = &mut self.slots[seat];
        self.homes.push(Home { shard, slot: *slots });
        *slots += 1;
        self.first_form.push(NO_FORM);
    }

    // Links the next form before the other forms of its term.
    fn chain(&mut self, term: u32) {
        let first = &mut self.first_form[term as usize];
        self.next_form.push(std::mem::replace(first, self.form_counts.len() as u32));
        self.form_counts.push(0);
    }

    pub(super) fn count(&mut self, forms: &[(u32, u32)]) {
        for &(form, count) in forms {
            let known = &mut self.form_counts[form as usize];
            self.living_forms += usize::from(*known == 0 && count > 0);
            *known += u64::from(count);
        }
    }

    /// Takes a document's forms out of the counts.
    pub(super) fn uncount(&mut self, forms: &[(u32, u32)]) {
        for &(form, count) in forms {
            let known = &mut self.form_counts[form as usize];
            *known = less(*known, count.into(), "occurrences of a word form");
            self.living_forms -= usize::from(*known == 0 && count > 0);
        }
    }

    /// Takes over what all nodes of a colony counted of the forms whose counts are kept here.
    pub(super) fn tally(&mut self, tally: &Tally) {
        for &(form, by) in &tally.forms {
            let known = &mut self.form_counts[form as usize];
            let now = moved(*known, by, "occurrences of a word form");
            self.living_forms = self.living_forms + usize::from(now > 0) - usize::from(*known > 0);
            *known = now;
        }
    }

    /// Returns how often documents have a word form; 0 for one that is not learned.
    pub(crate) fn form_count(&self, form: u32) -> u64 {
        self.form_counts.get(form as usize).copied().unwrap_or(0)
    }

    /// Returns the count of each word form, by form index.
    pub(crate) fn form_counts(&self) -> &[u64] {
        &self.form_counts
    }

    /// Sets the count of each word form, all of which must be learned.
    pub(super) fn restore(&mut self, counts: &[u64]) {
        self.form_counts.copy_from_slice(counts);
        self.living_forms = counts.iter().filter(|count| **count > 0).count();
    }

    pub(crate) fn label(&self, term: u32) -> EcoString {
        let mut best: Option<(u64, EcoString)> = None;
        for (form, count) in self.living_forms_of(term) {
            if best.as_ref().is_some_and(|(most, _)| count < *most) {
                continue;
            }
            let word = self.lexicon.form(form);
            let rank = |count: u64, word: &str| (Reverse(count), word.chars().count());
            let better = best
                .as_ref()
                .is_none_or(|(most, current)| (rank(count, &word), &*word) < (rank(*most, current), &**current));
            if better {
                best = Some((count, word));
            }
        }
        best.map_or_else(|| self.lexicon.stem(term), |(_, word)| word)
    }

    /// Returns the word forms of a term with their counts, in alphabetical order.
    pub(crate) fn forms(&self, term: u32) -> Vec<(EcoString, u64)> {
        let living = self.living_forms_of(term);
        let mut forms: Vec<_> = living.map(|(form, count)| (self.lexicon.form(form), count)).collect();
        forms.sort();
        forms
    }

    /// Returns the terms with a form that is up to `edits` edits from a word and whose count is kept here, in no order. Of
    /// the forms of a term it has the nearest one; of equals the most frequent, then the first in the alphabet.
    pub(crate) fn near(&self, word: &str, edits: u32) -> Vec<Near> {
        self.best_forms(self.lexicon.near(word, edits, |form| self.form_count(form) > 0))
    }

    /// Returns the terms with a form that begins in some way and whose count is kept here, each with the most frequent of
    /// these forms, then the first in the alphabet, in no order.
    pub(crate) fn beginning(&self, begun: &str) -> Vec<Near> {
        self.best_forms(self.lexicon.beginning(begun, |form| self.form_count(form) > 0))
    }

    fn best_forms(&self, forms: Vec<NearForm>) -> Vec<Near> {
        let near = |NearForm { form, term, edits }| {
            (Near { form: self.lexicon.form(form), term, edits }, self.form_count(form))
        };
        let mut all: Vec<(Near, u64)> = forms.into_iter().map(near).collect();
        let key = |(near, count): &(Near, u64)| (near.term, near.edits, Reverse(*count));
        all.sort_unstable_by(|one, other| (key(one), &one.0.form).cmp(&(key(other), &other.0.form)));
        all.dedup_by_key(|(near, _)| near.term);
        all.into_iter().map(|(near, _)| near).collect()
    }

    // Returns the forms of a term that some document has, with their counts.
    fn living_forms_of(&self, term: u32) -> impl Iterator<Item = (u32, u64)> + '_ {
        let first = self.first_form.get(term as usize).copied().unwrap_or(NO_FORM);
        let known = |form: u32| (form != NO_FORM).then_some(form);
        let chain = std::iter::successors(known(first), move |form| known(self.next_form[*form as usize]));
        chain.map(|form| (form, self.form_counts[form as usize])).filter(|(_, count)| *count > 0)
    }
}
