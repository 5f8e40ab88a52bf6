//! A node's side: asks are answered by the code that answers in one process.

use crate::cluster::ask::{Ask, Heard, ITEMS_MAX, PAGE_BYTES, Reach, Reached, Reply, Search, Stamp, Told, What};
use crate::graph::Synapse;
use crate::ids::DocumentId;
use crate::maps::Set;
use crate::query::bm25::Found;
use crate::query::context::Turn;
use crate::query::here::spot_of;
use crate::query::hit::{FoundDocument, Hit, Introduced, ToldHit};
use crate::query::homes::Telling;
use crate::query::lit::{self, Lit, LitDocument};
use crate::query::names::Named;
use crate::query::outline::Outline;
use crate::query::question::Question;
use crate::query::ranking::Ranking;
use crate::query::seeds::{self, Voice};
use crate::query::telling;
use crate::query::view::{Local, Spot, View};
use crate::query::{Allowed, Buffers, Here, Homes, Only};
use crate::read::StoredDocument;
use crate::shard::NodeData;
use crate::survey::{ListsPart, Part};
use crate::{Error, Result};
use ecow::EcoString;
use std::cmp::Ordering;

/// Answers an ask from the state of a node, whose own seats are `own`.
///
/// # Errors
/// [`Error::Wire`] for an ask that does not fit the state, [`Error::Cancelled`] once the flag of the view is set.
pub fn answer(view: View<'_>, own: &[usize], ask: &Ask, buffers: &mut Buffers) -> Result<Reply> {
    let stamp = Stamp::of(view.commons);
    if ask.stamp != stamp {
        return Err(refused(format!("it reads {:?}, and this node has {stamp:?}", ask.stamp)));
    }
    Node { own, here: Here::new(view, buffers) }.answer(&ask.what)
}

fn refused(reason: String) -> Error {
    Error::Wire { what: "ask", reason }
}

struct Node<'a> {
    own: &'a [usize],
    here: Here<'a>,
}

