//! A node in its own process: obeys one driver, and answers questions meanwhile.

use super::wire::{Letter, Reply, Response, Told, What, pack_parcel, unpack_parcel};
use crate::lock::lock;
use crate::store::packed;
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, now};
use crate::work::job::message;
use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Parsed, Piece, Pieces, Section, Share, WordsInUse};
use phago_core::cluster::message::{Done, Handshake, Order};
use phago_core::cluster::{Ask, Node, home};
use phago_core::documents::Body;
use phago_core::dump;
use phago_core::query::Buffers;
use phago_core::replica::Replica;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

// The most buffers kept for later questions.
const BUFFERS_MAX: usize = 8;
// How long documents are read ahead before orders go first. Orders that went first at once made reading slower: every
// change gives words new numbers, in what is read already too.
const READING: Duration = Duration::from_millis(100);
// The most checkpoints whose columns are kept: one in the background, and one that somebody asked for.
const KEPT_MAX: usize = 2;

/// A node of a cluster. Any number of threads may hand it messages: those that change it are obeyed one after another,
/// and questions are answered beside them.
pub struct Server {
    // Held by whoever waits for the orders, so that they are had in turn.
    turn: Mutex<()>,
    reading: Duration,
    // Locked before the part.
    orders: Mutex<Orders>,
    part: RwLock<Option<Held>>,
    running: Mutex<Running>,
    buffers: Mutex<Vec<Buffers>>,
    kept: Mutex<VecDeque<Kept>>,
}

// Columns of a checkpoint under its number: those of each seat in each section, until they are taken.
struct Kept(u64, Vec<(Section, usize, Piece)>);

#[derive(Default)]
struct Orders {
    epoch: u64,
    node: Option<Node>,
    handshake: Option<Handshake>,
    sections: Vec<(u32, Vec<u8>)>,
}

// The phase that runs, or ran last, and what was given up: each an epoch and an attempt.
#[derive(Default)]
struct Running {
    phase: (u64, u64),
    given_up: (u64, u64),
    cancel: Cancel,
}

struct Held {
    node: u32,
    epoch: u64,
    sequence: u64,
    replica: Replica,
}

/// What a node replies: bytes, and bytes for other nodes, by node.
pub type Handled = (Vec<u8>, Vec<Option<Vec<u8>>>);

impl Default for Server {
    fn default() -> Self {
        Server {
            turn: Mutex::default(),
            reading: READING,
            orders: Mutex::default(),
            part: RwLock::new(None),
            running: Mutex::default(),
            buffers: Mutex::default(),
            kept: Mutex::default(),
        }
    }
}

impl Server {
    /// Returns a node that knows nothing yet.
    pub fn new() -> Server {
        Server::default()
    }

    /// Obeys a message. `parcels` is what other nodes sent with it. A message that does not fit is refused in the
    /// reply.
    pub fn handle(&self, bytes: &[u8], parcels: &[Vec<u8>]) -> Handled {
        let mut number = None;
        let handled = catch_unwind(AssertUnwindSafe(|| {
            let letter = Letter::decode(bytes)?;
            number = Some(letter.number);
            self.obey(letter, parcels)
        }));
        let (reply, parcels) = match handled {
            Ok(Ok(handled)) => handled,
            Ok(Err(error)) => (Reply::Done(Done::Refused(error.to_string())), Vec::new()),
            Err(panic) => (Reply::Broken(message(panic)), Vec::new()),
        };
        (Response { number, reply }.encode(), parcels)
    }

