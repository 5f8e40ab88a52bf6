//! Decay: removes expired synapses, delivers the inbox, and cuts rows above the cap down to their strongest.

use super::delta::{CrossEdge, Delta, NodeChange};
use super::sources::Sources;
use super::{Node, Shard};
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::field::Emissions;
use crate::graph::census::Census;
use crate::graph::delivery::{Before, Delivery, Stored, Unwired};
use crate::graph::numbers::{Activations, Numbers};
use crate::graph::staged::Staged as Rows;
use crate::graph::{Decays, Row, Synapse};
use crate::maps::Map;
use crate::message::Batch;
use crate::plan::Plan;
use crate::{Error, Result};

impl Shard {
    /// Stages the end of a tick from the batches of every shard. Its seat adds what the shard itself sensed and lysed,
    /// which cannot fail.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::BarrierFailed`] for a batch of another tick or for another shard.
    pub(super) fn decay(&self, plan: &Plan, commons: &Commons, inbox: &[Batch], cancel: &Cancel) -> Result<Delta> {
        cancel.poll()?;
        if let Some(stray) = inbox.iter().find(|batch| batch.tick != plan.tick || batch.to != self.id) {
            let (tick, to, here, now) = (stray.tick, stray.to, self.id, plan.tick);
            let reason = format!("a batch for {to} of tick {tick} came to {here} in tick {now}");
            return Err(Error::BarrierFailed { reason });
        }
        let stamp = plan.stamp();
        let mut delta = Delta {
            tick: plan.tick,
            slots: commons.vocabulary().slots(self.seat) as usize,
            nodes: Vec::new(),
            rows: Rows::default(),
            census: Census::new(stamp),
            pinned: self.pinned_by(plan, commons),
            lysed: Vec::new(),
            leaving: Vec::new(),
            traces: Emissions::default(),
            transferred: 0,
            digesters: Vec::new(),
            touched: 0,
            sweep: None,
            exchanged: inbox.iter().filter(|batch| batch.from != self.id).map(Batch::nbytes).sum(),
            node_count: self.node_count,
            edge_count: 0,
            cross_edges: Vec::new(),
        };
        if !inbox.is_empty() || delta.pinned.is_some() || !plan.uses.is_empty() {
            self.deliver(plan, commons, inbox, cancel, &mut delta)?;
        }
        delta.census.close();
        delta.edge_count = self.edges_after(stamp, &delta.census);
        self.sweep(&self.decays(commons), &mut delta);
        Ok(delta)
    }

    // Returns the terms that live here and are pinned, sorted, if these are others than before.
    fn pinned_by(&self, plan: &Plan, commons: &Commons) -> Option<Box<[u32]>> {
        if plan.pinned.is_empty() && self.pinned.is_empty() {
            return None;
        }
        let here = plan.pinned.iter().copied().filter(|&term| commons.home(term).shard == self.id);
        let pinned: Box<[u32]> = here.collect();
        (pinned != self.pinned).then_some(pinned)
    }

    // Returns the number of living synapses after the tick. Panics here and not in Advance if a count would fall below
    // 0: a wrong tick is not committed.
    fn edges_after(&self, stamp: u32, census: &Census) -> u64 {
        let ending = |end| self.ends.get(&end).copied().unwrap_or(0);
        for (&end, &change) in &census.ends {
            // Synapses that end now are removed before anything is delivered.
            let before = if end == stamp { 0 } else { ending(end) };
            assert!(before.checked_add_signed(change).is_some(), "more synapses than there are end at tick {end}");
        }
        let left = self.live.checked_sub(ending(stamp)).and_then(|left| left.checked_add_signed(census.live));
        left.expect("no more synapses end than there are")
    }

