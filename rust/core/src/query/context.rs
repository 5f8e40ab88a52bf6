//! The context part of a score: what the neighbours of a document in its thread add to it.
//!
//! A window is a document with its neighbours, up to `context_reach` on each side. Its words count as those of one
//! document: tf(w) = sum over its documents of (1 - steps / (reach + 1)) * tf, and the length is the mean with the same
//! weights. W is its covered BM25 score, as [`crate::query::evidence`] has it for a document.
//! *context* = context_weight * max(0, W * (1 + speaker_weight, if the question names who says the document) - S) / M,
//! with S the covered BM25 score of the document alone, and M as in [`crate::query::lexical`]: a document whose
//! neighbours have none of the words gains nothing by them, so that documents in threads compare with all others.
//!
//! The home of each neighbour reports the question's words in it, in one round for all documents of an answer; whoever
//! asks knows the windows ([`crate::commons::Threads`]) and makes the sums.

use crate::Result;
use crate::commons::{Commons, Threads};
use crate::ids::DocumentId;
use crate::maps::{Map, Set};
use crate::query::bm25::{K1, gain_of, per_word};
use crate::query::buffers::Buffers;
use crate::query::evidence::Covered;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::speaker;
use crate::query::view::Local;
use serde::{Deserialize, Serialize};

/// What a document is to its neighbours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// The number of its indexed words.
    pub length: u32,
    /// Whether the question names who says it.
    pub is_named: bool,
    /// The question's terms in it, by their index, and how often.
    pub found: Vec<(u32, u32)>,
}

impl Turn {
    /// Returns what the document at a place is to its neighbours. The question's words must be marked.
    pub fn of(local: Local<'_>, place: u32, buffers: &mut Buffers) -> Result<Turn> {
        local.poll()?;
        let document = local.at(place);
        let Buffers { words, found, .. } = buffers;
        words.found(document, found);
        let is_named = speaker::is_named(document, words);
        Ok(Turn { length: local.documents().lengths()[place as usize], is_named, found: found.clone() })
    }
}

/// How neighbours carry a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carried {
    /// The points as the question names who says it.
    pub speaker: f64,
    /// The neighbours that have words of the question, in their order, and the points of each.
    pub neighbors: Vec<(DocumentId, f64)>,
}

/// The windows of an answer.
#[derive(Clone, Debug, Default)]
pub struct Context {
    turns: Map<u128, Turn>,
    // Of each document that was asked for and stands in a thread: what is added to S by its neighbours, and with them by
    // who says it.
    gained: Map<u128, (f64, f64)>,
}

impl Context {
    /// Returns whether an answer has this part at all.
    pub fn is_asked(threads: &Threads, ranking: &Ranking) -> bool {
        !threads.is_empty() && ranking.context_weight > 0.0
    }

    /// Returns the documents whose words must be known to score some, and are not, each once.
    pub fn missing(&self, of: &[DocumentId], threads: &Threads, ranking: &Ranking) -> Vec<DocumentId> {
        let mut asked = Set::default();
        let windows = of.iter().flat_map(|&id| window(threads, id, ranking));
        let new = windows.filter(|(id, _)| !self.turns.contains_key(&id.0) && asked.insert(id.0));
        new.map(|(id, _)| id).collect()
    }

    /// Takes over what was missing, and weighs the windows of the documents that it was missing for.
    pub fn learn(
        &mut self,
        of: &[DocumentId],
        (missing, turns): (Vec<DocumentId>, Vec<Turn>),
        question: &Question,
        commons: &Commons,
        ranking: &Ranking,
    ) {
        self.turns.extend(missing.into_iter().map(|id| id.0).zip(turns));
        for &id in of {
            let window = window(commons.threads(), id, ranking);
            if !window.is_empty() {
                let weigh = |window: &[_]| self.weigh(window, id, question, commons, ranking, |_, _| {}).covered;
                let (alone, covered) = (weigh(&[(id, 0)]), weigh(&window));
                let named = if self.turns[&id.0].is_named { 1.0 + ranking.speaker_weight } else { 1.0 };
                self.gained.insert(id.0, ((covered - alone).max(0.0), (covered * named - alone).max(0.0)));
            }
        }
    }

