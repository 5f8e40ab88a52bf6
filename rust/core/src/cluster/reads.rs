//! Reads of a whole colony over the nodes of a cluster.

use crate::Result;
use crate::cancel::Cancel;
use crate::cluster::ask::{Reply, What};
use crate::cluster::scatter::{Far, Nodes, read, refused};
use crate::commons::Commons;
use crate::graph::Synapse;
use crate::ids::{DocumentId, NodeId};
use crate::metadata::Filter;
use crate::query::Spot;
use crate::read::Nodes as Snapshot;
use crate::read::{Counts, Edges, LocalConcepts, NodeRow, SeatCounts, StoredDocument, Whole};
use crate::shard::NodeData;
use crate::survey::{Lists, ListsPart, Pairs, Part};
use ecow::EcoString;
use std::collections::BTreeMap;

impl<N: Nodes> Far<'_, N> {
    fn check_synapses<'b>(&self, mut synapses: impl Iterator<Item = &'b Synapse>) -> Result<()> {
        let (terms, now) = (self.commons.terms(), self.commons.tick());
        let fits = |synapse: &Synapse| (synapse.target as usize) < terms && u64::from(synapse.last) <= now;
        match synapses.find(|synapse| !fits(synapse)) {
            Some(synapse) => Err(refused(format!("{synapse:?} is not of {terms} terms and {now} ticks"))),
            None => Ok(()),
        }
    }

    // Asks every node for pages, each behind the last item known of it, until there are no more.
    fn pages<T, K: Clone>(
        &self,
        what: impl Fn(Option<K>) -> What,
        read: impl Fn(Reply) -> Result<(Vec<T>, bool)>,
        key: impl Fn(&T) -> K,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut waiting: Vec<(usize, Option<K>)> = (0..self.nodes.count()).map(|node| (node, None)).collect();
        while !waiting.is_empty() {
            let replies = self.ask(waiting.iter().map(|(node, after)| (*node, what(after.clone()))).collect())?;
            let mut more = Vec::new();
            for ((node, _), reply) in waiting.into_iter().zip(replies) {
                let (page, are_more) = read(reply)?;
                match page.last() {
                    Some(last) if are_more => more.push((node, Some(key(last)))),
                    None if are_more => return Err(refused("it has an empty page before the last")),
                    _ => {}
                }
                all.extend(page);
            }
            waiting = more;
        }
        Ok(all)
    }
}

