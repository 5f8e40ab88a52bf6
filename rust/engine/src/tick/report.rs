//! What a tick and a run did.

use crate::tick::snapshot::Snapshot;
use phago_core::Error;
use phago_core::commons::Commons;
use phago_core::ids::{NodeId, ShardId, Tick};
use phago_core::maps::Set;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::shard::{CrossEdge, Delta, Seat, Shard};
use phago_core::text::Lexicon;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The state of one shard after one phase of a tick.
#[derive(Clone, Debug)]
pub struct PhaseReport {
    /// The shard.
    pub shard: ShardId,
    /// The phase it completed.
    pub phase: Phase,
    /// The tick it was part of.
    pub tick: Tick,
    /// Concepts on the shard: before the tick in Sense and Act, after it in Decay and Advance.
    pub node_count: u64,
    /// Living synapses on the shard, counted like the concepts.
    pub edge_count: u64,
    /// New synapses whose target has another home shard; only Decay makes any.
    pub cross_edges: CrossEdges,
}

impl PhaseReport {
    pub(crate) fn new(
        shard: &Shard,
        phase: Phase,
        tick: Tick,
        delta: Option<&Delta>,
        cross_edges: CrossEdges,
    ) -> PhaseReport {
        let before = (shard.node_count(), shard.edge_count());
        let (node_count, edge_count) = delta.map_or(before, |delta| (delta.node_count, delta.edge_count));
        PhaseReport { shard: shard.id(), phase, tick, node_count, edge_count, cross_edges }
    }

    /// Returns the reports of a whole tick, and the cross-shard edges it made, by seat. Unless it is `with_edges`, the
    /// reports have none of them, and of those to one target there is one, and no more than a shard caches.
    pub(crate) fn of_tick(
        snapshot: &Snapshot,
        seats: &[Seat],
        with_edges: bool,
    ) -> (Vec<PhaseReport>, Vec<CrossEdges>) {
        let (tick, shards, commons) = (snapshot.plan.tick, &snapshot.shards, &snapshot.commons);
        let none = CrossEdges::new(commons, Vec::new());
        let made = seats.iter().map(|seat| {
            let edges = seat.cross_edges(commons);
            if with_edges {
                return edges.collect();
            }
            let (most, mut targets) = (commons.config().ghosts_max as usize, Set::default());
            edges.filter(|edge| targets.insert(edge.target)).take(most).collect()
        });
        let made: Vec<CrossEdges> = made
            .map(|edges: Vec<CrossEdge>| if edges.is_empty() { none.clone() } else { CrossEdges::new(commons, edges) })
            .collect();
        let mut phases = Vec::with_capacity(3 * shards.len());
        for phase in [Phase::Sense, Phase::Act] {
            phases.extend(shards.iter().map(|shard| PhaseReport::new(shard, phase, tick, None, none.clone())));
        }
        let told = made.iter().map(|edges| if with_edges { edges } else { &none });
        phases.extend(
            shards
                .iter()
                .zip(seats)
                .zip(told)
                .map(|((shard, seat), edges)| PhaseReport::new(shard, Phase::Decay, tick, seat.delta(), edges.clone())),
        );
        (phases, made)
    }
}

/// What a whole tick did. Of the colony's state, it keeps only the dictionary alive.
#[derive(Clone, Debug)]
pub struct TickReport {
    /// The tick.
    pub tick: Tick,
    /// Sense of every shard, then Act, then Decay; ordered by shard within a phase.
    pub phases: Vec<PhaseReport>,
    /// Documents digested.
    pub digested: u64,
    /// Granted documents without anything to digest.
    pub failed: u64,
    /// Whether nothing is left to do: no backlog and no living digester after the tick.
    pub is_quiet: bool,
    /// The errors of the attempts before the one that was committed, in order. The tick was redone as often.
    pub recovered: Vec<Error>,
}

/// What a run of ticks did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunReport {
    /// Ticks made.
    pub ticks: u64,
    /// Documents digested.
    pub digested: u64,
    /// Documents without anything to digest.
    pub failed: u64,
    /// How often ticks were redone.
    pub recovered: u64,
    /// Why the last one was.
    pub last_fault: Option<Error>,
}

impl RunReport {
    pub(crate) fn add(&mut self, tick: &TickReport) {
        self.ticks += 1;
        self.digested += tick.digested;
        self.failed += tick.failed;
        self.recovered += tick.recovered.len() as u64;
        if let Some(last) = tick.recovered.last() {
            self.last_fault = Some(last.clone());
        }
    }
}

/// A new synapse between two shards, as users see it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct CrossShardEdge {
    /// The node it starts from.
    pub from: NodeId,
    /// The node it leads to.
    pub to: NodeId,
    /// The home shard of that node.
    pub to_shard: ShardId,
    /// Its weight, from 0 to 1.
    pub weight: f64,
}

/// The cross-shard edges made on one shard in one phase, ordered by source id and target id.
///
/// Stored as term indices, 12 bytes each, and sorted when the first one is read: a tick may make millions, and most
/// callers only want their number. Clones share them.
#[derive(Clone)]
pub struct CrossEdges(Arc<Edges>);

struct Edges {
    lexicon: Arc<Lexicon>,
    ring: Arc<Ring>,
    made: Vec<CrossEdge>,
    // Indices into `made`, in order.
    order: OnceLock<Vec<u32>>,
}

impl CrossEdges {
    pub(crate) fn new(commons: &Commons, made: Vec<CrossEdge>) -> CrossEdges {
        let (lexicon, ring) = (commons.lexicon().clone(), commons.ring().clone());
        CrossEdges(Arc::new(Edges { lexicon, ring, made, order: OnceLock::new() }))
    }

    // Returns others of the same dictionary.
    pub(crate) fn beside(&self, made: Vec<CrossEdge>) -> CrossEdges {
        let (lexicon, ring) = (self.0.lexicon.clone(), self.0.ring.clone());
        CrossEdges(Arc::new(Edges { lexicon, ring, made, order: OnceLock::new() }))
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.made.len()
    }

    /// Returns whether there are no edges.
    pub fn is_empty(&self) -> bool {
        self.0.made.is_empty()
    }

    /// Returns one of them by its rank in the order.
    pub fn get(&self, index: usize) -> Option<CrossShardEdge> {
        let edges = &*self.0;
        let order = edges.order.get_or_init(|| {
            let ends = |place: &u32| {
                let edge = &edges.made[*place as usize];
                (edges.lexicon.node(edge.source), edges.lexicon.node(edge.target))
            };
            let mut order: Vec<u32> = (0..edges.made.len() as u32).collect();
            order.sort_by_cached_key(ends);
            order
        });
        let edge = edges.made[*order.get(index)? as usize];
        let to = edges.lexicon.node(edge.target);
        Some(CrossShardEdge {
            from: edges.lexicon.node(edge.source),
            to,
            to_shard: edges.ring.shard_of(to.0),
            weight: f64::from(edge.weight) / f64::from(phago_core::graph::synapse::ONE),
        })
    }

    /// Returns all of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = CrossShardEdge> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    // Returns them as term indices, in an order without meaning.
    pub(crate) fn raw(&self) -> &[CrossEdge] {
        &self.0.made
    }

    // Returns the dictionary that these indices belong to.
    pub(crate) fn lexicon(&self) -> &Arc<Lexicon> {
        &self.0.lexicon
    }
}

impl fmt::Debug for CrossEdges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrossEdges({})", self.len())
    }
}