    /// Returns the context part of a document's score. `unit` is what a unit of covered BM25 score is worth in a lexical
    /// part.
    pub fn points(&self, id: u128, unit: f64, ranking: &Ranking) -> f64 {
        self.gained.get(&id).map_or(0.0, |(_, gained)| ranking.context_weight * gained * unit)
    }

    /// Takes the context part of a document's score apart.
    pub fn carried(
        &self,
        id: DocumentId,
        unit: f64,
        question: &Question,
        commons: &Commons,
        ranking: &Ranking,
    ) -> Carried {
        let Some(&(by_neighbors, all)) = self.gained.get(&id.0) else { return Carried::default() };
        let points = |gained: f64| ranking.context_weight * gained * unit;
        let (speaker, by_neighbors) = (points(all) - points(by_neighbors), points(by_neighbors));
        let window = window(commons.threads(), id, ranking);
        let mut gains = vec![0.0; window.len()];
        self.weigh(&window, id, question, commons, ranking, |member, gain| gains[member] += gain);
        let gained = window.iter().zip(gains).filter(|((other, _), gain)| *other != id && *gain > 0.0);
        let mut neighbors: Vec<(DocumentId, f64)> = gained.map(|((other, _), gain)| (*other, gain)).collect();
        let sum: f64 = neighbors.iter().map(|neighbor| neighbor.1).sum();
        neighbors.iter_mut().for_each(|neighbor| neighbor.1 *= by_neighbors / sum);
        neighbors.retain(|neighbor| neighbor.1 > 0.0);
        Carried { speaker, neighbors }
    }

    // Returns the score of a window. `each` is told what each member adds to its BM25 score, by its index.
    fn weigh(
        &self,
        window: &[(DocumentId, u32)],
        own: DocumentId,
        question: &Question,
        commons: &Commons,
        ranking: &Ranking,
        mut each: impl FnMut(usize, f64),
    ) -> Covered {
        let reach = ranking.context_reach + 1;
        // Of each term the members that have it, with the weights of their counts.
        let mut counts: Vec<(u32, usize, u64)> = Vec::new();
        let (mut length, mut weights) = (0, 0);
        for (member, &(id, steps)) in window.iter().enumerate() {
            let (turn, weight) = (&self.turns[&id.0], u64::from(reach - steps));
            length += weight * u64::from(turn.length);
            weights += weight;
            counts.extend(turn.found.iter().map(|&(place, tf)| (place, member, weight * u64::from(tf))));
        }
        if counts.iter().all(|&(_, member, _)| window[member].0 == own) {
            (length, weights) = (u64::from(self.turns[&own.0].length), 1);
        }
        counts.sort_unstable();
        let (length, per_word) = (length as f64 / weights as f64, per_word(commons));
        let (mut bm25, mut coverage) = (0.0, 0.0);
        for same in counts.chunk_by(|one, other| one.0 == other.0) {
            let term = &question.terms[same[0].0 as usize];
            let count: u64 = same.iter().map(|count| count.2).sum();
            let tf = count as f64 / f64::from(reach);
            let gain = gain_of(f64::from(term.count) * term.idf * (K1 + 1.0), tf, length, per_word);
            same.iter().for_each(|&(_, member, part)| each(member, gain * (part as f64 / count as f64)));
            bm25 += gain;
            coverage += term.mass();
        }
        Covered::of(bm25, coverage, question, ranking)
    }
}

fn window(threads: &Threads, id: DocumentId, ranking: &Ranking) -> Vec<(DocumentId, u32)> {
    threads.window(id, ranking.context_reach as usize)
}

/// Returns the neighbours of documents, up to `context_reach` on each side, each once and in the order of the
/// documents, without those that are known.
pub fn neighbors(
    of: impl Iterator<Item = DocumentId>,
    known: &mut Set<u128>,
    threads: &Threads,
    ranking: &Ranking,
) -> Vec<DocumentId> {
    let mut new = Vec::new();
    for id in of {
        new.extend(window(threads, id, ranking).into_iter().map(|(id, _)| id).filter(|id| known.insert(id.0)));
    }
    new
}
