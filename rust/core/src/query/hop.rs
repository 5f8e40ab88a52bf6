//! One Hebbian hop: from a question's words straight to the concepts that they are wired to.
//!
//! gain(c) = sum over the question's terms q, in the order of their ids, of mass(q) * weight of the synapse q -> c now,
//! for each c that is no term of the question and that stands in more than one document; all gains together are scaled
//! to `hop_share` of what the seeds gave. Each q is answered by its home; the sums are made in one place. It is the only
//! step of an answer that reads the graph, and so the only way in which ticks and use can touch a ranking.

use crate::Result;
use crate::commons::Commons;
use crate::graph::Decay;
use crate::query::question::Question;
use crate::query::view::Local;
use serde::{Deserialize, Serialize};

/// What a word of the question gives straight to a concept.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Hop {
    /// The concept's term index.
    pub term: u32,
    /// The place of the word in [`Question::words`].
    pub word: u32,
    /// Its share of the concept's strength.
    pub strength: f64,
}

/// What a term of the question is wired to, at its home.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FromWord {
    /// The place of the term in [`Question::terms`].
    pub from: u32,
    /// The concept's term index.
    pub to: u32,
    /// The term's mass times the weight of the synapse now.
    pub strength: f64,
}

/// What the terms of a question that live on a shard are wired to, at most a row for each.
pub fn wired(local: Local<'_>, question: &Question) -> Result<Vec<FromWord>> {
    let Local { shard, commons, .. } = local;
    let decay = Decay::new(commons.config());
    let now = commons.tick() as u32;
    let mut own: Vec<u32> = question.terms.iter().map(|term| term.term).collect();
    own.sort_unstable();
    let mut all = Vec::new();
    for (from, term) in question.terms.iter().enumerate() {
        local.poll()?;
        for synapse in shard.row(term.term, commons) {
            if commons.df(synapse.target) > 1 && own.binary_search(&synapse.target).is_err() {
                let strength = term.mass() * decay.weight(&synapse, now);
                all.push(FromWord { from: from as u32, to: synapse.target, strength });
            }
        }
    }
    Ok(all)
}

/// The hops from a question, together as strong as `strength`, in the order of the concepts' ids; of one concept in the
/// order of the question's terms.
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
