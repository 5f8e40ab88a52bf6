//! Which concepts belong to which clusters: what one survey leaves for the next.

use super::pairs::Pairs;
use crate::ids::{NodeId, Tick};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The identity of a cluster: its number in the history of the colony, from 0.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
pub struct ClusterId(pub u64);

/// A concept that belongs to a cluster.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Member {
    /// The concept.
    pub concept: NodeId,
    /// The cluster.
    pub cluster: ClusterId,
    /// The tick of the survey from which on it is in the cluster.
    pub since: Tick,
}

/// Which concepts belong to which clusters: what one survey leaves for the next.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
pub struct Membership {
    // The number of clusters that there ever were.
    pub(super) count: u64,
    // The living clusters with the ticks of the surveys that found them first, in order.
    pub(super) clusters: Vec<(ClusterId, Tick)>,
    // By concept. At most as many as there are concepts.
    pub(super) members: Vec<Member>,
}

impl Membership {
    /// Returns the members, by concept.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the living clusters with the ticks of the surveys that found them first, in order.
    pub fn clusters(&self) -> &[(ClusterId, Tick)] {
        &self.clusters
    }

    /// Returns the cluster of a concept.
    pub fn cluster_of(&self, concept: NodeId) -> Option<ClusterId> {
        let at = self.members.binary_search_by_key(&concept, |member| member.concept);
        at.ok().map(|at| self.members[at].cluster)
    }

    /// Returns the communities with which Louvain begins: each cluster together, and all other concepts alone. `None`
    /// if there are no clusters.
    pub fn start(&self, pairs: &Pairs) -> Option<Vec<u32>> {
        if self.members.is_empty() {
            return None;
        }
        let mut start: Vec<u32> = (0..pairs.concepts.len() as u32).collect();
        let mut first = BTreeMap::new();
        for member in &self.members {
            if let Some(place) = pairs.place(member.concept) {
                start[place as usize] = *first.entry(member.cluster).or_insert(place);
            }
        }
        Some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    #[test]
    fn the_next_survey_starts_from_whole_clusters() {
        let member = |(concept, cluster)| Member { concept: NodeId(concept), cluster: ClusterId(cluster), since: 1 };
        let members = [(0, 1), (3, 1), (6, 0), (7, 0), (8, 0), (30, 0)].map(member).to_vec();
        let membership = Membership { count: 2, clusters: vec![(ClusterId(0), 1), (ClusterId(1), 1)], members };
        assert_eq!(membership.start(&graph(12, [])).unwrap(), [0, 1, 2, 0, 4, 5, 6, 6, 6, 9, 10, 11]);
        assert_eq!(membership.cluster_of(NodeId(7)), Some(ClusterId(0)));
        assert_eq!(membership.cluster_of(NodeId(9)), None);
        assert_eq!(Membership::default().start(&graph(3, [])), None);
    }
}
