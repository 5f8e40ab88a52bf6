//! The graph as arrays, kept as long as it stays the same.

use phago_core::Result;
use phago_core::cancel::Cancel;
use phago_core::graph::Synapse;
use phago_core::ids::NodeId;
use phago_core::maps::Map;
use phago_core::read::Whole;
use std::sync::Arc;

/// Which concepts are wired to which, in arrays. Concepts are numbered in the order of their ids: the *place*.
#[derive(Debug)]
pub(crate) struct Topology {
    pub(crate) ids: Vec<NodeId>,
    pub(crate) places: Map<u128, u32>,
    // Where the synapses of each concept begin, and one more.
    pub(crate) starts: Vec<usize>,
    pub(crate) targets: Vec<u32>,
    // As they are stored: what they weigh is computed when it is read.
    pub(crate) synapses: Vec<Synapse>,
}

/// The latest topology, with the wirings and the number of synapses of its state: another state with the same ones has
/// it too, as synapses only end between wirings.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) Option<(u64, u64, Arc<Topology>)>);

impl Topology {
    pub(crate) fn new(whole: &dyn Whole, cancel: &Cancel) -> Result<Topology> {
        let commons = whole.commons();
        let pairs = whole.pairs(cancel)?;
        let terms: Vec<u32> = pairs.concepts.iter().map(|concept| concept.term).collect();
        let ids: Vec<NodeId> = pairs.concepts.iter().map(|concept| concept.id).collect();
        let places: Map<u128, u32> = (0u32..).zip(&ids).map(|(place, id)| (id.0, place)).collect();
        let (mut starts, mut synapses) = (vec![0], Vec::new());
        for row in whole.rows(&terms)? {
            synapses.extend(row);
            starts.push(synapses.len());
        }
        let targets = synapses.iter().map(|synapse| places[&commons.id(synapse.target)]).collect();
        Ok(Topology { ids, places, starts, targets, synapses })
    }
}
