//! Concepts that join two clusters.
//!
//! Participation, betweenness and articulation points do not find them: of ten planted bridges they find two at best
//! among their first ten. What does is to ask of which clusters the documents are that hold a concept. With
//!
//! ```text
//! H(d)    = shares of d's concepts by cluster, those of at least 1/4 (else the largest), normalised
//! K(c, A) = sum of H(d, A) over the documents d that hold c;   A, B = c's two most over-represented clusters
//! score   = min(G2_A, G2_B) * (K_A + K_B) / df                 4 <= df <= N / 50
//! ```
//!
//! a concept is a bridge if the joint G^2 of A and B is above 30, the smaller of G2_A and G2_B above 6, the smaller of
//! K_A and K_B above 2, the cover (K_A + K_B) / df above .6 and the balance 2 min(K_A, K_B) / (K_A + K_B) above .5.
//! Documents and df are those of the lists: a text that only mentions a word is not about it.
//!
//! Three things are stricter than what was measured first, on planted corpora of 10 to 50 topics:
//!
//! * Only concepts count that touch a pair that speaks for their cluster. Words of no topic are in some community too;
//!   they made up a quarter of most documents, and hid all ten bridges in 3 of 10 corpora.
//! * Two documents on a side are no evidence: three of four false bridges had no more.
//! * A balance of .4 lets through a topic's own word that three documents of one other topic use by chance.

use super::clusters::Clusters;
use super::lists::Lists;
use super::pace::Pace;
use super::weights::excess;
use crate::Result;
use crate::cancel::Cancel;

/// A bridge is held by at least so many documents.
pub const DF_MIN: usize = 4;
/// A bridge is held by at most one in so many documents.
pub const DF_PART: usize = 50;
/// The joint G^2 of both clusters is above this.
pub const JOINT_MIN: f64 = 30.0;
/// The G^2 of each cluster is above this.
pub const SIDE_MIN: f64 = 6.0;
/// K of each cluster is above this.
pub const HELD_MIN: f64 = 2.0;
/// The share of its documents that both clusters make up together is above this.
pub const COVER_MIN: f64 = 0.6;
/// The balance of both sides, from 0 to 1, is above this.
pub const BALANCE_MIN: f64 = 0.5;

// Shares of a document are in units of 2^-24, so that the order of their sums does not show.
const ONE: u64 = 1 << 24;

/// A cluster on one side of a concept.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Side {
    /// The cluster.
    pub cluster: u32,
    /// K: the documents that hold the concept, by the share that each has in the cluster.
    pub documents: f64,
    /// G^2 of these documents: how much more they are than chance has it.
    pub g2: f64,
}

/// A concept between two clusters.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The place of the concept.
    pub place: u32,
    /// The more over-represented cluster first.
    pub sides: [Side; 2],
    /// How many documents hold the concept.
    pub df: u32,
    /// G^2 of both clusters together.
    pub joint: f64,
}

impl Candidate {
    /// Returns the share of the concept's documents that both sides make up.
    pub fn cover(&self) -> f64 {
        self.documents() / f64::from(self.df)
    }

    /// Returns how equal the sides are, from 0 to 1.
    pub fn balance(&self) -> f64 {
        2.0 * self.sides[0].documents.min(self.sides[1].documents) / self.documents()
    }

    /// Returns the score by which candidates are ranked.
    pub fn score(&self) -> f64 {
        self.sides[1].g2 * self.cover()
    }

    /// Returns whether it is a bridge.
    pub fn is_bridge(&self) -> bool {
        self.joint > JOINT_MIN
            && self.sides[1].g2 > SIDE_MIN
            && self.sides.iter().all(|side| side.documents > HELD_MIN)
            && self.cover() > COVER_MIN
            && self.balance() > BALANCE_MIN
    }

    fn documents(&self) -> f64 {
        self.sides[0].documents + self.sides[1].documents
    }
}

/// The documents by clusters, and the documents of each concept.
#[derive(Debug)]
pub struct Holdings {
    // H(d): by document, the clusters that have a share in it, with the share.
    starts: Vec<usize>,
    shares: Vec<(u32, u64)>,
    // By cluster: the sum of its shares.
    totals: Vec<u64>,
    // By concept: the documents that hold it, in order.
    held_from: Vec<usize>,
    held: Vec<u32>,
}

