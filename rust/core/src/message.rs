//! What shards send each other in a tick: the concept lists of documents that were lysed, of documents that were
//! deleted, and the reinforcements.
//!
//! A list is sent once to each shard that owns any of its concepts. The receiver expands it into the synapses whose
//! source it owns, so that the k^2 edges of a document are never sent. In process the lists of a shard are one buffer
//! that all batches share. Reinforcements are sent as counts, one for each concept and each synapse: sums of integers
//! do not depend on the order in which they were given.

use crate::ids::{ShardId, Tick};
use crate::text::Lexicon;
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Concept lists, each sorted by term index, in one buffer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists {
    ends: Vec<u32>,
    terms: Vec<u32>,
    ticks: Vec<u32>,
}

impl Lists {
    /// Makes room for so many more lists, with so many terms together.
    pub fn reserve(&mut self, lists: usize, terms: usize) {
        self.ends.reserve(lists);
        self.terms.reserve(terms);
        self.ticks.reserve(lists);
    }

    /// Adds a list, sorted by term index, of a document that was digested at `tick`.
    pub fn push(&mut self, terms: &[u32], tick: u32) {
        self.terms.extend_from_slice(terms);
        self.ticks.push(tick);
        self.ends.push(self.terms.len() as u32);
    }

    /// Returns how many lists there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there are no lists.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns a list by its index.
    pub fn get(&self, place: u32) -> &[u32] {
        let place = place as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] as usize };
        &self.terms[start..self.ends[place] as usize]
    }

    /// Returns the tick at which a list's document was digested.
    pub fn tick(&self, place: u32) -> u32 {
        self.ticks[place as usize]
    }

    /// Returns the bytes of a list on the wire: its length, then gaps of the sorted indices, as varints.
    pub(crate) fn packed_bytes(list: &[u32]) -> u64 {
        let mut previous = 0;
        let gaps = list.iter().map(|&term| varint(term - std::mem::replace(&mut previous, term)));
        varint(list.len() as u32) + gaps.sum::<u64>()
    }
}

fn varint(value: u32) -> u64 {
    u64::from((38 - (value | 1).leading_zeros()) / 7)
}

/// How often reinforcements use the concepts and strengthen the synapses of one shard.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Uses {
    /// Concepts, by term index.
    pub concepts: Vec<(u32, u64)>,
    /// Synapses as (source, target), by term indices.
    pub synapses: Vec<((u32, u32), u64)>,
}

impl Uses {
    /// Returns the number of concepts and synapses.
    pub fn len(&self) -> usize {
        self.concepts.len() + self.synapses.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // Returns the bytes on the wire: gaps of the sorted sources, targets and counts, as varints.
    fn packed_bytes(&self) -> u64 {
        let count = |times: u64| varint(u32::try_from(times).unwrap_or(u32::MAX));
        let mut previous = 0;
        let mut gap = |term: u32| varint(term - std::mem::replace(&mut previous, term));
        let concepts: u64 = self.concepts.iter().map(|&(term, times)| gap(term) + count(times)).sum();
        let mut previous = 0;
        let mut gap = |term: u32| varint(term - std::mem::replace(&mut previous, term));
        let synapse = |&((source, target), times): &((u32, u32), u64)| gap(source) + varint(target) + count(times);
        concepts + self.synapses.iter().map(synapse).sum::<u64>()
    }

    /// Returns the largest term index.
    pub(crate) fn largest(&self) -> Option<u32> {
        self.terms().max()
    }

    fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        let ends = self.synapses.iter().flat_map(|&((source, target), _)| [source, target]);
        self.concepts.iter().map(|&(term, _)| term).chain(ends)
    }
}

/// Everything one shard sends to another in one tick. Opaque to those who carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The tick it belongs to.
    pub tick: Tick,
    /// The sender.
    pub from: ShardId,
    /// The addressee.
    pub to: ShardId,
    pub(crate) wired: Share,
    pub(crate) unwired: Share,
    pub(crate) uses: Uses,
}

/// The part of one shard's lists that another needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Share {
    pub(crate) lists: Arc<Lists>,
    pub(crate) chosen: Vec<u32>,
    pub(crate) packed: u64,
}

impl Share {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> + '_ {
        self.chosen.iter().map(|&place| self.lists.get(place))
    }

    pub(crate) fn stamped(&self) -> impl Iterator<Item = (u32, &[u32])> + '_ {
        self.chosen.iter().map(|&place| (self.lists.tick(place), self.lists.get(place)))
    }

    fn decode(stamped: &[(u32, Vec<u32>)], terms: &[u32]) -> Result<Share> {
        let (mut lists, mut packed) = (Lists::default(), 0);
        for (tick, list) in stamped {
            let mut list = list.iter().map(|&place| at(terms, place)).collect::<Result<Vec<u32>>>()?;
            list.sort_unstable();
            list.dedup();
            packed += Lists::packed_bytes(&list);
            lists.push(&list, *tick);
        }
        let chosen = (0..lists.len() as u32).collect();
        Ok(Share { lists: Arc::new(lists), chosen, packed })
    }
}

// A batch outside of the process: term indices mean nothing there, so it brings its own dictionary.
#[derive(Serialize, Deserialize)]
struct Wire {
    version: u8,
    tick: Tick,
    from: u32,
    to: u32,
    packed: u64,
    stems: Vec<String>,
    wired: Vec<(u32, Vec<u32>)>,
    unwired: Vec<(u32, Vec<u32>)>,
    used: Vec<(u32, u64)>,
    reinforced: Vec<((u32, u32), u64)>,
}

const WIRE_VERSION: u8 = 2;

