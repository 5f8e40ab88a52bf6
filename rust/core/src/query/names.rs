//! Titles as names: which documents a text mentions, and how strongly their titles name them.

use crate::Result;
use crate::commons::{Commons, idf};
use crate::maps::Map;
use crate::metadata::Among;
use crate::query::ranking::Ranking;
use crate::query::view::{Local, Spot};
use serde::{Deserialize, Serialize};

/// A title that a text mentions, and its bearers, with their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// The title.
    pub title: Box<[u32]>,
    /// Its bearers.
    pub bearers: Vec<(Spot, u128)>,
}

/// Returns the titles of one shard's documents that each sequence of terms mentions. Of each title, at most one more
/// bearer is listed than is allowed.
pub fn mentions(local: Local<'_>, sequences: &[&[u32]], ranking: &Ranking) -> Result<Vec<Vec<Named>>> {
    let titles = local.documents().titles();
    let most = ranking.bearers_max as usize + 1;
    let in_one = |sequence: &&[u32]| {
        let is_taken = |place: u32| local.documents().taken().has(place);
        let title_of = |place: u32| local.documents().title_at(place);
        let found = titles.mentioned(sequence, most, is_taken, title_of, || local.poll())?;
        let named = found.into_iter().map(|mention| Named {
            title: mention.title,
            bearers: mention.places.into_iter().map(|place| local.spot(place)).collect(),
        });
        Ok(named.collect())
    };
    sequences.iter().map(in_one).collect()
}

/// Returns what all shards found in each of `sequences` sequences, without the titles that too many documents have.
pub fn gather(replies: Vec<Vec<Vec<Named>>>, sequences: usize, ranking: &Ranking) -> Vec<Vec<Named>> {
    let mut all: Vec<Vec<Named>> = vec![Vec::new(); sequences];
    let mut places: Vec<Map<Box<[u32]>, usize>> = vec![Map::default(); sequences];
    for reply in replies {
        for ((known, places), named) in all.iter_mut().zip(&mut places).zip(reply) {
            for named in named {
                match places.get(&named.title) {
                    Some(&place) => known[place].bearers.extend(named.bearers),
                    None => {
                        places.insert(named.title.clone(), known.len());
                        known.push(named);
                    }
                }
            }
        }
    }
    for named in &mut all {
        named.retain(|named| named.bearers.len() <= ranking.bearers_max as usize);
    }
    all
}

/// Returns how strongly a title names its bearers, from 0 to 1: its idf mass against `name_mass` ln N, to the power
/// `name_power`.
pub fn strength(title: &[u32], commons: &Commons, ranking: &Ranking) -> f64 {
    let full = ranking.name_mass * libm::log((commons.documents() as f64).max(3.0));
    libm::pow((mass(title, commons) / full).min(1.0), ranking.name_power)
}

/// Returns the idf mass of a title.
pub fn mass(title: &[u32], commons: &Commons) -> f64 {
    title.iter().map(|term| idf(commons.documents(), commons.df(*term))).sum()
}