impl Node<'_> {
    fn answer(&mut self, what: &What) -> Result<Reply> {
        let view = self.here.view;
        Ok(match what {
            What::Hear { question, ranking, filter, most } => {
                self.check(question, ranking, &[])?;
                let most = ranking.lexical_candidates.min(u32::try_from(*most).unwrap_or(u32::MAX));
                let ranking = Ranking { lexical_candidates: most, ..ranking.clone() };
                let allowed = self.only(filter)?;
                Reply::Heard(self.hear(question, &ranking, allowed)?)
            }
            What::Speak { question, ranking, spots } => {
                self.check(question, ranking, &[])?;
                self.check_spots(spots)?;
                Reply::Voices(self.speak(question, ranking, spots)?)
            }
            What::Reach(reach) => Reply::Reached(Box::new(self.reach(reach)?)),
            What::Weigh { meant, spots } => {
                self.check(&meant.question, &meant.ranking, &meant.lit)?;
                self.check_spots(spots)?;
                Reply::Weighed(self.here.weigh(meant.meaning(), spots)?)
            }
            What::Surround { meant, turns, others, filter } => {
                self.check(&meant.question, &meant.ranking, &meant.lit)?;
                let allowed = self.only(filter)?;
                self.here.mark(meant.meaning());
                let used = &mut 0;
                let turns = page(turns, used, |turn: &Turn| 8 * turn.found.len(), |&id| self.here.turn(id))?;
                let weigh = |&id: &DocumentId| self.here.weighed_if(meant.meaning(), id, allowed.as_ref());
                Reply::Surrounded(turns, page(others, used, |_| 0, weigh)?)
            }
            What::Best { terms, most, floor, filter, after } => {
                let allowed = self.only(filter)?;
                let best = self.here.best_from(terms, *most, *floor, allowed.as_ref())?;
                Reply::Best(page_behind(best, *after, |found: &Found| (found.score, found.id)))
            }
            What::MostLit { lit, most, filter, after } => {
                let allowed = self.only(filter)?;
                let mut all = self.here.most_lit(lit, *most, allowed.as_ref())?;
                all.sort_unstable_by(lit::order);
                Reply::MostLit(page_behind(all, *after, |lit: &LitDocument| (lit.sum, lit.id)))
            }
            What::MostSimilar { question, most, filter, after } => {
                self.check_vector(question)?;
                let allowed = self.only(filter)?;
                let best = self.here.most_similar(question, *most, allowed.as_ref())?;
                Reply::MostSimilar(page_behind(best, *after, |found: &Found| (found.score, found.id)))
            }
            What::Outline(spots) => {
                self.check_spots(spots)?;
                let of = |&(seat, place): &Spot| Ok(Outline::of(view.local(seat), place));
                Reply::Outlined(page(spots, &mut 0, Outline::bytes, of)?)
            }
            What::Tell { meant, unit, concepts_max, terms, seeds, hits, neighbors } => {
                self.check(&meant.question, &meant.ranking, &meant.lit)?;
                self.check_terms(terms.iter().copied())?;
                self.check_spots(seeds)?;
                self.check_spots(&hits.iter().map(|hit| hit.found.spot()).collect::<Vec<_>>())?;
                let asked = Telling {
                    meaning: meant.meaning(),
                    unit: *unit,
                    seeds: &[],
                    hits: &[],
                    neighbors,
                    concepts_max: *concepts_max,
                };
                Reply::Told(self.tell(&asked, terms, seeds, hits)?)
            }
            What::Documents(found) => {
                self.check_spots(&found.iter().map(|(spot, _)| *spot).collect::<Vec<_>>())?;
                let size = |document: &FoundDocument| document.text.len() + document.title.len();
                let tell = |&(spot, score): &(Spot, f64)| Ok(FoundDocument::new(view.at(spot), score));
                Reply::Documents(page(found, &mut 0, size, tell)?)
            }
            What::Find(ids) => Reply::Spots(self.here.find(ids)?),
            What::Near(terms) => Reply::Near(self.here.near(terms)?),
            What::Labels(terms) => {
                self.check_terms(terms.iter().copied())?;
                Reply::Labels(self.here.labels(terms)?)
            }
            What::Count(filter) => Reply::Count(view.count_here(filter)),
            What::Names { filter, after } => {
                let names = view.names(after.as_deref(), filter)?;
                let some = page(&names, &mut 0, String::len, |name| Ok(name.clone()))?;
                let are_more = some.len() < names.len();
                Reply::Names(some, are_more)
            }
            What::Stored(spots) => {
                self.check_spots(spots)?;
                let size = |stored: &StoredDocument| stored.body.bytes() as usize;
                let tell = |&spot: &Spot| Ok(StoredDocument::new(view.local(spot.0).documents(), spot.1));
                Reply::Stored(page(spots, &mut 0, size, tell)?)
            }
            What::Counts => Reply::Counts(view.counts()?),
            What::Shards => {
                let counts = self.own.iter().map(|&seat| view.local(seat).seat_counts());
                Reply::Shards(counts.collect::<Result<_>>()?)
            }
            What::Describe(terms) => {
                self.check_terms(terms.iter().copied())?;
                let describe = |&term: &u32| Ok(view.home(term).describe(term, view.commons));
                let size = |data: &Option<NodeData>| data.as_ref().map_or(0, |data| data.label.len());
                Reply::Described(page(terms, &mut 0, size, describe)?)
            }
            What::Rows(terms) => {
                self.check_terms(terms.iter().copied())?;
                let size = |row: &Vec<Synapse>| size_of_val(&**row);
                Reply::Rows(page(terms, &mut 0, size, |&term| Ok(view.row(term)))?)
            }
            What::Node(id) => Reply::Node(view.locals().find_map(|local| local.concept_of(*id))),
            What::Nodes { after } => {
                let terms = self.concepts_behind(*after);
                let describe = |&term: &u32| {
                    let data = view.home(term).describe(term, view.commons);
                    Ok((term, data.expect("a concept is described by its home")))
                };
                let size = |(_, data): &(u32, NodeData)| data.label.len() + size_of::<NodeData>();
                let nodes = page(&terms, &mut 0, size, describe)?;
                let are_more = nodes.len() < terms.len();
                Reply::Nodes(nodes, are_more)
            }
            What::Edges { after } => {
                let terms = self.concepts_behind(*after);
                let row = |&term: &u32| Ok((term, view.commons.label(term), view.row(term)));
                let edges = page(&terms, &mut 0, |(_, label, row)| label.len() + size_of_val(&**row), row)?;
                let are_more = edges.len() < terms.len();
                Reply::Edges(edges, are_more)
            }
            What::Terms { seat, after } => {
                let mut terms = view.local(self.check_seat(*seat)?).terms();
                terms.retain(|(term, _)| after.is_none_or(|after| *term > after));
                let some = page(&terms, &mut 0, |_| 0, |known| Ok(*known))?;
                let are_more = some.len() < terms.len();
                Reply::Terms(some, are_more)
            }
            What::Pairs(seats) => {
                let part = |&seat: &usize| Part::of(view.local(self.check_seat(seat)?));
                Reply::Pairs(page(seats, &mut 0, Part::bytes, part)?)
            }
            What::Lists(seats) => {
                let part = |&seat: &usize| ListsPart::of(view.local(self.check_seat(seat)?));
                Reply::Lists(page(seats, &mut 0, ListsPart::bytes, part)?)
            }
            What::Beginning { begun, most } => {
                Reply::Beginning(view.commons.beginning(begun, *most, |seat| self.has(seat)))
            }
            What::Meets { spot, clauses } => {
                self.check_spots(&[*spot])?;
                Reply::Met(self.here.meets(*spot, clauses)?)
            }
            What::Nearest { words, most } => {
                let near = |(word, edits): &(String, u32)| {
                    view.poll()?;
                    Ok(view.commons.near(word, *edits, *most, |seat| self.has(seat)))
                };
                Reply::Nearest(words.iter().map(near).collect::<Result<_>>()?)
            }
            What::Local { seat, stems, df, most } => {
                Reply::Local(view.local(self.check_seat(*seat)?).find(stems.clone(), df, *most)?)
            }
        })
    }

    fn has(&self, seat: usize) -> bool {
        self.own.binary_search(&seat).is_ok()
    }

    fn only(&self, only: &Only) -> Result<Option<Allowed>> {
        self.check_terms(only.terms())?;
        Allowed::only(self.here.view, only)
    }

    fn hear(&mut self, question: &Question, ranking: &Ranking, allowed: Option<Allowed>) -> Result<Heard> {
        let found = self.here.by_words(question, ranking)?.reply();
        let mut spots: Vec<Spot> = found.found.iter().map(Found::spot).collect();
        spots.extend(bearers(&found.named, ranking));
        spots.extend(found.similar.iter().map(Found::spot));
        let mut known = Set::default();
        spots.retain(|spot| known.insert(*spot));
        let evidence = self.here.evidence(question, ranking, &spots)?;
        let allowed = allowed.map_or(0, |allowed| allowed.count() as u64);
        Ok(Heard { found, evidence: spots.into_iter().zip(evidence).collect(), allowed })
    }

    fn speak(&mut self, question: &Question, ranking: &Ranking, spots: &[Spot]) -> Result<Vec<Voice>> {
        let Here { view, buffers } = &mut self.here;
        buffers.mark_words(question, view.commons);
        let size = |voice: &Voice| 8 * voice.terms.len() + 4 * (voice.sequence.len() + voice.title.len());
        let speak = |&(seat, place): &Spot| seeds::speak(view.local(seat), question, place, ranking, buffers);
        page(spots, &mut 0, size, speak)
    }

    fn reach(&mut self, asked: &Reach) -> Result<Reached> {
        let meaning = asked.meant.meaning();
        self.check(meaning.question, meaning.ranking, meaning.lit)?;
        self.check_spots(asked.best.as_slice())?;
        let sequences: Vec<&[u32]> = asked.sequences.iter().map(|sequence| &**sequence).collect();
        let mut reached = Reached { mentioned: vec![Vec::new(); sequences.len()], ..Reached::default() };
        if !sequences.is_empty() {
            for shard in self.here.mentions(&sequences, meaning.ranking)? {
                reached.mentioned.iter_mut().zip(shard).for_each(|(all, named)| all.extend(named));
            }
        }
        self.here.mark(meaning);
        reached.full = asked.best.map(|best| self.here.activation(meaning.lit, best)).transpose()?;
        let view = self.here.view;
        match &asked.wanted {
            None => {}
            Some(Search::All(filter)) => {
                for spot in self.only(filter)?.iter().flat_map(Allowed::spots) {
                    reached.others.push((spot, view.at(spot).id, self.here.weighed(meaning, spot)?));
                }
            }
            Some(Search::Best { candidates, filter, by_words, by_similarity, affordable, by_concepts }) => {
                self.check_spots(candidates)?;
                let allowed = self.only(filter)?;
                let may = |spot: Spot| allowed.as_ref().is_none_or(|allowed| allowed.has(spot));
                let mut known: Set<Spot> = candidates.iter().copied().collect();
                for &spot in candidates {
                    let activation = may(spot).then(|| self.here.activation(meaning.lit, spot)).transpose()?;
                    reached.activations.push(activation);
                }
                let mut found: Vec<Spot> = Vec::new();
                if let Some(most) = *by_words {
                    reached.by_words = self.here.best(&meaning.question.weighted(), most, allowed.as_ref())?;
                    found.extend(reached.by_words.iter().map(Found::spot));
                }
                if let Some(most) = *by_similarity {
                    reached.by_similarity = self.here.most_similar(meaning.question, most, allowed.as_ref())?;
                    found.extend(reached.by_similarity.iter().map(Found::spot));
                }
                let affordable: Option<Vec<Lit>> =
                    affordable.iter().map(|&place| meaning.lit.get(place as usize).copied()).collect();
                let affordable = affordable.ok_or_else(|| refused("it has no such concept".into()))?;
                reached.by_concepts = self.here.most_lit(&affordable, *by_concepts, allowed.as_ref())?;
                found.extend(reached.by_concepts.iter().map(|lit| lit.spot));
                for named in &reached.mentioned {
                    let named = bearers(named, meaning.ranking).filter(|spot| may(*spot));
                    found.extend(named);
                }
                for spot in found {
                    if known.insert(spot) {
                        reached.others.push((spot, view.at(spot).id, self.here.weighed(meaning, spot)?));
                    }
                }
            }
        }
        Ok(reached)
    }

    fn tell(&mut self, asked: &Telling<'_>, terms: &[u32], seeds: &[Spot], hits: &[Hit]) -> Result<Told> {
        self.here.mark(asked.meaning);
        let Here { view, buffers } = &mut self.here;
        let used = &mut 0;
        let labels = page(terms, used, |label: &EcoString| label.len(), |&term| Ok(view.commons.label(term)))?;
        let size = |seed: &Introduced| seed.title.len();
        let seeds = page(seeds, used, size, |&spot| Ok(Introduced::new(view.at(spot))))?;
        let name = |&id: &DocumentId| Ok(view.at(spot_of(*view, id)?).name());
        let neighbors = page(asked.neighbors, used, String::len, name)?;
        let size = |hit: &ToldHit| hit.document.text.len() + hit.document.title.len();
        let hits = page(hits, used, size, |hit| telling::tell(view.local(hit.found.seat), asked, hit, buffers))?;
        Ok(Told { labels, seeds, neighbors, hits })
    }

    // Returns the own concepts whose ids are behind one, in the order of their ids.
    fn concepts_behind(&self, after: Option<u128>) -> Vec<u32> {
        let commons = self.here.view.commons;
        let mut terms = self.here.view.concept_terms();
        terms.retain(|term| after.is_none_or(|after| commons.id(*term) > after));
        terms
    }

    // What would be out of range is refused before anything is read.

    fn check(&self, question: &Question, ranking: &Ranking, lit: &[Lit]) -> Result<()> {
        let terms = question.terms.iter().map(|term| term.term);
        self.check_terms(terms.chain(lit.iter().map(|lit| lit.term)))?;
        if ranking.stretch_words_max == 0 {
            return Err(refused("`stretch_words_max` is 0; accepted is at least 1".into()));
        }
        self.check_vector(question)
    }

    fn check_vector(&self, question: &Question) -> Result<()> {
        let Some(vector) = &question.vector else { return Ok(()) };
        let fits = |local: Local<'_>| {
            let vectors = local.documents().vectors();
            vectors.is_empty() || vectors.dimension() == vector.values().len()
        };
        match self.here.view.locals().all(fits) {
            true => Ok(()),
            false => Err(refused("the question's vector has another number of numbers than those here".into())),
        }
    }

    fn check_seat(&self, seat: usize) -> Result<usize> {
        match self.own.binary_search(&seat) {
            Ok(_) => Ok(seat),
            Err(_) => Err(refused(format!("seat {seat} is none of this node's"))),
        }
    }

    fn check_terms(&self, mut terms: impl Iterator<Item = u32>) -> Result<()> {
        let known = self.here.view.commons.terms();
        match terms.find(|term| *term as usize >= known) {
            Some(term) => Err(refused(format!("term {term} is none of {known}"))),
            None => Ok(()),
        }
    }

    fn check_spots(&self, spots: &[Spot]) -> Result<()> {
        let documents =
            |seat: usize| self.own.binary_search(&seat).ok().map(|_| self.here.view.shards[seat].documents());
        let is_here = |&&(seat, place): &&Spot| documents(seat).is_some_and(|documents| documents.has(place));
        match spots.iter().find(|spot| !is_here(spot)) {
            Some((seat, place)) => Err(refused(format!("no document of this node is at place {place} of seat {seat}"))),
            None => Ok(()),
        }
    }
}

