//! A question, analysed once and sent to every shard.

use crate::commons::Commons;
use crate::documents::Vector;
use crate::query::bm25::{K1, WeightedTerm};
use crate::text::{QueryWord, Role, Session};
use crate::titles::BREAK;
use serde::{Deserialize, Serialize};

/// A term of a question that some document has.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionTerm {
    /// The id of its node, which orders sums.
    #[serde(with = "crate::ids::sixteen")]
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// How often the question has it.
    pub count: u32,
    /// ln(1 + (N - df + 0.5) / (df + 0.5)), times the share of its word ([`crate::text::QueryWord::share`]).
    pub idf: f64,
    /// The index of its word in [`Question::words`].
    pub word: u32,
}

impl QuestionTerm {
    /// Returns its weight in the question: count * idf.
    pub fn mass(&self) -> f64 {
        f64::from(self.count) * self.idf
    }
}

/// What is asked: a text, and what goes with it.
#[derive(Copy, Clone, Debug, Default)]
pub struct Query<'a> {
    /// The text, perhaps empty.
    pub text: &'a str,
    /// The question's vector, with which those of documents are compared.
    pub vector: Option<&'a Vector>,
    /// The moment as of which one asks, in microseconds since 1970 in UTC.
    pub as_of: Option<i64>,
    /// How much it counts that hits are unlike each other, from 0 for nothing to 1 for all.
    pub diverse: f64,
}

impl<'a> From<&'a str> for Query<'a> {
    fn from(text: &'a str) -> Self {
        Query { text, ..Query::default() }
    }
}

impl<'a> From<&'a String> for Query<'a> {
    fn from(text: &'a String) -> Self {
        Query::from(&**text)
    }
}

/// A question to one committed state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its words, in the order in which they were asked.
    pub words: Vec<String>,
    /// Its terms that some document has, in the order of their ids.
    pub terms: Vec<QuestionTerm>,
    /// The indices of its words that no document has, without function words and words that repeat others.
    pub unknown: Vec<u32>,
    /// Whether it has words other than function words.
    pub has_content: bool,
    /// The indices of its function words: each weighs a share of its idf and lights up no concept.
    pub function: Vec<u32>,
    /// Its terms in the order of the text, without function words; then, if it has function words, all terms again:
    /// titles are searched for in it, and some have only function words.
    pub sequence: Vec<u32>,
    /// How many of its terms are not function words.
    pub content: usize,
    /// The sum of its terms' masses.
    pub mass: f64,
    /// Its vector, if it has one.
    pub vector: Option<Vector>,
    /// The moment as of which it is asked.
    pub as_of: Option<i64>,
}

impl Question {
    /// Analyses a question.
    pub fn new<'a>(commons: &Commons, session: &mut Session, asked: impl Into<Query<'a>>) -> Question {
        let Query { text, vector, as_of, .. } = asked.into();
        let words = session.query(text);
        let (mut sequence, mut all) = (Vec::new(), Vec::new());
        session.words(text, |word| {
            let term = word.term.unwrap_or(BREAK);
            all.push(term);
            if word.role != Role::Function {
                sequence.push(term);
            }
        });
        if all.len() > sequence.len() {
            sequence.push(BREAK);
            sequence.extend(all);
        }
        let known = words.iter().enumerate().filter_map(|(place, word)| Some((place, word.term?, word.count)));
        let mut terms: Vec<QuestionTerm> = known
            .filter(|&(_, term, _)| commons.df(term) > 0)
            .map(|(place, term, count)| {
                let (id, idf) = (commons.id(term), commons.idf(term) * words[place].share());
                QuestionTerm { id, term, count, idf, word: place as u32 }
            })
            .collect();
        terms.sort_unstable_by_key(|term| term.id);
        let mass = terms.iter().map(QuestionTerm::mass).sum();
        let content = terms.iter().filter(|term| words[term.word as usize].role != Role::Function).count();
        let has_content = words.iter().any(|word| word.role != Role::Function);
        let is_function = |word: &QueryWord| word.stands && word.role == Role::Function;
        let is_unknown = |word: &QueryWord| {
            let is_told = word.stands && word.role != Role::Function;
            is_told && word.term.is_none_or(|term| commons.df(term) == 0)
        };
        let unknown = (0..words.len() as u32).filter(|&place| is_unknown(&words[place as usize])).collect();
        let function = (0..words.len() as u32).filter(|&place| is_function(&words[place as usize])).collect();
        let words = words.into_iter().map(|word| word.form).collect();
        Question {
            words,
            terms,
            unknown,
            has_content,
            function,
            sequence,
            content,
            mass,
            vector: vector.cloned(),
            as_of,
        }
    }

    /// Returns the terms as BM25 weighs them.
    pub fn weighted(&self) -> Vec<WeightedTerm> {
        let weigh = |term: &QuestionTerm| {
            let weight = f64::from(term.count) * term.idf * (K1 + 1.0);
            WeightedTerm { id: term.id, term: term.term, weight }
        };
        self.terms.iter().map(weigh).collect()
    }

    /// Returns the index of a term in [`Question::terms`].
    pub fn place(&self, term: u32) -> Option<usize> {
        self.terms.iter().position(|known| known.term == term)
    }
}
