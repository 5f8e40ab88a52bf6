//! Rounds over the nodes of a cluster: asks are scattered, and replies gathered in an order that does not depend on nodes.

use crate::Result;
use crate::cluster::ask::{self, ITEMS_MAX, Meant, Reach, Reply, Search, What};
use crate::cluster::scatter::{Far, Nodes, Waiting, picked, read, refused, take};
use crate::commons::Commons;
use crate::ids::DocumentId;
use crate::maps::{Map, Set};
use crate::metadata::Filter;
use crate::query::bm25::{Best, Found, WeightedTerm};
use crate::query::bridge::Bridges;
use crate::query::evidence::Evidence;
use crate::query::hit::{FoundDocument, Introduced, Told, ToldHit};
use crate::query::homes::{Heard, Homes, Meaning, Reached, Reaching, Telling, Wanted};
use crate::query::lexical::ByWords;
use crate::query::lit::{self, Lit, LitDocument};
use crate::query::names;
use crate::query::near::Contribution;
use crate::query::parts::Weighed;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::Spot;
use std::sync::Arc;

impl<N: Nodes> Homes for Far<'_, N> {
    type Allowed = Filter;

    fn commons(&self) -> &Commons {
        self.commons
    }

    // Who asks nodes stops asking.
    fn poll(&self) -> Result<()> {
        Ok(())
    }

    fn allow(&self, filter: &Filter) -> Option<Filter> {
        (!filter.is_empty()).then(|| filter.clone())
    }

    fn hear(&mut self, question: &Question, ranking: &Ranking, allowed: Option<&Filter>) -> Result<Heard> {
        let filter = allowed.cloned().unwrap_or_default();
        let what = What::Hear { question: question.clone(), ranking: ranking.clone(), filter };
        let mut by_words = ByWords::new(ranking);
        let mut known: Map<Spot, Evidence> = Map::default();
        let mut count = 0;
        for (node, reply) in self.ask_all(&what)?.into_iter().enumerate() {
            let ask::Heard { found, evidence, allowed } = read!(reply, Heard)?;
            evidence.iter().try_for_each(|(spot, _)| self.check_spot(node, *spot))?;
            found.found.iter().try_for_each(|found| self.check_spot(node, found.spot()))?;
            self.check_bearers(node, &found.named)?;
            self.check_terms(found.wired.iter().map(|wired| wired.to))?;
            if found.wired.iter().any(|wired| wired.from as usize >= question.terms.len()) {
                return Err(refused("the question has no such term"));
            }
            known.extend(evidence);
            count += allowed;
            by_words.gather(found);
        }
        let unweighed = by_words.finish(question, self.commons, ranking);
        let evidence: Option<Vec<Evidence>> =
            unweighed.spots.iter().map(|(spot, _)| known.get(spot).copied()).collect();
        let evidence = evidence.ok_or_else(|| refused("a document has no evidence"))?;
        Ok(Heard { unweighed, evidence, allowed: allowed.map(|_| count) })
    }

    fn speak(&mut self, question: &Question, ranking: &Ranking, seeds: &[Seed]) -> Result<Vec<Voice>> {
        let spots: Vec<Spot> = seeds.iter().map(|seed| seed.spot).collect();
        let what = |spots| What::Speak { question: question.clone(), ranking: ranking.clone(), spots };
        let voices = self.each(&spots, |spot| self.node_of_spot(spot), what, |reply| read!(reply, Voices))?;
        let mut found_by = voices.iter().flat_map(|voice: &Voice| &voice.found_by);
        match found_by.all(|&(word, _)| (word as usize) < question.words.len()) {
            true => Ok(voices),
            false => Err(refused("the question has no such word")),
        }
    }

    fn reach(&mut self, asked: &Reaching<'_, Filter>) -> Result<Reached> {
        let Meaning { ranking, lit, .. } = asked.meaning;
        let best = asked.seeds[0].spot;
        let speaks = ranking.bridge_weight != 0.0;
        let sequences: Vec<Vec<u32>> =
            asked.voices.iter().filter(|_| speaks).map(|voice| voice.sequence.clone()).collect();
        let candidates: Vec<Spot> = match &asked.wanted {
            Some(Wanted::Best { candidates, .. }) => candidates.iter().map(|candidate| candidate.spot).collect(),
            _ => Vec::new(),
        };
        let mut by_node: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.count()];
        candidates.iter().enumerate().for_each(|(place, spot)| by_node[self.node_of_spot(spot)].push(place));
        let wanted = |node: usize| match &asked.wanted {
            None => None,
            Some(Wanted::All(filter)) => Some(Search::All((*filter).clone())),
            Some(Wanted::Best { allowed, by_words, affordable, by_concepts, .. }) => Some(Search::Best {
                candidates: picked(&candidates, &by_node[node]),
                filter: allowed.cloned().unwrap_or_default(),
                by_words: *by_words,
                affordable: (0..lit.len() as u32)
                    .filter(|&place| affordable.binary_search_by_key(&lit[place as usize].id, |lit| lit.id).is_ok())
                    .collect(),
                by_concepts: *by_concepts,
            }),
        };
        let meant = Meant::of(asked.meaning);
        let mut requests: Vec<(usize, What)> = Vec::new();
        for node in 0..self.nodes.count() {
            let best = Some(best).filter(|best| self.node_of_spot(best) == node);
            if best.is_some() || speaks || asked.wanted.is_some() {
                let (meant, sequences) = (meant.clone(), sequences.clone());
                let reach = Reach { meant, sequences, best, wanted: wanted(node) };
                requests.push((node, What::Reach(Box::new(reach))));
            }
        }
        let asked_nodes: Vec<usize> = requests.iter().map(|(node, _)| *node).collect();
        let mut all = ask::Reached::default();
        let mut mentioned = Vec::new();
        let mut others: Vec<(Spot, u128, Weighed)> = Vec::new();
        let mut activations: Vec<Option<f64>> = vec![None; candidates.len()];
        for (node, reply) in asked_nodes.into_iter().zip(self.ask(requests)?) {
            let reached = *read!(reply, Reached)?;
            reached.others.iter().try_for_each(|(spot, _, _)| self.check_spot(node, *spot))?;
            reached.by_words.iter().try_for_each(|found| self.check_spot(node, found.spot()))?;
            reached.by_concepts.iter().try_for_each(|lit| self.check_spot(node, lit.spot))?;
            reached.mentioned.iter().try_for_each(|named| self.check_bearers(node, named))?;
            let asked_of_it = &by_node[node];
            if reached.activations.len() != asked_of_it.len() || reached.mentioned.len() != sequences.len() {
                return Err(refused("it has other numbers of candidates and seeds than were asked for"));
            }
            asked_of_it.iter().zip(reached.activations).for_each(|(&place, one)| activations[place] = one);
            all.full = all.full.or(reached.full);
            mentioned.push(reached.mentioned);
            all.by_words.extend(reached.by_words);
            all.by_concepts.extend(reached.by_concepts);
            others.extend(reached.others.into_iter().map(|(spot, id, weighed)| (spot, id.0, weighed)));
        }
        let bridge = match speaks {
            true => {
                let mentioned = names::gather(mentioned, asked.seeds.len(), ranking);
                Bridges::new(mentioned, asked.seeds, asked.voices, self.commons, ranking)
            }
            false => Bridges::default(),
        };
        let others = match &asked.wanted {
            Some(Wanted::Best { allowed, by_words, by_concepts, .. }) => {
                let chosen = chosen(&mut all, by_words.unwrap_or(0), *by_concepts);
                only(chosen, &candidates, &bridge, allowed.is_some(), &others)?
            }
            _ => others,
        };
        let full = all.full.ok_or_else(|| refused("the best seed is on no node"))?;
        Ok(Reached { bridge, full, activations, others })
    }

    fn weigh(&mut self, meaning: Meaning<'_>, spots: &[Spot]) -> Result<Vec<Weighed>> {
        let what = |spots| What::Weigh { meant: Meant::of(meaning), spots };
        self.each(spots, |spot| self.node_of_spot(spot), what, |reply| read!(reply, Weighed))
    }

    fn best(&mut self, terms: &[WeightedTerm], most: usize, allowed: Option<&Filter>) -> Result<Vec<Found>> {
        let mut best = Best::new(most, 0.0);
        let mut waiting: Vec<(usize, Option<(f64, u128)>)> = (0..self.nodes.count()).map(|node| (node, None)).collect();
        while !waiting.is_empty() && most > 0 {
            let ask = |&(node, after): &(usize, _)| {
                let (terms, filter) = (terms.to_vec(), allowed.cloned().unwrap_or_default());
                (node, What::Best { terms, most, floor: best.threshold, filter, after })
            };
            let replies = self.ask(waiting.iter().map(ask).collect())?;
            let mut more = Vec::new();
            for (&(node, _), reply) in waiting.iter().zip(replies) {
                let found = read!(reply, Best)?;
                found.iter().try_for_each(|found| self.check_spot(node, found.spot()))?;
                let last = found.last().filter(|_| found.len() >= ITEMS_MAX).map(|last| (last.score, last.id));
                more.extend(last.map(|last| (node, Some(last))));
                best.gather(found);
            }
            // Behind the last one of a page there may be more that are good enough.
            more.retain(|(_, last)| last.is_some_and(|(score, _)| score >= best.threshold));
            waiting = more;
        }
        Ok(best.finish())
    }

    fn most_lit(&mut self, lit: &[Lit], most: usize, allowed: Option<&Filter>) -> Result<Vec<LitDocument>> {
        let mut all: Vec<LitDocument> = Vec::new();
        let mut waiting: Vec<(usize, Option<(f64, u128)>)> = (0..self.nodes.count()).map(|node| (node, None)).collect();
        while !waiting.is_empty() {
            let ask = |&(node, after): &(usize, _)| {
                let filter = allowed.cloned().unwrap_or_default();
                (node, What::MostLit { lit: lit.to_vec(), most, filter, after })
            };
            let replies = self.ask(waiting.iter().map(ask).collect())?;
            let mut more = Vec::new();
            for (&(node, _), reply) in waiting.iter().zip(replies) {
                let found = read!(reply, MostLit)?;
                found.iter().try_for_each(|lit| self.check_spot(node, lit.spot))?;
                let last = found.last().filter(|_| found.len() >= ITEMS_MAX).map(|last| (last.sum, last.id));
                more.extend(last.map(|last| (node, Some(last))));
                all.extend(found);
            }
            all = lit::keep_best(all, most);
            let least = all.iter().map(|lit| lit.sum).fold(f64::INFINITY, f64::min);
            more.retain(|(_, last)| all.len() < most || last.is_some_and(|(sum, _)| sum >= least));
            waiting = more;
        }
        Ok(all)
    }

    fn tell(&mut self, asked: &Telling<'_>) -> Result<Told> {
        let nodes = self.nodes.count();
        let lit = asked.meaning.lit;
        let terms: Vec<u32> = lit.iter().map(|lit| lit.term).collect();
        let seeds: Vec<Spot> = asked.seeds.iter().map(|seed| seed.spot).collect();
        let mut of_terms = Waiting::new(&terms, nodes, |term| self.node_of_term(term));
        let mut of_seeds = Waiting::new(&seeds, nodes, |spot| self.node_of_spot(spot));
        let mut of_hits = Waiting::new(asked.hits, nodes, |hit| self.nodes.node_of(hit.found.seat));
        let mut labels: Vec<Option<Arc<str>>> = vec![None; terms.len()];
        let mut introduced: Vec<Option<Introduced>> = vec![None; seeds.len()];
        let mut hits: Vec<Option<ToldHit>> = vec![None; asked.hits.len()];
        let meant = Meant::of(asked.meaning);
        loop {
            let is_asked = |node: &usize| [&of_terms, &of_seeds, &of_hits].iter().any(|all| !all.of(*node).is_empty());
            let asked_nodes: Vec<usize> = (0..nodes).filter(is_asked).collect();
            if asked_nodes.is_empty() {
                break;
            }
            let request = |&node: &usize| {
                let what = What::Tell {
                    meant: meant.clone(),
                    unit: asked.unit,
                    concepts_max: asked.concepts_max,
                    terms: picked(&terms, of_terms.of(node)),
                    seeds: picked(&seeds, of_seeds.of(node)),
                    hits: picked(asked.hits, of_hits.of(node)),
                };
                (node, what)
            };
            let replies = self.ask(asked_nodes.iter().map(request).collect())?;
            for (&node, reply) in asked_nodes.iter().zip(replies) {
                let told = read!(reply, Told)?;
                let came = take(&mut labels, &mut of_terms, node, told.labels)?
                    + take(&mut introduced, &mut of_seeds, node, told.seeds)?
                    + take(&mut hits, &mut of_hits, node, told.hits)?;
                if came == 0 {
                    return Err(refused("it has nothing of what was asked for"));
                }
            }
        }
        let hits: Vec<ToldHit> = hits.into_iter().flatten().collect();
        let words = asked.meaning.question.words.len();
        let is_known = |hit: &ToldHit| {
            let words = hit.words.iter().all(|&(word, _)| (word as usize) < words);
            words && hit.concepts.iter().all(|&(place, _)| (place as usize) < lit.len())
        };
        match hits.iter().all(is_known) {
            true => Ok(Told { hits, seeds: introduced.into_iter().flatten().collect(), labels }),
            false => Err(refused("the question has no such word or concept")),
        }
    }

    fn documents(&mut self, found: &[(Spot, f64)]) -> Result<Vec<FoundDocument>> {
        self.each(found, |(spot, _)| self.node_of_spot(spot), What::Documents, |reply| read!(reply, Documents))
    }

    fn find(&mut self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>> {
        self.spots_of(ids)
    }

    fn near(&mut self, terms: &[u32]) -> Result<Vec<Contribution>> {
        let mut by_node: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.count()];
        terms.iter().for_each(|term| by_node[self.node_of_term(term)].push(*term));
        let asked = by_node.into_iter().enumerate().filter(|(_, terms)| !terms.is_empty());
        let mut all = Vec::new();
        for reply in self.ask(asked.map(|(node, terms)| (node, What::Near(terms))).collect())? {
            let near = read!(reply, Near)?;
            self.check_terms(near.iter().flat_map(|one| [one.from, one.to]))?;
            all.extend(near);
        }
        Ok(all)
    }

    fn labels(&mut self, terms: &[u32]) -> Result<Vec<Arc<str>>> {
        self.each(terms, |term| self.node_of_term(term), What::Labels, |reply| read!(reply, Labels))
    }
}

