//! The concept part of a score: seeds light up concepts, concepts light up documents.
//!
//! D(d, t) = (1 + ln tf) * idf(t) / norm(d), with norm(d)^2 = sum of (1 + ln tf)^2: the norm does not depend on the
//! corpus. E(t) = sum over seeds of weight * D(seed, t), the question's own terms times `own_share`; the strongest
//! remain, without those that only one document has, or that every one has. With `hop_share` the question's words light
//! up some of their own ([`crate::query::hop`]). G(d) = min(1, E . D(d) / E . D(best seed))^concepts_power: no document
//! can get more than the best seed.
//! *concepts* = concepts_weight * n / (n + concepts_evidence + q * max(1, q / concepts_question)) * G(d), with n the mean
//! number of terms that seeds have and the question does not, and q the number of the question's terms.

use crate::Result;
use crate::commons::Commons;
use crate::maps::Map;
use crate::query::buffers::Buffers;
use crate::query::hop::{FromWord, Hop, hops};
use crate::query::lit::{Lit, term_weight};
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::Local;

/// The concepts of an answer, and how they score documents.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// The concepts, in the order of their ids.
    pub lit: Vec<Lit>,
    /// What the question's words added to them directly, in the same order.
    pub hops: Vec<Hop>,
    /// E . D of the best seed.
    pub full: f64,
    /// The most that the concept part can be worth: its weight times the evidence behind it.
    pub worth: f64,
}

/// Returns the concepts that seeds light up; `full` is not known yet.
pub fn light(
    commons: &Commons,
    question: &Question,
    seeds: &[Seed],
    voices: &[Voice],
    wired: Vec<FromWord>,
    ranking: &Ranking,
) -> Spread {
    if seeds.is_empty() {
        return Spread::default();
    }
    // Summed for each term in the order of the seeds, which does not depend on shards.
    let mut strengths: Map<u32, f64> = Map::default();
    let mut new_terms = 0.0;
    for (seed, voice) in seeds.iter().zip(voices) {
        let own = question.terms.iter().filter(|own| has(&voice.terms, own.term)).count();
        new_terms += seed.weight * (voice.terms.len() - own) as f64;
        for &(term, tf) in &voice.terms {
            *strengths.entry(term).or_default() += seed.weight * term_weight(tf) / voice.norm;
        }
    }
    let lit = strengths.into_iter().filter_map(|(term, sum)| {
        let df = commons.df(term);
        let idf = commons.idf(term);
        let own = if question.place(term).is_some() { ranking.own_share } else { 1.0 };
        let strength = sum * idf * own;
        // Ids lie far apart in memory: they are read for those that stay.
        let lit = Lit { id: 0, term, strength, hop: 0.0, weight: strength * idf, df };
        (df > 1 && u64::from(df) < commons.documents() && strength > 0.0).then_some(lit)
    });
    let mut lit: Vec<Lit> = lit.collect();
    keep_strongest(&mut lit, commons, ranking);
    let mut hops = Vec::new();
    if ranking.hop_share > 0.0 {
        let given: f64 = lit.iter().map(|lit| lit.strength).sum();
        hops = self::hops(wired, question, commons, ranking.hop_share * given);
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
        keep_strongest(&mut lit, commons, ranking);
        hops.retain(|hop| lit.binary_search_by_key(&commons.id(hop.term), |lit| lit.id).is_ok());
    }
    let asked = question.content as f64;
    let known = ranking.concepts_evidence + asked * (asked / ranking.concepts_question).max(1.0);
    let worth = ranking.concepts_weight * (new_terms / (new_terms + known));
    Spread { lit, hops, full: 0.0, worth }
}

// Keeps the strongest, with their ids and in the order of these.
fn keep_strongest(lit: &mut Vec<Lit>, commons: &Commons, ranking: &Ranking) {
    let most = ranking.concepts_max as usize;
    if lit.len() > most {
        let id = |lit: &Lit| commons.id(lit.term);
        lit.select_nth_unstable_by(most - 1, |a, b| b.strength.total_cmp(&a.strength).then_with(|| id(a).cmp(&id(b))));
        lit.truncate(most);
    }
    lit.iter_mut().for_each(|lit| lit.id = commons.id(lit.term));
    lit.sort_unstable_by_key(|lit| lit.id);
}

fn has(terms: &[(u32, u32)], term: u32) -> bool {
    terms.binary_search_by_key(&term, |known| known.0).is_ok()
}

impl Spread {
    /// Returns the share of a lit concept, by its index, that came directly from the question's words.
    pub fn straight(&self, place: u32) -> f64 {
        let lit = &self.lit[place as usize];
        lit.hop / lit.strength
    }

    /// Returns the words that led directly to a lit concept, by its index, with their shares of its strength.
    pub fn hops_to(&self, place: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let lit = self.lit[place as usize];
        let to_it = self.hops.iter().filter(move |hop| hop.term == lit.term);
        to_it.map(move |hop| (hop.word, hop.strength / lit.strength))
    }

    /// Returns the concept part of a score, from E . D.
    pub fn points(&self, activation: f64, ranking: &Ranking) -> f64 {
        if activation > 0.0 && self.full > 0.0 {
            self.worth * libm::pow((activation / self.full).min(1.0), ranking.concepts_power)
        } else {
            0.0
        }
    }

    /// Returns the concepts whose postings are read to find documents: the strongest whose postings together fit into
    /// `postings_max`, in the order of their ids.
    pub fn affordable(&self, postings_max: u64) -> Vec<Lit> {
        let mut strongest = self.lit.clone();
        strongest.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id)));
        let mut left = postings_max;
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

/// Returns E . D of a document, at its home shard. Concepts must be marked.
pub fn activation(lit: &[Lit], local: Local<'_>, place: u32, buffers: &mut Buffers) -> Result<f64> {
    local.poll()?;
    let Buffers { concepts, found, .. } = buffers;
    let norm = local.documents().norms()[place as usize];
    concepts.found(local.at(place), found);
    let sum: f64 = found.iter().map(|&(at, tf)| lit[at as usize].weight * term_weight(tf)).sum();
    Ok(if norm > 0.0 { sum / norm } else { 0.0 })
}
