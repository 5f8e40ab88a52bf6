//! Why concepts were lit: by which seeds, and by which words of the question.

use crate::query::hit::Told;
use crate::query::inquiry::Inquiry;
use crate::query::lit::term_weight;
use crate::query::seeds::Voice;
use ecow::EcoString;
use std::sync::Arc;

/// How a concept was lit. The shares of its words sum to 1. So do those of its seeds, except for what a hop from the
/// question's words added without a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Light {
    /// The concept's label.
    pub label: EcoString,
    /// Its term index.
    pub term: u32,
    /// The question's words that found the seeds, or hopped here, with their shares, largest first.
    pub words: Vec<(String, f64)>,
    /// The names of the seeds, with their shares, largest first.
    pub seeds: Vec<(String, f64)>,
}

/// What a concept adds to a document's score.
#[derive(Clone, Debug, PartialEq)]
pub struct ConceptShare {
    /// Its points.
    pub points: f64,
    /// How it was lit, which is the same for all documents of an answer.
    pub light: Arc<Light>,
}

/// How the concepts of an inquiry were lit: computed once for each concept, however many documents it leads to.
#[derive(Debug)]
pub struct Lighting<'a> {
    inquiry: &'a Inquiry,
    told: &'a Told,
    // By index among the lit concepts.
    known: Vec<Option<Arc<Light>>>,
}

impl<'a> Lighting<'a> {
    /// Returns a lighting with nothing computed, with the names that homes told of seeds and concepts.
    pub fn new(inquiry: &'a Inquiry, told: &'a Told) -> Self {
        Lighting { inquiry, told, known: vec![None; inquiry.scorers.concepts.lit.len()] }
    }

    /// Returns how concepts were lit, which add points to a document. They are given by their indices.
    pub fn shares(&mut self, points: &[(u32, f64)]) -> Vec<ConceptShare> {
        points.iter().map(|&(place, points)| ConceptShare { points, light: self.light(place) }).collect()
    }

    fn light(&mut self, place: u32) -> Arc<Light> {
        let Lighting { inquiry, told, known } = self;
        known[place as usize].get_or_insert_with(|| Arc::new(work_out(inquiry, told, place))).clone()
    }
}

fn work_out(inquiry: &Inquiry, told: &Told, place: u32) -> Light {
    let spread = &inquiry.scorers.concepts;
    let term = spread.lit[place as usize].term;
    // By index of the question's word. No share is 0; a word with 0 led to nothing.
    let mut shares = vec![0.0; inquiry.question.words.len()];
    spread.hops_to(place).for_each(|(word, share)| shares[word as usize] += share);
    let seeds = || inquiry.seeds.iter().zip(&inquiry.voices);
    let lights: Vec<f64> = seeds().map(|(seed, voice)| seed.weight * strength(voice, term)).collect();
    let all: f64 = lights.iter().sum();
    let seeded = 1.0 - spread.straight(place);
    let mut by_seed: Vec<(usize, f64)> = Vec::new();
    for (rank, ((_, voice), light)) in seeds().zip(lights).enumerate() {
        if light <= 0.0 {
            continue;
        }
        let share = seeded * (light / all);
        by_seed.push((rank, share));
        voice.found_by.iter().for_each(|&(word, gain)| shares[word as usize] += share * gain);
    }
    by_seed.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut by_word: Vec<(u32, f64)> = (0..).zip(shares).filter(|(_, share)| *share != 0.0).collect();
    by_word.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let form = |word: u32| inquiry.question.words[word as usize].clone();
    Light {
        label: told.labels[place as usize].clone().expect("homes tell the labels of what hits have"),
        term,
        words: by_word.into_iter().map(|(word, share)| (form(word), share)).collect(),
        seeds: by_seed.into_iter().map(|(rank, share)| (told.seeds[rank].name.clone(), share)).collect(),
    }
}

// Returns how strongly a seed speaks of a term.
fn strength(voice: &Voice, term: u32) -> f64 {
    match voice.terms.binary_search_by_key(&term, |known| known.0) {
        Ok(at) => term_weight(voice.terms[at].1) / voice.norm,
        Err(_) => 0.0,
    }
}
