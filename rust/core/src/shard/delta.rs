//! What a tick changes on one shard.

use crate::agents::Digester;
use crate::field::Emissions;
use crate::graph::census::Census;
use crate::graph::staged::Staged as Rows;
use crate::ids::{AgentId, DocumentId, Tick};
use serde::{Deserialize, Serialize};
use std::iter::Sum;

/// A new synapse whose target has another home shard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct CrossEdge {
    /// The source's term index.
    pub source: u32,
    /// The target's term index.
    pub target: u32,
    /// The weight in fixed point (2^-24).
    pub weight: u32,
}

/// What a tick changes of a concept.
#[derive(Copy, Clone, Debug)]
pub(crate) struct NodeChange {
    pub(crate) slot: u32,
    pub(crate) term: u32,
    pub(crate) wirings: u32,
    pub(crate) uses: u64,
}

/// What a tick changes of some concepts and their rows, of which no other piece of it changes any.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) nodes: Vec<NodeChange>,
    pub(crate) rows: Rows,
}

/// Documents that leave, each with its word forms and their counts.
pub(crate) type Leaving = Vec<(DocumentId, Box<[(u32, u32)]>)>;

/// Everything a tick changes on one shard.
#[derive(Debug)]
pub struct Delta {
    pub(crate) tick: Tick,
    pub(crate) slots: usize,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) census: Census,
    // The terms that live here and are pinned, if these are others than before.
    pub(crate) pinned: Option<Box<[u32]>>,
    pub(crate) lysed: Vec<(u32, Box<[u32]>)>,
    // The documents that leave by themselves, with their word forms.
    pub(crate) leaving: Leaving,
    // What digesters leave on concepts.
    pub(crate) traces: Emissions,
    // How many concepts were chosen because they are known.
    pub(crate) transferred: u64,
    pub(crate) digesters: Vec<(AgentId, Option<Digester>)>,
    pub(crate) touched: u64,
    // The slot at which the sweep continues, if one is under way.
    pub(crate) sweep: Option<usize>,
    pub(crate) exchanged: u64,
    /// Concepts after the tick.
    pub node_count: u64,
    /// Living synapses after the tick.
    pub edge_count: u64,
    /// New synapses of this tick whose target has another home shard, in an order without meaning.
    pub cross_edges: Vec<CrossEdge>,
}

/// What shards staged in a tick that others must know, as sums over shards.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Staged {
    /// Documents lysed.
    pub lysed: u64,
    /// Those of them with nothing to digest.
    pub failed: u64,
    /// The digesters that end.
    pub ended: Vec<AgentId>,
    /// Bytes that shards sent each other, as packed on the wire.
    pub exchanged: u64,
    /// What digesters leave on concepts.
    pub traces: Emissions,
    /// How many concepts were chosen because they are known, and would not have been otherwise.
    pub transferred: u64,
}

impl Delta {
    /// Returns how many synapses the tick writes.
    pub fn synapses(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.rows.made()).sum()
    }

    /// Returns how many synapses are stored where these go.
    pub(crate) fn replaced(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.rows.replaced()).sum()
    }

    /// Returns what others must know of it.
    pub(crate) fn staged(&self) -> Staged {
        let ends = self.digesters.iter().filter(|(_, after)| after.is_none());
        Staged {
            lysed: self.lysed.len() as u64,
            failed: self.lysed.iter().filter(|(_, concepts)| concepts.is_empty()).count() as u64,
            ended: ends.map(|(id, _)| *id).collect(),
            exchanged: self.exchanged,
            traces: self.traces.clone(),
            transferred: self.transferred,
        }
    }
}

impl Sum for Staged {
    fn sum<I: Iterator<Item = Staged>>(parts: I) -> Staged {
        parts.fold(Staged::default(), |mut all, part| {
            all.lysed += part.lysed;
            all.failed += part.failed;
            all.ended.extend(part.ended);
            all.exchanged += part.exchanged;
            all.traces.merge(&part.traces);
            all.transferred += part.transferred;
            all
        })
    }
}
