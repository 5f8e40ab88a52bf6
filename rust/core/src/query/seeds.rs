//! From a question to a few sharp seeds.
//!
//! A(d) = (S(d) / M + title_weight * title(d) + named_weight * named(d)) / A*, where S is the covered BM25 score
//! ([`crate::query::evidence`]), M the highest S and A* the highest A of the candidates: the best documents by BM25, and those whose whole title
//! the question mentions. The seeds are the best of them by A, each with a weight proportional to A^8.

use crate::commons::Commons;
use crate::documents::Document;
use crate::maps::Map;
use crate::query::answer::Buffers;
use crate::query::evidence::{Evidence, Marks, name_strength, title_mass, weigh};
use crate::query::lexical;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::shard::Shard;
use crate::titles::{BREAK, Mention};
use std::ops::Range;
use std::sync::Arc;

/// A document: the seat of its home and its place there.
pub type Spot = (usize, u32);

/// A title and the documents that bear it.
pub type Named = (Box<[u32]>, Vec<Spot>);

/// A document that may be an answer, with what the question's words alone say.
#[derive(Copy, Clone, Debug)]
pub struct Candidate {
    /// Where it is.
    pub spot: Spot,
    /// Its id, which ends ties.
    pub id: u128,
    /// What it has of the question's words.
    pub evidence: Evidence,
    /// The lexical part of its score.
    pub lexical: f64,
}

/// A document that lights up concepts.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Where it is.
    pub spot: Spot,
    /// Its id.
    pub id: u128,
    /// Its share of the seeds' weight.
    pub weight: f64,
    /// The terms of its best stretch, where it is too long to speak as a whole.
    pub stretch: Option<Stretch>,
}

/// A stretch of a document's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Its terms with their counts, by term index.
    pub terms: Vec<(u32, u32)>,
    /// The square root of the sum of (1 + ln tf)^2 over them.
    pub norm: f64,
}

impl Stretch {
    fn new(words: &[u32]) -> Stretch {
        let mut sorted: Vec<u32> = words.iter().copied().filter(|&term| term != BREAK).collect();
        sorted.sort_unstable();
        let terms: Vec<(u32, u32)> = sorted.chunk_by(u32::eq).map(|same| (same[0], same.len() as u32)).collect();
        let norm = crate::text::norm(terms.iter().map(|term| term.1));
        Stretch { terms, norm }
    }
}

/// What seeds say: the sequence of each one's words, that of the best stretch for a document too long to speak as
/// a whole. The question's words must be marked.
pub fn speak(
    shards: &[Arc<Shard>],
    question: &Question,
    seeds: &mut [Seed],
    ranking: &Ranking,
    marks: &Marks,
) -> Vec<Vec<u32>> {
    let speak = |seed: &mut Seed| {
        let document = &shards[seed.spot.0].documents().all()[seed.spot.1 as usize];
        let most = ranking.stretch_words_max as usize;
        if document.sequence.len() <= most {
            return spoken(document, 0..document.sequence.len());
        }
        let words = spoken(document, best_stretch(document, question, most, marks));
        seed.stretch = Some(Stretch::new(&words));
        words
    };
    seeds.iter_mut().map(speak).collect()
}

// Of stretches of so many words, each half over the one before: which has most of the question's mass, each term counted
// once. The first of equals.
fn best_stretch(document: &Document, question: &Question, most: usize, marks: &Marks) -> Range<usize> {
    let words = document.sequence.len();
    let places: Vec<u32> = document.terms.iter().map(|&(term, _)| marks.of(term)).collect();
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

// The terms of some of a document's words, parted where its title ends.
fn spoken(document: &Document, words: Range<usize>) -> Vec<u32> {
    let sequence = &document.sequence;
    let title = sequence.title().clamp(words.start, words.end);
    let mut terms = Vec::with_capacity(words.len() + 1);
    sequence.visit(words.start..title, |local| terms.push(document.terms[local as usize].0));
    terms.push(BREAK);
    sequence.visit(title..words.end, |local| terms.push(document.terms[local as usize].0));
    terms
}

/// What turns a document's evidence into its lexical part.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    best: f64,
    top: f64,
    named: Map<Spot, f64>,
}

impl Scale {
    fn raw(&self, evidence: &Evidence, spot: Spot, ranking: &Ranking) -> f64 {
        let covered = evidence.covered(ranking) / self.best;
        covered + ranking.title_weight * evidence.title + ranking.named_weight * self.named(spot)
    }

    /// The lexical part of a document's score.
    pub fn lexical(&self, evidence: &Evidence, spot: Spot, ranking: &Ranking) -> f64 {
        self.raw(evidence, spot, ranking) / self.top
    }

    /// How much the question names a document by its title, from 0 to 1.
    pub fn named(&self, spot: Spot) -> f64 {
        self.named.get(&spot).copied().unwrap_or(0.0)
    }

    /// What a unit of the three terms of a lexical part is worth in it: the covered BM25 score's, and the two of
    /// titles before their weights.
    pub fn units(&self) -> (f64, f64) {
        (1.0 / (self.best * self.top), 1.0 / self.top)
    }
}

