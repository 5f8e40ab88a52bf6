//! What hangs together, and by what alone: components, bridges and articulation points.

use super::adjacency::{Adjacency, End};
use super::pace::Pace;
use crate::Result;
use crate::cancel::Cancel;

/// The parts of a graph, and what alone joins them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Structure {
    /// The component of each concept, by place. Components are numbered from 0 in the order of their first concepts.
    pub components: Vec<u32>,
    /// The pairs without which their ends are in different components, by index, in order.
    pub bridges: Vec<u32>,
    /// The concepts without which their neighbours are in more components than one, by place, in order.
    pub articulation_points: Vec<u32>,
}

// A concept on the way from the first one of its component.
struct Step {
    place: u32,
    // The pair that led to it; none for the first.
    by: Option<u32>,
    // How many of its pairs were followed.
    followed: usize,
}

/// Returns the structure of a graph, in linear time by one search in depth (Hopcroft and Tarjan 1973), without
/// recursion.
pub fn structure(adjacency: &Adjacency, cancel: &Cancel) -> Result<Structure> {
    let mut pace = Pace::new(cancel);
    let concepts = adjacency.len();
    // When the search came to each concept, from 1; and the earliest that one reaches from there on another way.
    let (mut came, mut reaches) = (vec![0u32; concepts], vec![0u32; concepts]);
    let (mut structure, mut time, mut count) = (Structure::default(), 0, 0);
    structure.components = vec![0; concepts];
    let mut joins = vec![false; concepts];
    for first in 0..concepts as u32 {
        pace.steps(1)?;
        if came[first as usize] > 0 {
            continue;
        }
        let (mut way, mut children) = (Vec::new(), 0);
        let mut next = Some(Step { place: first, by: None, followed: 0 });
        loop {
            if let Some(step) = next.take() {
                time += 1;
                (came[step.place as usize], reaches[step.place as usize]) = (time, time);
                structure.components[step.place as usize] = count;
                way.push(step);
            }
            let Some(step) = way.last_mut() else { break };
            let here = step.place as usize;
            if let Some(&End { place, pair }) = adjacency.row(step.place).get(step.followed) {
                pace.steps(1)?;
                step.followed += 1;
                if came[place as usize] == 0 {
                    next = Some(Step { place, by: Some(pair), followed: 0 });
                } else if step.by != Some(pair) {
                    reaches[here] = reaches[here].min(came[place as usize]);
                }
                continue;
            }
            let by = step.by;
            way.pop();
            let (Some(by), Some(before)) = (by, way.last()) else { continue };
            let before = before.place as usize;
            reaches[before] = reaches[before].min(reaches[here]);
            if reaches[here] > came[before] {
                structure.bridges.push(by);
            }
            if before == first as usize {
                children += 1;
            } else if reaches[here] >= came[before] {
                joins[before] = true;
            }
        }
        joins[first as usize] = children > 1;
        count += 1;
    }
    structure.bridges.sort_unstable();
    structure.articulation_points = (0..concepts as u32).filter(|place| joins[*place as usize]).collect();
    Ok(structure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    fn of(concepts: u32, pairs: &[(u32, u32)]) -> Structure {
        let pairs = graph(concepts, pairs.iter().copied());
        structure(&Adjacency::of(&pairs, &Cancel::new()).unwrap(), &Cancel::new()).unwrap()
    }

    #[test]
    fn two_triangles_on_a_pair_hang_by_it() {
        let found = of(8, &[(0, 1), (0, 2), (1, 2), (2, 4), (4, 5), (4, 6), (5, 6)]);
        assert_eq!(found.components, [0, 0, 0, 1, 0, 0, 0, 2]);
        assert_eq!(found.bridges, [3]);
        assert_eq!(found.articulation_points, [2, 4]);
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let chain: Vec<(u32, u32)> = (1..200_000).map(|place| (place - 1, place)).collect();
        let found = of(200_000, &chain);
        assert_eq!((found.bridges.len(), found.articulation_points.len()), (199_999, 199_998));
    }
}
