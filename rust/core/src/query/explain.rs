//! Why a document stands where it stands, in points of its score.

use crate::ids::DocumentId;
use crate::query::answer::{Buffers, Inquiry, Nothing, Parts, View, spot_of};
use crate::query::evidence::word_gain;
use crate::query::seeds::{Seed, Spot};
use crate::query::spread::{term_weight, voice};
use std::sync::Arc;

/// What a word of the question gives.
#[derive(Clone, Debug, PartialEq)]
pub struct WordShare {
    /// The word as it was asked, in lower case.
    pub word: String,
    /// Its points.
    pub points: f64,
}

/// What a concept gives, and why it was lit.
#[derive(Clone, Debug, PartialEq)]
pub struct ConceptShare {
    /// The concept's label.
    pub label: Arc<str>,
    /// Its term index.
    pub term: u32,
    /// Its points; over all concepts they sum to the part, but for rounding.
    pub points: f64,
    /// The same points by the question's words that found the seeds or led straight to it, most first.
    pub words: Vec<WordShare>,
    /// The seeds that lit it, with their shares of the points, most first. What is missing came straight from words.
    pub seeds: Vec<(DocumentId, f64)>,
}

/// What a mention of the document's title gives.
#[derive(Clone, Debug, PartialEq)]
pub struct BridgeShare {
    /// The seed that mentions the title.
    pub seed: DocumentId,
    /// Its weight among the seeds.
    pub weight: f64,
    /// Its points.
    pub points: f64,
}

/// A document's score, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The score.
    pub score: f64,
    /// Its parts, which sum to it.
    pub parts: Parts,
    /// Points of the lexical part by the question's words, in the order of the question.
    pub words: Vec<WordShare>,
    /// The question's words that no document has.
    pub unknown: Vec<String>,
    /// Points of the lexical part for words of the question in the title.
    pub title: f64,
    /// Points of the lexical part as the question mentions the whole title.
    pub named: f64,
    /// Points of the concept part, most first.
    pub concepts: Vec<ConceptShare>,
    /// Points of the bridge part, by rank of the seed.
    pub bridges: Vec<BridgeShare>,
    /// The document's weight among the seeds, where it is one.
    pub seed: Option<f64>,
    /// Why the question finds nothing at all.
    pub nothing: Option<Nothing>,
}

impl Inquiry {
    /// Take the score of any document apart; `None` where the colony has none of this id. The score is the one a
    /// query gives to it, to the last bit.
    pub fn explain(&self, view: View<'_>, id: DocumentId, buffers: &mut Buffers) -> Option<Explanation> {
        let spot = spot_of(view, id)?;
        self.mark(view.commons, buffers);
        let unknown = self.question.words.iter().enumerate();
        let unknown = unknown.filter(|(at, _)| self.question.terms.iter().all(|term| term.word as usize != *at));
        let unknown = unknown.map(|(_, word)| word.form.clone()).collect();
        let nothing = self.nothing(view.commons);
        let mut explanation = Explanation {
            score: 0.0,
            parts: Parts::default(),
            words: Vec::new(),
            unknown,
            title: 0.0,
            named: 0.0,
            concepts: Vec::new(),
            bridges: Vec::new(),
            seed: self.seeds.iter().find(|seed| seed.spot == spot).map(|seed| seed.weight),
            nothing,
        };
        if nothing.is_some() {
            return Some(explanation);
        }
        let evidence = self.evidence(view, spot, buffers);
        let lexical = self.scale.lexical(&evidence, spot, &self.ranking);
        let gains = self.gains(view, spot, buffers);
        let parts = self.parts(view, spot, lexical, buffers);
        let (covered, titles) = self.scale.units();
        let unit = if evidence.bm25 > 0.0 { evidence.covered(&self.ranking) / evidence.bm25 * covered } else { 0.0 };
        let mut words: Vec<(u32, f64)> = gains.into_iter().map(|(word, gain)| (word, gain * unit)).collect();
        words.sort_unstable_by_key(|word| word.0);
        explanation.words = words.into_iter().map(|(word, points)| self.word(word, points)).collect();
        explanation.title = self.ranking.title_weight * evidence.title * titles;
        explanation.named = self.ranking.named_weight * self.scale.named(spot) * titles;
        explanation.score = parts.score();
        explanation.parts = parts;
        explanation.concepts = self.concept_shares(view, spot, parts.concepts, usize::MAX, buffers);
        explanation.bridges = self.bridge_shares(spot);
        Some(explanation)
    }

