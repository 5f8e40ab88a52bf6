//! Which cluster is which, from one survey to the next.
//!
//! A cluster of a new survey has the identity of its
//! oldest members: each member speaks for the cluster that it was in with the ticks that it was in it. So a name given
//! to a cluster stays with those it was given to while others come and go, and of two clusters that merge the one whose
//! members were longer in it goes on.

use super::clusters::Clusters;
use super::membership::{ClusterId, Member, Membership};
use super::pace::Pace;
use super::pairs::Pairs;
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::Tick;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

// A cluster goes on where at least this part of its members' ticks is, so that one that parts in three or four does,
// and one whose members are strewn over many does not.
const HEIR_PART: u64 = 4;

/// Where a cluster comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub enum Origin {
    /// It was there before.
    Known,
    /// It is new.
    New,
    /// It is new, and half of its concepts or more were in this cluster, which goes on elsewhere.
    Split(ClusterId),
}

/// What a survey says of a cluster beside the one before it.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Identity {
    /// Its identity.
    pub id: ClusterId,
    /// The tick of the survey that found it first.
    pub since: Tick,
    /// Where it comes from.
    pub origin: Origin,
    /// The clusters that it took over, in order.
    pub merged: Vec<ClusterId>,
    /// Concepts that were not in it before.
    pub joined: u32,
    /// Concepts that are not in it any more.
    pub left: u32,
}

/// A cluster that is no more.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Gone {
    /// Its identity.
    pub id: ClusterId,
    /// The cluster that took it over, if one did.
    pub into: Option<ClusterId>,
}

/// Clusters with their identities.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Identified {
    /// What is said of each cluster, by number.
    pub clusters: Vec<Identity>,
    /// The clusters that are no more, in order.
    pub gone: Vec<Gone>,
    /// What the next survey begins with.
    pub membership: Membership,
}

// How much of a cluster of the last survey is in one of this: ticks of members, and members.
#[derive(Copy, Clone, Default, Eq, PartialEq, Ord, PartialOrd)]
struct Share {
    ticks: u64,
    members: u32,
}

/// Returns the identities of clusters, from what the last survey left.
pub fn identify(pairs: &Pairs, clusters: &Clusters, last: &Membership, cancel: &Cancel) -> Result<Identified> {
    let mut pace = Pace::new(cancel);
    let mut totals: BTreeMap<ClusterId, Share> = BTreeMap::new();
    let mut shares: BTreeMap<(ClusterId, u32), Share> = BTreeMap::new();
    for member in last.members() {
        pace.steps(20)?;
        let ticks = pairs.tick.saturating_sub(member.since) + 1;
        let add = |share: &mut Share| {
            share.ticks += ticks;
            share.members += 1;
        };
        add(totals.entry(member.cluster).or_default());
        if let Some(cluster) = pairs.place(member.concept).and_then(|place| clusters.of_concept(place)) {
            add(shares.entry((member.cluster, cluster)).or_default());
        }
    }
    let mut found = Finding::new(clusters.count(), last);
    found.settle(&totals, &shares);
    let mut members = Vec::new();
    let mut sizes = vec![0u32; clusters.count()];
    for (place, concept) in (0..).zip(&pairs.concepts) {
        pace.steps(20)?;
        let Some(cluster) = clusters.of_concept(place) else { continue };
        sizes[cluster as usize] += 1;
        let id = found.clusters[cluster as usize].id;
        let before = last.members().binary_search_by_key(&concept.id, |member| member.concept).ok();
        let before = before.map(|at| last.members()[at]).filter(|member| member.cluster == id);
        members.push(before.unwrap_or(Member { concept: concept.id, cluster: id, since: pairs.tick }));
    }
    for (number, identity) in (0..).zip(&mut found.clusters) {
        let stayed = shares.get(&(identity.id, number)).map_or(0, |share| share.members);
        identity.joined = sizes[number as usize] - stayed;
        identity.left = totals.get(&identity.id).map_or(0, |total| total.members) - stayed;
        if identity.origin == Origin::New {
            let most = |(&(id, cluster), share): (&(ClusterId, u32), &Share)| {
                (cluster == number && 2 * share.members >= sizes[number as usize])
                    .then_some((share.members, Reverse(id)))
            };
            let from = shares.iter().filter_map(most).max();
            identity.origin = from.map_or(Origin::New, |(_, Reverse(id))| Origin::Split(id));
        }
        if identity.origin != Origin::Known {
            identity.since = pairs.tick;
        }
    }
    let mut living: Vec<(ClusterId, Tick)> = found.clusters.iter().map(|one| (one.id, one.since)).collect();
    living.sort_unstable();
    let membership =
        Membership::new(found.count, living, members).expect("identities are in order, and members have them");
    Ok(Identified { clusters: found.clusters, gone: found.gone, membership })
}

// Who goes on where.
struct Finding<'a> {
    last: &'a Membership,
    clusters: Vec<Identity>,
    gone: Vec<Gone>,
    count: u64,
}

