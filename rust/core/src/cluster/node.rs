//! A node: the home of some seats, at the orders of a driver.

use super::Layout;
use super::ahead::{Ahead, Draft};
use super::message::{
    Ack, Announced, Apply, Done, Fate, Granted, Handshake, Order, Prepare, Prepared, SeatCounts, SeatSize, Step,
};
use super::parcel::{pack, unpack};
use crate::cancel::Cancel;
use crate::commons::{Commons, Departed, Digestion, GrantKey, Tally};
use crate::documents::{Analysed, Body, Known, Lifetime};
use crate::ids::DocumentId;
use crate::maps::Map;
use crate::message::Batch;
use crate::phase::Phase;
use crate::plan::Plan;
use crate::reinforcement::Reinforcement;
use crate::replica::{Placement, Replica};
use crate::ring::Ring;
use crate::shard::{Seat, Shard};
use crate::text::{Reading, Session};
use crate::wishes::{Wanted, Wishes};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one node has staged of changes and ticks. Its replica is lent to each order, so that questions can read it
/// while the phases of a tick run.
#[derive(Debug)]
pub struct Node {
    number: usize,
    layout: Layout,
    // The number of the last change.
    sequence: u64,
    session: Session,
    ahead: Ahead,
    staged: Option<Staged>,
    // The number of the last attempt at a tick, and what is staged of it.
    attempt: u64,
    making: Option<Making>,
    // The documents of its seats that no tick has granted, in the order of grants.
    waiting: BTreeSet<GrantKey>,
    // What a change counts, while it is judged.
    counting: Tally,
}

// A change that was judged.
#[derive(Debug, Default)]
struct Staged {
    sequence: u64,
    leaves: Vec<DocumentId>,
    comes: Vec<Analysed>,
    renews: Vec<(DocumentId, Option<Lifetime>)>,
    reinforces: Vec<(DocumentId, Reinforcement, u64)>,
    // What all of it changes in the numbers that nodes share, with the forms that are counted here.
    tally: Tally,
}

// A tick between Act and its end.
#[derive(Debug)]
struct Making {
    plan: Plan,
    // Those of this node's seats, in order.
    seats: Vec<Seat>,
    // What its seats sent to seats of this node, until Decay.
    here: Vec<Batch>,
    leaving: Vec<DocumentId>,
    // Those of its documents that are granted.
    granted: Vec<GrantKey>,
}

impl Node {
    /// Returns a node with an empty part of a colony.
    ///
    /// # Errors
    /// [`Error::Config`] for a handshake that does not fit.
    pub fn join(handshake: &Handshake) -> Result<(Node, Replica)> {
        handshake.check()?;
        handshake.ring.validate()?;
        let (seats, node) = (handshake.layout.seats(), handshake.node as usize);
        if seats != handshake.ring.num_shards as usize || node >= handshake.layout.nodes() {
            let value = format!("node {node} of a layout of {seats} seats");
            let accepted = format!("a node of a layout of {} seats", handshake.ring.num_shards);
            return Err(Error::Config { field: "node".into(), value, accepted });
        }
        let ring = Ring::new(handshake.ring.num_shards, handshake.ring.virtual_nodes_per_shard);
        let own: Vec<usize> = handshake.layout.seats_of(node).collect();
        let replica = Replica::new(handshake.config.clone(), ring)?.part(&own);
        Ok((Node::over(&replica, handshake.layout.clone(), node), replica))
    }

    /// Returns a node over its part of a colony.
    pub fn over(replica: &Replica, layout: Layout, number: usize) -> Node {
        let session = Session::new(replica.commons().lexicon().clone());
        let documents = replica.own().iter().flat_map(|&seat| replica.shards()[seat].documents().all());
        let waiting = documents.filter(|document| document.digested.is_none());
        let waiting = waiting.map(|document| (document.arrival, document.id.0)).collect();
        Node {
            number,
            layout,
            sequence: 0,
            session,
            ahead: Ahead::default(),
            staged: None,
            attempt: 0,
            making: None,
            waiting,
            counting: Tally::default(),
        }
    }

