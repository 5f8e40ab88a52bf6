//! Rounds over the nodes of a cluster: asks are scattered, and replies gathered in an order that does not depend on
//! nodes.

use crate::Result;
use crate::cluster::ask::{self, ITEMS_MAX, Meant, Reach, Reply, Search, What};
use crate::cluster::scatter::{Far, Nodes, Waiting, picked, read, refused, take};
use crate::commons::{Commons, Near, best_near};
use crate::ids::DocumentId;
use crate::maps::{Map, Set};
use crate::query::bm25::{Best, Found, WeightedTerm};
use crate::query::bridge::Bridges;
use crate::query::clause::{Clause, Only};
use crate::query::context::Turn;
use crate::query::evidence::Evidence;
use crate::query::hit::{FoundDocument, Introduced, Told, ToldHit};
use crate::query::homes::{Heard, Homes, Meaning, Reached, Reaching, Surrounding, Surroundings, Telling, Wanted};
use crate::query::lexical::ByWords;
use crate::query::lit::{self, Lit, LitDocument};
use crate::query::names;
use crate::query::near::Contribution;
use crate::query::outline::Outline;
use crate::query::parts::Weighed;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{Seed, Voice};
use crate::query::view::Spot;
use ecow::EcoString;

impl<N: Nodes> Homes for Far<'_, N> {
    type Allowed = Only;

    fn commons(&self) -> &Commons {
        self.commons
    }

    // Who asks nodes stops asking.
    fn poll(&self) -> Result<()> {
        Ok(())
    }

    fn allow(&self, only: &Only) -> Result<Option<Only>> {
        Ok((!only.is_empty()).then(|| only.clone()))
    }

    fn beginning(&mut self, begun: &str, most: usize) -> Result<Vec<Near>> {
        let mut all = Vec::new();
        for reply in self.ask_all(&What::Beginning { begun: begun.to_owned(), most })? {
            let begins = read!(reply, Beginning)?;
            self.check_terms(begins.iter().map(|near| near.term))?;
            all.extend(begins);
        }
        Ok(best_near(self.commons, all, most))
    }

    fn meets(&mut self, spot: Spot, clauses: &[Clause]) -> Result<Vec<bool>> {
        let node = self.node_of_spot(&spot);
        let reply = self.ask(vec![(node, What::Meets { spot, clauses: clauses.to_vec() })])?.remove(0);
        let met = read!(reply, Met)?;
        match met.len() == clauses.len() {
            true => Ok(met),
            false => Err(refused("it has another number of clauses than were asked for")),
        }
    }

    fn nearest(&mut self, words: &[(String, u32)], most: usize) -> Result<Vec<Vec<Near>>> {
        let mut all: Vec<Vec<Near>> = vec![Vec::new(); words.len()];
        for reply in self.ask_all(&What::Nearest { words: words.to_vec(), most })? {
            let nearest = read!(reply, Nearest)?;
            if nearest.len() != words.len() {
                return Err(refused("it has another number of words than were asked for"));
            }
            self.check_terms(nearest.iter().flatten().map(|near| near.term))?;
            all.iter_mut().zip(nearest).for_each(|(all, near)| all.extend(near));
        }
        Ok(all.into_iter().map(|near| best_near(self.commons, near, most)).collect())
    }

    fn hear(&mut self, question: &Question, ranking: &Ranking, allowed: Option<&Only>) -> Result<Heard> {
        let nodes: Vec<usize> = (0..self.nodes.count()).collect();
        let most = ranking.lexical_candidates as usize;
        let share = share(most, nodes.len());
        let mut heard = self.hear_of(&nodes, question, ranking, allowed, share)?;
        let again = hiding(heard.iter().map(|heard| heard.found.found.iter().map(|found| found.score)), share, most);
        for (&node, all) in again.iter().zip(self.hear_of(&again, question, ranking, allowed, most)?) {
            heard[node] = all;
        }
        let mut by_words = ByWords::new(ranking);
        let mut known: Map<Spot, Evidence> = Map::default();
        let mut count = 0;
        for ask::Heard { found, evidence, allowed } in heard {
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

    fn reach(&mut self, asked: &Reaching<'_, Only>) -> Result<Reached> {
        let Meaning { ranking, lit, .. } = asked.meaning;
        let best = asked.seeds[0].spot;
        let speaks = ranking.bridge_weight != 0.0;
        let sequences: Vec<Vec<u32>> =
            asked.voices.iter().filter(|_| speaks).map(|voice| voice.sequence.clone()).collect();
        let candidates: Vec<Spot> = match &asked.wanted {
            Some(Wanted::Best { candidates, .. }) => candidates.iter().map(|candidate| candidate.spot).collect(),
            _ => Vec::new(),
        };
        let nodes = self.nodes.count();
        let mut by_node: Vec<Vec<usize>> = vec![Vec::new(); nodes];
        candidates.iter().enumerate().for_each(|(place, spot)| by_node[self.node_of_spot(spot)].push(place));
        let wanted = |node: usize, is_again: bool| match &asked.wanted {
            None => None,
            Some(Wanted::All(filter)) => Some(Search::All((*filter).clone())),
            Some(Wanted::Best { allowed, by_words, by_similarity, affordable, by_concepts, .. }) => {
                Some(Search::Best {
                    candidates: picked(&candidates, &by_node[node]),
                    filter: allowed.cloned().unwrap_or_default(),
                    by_words: by_words.map(|most| if is_again { most } else { share(most, nodes) }),
                    by_similarity: *by_similarity,
                    affordable: (0..lit.len() as u32)
                        .filter(|&place| affordable.binary_search_by_key(&lit[place as usize].id, |lit| lit.id).is_ok())
                        .collect(),
                    by_concepts: if is_again { *by_concepts } else { share(*by_concepts, nodes) },
                })
            }
        };
        let meant = Meant::of(asked.meaning);
        let request = |node: usize, is_again: bool| {
            let best = Some(best).filter(|best| self.node_of_spot(best) == node);
            let (meant, sequences) = (meant.clone(), sequences.clone());
            (node, What::Reach(Box::new(Reach { meant, sequences, best, wanted: wanted(node, is_again) })))
        };
        let is_asked = |node: &usize| speaks || asked.wanted.is_some() || self.node_of_spot(&best) == *node;
        let asked_nodes: Vec<usize> = (0..nodes).filter(is_asked).collect();
        let read = |requests: Vec<(usize, What)>| -> Result<Vec<ask::Reached>> {
            let numbers: Vec<usize> = requests.iter().map(|(node, _)| *node).collect();
            let replies = numbers.iter().zip(self.ask(requests)?);
            replies.map(|(&node, reply)| self.reached(node, reply, by_node[node].len(), sequences.len())).collect()
        };
        let mut replies = read(asked_nodes.iter().map(|&node| request(node, false)).collect())?;
        if let Some(Wanted::Best { by_words, by_concepts, .. }) = &asked.wanted {
            let most = by_words.unwrap_or(0);
            let words = replies.iter().map(|reached| reached.by_words.iter().map(|found| found.score));
            let mut again = hiding(words, share(most, nodes), most);
            let concepts = replies.iter().map(|reached| reached.by_concepts.iter().map(|lit| lit.sum));
            again.extend(hiding(concepts, share(*by_concepts, nodes), *by_concepts));
            again.sort_unstable();
            again.dedup();
            // With hits, every node is asked, so that a reply's index is its node.
            for (&node, all) in again.iter().zip(read(again.iter().map(|&node| request(node, true)).collect())?) {
                replies[node] = all;
            }
        }
        let mut all = ask::Reached::default();
        let mut mentioned = Vec::new();
        let mut others: Vec<(Spot, u128, Weighed)> = Vec::new();
        let mut activations: Vec<Option<f64>> = vec![None; candidates.len()];
        for (node, reached) in asked_nodes.into_iter().zip(replies) {
            by_node[node].iter().zip(reached.activations).for_each(|(&place, one)| activations[place] = one);
            all.full = all.full.or(reached.full);
            mentioned.push(reached.mentioned);
            all.by_words.extend(reached.by_words);
            all.by_similarity.extend(reached.by_similarity);
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
            Some(Wanted::Best { allowed, by_words, by_similarity, by_concepts, .. }) => {
                let most = (by_words.unwrap_or(0), by_similarity.unwrap_or(0), *by_concepts);
                let chosen = chosen(&mut all, most);
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

    fn surround(&mut self, asked: &Surrounding<'_, Only>) -> Result<Surroundings> {
        let nodes = self.nodes.count();
        let mut of_turns = Waiting::new(asked.turns, nodes, |id| self.node_of_document(id));
        let mut of_others = Waiting::new(asked.others, nodes, |id| self.node_of_document(id));
        let mut turns: Vec<Option<Turn>> = vec![None; asked.turns.len()];
        let mut others: Vec<Option<Option<(Spot, Weighed)>>> = vec![None; asked.others.len()];
        let meant = Meant::of(asked.meaning);
        loop {
            let is_asked = |node: &usize| !of_turns.of(*node).is_empty() || !of_others.of(*node).is_empty();
            let asked_nodes: Vec<usize> = (0..nodes).filter(is_asked).collect();
            if asked_nodes.is_empty() {
                break;
            }
            let request = |&node: &usize| {
                let what = What::Surround {
                    meant: meant.clone(),
                    turns: picked(asked.turns, of_turns.of(node)),
                    others: picked(asked.others, of_others.of(node)),
                    filter: asked.allowed.cloned().unwrap_or_default(),
                };
                (node, what)
            };
            let replies = self.ask(asked_nodes.iter().map(request).collect())?;
            for (&node, reply) in asked_nodes.iter().zip(replies) {
                let Reply::Surrounded(some_turns, some_others) = reply else {
                    return Err(refused("it is of another kind than `Surrounded`"));
                };
                some_others.iter().flatten().try_for_each(|(spot, _)| self.check_spot(node, *spot))?;
                let came = take(&mut turns, &mut of_turns, node, some_turns)?
                    + take(&mut others, &mut of_others, node, some_others)?;
                if came == 0 {
                    return Err(refused("it has nothing of what was asked for"));
                }
            }
        }
        let terms = asked.meaning.question.terms.len();
        let mut found = turns.iter().flatten().flat_map(|turn| &turn.found);
        match found.all(|&(place, count)| (place as usize) < terms && count > 0) {
            true => Ok(Surroundings {
                turns: turns.into_iter().flatten().collect(),
                others: others.into_iter().flatten().collect(),
            }),
            false => Err(refused("the question has no such term")),
        }
    }

    fn best(&mut self, terms: &[WeightedTerm], most: usize, allowed: Option<&Only>) -> Result<Vec<Found>> {
        let what = |floor: f64, after| {
            let (terms, filter) = (terms.to_vec(), allowed.cloned().unwrap_or_default());
            What::Best { terms, most, floor, filter, after }
        };
        self.best_of_all(Best::new(most, 0.0), most, what, |reply| read!(reply, Best))
    }

    fn most_similar(&mut self, question: &Question, most: usize, allowed: Option<&Only>) -> Result<Vec<Found>> {
        if question.vector.is_none() {
            return Ok(Vec::new());
        }
        let what = |_, after| {
            let (question, filter) = (question.clone(), allowed.cloned().unwrap_or_default());
            What::MostSimilar { question, most, filter, after }
        };
        self.best_of_all(Best::new(most, f64::NEG_INFINITY), most, what, |reply| read!(reply, MostSimilar))
    }

    fn outline(&mut self, spots: &[Spot]) -> Result<Vec<Outline>> {
        let outlines =
            self.each(spots, |spot| self.node_of_spot(spot), What::Outline, |reply| read!(reply, Outlined))?;
        self.check_terms(outlines.iter().flat_map(|outline| outline.terms.iter().map(|term| term.0)))?;
        // They are compared with each other.
        let dimension = self.commons.life().space().dimension();
        let fits = |outline: &Outline| outline.vector.as_ref().is_none_or(|one| Some(one.dimension()) == dimension);
        match outlines.iter().all(fits) {
            true => Ok(outlines),
            false => Err(refused("a vector has another number of numbers than the colony's")),
        }
    }

    fn most_lit(&mut self, lit: &[Lit], most: usize, allowed: Option<&Only>) -> Result<Vec<LitDocument>> {
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
        let mut labels: Vec<Option<EcoString>> = vec![None; terms.len()];
        let mut introduced: Vec<Option<Introduced>> = vec![None; seeds.len()];
        let mut of_neighbors = Waiting::new(asked.neighbors, nodes, |id| self.node_of_document(id));
        let mut neighbors: Vec<Option<String>> = vec![None; asked.neighbors.len()];
        let mut hits: Vec<Option<ToldHit>> = vec![None; asked.hits.len()];
        let meant = Meant::of(asked.meaning);
        loop {
            let is_asked = |node: &usize| {
                [&of_terms, &of_seeds, &of_neighbors, &of_hits].iter().any(|all| !all.of(*node).is_empty())
            };
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
                    neighbors: picked(asked.neighbors, of_neighbors.of(node)),
                };
                (node, what)
            };
            let replies = self.ask(asked_nodes.iter().map(request).collect())?;
            for (&node, reply) in asked_nodes.iter().zip(replies) {
                let told = read!(reply, Told)?;
                let came = take(&mut labels, &mut of_terms, node, told.labels)?
                    + take(&mut introduced, &mut of_seeds, node, told.seeds)?
                    + take(&mut neighbors, &mut of_neighbors, node, told.neighbors)?
                    + take(&mut hits, &mut of_hits, node, told.hits)?;
                if came == 0 {
                    return Err(refused("it has nothing of what was asked for"));
                }
            }
        }
        let hits: Vec<ToldHit> = hits.into_iter().flatten().collect();
        let words = asked.meaning.question.terms.len();
        let is_known = |hit: &ToldHit| {
            let words = hit.words.iter().all(|&(word, _)| (word as usize) < words);
            words && hit.concepts.iter().all(|&(place, _)| (place as usize) < lit.len())
        };
        match hits.iter().all(is_known) {
            true => Ok(Told {
                hits,
                seeds: introduced.into_iter().flatten().collect(),
                labels,
                neighbors: asked.neighbors.iter().copied().zip(neighbors.into_iter().flatten()).collect(),
                carried: Vec::new(),
            }),
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

    fn labels(&mut self, terms: &[u32]) -> Result<Vec<EcoString>> {
        self.each(terms, |term| self.node_of_term(term), What::Labels, |reply| read!(reply, Labels))
    }
}

impl<N: Nodes> Far<'_, N> {
    // Asks all nodes for their best, page by page, until none can have one that is good enough. `what` is the request for
    // those of at least some score, behind the last one that is known.
    fn best_of_all(
        &self,
        mut best: Best,
        most: usize,
        what: impl Fn(f64, Option<(f64, u128)>) -> What,
        read: impl Fn(Reply) -> Result<Vec<Found>>,
    ) -> Result<Vec<Found>> {
        let mut waiting: Vec<(usize, Option<(f64, u128)>)> = (0..self.nodes.count()).map(|node| (node, None)).collect();
        while !waiting.is_empty() && most > 0 {
            let ask = |&(node, after): &(usize, _)| (node, what(best.threshold, after));
            let replies = self.ask(waiting.iter().map(ask).collect())?;
            let mut more = Vec::new();
            for (&(node, _), reply) in waiting.iter().zip(replies) {
                let found = read(reply)?;
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

    // Asks some nodes for what they hear of a question, each for its `most` best documents.
    fn hear_of(
        &self,
        nodes: &[usize],
        question: &Question,
        ranking: &Ranking,
        allowed: Option<&Only>,
        most: usize,
    ) -> Result<Vec<ask::Heard>> {
        let what = |&node: &usize| {
            let (question, ranking) = (question.clone(), ranking.clone());
            (node, What::Hear { question, ranking, filter: allowed.cloned().unwrap_or_default(), most })
        };
        let read = |(&node, reply)| {
            let heard = read!(reply, Heard)?;
            let ask::Heard { found, evidence, .. } = &heard;
            evidence.iter().try_for_each(|(spot, _)| self.check_spot(node, *spot))?;
            let by_any = found.found.iter().chain(&found.similar);
            by_any.into_iter().try_for_each(|found| self.check_spot(node, found.spot()))?;
            self.check_bearers(node, &found.named)?;
            self.check_terms(found.wired.iter().map(|wired| wired.to))?;
            match found.wired.iter().all(|wired| (wired.from as usize) < question.terms.len()) {
                true => Ok(heard),
                false => Err(refused("the question has no such term")),
            }
        };
        nodes.iter().zip(self.ask(nodes.iter().map(what).collect())?).map(read).collect()
    }

    // Reads what a node was asked to reach.
    fn reached(&self, node: usize, reply: Reply, candidates: usize, sequences: usize) -> Result<ask::Reached> {
        let reached = *read!(reply, Reached)?;
        reached.others.iter().try_for_each(|(spot, _, _)| self.check_spot(node, *spot))?;
        let by_any = reached.by_words.iter().chain(&reached.by_similarity);
        by_any.into_iter().try_for_each(|found| self.check_spot(node, found.spot()))?;
        reached.by_concepts.iter().try_for_each(|lit| self.check_spot(node, lit.spot))?;
        reached.mentioned.iter().try_for_each(|named| self.check_bearers(node, named))?;
        match reached.activations.len() == candidates && reached.mentioned.len() == sequences {
            true => Ok(reached),
            false => Err(refused("it has other numbers of candidates and seeds than were asked for")),
        }
    }
}

// Returns how many of the `most` best documents a node is asked for first. Documents are spread evenly by their ids, so
// that a node rarely has more: three standard deviations above the mean, and some for small numbers.
fn share(most: usize, nodes: usize) -> usize {
    let mean = most.div_ceil(nodes.max(1));
    if nodes == 1 { most } else { most.min(mean.saturating_add(3 * mean.isqrt() + 5)) }
}

// Returns the nodes that may have more of the `most` best than the `share` they were asked for: their worst one is good
// enough. `scores` are those that each node has found.
fn hiding<S: Iterator<Item = f64>>(scores: impl Iterator<Item = S>, share: usize, most: usize) -> Vec<usize> {
    if share >= most {
        return Vec::new();
    }
    let scores: Vec<Vec<f64>> = scores.map(Iterator::collect).collect();
    let mut all: Vec<f64> = scores.iter().flatten().copied().collect();
    let last = match all.len() < most {
        true => f64::NEG_INFINITY,
        false => *all.select_nth_unstable_by(most - 1, |one, other| other.total_cmp(one)).1,
    };
    let is_full = |scores: &Vec<f64>| scores.len() >= share && scores.iter().all(|score| *score >= last);
    (0..scores.len()).filter(|&node| is_full(&scores[node])).collect()
}

// Returns the documents that words, vectors and concepts find, of what all nodes found.
fn chosen(all: &mut ask::Reached, (by_words, by_similarity, by_concepts): (usize, usize, usize)) -> Vec<Spot> {
    let mut best = Best::new(by_words, 0.0);
    best.gather(std::mem::take(&mut all.by_words));
    let mut chosen: Vec<Spot> = best.finish().iter().map(Found::spot).collect();
    let mut best = Best::new(by_similarity, f64::NEG_INFINITY);
    best.gather(std::mem::take(&mut all.by_similarity));
    chosen.extend(best.finish().iter().map(Found::spot));
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