    /// The seeds that mention a document's title, by rank.
    pub fn bridge_shares(&self, spot: Spot) -> Vec<BridgeShare> {
        let mentions = self.bridges.get(&spot).into_iter().flatten();
        let share = mentions.map(|&(rank, strength)| {
            let seed = &self.seeds[rank as usize];
            BridgeShare { seed: DocumentId(seed.id), weight: seed.weight, points: self.bridge(rank, strength) }
        });
        share.collect()
    }

    /// The `most` concepts that give most to a document whose concept part is `part`; words and concepts must be
    /// marked, as they are after an answer.
    pub fn concept_shares(
        &self,
        view: View<'_>,
        spot: Spot,
        part: f64,
        most: usize,
        buffers: &mut Buffers,
    ) -> Vec<ConceptShare> {
        if part <= 0.0 {
            return Vec::new();
        }
        let document = &view.shards[spot.0].documents().all()[spot.1 as usize];
        buffers.concepts.found(document, &mut buffers.found);
        let found = buffers.found.iter();
        let mut given: Vec<(u32, f64)> =
            found.map(|&(place, tf)| (place, self.spread.lit[place as usize].weight * term_weight(tf))).collect();
        let sum: f64 = given.iter().map(|given| given.1).sum();
        given.sort_by(|a, b| b.1.total_cmp(&a.1));
        given.truncate(most);
        if given.is_empty() {
            return Vec::new();
        }
        let gains: Vec<Vec<(u32, f64)>> = self.seeds.iter().map(|seed| self.gains(view, seed.spot, buffers)).collect();
        let shares = given.into_iter().map(|(place, weight)| {
            let lit = &self.spread.lit[place as usize];
            let points = part * (weight / sum);
            let mut by_seed: Vec<(DocumentId, f64)> = Vec::new();
            let mut by_word: Vec<(u32, f64)> = Vec::new();
            let mut add = |word: u32, points: f64| match by_word.iter_mut().find(|known| known.0 == word) {
                Some(known) => known.1 += points,
                None => by_word.push((word, points)),
            };
            let straight = points * (lit.hop / lit.strength);
            for hop in self.spread.hops.iter().filter(|hop| hop.term == lit.term) {
                add(hop.word, straight * (hop.strength / lit.hop));
            }
            let light = |seed: &Seed| seed.weight * light(view, seed, lit.term);
            let lights: Vec<f64> = self.seeds.iter().map(light).collect();
            let all: f64 = lights.iter().sum();
            for ((seed, gains), light) in self.seeds.iter().zip(&gains).zip(lights) {
                if light <= 0.0 {
                    continue;
                }
                let points = (points - straight) * (light / all);
                by_seed.push((DocumentId(seed.id), points));
                let bm25: f64 = gains.iter().map(|gain| gain.1).sum();
                for &(word, gain) in gains {
                    add(word, points * (gain / bm25));
                }
            }
            by_seed.sort_by(|a, b| b.1.total_cmp(&a.1));
            by_word.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let words = by_word.into_iter().map(|(word, points)| self.word(word, points)).collect();
            ConceptShare { label: view.commons.label(lit.term), term: lit.term, points, words, seeds: by_seed }
        });
        shares.collect()
    }

    fn word(&self, word: u32, points: f64) -> WordShare {
        WordShare { word: self.question.words[word as usize].form.clone(), points }
    }

    // What the question's words give to a document's BM25 score: the word's place in the question, and its gain.
    fn gains(&self, view: View<'_>, spot: Spot, buffers: &mut Buffers) -> Vec<(u32, f64)> {
        let documents = view.shards[spot.0].documents();
        let length = documents.lengths()[spot.1 as usize];
        buffers.words.found(&documents.all()[spot.1 as usize], &mut buffers.found);
        let gain = |&(place, tf): &(u32, u32)| {
            let word = self.question.terms[place as usize].word;
            (word, word_gain(&self.question, place, tf, length, view.commons))
        };
        buffers.found.iter().map(gain).collect()
    }
}

fn light(view: View<'_>, seed: &Seed, term: u32) -> f64 {
    let (terms, norm) = voice(view.shards, seed);
    match terms.binary_search_by_key(&term, |known| known.0) {
        Ok(at) => term_weight(terms[at].1) / norm,
        Err(_) => 0.0,
    }
}
