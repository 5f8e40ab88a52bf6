//! The shard: a pure state machine over what it owns.
//!
//! Sense, Act and Decay read the committed state and stage what will change. A [`Seat`] holds what is staged and
//! enforces the order of the phases. [`Shard::advance`] swaps it in, calls no foreign code and cannot fail. Dropping
//! what was staged aborts the tick.

mod act;
mod decay;
mod deliver;
mod delta;
mod gathered;
mod renumber;
mod restore;
mod seat;
mod sense;
mod sources;
mod sweep;

pub use deliver::Delivered;
use delta::Piece;
pub use delta::{CrossEdge, Delta, Staged};
use ecow::EcoString;
pub use gathered::Gathered;
pub(crate) use restore::{Ends, Nodes};
pub use seat::{Seat, exchange};

use crate::agents::Digester;
use crate::commons::Commons;
use crate::documents::{Analysed, Document, Documents, Lifetime};
use crate::graph::{Decays, Row, Synapse};
use crate::ids::{AgentId, DocumentId, ShardId, Tick};
use crate::reinforcement::{Reinforcement, Waiting, size_of_waiting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A concept at its home shard.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) term: u32,
    // How many documents that are not deleted wired it. A term has a slot from the day it is learned, and is a node
    // while this is not 0.
    pub(crate) wirings: u32,
    // How often it was used since it became a node.
    pub(crate) uses: u64,
    pub(crate) row: Row,
}

/// What a shard reports of a node, for ghosts and for users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeData {
    /// The node's most frequent word form.
    pub label: EcoString,
    /// The documents that have the term.
    pub mentions: u64,
    /// How often `reinforce` or an agent used it.
    pub uses: u64,
    /// The number of its living synapses.
    pub degree: u32,
    /// Its home shard.
    pub shard: ShardId,
}

/// One shard's committed state.
#[derive(Clone, Debug)]
pub struct Shard {
    id: ShardId,
    seat: usize,
    tick: Tick,
    documents: Documents,
    nodes: Vec<Node>,
    node_count: u64,
    digesters: BTreeMap<AgentId, Digester>,
    // The tick of digestion and the concepts of documents deleted since the last tick.
    unwiring: Vec<(u32, Box<[u32]>)>,
    // The reinforcements of each document since the last tick.
    reinforcing: BTreeMap<u128, Waiting>,
    // The terms that live here and are pinned, sorted, whether they are concepts or not.
    pinned: Box<[u32]>,
    // The number of living synapses, and how many of them end at each later tick.
    live: u64,
    ends: BTreeMap<u32, u64>,
    // Stored synapses, including those that are gone.
    stored: u64,
    // The slot at which a sweep continues, if one is under way.
    sweep: Option<usize>,
    touched: u64,
}