    fn obey(&self, letter: Letter, parcels: &[Vec<u8>]) -> Result<(Reply, Vec<Option<Vec<u8>>>)> {
        let Letter { epoch, told, node: addressed, .. } = letter;
        let done = |done| Ok((Reply::Done(done), Vec::new()));
        match told {
            Told::Ask { tick, sequence, what } => {
                Ok((self.answer((epoch, addressed), (tick, sequence), &what)?, Vec::new()))
            }
            Told::Join(handshake) => {
                check_addressed(addressed, handshake.node)?;
                self.give_up(epoch, 0);
                let mut orders = self.orders();
                if epoch <= orders.epoch {
                    return Err(refused(format!("epoch {epoch} came after {}", orders.epoch)));
                }
                let (node, replica) = Node::join(&handshake)?;
                *orders = Orders { epoch, node: Some(node), handshake: Some(handshake), sections: Vec::new() };
                let held = Held { node: addressed, epoch, sequence: 0, replica };
                *self.part.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
                self.part.clear_poison();
                lock(&self.kept).clear();
                done(Done::Done)
            }
            Told::Section(number, bytes) => {
                let mut orders = self.orders_of(epoch, addressed)?;
                orders.sections.push((number, bytes));
                done(Done::Done)
            }
            Told::Build => {
                let mut orders = self.orders_of(epoch, addressed)?;
                let sections = std::mem::take(&mut orders.sections);
                let handshake = orders.handshake.clone().ok_or_else(|| refused("it has not joined".into()))?;
                let replica = build(&handshake, sections)?;
                orders.node = Some(Node::over(&replica, handshake.layout.clone(), handshake.node as usize));
                let held = Held { node: addressed, epoch, sequence: 0, replica };
                *self.part.write().map_err(|_| broken())? = Some(held);
                done(Done::Done)
            }
            Told::Order(Order::Read(number, documents)) => {
                self.read_ahead((epoch, addressed), number, documents)?;
                done(Done::Done)
            }
            Told::Order(order) => {
                if let Order::Abort(attempt) = order {
                    self.give_up(epoch, attempt);
                }
                let mut orders = self.orders_of(epoch, addressed)?;
                let node = orders.node.as_mut().ok_or_else(|| refused("it has not joined".into()))?;
                if let Order::Apply(_) | Order::Commit { .. } | Order::Pass(_) = order {
                    let mut part = self.part.write().map_err(|_| broken())?;
                    let part = part.as_mut().expect("a node that has joined has a part");
                    let answer = node.change(&mut part.replica, order)?;
                    part.sequence = node.sequence();
                    return done(answer);
                }
                let cancel = match order {
                    Order::Act { attempt, .. } | Order::Decay { attempt, .. } => self.begin(epoch, attempt),
                    _ => Cancel::new(),
                };
                let part = self.part.read().map_err(|_| broken())?;
                let part = part.as_ref().expect("a node that has joined has a part");
                let parcels = parcels.iter().map(|parcel| unpack_parcel(parcel)).collect::<Result<Vec<_>>>()?;
                let (answer, parcels) = node.obey(&part.replica, order, &parcels, &cancel)?;
                let parcels = parcels.into_iter().map(|parcel| parcel.map(pack_parcel));
                Ok((Reply::Done(answer), parcels.collect()))
            }
        }
    }

    // Answers a question to a node of an epoch, at a tick and after a change.
    fn answer(&self, (epoch, node): (u64, u32), asked: (u64, u64), what: &What) -> Result<Reply> {
        let part = self.part.read().map_err(|_| broken())?;
        let Some(part) = part.as_ref().filter(|part| part.epoch == epoch) else {
            return Err(refused(format!("there is no epoch {epoch} here")));
        };
        check_addressed(node, part.node)?;
        if let What::Piece { number, section, seat } = what {
            return Ok(Reply::Piece(self.piece(*number, *section, *seat)?.packed(packed)?));
        }
        let here = (part.replica.tick(), part.sequence);
        if asked != here {
            return Err(refused(format!("asked at (tick, change) {asked:?}, and here is {here:?}")));
        }
        let bytes = match what {
            What::Round(bytes) => bytes,
            What::Words => return Ok(Reply::Words(WordsInUse::of(&part.replica))),
            What::Keep { number, gone } => {
                self.keep(*number, &Pieces::new(&part.replica, gone)?, part.replica.own())?;
                return Ok(Reply::Kept);
            }
            What::Piece { .. } => unreachable!("it is no question about the state"),
            What::Digest(scope) => return Ok(Reply::Digest(dump::Part::of(&part.replica, *scope, &Cancel::new())?)),
        };
        let mut buffers = lock(&self.buffers).pop().unwrap_or_default();
        let (view, own) = (part.replica.view(), part.replica.own());
        let answer = Ask::decode(bytes).and_then(|ask| home::answer(view, own, &ask, &mut buffers)?.encode());
        let mut idle = lock(&self.buffers);
        if idle.len() < BUFFERS_MAX {
            idle.push(buffers);
        }
        answer.map(Reply::Round)
    }

