//! Rebuilds a shard from its stored parts.

use super::{Node, Shard};
use crate::agents::Digester;
use crate::graph::{Decay, Row, Synapse};
use crate::ids::{DocumentId, Tick};
use crate::maps::Map;
use std::collections::BTreeMap;

// Known ends are forgotten beyond this number.
const ENDS_MAX: usize = 1 << 16;

/// The ticks at which synapses end. Many synapses were made and used in the same ticks and weigh the same; the end of
/// these is computed once.
pub(crate) struct Ends<'a> {
    decay: &'a Decay,
    known: Map<(u32, u32, u32, u32), Option<u32>>,
}

impl<'a> Ends<'a> {
    pub(crate) fn new(decay: &'a Decay) -> Self {
        Ends { decay, known: Map::default() }
    }

    /// Returns the first tick at which a synapse is gone, if it ever is.
    pub(crate) fn of(&mut self, synapse: &Synapse) -> Option<u32> {
        if self.known.len() >= ENDS_MAX {
            self.known.clear();
        }
        let from = (synapse.weight, synapse.last, synapse.created, synapse.co_activations);
        *self.known.entry(from).or_insert_with(|| self.decay.gone_at(synapse))
    }
}

impl Shard {
    /// Sets the tick of a shard that has nothing else restored yet.
    pub(crate) fn restore_tick(&mut self, tick: Tick) {
        self.tick = tick;
    }

    /// Marks a document of this shard as digested.
    pub(crate) fn restore_digested(&mut self, id: DocumentId, tick: u32, concepts: Box<[u32]>) {
        let place = self.documents.place(id).expect("a document is restored before what a tick made of it");
        self.documents.digest(place, tick, concepts);
    }

    /// Sets the deleted documents that are not unwired yet.
    pub(crate) fn restore_unwiring(&mut self, unwiring: Vec<(u32, Box<[u32]>)>) {
        self.unwiring = unwiring;
    }

    /// Sets which terms that live here are pinned; before its nodes are added.
    pub(crate) fn restore_pinned(&mut self, pinned: Box<[u32]>) {
        self.pinned = pinned;
    }

    /// Adds a living digester.
    pub(crate) fn restore_digester(&mut self, digester: Digester) {
        self.digesters.insert(digester.id, digester);
    }

    /// Sets the nodes of a shard that has none yet.
    pub(crate) fn restore_nodes(&mut self, nodes: Nodes) {
        let Nodes { list, count, synapses, ends } = nodes;
        (self.nodes, self.node_count, self.live, self.stored, self.ends) = (list, count, synapses, synapses, ends);
    }
}

/// The nodes of a shard, which can be read beside its documents.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    // By slot.
    list: Vec<Node>,
    count: u64,
    synapses: u64,
    // How many of them end at each tick.
    ends: BTreeMap<u32, u64>,
}

impl Nodes {
    /// Adds a node with its living synapses, and the ticks at which those end that do. Returns `false` if it exists
    /// already.
    pub(crate) fn add(&mut self, slot: u32, term: u32, wirings: u32, uses: u64, row: &[Synapse], ends: &[u32]) -> bool {
        let slot = slot as usize;
        if self.list.len() <= slot {
            self.list.resize_with(slot + 1, || Node { term: 0, wirings: 0, uses: 0, row: Row::default() });
        }
        if self.list[slot].wirings > 0 {
            return false;
        }
        self.list[slot] = Node { term, wirings, uses, row: Row::new(row) };
        self.count += 1;
        self.synapses += row.len() as u64;
        for end in ends {
            *self.ends.entry(*end).or_default() += 1;
        }
        true
    }
}
