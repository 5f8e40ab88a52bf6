//! The bridge part of a score: documents whose title a seed mentions.
//!
//! *bridge* = bridge_weight * sum over the seeds that mention the title of weight * strength of the title as a name. A
//! seed names neither itself nor its namesakes.

use crate::commons::Commons;
use crate::maps::Map;
use crate::query::names::{self, Named};
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::Spot;

/// The documents that seeds mention.
#[derive(Clone, Debug, Default)]
pub struct Bridges {
    // For each document its id, and for each seed that mentions it the seed's rank and what the mention adds.
    mentioned: Map<Spot, (u128, Vec<(u32, f64)>)>,
}

impl Bridges {
    /// Returns the bridges of the mentions in seeds; `mentioned` has those of each seed.
    pub fn new(
        mentioned: Vec<Vec<Named>>,
        seeds: &[Seed],
        voices: &[Voice],
        commons: &Commons,
        ranking: &Ranking,
    ) -> Bridges {
        let mut bridges = Bridges::default();
        for (rank, ((seed, voice), titles)) in seeds.iter().zip(voices).zip(mentioned).enumerate() {
            for named in titles.into_iter().filter(|named| named.title != voice.title) {
                let strength = names::strength(&named.title, commons, ranking);
                let points = ranking.bridge_weight * seed.weight * strength;
                for (spot, id) in named.bearers {
                    let (_, by) = bridges.mentioned.entry(spot).or_insert_with(|| (id, Vec::new()));
                    by.push((rank as u32, points));
                }
            }
        }
        bridges
    }

    /// Returns the documents that are mentioned, in an order without meaning.
    pub fn spots(&self) -> impl Iterator<Item = (Spot, u128)> + '_ {
        self.mentioned.iter().map(|(&spot, &(id, _))| (spot, id))
    }

    /// Returns the mentions of a document: the rank of the seed, and the points it adds.
    pub fn of(&self, spot: Spot) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.mentioned.get(&spot).into_iter().flat_map(|(_, by)| by.iter().copied())
    }

    /// Returns the bridge part of a document's score.
    pub fn points(&self, spot: Spot) -> f64 {
        // An empty sum of floats is -0.
        self.of(spot).map(|(_, points)| points).sum::<f64>() + 0.0
    }
}
