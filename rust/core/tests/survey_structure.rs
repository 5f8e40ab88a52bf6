//! Components, bridges, articulation points, paths and betweenness beside what a definition says, on drawn graphs.

use phago_core::cancel::Cancel;
use phago_core::ids::NodeId;
use phago_core::survey::adjacency::Adjacency;
use phago_core::survey::betweenness::betweenness;
use phago_core::survey::louvain::louvain;
use phago_core::survey::modularity::modularity;
use phago_core::survey::pairs::{Concept, Pair, Pairs};
use phago_core::survey::paths::{ONE, shortest_path};
use phago_core::survey::structure::structure;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn graphs() -> impl Strategy<Value = Pairs> {
    (1..16u32).prop_flat_map(|concepts| {
        let pair = ((0..concepts, 0..concepts), (1..4u32, 1..10u32));
        prop::collection::vec(pair, 0..30).prop_map(move |drawn| {
            let drawn = drawn.into_iter().filter(|((one, other), _)| one != other);
            let by_ends: BTreeMap<(u32, u32), (u32, u32)> =
                drawn.map(|((one, other), more)| ((one.min(other), one.max(other)), more)).collect();
            let pairs = by_ends.into_iter().map(|((one, other), (weight, co))| {
                // 1, 1/2 and 1/3: sums of few costs are often equal.
                Pair { one, other, co, weight: (1 << 24) / weight }
            });
            let concepts = (0..concepts).map(|term| Concept { id: NodeId(term.into()), term, df: 10 }).collect();
            Pairs { tick: 0, documents: 100, concepts, pairs: pairs.collect() }
        })
    })
}

/// Labels of components without some pair and some concept, by following pairs until nothing changes.
fn labels(pairs: &Pairs, without: Option<usize>, gone: Option<u32>) -> Vec<u32> {
    let mut labels: Vec<u32> = (0..pairs.concepts.len() as u32).collect();
    loop {
        let before = labels.clone();
        for (number, pair) in pairs.pairs.iter().enumerate() {
            if Some(number) != without && gone != Some(pair.one) && gone != Some(pair.other) {
                let least = labels[pair.one as usize].min(labels[pair.other as usize]);
                labels[pair.one as usize] = least;
                labels[pair.other as usize] = least;
            }
        }
        if labels == before {
            return labels;
        }
    }
}

fn count(labels: &[u32], gone: Option<u32>) -> usize {
    let mut of: Vec<u32> = (0..).zip(labels).filter(|(at, _)| gone != Some(*at)).map(|(_, label)| *label).collect();
    of.sort_unstable();
    of.dedup();
    of.len()
}

/// All distances, by Floyd and Warshall, with how many shortest paths there are.
fn distances(pairs: &Pairs) -> Vec<Vec<Option<u64>>> {
    let n = pairs.concepts.len();
    let mut all = vec![vec![None; n]; n];
    (0..n).for_each(|at| all[at][at] = Some(0));
    for pair in &pairs.pairs {
        let cost = Some(ONE * ONE / u64::from(pair.weight));
        all[pair.one as usize][pair.other as usize] = cost;
        all[pair.other as usize][pair.one as usize] = cost;
    }
    for over in 0..n {
        for one in 0..n {
            for other in 0..n {
                if let (Some(to), Some(from)) = (all[one][over], all[over][other]) {
                    let known = all[one][other].unwrap_or(u64::MAX);
                    all[one][other] = Some(known.min(to + from));
                }
            }
        }
    }
    all
}

/// All shortest paths between two concepts.
fn paths(pairs: &Pairs, all: &[Vec<Option<u64>>], source: usize, target: usize) -> Vec<Vec<usize>> {
    if source == target {
        return vec![vec![target]];
    }
    let mut found = Vec::new();
    for pair in &pairs.pairs {
        for (here, next) in [(pair.one as usize, pair.other as usize), (pair.other as usize, pair.one as usize)] {
            let cost = ONE * ONE / u64::from(pair.weight);
            if here == source && all[next][target].is_some_and(|rest| Some(cost + rest) == all[source][target]) {
                found.extend(paths(pairs, all, next, target).into_iter().map(|rest| [vec![source], rest].concat()));
            }
        }
    }
    found
}

