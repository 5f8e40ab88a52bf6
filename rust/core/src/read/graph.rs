//! Concepts and synapses: one by one, and as snapshots of a whole tick.

use crate::Result;
use crate::commons::Commons;
use crate::documents::Postings;
use crate::graph::{Decays, Synapse};
use crate::ids::{NodeId, ShardId, Tick};
use crate::query::near::{self, RankedConcept, contributions};
use crate::query::{Buffers, Here, Homes, Local, View};
use crate::shard::{NodeData, Shard};
use crate::text::{QueryWord, Session};
use ecow::EcoString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A concept.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// Its stem.
    pub stem: EcoString,
    /// What its home shard reports of it.
    pub data: NodeData,
}

/// A synapse of a concept's own row, with the node at its far end.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbor {
    /// The far end's id.
    pub id: NodeId,
    /// The far end's label.
    pub label: EcoString,
    /// The current weight.
    pub weight: f64,
    /// The synapse as it is stored.
    pub synapse: Synapse,
}

/// A concept near a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NearConcept {
    /// Its id.
    pub id: NodeId,
    /// Its term index.
    pub term: u32,
    /// Its label.
    pub label: EcoString,
    /// Its score.
    pub score: f64,
    /// Its home shard.
    pub shard: ShardId,
}

/// What one shard finds for the stems of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LocalConcepts {
    /// Concepts, best first.
    pub concepts: Vec<NearConcept>,
    /// How many of the shard's documents have each of the stems, without those that none has.
    pub frequencies: BTreeMap<String, usize>,
}

/// The nodes of one committed tick, ordered by id.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The tick.
    pub tick: Tick,
    /// The nodes.
    pub rows: Vec<NodeRow>,
}

/// A synapse of a snapshot. Its ends are indices into [`Edges::ends`].
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct EdgeRow {
    /// The index of its source.
    pub source: u32,
    /// The index of its target.
    pub target: u32,
    /// Its weight at the snapshot's tick.
    pub weight: f64,
    /// The documents that wired it since it was made.
    pub co_activations: u32,
    /// The tick that made it.
    pub created: u32,
    /// The tick that last activated it.
    pub last: u32,
}

/// The living synapses of one committed tick, ordered by the ids of source and target.
#[derive(Clone, Debug)]
pub struct Edges {
    /// The tick.
    pub tick: Tick,
    /// The nodes by id, with their labels.
    pub ends: Vec<(NodeId, EcoString)>,
    /// The synapses.
    pub rows: Vec<EdgeRow>,
}

impl Edges {
    /// Returns the node where a synapse begins.
    pub fn source(&self, edge: &EdgeRow) -> &(NodeId, EcoString) {
        &self.ends[edge.source as usize]
    }

    /// Returns the node where a synapse ends.
    pub fn target(&self, edge: &EdgeRow) -> &(NodeId, EcoString) {
        &self.ends[edge.target as usize]
    }
}

/// Returns the `k` concepts nearest to a question, best first.
///
/// # Errors
/// Those of the homes.
pub fn near<H: Homes>(homes: &mut H, words: &[QueryWord], k: usize) -> Result<Vec<NearConcept>> {
    let known = homes.commons().terms();
    let terms: Vec<u32> = words.iter().filter_map(|word| word.term).filter(|term| (*term as usize) < known).collect();
    let all = homes.near(&terms)?;
    let ranked = near::rank(all, homes.commons(), k);
    let labels = homes.labels(&ranked.iter().map(|ranked| ranked.term).collect::<Vec<_>>())?;
    Ok(ranked.into_iter().zip(labels).map(|(ranked, label)| NearConcept::new(ranked, label, homes.commons())).collect())
}

impl NearConcept {
    fn new(RankedConcept { term, score, shard }: RankedConcept, label: EcoString, commons: &Commons) -> NearConcept {
        NearConcept { id: NodeId(commons.id(term)), term, label, score, shard }
    }
}

