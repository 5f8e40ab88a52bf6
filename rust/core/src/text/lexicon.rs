//! The lexicon numbers word forms and terms.

use super::fold::{Role, fold, role_of, role_of_form, stem_of_folded};
use super::sketch::Sketch;
use crate::ids::NodeId;
use crate::maps::State;
use crate::table::Table;
use ecow::EcoString;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::atomic::AtomicU64;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Indices of word forms and their terms (stems), from 0 in the order in which they were first seen.
///
/// Shared by every thread and shard of a process. It only grows, by about 90 bytes per form, until another one
/// replaces it ([`Lexicon::kept`]). Its indices differ from run to run: they pack, and never order. A term gets its
/// index before its first form does, under one lock, so a visible form has a visible term: to follow both, read the new
/// forms first.
pub struct Lexicon {
    inner: RwLock<Inner>,
    state: State,
    // How often words were given other indices, or forgotten.
    pub(super) changes: AtomicU64,
}

// The tables hold indices only; the strings are stored once, in the lists.
#[derive(Default)]
pub(super) struct Inner {
    pub(super) forms: Table,
    pub(super) form_list: Vec<Form>,
    pub(super) terms: Table,
    /// The stem of each term.
    pub(super) term_list: Vec<EcoString>,
}

/// A word form.
pub(super) struct Form {
    /// Its text.
    pub(super) text: EcoString,
    /// The index of its term.
    pub(super) term: u32,
    /// Which letters it has.
    pub(super) sketch: Sketch,
}

impl Form {
    fn new(text: EcoString, term: u32) -> Form {
        let sketch = Sketch::of(&text);
        Form { text, term, sketch }
    }
}

/// A word form on its way into a lexicon.
pub(super) struct Entering {
    pub(super) text: EcoString,
    pub(super) hash: u32,
    sketch: Sketch,
    stem: EcoString,
    stem_hash: u32,
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
        NodeId::concept(&self.0.term_list[term as usize])
    }
}

impl Inner {
    pub(super) fn form(&self, hash: u32, form: &str) -> Option<u32> {
        self.forms.find(hash, |index| self.form_list[index as usize].text == *form)
    }

    /// Returns the indices of a form and its term.
    fn both(&self, hash: u32, form: &str) -> Option<(u32, u32)> {
        self.form(hash, form).map(|index| (index, self.form_list[index as usize].term))
    }

    pub(super) fn term(&self, hash: u32, stem: &str) -> Option<u32> {
        self.terms.find(hash, |index| self.term_list[index as usize] == *stem)
    }

    /// Returns the index of a form, which is added if it is new, and its term if that is new.
    pub(super) fn enter(&mut self, Entering { text, hash, sketch, stem, stem_hash }: Entering) -> u32 {
        let Inner { forms, form_list, terms, term_list } = self;
        let next = number(form_list.len());
        let form = forms.find_or_insert(hash, next, |index| form_list[index as usize].text == text);
        if form == next {
            let next = number(term_list.len());
            let term = terms.find_or_insert(stem_hash, next, |index| term_list[index as usize] == stem);
            if term == next {
                term_list.push(stem);
            }
            form_list.push(Form { text, term, sketch });
        }
        form
    }

    fn list_term(&mut self, hash: u32, stem: EcoString) -> u32 {
        let index = number(self.term_list.len());
        self.term_list.push(stem);
        self.terms.insert(hash, index);
        index
    }

    fn list_form(&mut self, hash: u32, form: Form) -> u32 {
        let index = number(self.form_list.len());
        self.form_list.push(form);
        self.forms.insert(hash, index);
        index
    }
}

impl Lexicon {
    /// Returns an empty lexicon.
    pub fn new() -> Self {
        Self { inner: RwLock::default(), state: State::default(), changes: AtomicU64::new(0) }
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
        self.read().term(self.hash(stem), stem)
    }

    /// Returns the index of a word form (in lower case), if any text had it.
    pub fn form_index(&self, form: &str) -> Option<u32> {
        self.read().form(self.hash(form), form)
    }

    /// Returns the stem of a term.
    ///
    /// # Panics
    /// If this lexicon has no such index. The same holds for every method that takes one.
    pub fn stem(&self, term: u32) -> EcoString {
        self.read().term_list[term as usize].clone()
    }