    // Makes the columns of seats as they are now, and keeps them.
    fn keep(&self, number: u64, pieces: &Pieces<'_>, seats: &[usize]) -> Result<()> {
        let all = Section::OF_SEATS.into_iter().flat_map(|section| seats.iter().map(move |&seat| (section, seat)));
        let all = all.map(|(section, seat)| Ok((section, seat, pieces.of(section, seat)?))).collect::<Result<_>>()?;
        let mut kept = lock(&self.kept);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Kept(number, all));
        Ok(())
    }

    fn piece(&self, number: u64, section: Section, seat: usize) -> Result<Piece> {
        let mut kept = lock(&self.kept);
        let found = kept.iter().position(|kept| kept.0 == number).and_then(|at| {
            let pieces = &mut kept[at].1;
            let place = pieces.iter().position(|piece| (piece.0, piece.1) == (section, seat))?;
            let piece = pieces.swap_remove(place).2;
            if pieces.is_empty() {
                kept.remove(at);
            }
            Some(piece)
        });
        found.ok_or_else(|| refused(format!("{section:?} of seat {seat} is not kept under {number}")))
    }

    // Reads documents ahead. Orders are obeyed in between: nobody waits for what is only a hint.
    fn read_ahead(&self, (epoch, addressed): (u64, u32), number: u64, documents: Vec<Arc<Body>>) -> Result<()> {
        let gone = || refused("it has not joined".into());
        let begin = |node: &mut Node| node.begin_reading(number, documents.len());
        if !self.orders_of(epoch, addressed)?.node.as_mut().map(begin).ok_or_else(gone)? {
            return Ok(());
        }
        let mut documents = documents.into_iter();
        while documents.len() > 0 {
            let mut orders = self.orders_of(epoch, addressed)?;
            let node = orders.node.as_mut().ok_or_else(gone)?;
            let part = self.part.read().map_err(|_| broken())?;
            let part = part.as_ref().expect("a node that has joined has a part");
            let end = now() + self.reading;
            for body in documents.by_ref() {
                if !node.read_on(&part.replica, number, body) {
                    return Ok(());
                }
                if now() >= end {
                    break;
                }
            }
        }
        Ok(())
    }

    // Returns the orders once whoever asked before has had them. A lock alone may be taken again by who has just left it.
    fn orders(&self) -> MutexGuard<'_, Orders> {
        let _turn = lock(&self.turn);
        lock(&self.orders)
    }

    fn orders_of(&self, epoch: u64, node: u32) -> Result<MutexGuard<'_, Orders>> {
        let orders = self.orders();
        if orders.epoch != epoch {
            return Err(refused(format!("epoch {epoch} came to a node of epoch {}", orders.epoch)));
        }
        // Before it has joined, a node is none of any number, and its epoch is none.
        let number = orders.handshake.as_ref().map(|handshake| handshake.node);
        number.map_or(Ok(()), |number| check_addressed(node, number))?;
        Ok(orders)
    }

    // Returns the flag that ends a phase of an attempt. It may be given up already: who does so need not wait.
    fn begin(&self, epoch: u64, attempt: u64) -> Cancel {
        let mut running = lock(&self.running);
        (running.phase, running.cancel) = ((epoch, attempt), Cancel::new());
        running.end_if_given_up();
        running.cancel.clone()
    }

    // Ends the phase that runs, unless it is of a later attempt: what comes late, or twice, ends nothing else.
    fn give_up(&self, epoch: u64, attempt: u64) {
        let mut running = lock(&self.running);
        running.given_up = running.given_up.max((epoch, attempt));
        running.end_if_given_up();
    }
}

impl Running {
    fn end_if_given_up(&self) {
        if self.phase <= self.given_up {
            self.cancel.cancel();
        }
    }
}

fn build(handshake: &Handshake, sections: Vec<(u32, Vec<u8>)>) -> Result<Replica> {
    let ring = Ring::new(handshake.ring.num_shards, handshake.ring.virtual_nodes_per_shard);
    let own: Vec<usize> = handshake.layout.seats_of(handshake.node as usize).collect();
    let mut sections = sections;
    checkpoint::build(handshake.config.clone(), ring, Share::Node(&own), |section: Section| {
        let at = sections.iter().position(|(number, _)| *number == section.number());
        let at = at.ok_or_else(|| refused(format!("section {} was not sent", section.number())))?;
        Parsed::new(section, sections.swap_remove(at).1)
    })
}

fn check_addressed(addressed: u32, node: u32) -> Result<()> {
    if addressed == node {
        return Ok(());
    }
    Err(refused(format!("a message to node {addressed} came to node {node}")))
}