    /// Returns the number of the last change that it applied.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Obeys an order that only reads the replica: all but those of [`Node::change`]. Returns its answer, and after Act
    /// a parcel for each other node that is sent anything, by node. `parcels` came from other nodes, for Decay.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] out of order; [`Error::Wire`] for a parcel that is none; [`Error::Cancelled`]. Then
    /// nothing has changed.
    pub fn obey(
        &mut self,
        replica: &Replica,
        order: Order,
        parcels: &[Vec<u8>],
        cancel: &Cancel,
    ) -> Result<(Done, Vec<Option<Vec<u8>>>)> {
        let done = match order {
            Order::Read(number, documents) => {
                if self.begin_reading(number, documents.len()) {
                    documents.into_iter().all(|body| self.read_on(replica, number, body));
                }
                Done::Done
            }
            Order::Prepare(prepare) => self.prepare(replica, prepare)?.map_or(Done::Unread, Done::Prepared),
            Order::Discard(sequence) => {
                self.staged.take_if(|staged| staged.sequence == sequence);
                self.forget_words(replica);
                Done::Done
            }
            Order::Rank(wishes, most, behind) => Done::Ranked(self.rank(replica, &wishes, most, behind)),
            Order::Act { attempt, plan, granted } => {
                let parcels = self.act(replica, (attempt, granted), plan, cancel)?;
                let sent = (0..).zip(&parcels).filter(|(_, parcel)| parcel.is_some()).map(|(node, _)| node);
                return Ok((Done::Acted(sent.collect()), parcels));
            }
            Order::Decay { attempt, from, with_edges } => {
                Done::Decayed(self.decay(replica, (attempt, &from), parcels, with_edges, cancel)?)
            }
            Order::Abort(attempt) => {
                // What comes late with this number, or an older one, is refused from now on.
                self.attempt = self.attempt.max(attempt);
                self.making = None;
                Done::Done
            }
            Order::Apply(_) | Order::Commit { .. } | Order::Pass(_) => {
                return Err(refused(format!("{order:?} changes the replica")));
            }
        };
        Ok((done, Vec::new()))
    }

    /// Begins what [`Order::Read`] asks for, of so many documents. Each is then read by itself, so that other orders can
    /// be obeyed in between. Returns `false` if there is nothing to do.
    pub fn begin_reading(&mut self, number: u64, documents: usize) -> bool {
        self.ahead.begin(number, documents)
    }

    /// Reads the next document. Returns `false` if the others need not be read any more.
    pub fn read_on(&mut self, replica: &Replica, number: u64, body: Arc<Body>) -> bool {
        self.ahead.read(number, body, &mut self.session, |id| replica.body(id).is_some())
    }

    /// Obeys an order that changes the replica: Apply, Commit or Pass.
    ///
    /// # Errors
    /// [`Error::BarrierFailed`] out of order. Then nothing has changed.
    ///
    /// # Panics
    /// If the numbers of the order do not fit to the state. The state is then half-changed.
    pub fn change(&mut self, replica: &mut Replica, order: Order) -> Result<Done> {
        match order {
            Order::Apply(apply) => self.apply(replica, apply)?,
            Order::Commit { attempt, tally } => {
                self.commit(replica, attempt, &tally)?;
                return Ok(Done::Committed(sizes(replica)));
            }
            Order::Pass(tick) => {
                if self.making.is_some() || tick < replica.tick() {
                    return Err(refused(format!("node {} cannot pass to tick {tick} now", self.number)));
                }
                let before = counts(replica);
                replica.pass_here(tick);
                let both = before.into_iter().zip(counts(replica));
                let counts = both.map(|(before, after)| SeatCounts { before, after });
                return Ok(Done::Passed(counts.collect(), sizes(replica)));
            }
            other => return Err(refused(format!("{other:?} changes nothing"))),
        }
        Ok(Done::Done)
    }

