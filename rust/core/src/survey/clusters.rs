//! The clusters of a graph: its communities that are more than noise.

use super::gate::{Evidence, Support, evidence};
use super::louvain::louvain;
use super::membership::{Membership, start};
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;

/// The communities of a graph, and which of them are clusters. Clusters are numbered from 0 in the order of their first
/// concepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    // By place.
    community: Vec<u32>,
    // By community.
    cluster: Vec<Option<u32>>,
    // By cluster.
    support: Vec<Support>,
    // By place: whether it touches a pair that speaks for its community.
    touched: Vec<bool>,
    // By place: the weight of its pairs inside of its community, in units of 2^-16.
    strength: Vec<u64>,
}

impl Clusters {
    /// Returns the clusters of a graph. `weights` are those of its pairs, `last` is what the last survey left.
    pub fn of(pairs: &Pairs, weights: &[u32], last: &Membership, cancel: &Cancel) -> Result<Clusters> {
        let community = louvain(pairs, weights, start(last, pairs).as_deref(), cancel)?;
        let count = community.iter().max().map_or(0, |last| *last as usize + 1);
        let Evidence { support, touched } = evidence(pairs, &community, count, cancel)?;
        let mut numbers = 0..;
        let cluster = support.iter().map(|support| support.is_enough().then(|| numbers.next()).flatten()).collect();
        let mut pace = Pace::new(cancel);
        let mut strength = vec![0; community.len()];
        for (pair, &weight) in pairs.pairs.iter().zip(weights) {
            pace.steps(1)?;
            let [one, other] = [pair.one as usize, pair.other as usize];
            if community[one] == community[other] {
                strength[one] += u64::from(weight);
                strength[other] += u64::from(weight);
            }
        }
        let support = support.into_iter().filter(Support::is_enough).collect();
        Ok(Clusters { community, cluster, support, touched, strength })
    }

    /// Returns the number of clusters.
    pub fn count(&self) -> usize {
        self.support.len()
    }

    /// Returns the number of communities, clusters or not.
    pub fn communities(&self) -> usize {
        self.cluster.len()
    }

    /// Returns the community of each concept, by place.
    pub fn community(&self) -> &[u32] {
        &self.community
    }

    /// Returns the cluster that a community is.
    pub fn of_community(&self, community: u32) -> Option<u32> {
        self.cluster[community as usize]
    }

    /// Returns the cluster of the concept at a place.
    pub fn of_concept(&self, place: u32) -> Option<u32> {
        self.cluster[self.community[place as usize] as usize]
    }

    /// Returns the cluster of the concept at a place, if the concept touches a pair that speaks for it. Communities also
    /// have concepts that are there because they must be somewhere.
    pub fn core_of(&self, place: u32) -> Option<u32> {
        self.of_concept(place).filter(|_| self.touched[place as usize])
    }

    /// Returns what speaks for a cluster.
    pub fn support(&self, cluster: u32) -> Support {
        self.support[cluster as usize]
    }

    /// Returns the weight of a concept's pairs inside of its community, in units of 2^-16.
    pub fn strength(&self, place: u32) -> u64 {
        self.strength[place as usize]
    }

    /// Returns the concepts of each cluster, the strongest first, equally strong ones by id.
    pub fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count()];
        for place in 0..self.community.len() as u32 {
            if let Some(cluster) = self.of_concept(place) {
                members[cluster as usize].push(place);
            }
        }
        members.iter_mut().for_each(|all| all.sort_by_key(|place| std::cmp::Reverse(self.strength(*place))));
        members
    }

    #[cfg(test)]
    pub(super) fn new_for_test(clusters: Vec<Option<u32>>) -> Clusters {
        let count = clusters.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let community = clusters.iter().map(|cluster| cluster.unwrap_or(count as u32)).collect();
        let cluster = (0..count as u32).map(Some).chain([None]).collect();
        let support = vec![Support { pairs: 5, concepts: 5 }; count];
        let (touched, strength) = (vec![true; clusters.len()], vec![1; clusters.len()]);
        Clusters { community, cluster, support, touched, strength }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;
    use crate::survey::weights::weights;

    #[test]
    fn clusters_are_communities_above_noise() {
        // A clique of six, a pair, and a clique of six of which one concept is joined less.
        let clique = |first: u32| (first..first + 6).flat_map(move |one| (first..one).map(move |other| (other, one)));
        let pairs = graph(14, clique(0).chain([(6, 7)]).chain(clique(8).filter(|pair| *pair != (8, 9))));
        let weights = weights(&pairs, &Cancel::new()).unwrap();
        let clusters = Clusters::of(&pairs, &weights, &Membership::default(), &Cancel::new()).unwrap();
        assert_eq!((clusters.count(), clusters.communities()), (2, 3));
        assert_eq!([0, 6, 8].map(|place| clusters.of_concept(place)), [Some(0), None, Some(1)]);
        assert_eq!([0, 1, 2].map(|community| clusters.of_community(community)), [Some(0), None, Some(1)]);
        assert_eq!(clusters.support(1), Support { pairs: 14, concepts: 6 });
        assert_eq!(clusters.members(), [[0, 1, 2, 3, 4, 5], [10, 11, 12, 13, 8, 9]]);
        assert_eq!(clusters.strength(0), 5 * u64::from(weights[0]));
    }
}
