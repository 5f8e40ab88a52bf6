//! Communities by the method of Louvain (Blondel et al. 2008), in integers.
//!
//! Weights are whole numbers and gains are compared as such, concepts come in the order of their ids and ties go to the
//! community with the smaller one, so every machine finds the same communities.

use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use std::collections::VecDeque;

/// Returns the community of each concept, by place: communities are numbered from 0 in the order of their first
/// members. A pair without weight joins nothing, so a concept without any weight stays alone.
///
/// `start` are the communities to begin with, by place, all below the number of concepts; without it every concept
/// begins alone. Who begins with an earlier result finds most of it again: a small change elsewhere moves nothing here.
///
/// # Panics
/// If there are fewer weights than pairs, or fewer places in `start` than concepts.
pub fn louvain(pairs: &Pairs, weights: &[u32], start: Option<&[u32]>, cancel: &Cancel) -> Result<Vec<u32>> {
    let mut pace = Pace::new(cancel);
    let mut level = Level::of(pairs, weights, &mut pace)?;
    let mut community: Vec<u32> = start.map_or_else(|| (0..level.len() as u32).collect(), <[u32]>::to_vec);
    level.improve(&mut community, None, &mut pace)?;
    if start.is_some() {
        // Single concepts seldom leave a community that should part, so the parts that it has by itself may leave it.
        let mut part: Vec<u32> = (0..level.len() as u32).collect();
        level.improve(&mut part, Some(&community), &mut pace)?;
        let count = renumber(&mut part);
        let mut joins = vec![0; count];
        renumber(&mut community);
        part.iter().zip(&community).for_each(|(part, community)| joins[*part as usize] = *community);
        level.merged(&part, count, &mut pace)?.improve(&mut joins, None, &mut pace)?;
        community = part.into_iter().map(|part| joins[part as usize]).collect();
    }
    let mut count = renumber(&mut community);
    let mut joins = community.clone();
    loop {
        level = level.merged(&joins, count, &mut pace)?;
        joins = (0..count as u32).collect();
        if !level.improve(&mut joins, None, &mut pace)? {
            return Ok(community);
        }
        count = renumber(&mut joins);
        community.iter_mut().for_each(|community| *community = joins[*community as usize]);
    }
}

/// Renumbers communities in the order of their first members. Returns how many there are.
pub(super) fn renumber(community: &mut [u32]) -> usize {
    let mut number_of = vec![u32::MAX; community.len()];
    let mut count = 0;
    for community in community {
        let number = &mut number_of[*community as usize];
        if *number == u32::MAX {
            *number = count;
            count += 1;
        }
        *community = *number;
    }
    count as usize
}

/// A graph whose nodes are concepts, or communities of the level before.
struct Level {
    starts: Vec<usize>,
    ends: Vec<u32>,
    weights: Vec<u64>,
    // By node: twice the weight inside of it.
    inner: Vec<u64>,
    // By node: the weight of all its ends.
    strengths: Vec<u64>,
    // The sum of strengths.
    all: u64,
}

impl Level {
    fn of(pairs: &Pairs, weights: &[u32], pace: &mut Pace<'_>) -> Result<Level> {
        let nodes = pairs.concepts.len();
        let weighted = || pairs.pairs.iter().zip(weights).filter(|(_, weight)| **weight > 0);
        let (mut starts, mut strengths) = (vec![0usize; nodes + 1], vec![0u64; nodes]);
        for (pair, &weight) in weighted() {
            pace.steps(1)?;
            for end in [pair.one, pair.other] {
                starts[end as usize + 1] += 1;
                strengths[end as usize] += u64::from(weight);
            }
        }
        (1..starts.len()).for_each(|node| starts[node] += starts[node - 1]);
        let mut free = starts.clone();
        let (mut ends, mut all) = (vec![0u32; starts[nodes]], vec![0u64; starts[nodes]]);
        for (pair, &weight) in weighted() {
            pace.steps(1)?;
            for (near, far) in [(pair.one, pair.other), (pair.other, pair.one)] {
                let place = &mut free[near as usize];
                (ends[*place], all[*place]) = (far, weight.into());
                *place += 1;
            }
        }
        let sum = strengths.iter().sum();
        Ok(Level { starts, ends, weights: all, inner: vec![0; nodes], strengths, all: sum })
    }

    fn len(&self) -> usize {
        self.strengths.len()
    }

    fn row(&self, node: usize) -> impl Iterator<Item = (usize, u64)> {
        let range = self.starts[node]..self.starts[node + 1];
        self.ends[range.clone()].iter().map(|end| *end as usize).zip(self.weights[range].iter().copied())
    }

