//! The lexical part of a score: a question's words in a document's text and title.
//!
//! A(d) = (S(d) / M + title_weight * title(d) + named_weight * named(d)) / A*, where S is the covered BM25 score
//! ([`crate::query::evidence`]), M the highest S and A* the highest A of the candidates: the best documents by BM25,
//! and those whose whole title the question mentions. It is the first round of an answer: every shard reports what it
//! found by the words, the home shards of the best weigh them, and these set the scale.

use crate::Result;
use crate::commons::Commons;
use crate::maps::{Map, Set};
use crate::query::bm25::{self, Best, Found};
use crate::query::buffers::Buffers;
use crate::query::evidence::{Evidence, weigh};
use crate::query::hop::{self, FromWord};
use crate::query::names::{self, Named};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::similar::{self, Levels, Similar};
use crate::query::view::{Local, Spot};
use serde::{Deserialize, Serialize};

/// What one shard finds by a question's words, or those of one node: at most `lexical_candidates` documents, the titles
/// that the question mentions, each with at most one more bearer of a shard than is allowed, and the rows of the
/// question's terms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FoundByWords {
    /// Documents by BM25, best first.
    pub found: Vec<Found>,
    /// Titles that the question mentions.
    pub named: Vec<Named>,
    /// What the terms of this home shard have synapses to, if the ranking asks for it.
    pub wired: Vec<FromWord>,
    /// The documents that are most similar, if the question has a vector.
    pub similar: Vec<Found>,
    /// The cosines of all documents.
    pub levels: Levels,
    /// The latest time of a document, if times count.
    pub newest: Option<i64>,
}

/// Returns what a shard finds by a question's words. Documents that score less than `floor` are left out.
pub fn find(
    local: Local<'_>,
    question: &Question,
    ranking: &Ranking,
    (floor, least_similar): (f64, f64),
    buffers: &mut Buffers,
) -> Result<FoundByWords> {
    let most = ranking.lexical_candidates as usize;
    let found = bm25::find(local, &question.weighted(), most, floor, None, &mut buffers.bm25)?;
    let named = names::mentions(local, &[&question.sequence], ranking)?.pop().unwrap_or_default();
    let wired = if ranking.hop_share > 0.0 { hop::wired(local, question)? } else { Vec::new() };
    let (similar, levels) = match &question.vector {
        Some(vector) => similar::find(local, vector, ranking.similar_candidates as usize, least_similar, None)?,
        None => Default::default(),
    };
    let newest = if ranking.newer_weight > 0.0 { local.documents().newest() } else { None };
    Ok(FoundByWords { found, named, wired, similar, levels, newest })
}

/// What all shards find by a question's words.
#[derive(Debug)]
pub struct ByWords {
    best: Best,
    named: Vec<Vec<Vec<Named>>>,
    wired: Vec<FromWord>,
    similar: Best,
    levels: Levels,
    newest: Option<i64>,
}

impl ByWords {
    /// Returns an empty result.
    pub fn new(ranking: &Ranking) -> ByWords {
        ByWords {
            best: Best::new(ranking.lexical_candidates as usize, 0.0),
            named: Vec::new(),
            wired: Vec::new(),
            similar: Best::new(ranking.similar_candidates as usize, f64::NEG_INFINITY),
            levels: Levels::default(),
            newest: None,
        }
    }

    /// Returns the lowest score and the lowest cosine that can still make a candidate.
    pub fn floors(&self) -> (f64, f64) {
        (self.best.threshold, self.similar.threshold)
    }

    /// Adds what one more shard found. Shards may reply in any order.
    pub fn gather(&mut self, reply: FoundByWords) {
        self.best.gather(reply.found);
        self.named.push(vec![reply.named]);
        self.wired.extend(reply.wired);
        self.similar.gather(reply.similar);
        self.levels.merge(reply.levels);
        self.newest = self.newest.max(reply.newest);
    }

    /// Returns all of it as the reply of one home.
    pub fn reply(self) -> FoundByWords {
        let named = self.named.into_iter().flatten().flatten().collect();
        let ByWords { wired, levels, newest, .. } = self;
        FoundByWords { found: self.best.finish(), named, wired, similar: self.similar.finish(), levels, newest }
    }

    /// Returns the documents to weigh; none if no document has any of the words.
    pub fn finish(self, question: &Question, commons: &Commons, ranking: &Ranking) -> Unweighed {
        let (found, similar) = (self.best.finish(), self.similar.finish());
        let ByWords { wired, named, levels, newest, .. } = self;
        let mut unweighed = Unweighed { wired, levels, newest, ..Unweighed::default() };
        if found.is_empty() {
            unweighed.spots = similar.iter().map(|found| (found.spot(), found.id)).collect();
            return unweighed;
        }
        unweighed.spots = found.iter().map(|found| (found.spot(), found.id)).collect();
        unweighed.by_words = found.len();
        for named in names::gather(named, 1, ranking).into_iter().flatten() {
            let share = (ranking.name_share * names::mass(&named.title, commons) / question.mass).min(1.0);
            let strength = names::strength(&named.title, commons, ranking) * share;
            for (spot, id) in named.bearers {
                unweighed.named.insert(spot, strength);
                if !unweighed.spots[..unweighed.by_words].iter().any(|known| known.0 == spot) {
                    unweighed.spots.push((spot, id));
                }
            }
        }
        unweighed.lexical = unweighed.spots.len();
        if !similar.is_empty() {
            let mut known: Set<Spot> = unweighed.spots.iter().map(|known| known.0).collect();
            let new = similar.iter().filter(|found| known.insert(found.spot()));
            unweighed.spots.extend(new.map(|found| (found.spot(), found.id)));
        }
        unweighed
    }
}

