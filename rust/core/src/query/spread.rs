//! Seeds light up concepts, concepts light up documents.
//!
//! D(d, t) = (1 + ln tf) * idf(t) / norm(d), with norm(d)^2 = sum of (1 + ln tf)^2: the norm knows nothing of the corpus.
//! E(t) = sum over seeds of weight * D(seed, t), the question's own terms times `own_share`; the strongest remain,
//! those left out that stand in one document only. With `hop_share` the question's words light up some of their own
//! ([`crate::query::hop`]).
//! G(d) = min(1, E . D(d) / E . D(best seed))^concepts_power: no document can gain more than the best seed itself.
//! *concepts* = concepts_weight * n / (n + concepts_evidence + the question's terms) * G(d), with n the mean number of
//! terms that seeds bring and the question has not.

use crate::commons::Commons;
use crate::documents::Document;
use crate::maps::Map;
use crate::metadata::{Among, Every};
use crate::query::allowed::Allowed;
use crate::query::evidence::Marks;
use crate::query::hop::{Hop, hops};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Spot};
use crate::shard::Shard;
use crate::text::Role;
use std::sync::{Arc, LazyLock};

/// A concept that the seeds light up.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Lit {
    /// The id of its node, which orders sums.
    pub id: u128,
    /// Its term index.
    pub term: u32,
    /// How strongly it is lit, E.
    pub strength: f64,
    /// The part of that which came straight from the question's words.
    pub hop: f64,
    /// E * idf: what 1 + ln tf of a document is multiplied with.
    pub weight: f64,
    /// Documents that have it.
    pub df: u32,
}

/// The concepts of an answer, and how they score.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// The concepts, in the order of their ids.
    pub lit: Vec<Lit>,
    /// What the question's words gave straight to them, in the same order.
    pub hops: Vec<Hop>,
    /// E . D of the best seed.
    pub full: f64,
    /// What the concept part is worth at most: its weight times the evidence behind it.
    pub worth: f64,
}

/// 1 + ln tf.
pub fn term_weight(tf: u32) -> f64 {
    static SMALL: LazyLock<[f64; 64]> = LazyLock::new(|| std::array::from_fn(|tf| of(tf as u32)));
    fn of(tf: u32) -> f64 {
        1.0 + libm::log(f64::from(tf.max(1)))
    }
    match tf {
        1 => 1.0,
        2..64 => SMALL[tf as usize],
        _ => of(tf),
    }
}

fn at(shards: &[Arc<Shard>], spot: Spot) -> (&Document, f64) {
    let documents = shards[spot.0].documents();
    (&documents.all()[spot.1 as usize], documents.norms()[spot.1 as usize])
}

