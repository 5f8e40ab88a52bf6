//! Counts of what shards hold.

use crate::Result;
use crate::query::{Local, View};
use crate::shard::Shard;
use serde::{Deserialize, Serialize};

/// What one shard holds.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ShardCounts {
    /// Concepts.
    pub nodes: u64,
    /// Living synapses.
    pub edges: u64,
    /// Documents.
    pub documents: u64,
    /// Documents that wait to be digested.
    pub pending: u64,
    /// Bytes of rows, nodes, titles, texts and metadata.
    pub bytes: u64,
}

/// What all shards hold together.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Terms that some document has.
    pub terms: u64,
    /// Concepts.
    pub nodes: u64,
    /// Living synapses.
    pub edges: u64,
    /// Stored synapses, including those that are gone and not yet swept.
    pub edge_slots: u64,
    /// Living synapses whose ends have different home shards.
    pub cross_shard_edges: u64,
    /// Living digesters.
    pub digesters: u64,
    /// Bytes of rows and nodes.
    pub row_bytes: u64,
    /// Synapses that the last tick read.
    pub touched: u64,
}

/// What the shard of a seat holds, and what it is connected to.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SeatCounts {
    /// The seat.
    pub seat: usize,
    /// What the shard holds.
    pub counts: ShardCounts,
    /// How many of its living synapses end on each other shard, by seat.
    pub crossing: Vec<u64>,
}

impl Counts {
    /// Returns the counts of two parts of a colony together.
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            terms: self.terms.max(other.terms),
            nodes: self.nodes + other.nodes,
            edges: self.edges + other.edges,
            edge_slots: self.edge_slots + other.edge_slots,
            cross_shard_edges: self.cross_shard_edges + other.cross_shard_edges,
            digesters: self.digesters + other.digesters,
            row_bytes: self.row_bytes + other.row_bytes,
            touched: self.touched + other.touched,
        }
    }
}

impl Local<'_> {
    /// Returns what this shard holds and what it is connected to.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set.
    pub fn seat_counts(&self) -> Result<SeatCounts> {
        Ok(SeatCounts { seat: self.seat, counts: self.counts(), crossing: self.crossing()? })
    }

    /// Returns what this shard holds.
    pub fn counts(&self) -> ShardCounts {
        let (shard, documents) = (self.shard, self.documents());
        ShardCounts {
            nodes: shard.node_count(),
            edges: shard.edge_count(),
            documents: documents.len() as u64,
            pending: documents.all().filter(|document| document.digested.is_none()).count() as u64,
            bytes: shard.graph_bytes() as u64 + documents.bytes(),
        }
    }

    /// Returns how many living synapses of this shard end on each other shard, by seat.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn crossing(&self) -> Result<Vec<u64>> {
        let Local { seat, shard, commons, .. } = *self;
        let mut counts = vec![0; commons.ring().shard_count()];
        for term in shard.concepts() {
            self.poll()?;
            for synapse in shard.row(term, commons) {
                counts[commons.seat(commons.home(synapse.target).shard)] += 1;
            }
        }
        counts[seat] = 0;
        Ok(counts)
    }
}

impl View<'_> {
    /// Returns what all shards hold together.
    pub fn counts(&self) -> Result<Counts> {
        let mut cross_shard_edges = 0;
        for local in self.locals() {
            cross_shard_edges += local.crossing()?.iter().sum::<u64>();
        }
        let sum = |part: fn(&Shard) -> u64| self.shards.iter().map(|shard| part(shard)).sum();
        Ok(Counts {
            terms: (0..self.commons.terms() as u32).filter(|term| self.commons.df(*term) > 0).count() as u64,
            nodes: sum(Shard::node_count),
            edges: sum(Shard::edge_count),
            edge_slots: sum(Shard::stored),
            cross_shard_edges,
            digesters: sum(|shard| shard.digesters().count() as u64),
            row_bytes: sum(|shard| shard.graph_bytes() as u64),
            touched: sum(Shard::touched),
        })
    }
}
