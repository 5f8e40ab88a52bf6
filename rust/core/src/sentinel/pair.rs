//! Two concepts of one document.

use crate::ids::NodeId;

/// Two concepts, by their ids.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Pair {
    source: NodeId,
    target: NodeId,
}

impl Pair {
    /// Returns the pair of two concepts in either order, or `None` if they are the same.
    pub fn new(one: NodeId, other: NodeId) -> Option<Pair> {
        (one != other).then(|| Pair { source: one.min(other), target: one.max(other) })
    }

    /// Returns the concept with the smaller id.
    pub fn source(self) -> NodeId {
        self.source
    }

    /// Returns the other concept.
    pub fn target(self) -> NodeId {
        self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_two_concepts_in_one_order() {
        let [a, b] = [1, 2].map(NodeId);
        assert_eq!(Pair::new(a, a), None);
        let pair = Pair::new(b, a).unwrap();
        assert_eq!((pair.source(), pair.target()), (a, b));
        assert_eq!(Pair::new(a, b), Some(pair));
    }
}
