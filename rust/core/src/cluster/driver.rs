//! The driver: accepts changes, makes ticks, and keeps what no node needs: what waits, lifetimes and agents.

#[cfg(test)]
mod tests;

use super::Layout;
use super::message::{
    Ack, Announced, Apply, Done, Fate, Granted, Order, Prepare, Prepared, SeatCounts, SeatSize, Step,
};
use super::words::{New, Words};
use crate::commons::{Departed, GrantKey, Tally, Waiting};
use crate::documents::{Body, DOCUMENTS_MAX, Known, Lifetime, ThreadPlace, Vector};
use crate::ids::{DocumentId, Tick};
use crate::maps::Map;
use crate::plan::Plan;
use crate::reinforcement::REINFORCED_MAX;
use crate::replica::Replica;
use crate::shard::Staged;
use crate::{Error, Result};
use std::ops::Range;
use std::sync::Arc;

/// How orders reach the nodes.
pub trait Carrier {
    /// What a node sends to others in one tick, in whatever form it travels.
    type Parcel;

    /// Sends each order to its node, to all at once, with the parcels for it, and waits for all answers. Returns them
    /// in the order of the orders, each with a parcel for each node that is sent anything, by node.
    ///
    /// # Errors
    /// Any, if a node did not answer: what it did is then unknown.
    fn send(&self, orders: Vec<Sent<Self::Parcel>>) -> Result<Vec<Answered<Self::Parcel>>>;

    /// Does what [`Carrier::send`] does, and calls `meanwhile` before it returns, beside the nodes if it can.
    ///
    /// # Errors
    /// As [`Carrier::send`]; `meanwhile` was called then, too.
    fn send_and(
        &self,
        orders: Vec<Sent<Self::Parcel>>,
        meanwhile: impl FnOnce() + Send,
    ) -> Result<Vec<Answered<Self::Parcel>>> {
        meanwhile();
        self.send(orders)
    }
}

// With fewer steps, the driver has done its part of a change before another thread has begun.
const BESIDE_MIN: usize = 64;

/// An order on its way: the node, the order, and parcels from other nodes.
pub type Sent<P> = (usize, Order, Vec<P>);

/// An answer: what was done, and parcels for other nodes, by node.
pub type Answered<P> = (Done, Vec<Option<P>>);

/// Who drives the nodes of a colony. Its replica, the part without seats, is lent to each call, so that questions can
/// read it meanwhile.
#[derive(Debug)]
pub struct Driver {
    layout: Layout,
    sequence: u64,
    attempt: u64,
}

/// A change that was judged and is staged on the nodes.
#[derive(Debug)]
pub struct Settled {
    /// The fate of each step, in order.
    pub fates: Vec<Fate>,
    sequence: u64,
    new: New,
    // What all nodes counted together, and what each did.
    tally: Tally,
    counted: Vec<Tally>,
    effects: Vec<Effect>,
}

// What a change means to what the driver keeps.
#[derive(Debug)]
enum Effect {
    Comes(DocumentId, u64, Option<Lifetime>, Option<ThreadPlace>, Option<u32>),
    Leaves(DocumentId, Departed),
    Renews(DocumentId, Option<Lifetime>, Option<Lifetime>),
    Reinforces(u64),
}

/// A tick of which every node has made Act.
#[derive(Debug)]
pub struct Acted<P> {
    attempt: u64,
    plan: Plan,
    // By node: who sent it parcels, and these.
    inboxes: Vec<(Vec<u32>, Vec<P>)>,
}

/// A tick that every node has made up to its commit.
#[derive(Debug)]
pub struct Made {
    /// The number of the attempt.
    pub attempt: u64,
    /// The plan.
    pub plan: Plan,
    /// What each node staged.
    pub acks: Vec<Ack>,
}

impl Made {
    /// Refuses new synapses between shards that are not of the seats, or have terms that there are not.
    ///
    /// # Errors
    /// [`Error::Wire`] naming the node.
    pub fn check_edges(&self, terms: usize) -> Result<()> {
        for (node, ack) in self.acks.iter().enumerate() {
            let mut edges = ack.cross_edges.iter().flatten();
            let are_known = edges.all(|edge| (edge.source.max(edge.target) as usize) < terms);
            if ack.cross_edges.len() != ack.seats.len() || !are_known {
                return Err(broken(node, "its new synapses are of other seats, or of words that it did not announce"));
            }
        }
        Ok(())
    }
}

