//! What operators demand of a document, as terms, and which documents meet it.
//!
//! A word means all its forms, as everywhere: `+signed` is met by "signing". A phrase means words that follow each other in
//! the title or in the text, function words too, whatever signs stand between them. Postings find documents that have all
//! of its words, their sequences those that have its words in order but for function words, and these few are analysed
//! again to know for certain, unless the phrase stands there as it was written. In a field, a word is one that stands there,
//! not a part of an identifier. A word that no document has is met by none.

use crate::Result;
use crate::commons::Near;
use crate::documents::Document;
use crate::metadata::{Among, Filter, Places};
use crate::query::view::{Local, View};
use crate::query::wording::Field;
use crate::text::{Role, Session, role_of};
use serde::{Deserialize, Serialize};

/// The most words that a `begin*` may begin.
pub const BEGINNINGS_MAX: usize = 256;

/// What an operator demands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// The operator as it was written.
    pub written: String,
    /// Whether documents must not have it; otherwise they must.
    pub is_excluded: bool,
    /// Where.
    pub field: Field,
    /// Terms any of which is enough.
    pub terms: Vec<u32>,
    /// Terms that are enough if they follow each other; none, or at least two.
    pub phrase: Vec<(u32, Role)>,
    /// The same as text, if these are plain words: where it stands between spaces, the words follow each other.
    pub plain: String,
    /// The words that a `begin*` begins.
    pub begins: Vec<Near>,
}

/// Which documents can answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Only {
    /// What their metadata must meet.
    pub filter: Filter,
    /// What they must have and must not have.
    pub clauses: Vec<Clause>,
}

impl From<&Filter> for Only {
    fn from(filter: &Filter) -> Only {
        Only { filter: filter.clone(), clauses: Vec::new() }
    }
}

impl Only {
    /// Returns whether all documents can answer.
    pub fn is_empty(&self) -> bool {
        self.filter.is_empty() && self.clauses.is_empty()
    }

    /// Returns the terms that it reads.
    pub fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        let of = |clause: &'_ Clause| {
            clause.terms.clone().into_iter().chain(clause.phrase.clone().into_iter().map(|one| one.0))
        };
        self.clauses.iter().flat_map(of)
    }

    /// Returns the documents of a shard that can answer.
    pub(crate) fn places(&self, local: Local<'_>, session: &mut Session) -> Result<Places> {
        let mut places = local.documents().matching(&self.filter);
        for clause in &self.clauses {
            let met = clause.places(local, &places, session)?;
            if clause.is_excluded { places.drop(&met) } else { places.keep(&met) }
        }
        Ok(places)
    }
}

impl Clause {
    // Returns the documents among some of a shard that have what it asks for.
    fn places(&self, local: Local<'_>, among: &Places, session: &mut Session) -> Result<Places> {
        let documents = local.documents();
        let mut met = Places::none(documents.room());
        let candidates = |term: u32| {
            let mut candidates = Vec::new();
            if let Some(postings) = documents.postings(term) {
                postings.visit(documents.taken(), |(place, _)| candidates.extend(among.has(place).then_some(place)));
            }
            candidates
        };
        for &term in &self.terms {
            local.poll()?;
            let mut some = candidates(term);
            if self.field != Field::Any {
                let is_function = is_function(term, session);
                let mut inside = Vec::new();
                for place in some {
                    local.poll()?;
                    let has = has_in(documents.at(place), (term, is_function), self.field, session);
                    inside.extend(has.then_some(place));
                }
                some = inside;
            }
            met.add(&some);
        }
        let length = |term: u32| documents.postings(term).map_or(0, |postings| postings.len());
        if let Some(&(rarest, _)) = self.phrase.iter().min_by_key(|(term, _)| length(*term)) {
            for place in candidates(rarest) {
                local.poll()?;
                if self.has_phrase(documents.at(place), session) {
                    met.add(&[place]);
                }
            }
        }
        Ok(met)
    }

    /// Returns whether a document meets what it demands.
    pub(crate) fn is_met(&self, document: &Document, session: &mut Session) -> bool {
        let has_one = self.terms.iter().any(|&term| {
            document.terms.find(term).is_some()
                && (self.field == Field::Any || {
                    let is_function = is_function(term, session);
                    has_in(document, (term, is_function), self.field, session)
                })
        });
        (has_one || self.has_phrase(document, session)) != self.is_excluded
    }

    fn has_phrase(&self, document: &Document, session: &mut Session) -> bool {
        if self.phrase.is_empty() {
            return false;
        }
        let place = |(term, _): &(u32, Role)| document.terms.find(*term).map(|(at, _)| at);
        let Some(places) = self.phrase.iter().map(place).collect::<Option<Vec<usize>>>() else { return false };
        let content = places.iter().zip(&self.phrase).filter(|(_, (_, role))| *role != Role::Function);
        let content: Vec<u32> = content.map(|(place, _)| *place as u32).collect();
        let mut sequence = Vec::with_capacity(document.sequence.len());
        document.sequence.visit(0..document.sequence.len(), |place| sequence.push(place));
        if !content.is_empty() && !sequence.windows(content.len()).any(|window| window == content) {
            return false;
        }
        let mut has_in = |text: &str| {
            if stands_in(&self.plain, text) {
                return true;
            }
            let mut said = Vec::new();
            session.words(text, |word| said.push(word.term));
            said.windows(self.phrase.len())
                .any(|window| window.iter().zip(&self.phrase).all(|(said, (term, _))| *said == Some(*term)))
        };
        let body = &document.body;
        (self.field != Field::Text && has_in(&body.title)) || (self.field != Field::Title && has_in(&body.text))
    }
}

fn is_function(term: u32, session: &Session) -> bool {
    role_of(&session.lexicon().stem(term)) == Role::Function
}

// Returns whether some plain words stand in a text as they are, in any case, between spaces or ends.
fn stands_in(plain: &str, text: &str) -> bool {
    let (plain, text) = (plain.as_bytes(), text.as_bytes());
    let Some(first) = plain.first().map(u8::to_ascii_lowercase) else { return false };
    let is_end = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    (0..(text.len() + 1).saturating_sub(plain.len())).any(|at| {
        text[at].to_ascii_lowercase() == first
            && text[at..at + plain.len()].eq_ignore_ascii_case(plain)
            && is_end(at.checked_sub(1).map(|before| &text[before]))
            && is_end(text.get(at + plain.len()))
    })
}

// Returns whether a document that has a term has it in a field.
fn has_in(document: &Document, (term, is_function): (u32, bool), field: Field, session: &mut Session) -> bool {
    let sequence = &document.sequence;
    let (words, text) = match field {
        Field::Any => return true,
        Field::Title => (0..sequence.title(), &body_of(document).0),
        Field::Text => (sequence.title()..sequence.len(), &body_of(document).1),
    };
    let Some((place, _)) = document.terms.find(term) else { return false };
    let mut has = false;
    // No sequence has function words.
    match is_function {
        false => sequence.visit(words, |other| has |= other as usize == place),
        true => session.words(text, |word| has |= word.term == Some(term)),
    }
    has
}

fn body_of(document: &Document) -> (&str, &str) {
    (&document.body.title, &document.body.text)
}

/// Returns whether a document meets each of some clauses.
pub(crate) fn met(view: View<'_>, document: &Document, clauses: &[Clause]) -> Vec<bool> {
    let mut session = Session::new(view.commons.lexicon().clone());
    clauses.iter().map(|clause| clause.is_met(document, &mut session)).collect()
}
