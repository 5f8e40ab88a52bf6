//! On how many shortest paths each concept lies.

use super::adjacency::Adjacency;
use super::pace::Pace;
use super::pairs::Pairs;
use super::paths::{Search, costs};
use crate::Result;
use crate::cancel::Cancel;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Returns for each concept, by place, between how many pairs of other concepts it lies on the shortest path; where
/// there are several paths, the share of them counts (Freeman 1977, by the method of Brandes 2001). Paths are those of
/// [`super::paths`].
///
/// Paths from `samples` concepts are counted and scaled to all, so the result is an estimate; from all concepts, if
/// there are no more, it is exact. Which concepts these are depends on `seed` and their ids alone. Costs a search of the
/// whole graph for each.
pub fn betweenness(
    pairs: &Pairs,
    adjacency: &Adjacency,
    samples: usize,
    seed: u64,
    cancel: &Cancel,
) -> Result<Vec<f64>> {
    let mut pace = Pace::new(cancel);
    let costs = costs(pairs, &mut pace)?;
    let concepts = adjacency.len();
    let mut search = Search::new(adjacency, &costs);
    let mut sums = vec![0.0; concepts];
    // How many shortest paths lead to each concept, and what the paths beyond it add up to.
    let (mut paths, mut beyond) = (vec![0.0; concepts], vec![0.0; concepts]);
    let mut settled = Vec::new();
    let sources = sources(pairs, samples, seed);
    for &source in &sources {
        search.begin(source);
        while let Some(place) = search.settle(&mut pace)? {
            beyond[place as usize] = 0.0;
            paths[place as usize] = if place == source { 1.0 } else { 0.0 };
            for before in search.before(place) {
                paths[place as usize] += paths[before as usize];
            }
            settled.push(place);
        }
        for place in settled.drain(..).rev() {
            pace.steps(1)?;
            let share = (1.0 + beyond[place as usize]) / paths[place as usize];
            for before in search.before(place) {
                beyond[before as usize] += share * paths[before as usize];
            }
            if place != source {
                sums[place as usize] += beyond[place as usize];
            }
        }
    }
    // From all concepts each path is counted from both of its ends.
    let scale = concepts as f64 / (2.0 * sources.len().max(1) as f64);
    Ok(sums.into_iter().map(|sum| sum * scale).collect())
}

// Returns the concepts with the smallest hashes under the seed, by place.
fn sources(pairs: &Pairs, samples: usize, seed: u64) -> Vec<u32> {
    let drawn = |(place, id): (u32, u128)| (xxh3_64_with_seed(&id.to_le_bytes(), seed), place);
    let mut all: Vec<(u64, u32)> = (0..).zip(pairs.concepts.iter().map(|concept| concept.id.0)).map(drawn).collect();
    all.sort_unstable();
    all.truncate(samples);
    let mut places: Vec<u32> = all.into_iter().map(|(_, place)| place).collect();
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    fn of(pairs: &Pairs, samples: usize) -> Vec<f64> {
        let adjacency = Adjacency::of(pairs, &Cancel::new()).unwrap();
        betweenness(pairs, &adjacency, samples, 7, &Cancel::new()).unwrap()
    }

    #[test]
    fn all_paths_of_a_star_lead_over_its_middle() {
        let star = graph(6, (1..6).map(|end| (0, end)));
        assert_eq!(of(&star, 6), [10.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn equally_short_paths_share_what_they_carry() {
        let square = graph(5, [(0, 1), (1, 2), (2, 3), (0, 3)]);
        assert_eq!(of(&square, 100), [0.5, 0.5, 0.5, 0.5, 0.0]);
    }

    #[test]
    fn samples_estimate_and_depend_on_the_seed_alone() {
        let chain = graph(400, (1..400).map(|place| (place - 1, place)));
        let (exact, estimated) = (of(&chain, 400), of(&chain, 100));
        assert_eq!(estimated, of(&chain, 100));
        let middle = |all: &[f64]| all[200];
        assert!((middle(&estimated) / middle(&exact) - 1.0).abs() < 0.1);
        assert_ne!(sources(&chain, 9, 1), sources(&chain, 9, 2));
    }
}
