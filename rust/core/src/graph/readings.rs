//! The weights and ends of synapses at one tick, most of which have one of few histories.

use super::Decay;
use super::synapse::{Synapse, from_fixed};

/// The current weights and ends of synapses under one law. Many synapses of a tick have the same history, and a weight
/// or an end costs an exponential or a logarithm: a small direct-mapped table caches them.
#[derive(Debug)]
pub(super) struct Readings<'a> {
    decay: &'a Decay,
    now: u32,
    // Of a power of two, larger once many were not known.
    known: Vec<Known>,
    missed: usize,
    // How many bits of a hash are not of a place in it.
    shift: u32,
    // By count, when synapses end that few documents make now.
    fresh: [Option<End>; FRESH],
}

/// What a synapse weighs now, and when it ends if nothing activates it again.
#[derive(Copy, Clone, Debug)]
pub(super) struct Reading {
    pub(super) weight: f64,
    pub(super) end: End,
}

/// When a synapse ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum End {
    At(u32),
    Never,
    /// Nobody has asked yet: most synapses stay as they are.
    Unread,
}

#[derive(Copy, Clone, Debug)]
struct Known {
    history: (u64, u64),
    reading: Reading,
}

const KNOWN: usize = 1 << 10;
const KNOWN_MAX: usize = 1 << 12;
const FRESH: usize = 16;

impl<'a> Readings<'a> {
    pub(super) fn new(decay: &'a Decay, now: u32) -> Self {
        Readings { decay, now, known: Vec::new(), missed: 0, shift: 0, fresh: [None; FRESH] }
    }

    /// Returns the reading of a synapse; its end may be unread.
    #[inline]
    pub(super) fn of(&mut self, synapse: &Synapse) -> Reading {
        self.known(synapse).reading
    }

    /// Returns when a synapse ends.
    #[inline]
    pub(super) fn end(&mut self, synapse: &Synapse) -> End {
        let decay = self.decay;
        let reading = &mut self.known(synapse).reading;
        if reading.end == End::Unread {
            reading.end = end(decay, synapse);
        }
        reading.end
    }

    /// Returns the reading of a synapse that this many documents make now.
    #[inline]
    pub(super) fn fresh(&mut self, documents: u32) -> Reading {
        let synapse = Synapse::new(0, documents, self.now);
        let weight = from_fixed(synapse.weight);
        match self.fresh.get_mut(documents as usize) {
            Some(known) => Reading { weight, end: *known.get_or_insert_with(|| end(self.decay, &synapse)) },
            None => Reading { weight, end: self.end(&synapse) },
        }
    }

    #[inline]
    fn known(&mut self, synapse: &Synapse) -> &mut Known {
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let history = (pair(synapse.weight, synapse.created), pair(synapse.last, synapse.co_activations));
        if self.missed >= self.known.len() && self.known.len() < KNOWN_MAX {
            self.grow();
        }
        let mixed = (history.0 ^ history.1.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let known = &mut self.known[(mixed >> self.shift) as usize];
        if known.history != history {
            self.missed += 1;
            let reading = Reading { weight: weight(self.decay, synapse, self.now), end: End::Unread };
            *known = Known { history, reading };
        }
        known
    }

    #[cold]
    fn grow(&mut self) {
        let size = if self.known.is_empty() { KNOWN } else { KNOWN_MAX };
        // No synapse weighs more than ONE, so no synapse has this history.
        let nobody = Reading { weight: 0.0, end: End::Unread };
        self.known = vec![Known { history: (u64::MAX, u64::MAX), reading: nobody }; size];
        self.shift = 64 - size.trailing_zeros();
    }
}

#[cold]
fn weight(decay: &Decay, synapse: &Synapse, now: u32) -> f64 {
    decay.weight(synapse, now)
}

#[cold]
fn end(decay: &Decay, synapse: &Synapse) -> End {
    decay.gone_at(synapse).map_or(End::Never, End::At)
}
