//! The lexicon numbers word forms and terms.

use super::fold::{Role, role_of, stem_of};
use super::sketch::Sketch;
use crate::ids::NodeId;
use crate::maps::State;
use hashbrown::HashTable;
use std::borrow::Cow;
use std::fmt;
use std::hash::BuildHasher;
use std::iter::Peekable;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Indices of word forms and their terms (stems), from 0 in the order in which they were first seen.
///
/// Shared by every thread and shard of a process. It only grows, by about 120 bytes per form, until another one
/// replaces it ([`Lexicon::kept`]). Its indices differ from run to run: they pack, and never order. A term gets its
/// index before its first form does, under one lock, so a visible form has a visible term: to follow both, read the new
/// forms first.
pub struct Lexicon {
    inner: RwLock<Inner>,
    state: State,
}

// The tables hold indices only; the strings are stored once, in the lists.
#[derive(Default)]
struct Inner {
    forms: HashTable<u32>,
    form_list: Vec<Form>,
    terms: HashTable<u32>,
    term_list: Vec<Term>,
}

/// A word form.
pub(super) struct Form {
    /// Its text.
    pub(super) text: Arc<str>,
    /// The index of its term.
    pub(super) term: u32,
    /// Which letters it has.
    pub(super) sketch: Sketch,
}

impl Form {
    fn new(text: Arc<str>, term: u32) -> Form {
        let sketch = Sketch::of(&text);
        Form { text, term, sketch }
    }
}

#[derive(Clone)]
struct Term {
    stem: Arc<str>,
    node: NodeId,
}

/// A lexicon that does not change meanwhile.
pub(crate) struct Reading<'a>(RwLockReadGuard<'a, Inner>);

impl Reading<'_> {
    /// Returns the term of a word form.
    pub(crate) fn term_of_form(&self, form: u32) -> u32 {
        self.0.form_list[form as usize].term
    }

    /// Returns the concept of a term.
    pub(crate) fn node(&self, term: u32) -> NodeId {
        self.0.term_list[term as usize].node
    }
}

/// The new indices of words that a process numbered by itself before it learned what the colony calls them.
#[derive(Debug)]
pub(crate) struct Adopted {
    // The first index, and the new ones from there on; `None` for words that are gone.
    forms: (u32, Vec<Option<u32>>),
    terms: (u32, Vec<Option<u32>>),
    // How many forms and terms the colony knows.
    known: (u32, u32),
}

impl Adopted {
    /// Returns how many forms and terms the colony knows. Words behind them are here by themselves.
    pub(crate) fn known(&self) -> (u32, u32) {
        self.known
    }

    /// Returns whether a list of forms has only words whose indices were final before.
    pub(crate) fn leaves(&self, forms: &[(u32, u32)]) -> bool {
        // A term is final if one of its forms is.
        forms.iter().all(|form| form.0 < self.forms.0)
    }

    /// Returns the new index of a form.
    pub(crate) fn form(&self, before: u32) -> Option<u32> {
        moved(&self.forms, before)
    }

    /// Returns the new index of a term.
    pub(crate) fn term(&self, before: u32) -> Option<u32> {
        moved(&self.terms, before)
    }

    /// Returns whether every word has the index that it had.
    pub(crate) fn is_identity(&self) -> bool {
        let same = |(from, list): &(u32, Vec<Option<u32>>)| (*from..).zip(list).all(|(at, now)| *now == Some(at));
        same(&self.forms) && same(&self.terms)
    }
}

fn moved((from, list): &(u32, Vec<Option<u32>>), before: u32) -> Option<u32> {
    match before.checked_sub(*from) {
        Some(at) => list[at as usize],
        None => Some(before),
    }
}

impl Inner {
    fn form(&self, hash: u64, form: &str) -> Option<u32> {
        self.forms.find(hash, |&index| &*self.form_list[index as usize].text == form).copied()
    }

    fn term(&self, hash: u64, stem: &str) -> Option<u32> {
        self.terms.find(hash, |&index| &*self.term_list[index as usize].stem == stem).copied()
    }