    fn deliver(
        &self,
        plan: &Plan,
        commons: &Commons,
        inbox: &[Batch],
        cancel: &Cancel,
        delta: &mut Delta,
    ) -> Result<()> {
        let (before, after) = (&*self.pinned, delta.pinned.clone());
        let after = after.as_deref().unwrap_or(before);
        let (was, is) = (Decays::new(commons.config(), before), Decays::new(commons.config(), after));
        let lists: Vec<&[u32]> = inbox.iter().flat_map(Batch::lists).collect();
        let is_here = |term: u32| commons.home(term).shard == self.id;
        let entries = lists.iter().map(|list| list.len()).sum();
        let numbers = Numbers::new(commons.statistics().all_df(), commons.vocabulary().ids(), entries);
        let sources = Sources::gather(&lists, numbers, is_here, cancel)?;
        let mut activations = Activations::new(&sources.numbers);
        // By source: the lists to unwire. Deletes are few compared with deliveries, and are applied first.
        let mut unwired: Map<u32, Vec<Unwired<'_>>> = Map::default();
        for (tick, concepts) in inbox.iter().flat_map(Batch::unwired) {
            for &source in concepts.iter().filter(|&&term| is_here(term)) {
                unwired.entry(source).or_default().push(Unwired { tick, concepts });
            }
        }
        let mut used = used(inbox);
        for &(concept, times) in plan.uses.iter().filter(|&&(term, _)| is_here(term)) {
            let known = used.entry(concept).or_default();
            known.times = known.times.saturating_add(times);
        }
        let repinned = before.iter().chain(after).filter(|&&term| was.is_pinned(term) != is.is_pinned(term));
        let mut alone: Vec<u32> = unwired.keys().chain(used.keys()).chain(repinned).copied().collect();
        alone.retain(|source| !sources.has(*source));
        alone.sort_unstable();
        alone.dedup();
        let mut delivery = Delivery::new(&is, commons.config(), delta.tick as u32, &sources.numbers);
        let mut work = Work { cancel, left: WORK_POLL };
        let (no_row, many) = (Row::default(), commons.seat_count() > 1);
        let terms = (0..sources.len()).map(|place| sources.numbers.term(sources.number(place)));
        let terms: Vec<u32> = terms.chain(alone).collect();
        let mut ahead = Ahead::default();
        for (place, &source) in terms.iter().enumerate() {
            if place % AHEAD == 0 {
                ahead.fetch(self, &terms[place..terms.len().min(place + AHEAD)], &sources.numbers, commons);
            }
            let (slot, node, row) = ahead.get(place % AHEAD);
            for &list in sources.lists_of(place).iter().take_while(|_| commons.config().wiring) {
                let list = sources.list(list);
                work.add(list.len())?;
                activations.add(list);
            }
            activations.remove(sources.number(place));
            let gone = unwired.get(&source).map_or(&[][..], Vec::as_slice);
            let before = node.map_or(0, |node| node.wirings);
            let left = before - gone.len() as u32;
            let wirings = left + sources.lists_of(place).len() as u32;
            let (uses, reinforced) = used.get(&source).map_or((0, &[][..]), |used| (used.times, &*used.targets));
            if before == 0 && wirings == 0 {
                // The term is not a concept, and use does not make it one.
                continue;
            }
            // A node that is removed and wired again in one tick is a new one.
            let known = node.filter(|_| left > 0).map_or(0, |node| node.uses);
            let uses = if wirings > 0 { known.saturating_add(uses) } else { 0 };
            delta.nodes.push(NodeChange { slot, term: source, wirings, uses });
            let (was_pinned, is_pinned) = (was.is_pinned(source), is.is_pinned(source));
            if wirings == left && gone.is_empty() && reinforced.is_empty() && was_pinned == is_pinned {
                continue;
            }
            delta.touched += row.len() as u64;
            work.add(64 + row.len() * (1 + gone.len()))?;
            let row_before = Before { row, was_pinned, is_pinned };
            let new = delivery.deliver(&row_before, gone, &mut activations, reinforced, &mut delta.census, |made| {
                if many && commons.home(made.target).shard != self.id {
                    delta.cross_edges.push(CrossEdge { source, target: made.target, weight: made.weight });
                }
            });
            // Every synapse of a concept was wired by a document that wired the concept. Columns that no colony wrote
            // may deny that although they fit together.
            if wirings == 0 && !new.is_empty() {
                let reason = "`co_activations` had more documents of a synapse than there were".into();
                return Err(Error::Wire { what: "checkpoint", reason });
            }
            delta.node_count = delta.node_count + u64::from(wirings > 0) - u64::from(before > 0);
            if !(new.is_empty() && row.is_empty()) {
                delta.rows.stage(slot, node.map_or(&no_row, |node| &node.row), new);
            }
        }
        Ok(())
    }
}

// So many rows are fetched at once: each is somewhere else in memory, and the processor waits for several at a time if
// nothing else stands between.
const AHEAD: usize = 16;

// The nodes and rows of some sources.
#[derive(Default)]
struct Ahead<'a> {
    nodes: Vec<(u32, Option<&'a Node>)>,
    synapses: Vec<Stored>,
    // By source: where its synapses end.
    ends: Vec<usize>,
}

impl<'a> Ahead<'a> {
    fn fetch(&mut self, shard: &'a Shard, sources: &[u32], numbers: &Numbers<'_>, commons: &Commons) {
        self.nodes.clear();
        self.synapses.clear();
        self.ends.clear();
        self.nodes.extend(sources.iter().map(|&source| {
            let slot = commons.home(source).slot;
            (slot, shard.nodes.get(slot as usize).filter(|node| node.wirings > 0))
        }));
        std::hint::black_box(
            self.nodes.iter().filter_map(|(_, node)| *node).fold(0, |read, node| read ^ node.row.warm()),
        );
        for (_, node) in &self.nodes {
            if let Some(node) = node {
                let stored = |synapse: Synapse| Stored { synapse, target: numbers.of(synapse.target) };
                self.synapses.extend(node.row.iter().map(stored));
            }
            self.ends.push(self.synapses.len());
        }
    }

    fn get(&self, place: usize) -> (u32, Option<&'a Node>, &[Stored]) {
        let (slot, node) = self.nodes[place];
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        (slot, node, &self.synapses[start..self.ends[place]])
    }
}

// About a millisecond of work, in activations and in comparisons of synapses with lists.
const WORK_POLL: usize = 1 << 18;

// Polls once per unit of work.
struct Work<'a> {
    cancel: &'a Cancel,
    left: usize,
}

impl Work<'_> {
    fn add(&mut self, amount: usize) -> Result<()> {
        if amount < self.left {
            self.left -= amount;
            return Ok(());
        }
        self.left = WORK_POLL;
        self.cancel.poll()
    }
}

// What reinforcements do to one concept: how often it was used, and its targets.
#[derive(Default)]
struct Used {
    times: u64,
    targets: Vec<(u32, u64)>,
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