    // Returns `None` if it has not what it should have read.
    fn prepare(&mut self, replica: &Replica, prepare: Prepare) -> Result<Option<Prepared>> {
        self.check_sequence(prepare.sequence)?;
        let drafts = match prepare.read.map(|number| self.ahead.take(number)) {
            Some(None) => return Ok(None),
            read => read.flatten().unwrap_or_default(),
        };
        if self.staged.is_some() {
            self.forget_words(replica);
        }
        let mut staged = Staged { sequence: prepare.sequence, ..Staged::default() };
        let mut prepared = Prepared::default();
        // The new documents of this change, by identity.
        let mut here: Map<u128, usize> = Map::default();
        let mut counting = std::mem::take(&mut self.counting);
        staged.comes.reserve(drafts.len());
        for draft in drafts {
            prepared.fates.push(self.ingest(replica, (&mut staged, &mut here), &mut counting, draft));
        }
        for step in prepare.steps {
            let fate = match step {
                Step::Ingest(_, body) => self.ingest(replica, (&mut staged, &mut here), &mut counting, body.into()),
                Step::Update(body) => self.update(replica, &mut staged, &mut counting, body.into())?,
                Step::Delete(id) => match self.leave(replica, id, &mut counting)? {
                    Some(departed) => {
                        staged.leaves.push(id);
                        Fate::Deleted(departed)
                    }
                    None => Fate::Unchanged,
                },
                Step::Reinforce(id, path, times) => match replica.document(id) {
                    Some(_) => {
                        let waiting = replica.home_of(id).reinforcing().get(&id.0);
                        let is_known = waiting.is_some_and(|waiting| waiting.contains_key(&path));
                        let more = if is_known { 0 } else { path.size() };
                        staged.reinforces.push((id, path, times));
                        Fate::Reinforced(more)
                    }
                    None => Fate::Unchanged,
                },
            };
            prepared.fates.push(fate);
        }
        let looks = (0..).zip(&prepare.looks);
        prepared.looked = looks.filter_map(|(at, id)| Some((at, replica.body(*id)?.whole()))).collect();
        let commons = replica.commons();
        prepared.words = commons.lexicon().words_from(commons.words().0);
        let mut tally = counting.take();
        self.counting = counting;
        let words = commons.lexicon().reading();
        // Each form is counted at one home.
        prepared.tally = tally.split_off(|form| self.node_of_form(commons, &words, form) == self.number);
        drop(words);
        staged.tally = tally;
        self.staged = Some(staged);
        Ok(Some(prepared))
    }

    // Returns the node that counts a form: the home of its term, which may be new.
    fn node_of_form(&self, commons: &Commons, words: &Reading<'_>, form: u32) -> usize {
        let term = words.term_of_form(form);
        let is_known = (term as usize) < commons.terms();
        let shard = if is_known { commons.home(term).shard } else { commons.ring().shard_of(words.node(term).0) };
        self.layout.node_of(commons.seat(shard))
    }

    // Judges a document that is to be added, and takes it if it is new.
    fn ingest(
        &mut self,
        replica: &Replica,
        (staged, here): (&mut Staged, &mut Map<u128, usize>),
        tally: &mut Tally,
        draft: Draft,
    ) -> Fate {
        let id = draft.id;
        let of_this_change = here.get(&id.0).map(|at| Known::from(&*staged.comes[*at].body));
        match of_this_change.or_else(|| replica.body(id)) {
            Some(known) if known.says_the_same(&draft.body) => Fate::Unchanged,
            Some(_) => Fate::Taken,
            None => {
                let fate = self.take(staged, tally, draft);
                if matches!(fate, Fate::New { .. }) {
                    here.insert(id.0, staged.comes.len() - 1);
                }
                fate
            }
        }
    }

    // Analyses a document that is taken.
    fn take(&mut self, staged: &mut Staged, tally: &mut Tally, draft: Draft) -> Fate {
        let Draft { id, body, analysis } = draft;
        let analysis = analysis.unwrap_or_else(|| Box::new(self.session.analyse(&body.title, &body.text)));
        let Ok(document) = Analysed::of(id, body, 0, analysis) else { return Fate::TooManyWords };
        let too_long = document.analysis.too_long;
        tally.count(&document.analysis);
        staged.comes.push(document);
        Fate::New { too_long }
    }