// Returns the documents that words and concepts find, of what all nodes found.
fn chosen(all: &mut ask::Reached, by_words: usize, by_concepts: usize) -> Vec<Spot> {
    let mut best = Best::new(by_words, 0.0);
    best.gather(std::mem::take(&mut all.by_words));
    let mut chosen: Vec<Spot> = best.finish().iter().map(Found::spot).collect();
    let lit = lit::keep_best(std::mem::take(&mut all.by_concepts), by_concepts);
    chosen.extend(lit.iter().map(|lit| lit.spot));
    chosen
}

// Returns those of `others` that are chosen or mentioned, and are no candidates.
fn only(
    chosen: Vec<Spot>,
    candidates: &[Spot],
    bridge: &Bridges,
    is_filtered: bool,
    others: &[(Spot, u128, Weighed)],
) -> Result<Vec<(Spot, u128, Weighed)>> {
    let weighed: Map<Spot, &(Spot, u128, Weighed)> = others.iter().map(|other| (other.0, other)).collect();
    let mut known: Set<Spot> = candidates.iter().copied().collect();
    let mut kept = Vec::new();
    let must = chosen.into_iter().map(|spot| (spot, true));
    // With a filter, a bearer of a title that was not weighed is not allowed.
    for (spot, must) in must.chain(bridge.spots().map(|(spot, _)| (spot, !is_filtered))) {
        if known.insert(spot) {
            match weighed.get(&spot) {
                Some(&&other) => kept.push(other),
                None if must => return Err(refused("a document that was found is not weighed")),
                None => {}
            }
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