impl Driver {
    /// Returns a driver of nodes that have not been told anything yet.
    pub fn new(layout: Layout) -> Driver {
        Driver { layout, sequence: 0, attempt: 0 }
    }

    /// Returns which node has which seats.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the number of the last attempt at a tick.
    pub fn attempt(&self) -> u64 {
        self.attempt
    }

    /// Returns the number of the last change.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Returns orders by which the homes of documents read them ahead, with this number, for the next
    /// [`Driver::prepare`]: the node of each, and the documents. Steps that are no new documents are left out. Numbers
    /// ascend.
    pub fn read<P>(layout: &Layout, replica: &Replica, number: u64, steps: &[Step]) -> Vec<Sent<P>> {
        let mut documents: Vec<Vec<Arc<Body>>> = vec![Vec::new(); layout.nodes()];
        for step in steps {
            if let Step::Ingest(_, body) = step {
                documents[home_of(layout, replica, step.id())].push(body.clone());
            }
        }
        let documents = documents.into_iter().enumerate().filter(|(_, documents)| !documents.is_empty());
        documents.map(|(node, documents)| (node, Order::Read(number, documents), Vec::new())).collect()
    }

    /// Has the homes judge and stage steps that change together. No two of them but additions may concern one document.
    /// `read` is the number by which the homes have read them ahead, if they are new documents, and were read.
    /// [`Driver::apply`] or [`Driver::discard`] must follow before anything else.
    ///
    /// # Errors
    /// [`Error::Limit`] if there is no room, and those of `carrier`. Then it is discarded already.
    pub fn prepare<C: Carrier>(
        &self,
        replica: &Replica,
        carrier: &C,
        steps: &[Step],
        mut read: Option<u64>,
    ) -> Result<Settled> {
        // Steps that another document's name decides.
        let mut decided: Map<usize, Fate> = Map::default();
        loop {
            // Where a second try is needed, what was read is gone.
            let settled =
                self.judge(replica, carrier, (steps, read.take()), &mut decided).and_then(|settled| match settled {
                    Some(settled) => check_room(replica, &settled).map(|()| Some(settled)),
                    None => Ok(None),
                });
            match settled {
                Ok(Some(settled)) => return Ok(settled),
                Ok(None) => self.discard(carrier)?,
                Err(error) => {
                    // The error that led here counts.
                    let _ = self.discard(carrier);
                    return Err(error);
                }
            }
        }
    }

