//! Which concepts belong to which clusters: what one survey leaves for the next.

use crate::ids::{NodeId, Tick};
use serde::{Deserialize, Serialize};

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
#[serde(try_from = "Unchecked")]
pub struct Membership {
    // The number of clusters that there ever were.
    count: u64,
    // The living clusters with the ticks of the surveys that found them first, in order.
    clusters: Vec<(ClusterId, Tick)>,
    // By concept. At most as many as there are concepts.
    members: Vec<Member>,
}

impl Membership {
    /// Returns a membership, if `members` are in the order of their concepts and `clusters` in that of their ids, which
    /// are below `count`, and each member belongs to one of them.
    pub fn new(count: u64, clusters: Vec<(ClusterId, Tick)>, members: Vec<Member>) -> Option<Membership> {
        let is_living = |id: ClusterId| clusters.binary_search_by_key(&id, |(id, _)| *id).is_ok();
        let fits = clusters.is_sorted_by(|one, next| one.0 < next.0)
            && clusters.last().is_none_or(|(id, _)| id.0 < count)
            && members.is_sorted_by(|one, next| one.concept < next.concept)
            && members.iter().all(|member| is_living(member.cluster));
        fits.then_some(Membership { count, clusters, members })
    }

    /// Returns the number of clusters that there ever were: the next new one gets it as its identity.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns whether there never was a cluster.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

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
}

#[derive(Deserialize)]
struct Unchecked {
    count: u64,
    clusters: Vec<(ClusterId, Tick)>,
    members: Vec<Member>,
}

impl TryFrom<Unchecked> for Membership {
    type Error = &'static str;

    fn try_from(Unchecked { count, clusters, members }: Unchecked) -> Result<Membership, &'static str> {
        Membership::new(count, clusters, members).ok_or("clusters or their members are out of order, or not known")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_clusters_have_members_and_all_is_in_order() {
        let member = |(concept, cluster)| Member { concept: NodeId(concept), cluster: ClusterId(cluster), since: 1 };
        let living = vec![(ClusterId(0), 1), (ClusterId(2), 1)];
        let make = |count, of: &[(u128, u64)]| {
            let members = of.iter().copied().map(member).collect();
            Membership::new(count, living.clone(), members)
        };
        let right = make(3, &[(0, 2), (3, 0), (6, 0)]).unwrap();
        assert_eq!([3, 4].map(|concept| right.cluster_of(NodeId(concept))), [Some(ClusterId(0)), None]);
        assert!(make(2, &[]).is_none() && make(3, &[(0, 1)]).is_none() && make(3, &[(3, 0), (0, 2)]).is_none());
        let bytes = postcard::to_allocvec(&right).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(right));
        let forged = postcard::to_allocvec(&(1u64, living, Vec::<Member>::new())).unwrap();
        assert!(postcard::from_bytes::<Membership>(&forged).is_err());
    }
}
