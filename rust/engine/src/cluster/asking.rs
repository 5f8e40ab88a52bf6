//! Questions to a colony whose shards are on nodes.

use super::reach::Reach;
use super::remote::Remote;
use super::wire::{Reply as Replied, Told, What};
use crate::world::World;
use phago_core::cancel::Cancel;
use phago_core::cluster::message::Done;
use phago_core::cluster::{Ask, Far, Layout, Nodes, Reply};
use phago_core::dump::Scope;
use phago_core::replica::Replica;
use phago_core::{Error, Result};
use std::collections::BTreeSet;
use std::time::Duration;

// How often a question is asked again after nodes were lost.
const RETRIES_MAX: usize = 3;
/// The nodes, as one question asks them: all at one committed state.
pub(crate) struct Asked<'a> {
    remote: &'a Remote,
    reach: Reach<'a>,
    tick: u64,
    sequence: u64,
}

impl Remote {
    /// Calls `read` with the homes on the nodes, at one committed state. If nodes are lost, they are made again, and
    /// `read` is called again.
    ///
    /// # Errors
    /// Those of `read`; [`Error::CoordinatorUnavailable`] if nodes are lost again and again; [`Error::Cancelled`].
    pub(crate) fn asking<T>(
        &self,
        world: &World,
        cancel: &Cancel,
        mut read: impl FnMut(Far<'_, Asked<'_>>) -> Result<T>,
    ) -> Result<T> {
        self.reading(world, self.wait(), cancel, |state, asked| read(Far::new(state.commons(), asked)))
    }

    /// Returns a digest: each node sums up what it holds.
    ///
    /// # Errors
    /// As [`Remote::asking`].
    pub(crate) fn digest(&self, world: &World, scope: Scope, cancel: &Cancel) -> Result<String> {
        let documents = world.read(|state| state.commons().documents())?;
        self.reading(world, self.wait_for_all(documents), cancel, |state, asked| {
            let digest = |reply| if let Replied::Digest(part) = reply { Ok(part) } else { Err(odd(&reply)) };
            let mut parts = asked.all(&What::Digest(scope), digest)?.into_iter();
            let mut sum = parts.next().expect("there is a node");
            parts.try_for_each(|part| sum.merge(&part))?;
            sum.digest(state.commons())
        })
    }

    fn reading<T>(
        &self,
        world: &World,
        wait: Duration,
        cancel: &Cancel,
        mut read: impl FnMut(&Replica, &Asked<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut tried = 0;
        loop {
            let (error, epoch, lost) = {
                // While it is held, no change and no tick is applied.
                let state = world.state()?;
                let (epoch, sequence) = self.stamp();
                let reach = Reach::new(self, epoch, state.tick(), wait, cancel);
                let asked = Asked::new(self, reach, state.tick(), sequence);
                match read(&state, &asked) {
                    Ok(read) => return Ok(read),
                    Err(error) => (error, epoch, asked.lost()),
                }
            };
            if lost.is_empty() || tried == RETRIES_MAX || cancel.is_cancelled() {
                return Err(error);
            }
            tried += 1;
            // Nodes that are being made again refuse what belongs to the state before. They count as lost only if nobody
            // has made them again when whoever changes the colony now is done.
            self.report(epoch, lost);
            drop(self.drive(world)?);
        }
    }
}

impl<'a> Asked<'a> {
    /// Returns the nodes, at this tick and after this change.
    pub(super) fn new(remote: &'a Remote, reach: Reach<'a>, tick: u64, sequence: u64) -> Self {
        Asked { remote, reach, tick, sequence }
    }

    /// Returns the nodes that were lost meanwhile.
    pub(super) fn lost(&self) -> BTreeSet<usize> {
        self.reach.lost()
    }

    /// Returns which node has which seats.
    pub(super) fn layout(&self) -> &Layout {
        &self.remote.layout
    }

    /// Asks the nodes that have these seats, no two of which have one node. Returns the replies in their order.
    pub(super) fn homes_of<T>(
        &self,
        asks: impl Iterator<Item = (usize, What)>,
        read: impl Fn(Replied) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.tell(asks.map(|(seat, what)| (self.remote.layout.node_of(seat), what)), read)
    }

    /// Asks every node the same.
    pub(super) fn all<T>(&self, what: &What, read: impl Fn(Replied) -> Result<T>) -> Result<Vec<T>> {
        self.tell((0..self.count()).map(|node| (node, what.clone())), read)
    }

    // A node that refuses, or whose reply cannot be read, is lost.
    fn tell<T>(
        &self,
        asks: impl Iterator<Item = (usize, What)>,
        read: impl Fn(Replied) -> Result<T>,
    ) -> Result<Vec<T>> {
        let told = |what| Told::Ask { tick: self.tick, sequence: self.sequence, what };
        let letters: Vec<_> = asks.map(|(node, what)| (node, told(what), Vec::new())).collect();
        let nodes: Vec<usize> = letters.iter().map(|letter| letter.0).collect();
        let replies = self.reach.tell(letters)?.into_iter().zip(nodes).map(|((reply, _), node)| {
            let read = match reply {
                Replied::Done(Done::Refused(reason)) => Err(Error::BarrierFailed { reason }),
                reply => read(reply),
            };
            read.inspect_err(|_| self.reach.lose(node))
        });
        replies.collect()
    }
}

/// Returns the error for a reply of another kind.
pub(super) fn odd(reply: &Replied) -> Error {
    Error::Wire { what: "answer of a node", reason: format!("it replied {reply:?}") }
}

impl Nodes for Asked<'_> {
    fn node_of(&self, seat: usize) -> usize {
        self.remote.layout.node_of(seat)
    }

    fn count(&self) -> usize {
        self.remote.layout.nodes()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        let asks: Vec<(usize, What)> =
            requests.into_iter().map(|(node, ask)| Ok((node, What::Round(ask.encode()?)))).collect::<Result<_>>()?;
        self.tell(asks.into_iter(), |reply| match reply {
            Replied::Round(bytes) => Reply::decode(&bytes),
            other => Err(odd(&other)),
        })
    }
}
