//! What a checkpoint has for the shard of one seat. Seats share nothing of it, so they can take it beside each other.

use super::columns::{Graph, odd};
use super::sums::Wired;
use crate::Result;
use crate::commons::Commons;
use crate::documents::{Analysed, Body};
use crate::graph::synapse::ONE;
use crate::graph::{Decays, Synapse};
use crate::ids::DocumentId;
use crate::shard::{Ends, Shard};
use crate::text::{Analysis, Sequence, norm};

/// A document as it was stored.
pub(super) struct Stored {
    pub(super) id: DocumentId,
    pub(super) body: Body,
    pub(super) terms: Box<[(u32, u32)]>,
    pub(super) title: Box<[u32]>,
    pub(super) sequence: Sequence,
    pub(super) arrival: u32,
    // The tick that digested it, and the concepts that it wired.
    pub(super) digested: Option<(u32, Box<[u32]>)>,
}

/// The documents and nodes of a seat whose shard is given.
pub struct Placing<'a> {
    pub(super) shard: &'a mut Shard,
    pub(super) documents: Vec<Stored>,
    pub(super) rows: Rows<'a>,
}

/// All nodes of a checkpoint.
#[derive(Copy, Clone)]
pub(super) struct Rows<'a> {
    pub(super) commons: &'a Commons,
    pub(super) wired: &'a Wired,
    pub(super) columns: &'a Graph,
    pub(super) targets: &'a [Box<[u32]>],
    // By node: how many synapses are before its own.
    pub(super) begun: &'a [usize],
    // By seat: its nodes.
    pub(super) nodes: &'a [Vec<u32>],
}

impl Placing<'_> {
    /// Puts all of it into the shard.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] for what no colony wrote.
    pub fn place(self) -> Result<()> {
        let Placing { shard, documents, rows } = self;
        for document in documents {
            put(shard, document)?;
        }
        rows.put(shard)
    }
}

fn put(shard: &mut Shard, document: Stored) -> Result<()> {
    let Stored { id, body, terms, title, sequence, arrival, digested } = document;
    let has = |term: &u32| terms.binary_search_by_key(term, |known| known.0).is_ok();
    if !sequence.fits(terms.len(), &body.text) || !title.iter().all(has) {
        return Err(odd("a document's words do not fit together"));
    }
    let stands = sequence.standing(terms.len());
    let norm = norm(terms.iter().zip(stands).filter(|(_, stands)| *stands).map(|(term, _)| term.1));
    let analysis = Analysis::stored(terms, norm, title, sequence);
    shard.insert(Analysed { id, body: Box::new(body), analysis: Box::new(analysis) }, arrival);
    if let Some((tick, wired)) = digested {
        shard.restore_digested(id, tick, wired);
    }
    Ok(())
}

impl Rows<'_> {
    fn put(&self, shard: &mut Shard) -> Result<()> {
        let Rows { commons, wired, columns, targets, begun, nodes } = *self;
        let (pinned, now) = (Vec::from(shard.pinned()), commons.tick() as u32);
        let decays = Decays::new(commons.config(), pinned);
        let cap = commons.config().max_edge_degree as usize;
        let mut known = [false, true].map(|is_pinned| Ends::new(decays.law(is_pinned)));
        let (mut row, mut ends) = (Vec::new(), Vec::new());
        for node in nodes[commons.seat(shard.id())].iter().map(|node| *node as usize) {
            let (term, targets, wirings) = (columns.terms[node], &targets[node], columns.wirings[node]);
            if wirings == 0 || wired.of(term) != wirings {
                return Err(odd("`wirings` has not the number of a node's documents"));
            }
            if !targets.is_sorted_by(|one, other| one < other) || targets.len() > cap || targets.contains(&term) {
                return Err(odd("`targets` has a row that is not in order, too long, or leads to its own node"));
            }
            row.clear();
            ends.clear();
            for (&target, at) in targets.iter().zip(begun[node]..) {
                let last = now.checked_sub(columns.since[at]);
                let made = last.and_then(|last| Some((last, last.checked_sub(columns.ages[at])?)));
                let (last, created) = made.ok_or_else(|| odd("a synapse was made before the first tick"))?;
                let (weight, co_activations) = (columns.weights[at], columns.co_activations[at]);
                // No more documents wired a synapse than wired either end.
                if !(1..=wirings.min(wired.of(target))).contains(&co_activations) {
                    return Err(odd("`co_activations` has another number than its documents can give"));
                }
                let synapse = Synapse { target, weight, last, created, co_activations };
                let known = &mut known[usize::from(decays.is_pinned(term))];
                let end = if weight > ONE { Some(0) } else { known.of(&synapse) };
                if end.is_some_and(|end| end <= now) {
                    return Err(odd("`weights` has a synapse that is none, or is gone"));
                }
                row.push(synapse);
                ends.extend(end);
            }
            if !shard.restore_node(commons.home(term).slot, term, wirings, columns.uses[node], &row, &ends) {
                return Err(odd("a node stands twice"));
            }
        }
        Ok(())
    }
}
