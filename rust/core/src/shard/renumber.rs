//! Gives a shard's terms new indices.

use super::Shard;
use crate::commons::{Commons, Renumbering};
use crate::graph::{Decays, Row, Synapse};

impl Shard {
    /// Takes over the new term indices. Nothing may wait to be unwired. Synapses that are gone, which may refer to
    /// forgotten terms, are swept on the way.
    pub(crate) fn renumber(&mut self, numbers: &Renumbering, commons: &Commons) {
        assert!(self.unwiring.is_empty(), "what waits to be unwired speaks of words that go");
        self.documents.renumber(|term| numbers.term(term));
        let was_pinned = std::mem::take(&mut self.pinned);
        let (decays, now) = (Decays::new(commons.config(), &*was_pinned), self.tick as u32);
        let mut nodes = Vec::new();
        for (slot, mut node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            let Some(term) = numbers.term_at(self.seat, slot) else {
                assert_eq!(node.wirings, 0, "a concept's documents have its word");
                continue;
            };
            let decay = decays.of(node.term);
            node.term = term;
            let row = node.row.iter().filter(|synapse| decay.is_alive(synapse, now));
            let kept: Vec<Synapse> =
                row.map(|synapse| Synapse { target: numbers.term(synapse.target), ..synapse }).collect();
            node.row = Row::new(&kept);
            nodes.push(node);
        }
        self.nodes = nodes;
        // In the same order as before; a term that is forgotten is no concept.
        self.pinned = was_pinned.iter().filter_map(|&term| numbers.standing(term)).collect();
        self.stored = self.live;
        self.sweep = None;
    }
}