    // Passes over the announced words that have these indices already. Returns the first indices of the others.
    fn agreed<'a>(
        &self,
        mut forms: u32,
        mut terms: u32,
        announced: &mut Peekable<impl Iterator<Item = (Arc<str>, Option<&'a str>)>>,
    ) -> (u32, u32) {
        while let Some(form) = self.form_list.get(forms as usize)
            && announced.next_if(|(text, _)| *text == form.text).is_some()
        {
            // A term is numbered with its first form.
            terms = terms.max(form.term + 1);
            forms += 1;
        }
        (forms, terms)
    }

    // Adds a form that is new, and its term if that is new. Returns their indices.
    fn add(
        &mut self,
        state: &State,
        (hash, text, sketch): (u64, Arc<str>, Sketch),
        (stem_hash, term): (u64, Term),
    ) -> (u32, u32) {
        let term = self.term(stem_hash, &term.stem).unwrap_or_else(|| {
            let index = number(self.term_list.len());
            self.term_list.push(term);
            let terms = &self.term_list;
            self.terms.insert_unique(stem_hash, index, |&i| state.hash_one(&*terms[i as usize].stem));
            index
        });
        let index = number(self.form_list.len());
        self.form_list.push(Form { text, term, sketch });
        let forms = &self.form_list;
        self.forms.insert_unique(hash, index, |&i| state.hash_one(&*forms[i as usize].text));
        (index, term)
    }
}

impl Lexicon {
    /// Returns an empty lexicon.
    pub fn new() -> Self {
        Self { inner: RwLock::default(), state: State::default() }
    }

    /// Returns how many terms there are.
    pub fn term_count(&self) -> u32 {
        number(self.read().term_list.len())
    }

    /// Returns how many word forms there are.
    pub fn form_count(&self) -> u32 {
        number(self.read().form_list.len())
    }

    /// Returns the term index of a stem, if any text had it.
    pub fn term(&self, stem: &str) -> Option<u32> {
        self.read().term(self.state.hash_one(stem), stem)
    }

    /// Returns the index of a word form (in lower case), if any text had it.
    pub fn form_index(&self, form: &str) -> Option<u32> {
        self.read().form(self.state.hash_one(form), form)
    }

    /// Returns the stem of a term.
    ///
    /// # Panics
    /// If this lexicon has no such index. The same holds for every method that takes one.
    pub fn stem(&self, term: u32) -> Arc<str> {
        self.read().term_list[term as usize].stem.clone()
    }

    /// Returns the role of a term.
    pub(super) fn role(&self, term: u32) -> Role {
        role_of(&self.read().term_list[term as usize].stem)
    }

    /// Returns the text of a word form.
    pub fn form(&self, form: u32) -> Arc<str> {
        self.read().form_list[form as usize].text.clone()
    }

    /// Returns the term of a word form.
    pub fn term_of_form(&self, form: u32) -> u32 {
        self.read().form_list[form as usize].term
    }

    /// Returns the terms of word forms, with the sums of the counts of their forms, by term index.
    pub(crate) fn terms_of(&self, forms: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let mut terms: Vec<(u32, u32)> = {
            let inner = self.read();
            forms.iter().map(|&(form, count)| (inner.form_list[form as usize].term, count)).collect()
        };
        terms.sort_unstable();
        terms.dedup_by(|next, first| {
            next.0 == first.0 && {
                first.1 = first.1.saturating_add(next.1);
                true
            }
        });
        terms
    }

    /// Returns the concept of a term.
    pub fn node(&self, term: u32) -> NodeId {
        self.read().term_list[term as usize].node
    }