fn refused(reason: String) -> Error {
    Error::BarrierFailed { reason }
}

fn broken() -> Error {
    refused("a change of this node broke off half-way".into())
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phago_core::cluster::Layout;
    use phago_core::cluster::message::Prepare;
    use phago_core::colony::Colony;
    use phago_core::config::{ColonyConfig, DistributedConfig};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::thread;

    #[test]
    fn orders_do_not_wait_for_what_is_read_ahead() {
        let server = Server { reading: Duration::ZERO, ..Server::new() };
        let numbers = AtomicU64::new(0);
        let tell = |told| {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let (answer, _) = server.handle(&Letter { epoch: 1, told, node: 0, number }.encode(), &[]);
            Response::decode(&answer).unwrap().reply
        };
        let ring = DistributedConfig { num_shards: 1, ..DistributedConfig::default() };
        let handshake = Handshake::new(ColonyConfig::default(), ring, Layout::new(1, 1), 0);
        assert!(matches!(tell(Told::Join(handshake)), Reply::Done(Done::Done)));
        let text: String = (0..2_000).map(|word| format!("word{word} ")).collect();
        let body = |key: u32| Body { key: Some(key.to_string().into()), text: text.clone().into(), ..Body::default() };
        let documents: Vec<Arc<Body>> = (0..400).map(|key| Arc::new(body(key))).collect();
        let prepare = || Told::Order(Order::Prepare(Prepare { sequence: 1, read: Some(1), ..Prepare::default() }));
        let is_read = AtomicBool::new(false);
        let obeyed = thread::scope(|scope| {
            scope.spawn(|| {
                let read = || Told::Order(Order::Read(1, documents.clone()));
                assert!(matches!(tell(read()), Reply::Done(Done::Done)));
                is_read.store(true, Ordering::Release);
                // What comes twice is of no use.
                assert!(matches!(tell(read()), Reply::Done(Done::Done)));
            });
            let has_begun = || {
                let part = server.part.read().unwrap();
                part.as_ref().unwrap().replica.commons().lexicon().form_count() > 0
            };
            while !has_begun() {
                thread::yield_now();
            }
            let mut obeyed = 0;
            while !is_read.load(Ordering::Acquire) {
                // Half of it is nothing that could be prepared.
                match tell(prepare()) {
                    Reply::Done(Done::Unread) => obeyed += 1,
                    Reply::Done(Done::Prepared(_)) => break,
                    other => panic!("{other:?}"),
                }
            }
            obeyed
        });
        assert!(obeyed > 10, "{obeyed}");
        // It was prepared in that moment, or is now.
        match tell(prepare()) {
            Reply::Done(Done::Prepared(prepared)) => assert_eq!(prepared.fates.len(), 400),
            Reply::Done(Done::Unread) => {}
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_are_those_of_the_checkpoint_whose_number_is_named() {
        let mut colony = Colony::new(ColonyConfig::default(), Ring::new(2, 50)).unwrap();
        let (server, seats) = (Server::new(), [0, 1]);
        let mut whole = Vec::new();
        for (number, text) in (7..).zip(["ions cross the membrane", "spores of a mould", "a router and its kernel"]) {
            colony.ingest(None, "", text).unwrap();
            let pieces = Pieces::new(colony.state(), &[]).unwrap();
            server.keep(number, &pieces, &seats).unwrap();
            let of_seat = |section: &Section| seats.map(|seat| pieces.of(*section, seat).unwrap());
            whole.push(Section::OF_SEATS.iter().map(of_seat).collect::<Vec<_>>());
        }
        assert!(whole[0] != whole[1] && whole[1] != whole[2]);
        // The third one has put the first one out. The others are taken by turns.
        let is_refused = |number| server.piece(number, Section::OF_SEATS[0], 0).is_err();
        assert!(is_refused(7) && is_refused(10));
        for (at, section) in Section::OF_SEATS.into_iter().enumerate() {
            for seat in seats {
                for number in [9, 8] {
                    let piece = server.piece(number, section, seat).unwrap();
                    assert!(piece == whole[number as usize - 7][at][seat], "{section:?} of seat {seat}, {number}");
                    assert!(server.piece(number, section, seat).is_err(), "it is taken once");
                }
            }
        }
        assert!(lock(&server.kept).is_empty());
    }
}