impl<N: Nodes> Whole for Far<'_, N> {
    fn commons(&self) -> &Commons {
        self.commons
    }

    fn count(&self, filter: &Filter) -> Result<u64> {
        if filter.is_empty() {
            return Ok(self.commons.documents());
        }
        let counts = self.ask_all(&What::Count(filter.clone()))?.into_iter().map(|reply| read!(reply, Count));
        counts.sum()
    }

    fn names(&self, after: Option<&str>, filter: &Filter) -> Result<Vec<String>> {
        let what = |known: Option<String>| What::Names {
            filter: filter.clone(),
            after: known.or_else(|| after.map(str::to_owned)),
        };
        let read = |reply| match reply {
            Reply::Names(names, are_more) => Ok((names, are_more)),
            _ => Err(refused("it is of another kind than `Names`")),
        };
        let mut names = self.pages(what, read, String::clone)?;
        names.sort_unstable();
        Ok(names)
    }

    fn spots(&self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>> {
        self.spots_of(ids)
    }

    fn stored_at(&self, spots: &[Spot]) -> Result<Vec<StoredDocument>> {
        self.each(spots, |spot| self.nodes.node_of(spot.0), What::Stored, |reply| read!(reply, Stored))
    }

    fn counts(&self) -> Result<Counts> {
        let replies = self.ask_all(&What::Counts)?.into_iter().map(|reply| read!(reply, Counts));
        let all = replies.reduce(|all, next| Ok(all?.and(next?)));
        all.unwrap_or_else(|| Err(refused("there are no nodes")))
    }

    fn shards(&self) -> Result<Vec<SeatCounts>> {
        let mut all: Vec<SeatCounts> = Vec::new();
        for reply in self.ask_all(&What::Shards)? {
            all.extend(read!(reply, Shards)?);
        }
        all.sort_by_key(|counts| counts.seat);
        match all.iter().map(|counts| counts.seat).eq(0..self.commons.seat_count()) {
            true => Ok(all),
            false => Err(refused("the nodes together do not have each seat once")),
        }
    }

    fn describe(&self, terms: &[u32]) -> Result<Vec<Option<NodeData>>> {
        self.each(terms, |term| self.node_of_term(term), What::Describe, |reply| read!(reply, Described))
    }

    fn rows(&self, terms: &[u32]) -> Result<Vec<Vec<Synapse>>> {
        let rows = self.each(terms, |term| self.node_of_term(term), What::Rows, |reply| read!(reply, Rows))?;
        self.check_synapses(rows.iter().flatten())?;
        Ok(rows)
    }

    fn labels_of(&self, terms: &[u32]) -> Result<Vec<EcoString>> {
        self.each(terms, |term| self.node_of_term(term), What::Labels, |reply| read!(reply, Labels))
    }

    fn concept_with(&self, id: NodeId) -> Result<Option<u32>> {
        let node = self.nodes.node_of(self.commons.seat(self.commons.ring().shard_of(id.0)));
        let mut replies = self.ask(vec![(node, What::Node(id))])?;
        let term = read!(replies.remove(0), Node)?;
        self.check_terms(term.into_iter())?;
        Ok(term)
    }

    fn terms_in(&self, seat: usize) -> Result<Vec<(u32, u32)>> {
        let (node, mut all): (usize, Vec<(u32, u32)>) = (self.nodes.node_of(seat), Vec::new());
        loop {
            let after = all.last().map(|(term, _)| *term);
            let reply = self.ask(vec![(node, What::Terms { seat, after })])?.remove(0);
            let Reply::Terms(page, are_more) = reply else {
                return Err(refused("it is of another kind than `Terms`"));
            };
            let grows = page.iter().map(|(term, _)| Some(*term)).is_sorted() && page.first().map(|page| page.0) > after;
            if (are_more || !page.is_empty()) && !grows {
                return Err(refused("its terms do not follow those that are known"));
            }
            self.check_terms(page.iter().map(|(term, _)| *term))?;
            all.extend(page);
            if !are_more {
                return Ok(all);
            }
        }
    }

    fn find_in(&self, seat: usize, stems: &[String], df: &BTreeMap<String, u32>, most: usize) -> Result<LocalConcepts> {
        let what = What::Local { seat, stems: stems.to_vec(), df: df.clone(), most };
        let found = read!(self.ask(vec![(self.nodes.node_of(seat), what)])?.remove(0), Local)?;
        self.check_terms(found.concepts.iter().map(|concept| concept.term))?;
        Ok(found)
    }

    fn pairs(&self, cancel: &Cancel) -> Result<Pairs> {
        let seats: Vec<usize> = (0..self.commons.seat_count()).collect();
        let parts = self.each(&seats, |&seat| self.nodes.node_of(seat), What::Pairs, |reply| read!(reply, Pairs))?;
        if !Part::fit(&parts, self.commons.terms()) {
            return Err(refused("its part of the graph does not fit to the others"));
        }
        Pairs::join(self.commons.tick(), self.commons.documents(), &parts, cancel)
    }

    fn lists(&self, pairs: &Pairs, cancel: &Cancel) -> Result<Lists> {
        let seats: Vec<usize> = (0..self.commons.seat_count()).collect();
        let parts = self.each(&seats, |&seat| self.nodes.node_of(seat), What::Lists, |reply| read!(reply, Lists))?;
        if !ListsPart::fit(&parts, pairs) {
            return Err(refused("its lists do not fit to the graph"));
        }
        Lists::join(&parts, pairs, cancel)
    }

    fn nodes(&self) -> Result<Snapshot> {
        let read = |reply| match reply {
            Reply::Nodes(nodes, are_more) => {
                self.check_terms(nodes.iter().map(|(term, _)| *term))?;
                Ok((nodes, are_more))
            }
            _ => Err(refused("it is of another kind than `Nodes`")),
        };
        let id = |&(term, _): &(u32, NodeData)| self.commons.id(term);
        let mut all = self.pages(|after| What::Nodes { after }, read, id)?;
        all.sort_unstable_by_key(id);
        let rows = all.into_iter().map(|(term, data)| NodeRow::new(self.commons, term, data)).collect();
        Ok(Snapshot { tick: self.commons.tick(), rows })
    }

    fn edges(&self) -> Result<Edges> {
        let read = |reply| match reply {
            Reply::Edges(rows, are_more) => {
                self.check_terms(rows.iter().map(|(term, _, _)| *term))?;
                self.check_synapses(rows.iter().flat_map(|(_, _, row)| row))?;
                Ok((rows, are_more))
            }
            _ => Err(refused("it is of another kind than `Edges`")),
        };
        let id = |&(term, _, _): &(u32, EcoString, Vec<Synapse>)| self.commons.id(term);
        let mut all = self.pages(|after| What::Edges { after }, read, id)?;
        all.sort_unstable_by_key(id);
        let count = all.iter().map(|(_, _, row)| row.len() as u64).sum();
        let (mut concepts, mut rows) = (Vec::with_capacity(all.len()), Vec::with_capacity(all.len()));
        for (term, label, row) in all {
            concepts.push((term, label));
            rows.push(Ok(row));
        }
        Edges::new(self.commons, concepts, rows.into_iter(), count)
    }
}
