//! Sends orders and questions to nodes, and says what failed in the terms of the colony.

use super::remote::Remote;
use super::transport::{Lane, Lost, Message, Parcel};
use super::wire::{Letter, Reply, Response, Told};
use crate::lock::lock;
use crate::sync::{Mutex, beside, thread};
use phago_core::cancel::Cancel;
use phago_core::cluster::message::{Done, Order};
use phago_core::cluster::{Answered, Carrier, Sent};
use phago_core::ids::{ShardId, Tick};
use phago_core::phase::Phase;
use phago_core::{Error, Result};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::time::Duration;

/// The way to the nodes for one change, tick or question.
pub(super) struct Reach<'a> {
    remote: &'a Remote,
    epoch: u64,
    // The tick that is being made.
    tick: Tick,
    wait: Duration,
    cancel: &'a Cancel,
    lost: RefCell<BTreeSet<usize>>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(remote: &'a Remote, epoch: u64, tick: Tick, wait: Duration, cancel: &'a Cancel) -> Self {
        Reach { remote, epoch, tick, wait, cancel, lost: RefCell::default() }
    }

    /// Returns the nodes that did not answer, or answered that they are broken.
    pub(super) fn lost(&self) -> BTreeSet<usize> {
        self.lost.borrow().clone()
    }

    /// Notes a node as lost.
    pub(super) fn lose(&self, node: usize) {
        self.lost.borrow_mut().insert(node);
    }

    /// Sends messages, and waits for all answers.
    ///
    /// # Errors
    /// [`Error::ShardDied`] and [`Error::PhaseTimeout`] in a phase, [`Error::CoordinatorUnavailable`] elsewhere, naming
    /// the nodes that are lost; [`Error::Cancelled`].
    pub(super) fn tell(&self, letters: Vec<(usize, Told, Vec<Parcel>)>) -> Result<Vec<(Reply, Vec<Option<Parcel>>)>> {
        let phase = letters.first().and_then(|letter| phase_of(&letter.1));
        // A node that is at orders is late with what is read ahead, and nothing is wrong with it.
        let is_hint = letters.first().is_some_and(|letter| lane_of(&letter.1) == Lane::Ahead);
        let first = self.remote.numbers(letters.len() as u64);
        let is_order = |told: &Told| matches!(told, Told::Order(_));
        let numbered = (first..).zip(&letters);
        let sent: Vec<_> = numbered.map(|(number, (node, told, _))| (*node, number, is_order(told))).collect();
        let message = |(number, (node, told, parcels)): (u64, (usize, Told, Vec<Parcel>))| Message {
            node,
            lane: lane_of(&told),
            bytes: Letter { epoch: self.epoch, told, node: node as u32, number }.encode(),
            parcels,
        };
        let messages: Vec<Message> = (first..).zip(letters).map(message).collect();
        let mut answers = self.remote.transport.send(messages, self.wait, self.cancel).into_iter();
        let (mut replies, mut dead, mut late) = (Vec::with_capacity(sent.len()), Vec::new(), Vec::new());
        let mut undelivered = Vec::new();
        for (node, number, is_order) in sent {
            let unanswered = || Err(Lost::Died("the transport gave no outcome for it".into()));
            let reply = answers.next().unwrap_or_else(unanswered);
            match reply.map(|answer| (reply_to(number, &answer.bytes), answer.parcels)) {
                Ok((Ok(Reply::Broken(cause)), _)) | Err(Lost::Died(cause)) => dead.push((node, cause)),
                Ok((Err(error), _)) => dead.push((node, error.to_string())),
                // It is not what its driver thinks: it may have been made again by someone else.
                Ok((Ok(Reply::Done(Done::Refused(reason))), _)) if is_order => dead.push((node, reason)),
                Ok((Ok(reply), parcels)) => replies.push((reply, parcels)),
                Err(Lost::Late) => late.push(node),
                Err(Lost::Undelivered(cause)) => undelivered.push((node, cause)),
                Err(Lost::Cancelled) => return Err(Error::Cancelled),
            }
        }
        if dead.is_empty() && late.is_empty() {
            if undelivered.is_empty() {
                return Ok(replies);
            }
            // Who lost what was sent does not show, so those are made again that miss it. Else they stay as they are.
            dead = undelivered;
        }
        let mut lost = self.lost.borrow_mut();
        lost.extend(dead.iter().map(|dead| dead.0));
        if !is_hint {
            lost.extend(late.iter().copied());
        }
        drop(lost);
        Err(self.failure(phase, &dead, &late))
    }

    fn failure(&self, phase: Option<Phase>, dead: &[(usize, String)], late: &[usize]) -> Error {
        let waited_ms = self.wait.as_millis() as u64;
        let causes: Vec<String> = dead.iter().map(|(node, cause)| format!("node {node}: {cause}")).collect();
        match phase {
            Some(phase) if !dead.is_empty() => {
                let shards = self.shards(dead.iter().map(|dead| dead.0));
                Error::ShardDied { shards, phase, tick: self.tick, cause: causes.join("; ") }
            }
            Some(phase) => {
                let shards = self.shards(late.iter().copied());
                Error::PhaseTimeout { shards, phase, tick: self.tick, waited_ms }
            }
            None => {
                let silent = late.iter().map(|node| format!("node {node} did not answer within {waited_ms} ms"));
                let reason = causes.into_iter().chain(silent).collect::<Vec<_>>().join("; ");
                Error::CoordinatorUnavailable { reason }
            }
        }
    }

    fn shards(&self, nodes: impl Iterator<Item = usize>) -> Vec<ShardId> {
        let shards = self.remote.shards();
        nodes.flat_map(|node| self.remote.layout.seats_of(node)).map(|seat| shards[seat]).collect()
    }
}