impl Holdings {
    /// Returns the shares of all documents.
    pub fn of(lists: &Lists, clusters: &Clusters, cancel: &Cancel) -> Result<Holdings> {
        let mut pace = Pace::new(cancel);
        let (mut starts, mut shares, mut totals) = (vec![0], Vec::new(), vec![0; clusters.count()]);
        let mut held_from = vec![0usize; clusters.community().len() + 1];
        let mut all: Vec<u32> = Vec::new();
        for document in 0..lists.len() {
            let list = lists.list(document);
            pace.steps(4 * list.len())?;
            list.iter().for_each(|entry| held_from[entry.place as usize + 1] += 1);
            all.clear();
            all.extend(list.iter().filter_map(|entry| clusters.core_of(entry.place)));
            all.sort_unstable();
            let counts: Vec<(u32, usize)> =
                all.chunk_by(|one, next| one == next).map(|same| (same[0], same.len())).collect();
            let kept = kept(&counts, all.len());
            let sum: usize = kept.iter().map(|(_, count)| count).sum();
            for (cluster, count) in kept {
                let share = count as u64 * ONE / sum as u64;
                shares.push((cluster, share));
                totals[cluster as usize] += share;
            }
            starts.push(shares.len());
        }
        (1..held_from.len()).for_each(|place| held_from[place] += held_from[place - 1]);
        let (mut free, mut held) = (held_from.clone(), vec![0; lists.entries()]);
        for document in 0..lists.len() {
            pace.steps(lists.list(document).len())?;
            for entry in lists.list(document) {
                held[free[entry.place as usize]] = document as u32;
                free[entry.place as usize] += 1;
            }
        }
        Ok(Holdings { starts, shares, totals, held_from, held })
    }

    /// Returns the concepts between two clusters, the largest score first, equal ones by id. Those
    /// that are no bridges are among them.
    pub fn candidates(&self, clusters: &Clusters, cancel: &Cancel) -> Result<Vec<Candidate>> {
        let mut pace = Pace::new(cancel);
        let documents = self.starts.len() - 1;
        let (mut sums, mut near) = (vec![0u64; clusters.count()], Vec::new());
        let mut found = Vec::new();
        for place in 0..clusters.community().len() as u32 {
            let held = self.held(place);
            if held.len() < DF_MIN || held.len() * DF_PART > documents {
                continue;
            }
            pace.steps(4 * held.len())?;
            for &(cluster, share) in held.iter().flat_map(|&document| self.shares(document)) {
                if sums[cluster as usize] == 0 {
                    near.push(cluster);
                }
                sums[cluster as usize] += share;
            }
            let mut sides: Vec<Side> =
                near.drain(..).map(|own| self.side(own, std::mem::take(&mut sums[own as usize]), held.len())).collect();
            sides.sort_by(|one, other| other.g2.total_cmp(&one.g2).then(one.cluster.cmp(&other.cluster)));
            let &[one, other, ..] = &sides[..] else { continue };
            if other.g2 > 0.0 {
                let joint = self.g2(&[one.cluster, other.cluster], one.documents + other.documents, held.len());
                found.push(Candidate { place, sides: [one, other], df: held.len() as u32, joint });
            }
        }
        found.sort_by(|one, other| other.score().total_cmp(&one.score()).then(one.place.cmp(&other.place)));
        Ok(found)
    }

    /// Returns the indices of the `most` documents that hold a concept and have the largest shares in a cluster, the
    /// largest first, equal ones by id.
    pub fn examples(&self, place: u32, cluster: u32, most: usize) -> Vec<u32> {
        let share = |document: u32| self.shares(document).iter().find(|(own, _)| *own == cluster);
        let held = self.held(place).iter().filter_map(|&document| Some((share(document)?.1, document)));
        let mut all: Vec<(u64, u32)> = held.collect();
        all.sort_by_key(|(share, document)| (std::cmp::Reverse(*share), *document));
        all.into_iter().take(most).map(|(_, document)| document).collect()
    }

    fn side(&self, cluster: u32, sum: u64, df: usize) -> Side {
        let documents = sum as f64 / ONE as f64;
        Side { cluster, documents, g2: self.g2(&[cluster], documents, df) }
    }

    fn g2(&self, clusters: &[u32], joint: f64, df: usize) -> f64 {
        let total: u64 = clusters.iter().map(|cluster| self.totals[*cluster as usize]).sum();
        excess(joint, df as f64, total as f64 / ONE as f64, (self.starts.len() - 1) as f64)
    }