/// Returns the neighbours in the row of a term, which is in the order of the far ends' ids: the heaviest first, equal weights in
/// that order.
pub(crate) fn neighbors(
    commons: &Commons,
    decays: &Decays<'_>,
    term: u32,
    row: Vec<Synapse>,
    mut label: impl FnMut(u32) -> EcoString,
) -> Vec<Neighbor> {
    let now = commons.tick() as u32;
    let neighbor = |synapse: Synapse| Neighbor {
        id: NodeId(commons.id(synapse.target)),
        label: label(synapse.target),
        weight: decays.of(term).weight(&synapse, now),
        synapse,
    };
    let mut all: Vec<Neighbor> = row.into_iter().map(neighbor).collect();
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    all
}

impl NodeRow {
    /// Returns a concept with what its home reports of it.
    pub(crate) fn new(commons: &Commons, term: u32, data: NodeData) -> NodeRow {
        NodeRow { id: NodeId(commons.id(term)), stem: commons.lexicon().stem(term), data }
    }
}

impl Edges {
    /// Returns the snapshot of concepts, in the order of their ids with their labels, and of their rows, each in the
    /// order of its targets' ids.
    pub(crate) fn new(
        commons: &Commons,
        concepts: Vec<(u32, EcoString)>,
        rows: impl Iterator<Item = Result<Vec<Synapse>>>,
        count: u64,
    ) -> Result<Edges> {
        // Nodes are in the order of their ids, so a target's index is found without a map.
        let mut place_of = vec![0u32; commons.terms()];
        (0..).zip(&concepts).for_each(|(place, &(term, _))| place_of[term as usize] = place);
        let (decays, now) = (commons.decays(), commons.tick() as u32);
        let terms: Vec<u32> = concepts.iter().map(|concept| concept.0).collect();
        let mut all = Vec::with_capacity(count as usize);
        for (source, row) in (0..).zip(rows) {
            let decay = decays.of(terms[source as usize]);
            all.extend(row?.iter().map(|synapse| EdgeRow {
                source,
                target: place_of[synapse.target as usize],
                weight: decay.weight(synapse, now),
                co_activations: synapse.co_activations,
                created: synapse.created,
                last: synapse.last,
            }));
        }
        let ends = concepts.into_iter().map(|(term, label)| (NodeId(commons.id(term)), label)).collect();
        Ok(Edges { tick: commons.tick(), ends, rows: all })
    }
}

impl<'a> View<'a> {
    /// Returns the home shard of a term's node.
    pub fn home(&self, term: u32) -> &'a Shard {
        &self.shards[self.commons.seat(self.commons.home(term).shard)]
    }

    /// Returns the words of a question or label as the colony knows them. Adds nothing to the dictionary.
    pub fn words(&self, text: &str) -> Vec<QueryWord> {
        // A new session costs nothing before it has seen a document.
        Session::new(self.commons.lexicon().clone()).query(text)
    }

    /// Returns the one word of a label as the colony knows it. Adds nothing to the dictionary.
    pub fn label(&self, label: &str) -> Option<QueryWord> {
        Session::new(self.commons.lexicon().clone()).label(label)
    }

    /// Returns whether the colony has learned a term of the dictionary, which may hold more terms.
    pub fn knows(&self, term: u32) -> bool {
        (term as usize) < self.commons.terms()
    }

    /// Returns the term index of the concept of a word, or else of a stem (the stem of a stem may be another one), if
    /// it is wired.
    pub fn concept(&self, word: Option<&QueryWord>, label: &str) -> Option<u32> {
        let wired = |term: &u32| self.knows(*term) && self.home(*term).is_concept(*term, self.commons);
        word.and_then(|word| word.term).filter(wired).or_else(|| self.commons.lexicon().term(label).filter(wired))
    }

    /// Returns the term index of the concept with this label, word form or stem, if it is wired.
    pub fn concept_of(&self, label: &str) -> Option<u32> {
        self.concept(self.label(label).as_ref(), label)
    }

    /// Returns a concept, if the term is wired.
    pub fn node(&self, term: u32) -> Option<NodeRow> {
        Some(NodeRow::new(self.commons, term, self.home(term).describe(term, self.commons)?))
    }

    /// Returns the concepts' term indices, in the order of their ids.
    pub(crate) fn concept_terms(&self) -> Vec<u32> {
        let mut terms: Vec<u32> = self.shards.iter().flat_map(|shard| shard.concepts()).collect();
        terms.sort_unstable_by_key(|term| self.commons.id(*term));
        terms
    }

    /// Returns the living synapses of a concept, in the order of their targets' ids.
    pub(crate) fn row(&self, term: u32) -> Vec<Synapse> {
        let mut row: Vec<Synapse> = self.home(term).row(term, self.commons).collect();
        row.sort_unstable_by_key(|synapse| self.commons.id(synapse.target));
        row
    }

    /// Returns the synapses of a concept, the heaviest first; equal weights are in the order of the far ends' ids.
    pub fn neighbors(&self, term: u32) -> Vec<Neighbor> {
        neighbors(self.commons, &self.commons.decays(), term, self.row(term), |target| self.commons.label(target))
    }

    /// Returns the `k` concepts nearest to a question, best first.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn near(&self, words: &[QueryWord], k: usize) -> Result<Vec<NearConcept>> {
        near(&mut Here::new(*self, &mut Buffers::default()), words, k)
    }

    /// Returns a snapshot of all nodes.
    pub fn nodes(&self) -> Result<Nodes> {
        let mut rows = Vec::new();
        for term in self.concept_terms() {
            self.poll()?;
            rows.extend(self.node(term));
        }
        Ok(Nodes { tick: self.commons.tick(), rows })
    }

    /// Returns a snapshot of all living synapses.
    pub fn edges(&self) -> Result<Edges> {
        let terms = self.concept_terms();
        let concepts = terms.iter().map(|&term| (term, self.commons.label(term))).collect();
        let rows = terms.iter().map(|&term| {
            self.poll()?;
            Ok(self.row(term))
        });
        let count = self.shards.iter().map(|shard| shard.edge_count()).sum();
        Edges::new(self.commons, concepts, rows, count)
    }
}