    /// Returns a view of it that is locked once for many words.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading(self.read())
    }

    /// Returns the concepts of all terms from index `from` on, in order.
    pub fn new_terms(&self, from: u32) -> Vec<NodeId> {
        let inner = self.read();
        inner.term_list.get(from as usize..).unwrap_or_default().iter().map(|term| term.node).collect()
    }

    /// Returns the terms of all word forms from index `from` on, in order.
    pub fn new_forms(&self, from: u32) -> Vec<u32> {
        let inner = self.read();
        inner.form_list.get(from as usize..).unwrap_or_default().iter().map(|form| form.term).collect()
    }

    /// Returns a lexicon of some of this one's words, in the same order: the forms and terms, from 0 on, for which
    /// `forms` and `terms` are true. It must include the term of each of those forms.
    pub fn kept(&self, forms: &[bool], terms: &[bool]) -> Lexicon {
        let (inner, other) = (self.read(), Lexicon::new());
        {
            let mut new = other.write();
            let new = &mut *new;
            let mut numbers = vec![u32::MAX; terms.len()];
            for (at, term) in inner.term_list.iter().enumerate().take(terms.len()).filter(|(at, _)| terms[*at]) {
                let index = number(new.term_list.len());
                numbers[at] = index;
                new.term_list.push(term.clone());
                let hash = |index: &u32| other.state.hash_one(&*new.term_list[*index as usize].stem);
                new.terms.insert_unique(other.state.hash_one(&*term.stem), index, hash);
            }
            for form in inner.form_list.iter().zip(forms).filter(|(_, kept)| **kept).map(|(form, _)| form) {
                let term = numbers[form.term as usize];
                assert!(term < u32::MAX, "a form that is kept has its term");
                let index = number(new.form_list.len());
                new.form_list.push(Form { text: form.text.clone(), term, sketch: form.sketch });
                let hash = |index: &u32| other.state.hash_one(&*new.form_list[*index as usize].text);
                new.forms.insert_unique(other.state.hash_one(&*form.text), index, hash);
            }
        }
        other
    }

    /// Returns the indices of a form and its term, if any text had the form.
    pub(super) fn find(&self, form: &str) -> Option<(u32, u32)> {
        let hash = self.state.hash_one(form);
        let inner = self.read();
        inner.form(hash, form).map(|index| (index, inner.form_list[index as usize].term))
    }

    /// Returns the indices of a form and its term, and adds them if they are new.
    pub(super) fn intern(&self, form: &str) -> (u32, u32) {
        if let Some(found) = self.find(form) {
            return found;
        }
        // Everything that takes time happens before the lock.
        let stem = stem_of(form);
        let node = NodeId::concept(&stem);
        let (form_hash, stem_hash) = (self.state.hash_one(form), self.state.hash_one(&*stem));
        let (text, sketch): (Arc<str>, _) = (form.into(), Sketch::of(form));
        let stem: Arc<str> = if *stem == *form { text.clone() } else { stem.into() };

        let mut inner = self.write();
        let inner = &mut *inner;
        if let Some(index) = inner.form(form_hash, form) {
            return (index, inner.form_list[index as usize].term);
        }
        inner.add(&self.state, (form_hash, text, sketch), (stem_hash, Term { stem, node }))
    }

    /// Visits all word forms by their index.
    pub(super) fn visit_forms(&self, mut visit: impl FnMut(u32, &Form)) {
        (0..).zip(&self.read().form_list).for_each(|(index, form)| visit(index, form));
    }

    /// Returns the texts of all word forms from index `from` on, in order.
    pub fn forms_from(&self, from: u32) -> Vec<Arc<str>> {
        let inner = self.read();
        inner.form_list.get(from as usize..).unwrap_or_default().iter().map(|form| form.text.clone()).collect()
    }

    /// Gives the words from form `forms` and term `terms` on, which are here by themselves so far, the indices that
    /// they have in a colony of several processes: the words of `announced` follow, in this order, each with its stem if
    /// that is known. Words that are here and are not announced stay behind them, or are gone unless `stay`. Returns the
    /// new indices.
    ///
    /// # Panics
    /// If an announced word is among those that stay.
    pub(crate) fn adopt<'a>(
        &self,
        forms: u32,
        terms: u32,
        announced: impl Iterator<Item = (Arc<str>, Option<&'a str>)>,
        stay: bool,
    ) -> Adopted {
        let mut announced = announced.peekable();
        // Everything that takes time happens before the lock. What is here already has its stem.
        let (forms, terms, announced) = {
            let inner = self.read();
            let (forms, terms) = inner.agreed(forms, terms, &mut announced);
            let word = |(text, stem): (Arc<str>, Option<&str>)| {
                let hash = self.state.hash_one(&*text);
                let known = inner.form(hash, &text).map(|at| &inner.form_list[at as usize]);
                let (text, term) = match known {
                    Some(form) => (form.text.clone(), inner.term_list[form.term as usize].clone()),
                    None => {
                        let stem = stem.map_or_else(|| stem_of(&text), Cow::Borrowed);
                        let node = NodeId::concept(&stem);
                        let stem = if *stem == *text { text.clone() } else { (&*stem).into() };
                        (text, Term { stem, node })
                    }
                };
                let sketch = Sketch::of(&text);
                ((hash, text, sketch), (self.state.hash_one(&*term.stem), term))
            };
            (forms, terms, announced.map(word).collect::<Vec<((u64, Arc<str>, Sketch), (u64, Term))>>())
        };
        let mut inner = self.write();
        let inner = &mut *inner;
        let old_forms = inner.form_list.split_off(forms as usize);
        for (index, form) in (forms..).zip(&old_forms) {
            let found = inner.forms.find_entry(self.state.hash_one(&*form.text), |&known| known == index);
            found.expect("a listed form is in the table").remove();
        }
        let old_terms = inner.term_list.split_off(terms as usize);
        for (index, term) in (terms..).zip(&old_terms) {
            let found = inner.terms.find_entry(self.state.hash_one(&*term.stem), |&known| known == index);
            found.expect("a listed term is in the table").remove();
        }
        for (form, term) in announced {
            assert!(inner.form(form.0, &form.1).is_none(), "an announced word is new");
            inner.add(&self.state, form, term);
        }
        let known = (number(inner.form_list.len()), number(inner.term_list.len()));
        for Form { text, term, sketch } in old_forms.iter().filter(|_| stay) {
            let hash = self.state.hash_one(&**text);
            if inner.form(hash, text).is_none() {
                let term = match term.checked_sub(terms) {
                    Some(at) => old_terms[at as usize].clone(),
                    None => inner.term_list[*term as usize].clone(),
                };
                inner.add(&self.state, (hash, text.clone(), *sketch), (self.state.hash_one(&*term.stem), term));
            }
        }
        let form = |form: &Form| inner.form(self.state.hash_one(&*form.text), &form.text);
        let term = |term: &Term| inner.term(self.state.hash_one(&*term.stem), &term.stem);
        Adopted {
            forms: (forms, old_forms.iter().map(form).collect()),
            terms: (terms, old_terms.iter().map(term).collect()),
            known,
        }
    }

    /// Fills an empty lexicon with stems, and with word forms and the term index of each. Returns `false` if one occurs
    /// twice, or has a term that does not exist.
    pub(crate) fn load<'a>(&self, stems: &[&str], forms: impl Iterator<Item = (&'a str, u32)>) -> bool {
        let mut inner = self.write();
        let inner = &mut *inner;
        assert!(inner.term_list.is_empty() && inner.form_list.is_empty(), "only an empty lexicon is filled");
        inner.terms.reserve(stems.len(), |_| unreachable!("an empty table moves nothing"));
        inner.forms.reserve(forms.size_hint().0, |_| unreachable!("an empty table moves nothing"));
        for stem in stems {
            let hash = self.state.hash_one(*stem);
            if inner.term(hash, stem).is_some() {
                return false;
            }
            let index = number(inner.term_list.len());
            inner.term_list.push(Term { stem: (*stem).into(), node: NodeId::concept(stem) });
            let terms = &inner.term_list;
            inner.terms.insert_unique(hash, index, |&i| self.state.hash_one(&*terms[i as usize].stem));
        }
        for (form, term) in forms {
            let hash = self.state.hash_one(form);
            let Some(stem) = inner.term_list.get(term as usize).map(|term| &term.stem) else { return false };
            if inner.form(hash, form).is_some() {
                return false;
            }
            let text = if **stem == *form { stem.clone() } else { form.into() };
            let index = number(inner.form_list.len());
            inner.form_list.push(Form::new(text, term));
            let forms = &inner.form_list;
            inner.forms.insert_unique(hash, index, |&i| self.state.hash_one(&*forms[i as usize].text));
        }
        true
    }

    // A thread can only panic here while reading, when asked for an index that does not exist; the lists are
    // intact.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Lexicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.read();
        f.debug_struct("Lexicon")
            .field("forms", &inner.form_list.len())
            .field("terms", &inner.term_list.len())
            .finish_non_exhaustive()
    }
}

// Memory ends long before: four thousand million forms would take half a terabyte. The last number is never used, so
// that sessions and packed rows can mark "none" with it.
fn number(index: usize) -> u32 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    assert!(index < u32::MAX, "the lexicon is full");
    index
}
