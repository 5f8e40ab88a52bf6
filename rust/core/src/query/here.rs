//! Rounds over the shards of one process, one shard after the other.

use crate::commons::{Commons, Near};
use crate::ids::DocumentId;
use crate::maps::Set;
use crate::metadata::Every;
use crate::query::allowed::Allowed;
use crate::query::bm25::{self, Best, Found, WeightedTerm};
use crate::query::bridge::Bridges;
use crate::query::buffers::Buffers;
use crate::query::clause::{self, Clause, Only};
use crate::query::concepts;
use crate::query::context::Turn;
use crate::query::evidence::Evidence;
use crate::query::hit::{FoundDocument, Hit, Introduced, Told};
use crate::query::homes::{Heard, Homes, Meaning, Reached, Reaching, Surrounding, Surroundings, Telling, Wanted};
use crate::query::lexical::{self, ByWords};
use crate::query::lit::{self, Lit, LitDocument};
use crate::query::names::{self, Named};
use crate::query::near::{self, Contribution};
use crate::query::outline::Outline;
use crate::query::parts::Weighed;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{self, Seed, Voice};
use crate::query::similar;
use crate::query::telling;
use crate::query::view::{Spot, View};
use crate::{Error, Result};
use ecow::EcoString;

/// The homes in one process: all of a colony, or those of one node. A home without documents finds nothing.
#[derive(Debug)]
pub struct Here<'a> {
    /// The state.
    pub view: View<'a>,
    /// Buffers, which another question may have used.
    pub buffers: &'a mut Buffers,
}

impl<'a> Here<'a> {
    /// Returns the homes of a state.
    pub fn new(view: View<'a>, buffers: &'a mut Buffers) -> Self {
        Here { view, buffers }
    }

    /// Returns what the shards find by a question's words, before it is known which of it counts.
    pub fn by_words(&mut self, question: &Question, ranking: &Ranking) -> Result<ByWords> {
        let mut by_words = ByWords::new(ranking);
        for local in self.view.locals() {
            by_words.gather(lexical::find(local, question, ranking, by_words.floors(), self.buffers)?);
        }
        Ok(by_words)
    }

    /// Returns what documents have of a question's words.
    pub fn evidence<'b>(
        &mut self,
        question: &Question,
        ranking: &Ranking,
        spots: impl IntoIterator<Item = &'b Spot>,
    ) -> Result<Vec<Evidence>> {
        self.buffers.mark_words(question, self.view.commons);
        let weigh = |&(seat, place)| lexical::evidence(self.view.local(seat), question, place, ranking, self.buffers);
        spots.into_iter().map(weigh).collect()
    }

    /// Returns the titles of each shard's documents that each sequence of terms mentions.
    pub fn mentions(&self, sequences: &[&[u32]], ranking: &Ranking) -> Result<Vec<Vec<Vec<Named>>>> {
        self.view.locals().map(|local| names::mentions(local, sequences, ranking)).collect()
    }

    /// Marks the words and the concepts of a question, before documents are weighed.
    pub fn mark(&mut self, meaning: Meaning<'_>) {
        self.buffers.mark_words(meaning.question, self.view.commons);
        self.buffers.mark_concepts(meaning.lit, self.view.commons);
    }

    /// Returns how strongly concepts light up a document. Concepts must be marked.
    pub fn activation(&mut self, lit: &[Lit], (seat, place): Spot) -> Result<f64> {
        concepts::activation(lit, self.view.local(seat), place, self.buffers)
    }

    /// Returns what a document is worth. Words and concepts must be marked.
    pub fn weighed(&mut self, meaning: Meaning<'_>, spot: Spot) -> Result<Weighed> {
        let (seat, place) = spot;
        let Meaning { question, ranking, lit } = meaning;
        let evidence = lexical::evidence(self.view.local(seat), question, place, ranking, self.buffers)?;
        Ok(Weighed { evidence, activation: self.activation(lit, spot)? })
    }

    /// Returns the `most` best allowed documents by BM25 that score at least `floor`, best first.
    pub fn best_from(
        &mut self,
        terms: &[WeightedTerm],
        most: usize,
        floor: f64,
        allowed: Option<&Allowed>,
    ) -> Result<Vec<Found>> {
        let mut best = Best::new(most, floor);
        for local in self.view.locals() {
            let places = allowed.map(|allowed| allowed.at(local.seat));
            best.gather(bm25::find(local, terms, most, best.threshold, places, &mut self.buffers.bm25)?);
        }
        Ok(best.finish())
    }

    /// Returns what a document is to its neighbours. Words must be marked.
    pub fn turn(&mut self, id: DocumentId) -> Result<Turn> {
        let (seat, place) = spot_of(self.view, id)?;
        Turn::of(self.view.local(seat), place, self.buffers)
    }

    /// Returns where a document is and what it is worth, if it is allowed. Words and concepts must be marked.
    pub fn weighed_if(
        &mut self,
        meaning: Meaning<'_>,
        id: DocumentId,
        allowed: Option<&Allowed>,
    ) -> Result<Option<(Spot, Weighed)>> {
        let spot = spot_of(self.view, id)?;
        let is_allowed = allowed.is_none_or(|allowed| allowed.has(spot));
        is_allowed.then(|| Ok((spot, self.weighed(meaning, spot)?))).transpose()
    }

    fn bridges(&self, asked: &Reaching<'_, Allowed>) -> Result<Bridges> {
        let (seeds, voices, ranking) = (asked.seeds, asked.voices, asked.meaning.ranking);
        if ranking.bridge_weight == 0.0 {
            return Ok(Bridges::default());
        }
        let sequences: Vec<&[u32]> = voices.iter().map(|voice| &*voice.sequence).collect();
        let mentioned = names::gather(self.mentions(&sequences, ranking)?, seeds.len(), ranking);
        Ok(Bridges::new(mentioned, seeds, voices, self.view.commons, ranking))
    }
}

