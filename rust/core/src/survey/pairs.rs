//! The undirected graph of a committed state, as plain data.
//!
//! Concepts are in the order of their ids, and a concept is named by its place in that order, so nothing here depends
//! on shards. A pair is what both directions of a synapse say together: the larger number of co-activations and the
//! larger weight, as the two rows are cut and decay apart.

use super::pace::Pace;
use crate::Result;
use crate::cancel::Cancel;
use crate::graph::Synapse;
use crate::graph::synapse::to_fixed;
use crate::ids::{NodeId, Tick};
use crate::query::{Local, View};
use serde::{Deserialize, Serialize};

/// A concept.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Concept {
    /// Its id.
    pub id: NodeId,
    /// Its term index, for who looks up its label: the same on all nodes of a colony, and of no effect on any answer.
    pub term: u32,
    /// How many documents have its term.
    pub df: u32,
}

/// What one shard contributes: its concepts and their rows.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Part {
    concepts: Vec<Concept>,
    // How many synapses each of the concepts has.
    degrees: Vec<u32>,
    synapses: Vec<Half>,
}

/// One direction of a pair.
#[derive(Copy, Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
struct Half {
    // The far end: its term index in a part, its place once parts are joined.
    target: u32,
    co: u32,
    weight: u32,
}

/// Two concepts of which at least one has a living synapse to the other.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Pair {
    /// The place of the concept with the smaller id.
    pub one: u32,
    /// The place of the other concept.
    pub other: u32,
    /// Documents that activated both together, by the direction that counted more.
    pub co: u32,
    /// The weight at the tick, of the heavier direction, in units of 2^-24.
    pub weight: u32,
}

/// The undirected graph of one committed tick.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Pairs {
    /// The tick.
    pub tick: Tick,
    /// The number of documents, N.
    pub documents: u64,
    /// The concepts, by id.
    pub concepts: Vec<Concept>,
    /// Each pair once, by the places of its ends.
    pub pairs: Vec<Pair>,
}

impl Part {
    /// Returns what a shard contributes.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag of the view is set.
    pub fn of(local: Local<'_>) -> Result<Part> {
        let commons = local.commons;
        let (decays, now) = (local.shard.decays(commons), commons.tick() as u32);
        let mut part = Part::default();
        for term in local.shard.concepts() {
            local.poll()?;
            let (before, decay) = (part.synapses.len(), decays.of(term));
            let half = |synapse: Synapse| Half {
                target: synapse.target,
                co: synapse.co_activations,
                weight: to_fixed(decay.weight(&synapse, now)),
            };
            part.synapses.extend(local.shard.row(term, commons).map(half));
            part.degrees.push((part.synapses.len() - before) as u32);
            part.concepts.push(Concept { id: NodeId(commons.id(term)), term, df: commons.df(term) });
        }
        Ok(part)
    }

    /// Returns how many bytes it has.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.concepts) + size_of_val(&*self.degrees) + size_of_val(&*self.synapses)
    }

    /// Returns whether parts fit together in a colony of so many terms: those of nodes come over a wire.
    pub fn fit(parts: &[Part], terms: usize) -> bool {
        let mut is_concept = vec![false; terms];
        let concepts = parts.iter().flat_map(|part| &part.concepts);
        let are_once = concepts.into_iter().all(|concept| match is_concept.get_mut(concept.term as usize) {
            Some(known) => !std::mem::replace(known, true),
            None => false,
        });
        let is_whole = |part: &Part| {
            let degrees: u64 = part.degrees.iter().map(|degree| u64::from(*degree)).sum();
            let is_known = |half: &Half| is_concept.get(half.target as usize).is_some_and(|known| *known);
            part.degrees.len() == part.concepts.len()
                && degrees == part.synapses.len() as u64
                && part.synapses.iter().all(is_known)
        };
        are_once && parts.iter().all(is_whole)
    }

    // Each synapse with the term index of its source.
    fn halves(&self) -> impl Iterator<Item = (u32, &Half)> {
        let sources = self.concepts.iter().zip(&self.degrees);
        sources.flat_map(|(concept, &degree)| std::iter::repeat_n(concept.term, degree as usize)).zip(&self.synapses)
    }
}

impl Pairs {
    /// Returns the graph of a state.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`] once the flag is set, here and in all of this module.
    pub fn of(view: View<'_>, cancel: &Cancel) -> Result<Pairs> {
        let parts = view.until(cancel).locals().map(Part::of).collect::<Result<Vec<Part>>>()?;
        Pairs::join(view.commons.tick(), view.commons.documents(), &parts, cancel)
    }

