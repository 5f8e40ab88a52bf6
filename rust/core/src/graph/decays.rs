//! Which law each concept's synapses follow: those of a pinned concept do not decay.

use super::Decay;
use crate::config::ColonyConfig;
use std::borrow::Cow;

/// The laws of the concepts of one committed state.
#[derive(Clone, Debug)]
pub struct Decays<'a> {
    fading: Decay,
    still: Decay,
    // Term indices, sorted.
    pinned: Cow<'a, [u32]>,
}

impl<'a> Decays<'a> {
    /// Returns the laws of a config with these pinned concepts, by term index, sorted.
    pub fn new(config: &ColonyConfig, pinned: impl Into<Cow<'a, [u32]>>) -> Self {
        Decays { fading: Decay::new(config), still: Decay::still(), pinned: pinned.into() }
    }

    /// Returns the law of a concept's own synapses.
    pub fn of(&self, term: u32) -> &Decay {
        self.law(self.is_pinned(term))
    }

    /// Returns the law of concepts that are pinned, or of those that are not.
    pub fn law(&self, is_pinned: bool) -> &Decay {
        if is_pinned { &self.still } else { &self.fading }
    }

    /// Returns whether a concept is pinned.
    pub fn is_pinned(&self, term: u32) -> bool {
        !self.pinned.is_empty() && self.pinned.binary_search(&term).is_ok()
    }

    /// Returns the pinned concepts, by term index, sorted.
    pub fn pinned(&self) -> &[u32] {
        &self.pinned
    }
}