// Reads the reply to the letter of this number.
fn reply_to(number: u64, bytes: &[u8]) -> Result<Reply> {
    let response = Response::decode(bytes)?;
    if response.number.is_some_and(|answered| answered != number) {
        return Err(Error::BarrierFailed { reason: "the answer to another message came for it".into() });
    }
    Ok(response.reply)
}

// Who gives a tick up does not wait for the end of what it gives up.
fn lane_of(told: &Told) -> Lane {
    match told {
        Told::Ask { .. } | Told::Order(Order::Abort(_)) => Lane::Questions,
        Told::Order(Order::Read(..)) => Lane::Ahead,
        _ => Lane::Orders,
    }
}

// The phase in which a node is lost, if it is lost while it does this.
fn phase_of(told: &Told) -> Option<Phase> {
    match told {
        Told::Order(Order::Act { .. }) => Some(Phase::Act),
        Told::Order(Order::Decay { .. }) => Some(Phase::Decay),
        Told::Order(Order::Commit { .. } | Order::Pass(_)) => Some(Phase::Advance),
        _ => None,
    }
}

impl Carrier for Reach<'_> {
    type Parcel = Parcel;

    fn send_and(&self, orders: Vec<Sent<Parcel>>, meanwhile: impl FnOnce() + Send) -> Result<Vec<Answered<Parcel>>> {
        let work = Mutex::new(Some(meanwhile));
        let act = || {
            let work = lock(&work).take();
            work.into_iter().for_each(|work| work());
        };
        let answered = thread::scope(|scope| {
            let begun = beside(scope, act);
            let answered = self.send(orders);
            if let Ok(Err(panic)) = begun.map(|begun| begun.join()) {
                resume_unwind(panic);
            }
            answered
        });
        // Where no thread was to be had.
        act();
        answered
    }

    fn send(&self, orders: Vec<Sent<Parcel>>) -> Result<Vec<Answered<Parcel>>> {
        let nodes: Vec<usize> = orders.iter().map(|order| order.0).collect();
        let letters = orders.into_iter().map(|(node, order, parcels)| (node, Told::Order(order), parcels)).collect();
        let replies = self.tell(letters)?.into_iter().zip(nodes).map(|((reply, parcels), node)| match reply {
            Reply::Done(done) => (done, parcels),
            other => {
                self.lose(node);
                (Done::Refused(format!("it replied {other:?}")), parcels)
            }
        });
        Ok(replies.collect())
    }
}
