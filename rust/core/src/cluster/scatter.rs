//! Asks to the nodes of a cluster, and the reading of their replies, which are believed in nothing that can be checked.

use crate::cluster::ask::{Ask, ITEMS_MAX, Reply, Stamp, What};
use crate::commons::Commons;
use crate::ids::DocumentId;
use crate::query::names::Named;
use crate::query::view::Spot;
use crate::{Error, Result};

/// The nodes of a cluster, and a way to ask them.
pub trait Nodes {
    /// Returns the number of the node that has a seat.
    fn node_of(&self, seat: usize) -> usize;

    /// Returns how many nodes there are.
    fn count(&self) -> usize;

    /// Asks nodes, by their numbers, and returns their replies in the order of the requests. Each request is answered
    /// by [`crate::cluster::home::answer`] on its node; no node is asked twice at once.
    ///
    /// # Errors
    /// If any of them does not reply.
    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>>;
}

/// The homes on the nodes of a cluster, as a driver reads them that has all commons and no seat.
#[derive(Debug)]
pub struct Far<'a, N> {
    pub(super) commons: &'a Commons,
    pub(super) nodes: &'a N,
    stamp: Stamp,
}

pub(super) fn refused(reason: impl Into<String>) -> Error {
    Error::Wire { what: "reply", reason: reason.into() }
}

// Reads the one kind of reply that fits an ask.
macro_rules! read {
    ($reply:expr, $kind:ident) => {
        match $reply {
            Reply::$kind(read) => Ok(read),
            _ => Err(refused(concat!("it is of another kind than `", stringify!($kind), "`"))),
        }
    };
}

pub(super) use read;

impl<'a, N: Nodes> Far<'a, N> {
    /// Returns the homes on nodes whose states have these commons.
    pub fn new(commons: &'a Commons, nodes: &'a N) -> Self {
        Far { commons, nodes, stamp: Stamp::of(commons) }
    }

    /// Returns the node that is the home of a document.
    pub(super) fn node_of_spot(&self, spot: &Spot) -> usize {
        self.nodes.node_of(spot.0)
    }

    /// Returns the node that is the home of a document, by its id.
    pub(super) fn node_of_document(&self, id: &DocumentId) -> usize {
        self.nodes.node_of(self.commons.seat(self.commons.ring().shard_of(id.0)))
    }

    /// Returns the node that is the home of a term.
    pub(super) fn node_of_term(&self, term: &u32) -> usize {
        self.nodes.node_of(self.commons.seat(self.commons.home(*term).shard))
    }

