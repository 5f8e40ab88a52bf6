//! The marks of one type.

use super::law::{AMOUNT_MAX, Law};
use crate::ids::{NodeId, Tick};
use crate::maps::Map;
use std::collections::BTreeMap;

/// An amount as its last emission left it; later values are computed when they are read.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    /// The amount at `last`, in fixed point.
    pub(super) amount: u64,
    /// The tick of the last emission.
    pub(super) last: Tick,
    // The first tick at which it is gone; `Tick::MAX` for never.
    gone: Tick,
}

impl Mark {
    pub(super) fn new(amount: u64, last: Tick, law: &Law) -> Mark {
        Mark { amount, last, gone: law.gone_at(amount, last).unwrap_or(Tick::MAX) }
    }

    pub(super) fn level(&self, tick: Tick, law: &Law) -> u64 {
        if tick < self.gone { law.level(self.amount, tick.saturating_sub(self.last)) } else { 0 }
    }
}

/// The marks of a type. One that is gone is freed later: that does not show.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    marks: Map<NodeId, Mark>,
    // Marks that were not gone at the tick up to which ends were counted.
    live: u64,
    // How many of those are gone from each later tick.
    ends: BTreeMap<Tick, u64>,
}

impl Layer {
    /// Returns the mark on a concept.
    pub(super) fn get(&self, concept: NodeId, tick: Tick) -> Option<&Mark> {
        self.marks.get(&concept).filter(|mark| tick < mark.gone)
    }

    /// Returns how many marks stand at a tick that is not before the last change.
    pub(super) fn len(&self, tick: Tick) -> u64 {
        self.live - self.ends.range(..=tick).map(|(_, count)| count).sum::<u64>()
    }

    /// Returns all marks, in no order.
    pub(super) fn marks(&self, tick: Tick) -> impl Iterator<Item = (NodeId, &Mark)> {
        self.marks.iter().filter(move |(_, mark)| tick < mark.gone).map(|(&concept, mark)| (concept, mark))
    }

    /// Stops counting what is gone at a tick, and frees it once it is half of all.
    pub(super) fn settle(&mut self, tick: Tick) {
        let later = self.ends.split_off(&(tick + 1));
        let gone = std::mem::replace(&mut self.ends, later);
        self.live -= gone.values().sum::<u64>();
        if 2 * self.live < self.marks.len() as u64 {
            self.marks.retain(|_, mark| tick < mark.gone);
            self.marks.shrink_to_fit();
        }
    }

    /// Adds to the mark on a concept, in a tick for which it is settled.
    pub(super) fn emit(&mut self, concept: NodeId, amount: u64, tick: Tick, law: &Law) {
        let level = self.get(concept, tick).map_or(0, |mark| mark.level(tick, law));
        self.put(concept, Mark::new(level.saturating_add(amount).min(AMOUNT_MAX), tick, law), tick);
    }

    /// Puts in a mark, in a tick for which it is settled.
    pub(super) fn put(&mut self, concept: NodeId, mark: Mark, tick: Tick) {
        self.remove(concept, tick);
        *self.ends.entry(mark.gone).or_default() += 1;
        self.live += 1;
        self.marks.insert(concept, mark);
    }

    /// Removes the mark on a concept, in a tick for which it is settled.
    pub(super) fn remove(&mut self, concept: NodeId, tick: Tick) {
        let Some(mark) = self.marks.remove(&concept).filter(|mark| tick < mark.gone) else { return };
        self.live -= 1;
        let count = self.ends.get_mut(&mark.gone).expect("every mark is counted");
        *count -= 1;
        if *count == 0 {
            self.ends.remove(&mark.gone);
        }
    }
}
