//! What a checkpoint has for the shard of one seat. Seats share nothing of it, and nodes nothing with documents, so all
//! of it can be read beside each other.

use super::columns::{Graph, Runs, odd};
use super::sums::Wired;
use crate::Result;
use crate::commons::Commons;
use crate::documents::{Analysed, Body};
use crate::graph::synapse::ONE;
use crate::graph::{Decays, Synapse};
use crate::ids::DocumentId;
use crate::shard::{Ends, Nodes, Shard};
use crate::text::{Analysis, Sequence, norm};

/// A document as it was stored.
pub(super) struct Stored {
    pub(super) id: DocumentId,
    pub(super) body: Box<Body>,
    // Its place in the columns.
    pub(super) place: usize,
    pub(super) sequence: Sequence,
    // As `norm_of` returns it.
    pub(super) norm: f64,
    pub(super) arrival: u32,
    // The tick that digested it.
    pub(super) digested: Option<u32>,
}

/// Lists of numbers that all documents have.
#[derive(Debug)]
pub(super) struct DocumentLists {
    pub(super) terms: Runs,
    // For each term of each document.
    pub(super) counts: Vec<u32>,
    pub(super) titles: Runs,
    // Those that were wired, as indices into the document's terms.
    pub(super) concepts: Runs,
}

impl DocumentLists {
    /// Returns the terms of a document, and how often it has each.
    pub(super) fn terms(&self, place: usize) -> (&[u32], &[u32]) {
        let range = self.terms.range(place);
        (&self.terms.numbers()[range.clone()], &self.counts[range])
    }
}

/// All nodes of a checkpoint.
#[derive(Copy, Clone)]
pub(super) struct Rows<'a> {
    pub(super) commons: &'a Commons,
    pub(super) wired: &'a Wired,
    pub(super) columns: &'a Graph,
    pub(super) targets: &'a Runs,
    // By seat: its nodes.
    pub(super) nodes: &'a [Vec<u32>],
}

/// Returns the norm of a document.
///
/// # Errors
/// [`crate::Error::Wire`] if title and sequence are not those of a text with these terms.
pub(super) fn norm_of(lists: &DocumentLists, place: usize, sequence: &Sequence, text: &str) -> Result<f64> {
    let ((terms, counts), title) = (lists.terms(place), lists.titles.of(place));
    let has = |term: &u32| terms.binary_search(term).is_ok();
    if !sequence.fits(terms.len(), text) || !title.iter().all(has) {
        return Err(odd("a document's words do not fit together"));
    }
    let stands = sequence.standing(terms.len());
    Ok(norm(counts.iter().zip(stands).filter(|(_, stands)| *stands).map(|(count, _)| *count)))
}

/// Puts a document into its shard.
pub(super) fn put(shard: &mut Shard, document: Stored, lists: &DocumentLists) {
    let Stored { id, body, place, sequence, norm, arrival, digested } = document;
    let (terms, counts) = lists.terms(place);
    let words = terms.iter().copied().zip(counts.iter().copied()).collect();
    let analysis = Analysis::stored(words, norm, lists.titles.of(place).into(), sequence);
    shard.insert(Analysed { id, body, analysis: Box::new(analysis) }, arrival);
    if let Some(tick) = digested {
        let concepts = lists.concepts.of(place).iter().map(|concept| terms[*concept as usize]);
        shard.restore_digested(id, tick, concepts.collect());
    }
}

impl Rows<'_> {
    /// Returns the nodes of a seat, of which these are pinned.
    ///
    /// # Errors
    /// [`crate::Error::Wire`] for what no colony wrote.
    pub(super) fn of(&self, seat: usize, pinned: Vec<u32>) -> Result<Nodes> {
        let Rows { commons, wired, columns, targets, nodes } = *self;
        let now = commons.tick() as u32;
        let decays = Decays::new(commons.config(), pinned);
        let cap = commons.config().max_edge_degree as usize;
        let mut known = [false, true].map(|is_pinned| Ends::new(decays.law(is_pinned)));
        let (mut row, mut ends, mut read) = (Vec::new(), Vec::new(), Nodes::default());
        for node in nodes[seat].iter().map(|node| *node as usize) {
            let (term, range, wirings) = (columns.terms[node], targets.range(node), columns.wirings[node]);
            let targets = targets.of(node);
            if wirings == 0 || wired.of(term) != wirings {
                return Err(odd("`wirings` has not the number of a node's documents"));
            }
            if !targets.is_sorted_by(|one, other| one < other) || targets.len() > cap || targets.contains(&term) {
                return Err(odd("`targets` has a row that is not in order, too long, or leads to its own node"));
            }
            row.clear();
            ends.clear();
            for (&target, at) in targets.iter().zip(range) {
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
            if !read.add(commons.home(term).slot, term, wirings, columns.uses[node], &row, &ends) {
                return Err(odd("a node stands twice"));
            }
        }
        Ok(read)
    }
}
