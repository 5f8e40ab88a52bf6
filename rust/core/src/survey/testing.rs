//! Graphs for tests.

use super::pairs::{Concept, Pair, Pairs};
use crate::ids::NodeId;

/// Returns a graph of concepts with ids from 0 and these pairs, in any order, each of weight 1 and seen in 5 of 1,000
/// documents.
pub(super) fn graph(concepts: u32, pairs: impl IntoIterator<Item = (u32, u32)>) -> Pairs {
    let concepts = (0..concepts).map(|term| Concept { id: NodeId(term.into()), term, df: 8 }).collect();
    let pair = |(one, other): (u32, u32)| Pair { one: one.min(other), other: one.max(other), co: 5, weight: 1 << 24 };
    let mut pairs: Vec<Pair> = pairs.into_iter().map(pair).collect();
    pairs.sort_unstable_by_key(|pair| (pair.one, pair.other));
    pairs.dedup();
    Pairs { tick: 0, documents: 1000, concepts, pairs }
}
