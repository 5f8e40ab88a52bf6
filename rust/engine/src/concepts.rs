//! Which terms concepts have, by id: commons only know it the other way round.

use phago_core::commons::Commons;
use phago_core::ids::NodeId;
use phago_core::maps::Map;
use phago_core::text::Lexicon;
use std::sync::Arc;

/// The terms of the concepts that a colony has learned, by id.
#[derive(Debug, Default)]
pub(crate) struct Concepts {
    lexicon: Option<Arc<Lexicon>>,
    terms: Map<u128, u32>,
}

impl Concepts {
    /// Returns the term of a concept, if the colony has learned it.
    pub(crate) fn term(&mut self, commons: &Commons, id: NodeId) -> Option<u32> {
        if !self.lexicon.as_ref().is_some_and(|lexicon| Arc::ptr_eq(lexicon, commons.lexicon())) {
            *self = Concepts { lexicon: Some(commons.lexicon().clone()), terms: Map::default() };
        }
        // Terms are learned in their order, and forgotten with the whole dictionary.
        let known = self.terms.len() as u32;
        self.terms.extend((known..commons.terms() as u32).map(|term| (commons.id(term), term)));
        self.terms.get(&id.0).copied()
    }
}