/// What a commit replaced. The caller drops it without a lock.
#[derive(Debug)]
pub struct Retired(#[allow(dead_code)] Vec<Piece>);

impl Shard {
    pub(crate) fn new(id: ShardId, seat: usize) -> Self {
        Shard {
            id,
            seat,
            tick: 0,
            documents: Documents::default(),
            nodes: Vec::new(),
            node_count: 0,
            digesters: BTreeMap::new(),
            unwiring: Vec::new(),
            reinforcing: BTreeMap::new(),
            pinned: Box::default(),
            live: 0,
            ends: BTreeMap::new(),
            stored: 0,
            sweep: None,
            touched: 0,
        }
    }

    /// Its id.
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// Returns its tick.
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Its documents.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Returns the number of its concepts.
    pub fn node_count(&self) -> u64 {
        self.node_count
    }

    /// Returns the number of its living synapses, exact at every tick without a sweep.
    pub fn edge_count(&self) -> u64 {
        self.live
    }

    /// Returns the number of stored synapses, including those that are gone and not yet swept.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// Returns the number of synapses that the last tick read: an idle tick reads none.
    pub fn touched(&self) -> u64 {
        self.touched
    }

    /// Returns its living digesters, in order.
    pub fn digesters(&self) -> impl Iterator<Item = &Digester> + '_ {
        self.digesters.values()
    }

    /// Returns the bytes of rows and nodes on the heap, without the allocator's overhead.
    pub fn graph_bytes(&self) -> usize {
        let rows: usize = self.nodes.iter().map(|node| node.row.bytes()).sum();
        rows + self.nodes.capacity() * size_of::<Node>()
    }

    /// Returns the bytes of memory that it takes, about: the texts plus twelve to twenty bytes for each synapse. It costs
    /// nothing to say.
    pub fn bytes(&self) -> u64 {
        self.documents.bytes() + self.stored * 16
    }

    /// Returns the term indices of its concepts, in an order without meaning.
    pub fn concepts(&self) -> impl Iterator<Item = u32> + '_ {
        self.nodes.iter().filter(|node| node.wirings > 0).map(|node| node.term)
    }

    /// Returns whether a term of this home shard is a concept.
    pub fn is_concept(&self, term: u32, commons: &Commons) -> bool {
        self.node(term, commons).is_some()
    }

    /// Returns how many documents that are not deleted wired a concept.
    pub(crate) fn wirings(&self, term: u32, commons: &Commons) -> u32 {
        self.node(term, commons).map_or(0, |node| node.wirings)
    }

    /// Returns how often a concept was used.
    pub(crate) fn uses_of(&self, term: u32, commons: &Commons) -> u64 {
        self.node(term, commons).map_or(0, |node| node.uses)
    }

    /// Returns the living synapses of a concept of this shard, in an order without meaning.
    pub fn row<'a>(&'a self, term: u32, commons: &Commons) -> impl Iterator<Item = Synapse> + 'a {
        let decay = self.decays(commons).of(term).clone();
        let now = self.tick as u32;
        let row = self.node(term, commons).map(|node| node.row.iter());
        row.into_iter().flatten().filter(move |synapse| decay.is_alive(synapse, now))
    }

    /// Returns the terms that live here and are pinned, sorted.
    pub(crate) fn pinned(&self) -> &[u32] {
        &self.pinned
    }

    /// Returns the laws by which the synapses of its concepts decay.
    pub(crate) fn decays(&self, commons: &Commons) -> Decays<'_> {
        Decays::new(commons.config(), &*self.pinned)
    }

    /// Returns what this shard reports of one of its concepts.
    pub fn describe(&self, term: u32, commons: &Commons) -> Option<NodeData> {
        self.node(term, commons)?;
        Some(NodeData {
            label: commons.label(term),
            mentions: u64::from(commons.df(term)),
            uses: self.uses_of(term, commons),
            degree: self.row(term, commons).count() as u32,
            shard: self.id,
        })
    }

    fn node(&self, term: u32, commons: &Commons) -> Option<&Node> {
        let home = commons.vocabulary().homes().get(term as usize).filter(|home| home.shard == self.id)?;
        self.nodes.get(home.slot as usize).filter(|node| node.wirings > 0)
    }

    /// Returns the documents deleted since the last tick, which the next one unwires.
    pub(crate) fn unwiring(&self) -> &[(u32, Box<[u32]>)] {
        &self.unwiring
    }

    /// Returns the reinforcements since the last tick, by document.
    pub(crate) fn reinforcing(&self) -> &BTreeMap<u128, Waiting> {
        &self.reinforcing
    }

    /// Queues a reinforcement of a document for the next tick. Returns how much the size of all that wait grows.
    pub(crate) fn reinforce(&mut self, id: DocumentId, reinforcement: Reinforcement, times: u64) -> u64 {
        let size = reinforcement.size();
        let known = self.reinforcing.entry(id.0).or_default().entry(reinforcement).or_default();
        let size = if *known == 0 { size } else { 0 };
        *known = known.saturating_add(times);
        size
    }

    /// Drops the reinforcements of a document that is deleted. Returns how much the size of all that wait falls.
    pub(crate) fn forget_reinforcements(&mut self, id: DocumentId) -> u64 {
        self.reinforcing.remove(&id.0).map_or(0, |waiting| size_of_waiting(&waiting))
    }

    /// Removes a document.
    pub(crate) fn remove(&mut self, id: DocumentId) -> Option<Document> {
        let document = self.documents.remove(id)?;
        if let Some(digested) = document.digested.filter(|_| !document.concepts.is_empty()) {
            self.unwiring.push((digested, document.concepts.clone()));
        }
        Some(document)
    }

    /// Has the processor read meanwhile what the insertion of these documents reads first.
    pub(crate) fn prefetch(&self, coming: &[Analysed]) {
        self.documents.prefetch(coming);
    }

    pub(crate) fn insert(&mut self, document: Analysed, arrival: u32) {
        self.documents.insert(document, arrival);
    }

    /// Sets when a document leaves by itself. Returns when it would have left before.
    pub(crate) fn renew(&mut self, id: DocumentId, expires: Option<Lifetime>) -> Option<Lifetime> {
        self.documents.renew(id, expires)
    }

    /// Swaps in what a tick staged. Calls no foreign code and cannot fail.
    pub fn advance(&mut self, mut delta: Delta) -> Retired {
        let stamp = delta.tick as u32;
        self.tick = delta.tick;
        if self.nodes.len() < delta.slots {
            self.nodes.resize_with(delta.slots, || Node { term: 0, wirings: 0, uses: 0, row: Row::default() });
        }
        for told in delta.pieces.iter().flat_map(|piece| &piece.nodes) {
            let node = &mut self.nodes[told.slot as usize];
            node.term = told.term;
            node.wirings = told.wirings;
            node.uses = told.uses;
        }
        self.node_count = delta.node_count;
        // Inputs wait while a tick runs, so the tick has unwired and reinforced everything here.
        self.unwiring.clear();
        self.reinforcing.clear();
        self.stored = self.stored + delta.synapses() - delta.replaced();
        delta.pieces.iter_mut().for_each(|piece| piece.rows.replace(&mut self.nodes, |node| &mut node.row));
        if let Some(pinned) = delta.pinned.take() {
            self.pinned = pinned;
        }
        self.ends.remove(&stamp);
        self.live = delta.edge_count;
        for (&end, &change) in &delta.census.ends {
            let count = self.ends.entry(end).or_default();
            *count = count.checked_add_signed(change).expect("Decay held that no count falls below 0");
            if *count == 0 {
                self.ends.remove(&end);
            }
        }
        for (place, concepts) in std::mem::take(&mut delta.lysed) {
            self.documents.digest(place, stamp, concepts);
        }
        for (id, after) in std::mem::take(&mut delta.digesters) {
            match after {
                Some(digester) => self.digesters.insert(id, digester),
                None => self.digesters.remove(&id),
            };
        }
        self.sweep = delta.sweep;
        self.touched = delta.touched;
        Retired(delta.pieces)
    }

    /// Moves on to a later tick in which nothing happens but the end of synapses.
    pub(crate) fn pass(&mut self, tick: Tick) {
        self.tick = tick;
        self.touched = 0;
        while let Some(entry) = self.ends.first_entry().filter(|entry| u64::from(*entry.key()) <= tick) {
            self.live -= entry.remove();
        }
    }
}
