//! The second part of Decay: removes expired synapses, delivers what was gathered, and cuts rows above the cap down to
//! their strongest.

use super::delta::{NodeChange, Piece};
use super::gathered::Gathered;
use super::{Node, Shard};
use crate::cancel::Cancel;
use crate::commons::Commons;
use crate::graph::census::Census;
use crate::graph::delivery::{Before, Delivery, Stored, Unwired};
use crate::graph::numbers::{Activations, Numbers};
use crate::graph::{Decays, Row, Synapse};
use crate::maps::Map;
use crate::{Error, Result};

/// What one thread delivered of what was gathered.
#[derive(Debug, Default)]
pub struct Delivered {
    /// Its pieces, by number.
    pub(super) pieces: Vec<(usize, Piece)>,
    pub(super) census: Census,
    pub(super) touched: u64,
    /// Concepts after the tick, minus those before it.
    pub(super) concepts: i64,
}

impl Gathered {
    /// Delivers the pieces that `next` names until it names none. Of all threads together it must name each once.
    ///
    /// # Errors
    /// [`Error::Cancelled`]; [`Error::Wire`] for columns that no colony wrote.
    pub fn deliver(
        &self,
        shard: &Shard,
        commons: &Commons,
        cancel: &Cancel,
        next: impl FnMut() -> Option<usize>,
    ) -> Result<Delivered> {
        let mut pieces = std::iter::from_fn(next).peekable();
        // Another thread was faster, and there is nothing to prepare for.
        if pieces.peek().is_none() {
            return Ok(Delivered::default());
        }
        let (stamp, after) = (self.tick as u32, self.pinned.as_deref().unwrap_or(&shard.pinned));
        let (was, is) = (Decays::new(commons.config(), &*shard.pinned), Decays::new(commons.config(), after));
        let numbering = &self.sources.numbers;
        let numbers = Numbers::new(numbering, commons.statistics().all_df(), commons.vocabulary().ids());
        let mut delivering = Delivering {
            gathered: self,
            nodes: &shard.nodes,
            commons,
            was: &was,
            is: &is,
            numbers: &numbers,
            unwired: self.unwired(|term| shard.is_home(term, commons)),
            activations: Activations::new(numbering),
            delivery: Delivery::new(&is, commons.config(), stamp, &numbers),
            work: Work { cancel, left: WORK_POLL },
            delivered: Delivered { census: Census::new(stamp), ..Delivered::default() },
        };
        for piece in pieces {
            delivering.deliver(piece)?;
        }
        Ok(delivering.delivered)
    }
}

// One thread's share of a shard's Decay.
struct Delivering<'a> {
    gathered: &'a Gathered,
    nodes: &'a [Node],
    commons: &'a Commons,
    // The laws of rows before and after the tick.
    was: &'a Decays<'a>,
    is: &'a Decays<'a>,
    numbers: &'a Numbers<'a>,
    // By source: the lists to unwire.
    unwired: Map<u32, Vec<Unwired<'a>>>,
    activations: Activations,
    delivery: Delivery<'a>,
    work: Work<'a>,
    delivered: Delivered,
}

impl Delivering<'_> {
    fn deliver(&mut self, piece: usize) -> Result<()> {
        let Self { gathered, nodes, commons, was, is, numbers, unwired, .. } = self;
        let (sources, config) = (&gathered.sources, commons.config());
        let Delivered { census, touched, concepts, pieces } = &mut self.delivered;
        let mut made = Piece::default();
        let (no_row, mut ahead, terms) = (Row::default(), Ahead::default(), gathered.piece(piece));
        for (at, place) in terms.clone().enumerate() {
            let source = gathered.terms[place];
            if at % AHEAD == 0 {
                ahead.fetch(nodes, &gathered.terms[place..terms.end.min(place + AHEAD)], numbers, commons);
            }
            let (slot, node, row) = ahead.get(at % AHEAD);
            for &list in sources.lists_of(place).iter().take_while(|_| config.wiring) {
                let list = sources.list(list);
                self.work.add(list.len())?;
                self.activations.add(list);
            }
            self.activations.remove(sources.number(place));
            let gone = unwired.get(&source).map_or(&[][..], Vec::as_slice);
            let before = node.map_or(0, |node| node.wirings);
            let left = before - gone.len() as u32;
            let wirings = left + sources.lists_of(place).len() as u32;
            let (uses, reinforced) =
                gathered.used.get(&source).map_or((0, &[][..]), |used| (used.times, &*used.targets));
            if before == 0 && wirings == 0 {
                // The term is not a concept, and use does not make it one.
                continue;
            }
            // A node that is removed and wired again in one tick is a new one.
            let known = node.filter(|_| left > 0).map_or(0, |node| node.uses);
            let uses = if wirings > 0 { known.saturating_add(uses) } else { 0 };
            made.nodes.push(NodeChange { slot, term: source, wirings, uses });
            let (was_pinned, is_pinned) = (was.is_pinned(source), is.is_pinned(source));
            if wirings == left && gone.is_empty() && reinforced.is_empty() && was_pinned == is_pinned {
                continue;
            }
            *touched += row.len() as u64;
            self.work.add(64 + row.len() * (1 + gone.len()))?;
            let row_before = Before { row, was_pinned, is_pinned };
            let new = self.delivery.deliver(&row_before, gone, &mut self.activations, reinforced, census);
            // Every synapse of a concept was wired by a document that wired the concept. Columns that no colony wrote
            // may deny that although they fit together.
            if wirings == 0 && !new.is_empty() {
                let reason = "`co_activations` had more documents of a synapse than there were".into();
                return Err(Error::Wire { what: "checkpoint", reason });
            }
            *concepts += i64::from(wirings > 0) - i64::from(before > 0);
            if !(new.is_empty() && row.is_empty()) {
                made.rows.stage(slot, node.map_or(&no_row, |node| &node.row), new);
            }
        }
        pieces.push((piece, made));
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
    fn fetch(&mut self, nodes: &'a [Node], sources: &[u32], numbers: &Numbers<'_>, commons: &Commons) {
        self.nodes.clear();
        self.synapses.clear();
        self.ends.clear();
        self.nodes.extend(sources.iter().map(|&source| {
            let slot = commons.home(source).slot;
            (slot, nodes.get(slot as usize).filter(|node| node.wirings > 0))
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