/// Returns the spot of a document that stands here.
///
/// # Errors
/// [`Error::Wire`] if it does not: whoever asks reads another state.
pub fn spot_of(view: View<'_>, id: DocumentId) -> Result<Spot> {
    let refused = || Error::Wire { what: "ask", reason: format!("document {id} does not stand here") };
    view.spot_of(id).ok_or_else(refused)
}

impl Homes for Here<'_> {
    type Allowed = Allowed;

    fn commons(&self) -> &Commons {
        self.view.commons
    }

    fn poll(&self) -> Result<()> {
        self.view.poll()
    }

    fn allow(&self, only: &Only) -> Result<Option<Allowed>> {
        Allowed::only(self.view, only)
    }

    fn beginning(&mut self, begun: &str, most: usize) -> Result<Vec<Near>> {
        Ok(self.view.commons.beginning(begun, most, |_| true))
    }

    fn meets(&mut self, spot: Spot, clauses: &[Clause]) -> Result<Vec<bool>> {
        Ok(clause::met(self.view, self.view.at(spot), clauses))
    }

    fn nearest(&mut self, words: &[(String, u32)], most: usize) -> Result<Vec<Vec<Near>>> {
        let near = |(word, edits): &(String, u32)| {
            self.view.poll()?;
            Ok(self.view.commons.near(word, *edits, most, |_| true))
        };
        words.iter().map(near).collect()
    }

    fn hear(&mut self, question: &Question, ranking: &Ranking, allowed: Option<&Allowed>) -> Result<Heard> {
        let unweighed = self.by_words(question, ranking)?.finish(question, self.view.commons, ranking);
        let evidence = self.evidence(question, ranking, unweighed.spots.iter().map(|(spot, _)| spot))?;
        Ok(Heard { unweighed, evidence, allowed: allowed.map(|allowed| allowed.count() as u64) })
    }

    fn speak(&mut self, question: &Question, ranking: &Ranking, seeds: &[Seed]) -> Result<Vec<Voice>> {
        self.buffers.mark_words(question, self.view.commons);
        let speak =
            |seed: &Seed| seeds::speak(self.view.local(seed.spot.0), question, seed.spot.1, ranking, self.buffers);
        seeds.iter().map(speak).collect()
    }

    fn reach(&mut self, asked: &Reaching<'_, Allowed>) -> Result<Reached> {
        let bridge = self.bridges(asked)?;
        let meaning = asked.meaning;
        self.mark(meaning);
        let full = self.activation(meaning.lit, asked.seeds[0].spot)?;
        let (mut activations, mut others) = (Vec::new(), Vec::new());
        match asked.wanted {
            None => {}
            Some(Wanted::All(allowed)) => {
                for spot in allowed.spots() {
                    others.push((spot, self.view.at(spot).id.0, self.weighed(meaning, spot)?));
                }
            }
            Some(Wanted::Best { candidates, allowed, by_words, by_similarity, affordable, by_concepts }) => {
                let may = |spot: Spot| allowed.is_none_or(|allowed| allowed.has(spot));
                let mut known: Set<Spot> = Set::with_capacity_and_hasher(2 * candidates.len(), Default::default());
                activations.reserve_exact(candidates.len());
                for candidate in candidates {
                    known.insert(candidate.spot);
                    let is_allowed = may(candidate.spot);
                    activations.push(match is_allowed {
                        true => Some(self.activation(meaning.lit, candidate.spot)?),
                        false => None,
                    });
                }
                let mut found: Vec<(Spot, u128)> = Vec::new();
                if let Some(most) = by_words {
                    let best = self.best(&meaning.question.weighted(), most, allowed)?;
                    found.extend(best.iter().map(|found| (found.spot(), found.id)));
                }
                if let Some(most) = by_similarity {
                    let best = self.most_similar(meaning.question, most, allowed)?;
                    found.extend(best.iter().map(|found| (found.spot(), found.id)));
                }
                let lit = self.most_lit(affordable, by_concepts, allowed)?;
                found.extend(lit.iter().map(|lit| (lit.spot, lit.id)));
                found.extend(bridge.spots().filter(|&(spot, _)| may(spot)));
                for (spot, id) in found {
                    if known.insert(spot) {
                        others.push((spot, id, self.weighed(meaning, spot)?));
                    }
                }
            }
        }
        Ok(Reached { bridge, full, activations, others })
    }

    fn weigh(&mut self, meaning: Meaning<'_>, spots: &[Spot]) -> Result<Vec<Weighed>> {
        self.mark(meaning);
        spots.iter().map(|&spot| self.weighed(meaning, spot)).collect()
    }

    fn surround(&mut self, asked: &Surrounding<'_, Allowed>) -> Result<Surroundings> {
        self.mark(asked.meaning);
        let turns = asked.turns.iter().map(|&id| self.turn(id)).collect::<Result<_>>()?;
        let weigh = |&id: &DocumentId| self.weighed_if(asked.meaning, id, asked.allowed);
        Ok(Surroundings { turns, others: asked.others.iter().map(weigh).collect::<Result<_>>()? })
    }

    fn best(&mut self, terms: &[WeightedTerm], most: usize, allowed: Option<&Allowed>) -> Result<Vec<Found>> {
        bm25::search(self.view, terms, most, allowed, &mut self.buffers.bm25)
    }

    fn most_similar(&mut self, question: &Question, most: usize, allowed: Option<&Allowed>) -> Result<Vec<Found>> {
        let mut best = Best::new(most, f64::NEG_INFINITY);
        let Some(vector) = &question.vector else { return Ok(Vec::new()) };
        for local in self.view.locals() {
            let places = allowed.map(|allowed| allowed.at(local.seat));
            best.gather(similar::find(local, vector, most, best.threshold, places)?.0);
        }
        Ok(best.finish())
    }

    fn outline(&mut self, spots: &[Spot]) -> Result<Vec<Outline>> {
        let of = |&(seat, place): &Spot| {
            self.view.poll()?;
            Ok(Outline::of(self.view.local(seat), place))
        };
        spots.iter().map(of).collect()
    }

    fn most_lit(&mut self, lit: &[Lit], most: usize, allowed: Option<&Allowed>) -> Result<Vec<LitDocument>> {
        let sums = &mut self.buffers.sums;
        let mut all = Vec::new();
        for local in self.view.locals() {
            all.extend(match allowed {
                None => lit::find(local, lit, most, &Every, sums)?,
                Some(allowed) => lit::find(local, lit, most, allowed.at(local.seat), sums)?,
            });
        }
        Ok(lit::keep_best(all, most))
    }

    fn tell(&mut self, asked: &Telling<'_>) -> Result<Told> {
        let told = asked.hits.iter().map(|hit| hit.found.spot());
        told.for_each(|spot| self.view.at(spot).body.prefetch());
        self.mark(asked.meaning);
        let tell = |hit: &Hit| telling::tell(self.view.local(hit.found.seat), asked, hit, self.buffers);
        let hits = asked.hits.iter().map(tell).collect::<Result<Vec<_>>>()?;
        let mut labels = vec![None; asked.meaning.lit.len()];
        for &(place, _) in hits.iter().flat_map(|hit| &hit.concepts) {
            let term = asked.meaning.lit[place as usize].term;
            labels[place as usize].get_or_insert_with(|| self.view.commons.label(term));
        }
        let seeds = asked.seeds.iter().map(|seed| Introduced::new(self.view.at(seed.spot))).collect();
        let name = |&id: &DocumentId| Ok((id, self.view.at(spot_of(self.view, id)?).name()));
        let neighbors = asked.neighbors.iter().map(name).collect::<Result<_>>()?;
        Ok(Told { hits, seeds, labels, neighbors, carried: Vec::new() })
    }

    fn documents(&mut self, found: &[(Spot, f64)]) -> Result<Vec<FoundDocument>> {
        found.iter().for_each(|(spot, _)| self.view.at(*spot).body.prefetch());
        let tell = |&(spot, score): &(Spot, f64)| {
            self.view.poll()?;
            Ok(FoundDocument::new(self.view.at(spot), score))
        };
        found.iter().map(tell).collect()
    }

    fn find(&mut self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>> {
        let find = |&id: &DocumentId| {
            let spot = self.view.spot_of(id)?;
            Some((spot, self.view.at(spot).body.key.is_some()))
        };
        Ok(ids.iter().map(find).collect())
    }

    fn near(&mut self, terms: &[u32]) -> Result<Vec<Contribution>> {
        let mut all = Vec::new();
        for local in self.view.locals() {
            all.extend(near::contributions(local, terms, |_| None)?);
        }
        Ok(all)
    }

    fn labels(&mut self, terms: &[u32]) -> Result<Vec<EcoString>> {
        Ok(terms.iter().map(|&term| self.view.commons.label(term)).collect())
    }
}