    fn update(&mut self, replica: &Replica, staged: &mut Staged, tally: &mut Tally, draft: Draft) -> Result<Fate> {
        let id = draft.id;
        let Some(known) = replica.body(id) else { return Ok(self.take(staged, tally, draft)) };
        if known.says_the_same(&draft.body) {
            return Ok(Fate::Unchanged);
        }
        if known.differs_in_lifetime_at_most(&draft.body) {
            staged.renews.push((id, draft.body.expires));
            return Ok(Fate::Renewed(known.expires));
        }
        let fate = self.take(staged, tally, draft);
        if fate == Fate::TooManyWords {
            return Ok(fate);
        }
        staged.leaves.push(id);
        Ok(Fate::Changed(self.leave(replica, id, tally)?.expect("it stands")))
    }

    // Counts what a document takes with it, if it stands. Its word forms are not stored: its text is analysed again.
    fn leave(&mut self, replica: &Replica, id: DocumentId, tally: &mut Tally) -> Result<Option<Departed>> {
        let Some(document) = replica.document(id) else { return Ok(None) };
        let forms = self.session.analyse(&document.body.title, &document.body.text).into_forms();
        replica.check_text(document, &forms)?;
        tally.uncount(&document.terms, document.sequence.len(), &forms);
        let waiting = replica.home_of(id).reinforcing().get(&id.0);
        Ok(Some(Departed {
            digested: Digestion::of(document.arrival, document.digested, &document.concepts),
            reinforced: waiting.map_or(0, crate::reinforcement::size_of_waiting),
            expires: document.body.expires,
        }))
    }

    fn apply(&mut self, replica: &mut Replica, apply: Apply) -> Result<()> {
        self.check_sequence(apply.sequence)?;
        if self.making.is_some() {
            return Err(refused(format!("node {} cannot apply a change while it makes a tick", self.number)));
        }
        let commons = replica.commons();
        let Announced { before, own, after } = apply.words;
        // What was read ahead keeps its words.
        let adopted = commons.lexicon().adopt(commons.words(), (before, own as usize, after), true);
        let missing = || refused(format!("{own} words of node {} are announced, and it has met fewer", self.number));
        let adopted = adopted.ok_or_else(missing)?;
        let mut staged = self.staged.take().filter(|staged| staged.sequence == apply.sequence).unwrap_or_default();
        replica.commons_mut().learn_up_to(adopted.known());
        self.session.renumber(&adopted);
        self.ahead.renumber(&adopted);
        let known = |index: Option<u32>| index.expect("a word that is counted is announced");
        let mut tally = apply.tally;
        tally.merge(&staged.tally, |term| known(adopted.term(term)), |form| known(adopted.form(form)));
        tally.close();
        replica.check_tally(&tally)?;
        replica.commons_mut().tally(&tally);
        staged.comes.iter_mut().for_each(|document| document.analysis.renumber(&adopted));
        for id in staged.leaves {
            self.remove(replica, id);
        }
        let arrival = replica.tick() as u32 + 1;
        // What is entered in order meets its neighbours in the cache.
        let mut waiting: Vec<GrantKey> = staged.comes.iter().map(|document| (arrival, document.id.0)).collect();
        waiting.sort_unstable();
        self.waiting.extend(waiting);
        for (id, expires) in staged.renews {
            replica.renew_here(id, expires);
        }
        replica.place(staged.comes, |work| work.into_iter().map(Placement::place).collect());
        for (id, path, times) in staged.reinforces {
            replica.reinforce_here(id, path, times);
        }
        self.sequence = apply.sequence;
        Ok(())
    }

    // Returns the first `most` of its waiting documents behind one, as the field ranks them.
    fn rank(&self, replica: &Replica, wishes: &Wishes, most: u32, behind: Option<Wanted>) -> Vec<Wanted> {
        let terms = |key: &GrantKey| &replica.document(DocumentId(key.1)).expect("what waits stands here").terms;
        let mut ranked = wishes.rank(replica.commons(), self.waiting.iter().map(|key| (*key, terms(key))));
        let from = behind.map_or(0, |behind| ranked.partition_point(|one| *one <= behind));
        ranked.drain(..from);
        ranked.truncate(most as usize);
        ranked
    }