/// Documents that may be in the answer and whose evidence is not known yet.
#[derive(Debug, Default)]
pub struct Unweighed {
    /// Their spots and ids: those found by words first, those that are only similar last.
    pub spots: Vec<(Spot, u128)>,
    /// What the question's terms have synapses to.
    pub wired: Vec<FromWord>,
    /// The cosines of all documents.
    pub levels: Levels,
    /// The latest time of a document, if times count.
    pub newest: Option<i64>,
    by_words: usize,
    // How many are found by words or named.
    lexical: usize,
    named: Map<Spot, f64>,
}

/// Returns a document's evidence for a question whose terms are marked.
pub fn evidence(
    local: Local<'_>,
    question: &Question,
    place: u32,
    ranking: &Ranking,
    buffers: &mut Buffers,
) -> Result<Evidence> {
    local.poll()?;
    let document = local.at(place);
    let length = local.documents().lengths()[place as usize];
    let mut evidence = weigh(question, document, length, local.commons, ranking, buffers);
    evidence.cosine = similar::at(local, question.vector.as_ref(), place);
    evidence.time = document.body.time.filter(|_| ranking.newer_weight > 0.0);
    Ok(evidence)
}

/// A document that may be in the answer, with what the question's words alone give it.
#[derive(Copy, Clone, Debug)]
pub struct Candidate {
    /// Where it is.
    pub spot: Spot,
    /// Its id, by which ties are ordered.
    pub id: u128,
    /// Its evidence for the question's words.
    pub evidence: Evidence,
    /// What counts for a seed: the lexical part of its score, and a share of how similar it is.
    pub points: f64,
}

/// Turns a document's evidence into its lexical part.
#[derive(Clone, Debug, Default)]
pub struct Scale {
    best: f64,
    top: f64,
    named: Map<Spot, f64>,
}

impl Scale {
    /// Returns the scale of the candidates, and the candidates, best first. `evidence` is in the order of the unweighed
    /// documents.
    pub fn new(
        unweighed: Unweighed,
        evidence: Vec<Evidence>,
        similar: &Similar,
        ranking: &Ranking,
    ) -> (Scale, Vec<Candidate>) {
        let Unweighed { spots, by_words, lexical, named, .. } = unweighed;
        let best = evidence[..by_words].iter().map(|evidence| evidence.covered(ranking)).fold(0.0, f64::max);
        let mut scale = Scale { best, top: 0.0, named };
        let all = spots.into_iter().zip(evidence);
        let mut all: Vec<Candidate> =
            all.map(|((spot, id), evidence)| Candidate { spot, id, evidence, points: 0.0 }).collect();
        // Vectors change nothing of this part.
        let raw = all[..lexical].iter().map(|candidate| scale.raw(candidate.spot, &candidate.evidence, ranking));
        scale.top = raw.fold(0.0, f64::max);
        for candidate in &mut all {
            candidate.points = scale.points(candidate.spot, &candidate.evidence, ranking)
                + ranking.similar_seed * similar.level(candidate.evidence.cosine);
        }
        all.sort_unstable_by(|a, b| b.points.total_cmp(&a.points).then(a.id.cmp(&b.id)));
        (scale, all)
    }

    fn raw(&self, spot: Spot, evidence: &Evidence, ranking: &Ranking) -> f64 {
        let covered = if self.best > 0.0 { evidence.covered(ranking) / self.best } else { 0.0 };
        covered + ranking.title_weight * evidence.title + ranking.named_weight * self.named(spot)
    }

    /// Returns the lexical part of a document's score.
    pub fn points(&self, spot: Spot, evidence: &Evidence, ranking: &Ranking) -> f64 {
        if self.top > 0.0 { self.raw(spot, evidence, ranking) / self.top } else { 0.0 }
    }

    /// Returns how much the question names a document by its title, from 0 to 1.
    pub fn named(&self, spot: Spot) -> f64 {
        self.named.get(&spot).copied().unwrap_or(0.0)
    }

    /// Returns what a unit of each of the three terms is worth in a lexical part: the covered BM25 score, and the two
    /// of titles before their weights.
    pub fn units(&self) -> (f64, f64) {
        if self.top > 0.0 { (1.0 / (self.best * self.top), 1.0 / self.top) } else { (0.0, 0.0) }
    }
}