/// The concepts that seeds light up.
pub fn light(
    shards: &[Arc<Shard>],
    commons: &Commons,
    question: &Question,
    seeds: &[Seed],
    ranking: &Ranking,
    marks: &mut Marks,
) -> Spread {
    let Some(best) = seeds.first() else { return Spread::default() };
    // Summed for each term in the order of the seeds, which is the same everywhere.
    let mut strengths: Map<u32, f64> = Map::default();
    let mut new_terms = 0.0;
    let is_concept = |term: u32| commons.role(term) == Role::Word;
    for seed in seeds {
        let (terms, norm) = voice(shards, seed);
        let own = question.terms.iter().filter(|own| is_concept(own.term) && has(terms, own.term)).count();
        let concepts = terms.iter().filter(|term| is_concept(term.0));
        new_terms += seed.weight * (concepts.clone().count() - own) as f64;
        for &(term, tf) in concepts {
            *strengths.entry(term).or_default() += seed.weight * term_weight(tf) / norm;
        }
    }
    let lit = strengths.into_iter().filter_map(|(term, sum)| {
        let df = commons.df(term);
        let idf = commons.idf(term);
        let own = if question.place(term).is_some() { ranking.own_share } else { 1.0 };
        let strength = sum * idf * own;
        (df > 1 && u64::from(df) < commons.documents() && strength > 0.0).then(|| Lit {
            id: commons.id(term),
            term,
            strength,
            hop: 0.0,
            weight: strength * idf,
            df,
        })
    });
    let mut lit: Vec<Lit> = lit.collect();
    keep_strongest(&mut lit, ranking);
    let mut hops = Vec::new();
    if ranking.hop_share > 0.0 {
        let given: f64 = lit.iter().map(|lit| lit.strength).sum();
        hops = self::hops(shards, commons, question, ranking.hop_share * given);
        let seeded = lit.len();
        for same in hops.chunk_by(|a, b| a.term == b.term) {
            let (term, hop) = (same[0].term, same.iter().map(|hop| hop.strength).sum::<f64>());
            let (id, idf) = (commons.id(term), commons.idf(term));
            match lit[..seeded].binary_search_by_key(&id, |lit| lit.id) {
                Ok(place) => {
                    let strength = lit[place].strength + hop;
                    lit[place] = Lit { strength, hop, weight: strength * idf, ..lit[place] };
                }
                Err(_) => lit.push(Lit { id, term, strength: hop, hop, weight: hop * idf, df: commons.df(term) }),
            }
        }
        keep_strongest(&mut lit, ranking);
        hops.retain(|hop| lit.binary_search_by_key(&commons.id(hop.term), |lit| lit.id).is_ok());
    }
    marks.set(lit.iter().map(|lit| lit.term), commons.terms());
    let mut spread = Spread { lit, hops, full: 0.0, worth: 0.0 };
    spread.full = spread.activation(shards, best.spot, marks, &mut Vec::new());
    let known = ranking.concepts_evidence + question.content as f64;
    spread.worth = ranking.concepts_weight * (new_terms / (new_terms + known));
    spread
}

// In the order of their ids.
fn keep_strongest(lit: &mut Vec<Lit>, ranking: &Ranking) {
    lit.sort_unstable_by(|a, b| b.strength.total_cmp(&a.strength).then(a.id.cmp(&b.id)));
    lit.truncate(ranking.concepts_max as usize);
    lit.sort_unstable_by_key(|lit| lit.id);
}

/// The terms a seed lights up, with their counts, and its norm.
pub fn voice<'a>(shards: &'a [Arc<Shard>], seed: &'a Seed) -> (&'a [(u32, u32)], f64) {
    match &seed.stretch {
        Some(stretch) => (&stretch.terms, stretch.norm),
        None => {
            let (document, norm) = at(shards, seed.spot);
            (&document.terms, norm)
        }
    }
}

fn has(terms: &[(u32, u32)], term: u32) -> bool {
    terms.binary_search_by_key(&term, |known| known.0).is_ok()
}

impl Spread {
    /// The share of a lit concept, by its place, that came straight from the question's words.
    pub fn straight(&self, place: u32) -> f64 {
        let lit = &self.lit[place as usize];
        lit.hop / lit.strength
    }

    /// The words that led straight to a lit concept, by its place, with their shares of its strength.
    pub fn hops_to(&self, place: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let lit = self.lit[place as usize];
        let to_it = self.hops.iter().filter(move |hop| hop.term == lit.term);
        to_it.map(move |hop| (hop.word, hop.strength / lit.strength))
    }

    /// E . D of a document; the concepts must be marked.
    pub fn activation(&self, shards: &[Arc<Shard>], spot: Spot, marks: &Marks, buffer: &mut Vec<(u32, u32)>) -> f64 {
        let (document, norm) = at(shards, spot);
        marks.found(document, buffer);
        let sum: f64 = buffer.iter().map(|&(place, tf)| self.lit[place as usize].weight * term_weight(tf)).sum();
        if norm > 0.0 { sum / norm } else { 0.0 }
    }

