//! A question, read once and sent to every shard.

use crate::commons::Commons;
use crate::query::bm25::{K1, WeightedTerm};
use crate::text::Session;
use crate::titles::BREAK;
use serde::{Deserialize, Serialize};

/// A term of a question that stands in some document.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionTerm {
    /// The id of its node, which orders sums.
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// How often the question has it.
    pub count: u32,
    /// ln(1 + (N - df + 0.5) / (df + 0.5)).
    pub idf: f64,
    /// The place of its word in [`Question::words`].
    pub word: u32,
}

impl QuestionTerm {
    /// What it weighs in the question: count * idf.
    pub fn mass(&self) -> f64 {
        f64::from(self.count) * self.idf
    }
}

/// A question against one committed state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its words, stop words left out, in the order in which they were asked.
    pub words: Vec<String>,
    /// Its terms that stand in some document, in the order of their ids.
    pub terms: Vec<QuestionTerm>,
    /// Its terms in the order of the text, for the mentions of titles.
    pub sequence: Vec<u32>,
    /// The sum of its terms' masses.
    pub mass: f64,
}

impl Question {
    /// Read a question.
    pub fn new(commons: &Commons, session: &mut Session, text: &str) -> Question {
        let words = session.query(text);
        let mut sequence = Vec::new();
        session.words(text, |word| sequence.push(word.term.unwrap_or(BREAK)));
        let known = words.iter().enumerate().filter_map(|(place, word)| Some((place, word.term?, word.count)));
        let mut terms: Vec<QuestionTerm> = known
            .filter(|&(_, term, _)| commons.df(term) > 0)
            .map(|(place, term, count)| {
                let (id, idf) = (commons.id(term), commons.idf(term));
                QuestionTerm { id, term, count, idf, word: place as u32 }
            })
            .collect();
        terms.sort_unstable_by_key(|term| term.id);
        let mass = terms.iter().map(QuestionTerm::mass).sum();
        let words = words.into_iter().map(|word| word.form).collect();
        Question { words, terms, sequence, mass }
    }

    /// The terms as BM25 weighs them.
    pub fn weighted(&self) -> Vec<WeightedTerm> {
        let weigh = |term: &QuestionTerm| {
            let weight = f64::from(term.count) * term.idf * (K1 + 1.0);
            WeightedTerm { id: term.id, term: term.term, weight }
        };
        self.terms.iter().map(weigh).collect()
    }

    /// The place of a term among [`Question::terms`].
    pub fn place(&self, term: u32) -> Option<usize> {
        self.terms.iter().position(|known| known.term == term)
    }
}
