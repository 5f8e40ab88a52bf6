//! One Hebbian hop: from a question's words straight to the concepts that they are wired to.
//!
//! gain(c) = sum over the question's terms q, in the order of their ids, of mass(q) * weight of the synapse q -> c now,
//! for each c that is no term of the question and that stands in more than one document; all gains together are scaled
//! to `hop_share` of what the seeds gave. Each q is answered by its home; the sums are made in one place. It is the only
//! step of an answer that reads the graph, and so the only way in which ticks and use can touch a ranking.

use crate::commons::Commons;
use crate::graph::Decay;
use crate::query::question::Question;
use crate::shard::Shard;
use std::sync::Arc;

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

/// The hops from a question, together as strong as `strength`, in the order of the concepts' ids.
pub fn hops(shards: &[Arc<Shard>], commons: &Commons, question: &Question, strength: f64) -> Vec<Hop> {
    let decay = Decay::new(commons.config());
    let now = commons.tick() as u32;
    let mut own: Vec<u32> = question.terms.iter().map(|term| term.term).collect();
    own.sort_unstable();
    let mut hops = Vec::new();
    for term in &question.terms {
        let home = &shards[commons.seat(commons.home(term.term).shard)];
        for synapse in home.row(term.term, commons) {
            if commons.df(synapse.target) > 1 && own.binary_search(&synapse.target).is_err() {
                let strength = term.mass() * decay.weight(&synapse, now);
                hops.push(Hop { term: synapse.target, word: term.word, strength });
            }
        }
    }
    // Stable: of one concept they stay in the order of the question's terms.
    hops.sort_by_key(|hop| commons.id(hop.term));
    let sum: f64 = hops.iter().map(|hop| hop.strength).sum();
    if sum > 0.0 {
        hops.iter_mut().for_each(|hop| hop.strength *= strength / sum);
    }
    hops
}