    /// The concept part of a score, from E . D.
    pub fn part(&self, activation: f64, ranking: &Ranking) -> f64 {
        if activation > 0.0 && self.full > 0.0 {
            self.worth * libm::pow((activation / self.full).min(1.0), ranking.concepts_power)
        } else {
            0.0
        }
    }

    /// The concepts whose postings are read to find documents: the strongest that fit, in the order of their ids.
    pub fn affordable(&self, ranking: &Ranking) -> Vec<Lit> {
        let mut strongest = self.lit.clone();
        strongest.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id)));
        let mut left = ranking.postings_max;
        strongest.retain(|lit| {
            let fits = u64::from(lit.df) <= left;
            if fits {
                left -= u64::from(lit.df);
            }
            fits
        });
        strongest.sort_unstable_by_key(|lit| lit.id);
        strongest
    }
}

/// Sums by place, for one shard after another.
#[derive(Debug, Default)]
pub struct Sums {
    by_place: Vec<f64>,
    touched: Vec<u32>,
    lit: Vec<(f64, u32)>,
}

/// The documents of one shard that concepts light up most among some, with ids: the best `most`, ties by id.
pub fn lit_documents(
    shard: &Shard,
    concepts: &[Lit],
    most: usize,
    among: &impl Among,
    sums: &mut Sums,
) -> Vec<(f64, u128, u32)> {
    let documents = shard.documents();
    let Sums { by_place, touched, lit } = sums;
    if by_place.len() < documents.len() {
        by_place.resize(documents.len(), 0.0);
    }
    for concept in concepts {
        let Some(postings) = documents.postings(concept.term) else { continue };
        for &(place, tf) in postings.list.iter().filter(|posting| among.has(posting.0)) {
            let sum = &mut by_place[place as usize];
            if *sum == 0.0 {
                touched.push(place);
            }
            *sum += concept.weight * term_weight(tf);
        }
    }
    let norms = documents.norms();
    lit.clear();
    lit.extend(touched.drain(..).map(|place| {
        let sum = std::mem::take(&mut by_place[place as usize]);
        (sum / norms[place as usize], place)
    }));
    // Ids lie far apart in memory: they are read of those that can be among the best only.
    let mut threshold = 0.0;
    if lit.len() > most && most > 0 {
        threshold = lit.select_nth_unstable_by(most - 1, |a, b| b.0.total_cmp(&a.0)).1.0;
    }
    let best = lit.iter().filter(|lit| lit.0 >= threshold);
    let mut best: Vec<(f64, u128, u32)> =
        best.map(|&(sum, place)| (sum, documents.all()[place as usize].id.0, place)).collect();
    keep_best(&mut best, most);
    best
}

fn keep_best<T>(all: &mut Vec<(f64, u128, T)>, most: usize) {
    let rank = |a: &(f64, u128, T), b: &(f64, u128, T)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if all.len() > most {
        all.select_nth_unstable_by(most, rank);
        all.truncate(most);
    }
}

/// The documents of all shards that concepts light up most among those allowed, in no order.
pub fn most_lit(
    shards: &[Arc<Shard>],
    spread: &Spread,
    ranking: &Ranking,
    allowed: Option<&Allowed>,
    sums: &mut Sums,
) -> Vec<(u128, Spot)> {
    let concepts = spread.affordable(ranking);
    let most = ranking.concept_candidates as usize;
    let mut all: Vec<(f64, u128, Spot)> = Vec::new();
    for (seat, shard) in shards.iter().enumerate() {
        let lit = match allowed {
            None => lit_documents(shard, &concepts, most, &Every, sums),
            Some(allowed) => lit_documents(shard, &concepts, most, allowed.at(seat), sums),
        };
        all.extend(lit.into_iter().map(|(sum, id, place)| (sum, id, (seat, place))));
    }
    keep_best(&mut all, most);
    all.into_iter().map(|(_, id, spot)| (id, spot)).collect()
}
