//! What a colony finds out: clusters and bridges, each with its evidence.

use super::bridges::{Candidate, Holdings, Side};
use super::clusters::Clusters;
use super::gate::Support;
use super::identity::{Gone, Identity, identify};
use super::lists::Lists;
use super::membership::{ClusterId, Membership};
use super::modularity::modularity;
use super::pairs::Pairs;
use super::placing::{Placed, place};
use super::weights::weights;
use crate::Result;
use crate::cancel::Cancel;
use crate::ids::{DocumentId, NodeId, Tick};
use serde::{Deserialize, Serialize};

/// So many of a cluster's strongest concepts are its evidence, the first of them its label.
pub const CLUSTER_CONCEPTS: usize = 8;
/// So many documents are the evidence of a cluster, or of a side of a bridge.
pub const DOCUMENTS: usize = 3;
/// So many of the strongest concepts of each side are the evidence of a bridge.
pub const BRIDGE_CONCEPTS: usize = 4;
/// At most so many bridges are kept, those with the largest scores.
pub const BRIDGES_MAX: usize = 1_000;

/// A cluster with its evidence.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Cluster {
    /// What it is beside the last survey.
    pub identity: Identity,
    /// The number of its concepts.
    pub concepts: u32,
    /// What speaks for it.
    pub support: Support,
    /// Its strongest concepts, each with the weight of its pairs inside of the cluster in units of 2^-16, the strongest
    /// first, equal ones by id. At most [`CLUSTER_CONCEPTS`].
    pub strongest: Vec<(NodeId, u64)>,
    /// The number of its documents.
    pub documents: u64,
    /// The documents that are most like all of its documents together, each with the cosine, the nearest first, equal
    /// ones by id. At most [`DOCUMENTS`].
    pub examples: Vec<(DocumentId, f64)>,
}

/// A concept that joins two clusters, with its evidence.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Bridge {
    /// The concept.
    pub concept: NodeId,
    /// Both sides, the more over-represented one first.
    pub sides: [BridgeSide; 2],
    /// How many documents hold the concept, N / 50 at most.
    pub df: u32,
    /// G^2 of both sides together.
    pub joint: f64,
    /// The share of its documents that both sides make up, above .6.
    pub cover: f64,
    /// The smaller G^2 of a side times the cover.
    pub score: f64,
}

/// One side of a bridge.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct BridgeSide {
    /// The cluster.
    pub cluster: ClusterId,
    /// K: how many of the documents that hold the concept are of the cluster, by their shares in it.
    pub documents: f64,
    /// G^2 of these documents against chance.
    pub g2: f64,
    /// The cluster's strongest concepts other than the bridge. At most [`BRIDGE_CONCEPTS`].
    pub strongest: Vec<NodeId>,
    /// The documents that hold the concept and have the largest shares in the cluster. At most [`DOCUMENTS`].
    pub examples: Vec<DocumentId>,
}

/// What a survey of one committed tick finds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Insights {
    /// The tick.
    pub tick: Tick,
    /// The number of documents with concepts.
    pub documents: u64,
    /// The modularity of all communities, clusters or not.
    pub modularity: f64,
    /// The clusters, in the order of their first concepts.
    pub clusters: Vec<Cluster>,
    /// The bridges, the largest score first, equal ones by id. At most [`BRIDGES_MAX`].
    pub bridges: Vec<Bridge>,
    /// The clusters that are no more, in order.
    pub gone: Vec<Gone>,
    /// The cluster of each document that is in one, by document.
    pub placed: Vec<(DocumentId, ClusterId)>,
    /// What the next survey begins with.
    pub membership: Membership,
}

impl Insights {
    /// Returns what there is to find in a graph and the lists of the same state, after a survey that left `last`.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag is set.
    pub fn of(pairs: &Pairs, lists: &Lists, last: &Membership, cancel: &Cancel) -> Result<Insights> {
        let weights = weights(pairs, cancel)?;
        let clusters = Clusters::of(pairs, &weights, last, cancel)?;
        let identified = identify(pairs, &clusters, last, cancel)?;
        let placed = place(pairs, lists, &clusters, cancel)?;
        let holdings = Holdings::of(lists, &clusters, cancel)?;
        let candidates = holdings.candidates(&clusters, cancel)?;
        let members = clusters.members();
        let modularity = modularity(pairs, &weights, clusters.community(), cancel)?;
        let telling =
            Telling { pairs, lists, clusters: &clusters, members: &members, identities: &identified.clusters };
        let bridges = candidates.iter().filter(|candidate| candidate.is_bridge()).take(BRIDGES_MAX);
        let bridges = bridges.map(|candidate| cancel.poll().map(|()| telling.bridge(candidate, &holdings)));
        let id = |cluster: u32| identified.clusters[cluster as usize].id;
        let of_document = lists.documents().iter().zip(&placed);
        Ok(Insights {
            tick: pairs.tick,
            documents: lists.len() as u64,
            modularity,
            bridges: bridges.collect::<Result<_>>()?,
            clusters: telling.clusters(&placed),
            placed: of_document.filter_map(|(&document, placed)| Some((document, id((*placed)?.cluster)))).collect(),
            gone: identified.gone,
            membership: identified.membership,
        })
    }
}

struct Telling<'a> {
    pairs: &'a Pairs,
    lists: &'a Lists,
    clusters: &'a Clusters,
    members: &'a [Vec<u32>],
    identities: &'a [Identity],
}

impl Telling<'_> {
    fn clusters(&self, placed: &[Option<Placed>]) -> Vec<Cluster> {
        let mut documents: Vec<Vec<(f64, u32)>> = vec![Vec::new(); self.members.len()];
        for (document, placed) in (0..).zip(placed) {
            if let Some(Placed { cluster, likeness }) = *placed {
                documents[cluster as usize].push((likeness, document));
            }
        }
        let mut clusters = Vec::with_capacity(self.members.len());
        for (number, mut documents) in (0..).zip(documents) {
            let members = &self.members[number as usize];
            documents.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
            let nearest = documents.iter().take(DOCUMENTS);
            let strongest = members.iter().take(CLUSTER_CONCEPTS);
            clusters.push(Cluster {
                identity: self.identities[number as usize].clone(),
                concepts: members.len() as u32,
                support: self.clusters.support(number),
                strongest: strongest.map(|&place| (self.pairs.id(place), self.clusters.strength(place))).collect(),
                documents: documents.len() as u64,
                examples: nearest.map(|&(likeness, document)| (self.document(document), likeness)).collect(),
            });
        }
        clusters
    }

    fn bridge(&self, candidate: &Candidate, holdings: &Holdings) -> Bridge {
        Bridge {
            concept: self.pairs.id(candidate.place),
            sides: candidate.sides.map(|side| self.side(candidate.place, side, holdings)),
            df: candidate.df,
            joint: candidate.joint,
            cover: candidate.cover(),
            score: candidate.score(),
        }
    }

    fn side(&self, concept: u32, side: Side, holdings: &Holdings) -> BridgeSide {
        let others = self.members[side.cluster as usize].iter().filter(|place| **place != concept);
        let examples = holdings.examples(concept, side.cluster, DOCUMENTS);
        BridgeSide {
            cluster: self.identities[side.cluster as usize].id,
            documents: side.documents,
            g2: side.g2,
            strongest: others.take(BRIDGE_CONCEPTS).map(|&place| self.pairs.id(place)).collect(),
            examples: examples.into_iter().map(|document| self.document(document)).collect(),
        }
    }

    fn document(&self, index: u32) -> DocumentId {
        self.lists.documents()[index as usize]
    }
}
