//! What a tick changes on one shard.

use crate::agents::Digester;
use crate::commons::Commons;
use crate::field::Emissions;
use crate::graph::Synapse;
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

impl Piece {
    // Returns the concepts of rows that were staged in their order.
    fn concepts<R>(&self, rows: impl Iterator<Item = (u32, R)>) -> impl Iterator<Item = (u32, R)> {
        let mut nodes = self.nodes.iter();
        rows.map(move |(slot, row)| {
            let node = nodes.find(|node| node.slot == slot).expect("a row that is staged is that of a concept");
            (node.term, row)
        })
    }
}

impl Delta {
    /// Returns the new synapses whose targets have other homes, in an order without meaning. Nobody keeps a list of them:
    /// a tick may make millions, and most ticks are made without anybody who asks.
    pub fn cross_edges<'a>(&'a self, commons: &'a Commons) -> impl Iterator<Item = CrossEdge> + 'a {
        let (now, many) = (self.tick as u32, commons.seat_count() > 1);
        // What is only swept, without a change of its concept, has none.
        let changed = self.pieces.iter().filter(move |piece| many && !piece.nodes.is_empty());
        // Who wants some finds them sooner in rows that have grown.
        let grown = changed.clone().flat_map(|piece| piece.concepts(piece.rows.other()));
        let new = grown.flat_map(move |(source, row)| crossing(commons, now, source, row));
        let same = changed.flat_map(|piece| piece.concepts(piece.rows.same()));
        new.chain(same.flat_map(move |(source, row)| crossing(commons, now, source, row)))
    }

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

// Returns those new synapses of a row whose targets have other homes.
fn crossing<'a>(
    commons: &'a Commons,
    now: u32,
    source: u32,
    row: impl DoubleEndedIterator<Item = Synapse> + 'a,
) -> impl Iterator<Item = CrossEdge> + 'a {
    let here = commons.home(source).shard;
    // New synapses are behind all others of their row.
    let new = row.rev().take_while(move |synapse| synapse.created == now);
    new.filter(move |synapse| commons.home(synapse.target).shard != here)
        .map(move |Synapse { target, weight, .. }| CrossEdge { source, target, weight })
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