    /// Returns the graph whose parts, one of each shard in any order, are of this tick, when there were so many
    /// documents.
    pub fn join(tick: Tick, documents: u64, parts: &[Part], cancel: &Cancel) -> Result<Pairs> {
        let mut pace = Pace::new(cancel);
        let mut concepts: Vec<Concept> = parts.iter().flat_map(|part| part.concepts.iter().copied()).collect();
        concepts.sort_unstable_by_key(|concept| concept.id);
        let place_of = places(&concepts);
        let ends = |(source, half): (u32, &Half)| {
            let (source, target) = (place_of[source as usize], place_of[half.target as usize]);
            (source.min(target), source.max(target))
        };
        // In buckets by the smaller end: one sort of them all takes four times as long.
        let halves = || parts.iter().flat_map(Part::halves);
        let mut starts = vec![0usize; concepts.len() + 1];
        for half in halves() {
            pace.steps(1)?;
            starts[ends(half).0 as usize + 1] += 1;
        }
        (1..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
        let (mut buckets, mut free) = (vec![Half::default(); starts[concepts.len()]], starts.clone());
        for half in halves() {
            pace.steps(1)?;
            let (one, other) = ends(half);
            buckets[free[one as usize]] = Half { target: other, ..*half.1 };
            free[one as usize] += 1;
        }
        let mut pairs: Vec<Pair> = Vec::with_capacity(buckets.len());
        for (one, range) in (0..).zip(starts.windows(2)) {
            let bucket = &mut buckets[range[0]..range[1]];
            pace.steps(1 + bucket.len())?;
            bucket.sort_unstable_by_key(|half| half.target);
            for same in bucket.chunk_by(|half, next| half.target == next.target) {
                let co = same.iter().map(|half| half.co).max().unwrap_or(0);
                let weight = same.iter().map(|half| half.weight).max().unwrap_or(0);
                pairs.push(Pair { one, other: same[0].target, co, weight });
            }
        }
        Ok(Pairs { tick, documents, concepts, pairs })
    }

    /// Returns the place of the concept with an id.
    pub fn place(&self, id: NodeId) -> Option<u32> {
        self.concepts.binary_search_by_key(&id, |concept| concept.id).ok().map(|place| place as u32)
    }

    /// Returns the id of the concept at a place.
    pub fn id(&self, place: u32) -> NodeId {
        self.concepts[place as usize].id
    }

    /// Returns the number of documents that have the concept at a place.
    pub fn df(&self, place: u32) -> u32 {
        self.concepts[place as usize].df
    }
}

/// Returns the places of concepts, by term index; 0 for a term that is none.
pub(super) fn places(concepts: &[Concept]) -> Vec<u32> {
    let terms = concepts.iter().map(|concept| concept.term as usize + 1).max().unwrap_or(0);
    let mut place_of = vec![0; terms];
    (0..).zip(concepts).for_each(|(place, concept)| place_of[concept.term as usize] = place);
    place_of
}

#[cfg(test)]
mod tests {
    use super::*;

    // A concept's term, id and synapses: target, co-activations and weight.
    type Row<'a> = (u32, u128, &'a [(u32, u32, u32)]);

    fn part(rows: &[Row<'_>]) -> Part {
        Part {
            concepts: rows.iter().map(|&(term, id, _)| Concept { id: NodeId(id), term, df: 10 + term }).collect(),
            degrees: rows.iter().map(|(_, _, row)| row.len() as u32).collect(),
            synapses: rows
                .iter()
                .flat_map(|(_, _, row)| row.iter().map(|&(target, co, weight)| Half { target, co, weight }))
                .collect(),
        }
    }

    #[test]
    fn a_pair_has_the_larger_of_its_directions_and_stands_once() {
        // Terms 0, 1, 2 have the ids 9, 3, 5, so their places are 2, 0, 1.
        let one = part(&[(0, 9, &[(1, 4, 70), (2, 2, 10)]), (2, 5, &[])]);
        let other = part(&[(1, 3, &[(0, 3, 90)])]);
        let expected = [Pair { one: 0, other: 2, co: 4, weight: 90 }, Pair { one: 1, other: 2, co: 2, weight: 10 }];
        for parts in [[one.clone(), other.clone()], [other, one]] {
            let joined = Pairs::join(7, 100, &parts, &Cancel::new()).unwrap();
            assert_eq!(joined.pairs, expected);
            assert_eq!(joined.concepts.iter().map(|concept| concept.id.0).collect::<Vec<_>>(), [3, 5, 9]);
            assert_eq!((joined.df(0), joined.place(NodeId(9)), joined.place(NodeId(4))), (11, Some(2), None));
        }
    }

    #[test]
    fn nothing_has_no_pairs() {
        let joined = Pairs::join(0, 0, &[], &Cancel::new()).unwrap();
        assert_eq!((joined.concepts.len(), joined.pairs.len()), (0, 0));
    }
}
