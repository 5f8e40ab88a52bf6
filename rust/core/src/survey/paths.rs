//! Shortest paths, where a pair costs 1 / weight.
//!
//! Costs are whole numbers in units of 2^-24, so that ties are ties: most pairs of a young graph weigh the same.

use super::adjacency::{Adjacency, End};
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A cost of 1, which is that of a pair of weight 1.
pub const ONE: u64 = 1 << 24;

/// A way between two concepts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    /// The places of the concepts on it, from one end to the other, both included.
    pub places: Vec<u32>,
    /// The sum of 1 / weight over its pairs, in units of 2^-24.
    pub cost: u64,
}

/// Returns the cost of each pair, rounded down; a weight of 0 counts as the smallest one.
pub(super) fn costs(pairs: &Pairs, pace: &mut Pace<'_>) -> Result<Vec<u64>> {
    let cost = |weight: u32| (ONE * ONE) / u64::from(weight.max(1));
    let all = pairs.pairs.iter().map(|pair| pace.steps(1).map(|()| cost(pair.weight)));
    all.collect()
}

/// The distances from one concept, as far as they are known.
pub(super) struct Search<'a> {
    adjacency: &'a Adjacency,
    costs: &'a [u64],
    /// By place; `u64::MAX` for what was not reached.
    pub(super) distance: Vec<u64>,
    heap: BinaryHeap<Reverse<(u64, u32)>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(adjacency: &'a Adjacency, costs: &'a [u64]) -> Search<'a> {
        Search { adjacency, costs, distance: vec![u64::MAX; adjacency.len()], heap: BinaryHeap::new() }
    }

    pub(super) fn begin(&mut self, source: u32) {
        self.distance.fill(u64::MAX);
        self.heap.clear();
        self.distance[source as usize] = 0;
        self.heap.push(Reverse((0, source)));
    }

    /// Returns the next concept whose distance is final: the nearest, of equally near ones the one with the smallest
    /// id.
    pub(super) fn settle(&mut self, pace: &mut Pace<'_>) -> Result<Option<u32>> {
        while let Some(Reverse((distance, place))) = self.heap.pop() {
            let row = self.adjacency.row(place);
            pace.steps(1 + row.len())?;
            if distance > self.distance[place as usize] {
                continue;
            }
            for end in row {
                let further = self.beyond(place, end);
                let known = &mut self.distance[end.place as usize];
                if further < *known {
                    *known = further;
                    self.heap.push(Reverse((further, end.place)));
                }
            }
            return Ok(Some(place));
        }
        Ok(None)
    }

    /// Returns the concepts before one on shortest paths to it, by place.
    pub(super) fn before(&self, place: u32) -> impl Iterator<Item = u32> {
        let reached = self.distance[place as usize];
        let is_before = move |end: &&End| {
            let nearer = self.distance[end.place as usize];
            nearer < reached && nearer + self.costs[end.pair as usize] == reached
        };
        self.adjacency.row(place).iter().filter(is_before).map(|end| end.place)
    }

    // A graph that is one path of four billion pairs of the smallest weight would not fit.
    fn beyond(&self, place: u32, end: &End) -> u64 {
        self.distance[place as usize].saturating_add(self.costs[end.pair as usize])
    }
}

/// Returns the shortest path between the concepts at two places, or `None` if there is none (Dijkstra 1959). Of equally
/// short paths it takes, from the target back, the concept with the smallest id.
pub fn shortest_path(
    pairs: &Pairs,
    adjacency: &Adjacency,
    source: u32,
    target: u32,
    cancel: &Cancel,
) -> Result<Option<Path>> {
    let mut pace = Pace::new(cancel);
    let costs = costs(pairs, &mut pace)?;
    let mut search = Search::new(adjacency, &costs);
    search.begin(source);
    while let Some(place) = search.settle(&mut pace)? {
        if place != target {
            continue;
        }
        let mut places = vec![target];
        let mut here = target;
        while let Some(before) = search.before(here).next() {
            places.push(before);
            here = before;
        }
        places.reverse();
        return Ok(Some(Path { places, cost: search.distance[target as usize] }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    fn path(pairs: &Pairs, source: u32, target: u32) -> Option<Path> {
        let adjacency = Adjacency::of(pairs, &Cancel::new()).unwrap();
        shortest_path(pairs, &adjacency, source, target, &Cancel::new()).unwrap()
    }

    #[test]
    fn strong_pairs_are_short() {
        let mut pairs = graph(5, [(0, 1), (1, 2), (0, 2)]);
        assert_eq!(path(&pairs, 0, 2), Some(Path { places: vec![0, 2], cost: ONE }));
        // A weight of 1/4 costs 4, more than two pairs of weight 1.
        pairs.pairs[1].weight = 1 << 22;
        assert_eq!(path(&pairs, 0, 2), Some(Path { places: vec![0, 1, 2], cost: 2 * ONE }));
        assert_eq!(path(&pairs, 3, 3), Some(Path { places: vec![3], cost: 0 }));
        assert_eq!(path(&pairs, 0, 4), None);
    }

    #[test]
    fn equally_short_paths_go_by_smaller_ids() {
        let pairs = graph(4, [(0, 2), (0, 1), (1, 3), (2, 3)]);
        assert_eq!(path(&pairs, 0, 3).unwrap().places, [0, 1, 3]);
        assert_eq!(path(&pairs, 3, 0).unwrap().places, [3, 1, 0]);
    }

    #[test]
    fn a_weight_of_nothing_still_joins() {
        let mut pairs = graph(2, [(0, 1)]);
        pairs.pairs[0].weight = 0;
        assert_eq!(path(&pairs, 0, 1).unwrap().cost, ONE * ONE);
    }
}
