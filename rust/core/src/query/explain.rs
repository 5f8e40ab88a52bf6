//! Why a document stands where it stands, in points of its score.

use crate::ids::DocumentId;
use crate::query::answer::{Buffers, Inquiry, Nothing, Parts, View, spot_of};
use crate::query::evidence::{Covered, Evidence, blend, word_gain};
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
        let (unit, titles) = self.scale.units();
        let mut words = self.word_points(view, spot, &evidence, unit, buffers);
        words.sort_unstable_by_key(|word| word.0);
        explanation.words = words.into_iter().map(|(word, points)| self.word(word, points)).collect();
        let parts = self.parts(view, spot, lexical, buffers);
        explanation.title = self.ranking.title_weight * evidence.title * titles;
        explanation.named = self.ranking.named_weight * self.scale.named(spot) * titles;
        explanation.score = parts.score();
        explanation.parts = parts;
        explanation.concepts = Lighting::new(self, view, buffers).shares(spot, parts.concepts, usize::MAX, buffers);
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

    fn word(&self, word: u32, points: f64) -> WordShare {
        WordShare { word: self.question.words[word as usize].form.clone(), points }
    }

    // Points of the question's words: the word's place in the question, and what it gives to the lexical part, in which
    // a unit of covered BM25 score is worth `unit`.
    fn word_points(
        &self,
        view: View<'_>,
        spot: Spot,
        evidence: &Evidence,
        unit: f64,
        buffers: &mut Buffers,
    ) -> Vec<(u32, f64)> {
        let of = |covered: &Covered| if covered.bm25 > 0.0 { covered.covered / covered.bm25 * unit } else { 0.0 };
        let mut points = self.gains(view, spot, buffers);
        for (_, gain) in &mut points {
            *gain *= of(&evidence.whole);
        }
        if let Some((best, covered)) = evidence.passage {
            let document = &view.shards[spot.0].documents().all()[spot.1 as usize];
            let Buffers { found, tally, .. } = buffers;
            tally.visit(&self.question, found, document, |number, counts, length| {
                for ((found, count), points) in found.iter().zip(counts).zip(&mut points).filter(|_| number == best) {
                    let gain = word_gain(&self.question, found.0, *count, length, view.commons) * of(&covered);
                    points.1 = blend(points.1, gain, &self.ranking);
                }
            });
        }
        points
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

/// How the concepts of an inquiry were lit: worked out once for each concept, however many documents it leads to.
#[derive(Debug)]
pub struct Lighting<'a> {
    inquiry: &'a Inquiry,
    view: View<'a>,
    // For each seed, the question's words with their shares of its BM25 score.
    words: Vec<Vec<(u32, f64)>>,
    // By place among the lit concepts.
    known: Vec<Option<Lit>>,
}

#[derive(Clone, Debug)]
struct Lit {
    label: Arc<str>,
    // Places of words in the question, and ids of seeds, with their shares of the concept's light, most first.
    words: Vec<(u32, f64)>,
    seeds: Vec<(u128, f64)>,
}

impl<'a> Lighting<'a> {
    /// Words and concepts must be marked, as they are after an answer.
    pub fn new(inquiry: &'a Inquiry, view: View<'a>, buffers: &mut Buffers) -> Self {
        let words = inquiry.seeds.iter().map(|seed| {
            let mut gains = inquiry.gains(view, seed.spot, buffers);
            let sum: f64 = gains.iter().map(|gain| gain.1).sum();
            gains.iter_mut().for_each(|gain| gain.1 /= sum);
            gains
        });
        Lighting { inquiry, view, words: words.collect(), known: vec![None; inquiry.spread.lit.len()] }
    }

    /// The `most` concepts that give most to a document whose concept part is `part`.
    pub fn shares(&mut self, spot: Spot, part: f64, most: usize, buffers: &mut Buffers) -> Vec<ConceptShare> {
        if part <= 0.0 {
            return Vec::new();
        }
        let document = &self.view.shards[spot.0].documents().all()[spot.1 as usize];
        buffers.concepts.found(document, &mut buffers.found);
        let lit = &self.inquiry.spread.lit;
        let found = buffers.found.iter();
        let mut given: Vec<(u32, f64)> =
            found.map(|&(place, tf)| (place, lit[place as usize].weight * term_weight(tf))).collect();
        let sum: f64 = given.iter().map(|given| given.1).sum();
        given.sort_by(|a, b| b.1.total_cmp(&a.1));
        given.truncate(most);
        let inquiry = self.inquiry;
        let share = |(place, weight): (u32, f64)| {
            let points = part * (weight / sum);
            let known = self.lit(place);
            ConceptShare {
                label: known.label.clone(),
                term: lit[place as usize].term,
                points,
                words: known.words.iter().map(|&(word, share)| inquiry.word(word, points * share)).collect(),
                seeds: known.seeds.iter().map(|&(seed, share)| (DocumentId(seed), points * share)).collect(),
            }
        };
        given.into_iter().map(share).collect()
    }

    fn lit(&mut self, place: u32) -> &Lit {
        let Lighting { inquiry, view, words, known } = self;
        known[place as usize].get_or_insert_with(|| {
            let spread = &inquiry.spread;
            let (term, straight) = (spread.lit[place as usize].term, spread.straight(place));
            let lights: Vec<f64> = inquiry.seeds.iter().map(|seed| seed.weight * light(*view, seed, term)).collect();
            let all: f64 = lights.iter().sum();
            let mut seeds: Vec<(u128, f64)> = Vec::new();
            let mut by_word: Vec<(u32, f64)> = Vec::new();
            let mut add = |word: u32, share: f64| match by_word.iter_mut().find(|known| known.0 == word) {
                Some(known) => known.1 += share,
                None => by_word.push((word, share)),
            };
            spread.hops_to(place).for_each(|(word, share)| add(word, share));
            for ((seed, words), light) in inquiry.seeds.iter().zip(words).zip(lights) {
                if light <= 0.0 {
                    continue;
                }
                let share = light / all * (1.0 - straight);
                seeds.push((seed.id, share));
                for &(word, gain) in &*words {
                    add(word, share * gain);
                }
            }
            seeds.sort_by(|a, b| b.1.total_cmp(&a.1));
            by_word.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            Lit { label: view.commons.label(term), words: by_word, seeds }
        })
    }
}

fn light(view: View<'_>, seed: &Seed, term: u32) -> f64 {
    let (terms, norm) = voice(view.shards, seed);
    match terms.binary_search_by_key(&term, |known| known.0) {
        Ok(at) => term_weight(terms[at].1) / norm,
        Err(_) => 0.0,
    }
}