    // Returns `None` if a name decides otherwise than a home did; `decided` then says so; and if a home has not what it
    // read ahead.
    fn judge<C: Carrier>(
        &self,
        replica: &Replica,
        carrier: &C,
        (steps, read): (&[Step], Option<u64>),
        decided: &mut Map<usize, Fate>,
    ) -> Result<Option<Settled>> {
        let sequence = self.sequence + 1;
        let mut prepares: Vec<Prepare> =
            (0..self.layout.nodes()).map(|_| Prepare { sequence, ..Prepare::default() }).collect();
        // By node: which steps and which looks it was given.
        let mut given: Vec<(Vec<usize>, Vec<usize>)> = vec![Default::default(); prepares.len()];
        let ids: Vec<DocumentId> = steps.iter().map(Step::id).collect();
        let mut has_names = false;
        for (at, step) in steps.iter().enumerate().filter(|(at, _)| !decided.contains_key(at)) {
            let node = home_of(&self.layout, replica, ids[at]);
            match read {
                Some(_) => prepares[node].read = read,
                None => prepares[node].steps.push(step.clone()),
            }
            given[node].0.push(at);
            if let Some(namesake) = body_of(step).and_then(|body| body.namesake(ids[at])) {
                has_names = true;
                let node = home_of(&self.layout, replica, namesake);
                prepares[node].looks.push(namesake);
                given[node].1.push(at);
            }
        }
        let orders = prepares
            .into_iter()
            .enumerate()
            .filter(|(_, prepare)| !(prepare.read.is_none() && prepare.steps.is_empty() && prepare.looks.is_empty()));
        let orders: Vec<_> = orders.map(|(node, prepare)| (node, Order::Prepare(prepare), Vec::new())).collect();
        let asked: Vec<usize> = orders.iter().map(|order| order.0).collect();
        let mut prepared = Vec::with_capacity(asked.len());
        for (answer, node) in carrier.send(orders)?.into_iter().zip(asked) {
            match answer.0 {
                Done::Prepared(one) => prepared.push((node, one)),
                Done::Unread if read.is_some() => return Ok(None),
                other => return Err(unexpected(node, &other)),
            }
        }
        let mut fates: Vec<Option<Fate>> = (0..steps.len()).map(|at| decided.get(&at).cloned()).collect();
        let mut looked: Vec<(usize, Body)> = Vec::new();
        let (mut tally, mut parts) = (Tally::default(), vec![Tally::default(); self.layout.nodes()]);
        let mut words = Words::new(replica, &self.layout);
        for (node, Prepared { fates: told, looked: stand, words: new, tally: counted }) in prepared {
            let (own, looks) = &given[node];
            let are_fit = own.iter().zip(&told).all(|(&at, fate)| fate.fits(&steps[at]));
            if told.len() != own.len() || !are_fit || stand.iter().any(|(at, _)| *at as usize >= looks.len()) {
                return Err(broken(node, "it judged other steps than it was given"));
            }
            own.iter().zip(told).for_each(|(&at, fate)| fates[at] = Some(fate));
            looked.extend(stand.into_iter().map(|(at, body)| (looks[at as usize], body)));
            let Some(numbers) = words.announce(node, new) else {
                return Err(broken(node, "it announced a word that all know"));
            };
            if !numbers.has_all(&counted) {
                return Err(broken(node, "it counted words that it did not announce"));
            }
            parts[node].merge(&counted, |term| numbers.term(term), |form| numbers.form(form));
            parts[node].close();
            tally.merge(&parts[node], |term| term, |form| form);
        }
        tally.close();
        let fates: Vec<Fate> = fates.into_iter().map(|fate| fate.expect("every step was judged")).collect();
        let known = decided.len();
        if has_names {
            decide_by_names(steps, &ids, &fates, looked, decided);
        }
        if decided.len() > known {
            return Ok(None);
        }
        let effects = steps.iter().zip(ids).zip(&fates);
        let effects = effects.flat_map(|((step, id), fate)| effects_of(step, id, fate)).collect();
        Ok(Some(Settled { fates, sequence, new: words.finish(), tally, counted: parts, effects }))
    }

    /// Has every node apply a change, and applies it here.
    ///
    /// # Errors
    /// Those of `carrier`: some nodes may then have applied it and others not, so the nodes must be made again.
    pub fn apply<C: Carrier>(&mut self, replica: &mut Replica, carrier: &C, settled: Settled) -> Result<()> {
        let Settled { sequence, new, tally, counted, effects, .. } = settled;
        let New { words, nodes, blocks } = new;
        // A node knows what it counted itself.
        let others = self.by_node(replica, &tally, &nodes).into_iter().zip(&counted);
        let others = others.map(|(all, own)| all.without(own));
        let apply = |(tally, own): (Tally, Range<usize>)| {
            let (before, after) = (words[..own.start].to_vec(), words[own.end..].to_vec());
            let words = Announced { before, own: own.len() as u32, after };
            Order::Apply(Apply { sequence, words, tally })
        };
        let orders = others.zip(blocks).map(apply).enumerate().map(|(node, apply)| (node, apply, Vec::new())).collect();
        let is_long = effects.len() >= BESIDE_MIN;
        let here = || take_over(replica, tally, effects);
        self.sequence = sequence;
        match is_long {
            true => all_done(carrier.send_and(orders, here)?),
            false => {
                here();
                all_done(carrier.send(orders)?)
            }
        }
    }

    // Returns for each node the tally with the forms whose terms have their homes there. `new` are the nodes of the forms
    // that nobody has learned yet.
    fn by_node(&self, replica: &Replica, tally: &Tally, new: &[usize]) -> Vec<Tally> {
        let commons = replica.commons();
        let (known, lexicon) = (commons.vocabulary().form_counts().len() as u32, commons.lexicon().reading());
        let mut forms: Vec<Vec<(u32, i64)>> = vec![Vec::new(); self.layout.nodes()];
        for &(form, by) in &tally.forms {
            let node = match form.checked_sub(known) {
                Some(at) => new[at as usize],
                None => self.layout.node_of(commons.seat(commons.home(lexicon.term_of_form(form)).shard)),
            };
            forms[node].push((form, by));
        }
        forms.into_iter().map(|forms| Tally { forms, df: tally.df.clone(), ..*tally }).collect()
    }

