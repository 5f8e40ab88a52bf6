//! The first part of Decay: what a shard delivers is gathered from the tick's batches, and cut into pieces, which any
//! number of threads then deliver.

use super::Shard;
use super::sources::Sources;
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::graph::Decays;
use crate::graph::delivery::Unwired;
use crate::ids::Tick;
use crate::maps::Map;
use crate::message::Batch;
use crate::plan::Plan;
use crate::{Error, Result};
use std::sync::Arc;

// The work of a piece in lists that it delivers, of which the row of a concept is as much as some: less than half a
// millisecond, which a thread that is done waits for at most, and much more than it takes to claim one.
const PIECE: usize = 1024;
const ROW: usize = 3;

/// What a shard delivers in Decay.
#[derive(Debug, Default)]
pub struct Gathered {
    pub(super) tick: Tick,
    pub(super) inbox: Arc<Vec<Batch>>,
    /// The terms that live here and are pinned after the tick, sorted, if these are others than before.
    pub(super) pinned: Option<Box<[u32]>>,
    pub(super) sources: Sources,
    pub(super) used: Map<u32, Used>,
    /// The sources, and behind them concepts that change although no document is delivered to them.
    pub(super) terms: Vec<u32>,
    // Where each piece ends in them.
    ends: Vec<usize>,
}

/// What reinforcements do to one concept: how often it was used, and its targets.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) times: u64,
    pub(super) targets: Vec<(u32, u64)>,
}

impl Shard {
    /// Gathers what the shard delivers.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::BarrierFailed`] for a batch of another tick or for another shard.
    pub(super) fn gather(
        &self,
        plan: &Plan,
        commons: &Commons,
        inbox: &Arc<Vec<Batch>>,
        cancel: &Cancel,
    ) -> Result<Gathered> {
        cancel.poll()?;
        if let Some(stray) = inbox.iter().find(|batch| batch.tick != plan.tick || batch.to != self.id) {
            let (tick, to, here, now) = (stray.tick, stray.to, self.id, plan.tick);
            let reason = format!("a batch for {to} of tick {tick} came to {here} in tick {now}");
            return Err(Error::BarrierFailed { reason });
        }
        let pinned = self.pinned_by(plan, commons);
        if inbox.is_empty() && pinned.is_none() && plan.uses.is_empty() {
            return Ok(Gathered { tick: plan.tick, inbox: inbox.clone(), ..Gathered::default() });
        }
        let is_here = |term: u32| self.is_home(term, commons);
        let lists: Vec<&[u32]> = inbox.iter().flat_map(Batch::lists).collect();
        let sources = Sources::gather(&lists, commons, is_here, cancel)?;
        let mut used = used(inbox);
        for &(concept, times) in plan.uses.iter().filter(|&&(term, _)| is_here(term)) {
            let known = used.entry(concept).or_default();
            known.times = known.times.saturating_add(times);
        }
        let after = pinned.as_deref().unwrap_or(&self.pinned);
        let (was, is) = (Decays::new(commons.config(), &*self.pinned), Decays::new(commons.config(), after));
        let repinned = self.pinned.iter().chain(after).filter(|&&term| was.is_pinned(term) != is.is_pinned(term));
        let unwired = inbox.iter().flat_map(Batch::unwired).flat_map(|(_, concepts)| concepts);
        let mut alone: Vec<u32> =
            unwired.filter(|&&term| is_here(term)).chain(used.keys()).chain(repinned).copied().collect();
        alone.retain(|source| !sources.has(*source));
        alone.sort_unstable();
        alone.dedup();
        let terms: Vec<u32> =
            (0..sources.len()).map(|place| sources.numbers.term(sources.number(place))).chain(alone).collect();
        let (mut ends, mut filled) = (Vec::new(), 0);
        for place in 0..terms.len() {
            filled += ROW + sources.lists_of(place).len();
            if filled >= PIECE || place + 1 == terms.len() {
                ends.push(place + 1);
                filled = 0;
            }
        }
        Ok(Gathered { tick: plan.tick, inbox: inbox.clone(), pinned, sources, used, terms, ends })
    }

    /// Returns whether a term lives here.
    pub(super) fn is_home(&self, term: u32, commons: &Commons) -> bool {
        commons.home(term).shard == self.id
    }

    // Returns the terms that live here and are pinned, sorted, if these are others than before.
    fn pinned_by(&self, plan: &Plan, commons: &Commons) -> Option<Box<[u32]>> {
        if plan.pinned.is_empty() && self.pinned.is_empty() {
            return None;
        }
        let here = plan.pinned.iter().copied().filter(|&term| self.is_home(term, commons));
        let pinned: Box<[u32]> = here.collect();
        (pinned != self.pinned).then_some(pinned)
    }
}

impl Gathered {
    /// Returns how many pieces there are to deliver.
    pub fn pieces(&self) -> usize {
        self.ends.len()
    }

    // Returns the places in `terms` of a piece.
    pub(super) fn piece(&self, piece: usize) -> std::ops::Range<usize> {
        let start = if piece == 0 { 0 } else { self.ends[piece - 1] };
        start..self.ends[piece]
    }

    // Returns what is unwired, by source. Deletes are few compared with deliveries, and are applied first.
    pub(super) fn unwired(&self, is_here: impl Fn(u32) -> bool) -> Map<u32, Vec<Unwired<'_>>> {
        let mut unwired: Map<u32, Vec<Unwired<'_>>> = Map::default();
        for (tick, concepts) in self.inbox.iter().flat_map(Batch::unwired) {
            for &source in concepts.iter().filter(|&&term| is_here(term)) {
                unwired.entry(source).or_default().push(Unwired { tick, concepts });
            }
        }
        unwired
    }
}

// Returns what all shards report as used here, by concept. These are sums of integers, so the order of shards has no
// effect.
fn used(inbox: &[Batch]) -> Map<u32, Used> {
    let mut used: Map<u32, Used> = Map::default();
    for uses in inbox.iter().map(Batch::uses) {
        for &(concept, times) in &uses.concepts {
            let known = used.entry(concept).or_default();
            known.times = known.times.saturating_add(times);
        }
        for &((source, target), times) in &uses.synapses {
            used.entry(source).or_default().targets.push((target, times));
        }
    }
    for used in used.values_mut() {
        used.targets.sort_unstable();
        used.targets.dedup_by(|next, first| {
            let same = next.0 == first.0;
            if same {
                first.1 = first.1.saturating_add(next.1);
            }
            same
        });
    }
    used
}
