//! What a beat brings to one part.

use crate::ids::NodeId;
use serde::{Deserialize, Serialize};

/// Two concepts of one document. Its home is that of its source, which is the smaller id.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Deserialize, Serialize)]
#[serde(try_from = "(NodeId, NodeId)")]
pub struct Pair {
    source: NodeId,
    target: NodeId,
}

impl Pair {
    /// Returns the pair of two concepts in either order, or `None` if they are the same.
    pub fn new(one: NodeId, other: NodeId) -> Option<Pair> {
        (one != other).then(|| Pair { source: one.min(other), target: one.max(other) })
    }

    /// Returns the concept whose home is the pair's.
    pub fn source(self) -> NodeId {
        self.source
    }

    /// Returns the other concept.
    pub fn target(self) -> NodeId {
        self.target
    }
}

impl TryFrom<(NodeId, NodeId)> for Pair {
    type Error = &'static str;

    fn try_from((source, target): (NodeId, NodeId)) -> Result<Pair, &'static str> {
        if source < target {
            Ok(Pair { source, target })
        } else {
            Err("the ends of a pair are the same or out of order")
        }
    }
}

/// What was activated in a beat, as far as it lives at one home, and what left. Each entity stands once, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    pub(super) concepts: Vec<(NodeId, u64)>,
    pub(super) pairs: Vec<(Pair, u64)>,
    pub(super) new: Vec<NodeId>,
    pub(super) gone: Vec<NodeId>,
    pub(super) gone_pairs: Vec<Pair>,
}

impl Seen {
    /// Counts the concepts of this home, and the pairs whose source is at this home, in the concept lists of documents.
    /// The lists may have others too; no list has a concept twice.
    pub fn count(lists: &[&[NodeId]], is_home: impl Fn(NodeId) -> bool) -> Seen {
        let (mut concepts, mut pairs) = (Vec::new(), Vec::new());
        for list in lists {
            for &source in list.iter().filter(|&&concept| is_home(concept)) {
                concepts.push((source, 1));
                let larger = list.iter().filter(|&&target| source < target);
                pairs.extend(larger.map(|&target| (Pair { source, target }, 1)));
            }
        }
        Seen::new(concepts, pairs)
    }

    /// Returns what was activated how often. An entity may stand more than once: its activations are added.
    pub fn new(mut concepts: Vec<(NodeId, u64)>, mut pairs: Vec<(Pair, u64)>) -> Seen {
        add(&mut concepts);
        add(&mut pairs);
        Seen { concepts, pairs, ..Seen::default() }
    }

    /// Says which of the concepts no document had wired before.
    #[must_use]
    pub fn with_new(mut self, mut concepts: Vec<NodeId>) -> Seen {
        concepts.sort_unstable();
        concepts.dedup();
        self.new = concepts;
        self
    }

    /// Says which concepts left with their last document, and the pairs of those. They are forgotten first, so one that
    /// also was activated begins anew.
    #[must_use]
    pub fn with_gone(mut self, mut concepts: Vec<NodeId>, mut pairs: Vec<Pair>) -> Seen {
        concepts.sort_unstable();
        concepts.dedup();
        pairs.sort_unstable();
        pairs.dedup();
        (self.gone, self.gone_pairs) = (concepts, pairs);
        self
    }

    /// Returns the activations of its concepts, and of its pairs, summed.
    pub(super) fn totals(&self) -> (u64, u64) {
        let concepts = self.concepts.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.1));
        (concepts, self.pairs.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.1)))
    }
}

fn add<K: Ord + Copy>(entries: &mut Vec<(K, u64)>) {
    entries.sort_unstable();
    entries.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 = first.1.saturating_add(next.1);
        }
        same
    });
    entries.retain(|entry| entry.1 > 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_home_counts_its_own() {
        let [a, b, c] = [1, 2, 3].map(NodeId);
        let lists: [&[NodeId]; 3] = [&[c, a], &[a, b, c], &[b]];
        let all = Seen::count(&lists, |_| true);
        assert_eq!(all.concepts, [(a, 2), (b, 2), (c, 2)]);
        let pair = |one, other| Pair::new(one, other).unwrap();
        assert_eq!(all.pairs, [(pair(a, b), 1), (pair(c, a), 2), (pair(c, b), 1)]);
        assert_eq!(all.totals(), (6, 4));
        let of_b = Seen::count(&lists, |concept| concept == b);
        assert_eq!((of_b.concepts, of_b.pairs), (vec![(b, 2)], vec![(pair(b, c), 1)]));
    }

    #[test]
    fn a_pair_has_two_concepts_in_one_order() {
        let [a, b] = [1, 2].map(NodeId);
        assert_eq!(Pair::new(a, a), None);
        let pair = Pair::new(b, a).unwrap();
        assert_eq!((pair.source(), pair.target()), (a, b));
        let bytes = postcard::to_allocvec(&(b, a)).unwrap();
        assert!(postcard::from_bytes::<Pair>(&bytes).is_err());
        assert_eq!(postcard::from_bytes::<Pair>(&postcard::to_allocvec(&pair).unwrap()), Ok(pair));
    }
}