impl Local<'_> {
    /// Returns in how many of this shard's documents each term is, by term; without those that none has.
    pub fn terms(&self) -> Vec<(u32, u32)> {
        self.documents().terms().map(|(term, count)| (term, count as u32)).collect()
    }

    /// Returns what this shard finds for stems. A stem that the colony does not know is left out. `df` overrides the
    /// committed statistics of the stems that it has.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set, here and below.
    pub fn find(&self, stems: Vec<String>, df: &BTreeMap<String, u32>, most: usize) -> Result<LocalConcepts> {
        let term = |stem: &str| self.commons.lexicon().term(stem);
        let asked: Vec<(u32, String)> = stems.into_iter().filter_map(|stem| Some((term(&stem)?, stem))).collect();
        let df: BTreeMap<u32, u32> = df.iter().filter_map(|(stem, count)| Some((term(stem)?, *count))).collect();
        let terms: Vec<u32> = asked.iter().map(|(term, _)| *term).collect();
        let concepts = self.near(&terms, |term| df.get(&term).copied(), most)?;
        let count = |term| self.shard.documents().postings(term).map_or(0, Postings::len);
        let frequencies = asked.into_iter().map(|(term, stem)| (stem, count(term))).filter(|(_, count)| *count > 0);
        Ok(LocalConcepts { concepts, frequencies: frequencies.collect() })
    }

    /// Returns the term of the concept of this shard with an id, by a scan: nodes are stored by term and not by id, and
    /// callers ask for one at a time.
    pub(crate) fn concept_of(&self, id: NodeId) -> Option<u32> {
        self.shard.concepts().find(|term| self.commons.id(*term) == id.0)
    }

    /// Returns concepts near the terms, by what this shard knows of them, best first. `df` overrides the shard's own
    /// statistics where it returns a number.
    pub fn near(&self, terms: &[u32], df: impl Fn(u32) -> Option<u32>, most: usize) -> Result<Vec<NearConcept>> {
        let commons = self.commons;
        let known: Vec<u32> = terms.iter().copied().filter(|term| (*term as usize) < commons.terms()).collect();
        let ranked = near::rank(contributions(*self, &known, df)?, commons, most);
        let told = ranked.into_iter().map(|ranked| {
            let label = commons.label(ranked.term);
            NearConcept::new(ranked, label, commons)
        });
        Ok(told.collect())
    }
}