impl<'a> Finding<'a> {
    fn new(clusters: usize, last: &'a Membership) -> Finding<'a> {
        let unknown =
            Identity { id: ClusterId(0), since: 0, origin: Origin::New, merged: Vec::new(), joined: 0, left: 0 };
        Finding { last, clusters: vec![unknown; clusters], gone: Vec::new(), count: last.count() }
    }

    fn settle(&mut self, totals: &BTreeMap<ClusterId, Share>, shares: &BTreeMap<(ClusterId, u32), Share>) {
        // The cluster in which each one goes on.
        let mut heirs: BTreeMap<ClusterId, (Share, Reverse<u32>)> = BTreeMap::new();
        for (&(id, cluster), &share) in shares {
            let claim = (share, Reverse(cluster));
            let heir = heirs.entry(id).or_insert(claim);
            *heir = claim.max(*heir);
        }
        heirs.retain(|id, (share, _)| HEIR_PART * share.ticks >= totals[id].ticks);
        let mut winners: Vec<Option<(Share, Reverse<ClusterId>)>> = vec![None; self.clusters.len()];
        for (&id, &(share, Reverse(cluster))) in &heirs {
            let winner = &mut winners[cluster as usize];
            *winner = (*winner).max(Some((share, Reverse(id))));
        }
        for (identity, winner) in self.clusters.iter_mut().zip(winners) {
            if let Some((_, Reverse(id))) = winner {
                let at =
                    self.last.clusters().binary_search_by_key(&id, |(id, _)| *id).expect("a member's cluster lives");
                (identity.id, identity.since, identity.origin) = (id, self.last.clusters()[at].1, Origin::Known);
            } else {
                identity.id = ClusterId(self.count);
                self.count += 1;
            }
        }
        for &(id, _) in self.last.clusters() {
            let heir = heirs.get(&id).map(|(_, Reverse(cluster))| &mut self.clusters[*cluster as usize]);
            match heir {
                Some(heir) if heir.id == id => {}
                Some(heir) => {
                    heir.merged.push(id);
                    self.gone.push(Gone { id, into: Some(heir.id) });
                }
                None => self.gone.push(Gone { id, into: None }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NodeId;
    use crate::survey::testing::graph;

    // A survey at a tick that finds these clusters among concepts from 0.
    fn survey(tick: Tick, concepts: u32, clusters: &[&[u32]], last: &Membership) -> Identified {
        let mut pairs = graph(concepts, []);
        pairs.tick = tick;
        let number = |place: u32| clusters.iter().position(|members| members.contains(&place)).map(|at| at as u32);
        let clusters = Clusters::new_for_test((0..concepts).map(number).collect());
        identify(&pairs, &clusters, last, &Cancel::new()).unwrap()
    }

    fn ids(found: &Identified) -> Vec<u64> {
        found.clusters.iter().map(|one| one.id.0).collect()
    }

    const A: &[u32] = &[0, 1, 2, 3, 4, 5];
    const B: &[u32] = &[6, 7, 8, 9, 10];

    #[test]
    fn a_cluster_that_gains_and_loses_concepts_stays_itself() {
        let first = survey(10, 20, &[A, B], &Membership::default());
        assert_eq!((ids(&first), first.clusters[0].origin, first.clusters[1].joined), (vec![0, 1], Origin::New, 5));
        // They come in another order now.
        let then = survey(20, 20, &[&[0, 7, 8, 9, 10, 11, 12], &[1, 2, 3, 4, 5]], &first.membership);
        assert_eq!(ids(&then), [1, 0]);
        let known = &then.clusters[0];
        assert_eq!((known.since, known.origin, known.joined, known.left), (10, Origin::Known, 3, 1));
        assert_eq!(then.gone, []);
        let since = |concept: usize| then.membership.members()[concept].since;
        assert_eq!((since(0), since(7), since(8)), (20, 10, 10), "concept 6 is in none");
        assert_eq!(then.membership.cluster_of(NodeId(6)), None);
        assert_eq!(then.membership.cluster_of(NodeId(11)), Some(ClusterId(1)));
    }

    #[test]
    fn of_two_that_merge_the_older_goes_on() {
        let first = survey(10, 20, &[B], &Membership::default());
        let second = survey(50, 20, &[A, B], &first.membership);
        assert_eq!(ids(&second), [1, 0]);
        let both = [A, B].concat();
        let third = survey(60, 20, &[&both], &second.membership);
        // 5 concepts for 51 ticks, 6 for 11.
        assert_eq!((ids(&third), third.clusters[0].merged.as_slice()), (vec![0], &[ClusterId(1)][..]));
        assert_eq!(third.gone, [Gone { id: ClusterId(1), into: Some(ClusterId(0)) }]);
        // Who joined is young: after they part again, the old members have the identity, and a new number is given.
        let fourth = survey(200, 20, &[A, B], &third.membership);
        assert_eq!(ids(&fourth), [2, 0]);
        assert_eq!(fourth.clusters[0].origin, Origin::Split(ClusterId(0)));
        assert_eq!(fourth.clusters[0].since, 200);
    }

    #[test]
    fn what_is_strewn_or_empty_is_gone() {
        let first = survey(10, 40, &[A, B], &Membership::default());
        let gone = |found: Identified| found.gone.iter().map(|gone| (gone.id.0, gone.into)).collect::<Vec<_>>();
        assert_eq!(gone(survey(20, 40, &[B], &first.membership)), [(0, None)]);
        assert_eq!(gone(survey(20, 40, &[], &first.membership)), [(0, None), (1, None)]);
        // One of six is less than a quarter.
        let strewn = survey(20, 40, &[&[0, 20, 21, 22], &[1, 30, 31, 32], B], &first.membership);
        assert_eq!(ids(&strewn), [2, 3, 1]);
        assert_eq!(gone(strewn), [(0, None)]);
    }
}