    // Makes Sense and Act of its seats.
    fn act(
        &mut self,
        replica: &Replica,
        (attempt, granted): (u64, Granted),
        mut plan: Plan,
        cancel: &Cancel,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        if attempt <= self.attempt || plan.tick != replica.tick() + 1 {
            let (now, number) = (replica.tick(), self.number);
            let reason = format!("attempt {attempt} at tick {} came to node {number} at tick {now}", plan.tick);
            return Err(refused(format!("{reason} after attempt {}", self.attempt)));
        }
        self.making = None;
        let commons = replica.commons();
        plan.grants = vec![Vec::new(); commons.seat_count()];
        let granted: Vec<GrantKey> = match granted {
            Granted::UpTo(last) => self.waiting.range(..=last).copied().collect(),
            Granted::These(granted) => granted,
        };
        if let Some((_, stray)) = granted.iter().find(|key| !self.waiting.contains(key)) {
            return Err(refused(format!("document {} does not wait on node {}", DocumentId(*stray), self.number)));
        }
        for &(_, id) in &granted {
            plan.grants[commons.seat(commons.ring().shard_of(id))].push(DocumentId(id));
        }
        let mut seats = Vec::with_capacity(replica.own().len());
        let mut by_node: Vec<Vec<Batch>> = vec![Vec::new(); self.layout.nodes()];
        let mut leaving = Vec::new();
        for &at in replica.own() {
            let (mut seat, shard) = (Seat::new(), &replica.shards()[at]);
            for phase in [Phase::Sense, Phase::Act] {
                seat.step(phase, shard, &plan, replica.commons(), cancel)?;
            }
            for batch in seat.take_outbox() {
                by_node[self.layout.node_of(replica.commons().seat(batch.to))].push(batch);
            }
            leaving.extend(plan.leaving_of(at));
            seats.push(seat);
        }
        let here = std::mem::take(&mut by_node[self.number]);
        let parcel =
            |batches: Vec<Batch>| (!batches.is_empty()).then(|| pack(plan.tick, attempt, self.number, &batches));
        let parcels = by_node.into_iter().map(parcel).collect();
        self.attempt = attempt;
        self.making = Some(Making { plan, seats, here, leaving, granted });
        Ok(parcels)
    }

    // Makes Decay of its seats.
    fn decay(
        &mut self,
        replica: &Replica,
        (attempt, from): (u64, &[u32]),
        parcels: &[Vec<u8>],
        with_edges: bool,
        cancel: &Cancel,
    ) -> Result<Ack> {
        let number = self.number;
        let is_due = |making: &Making| making.seats.iter().all(|seat| seat.next() == Phase::Decay);
        let Some(making) = self.making.as_mut().filter(|making| self.attempt == attempt && is_due(making)) else {
            return Err(refused(format!("node {number} has not just made Act of attempt {attempt}")));
        };
        let commons = replica.commons();
        let mut inboxes: Vec<Vec<Batch>> = vec![Vec::new(); replica.own().len()];
        let seat_of = |batch: &Batch| {
            let seat = commons.seat(batch.to);
            replica.own().binary_search(&seat).expect("it was unpacked for a seat of this node")
        };
        let is_here =
            |shard| commons.ring().contains(shard) && replica.own().binary_search(&commons.seat(shard)).is_ok();
        for batch in &making.here {
            inboxes[seat_of(batch)].push(batch.clone());
        }
        let mut senders = Vec::with_capacity(parcels.len());
        for parcel in parcels {
            let (sender, batches) = unpack(parcel, making.plan.tick, attempt, commons.terms() as u32, is_here)?;
            senders.push(sender);
            for batch in batches {
                inboxes[seat_of(&batch)].push(batch);
            }
        }
        senders.sort_unstable();
        if senders != from {
            let reason = format!("parcels of nodes {senders:?} came to node {number}, and {from:?} sent some");
            return Err(refused(reason));
        }
        let mut ack = Ack::default();
        for ((seat, inbox), &at) in making.seats.iter_mut().zip(inboxes).zip(replica.own()) {
            let shard: &Shard = &replica.shards()[at];
            seat.receive(inbox);
            seat.step(Phase::Decay, shard, &making.plan, commons, cancel)?;
            if with_edges {
                ack.cross_edges.push(seat.cross_edges(commons).collect());
            }
            let delta = seat.delta().expect("Decay stages a delta");
            ack.seats.push(SeatCounts {
                before: (shard.node_count(), shard.edge_count()),
                after: (delta.node_count, delta.edge_count),
            });
            for (id, forms) in &delta.leaving {
                let document = shard.documents().get(*id).expect("a document that leaves stands at its home");
                replica.check_text(document, forms)?;
                let place = shard.documents().place(*id);
                let lysed = delta.lysed.iter().find(|(at, _)| Some(*at) == place);
                let digested = lysed
                    .map_or(Digestion::of(document.arrival, document.digested, &document.concepts), |(_, concepts)| {
                        Digestion::of(document.arrival, Some(making.plan.stamp()), concepts)
                    });
                // The tick has given all reinforcements to the graph.
                let departed = Departed { digested, reinforced: 0, expires: document.body.expires };
                ack.leaving.push((*id, departed));
                ack.tally.uncount(&document.terms, document.sequence.len(), forms);
            }
        }
        ack.tally.close();
        ack.staged = making.seats.iter().filter_map(Seat::delta).map(|delta| delta.staged()).sum();
        Ok(ack)
    }