    /// Has every node forget the change that was prepared.
    ///
    /// # Errors
    /// Those of `carrier`.
    pub fn discard<C: Carrier>(&self, carrier: &C) -> Result<()> {
        let sequence = self.sequence + 1;
        let orders = (0..self.layout.nodes()).map(|node| (node, Order::Discard(sequence), Vec::new())).collect();
        self.order(carrier, orders)
    }

    /// Makes the tick of a plan up to its commit. [`Driver::commit`] or [`Driver::abort`] must follow.
    ///
    /// # Errors
    /// Those of `carrier`. [`Driver::abort`] must follow.
    pub fn make<C: Carrier>(&mut self, carrier: &C, plan: Plan) -> Result<Made> {
        let acted = self.act(carrier, plan)?;
        self.decay(carrier, acted, false)
    }

    /// Makes Sense and Act of the tick of a plan. [`Driver::decay`] or [`Driver::abort`] must follow.
    ///
    /// # Errors
    /// Those of `carrier`. [`Driver::abort`] must follow.
    pub fn act<C: Carrier>(&mut self, carrier: &C, plan: Plan) -> Result<Acted<C::Parcel>> {
        self.attempt += 1;
        let attempt = self.attempt;
        let all = 0..self.layout.nodes();
        let part = |node: usize| plan.part(&self.layout.seats_of(node).collect::<Vec<_>>());
        let granted = |node: usize| match plan.granted.last() {
            Some(last) if plan.is_by_arrival => Granted::UpTo(*last),
            _ => {
                let seats = self.layout.seats_of(node);
                let mut here: Vec<u128> = seats.flat_map(|seat| &plan.grants[seat]).map(|id| id.0).collect();
                here.sort_unstable();
                let is_here = |key: &&GrantKey| here.binary_search(&key.1).is_ok();
                Granted::These(plan.granted.iter().filter(is_here).copied().collect())
            }
        };
        let act = |node| Order::Act { attempt, plan: part(node), granted: granted(node) };
        let orders = all.clone().map(|node| (node, act(node), Vec::new())).collect();
        let mut inboxes: Vec<(Vec<u32>, Vec<C::Parcel>)> = all.clone().map(|_| Default::default()).collect();
        for (node, (done, parcels)) in carrier.send(orders)?.into_iter().enumerate() {
            let Done::Acted(to) = done else { return Err(unexpected(node, &done)) };
            for to in to {
                let inbox = inboxes.get_mut(to as usize).ok_or_else(|| broken(node, "it sends to no node"))?;
                inbox.0.push(node as u32);
            }
            for (inbox, parcel) in inboxes.iter_mut().zip(parcels) {
                inbox.1.extend(parcel);
            }
        }
        Ok(Acted { attempt, plan, inboxes })
    }

    /// Makes Decay of a tick. With `with_edges`, what the nodes staged has the new synapses between shards.
    /// [`Driver::commit`] or [`Driver::abort`] must follow.
    ///
    /// # Errors
    /// Those of `carrier`. [`Driver::abort`] must follow.
    pub fn decay<C: Carrier>(&self, carrier: &C, acted: Acted<C::Parcel>, with_edges: bool) -> Result<Made> {
        let Acted { attempt, plan, inboxes } = acted;
        let decay = |(node, (from, parcels))| (node, Order::Decay { attempt, from, with_edges }, parcels);
        let orders = inboxes.into_iter().enumerate().map(decay).collect();
        let mut acks = Vec::with_capacity(self.layout.nodes());
        for (node, (done, _)) in carrier.send(orders)?.into_iter().enumerate() {
            match done {
                Done::Decayed(ack) if self.has_seats(node, ack.seats.len()) => acks.push(ack),
                other => return Err(unexpected(node, &other)),
            }
        }
        Ok(Made { attempt, plan, acks })
    }

    // Returns whether a node has so many seats.
    fn has_seats(&self, node: usize, count: usize) -> bool {
        self.layout.seats_of(node).count() == count
    }

