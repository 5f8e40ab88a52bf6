//! Which node has which seats.

use serde::{Deserialize, Serialize};

/// The seats of each node: the first node has the first ones, and so on, as evenly as can be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    // By node: the first of its seats; then the number of seats.
    starts: Vec<u32>,
}

impl Layout {
    /// Returns the layout of `seats` seats over `nodes` nodes.
    ///
    /// # Panics
    /// Without a node, or with fewer seats than nodes.
    pub fn new(seats: usize, nodes: usize) -> Layout {
        assert!((1..=seats).contains(&nodes), "every node has a seat");
        Layout { starts: (0..=nodes).map(|node| (node * seats / nodes) as u32).collect() }
    }

    /// Returns how many nodes there are.
    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns how many seats there are.
    pub fn seats(&self) -> usize {
        self.starts[self.nodes()] as usize
    }

    /// Returns the node that has a seat.
    pub fn node_of(&self, seat: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= seat) - 1
    }

    /// Returns the seats of a node, in order.
    pub fn seats_of(&self, node: usize) -> std::ops::Range<usize> {
        self.starts[node] as usize..self.starts[node + 1] as usize
    }

    /// Returns all seats in groups of which none has two of one node, so that each group can be asked at once.
    pub fn rounds(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        let round = |at| (0..self.nodes()).filter_map(|node| self.seats_of(node).nth(at)).collect::<Vec<_>>();
        (0..).map(round).take_while(|seats| !seats.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_seat_has_one_node_and_nodes_differ_by_one_seat_at_most() {
        for seats in 1..20 {
            for nodes in 1..=seats {
                let layout = Layout::new(seats, nodes);
                let all: Vec<usize> = (0..nodes).flat_map(|node| layout.seats_of(node)).collect();
                assert_eq!(all, (0..seats).collect::<Vec<_>>());
                let mut rounds: Vec<usize> = layout.rounds().flatten().collect();
                rounds.sort_unstable();
                assert_eq!(rounds, all);
                assert!(layout.rounds().all(|seats| {
                    let nodes: BTreeSet<usize> = seats.iter().map(|seat| layout.node_of(*seat)).collect();
                    nodes.len() == seats.len()
                }));
                for node in 0..nodes {
                    assert!(layout.seats_of(node).all(|seat| layout.node_of(seat) == node));
                    assert!((seats / nodes..=seats.div_ceil(nodes)).contains(&layout.seats_of(node).len()));
                }
            }
        }
    }
}