    /// Asks nodes.
    pub(super) fn ask(&self, requests: Vec<(usize, What)>) -> Result<Vec<Reply>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let count = requests.len();
        let stamp = self.stamp;
        let requests = requests.into_iter().map(|(node, what)| (node, Ask { stamp, what })).collect();
        let replies = self.nodes.ask(requests)?;
        if replies.len() != count {
            return Err(refused(format!("there are {} to {count} asks", replies.len())));
        }
        Ok(replies)
    }

    /// Asks every node the same. Replies are in the order of nodes.
    pub(super) fn ask_all(&self, what: &What) -> Result<Vec<Reply>> {
        self.ask((0..self.nodes.count()).map(|node| (node, what.clone())).collect())
    }

    /// Asks the node of each item for something, until all have come: a reply has as much as fits into a page.
    pub(super) fn each<T: Clone, R>(
        &self,
        items: &[T],
        node_of: impl Fn(&T) -> usize,
        what: impl Fn(Vec<T>) -> What,
        read: impl Fn(Reply) -> Result<Vec<R>>,
    ) -> Result<Vec<R>> {
        let mut waiting = Waiting::new(items, self.nodes.count(), node_of);
        let mut made: Vec<Option<R>> = items.iter().map(|_| None).collect();
        while let Some(asked) = waiting.next() {
            let request = |(node, places): &(usize, Vec<usize>)| (*node, what(picked(items, places)));
            let replies = self.ask(asked.iter().map(request).collect())?;
            for ((node, places), reply) in asked.iter().zip(replies) {
                let read = read(reply)?;
                if read.is_empty() || read.len() > places.len() {
                    return Err(refused(format!("it has {} items for {}", read.len(), places.len())));
                }
                waiting.done(*node, read.len());
                places.iter().zip(read).for_each(|(&place, item)| made[place] = Some(item));
            }
        }
        Ok(made.into_iter().map(|item| item.expect("all items came")).collect())
    }

    /// Returns where documents are, and whether each has a key.
    pub(super) fn spots_of(&self, ids: &[DocumentId]) -> Result<Vec<Option<(Spot, bool)>>> {
        let seat_of = |id: &DocumentId| self.commons.seat(self.commons.ring().shard_of(id.0));
        let spots = self.each(ids, |id| self.node_of_document(id), What::Find, |reply| read!(reply, Spots))?;
        match ids.iter().zip(&spots).find(|(id, found)| found.is_some_and(|(spot, _)| spot.0 != seat_of(id))) {
            Some((id, _)) => Err(refused(format!("document {id} is not at its home"))),
            None => Ok(spots),
        }
    }

    // A node speaks of its own documents, and of known terms.

    pub(super) fn check_spot(&self, node: usize, spot: Spot) -> Result<()> {
        match spot.0 < self.commons.seat_count() && self.nodes.node_of(spot.0) == node {
            true => Ok(()),
            false => Err(refused(format!("seat {} is not on node {node}", spot.0))),
        }
    }

    pub(super) fn check_bearers(&self, node: usize, named: &[Named]) -> Result<()> {
        let mut bearers = named.iter().flat_map(|named| &named.bearers);
        bearers.try_for_each(|(spot, _)| self.check_spot(node, *spot))
    }

    pub(super) fn check_terms(&self, mut terms: impl Iterator<Item = u32>) -> Result<()> {
        let known = self.commons.terms();
        match terms.find(|term| *term as usize >= known) {
            Some(term) => Err(refused(format!("term {term} is none of {known}"))),
            None => Ok(()),
        }
    }
}

/// Items that nodes are still to be asked for: of each node the places of its items, and how many of them came.
pub(super) struct Waiting(Vec<(Vec<usize>, usize)>);

impl Waiting {
    pub(super) fn new<T>(items: &[T], nodes: usize, node_of: impl Fn(&T) -> usize) -> Waiting {
        let mut by_node = vec![(Vec::new(), 0); nodes];
        items.iter().enumerate().for_each(|(place, item)| by_node[node_of(item)].0.push(place));
        Waiting(by_node)
    }

    // Returns what to ask next of each node that is to be asked.
    fn next(&self) -> Option<Vec<(usize, Vec<usize>)>> {
        let all = (0..self.0.len()).map(|node| (node, self.of(node).to_vec()));
        let asked: Vec<_> = all.filter(|(_, places)| !places.is_empty()).collect();
        (!asked.is_empty()).then_some(asked)
    }

    /// Returns the places of the items to ask next of a node.
    pub(super) fn of(&self, node: usize) -> &[usize] {
        let (places, done) = &self.0[node];
        &places[*done..places.len().min(done + ITEMS_MAX)]
    }

    fn done(&mut self, node: usize, count: usize) {
        self.0[node].1 += count;
    }
}

/// Returns the items at places.
pub(super) fn picked<T: Clone>(all: &[T], places: &[usize]) -> Vec<T> {
    places.iter().map(|&place| all[place].clone()).collect()
}

/// Puts what came of a node's items into their places. Returns how many came.
pub(super) fn take<T>(all: &mut [Option<T>], waiting: &mut Waiting, node: usize, came: Vec<T>) -> Result<usize> {
    let places = waiting.of(node);
    if came.len() > places.len() {
        return Err(refused(format!("it has {} items for {}", came.len(), places.len())));
    }
    let count = came.len();
    places.iter().zip(came).for_each(|(&place, item)| all[place] = Some(item));
    waiting.done(node, count);
    Ok(count)
}