    fn shares(&self, document: u32) -> &[(u32, u64)] {
        &self.shares[self.starts[document as usize]..self.starts[document as usize + 1]]
    }

    fn held(&self, place: u32) -> &[u32] {
        &self.held[self.held_from[place as usize]..self.held_from[place as usize + 1]]
    }
}

// Returns the clusters that have a share in a document with so many concepts of clusters.
fn kept(counts: &[(u32, usize)], concepts: usize) -> Vec<(u32, usize)> {
    let mut kept: Vec<(u32, usize)> = counts.iter().copied().filter(|(_, count)| 4 * count >= concepts).collect();
    if kept.is_empty() {
        kept.extend(counts.iter().rev().max_by_key(|(_, count)| *count));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::testing::graph;

    // 300 documents of each of two clusters, four concepts of ten each, and what `more` adds by document.
    fn found(more: impl Fn(usize) -> Vec<u32>) -> (Vec<Candidate>, Holdings) {
        let pairs = graph(30, []);
        let clusters = Clusters::new_for_test((0..30u32).map(|place| (place < 20).then_some(place / 10)).collect());
        let document = |number: usize| {
            let first = (number % 2 * 10) as u32;
            let own = (0..4).map(|step| first + ((number / 2) as u32 + step) % 10);
            own.chain(more(number)).collect::<Vec<u32>>()
        };
        let lists: Vec<Vec<u32>> = (0..600).map(document).collect();
        let lists: Vec<&[u32]> = lists.iter().map(Vec::as_slice).collect();
        let lists = Lists::new_for_test(&lists, &pairs);
        let holdings = Holdings::of(&lists, &clusters, &Cancel::new()).unwrap();
        (holdings.candidates(&clusters, &Cancel::new()).unwrap(), holdings)
    }

    #[test]
    fn documents_share_in_clusters_with_a_quarter_or_more() {
        let pairs = graph(30, []);
        let clusters = Clusters::new_for_test((0..30u32).map(|place| Some(place / 5)).collect());
        let lists = Lists::new_for_test(
            &[&[0, 1, 2, 5], &[0, 1, 2, 3, 5], &[0, 5, 10, 15, 20], &[0, 5, 6, 10, 15, 20, 21, 25, 26]],
            &pairs,
        );
        let holdings = Holdings::of(&lists, &clusters, &Cancel::new()).unwrap();
        let shares = |document| holdings.shares(document).to_vec();
        assert_eq!(shares(0), [(0, ONE / 4 * 3), (1, ONE / 4)]);
        assert_eq!(shares(1), [(0, ONE)]);
        // Nobody has a quarter: the largest, of equal ones the first.
        assert_eq!((shares(2), shares(3)), (vec![(0, ONE)], vec![(1, ONE)]));
        assert_eq!(holdings.held(5), [0, 1, 2, 3]);
    }

    #[test]
    fn what_is_everywhere_joins_nothing() {
        // Its documents are of both clusters as all documents are.
        let (candidates, holdings) = found(|number| if number < 12 { vec![20] } else { vec![21, 22] });
        assert!(candidates.iter().all(|candidate| candidate.place != 20 || !candidate.is_bridge()));
        assert_eq!(holdings.held(20).len(), 12);
        assert_eq!(holdings.examples(20, 1, 3), [1, 3, 5]);
    }

    #[test]
    fn numbers_follow_the_formulas() {
        let side = |documents, g2| Side { cluster: 0, documents, g2 };
        let candidate = Candidate { place: 0, sides: [side(6.0, 20.0), side(3.0, 10.0)], df: 12, joint: 31.0 };
        assert_eq!((candidate.cover(), candidate.balance(), candidate.score()), (0.75, 6.0 / 9.0, 7.5));
        assert!(candidate.is_bridge());
        let with = |change: fn(&mut Candidate)| {
            let mut changed = candidate;
            change(&mut changed);
            changed.is_bridge()
        };
        assert!(!with(|one| one.joint = 30.0));
        assert!(!with(|one| one.sides[1].g2 = 6.0));
        assert!(!with(|one| one.df = 15));
        assert!(!with(|one| one.sides[1].documents = 1.5));
        assert!(!with(|one| (one.sides[1].documents, one.df) = (2.0, 9)));
    }
}