proptest! {
    #[test]
    fn structure_is_what_taking_away_shows(pairs in graphs()) {
        let adjacency = Adjacency::of(&pairs, &Cancel::new()).unwrap();
        let found = structure(&adjacency, &Cancel::new()).unwrap();
        let whole = labels(&pairs, None, None);
        for (one, other) in (0..whole.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
            prop_assert_eq!(whole[one] == whole[other], found.components[one] == found.components[other]);
        }
        let numbers = found.components.iter().fold(0, |next, component| next.max(component + 1));
        prop_assert_eq!(numbers as usize, count(&whole, None));
        let bridges: Vec<u32> = (0..pairs.pairs.len())
            .filter(|number| count(&labels(&pairs, Some(*number), None), None) > count(&whole, None))
            .map(|number| number as u32)
            .collect();
        prop_assert_eq!(found.bridges, bridges);
        let points: Vec<u32> = (0..whole.len() as u32)
            .filter(|place| {
                let is_alone = adjacency.row(*place).is_empty();
                let without = count(&labels(&pairs, None, Some(*place)), Some(*place));
                without + usize::from(is_alone) > count(&whole, None)
            })
            .collect();
        prop_assert_eq!(found.articulation_points, points);
    }

    #[test]
    fn paths_are_shortest_and_the_same_each_time(pairs in graphs()) {
        let adjacency = Adjacency::of(&pairs, &Cancel::new()).unwrap();
        let all = distances(&pairs);
        for (source, target) in (0..all.len()).flat_map(|one| (0..all.len()).map(move |other| (one, other))) {
            let found = shortest_path(&pairs, &adjacency, source as u32, target as u32, &Cancel::new()).unwrap();
            prop_assert_eq!(found.as_ref().map(|path| path.cost), all[source][target]);
            if let Some(path) = found {
                let mut known = paths(&pairs, &all, source, target);
                // From the target back, by the smaller id.
                known.sort_by(|one, other| one.iter().rev().cmp(other.iter().rev()));
                prop_assert_eq!(path.places.iter().map(|place| *place as usize).collect::<Vec<_>>(), known[0].clone());
            }
        }
    }

    #[test]
    fn betweenness_is_the_share_of_shortest_paths(pairs in graphs()) {
        let adjacency = Adjacency::of(&pairs, &Cancel::new()).unwrap();
        let all = distances(&pairs);
        let mut expected = vec![0.0; all.len()];
        for (source, target) in (0..all.len()).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let known = if all[source][target].is_some() { paths(&pairs, &all, source, target) } else { Vec::new() };
            for path in &known {
                path[1..path.len() - 1].iter().for_each(|over| expected[*over] += 1.0 / known.len() as f64);
            }
        }
        let found = betweenness(&pairs, &adjacency, all.len(), 0, &Cancel::new()).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            prop_assert!((found - expected).abs() < 1e-9, "{} {}", found, expected);
        }
    }

    #[test]
    fn no_concept_gains_by_another_community(pairs in graphs(), start: Option<[u32; 16]>) {
        let weights: Vec<u32> = pairs.pairs.iter().map(|pair| pair.co << 12).collect();
        let count = pairs.concepts.len();
        let start = start.map(|start| start[..count].iter().map(|one| one % count as u32).collect::<Vec<u32>>());
        let found = louvain(&pairs, &weights, start.as_deref(), &Cancel::new()).unwrap();
        let quality = |community: &[u32]| modularity(&pairs, &weights, community, &Cancel::new()).unwrap();
        // By the definition, with floats.
        let all: f64 = 2.0 * weights.iter().map(|weight| f64::from(*weight)).sum::<f64>();
        let mut expected = 0.0;
        for (pair, weight) in pairs.pairs.iter().zip(&weights) {
            if found[pair.one as usize] == found[pair.other as usize] {
                expected += 2.0 * f64::from(*weight) / all;
            }
        }
        for community in 0..count as u32 {
            let ends = pairs.pairs.iter().zip(&weights).map(|(pair, weight)| {
                let ends = [pair.one, pair.other].iter().filter(|end| found[**end as usize] == community).count();
                ends as f64 * f64::from(*weight)
            });
            let total: f64 = ends.sum();
            if all > 0.0 {
                expected -= (total / all).powi(2);
            }
        }
        prop_assert!((quality(&found) - expected).abs() < 1e-9);
        // What Louvain promises: no two whole communities gain by becoming one.
        let communities = found.iter().max().map_or(0, |last| last + 1);
        for (one, other) in (0..communities).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let merged: Vec<u32> = found.iter().map(|community| if *community == one { other } else { *community }).collect();
            prop_assert!(quality(&merged) <= quality(&found) + 1e-12);
        }
        prop_assert!(quality(&found) >= start.map_or(0.0, |start| quality(&start)) - 1e-12);
    }
}