    /// Commits a tick. Returns what its nodes staged, as sums, and how large each seat is after it, by seat.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] if the nodes did not do what was planned; then nothing has changed. Those of `carrier`:
    /// some nodes may then have committed and others not, so the nodes must be made again.
    pub fn commit<C: Carrier>(
        &self,
        replica: &mut Replica,
        carrier: &C,
        made: Made,
    ) -> Result<(Staged, Vec<SeatSize>)> {
        let Made { attempt, plan, acks } = made;
        let staged: Staged = acks.iter().map(|ack| ack.staged.clone()).sum();
        let leaving: usize = acks.iter().map(|ack| ack.leaving.len()).sum();
        if (staged.lysed as usize, leaving) != (plan.documents(), plan.leaving()) {
            let reason = format!("the nodes did not digest what tick {} granted", plan.tick);
            return Err(Error::BarrierFailed { reason });
        }
        let mut tally = Tally::default();
        acks.iter().for_each(|ack| tally.merge(&ack.tally, |term| term, |form| form));
        tally.close();
        let tallies = self.by_node(replica, &tally, &[]).into_iter().enumerate();
        let orders = tallies.map(|(node, tally)| (node, Order::Commit { attempt, tally }, Vec::new())).collect();
        let commons = replica.commons_mut();
        let agents = (&plan.digesters[..], &staged.ended[..]);
        commons.commit(plan.tick, &plan.granted, staged.failed, agents);
        commons.lived(plan.acted(), &staged.traces);
        commons.tally(&Tally { forms: Vec::new(), ..tally });
        acks.iter().flat_map(|ack| &ack.leaving).for_each(|(id, departed)| commons.leave(*id, departed));
        replica.count_exchanged(staged.exchanged);
        let mut sizes = Vec::with_capacity(self.layout.seats());
        for (node, (done, _)) in carrier.send(orders)?.into_iter().enumerate() {
            match done {
                Done::Committed(of_node) if self.has_seats(node, of_node.len()) => sizes.extend(of_node),
                other => return Err(unexpected(node, &other)),
            }
        }
        Ok((staged, sizes))
    }

    /// Has every node forget what it staged of the tick that was being made.
    ///
    /// # Errors
    /// Those of `carrier`.
    pub fn abort<C: Carrier>(&self, carrier: &C) -> Result<()> {
        let attempt = self.attempt;
        self.order(carrier, (0..self.layout.nodes()).map(|node| (node, Order::Abort(attempt), Vec::new())).collect())
    }

    /// Moves on to a tick before which nothing happens but the end of synapses. Returns what each seat holds before and
    /// after it, and how large it is, by seat.
    ///
    /// # Errors
    /// Those of `carrier`.
    ///
    /// # Panics
    /// Unless [`Replica::is_idle_until`] that tick.
    pub fn pass<C: Carrier>(
        &self,
        replica: &mut Replica,
        carrier: &C,
        tick: Tick,
    ) -> Result<Vec<(SeatCounts, SeatSize)>> {
        assert!(replica.is_idle_until(tick), "nothing waits for these ticks");
        replica.pass_here(tick);
        let orders = (0..self.layout.nodes()).map(|node| (node, Order::Pass(tick), Vec::new())).collect();
        let mut seats = Vec::with_capacity(self.layout.seats());
        for (node, (done, _)) in carrier.send(orders)?.into_iter().enumerate() {
            match done {
                Done::Passed(counts, sizes) if self.has_seats(node, counts.len()) && sizes.len() == counts.len() => {
                    seats.extend(counts.into_iter().zip(sizes));
                }
                other => return Err(unexpected(node, &other)),
            }
        }
        Ok(seats)
    }

    fn order<C: Carrier>(&self, carrier: &C, orders: Vec<Sent<C::Parcel>>) -> Result<()> {
        all_done(carrier.send(orders)?)
    }
}

pub(super) fn home_of(layout: &Layout, replica: &Replica, id: DocumentId) -> usize {
    let commons = replica.commons();
    layout.node_of(commons.seat(commons.ring().shard_of(id.0)))
}

fn all_done<P>(answers: Vec<Answered<P>>) -> Result<()> {
    for (node, (done, _)) in answers.into_iter().enumerate() {
        if done != Done::Done {
            return Err(unexpected(node, &done));
        }
    }
    Ok(())
}