impl Batch {
    /// Returns the concept lists of documents that were lysed.
    pub fn lists(&self) -> impl Iterator<Item = &[u32]> + '_ {
        self.wired.iter()
    }

    /// Returns the concept lists of digested documents that were deleted, with the tick of their digestion.
    pub fn unwired(&self) -> impl Iterator<Item = (u32, &[u32])> + '_ {
        self.unwired.stamped()
    }

    /// Returns what was reinforced of the addressee's concepts and synapses.
    pub fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Returns how many entries it has: documents, and reinforced concepts and synapses.
    pub fn len(&self) -> usize {
        self.wired.chosen.len() + self.unwired.chosen.len() + self.uses.len()
    }

    /// Returns whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes it takes on the wire between two shards that share a dictionary of terms: gaps of sorted term
    /// indices as varints. In process nothing is copied.
    pub fn nbytes(&self) -> u64 {
        self.wired.packed + self.unwired.packed + self.uses.packed_bytes()
    }

    /// Returns whether another batch has the same content, however it is packed.
    pub fn says_the_same(&self, other: &Batch) -> bool {
        let ends = |batch: &Batch| (batch.tick, batch.from, batch.to);
        ends(self) == ends(other)
            && self.lists().eq(other.lists())
            && self.unwired().eq(other.unwired())
            && self.uses == other.uses
    }

    /// Encodes the batch as bytes that another process can read.
    pub fn encode(&self, lexicon: &Lexicon) -> Vec<u8> {
        let mut dictionary = BTreeMap::new();
        let listed = self.wired.iter().chain(self.unwired.iter()).flatten().copied();
        for term in listed.chain(self.uses.terms()) {
            dictionary.entry(term).or_insert_with(|| lexicon.stem(term).to_string());
        }
        let index: BTreeMap<u32, u32> = dictionary.keys().copied().zip(0..).collect();
        let packed = |share: &Share| {
            let lists = share.stamped();
            lists.map(|(tick, list)| (tick, list.iter().map(|term| index[term]).collect())).collect()
        };
        let wire = Wire {
            version: WIRE_VERSION,
            tick: self.tick,
            from: self.from.0,
            to: self.to.0,
            packed: self.nbytes(),
            wired: packed(&self.wired),
            unwired: packed(&self.unwired),
            used: self.uses.concepts.iter().map(|(term, times)| (index[term], *times)).collect(),
            reinforced: self.uses.synapses.iter().map(|((a, b), times)| ((index[a], index[b]), *times)).collect(),
            stems: dictionary.into_values().collect(),
        };
        postcard::to_stdvec(&wire).expect("plain data always encodes")
    }

    /// Decodes a batch from [`Batch::encode`], in the terms of this process.
    ///
    /// # Errors
    /// [`Error::Wire`] if the bytes are not a batch, have another version, or have a term that is unknown here.
    pub fn decode(bytes: &[u8], lexicon: &Lexicon) -> Result<Batch> {
        let wire = Wire::read(bytes)?;
        let known = |stem: &String| lexicon.term(stem).ok_or_else(|| broken(&format!("unknown term `{stem}`")));
        let terms = wire.stems.iter().map(known).collect::<Result<Vec<u32>>>()?;
        let (wired, unwired) = (Share::decode(&wire.wired, &terms)?, Share::decode(&wire.unwired, &terms)?);
        let uses = wire.uses(&terms)?;
        let (from, to) = (ShardId(wire.from), ShardId(wire.to));
        Ok(Batch { tick: wire.tick, from, to, wired, unwired, uses })
    }
}

impl Wire {
    fn uses(&self, terms: &[u32]) -> Result<Uses> {
        let used = self.used.iter().map(|&(concept, times)| Ok((at(terms, concept)?, times)));
        let ends = |(a, b): (u32, u32)| Ok((at(terms, a)?, at(terms, b)?));
        let reinforced = self.reinforced.iter().map(|&(pair, times)| Ok((ends(pair)?, times)));
        let mut uses = Uses { concepts: used.collect::<Result<_>>()?, synapses: reinforced.collect::<Result<_>>()? };
        uses.concepts.sort_unstable();
        uses.synapses.sort_unstable();
        Ok(uses)
    }

    fn read(bytes: &[u8]) -> Result<Wire> {
        // The version is first and decoded alone, because the layout behind another version is unknown.
        let (version, _) = postcard::take_from_bytes::<u8>(bytes).map_err(|cause| broken(&cause.to_string()))?;
        if version != WIRE_VERSION {
            return Err(broken(&format!("version {version} is not {WIRE_VERSION}")));
        }
        postcard::from_bytes(bytes).map_err(|cause| broken(&cause.to_string()))
    }
}

/// What encoded bytes say of a batch without a dictionary.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// The tick it belongs to.
    pub tick: Tick,
    /// The sender.
    pub from: ShardId,
    /// The addressee.
    pub to: ShardId,
    /// [`Batch::nbytes`] when it was encoded.
    pub nbytes: u64,
}

impl Header {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Wire`] if the bytes are not a batch, or have another version.
    pub fn read(bytes: &[u8]) -> Result<Header> {
        let wire = Wire::read(bytes)?;
        Ok(Header { tick: wire.tick, from: ShardId(wire.from), to: ShardId(wire.to), nbytes: wire.packed })
    }
}

fn at(terms: &[u32], place: u32) -> Result<u32> {
    terms.get(place as usize).copied().ok_or_else(|| broken("a term is missing"))
}

fn broken(reason: &str) -> Error {
    Error::Wire { what: "batch", reason: reason.into() }
}