    /// Returns the text of a word form.
    pub fn form(&self, form: u32) -> EcoString {
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
        NodeId::concept(&self.read().term_list[term as usize])
    }

    /// Returns a view of it that is locked once for many words.
    pub(crate) fn reading(&self) -> Reading<'_> {
        Reading(self.read())
    }

    /// Returns the concepts of all terms from index `from` on, in order.
    pub fn new_terms(&self, from: u32) -> Vec<NodeId> {
        // Worked out without the lock, as texts are analysed meanwhile.
        let stems = self.read().term_list.get(from as usize..).unwrap_or_default().to_vec();
        stems.iter().map(|stem| NodeId::concept(stem)).collect()
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
            for (at, stem) in inner.term_list.iter().enumerate().take(terms.len()).filter(|(at, _)| terms[*at]) {
                numbers[at] = new.list_term(other.hash(stem), stem.clone());
            }
            for form in inner.form_list.iter().zip(forms).filter(|(_, kept)| **kept).map(|(form, _)| form) {
                let term = numbers[form.term as usize];
                assert!(term < u32::MAX, "a form that is kept has its term");
                let form = Form { text: form.text.clone(), term, sketch: form.sketch };
                new.list_form(other.hash(&form.text), form);
            }
        }
        other
    }

    /// Returns the indices of a form and its term, if any text had the form.
    pub(super) fn find(&self, form: &str) -> Option<(u32, u32)> {
        self.read().both(self.hash(form), form)
    }

    /// Returns the indices of a form and its term, and the term's role, and adds them if they are new.
    pub(super) fn intern(&self, form: &str) -> (u32, u32, Role) {
        let hash = self.hash(form);
        if let Some((index, term)) = self.read().both(hash, form) {
            return (index, term, role_of_form(form));
        }
        let folded = fold(form);
        let sketch = Sketch::of_folded(&folded);
        let stem = stem_of_folded(folded);
        let role = role_of(&stem);
        let entering = self.entering((form, hash), sketch, &stem);
        let mut inner = self.write();
        let index = inner.enter(entering);
        (index, inner.form_list[index as usize].term, role)
    }

    /// Returns a word with what is known of it without the lists, so that it takes no time under their lock.
    pub(super) fn entering(&self, (form, hash): (&str, u32), sketch: Sketch, stem: &str) -> Entering {
        // Copies are made last: what was just written byte by byte takes long to be read again.
        let stem_hash = if stem == form { hash } else { self.hash(stem) };
        Entering { text: form.into(), hash, sketch, stem: stem.into(), stem_hash }
    }

    /// Visits all word forms by their index.
    pub(super) fn visit_forms(&self, mut visit: impl FnMut(u32, &Form)) {
        (0..).zip(&self.read().form_list).for_each(|(index, form)| visit(index, form));
    }

    /// Fills an empty lexicon with stems, and with word forms and the term index of each. Returns `false` if one occurs
    /// twice, or has a term that does not exist.
    pub(crate) fn load<'a>(&self, stems: &[&str], forms: impl Iterator<Item = (&'a str, u32)>) -> bool {
        let mut inner = self.write();
        let inner = &mut *inner;
        assert!(inner.term_list.is_empty() && inner.form_list.is_empty(), "only an empty lexicon is filled");
        inner.terms.reserve(stems.len());
        inner.forms.reserve(forms.size_hint().0);
        for stem in stems {
            let hash = self.hash(stem);
            if inner.term(hash, stem).is_some() {
                return false;
            }
            inner.list_term(hash, (*stem).into());
        }
        for (form, term) in forms {
            let hash = self.hash(form);
            let Some(stem) = inner.term_list.get(term as usize) else { return false };
            if inner.form(hash, form).is_some() {
                return false;
            }
            let text = if *stem == *form { stem.clone() } else { form.into() };
            inner.list_form(hash, Form::new(text, term));
        }
        true
    }

    pub(super) fn hash(&self, text: &str) -> u32 {
        self.state.hash_one(text) as u32
    }

    // A thread can only panic here while reading, when asked for an index that does not exist; the lists are
    // intact.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Inner> {
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
pub(super) fn number(index: usize) -> u32 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    assert!(index < u32::MAX, "the lexicon is full");
    index
}