    fn commit(&mut self, replica: &mut Replica, attempt: u64, tally: &Tally) -> Result<()> {
        let is_ready = |making: &Making| making.seats.iter().all(|seat| seat.next() == Phase::Advance);
        let Some(making) = self.making.take_if(|making| self.attempt == attempt && is_ready(making)) else {
            return Err(refused(format!("node {} has nothing to commit of attempt {attempt}", self.number)));
        };
        replica.check_tally(tally)?;
        let own = replica.own().to_vec();
        let deltas = own.into_iter().zip(making.seats.into_iter().map(Seat::into_delta));
        replica.advance(deltas);
        let commons = replica.commons_mut();
        commons.restore_tick(making.plan.tick);
        commons.tally(tally);
        // As if they were deleted now: the next tick unwires them.
        for key in &making.granted {
            self.waiting.remove(key);
        }
        for id in making.leaving {
            self.remove(replica, id);
        }
        Ok(())
    }

    fn remove(&mut self, replica: &mut Replica, id: DocumentId) {
        let (document, _) = replica.remove_here(id);
        if document.digested.is_none() {
            self.waiting.remove(&(document.arrival, id.0));
        }
    }

    // Drops words that were met and not announced.
    fn forget_words(&mut self, replica: &Replica) {
        self.staged = None;
        self.ahead.unread();
        let commons = replica.commons();
        if commons.lexicon().form_count() > commons.words().0 {
            self.session.renumber(&commons.lexicon().forget_from(commons.words()));
        }
    }

    fn check_sequence(&self, sequence: u64) -> Result<()> {
        if sequence == self.sequence + 1 {
            return Ok(());
        }
        let (number, last) = (self.number, self.sequence);
        Err(refused(format!("change {sequence} came to node {number} after change {last}")))
    }
}

// The concepts and synapses of each seat.
fn counts(replica: &Replica) -> Vec<(u64, u64)> {
    let shards = replica.own().iter().map(|&seat| &replica.shards()[seat]);
    shards.map(|shard| (shard.node_count(), shard.edge_count())).collect()
}

// How large each seat is.
fn sizes(replica: &Replica) -> Vec<SeatSize> {
    let shards = replica.own().iter().map(|&seat| &replica.shards()[seat]);
    shards.map(|shard| SeatSize { documents: shard.documents().len() as u64, bytes: shard.bytes() }).collect()
}

fn refused(reason: String) -> Error {
    Error::BarrierFailed { reason }
}
