//! What a survey takes over from the one before.

use super::pairs::Pairs;
pub(super) use crate::membership::{ClusterId, Member, Membership};
use std::collections::BTreeMap;

/// Returns the communities with which Louvain begins: each cluster together, and all other concepts alone. `None` if
/// there are no clusters.
pub(super) fn start(last: &Membership, pairs: &Pairs) -> Option<Vec<u32>> {
    if last.members().is_empty() {
        return None;
    }
    let mut start: Vec<u32> = (0..pairs.concepts.len() as u32).collect();
    let mut first = BTreeMap::new();
    for member in last.members() {
        if let Some(place) = pairs.place(member.concept) {
            start[place as usize] = *first.entry(member.cluster).or_insert(place);
        }
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::survey::testing::graph;

    #[test]
    fn the_next_survey_starts_from_whole_clusters() {
        let member = |(concept, cluster)| Member { concept: NodeId(concept), cluster: ClusterId(cluster), since: 1 };
        let members = [(0, 1), (3, 1), (6, 0), (7, 0), (8, 0), (30, 0)].map(member).to_vec();
        let membership = Membership::new(2, vec![(ClusterId(0), 1), (ClusterId(1), 1)], members).unwrap();
        assert_eq!(start(&membership, &graph(12, [])).unwrap(), [0, 1, 2, 0, 4, 5, 6, 6, 6, 9, 10, 11]);
        assert_eq!(membership.cluster_of(NodeId(7)), Some(ClusterId(0)));
        assert_eq!(membership.cluster_of(NodeId(9)), None);
        assert_eq!(start(&Membership::default(), &graph(3, [])), None);
    }
}