    /// Moves one node after the other to where modularity gains most, until no move gains; only to communities of nodes
    /// with the same number in `within`, if it is given. Returns whether any moved.
    ///
    /// Each move raises modularity, which is a whole number here, so it ends.
    fn improve(&self, community: &mut [u32], within: Option<&[u32]>, pace: &mut Pace<'_>) -> Result<bool> {
        let nodes = self.len();
        let (mut totals, mut sizes) = (vec![0u64; nodes], vec![0u32; nodes]);
        for (node, &community) in community.iter().enumerate() {
            totals[community as usize] += self.strengths[node];
            sizes[community as usize] += 1;
        }
        let mut empty: Vec<u32> = (0..nodes as u32).rev().filter(|community| sizes[*community as usize] == 0).collect();
        // The weight between the node and each community, and the communities for which it is not 0.
        let (mut linked, mut near) = (vec![0u64; nodes], Vec::new());
        // Only nodes whose neighbours moved are looked at again.
        let (mut queue, mut waits): (VecDeque<usize>, Vec<bool>) = ((0..nodes).collect(), vec![true; nodes]);
        let mut has_moved = false;
        while let Some(node) = queue.pop_front() {
            waits[node] = false;
            for (end, weight) in self.row(node) {
                pace.steps(1)?;
                if within.is_some_and(|within| within[end] != within[node]) {
                    continue;
                }
                let community = community[end];
                if linked[community as usize] == 0 {
                    near.push(community);
                }
                linked[community as usize] += weight;
            }
            let (own, strength) = (community[node], self.strengths[node]);
            totals[own as usize] -= strength;
            let gain = |community: u32| {
                let [linked, total] = [linked[community as usize], totals[community as usize]];
                i128::from(self.all) * i128::from(linked) - i128::from(strength) * i128::from(total)
            };
            let (mut best, mut most) = (own, gain(own));
            for &community in &near {
                let gain = gain(community);
                if gain > most || (gain == most && best != own && community < best) {
                    (best, most) = (community, gain);
                }
            }
            // Better alone, which gains 0.
            if most < 0 && sizes[own as usize] > 1 {
                best = empty.pop().expect("where two share a community, another one is empty");
            }
            near.drain(..).for_each(|community| linked[community as usize] = 0);
            totals[best as usize] += strength;
            if best == own {
                continue;
            }
            has_moved = true;
            community[node] = best;
            sizes[best as usize] += 1;
            sizes[own as usize] -= 1;
            if sizes[own as usize] == 0 {
                empty.push(own);
            }
            for (end, _) in self.row(node) {
                if community[end] != best && !waits[end] {
                    waits[end] = true;
                    queue.push_back(end);
                }
            }
        }
        Ok(has_moved)
    }

    /// Returns the graph of `count` communities.
    fn merged(&self, community: &[u32], count: usize, pace: &mut Pace<'_>) -> Result<Level> {
        let mut members: Vec<u32> = (0..self.len() as u32).collect();
        members.sort_unstable_by_key(|node| (community[*node as usize], *node));
        let (mut starts, mut ends, mut weights) = (Vec::with_capacity(count + 1), Vec::new(), Vec::new());
        let (mut inner, mut strengths) = (vec![0u64; count], vec![0u64; count]);
        let (mut linked, mut near) = (vec![0u64; count], Vec::new());
        starts.push(0);
        for same in members.chunk_by(|node, next| community[*node as usize] == community[*next as usize]) {
            let own = community[same[0] as usize] as usize;
            for &node in same {
                let node = node as usize;
                inner[own] += self.inner[node];
                strengths[own] += self.strengths[node];
                for (end, weight) in self.row(node) {
                    pace.steps(1)?;
                    let other = community[end] as usize;
                    if other == own {
                        inner[own] += weight;
                        continue;
                    }
                    if linked[other] == 0 {
                        near.push(other as u32);
                    }
                    linked[other] += weight;
                }
            }
            for other in near.drain(..) {
                ends.push(other);
                weights.push(std::mem::take(&mut linked[other as usize]));
            }
            starts.push(ends.len());
        }
        Ok(Level { starts, ends, weights, inner, strengths, all: self.all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::modularity::modularity;
    use crate::survey::testing::graph;

    // `count` cliques of `size` in a ring, joined by one pair each.
    fn cliques(count: u32, size: u32) -> Pairs {
        let inside = (0..count).flat_map(|clique| {
            let all = move |place| clique * size + place;
            (0..size).flat_map(move |one| (0..one).map(move |other| (all(other), all(one))))
        });
        let between = (1..count).map(|clique| (clique * size - 1, clique * size));
        graph(count * size, inside.chain(between).chain([(0, count * size - 1)]))
    }

    fn found(pairs: &Pairs, start: Option<&[u32]>) -> Vec<u32> {
        louvain(pairs, &vec![1 << 16; pairs.pairs.len()], start, &Cancel::new()).unwrap()
    }

    #[test]
    fn cliques_are_communities() {
        let pairs = cliques(7, 6);
        let expected: Vec<u32> = (0..42).map(|place| place / 6).collect();
        assert_eq!(found(&pairs, None), expected);
        // Also from all in one, and from an odd beginning.
        assert_eq!(found(&pairs, Some(&[5; 42])), expected);
        let odd: Vec<u32> = (0..42).map(|place| place % 5).collect();
        assert_eq!(found(&pairs, Some(&odd)), expected);
    }

    #[test]
    fn no_move_of_one_concept_gains() {
        let pairs = cliques(5, 4);
        let weights = vec![1 << 16; pairs.pairs.len()];
        let quality = |community: &[u32]| modularity(&pairs, &weights, community, &Cancel::new()).unwrap();
        let community = found(&pairs, None);
        for place in 0..community.len() {
            for other in 0..5 {
                let mut moved = community.clone();
                moved[place] = other;
                assert!(quality(&moved) <= quality(&community));
            }
        }
        // 5 cliques of 6 pairs and 5 between: each has 12 + 2 of 70 ends.
        assert!((quality(&community) - (60.0 / 70.0 - 5.0 * (14.0f64 / 70.0).powi(2))).abs() < 1e-12);
    }

    #[test]
    fn what_no_weight_joins_stays_alone() {
        let pairs = graph(4, [(0, 1), (2, 3)]);
        assert_eq!(louvain(&pairs, &[0, 9], None, &Cancel::new()).unwrap(), [0, 1, 2, 2]);
        assert_eq!(louvain(&graph(0, []), &[], None, &Cancel::new()).unwrap(), [0; 0]);
        assert_eq!(modularity(&pairs, &[0, 0], &[0, 1, 2, 2], &Cancel::new()).unwrap(), 0.0);
    }
}
