//! The words of a question, a title or a label, as terms that are known already. Nothing enters the lexicon.

use super::chunk::{self, normal};
use super::counter::{key_at, lower};
use super::fold::{Role, role_of, stem_of};
use super::function::FUNCTION_SHARE;
use super::session::Session;
use super::words::Word;
use super::words::{Run, WORD_BYTES_MAX, runs};
use crate::maps::Map;

/// One term of a question.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueryWord {
    /// The word as it was first typed, in lower case.
    pub form: String,
    /// Its stem.
    pub stem: String,
    /// The term's index, if any document has or had it.
    pub term: Option<u32>,
    /// How often the question has it, in any form.
    pub count: u32,
    /// Its role.
    pub role: Role,
    /// Whether the question itself has it as a word; if not, it is the whole or a part of words that the question has.
    pub stands: bool,
}

// The weight in a question of the whole of several runs or of a part of one, as a share of its idf: it repeats words
// that have a position. Between a third and one, two collections moved by no more than .001 of nDCG@10.
const SAID_AGAIN: f64 = 0.5;

impl QueryWord {
    /// Returns its weight in the question, as a share of its idf.
    pub fn share(&self) -> f64 {
        let role = if self.role == Role::Function { FUNCTION_SHARE } else { 1.0 };
        if self.stands { role } else { role * SAID_AGAIN }
    }
}

/// A word of a text with its position.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Placed {
    /// The term's index, if any text had it.
    pub term: Option<u32>,
    /// Its role.
    pub role: Role,
    /// The offset at which its run of letters or signs starts, in bytes.
    pub start: usize,
}

impl Session {
    /// Analyses a question into its terms, in the order of their first words. Nothing enters the lexicon.
    pub fn query(&mut self, text: &str) -> Vec<QueryWord> {
        let mut words: Vec<QueryWord> = Vec::new();
        let mut places: Map<String, usize> = Map::default();
        let lexicon = self.lexicon().clone();
        each(text, |_, word| {
            let known = lexicon.find(word.form).map(|(_, term)| term);
            let stem = match known {
                Some(term) => lexicon.stem(term).to_string(),
                None => stem_of(word.form).into_owned(),
            };
            if let Some(&place) = places.get(&stem) {
                words[place].count = words[place].count.saturating_add(1);
                words[place].stands |= word.stands;
                return;
            }
            let term = known.or_else(|| lexicon.term(&stem));
            places.insert(stem.clone(), words.len());
            let (form, role) = (word.form.to_owned(), role_of(&stem));
            words.push(QueryWord { form, stem, term, count: 1, role, stands: word.stands });
        });
        words
    }

    /// Returns the one word that a label is, or `None` if it has several words. Of an identifier it is the whole, not
    /// its parts.
    pub fn label(&mut self, label: &str) -> Option<QueryWord> {
        let mut words = self.query(label);
        if words.len() > 1 {
            let whole = normal(label.trim()).replace('’', "'").replace(['‐', '‑'], "-");
            words.retain(|word| word.form == whole);
        }
        words.truncate(1);
        words.pop()
    }

    /// Returns the stem of the text's one word, if it can be that of a concept.
    pub fn concept(&mut self, word: &str) -> Option<String> {
        self.label(word).filter(|word| word.role == Role::Word).map(|word| word.stem)
    }

    /// Visits the words of a text that have a position, in order.
    pub fn words(&mut self, text: &str, visit: impl FnMut(Placed)) {
        self.counter.forget();
        self.visit(text, visit);
    }

    /// Visits the same words of a question with their forms, more slowly.
    pub fn spoken(&mut self, text: &str, mut visit: impl FnMut(&str, Option<u32>, Role)) {
        each(text, |_, word| {
            if word.stands {
                let (term, role) = self.counter.known(word.form);
                visit(word.form, term, role);
            }
        });
    }

    pub(super) fn visit(&mut self, text: &str, mut visit: impl FnMut(Placed)) {
        let bytes = text.as_bytes();
        runs(text).for_each(|run| match run {
            Run::Plain(start, end) if end - start <= 16 => {
                let key = lower(key_at(bytes, start, end - start));
                let (term, role) = match self.counter.met(&key) {
                    Some(known) => known,
                    None => self.counter.known(&text[start..end].to_ascii_lowercase()),
                };
                visit(Placed { term, role, start });
            }
            Run::Plain(start, end) if end - start <= WORD_BYTES_MAX => {
                let (term, role) = self.counter.known(&text[start..end].to_ascii_lowercase());
                visit(Placed { term, role, start });
            }
            Run::Plain(..) => {}
            Run::Chunk(start, end) => {
                chunk::words(&text[start..end], true, &mut |word| {
                    if word.stands {
                        let (term, role) = self.counter.known(word.form);
                        visit(Placed { term, role, start: start + word.at });
                    }
                });
            }
        });
    }
}

/// Visits all words of a question, with the offsets of their runs or chunks.
fn each(text: &str, mut visit: impl FnMut(usize, Word<'_>)) {
    runs(text).for_each(|run| match run {
        Run::Plain(start, end) if end - start <= WORD_BYTES_MAX => {
            visit(start, Word { form: &text[start..end].to_ascii_lowercase(), stands: true, at: 0 });
        }
        Run::Plain(..) => {}
        Run::Chunk(start, end) => {
            chunk::words(&text[start..end], true, &mut |word| visit(start, word));
        }
    });
}