// Returns the bearers of the titles that may name something, as far as this node can tell.
fn bearers<'a>(named: &'a [Named], ranking: &'a Ranking) -> impl Iterator<Item = Spot> + 'a {
    let few = named.iter().filter(|named| named.bearers.len() <= ranking.bearers_max as usize);
    few.flat_map(|named| named.bearers.iter().map(|(spot, _)| *spot))
}

// Makes a part of a reply of the first of `items`, as far as there is room beside the bytes that are used.
fn page<T, R>(
    items: &[T],
    used: &mut usize,
    size: impl Fn(&R) -> usize,
    mut make: impl FnMut(&T) -> Result<R>,
) -> Result<Vec<R>> {
    let mut made = Vec::new();
    for item in items {
        if *used >= PAGE_BYTES {
            break;
        }
        let next = make(item)?;
        *used += size(&next) + size_of::<R>();
        made.push(next);
    }
    Ok(made)
}

// Returns a page of what is ordered by falling score, then by id, behind the score and id that are known.
fn page_behind<T>(mut all: Vec<T>, after: Option<(f64, u128)>, key: impl Fn(&T) -> (f64, u128)) -> Vec<T> {
    if let Some((score, id)) = after {
        let order = |item: &T| {
            let (its_score, its_id) = key(item);
            score.total_cmp(&its_score).then(its_id.cmp(&id))
        };
        all.drain(..all.partition_point(|item| order(item) != Ordering::Greater));
    }
    all.truncate(ITEMS_MAX);
    all
}
