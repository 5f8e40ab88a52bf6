//! Concepts near a question: its own terms, and the concepts they have synapses to.
//!
//! score(c) = sum over the question's terms q, in the order of their ids, of idf(q) * (1 if c is q, else the current
//! weight of the synapse q -> c). The home shard of each q answers for it; one caller makes the sum.

use crate::Result;
use crate::commons::{Commons, idf};
use crate::ids::ShardId;
use crate::maps::Map;
use crate::query::view::Local;
use serde::{Deserialize, Serialize};

/// What a question's term adds to a concept's score.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The question's term.
    pub from: u32,
    /// The concept's term.
    pub to: u32,
    /// What it adds.
    pub score: f64,
}

/// A concept in a ranking.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedConcept {
    /// Its term index.
    pub term: u32,
    /// Its score.
    pub score: f64,
    /// Its home shard.
    pub shard: ShardId,
}

/// Returns what one shard knows of the question's terms: contributions of the terms whose home it is. `df` overrides
/// the shard's own statistics where it returns a number.
pub fn contributions(local: Local<'_>, terms: &[u32], df: impl Fn(u32) -> Option<u32>) -> Result<Vec<Contribution>> {
    let Local { shard, commons, .. } = local;
    let decays = shard.decays(commons);
    let now = commons.tick() as u32;
    let mut all = Vec::new();
    for &from in terms {
        local.poll()?;
        if shard.is_concept(from, commons) {
            let sharpness = df(from).map_or_else(|| commons.idf(from), |df| idf(commons.documents(), df));
            all.push(Contribution { from, to: from, score: sharpness });
            let near = shard.row(from, commons);
            all.extend(near.map(|synapse| {
                let score = sharpness * decays.of(from).weight(&synapse, now);
                Contribution { from, to: synapse.target, score }
            }));
        }
    }
    Ok(all)
}

/// Returns the `k` best concepts from the contributions of any number of shards, best first, ties ordered by concept
/// id.
pub fn rank(mut all: Vec<Contribution>, commons: &Commons, k: usize) -> Vec<RankedConcept> {
    all.sort_unstable_by_key(|c| (commons.id(c.from), commons.id(c.to)));
    let mut scores: Map<u32, f64> = Map::default();
    for contribution in &all {
        *scores.entry(contribution.to).or_default() += contribution.score;
    }
    let ranked = scores.into_iter().map(|(term, score)| RankedConcept { term, score, shard: commons.home(term).shard });
    let mut ranked: Vec<RankedConcept> = ranked.collect();
    ranked
        .sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| commons.id(a.term).cmp(&commons.id(b.term))));
    ranked.truncate(k);
    ranked
}