/// The titles that sequences of terms mention on one shard, for each sequence.
pub fn mentions(shard: &Shard, sequences: &[&[u32]], ranking: &Ranking) -> Vec<Vec<Mention>> {
    let documents = shard.documents();
    let title_of = |place: u32| &*documents.all()[place as usize].title_terms;
    let most = ranking.bearers_max as usize + 1;
    sequences.iter().map(|sequence| documents.titles().mentioned(sequence, most, title_of)).collect()
}

/// The documents that each of the sequences mentions over all shards, with their titles, leaving out titles that too
/// many documents bear.
pub fn mentioned(shards: &[Arc<Shard>], sequences: &[&[u32]], ranking: &Ranking) -> Vec<Vec<Named>> {
    let mut all: Vec<Vec<Named>> = vec![Vec::new(); sequences.len()];
    for (seat, shard) in shards.iter().enumerate() {
        for (found, mentions) in all.iter_mut().zip(mentions(shard, sequences, ranking)) {
            for mention in mentions {
                let spots = mention.places.into_iter().map(|place| (seat, place));
                match found.iter_mut().find(|known| known.0 == mention.title) {
                    Some(known) => known.1.extend(spots),
                    None => found.push((mention.title, spots.collect())),
                }
            }
        }
    }
    for found in &mut all {
        found.retain(|(_, spots)| spots.len() <= ranking.bearers_max as usize);
    }
    all
}

/// The candidates of a question by its words alone, best first, and the scale they stand on. Empty when no document
/// has any of the words.
pub fn candidates(
    shards: &[Arc<Shard>],
    commons: &Commons,
    question: &Question,
    ranking: &Ranking,
    buffers: &mut Buffers,
) -> (Vec<Candidate>, Scale) {
    let most = ranking.lexical_candidates as usize;
    let found = lexical::search(shards, commons, &question.weighted(), most, None, &mut buffers.lexical);
    let mut scale = Scale::default();
    if found.is_empty() {
        return (Vec::new(), scale);
    }
    for (title, spots) in mentioned(shards, &[&question.sequence], ranking).into_iter().flatten() {
        let share = (ranking.name_share * title_mass(&title, commons) / question.mass).min(1.0);
        let named = name_strength(&title, commons, ranking) * share;
        scale.named.extend(spots.into_iter().map(|spot| (spot, named)));
    }
    buffers.words.set(question.terms.iter().map(|term| term.term), commons.terms());
    let mut spots: Vec<Spot> = found.iter().map(|found| (found.seat, found.place)).collect();
    let lexical = spots.len();
    spots.extend(scale.named.keys());
    spots[lexical..].sort_unstable();
    let mut all: Vec<Candidate> = Vec::with_capacity(spots.len());
    for (at, &spot) in spots.iter().enumerate() {
        if at >= lexical && spots[..lexical].contains(&spot) {
            continue;
        }
        let evidence = evidence(shards, commons, question, spot, ranking, buffers);
        let id = shards[spot.0].documents().all()[spot.1 as usize].id.0;
        if at < lexical {
            scale.best = scale.best.max(evidence.covered(ranking));
        }
        all.push(Candidate { spot, id, evidence, lexical: 0.0 });
    }
    for candidate in &all {
        scale.top = scale.top.max(scale.raw(&candidate.evidence, candidate.spot, ranking));
    }
    for candidate in &mut all {
        candidate.lexical = scale.lexical(&candidate.evidence, candidate.spot, ranking);
    }
    all.sort_unstable_by(|a, b| b.lexical.total_cmp(&a.lexical).then(a.id.cmp(&b.id)));
    (all, scale)
}

/// What a document has of a question whose terms are marked.
pub fn evidence(
    shards: &[Arc<Shard>],
    commons: &Commons,
    question: &Question,
    spot: Spot,
    ranking: &Ranking,
    buffers: &mut Buffers,
) -> Evidence {
    let documents = shards[spot.0].documents();
    let document = &documents.all()[spot.1 as usize];
    let Buffers { words, found, tally, .. } = buffers;
    words.found(document, found);
    weigh(question, found, document, documents.lengths()[spot.1 as usize], commons, ranking, tally)
}

/// The seeds among candidates that stand best first.
pub fn seeds(candidates: &[Candidate], ranking: &Ranking) -> Vec<Seed> {
    let Some(best) = candidates.first() else { return Vec::new() };
    let power = |candidate: &Candidate| libm::pow(candidate.lexical / best.lexical, ranking.seed_power);
    let few = candidates.iter().take(ranking.seeds_max as usize);
    let mut seeds: Vec<Seed> = few
        .map(|candidate| Seed { spot: candidate.spot, id: candidate.id, weight: power(candidate), stretch: None })
        .filter(|seed| seed.weight >= ranking.seed_floor)
        .collect();
    let sum: f64 = seeds.iter().map(|seed| seed.weight).sum();
    for seed in &mut seeds {
        seed.weight /= sum;
    }
    seeds
}