// Does in the replica without seats what a change does there: all but what nodes do for their seats.
fn take_over(replica: &mut Replica, tally: Tally, effects: Vec<Effect>) {
    let commons = replica.commons_mut();
    commons.learn();
    // The driver is the home of no word, and keeps no forms.
    commons.tally(&Tally { forms: Vec::new(), ..tally });
    let arrival = commons.tick() as u32 + 1;
    for effect in effects {
        match effect {
            Effect::Comes(id, bytes, expires, thread, dimension) => {
                dimension.into_iter().for_each(|dimension| commons.meet(dimension));
                let shard = commons.ring().shard_of(id.0);
                commons.backlog_mut().extend([((arrival, id.0), Waiting { shard, bytes })]);
                commons.lifetimes_mut().insert(id, expires);
                commons.stand(id, thread.as_ref());
            }
            Effect::Leaves(id, departed) => commons.leave(id, &departed),
            Effect::Renews(id, before, now) => {
                commons.lifetimes_mut().remove(id, before);
                commons.lifetimes_mut().insert(id, now);
            }
            Effect::Reinforces(more) => commons.backlog_mut().reinforce(more),
        }
    }
}

fn check_room(replica: &Replica, settled: &Settled) -> Result<()> {
    let new = settled.fates.iter().filter(|fate| matches!(fate, Fate::New { .. })).count() as u64;
    let (limit, value) = (DOCUMENTS_MAX, replica.commons().documents() + new);
    if new > 0 && value > limit {
        return Err(Error::Limit { what: "the number of documents".into(), limit, value });
    }
    let more: u64 =
        settled.effects.iter().map(|effect| if let Effect::Reinforces(more) = effect { *more } else { 0 }).sum();
    let (limit, value) = (REINFORCED_MAX, replica.commons().reinforcing() + more);
    if more > 0 && value > limit {
        let what = "what reinforcements may wait for the next tick with, in concepts and pairs,".into();
        return Err(Error::Limit { what, limit, value });
    }
    Ok(())
}

fn body_of(step: &Step) -> Option<&Body> {
    match step {
        Step::Ingest(_, body) | Step::Update(body) => Some(&**body),
        Step::Delete(_) | Step::Reinforce(..) => None,
    }
}

// A document without a key has the name of its identity, and another may have the same text as its key: no two
// documents have one name. `looked` are the documents that stand under the name of a step's document.
fn decide_by_names(
    steps: &[Step],
    ids: &[DocumentId],
    fates: &[Fate],
    looked: Vec<(usize, Body)>,
    decided: &mut Map<usize, Fate>,
) {
    let is_new = |at: usize| matches!(fates[at], Fate::New { .. });
    let mut decide = |at: usize, body: &Body, known: &Body| {
        if is_new(at) && known.key.is_some() != body.key.is_some() {
            let says_the_same = Known::from(known).says_the_same(body);
            decided.insert(at, if says_the_same { Fate::Unchanged } else { Fate::Taken });
        }
    };
    for (at, known) in &looked {
        let body = body_of(&steps[*at]).expect("only documents have names");
        decide(*at, body, known);
    }
    // The same among the new documents of this change. Few have such names.
    let mut new: Map<u128, &Body> = Map::default();
    for (at, step) in steps.iter().enumerate().filter(|(at, _)| is_new(*at)) {
        let body = body_of(step).expect("only documents are new");
        if let Some(known) = body.namesake(ids[at]).and_then(|namesake| new.get(&namesake.0)) {
            decide(at, body, known);
        }
        new.insert(ids[at].0, body);
    }
}

fn effects_of(step: &Step, id: DocumentId, fate: &Fate) -> Vec<Effect> {
    let comes = |body: &Body| {
        let dimension = body.vector.as_ref().map(Vector::dimension);
        Effect::Comes(id, body.text_bytes(), body.expires, body.thread.clone(), dimension)
    };
    match (fate, body_of(step)) {
        (Fate::New { .. }, Some(body)) => vec![comes(body)],
        (Fate::Changed(departed), Some(body)) => vec![Effect::Leaves(id, *departed), comes(body)],
        (Fate::Renewed(before), Some(body)) => vec![Effect::Renews(id, *before, body.expires)],
        (Fate::Deleted(departed), _) => vec![Effect::Leaves(id, *departed)],
        (Fate::Reinforced(more), _) => vec![Effect::Reinforces(*more)],
        _ => Vec::new(),
    }
}

pub(super) fn unexpected(node: usize, done: &Done) -> Error {
    match done {
        Done::Refused(reason) => Error::BarrierFailed { reason: reason.clone() },
        other => broken(node, &format!("it answered {other:?}")),
    }
}

pub(super) fn broken(node: usize, reason: &str) -> Error {
    Error::Wire { what: "answer of a node", reason: format!("node {node}: {reason}") }
}
