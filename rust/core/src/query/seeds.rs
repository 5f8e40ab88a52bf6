//! The seeds of an answer, and what they speak of.
//!
//! The seeds are the best candidates by the lexical part of their score, each with a weight proportional to its power
//! `seed_power`, so that few of them matter. They are the second round of an answer: the home shard of each seed
//! reports what it speaks of.

use crate::Result;
use crate::documents::Document;
use crate::query::bm25::per_word;
use crate::query::buffers::Buffers;
use crate::query::evidence::word_gain;
use crate::query::lexical::Candidate;
use crate::query::marks::Marks;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::view::{Local, Spot};
use crate::titles::BREAK;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A document that lights up concepts.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Where it is.
    pub spot: Spot,
    /// Its id.
    pub id: u128,
    /// Its share of the seeds' weight.
    pub weight: f64,
}

/// What a seed speaks of. Of a document of more than `stretch_words_max` words, only its best stretch speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// The terms with a position in it and their counts, by term index.
    pub terms: Vec<(u32, u32)>,
    /// The square root of the sum of (1 + ln tf)^2 over them.
    pub norm: f64,
    /// Its words in order, with a break where its title ends.
    pub sequence: Vec<u32>,
    /// Its title.
    pub title: Box<[u32]>,
    /// The question's words that found it: the index of each, and its share of the seed's BM25 score.
    pub found_by: Vec<(u32, f64)>,
}

/// Returns what the seed at a place speaks of. The question's words must be marked.
pub fn speak(
    local: Local<'_>,
    question: &Question,
    place: u32,
    ranking: &Ranking,
    buffers: &mut Buffers,
) -> Result<Voice> {
    local.poll()?;
    let document = local.at(place);
    let mut found_by = gains(local, question, place, buffers);
    let sum: f64 = found_by.iter().map(|gain| gain.1).sum();
    // A seed that is only similar has none.
    found_by.iter_mut().for_each(|(place, gain)| (*place, *gain) = (question.terms[*place as usize].word, *gain / sum));
    let title = document.title_terms.clone();
    let most = ranking.stretch_words_max as usize;
    if document.sequence.len() <= most {
        let sequence = spoken(document, 0..document.sequence.len());
        let norm = local.documents().norms()[place as usize];
        let terms = document.standing();
        return Ok(Voice { terms, norm, sequence, title, found_by });
    }
    let sequence = spoken(document, best_stretch(document, question, most, &buffers.words));
    let mut sorted: Vec<u32> = sequence.iter().copied().filter(|&term| term != BREAK).collect();
    sorted.sort_unstable();
    let terms: Vec<(u32, u32)> = sorted.chunk_by(u32::eq).map(|same| (same[0], same.len() as u32)).collect();
    let norm = crate::text::norm(terms.iter().map(|term| term.1));
    Ok(Voice { terms, norm, sequence, title, found_by })
}

/// Returns what the question's terms add to a document's BM25 score: the index of each in [`Question::terms`], and its
/// gain. Words must be marked.
pub fn gains(local: Local<'_>, question: &Question, place: u32, buffers: &mut Buffers) -> Vec<(u32, f64)> {
    let length = local.documents().lengths()[place as usize];
    buffers.words.found(local.at(place), &mut buffers.found);
    let per_word = per_word(local.commons);
    let gain = |&(term, tf): &(u32, u32)| (term, word_gain(question, term, tf, length, per_word));
    buffers.found.iter().map(gain).collect()
}

// Returns the stretch of `most` words that has most of the question's mass, with each term counted once; the first of
// equals. Each stretch overlaps half of the one before.
fn best_stretch(document: &Document, question: &Question, most: usize, marks: &Marks) -> Range<usize> {
    let words = document.sequence.len();
    let places: Vec<u32> = document.terms.iter().map(|(term, _)| marks.of(term)).collect();
    let (mut best, mut best_mass) = (0..most, -1.0);
    let mut met: Vec<u32> = Vec::new();
    for start in (0..words).step_by(most.div_ceil(2)) {
        let stretch = start..(start + most).min(words);
        document.sequence.visit(stretch.clone(), |local| {
            if let Some(place) = places[local as usize].checked_sub(1) {
                met.push(place);
            }
        });
        met.sort_unstable();
        met.dedup();
        let mass: f64 = met.drain(..).map(|place| question.terms[place as usize].mass()).sum();
        if mass > best_mass {
            (best, best_mass) = (stretch.clone(), mass);
        }
        if stretch.end == words {
            break;
        }
    }
    best
}

// Returns the terms of some of a document's words, with a break where its title ends.
fn spoken(document: &Document, words: Range<usize>) -> Vec<u32> {
    let sequence = &document.sequence;
    let title = sequence.title().clamp(words.start, words.end);
    let mut terms = Vec::with_capacity(words.len() + 1);
    sequence.visit(words.start..title, |local| terms.push(document.terms.term(local as usize)));
    terms.push(BREAK);
    sequence.visit(title..words.end, |local| terms.push(document.terms.term(local as usize)));
    terms
}

/// Returns the seeds among candidates, which must be ordered best first.
pub fn choose(candidates: &[Candidate], ranking: &Ranking) -> Vec<Seed> {
    let Some(best) = candidates.first().filter(|best| best.points > 0.0) else { return Vec::new() };
    let power = |candidate: &Candidate| libm::pow(candidate.points / best.points, ranking.seed_power);
    let few = candidates.iter().take(ranking.seeds_max as usize);
    let mut seeds: Vec<Seed> = few
        .map(|candidate| Seed { spot: candidate.spot, id: candidate.id, weight: power(candidate) })
        .filter(|seed| seed.weight >= ranking.seed_floor)
        .collect();
    let sum: f64 = seeds.iter().map(|seed| seed.weight).sum();
    for seed in &mut seeds {
        seed.weight /= sum;
    }
    seeds
}
