//! Words that no document has, read as known ones near them.
//!
//! A reading is a known word one edit away, two from eight letters on; or two known words that are written as one; or one
//! known word that is written as two. A space that is missing or too much counts as one edit. Of the possible readings
//! only the nearest count, at most [`READINGS_MAX`] of them, those that most documents have first. Each weighs
//! `near_share` of its idf for each edit, and no more than the first, so that none is preferred for being rare. A word that
//! some document has is never read as another.
//!
//! One typing error in the rarest known word of each of hotpotqa's questions (`phago eval --typos`, ten seeds) costs .085
//! of nDCG@10 if it is left unknown, and .004 so; with three readings or five, with and without the limit of the first,
//! figures differ by no more than .001. With a share of .8, .9 and 1 it costs .013, .012 and .004.

use crate::Result;
use crate::commons::{Commons, Near};
use crate::query::homes::Homes;
use crate::query::question::{Question, Reading};
use crate::query::ranking::Ranking;
use crate::text::{FUNCTION_SHARE, Role, Session, edits_max, role_of, stem};
use std::cmp::Reverse;

/// How many words of a question are read as others; further ones are left unknown. Each costs a look at all known words.
pub const READ_WORDS_MAX: usize = 32;
/// The most readings of one word.
pub const READINGS_MAX: usize = 5;
// Shorter pieces of a word are syllables.
const PIECE_CHARS_MIN: usize = 3;

/// Returns the readings of a question's words that no document has, in the order of the words, the best first.
///
/// # Errors
/// Those of the homes.
pub fn readings<H: Homes>(
    homes: &mut H,
    question: &Question,
    text: &str,
    ranking: &Ranking,
    session: &mut Session,
) -> Result<Vec<Reading>> {
    let unknown = question.unknown.iter().map(|&word| (word, question.words[word as usize].clone()));
    let unknown = unknown.map(|(word, form)| (word, edits_max(&form), form)).filter(|(_, edits, _)| *edits > 0);
    let unknown: Vec<(u32, u32, String)> = unknown.take(READ_WORDS_MAX).collect();
    if unknown.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<(String, u32)> = unknown.iter().map(|(_, edits, form)| (form.clone(), *edits)).collect();
    let nearest = homes.nearest(&asked, READINGS_MAX)?;
    let spoken = said(text, session);
    let commons = homes.commons();
    let mut all = Vec::new();
    for ((word, _, form), near) in unknown.into_iter().zip(nearest) {
        let stem = stem(&form).into_owned();
        let count = spoken.iter().filter(|(_, spoken)| *spoken == stem).count().max(1) as u32;
        let mut choices: Vec<Choice> = near.into_iter().map(Choice::near).collect();
        choices.extend(split(commons, &form));
        choices.extend(joined(commons, &stem, &spoken));
        let choices = best(commons, choices);
        let idf = |term: u32| commons.idf(term);
        let most = choices.first().map_or(0.0, |first| first.terms.iter().map(|&term| idf(term)).fold(0.0, f64::max));
        for choice in choices {
            let Choice { text, terms, edits } = choice;
            let is_function = |&term: &u32| role_of(&commons.lexicon().stem(term)) == Role::Function;
            let role = if terms.iter().all(is_function) { Role::Function } else { Role::Word };
            let share = if role == Role::Function { FUNCTION_SHARE } else { 1.0 };
            let share = share * libm::pow(ranking.near_share, f64::from(edits));
            let terms = terms.into_iter().map(|term| (term, idf(term).min(most) * share)).collect();
            all.push(Reading { word, stem: stem.clone(), count, text, terms, role });
        }
    }
    Ok(all)
}

/// Returns what a beginning of words is read as: all that it begins, none of which weighs more than the first.
pub fn begun(commons: &Commons, word: u32, begins: &[Near]) -> Vec<Reading> {
    let most = begins.first().map_or(0.0, |first| commons.idf(first.term));
    let reading = |near: &Near| {
        let role = role_of(&commons.lexicon().stem(near.term));
        let share = if role == Role::Function { FUNCTION_SHARE } else { 1.0 };
        let terms = vec![(near.term, commons.idf(near.term).min(most) * share)];
        Reading { word, stem: String::new(), count: 1, text: near.form.to_string(), terms, role }
    };
    begins.iter().map(reading).collect()
}

// A possible reading.
struct Choice {
    text: String,
    terms: Vec<u32>,
    edits: u32,
}

impl Choice {
    fn near(near: Near) -> Choice {
        Choice { text: near.form.to_string(), terms: vec![near.term], edits: near.edits }
    }
}

// Returns the best of the possible readings.
fn best(commons: &Commons, mut all: Vec<Choice>) -> Vec<Choice> {
    let least = all.iter().map(|choice| choice.edits).min();
    all.retain(|choice| Some(choice.edits) == least);
    let df = |choice: &Choice| choice.terms.iter().map(|&term| commons.df(term)).min();
    all.sort_by(|one, other| (Reverse(df(one)), &one.text).cmp(&(Reverse(df(other)), &other.text)));
    all.truncate(READINGS_MAX);
    all
}

// Returns the words of a question in their order, each with its stem.
fn said(text: &str, session: &mut Session) -> Vec<(String, String)> {
    let mut all = Vec::new();
    session.spoken(text, |form, _, _| all.push((form.to_owned(), stem(form).into_owned())));
    all
}

// Returns the term of a word that some document has, unless it is a function word.
fn known(commons: &Commons, form: &str) -> Option<u32> {
    let stem = stem(form);
    let term = commons.lexicon().term(&stem).filter(|&term| commons.df(term) > 0)?;
    (role_of(&stem) == Role::Word).then_some(term)
}

// Returns the two known words that a word is made of, for each place where it may be split.
fn split(commons: &Commons, form: &str) -> Vec<Choice> {
    let chars = form.chars().count();
    let cuts = form
        .char_indices()
        .enumerate()
        .filter(|(place, _)| (PIECE_CHARS_MIN..=chars.saturating_sub(PIECE_CHARS_MIN)).contains(place));
    let pieces = cuts.filter_map(|(_, (at, _))| {
        let (first, second) = form.split_at(at);
        let terms = vec![known(commons, first)?, known(commons, second)?];
        Some(Choice { text: format!("{first} {second}"), terms, edits: 1 })
    });
    pieces.collect()
}

// Returns the known words that a word makes with its neighbours in the question.
fn joined(commons: &Commons, stem: &str, spoken: &[(String, String)]) -> Vec<Choice> {
    let pairs = spoken.windows(2).filter(|pair| pair.iter().any(|(_, its)| its == stem));
    let whole = pairs.filter_map(|pair| {
        let text = format!("{}{}", pair[0].0, pair[1].0);
        let term = known(commons, &text)?;
        Some(Choice { text, terms: vec![term], edits: 1 })
    });
    whole.collect()
}
