//! One Hebbian hop: from a question's words directly to the concepts that they have synapses to.
//!
//! gain(c) = sum over the question's terms q, in the order of their ids, of mass(q) * current weight of the synapse q
//! -> c, for each c that is no term of the question and that more than one document has; all gains together are scaled
//! to `hop_share` of what the seeds gave. The home shard of each q answers for it; one caller makes the sums. It is the
//! only step of an answer that reads the graph, so ticks and use can change a ranking only through it.

use crate::Result;
use crate::commons::Commons;
use crate::query::question::Question;
use crate::query::view::Local;
use serde::{Deserialize, Serialize};

/// What a word of the question gives directly to a concept.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Hop {
    /// The concept's term index.
    pub term: u32,
    /// The index of the word in [`Question::words`].
    pub word: u32,
    /// Its share of the concept's strength.
    pub strength: f64,
}

/// A concept that a term of the question has a synapse to, as the term's home shard reports it.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FromWord {
    /// The index of the term in [`Question::terms`].
    pub from: u32,
    /// The concept's term index.
    pub to: u32,
    /// The term's mass times the current weight of the synapse.
    pub strength: f64,
}

/// Returns what the question's terms of this home shard have synapses to, at most a row for each.
pub fn wired(local: Local<'_>, question: &Question) -> Result<Vec<FromWord>> {
    let Local { shard, commons, .. } = local;
    let decays = shard.decays(commons);
    let now = commons.tick() as u32;
    let mut own: Vec<u32> = question.terms.iter().map(|term| term.term).collect();
    own.sort_unstable();
    let mut all = Vec::new();
    for (from, term) in question.terms.iter().enumerate() {
        local.poll()?;
        for synapse in shard.row(term.term, commons) {
            if commons.df(synapse.target) > 1 && own.binary_search(&synapse.target).is_err() {
                let strength = term.mass() * decays.of(term.term).weight(&synapse, now);
                all.push(FromWord { from: from as u32, to: synapse.target, strength });
            }
        }
    }
    Ok(all)
}

/// Returns the hops from a question, scaled to `strength` together, in the order of the concepts' ids; for one concept
/// in the order of the question's terms.
pub fn hops(mut wired: Vec<FromWord>, question: &Question, commons: &Commons, strength: f64) -> Vec<Hop> {
    wired.sort_unstable_by_key(|wired| (commons.id(wired.to), wired.from));
    let sum: f64 = wired.iter().map(|wired| wired.strength).sum();
    let scale = if sum > 0.0 { strength / sum } else { 1.0 };
    let hop = |wired: FromWord| {
        let word = question.terms[wired.from as usize].word;
        Hop { term: wired.to, word, strength: wired.strength * scale }
    };
    wired.into_iter().map(hop).collect()
}
