//! Why concepts were lit: by which seeds, and by which words of the question.

use crate::Result;
use crate::query::buffers::Buffers;
use crate::query::inquiry::Inquiry;
use crate::query::lit::term_weight;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::{Spot, View};
use std::sync::Arc;

/// How a concept was lit. The shares of its words sum to 1. So do those of its seeds, except for what a hop from the
/// question's words added without a seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Light {
    /// The concept's label.
    pub label: Arc<str>,
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
    view: View<'a>,
    // By index among the lit concepts.
    known: Vec<Option<Arc<Light>>>,
}

impl<'a> Lighting<'a> {
    /// Returns a lighting with nothing computed. Concepts must be marked, as they are after an answer.
    pub fn new(inquiry: &'a Inquiry, view: View<'a>) -> Self {
        Lighting { inquiry, view, known: vec![None; inquiry.scorers.concepts.lit.len()] }
    }

    /// Returns the `most` concepts that add most to a document whose concept part is `part`, strongest first.
    pub fn shares(&mut self, spot: Spot, part: f64, most: usize, buffers: &mut Buffers) -> Result<Vec<ConceptShare>> {
        if part <= 0.0 {
            return Ok(Vec::new());
        }
        buffers.concepts.found(self.view.at(spot), &mut buffers.found);
        let lit = &self.inquiry.scorers.concepts.lit;
        let found = buffers.found.iter();
        let mut given: Vec<(u32, f64)> =
            found.map(|&(place, tf)| (place, lit[place as usize].weight * term_weight(tf))).collect();
        let sum: f64 = given.iter().map(|given| given.1).sum();
        given.sort_by(|a, b| b.1.total_cmp(&a.1));
        given.truncate(most);
        let share = |(place, weight)| Ok(ConceptShare { points: part * (weight / sum), light: self.light(place)? });
        given.into_iter().map(share).collect()
    }

    fn light(&mut self, place: u32) -> Result<Arc<Light>> {
        if let Some(light) = &self.known[place as usize] {
            return Ok(light.clone());
        }
        self.view.poll()?;
        let light = Arc::new(work_out(self.inquiry, self.view, place));
        self.known[place as usize] = Some(light.clone());
        Ok(light)
    }
}

fn work_out(inquiry: &Inquiry, view: View<'_>, place: u32) -> Light {
    let spread = &inquiry.scorers.concepts;
    let term = spread.lit[place as usize].term;
    // By index of the question's word. No share is 0; a word with 0 led to nothing.
    let mut shares = vec![0.0; inquiry.question.words.len()];
    spread.hops_to(place).for_each(|(word, share)| shares[word as usize] += share);
    let seeds = || inquiry.seeds.iter().zip(&inquiry.voices);
    let lights: Vec<f64> = seeds().map(|(seed, voice)| seed.weight * strength(voice, term)).collect();
    let all: f64 = lights.iter().sum();
    let seeded = 1.0 - spread.straight(place);
    let mut by_seed: Vec<(&Seed, f64)> = Vec::new();
    for ((seed, voice), light) in seeds().zip(lights) {
        if light <= 0.0 {
            continue;
        }
        let share = seeded * (light / all);
        by_seed.push((seed, share));
        voice.found_by.iter().for_each(|&(word, gain)| shares[word as usize] += share * gain);
    }
    by_seed.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut by_word: Vec<(u32, f64)> = (0..).zip(shares).filter(|(_, share)| *share != 0.0).collect();
    by_word.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let name = |seed: &Seed| view.at(seed.spot).name();
    let form = |word: u32| inquiry.question.words[word as usize].clone();
    Light {
        label: view.commons.label(term),
        term,
        words: by_word.into_iter().map(|(word, share)| (form(word), share)).collect(),
        seeds: by_seed.into_iter().map(|(seed, share)| (name(seed), share)).collect(),
    }
}

// Returns how strongly a seed speaks of a term.
fn strength(voice: &Voice, term: u32) -> f64 {
    match voice.terms.binary_search_by_key(&term, |known| known.0) {
        Ok(at) => term_weight(voice.terms[at].1) / voice.norm,
        Err(_) => 0.0,
    }
}
