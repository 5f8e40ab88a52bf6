//! Asks and replies whose bytes are not as they were sent: they are refused or answered, and nothing panics.

mod common;
mod parted;

use common::Chance;
use parted::{Parted, grown, words};
use phago_core::Result;
use phago_core::cluster::ask::Stamp;
use phago_core::cluster::{Ask, Far, Nodes, Reply, home};
use phago_core::metadata::Filter;
use phago_core::query::{Buffers, Ranking};
use phago_core::read::{Asking, Whole, documents, graph};
use phago_core::replica::Replica;
use phago_core::text::Session;
use std::cell::{Cell, RefCell};

// Changes, drops or repeats a few bytes.
fn mangle(chance: &mut Chance, bytes: &mut Vec<u8>) {
    for _ in 0..1 + chance.below(3) {
        let place = chance.below(bytes.len() as u64) as usize;
        match chance.below(8) {
            0 => drop(bytes.remove(place)),
            1 => bytes.insert(place, bytes[place]),
            2 => bytes[place] = 0xff,
            3 => bytes[place] = 0,
            4 => bytes[place] ^= 1 << chance.below(8),
            _ => bytes[place] = bytes[place].wrapping_add(chance.below(256) as u8),
        }
        if bytes.is_empty() {
            bytes.push(1);
        }
    }
}

// Hands asks on and remembers them; mangles one reply in so many.
struct Between<'a> {
    nodes: &'a Parted,
    asks: RefCell<Vec<(usize, Ask)>>,
    chance: RefCell<Chance>,
    one_in: u64,
    mangled: Cell<usize>,
}

impl Nodes for Between<'_> {
    fn node_of(&self, seat: usize) -> usize {
        self.nodes.node_of(seat)
    }

    fn count(&self) -> usize {
        self.nodes.count()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        self.asks.borrow_mut().extend(requests.iter().cloned());
        let mangled = |reply: Reply| {
            let chance = &mut *self.chance.borrow_mut();
            if chance.below(self.one_in) > 0 {
                return Ok(reply);
            }
            self.mangled.set(self.mangled.get() + 1);
            let mut bytes = reply.encode()?;
            mangle(chance, &mut bytes);
            Reply::decode(&bytes)
        };
        self.nodes.ask(requests)?.into_iter().map(mangled).collect()
    }
}

// Asks for everything once. Returns how often there was an error.
fn everything(driver: &Replica, nodes: &Between<'_>, chance: &mut Chance) -> usize {
    let mut session = Session::new(driver.commons().lexicon().clone());
    let bounded = Ranking {
        exhaustive_max: 0,
        lexical_candidates: 20,
        concept_candidates: 10,
        hop_share: 0.3,
        ..Ranking::default()
    };
    let (text, filter) = (words(chance, 6), Filter::default());
    let session = &mut session;
    let mut far = Far::new(driver.commons(), nodes);
    let terms: Vec<u32> = (0..driver.commons().terms() as u32).step_by(7).collect();
    let asked = session.query(&text);
    let mut failed = 0;
    for ranking in [&bounded, &Ranking::default()] {
        let homes = &mut far;
        failed += usize::from(Asking { homes, text: &text, ranking, session }.answer(60, &filter, true).is_err());
        let homes = &mut far;
        failed += usize::from(Asking { homes, text: &text, ranking, session }.explain("doc-7").is_err());
    }
    failed += usize::from(documents::search(&mut far, &asked, 10, &filter).is_err());
    failed += usize::from(graph::near(&mut far, &asked, 10).is_err());
    failed += usize::from(Whole::names(&far, None, &filter).is_err());
    failed += usize::from(Whole::stored(&far, &["doc-1".into(), "doc-2".into()]).is_err());
    failed += usize::from(Whole::counts(&far).is_err());
    failed += usize::from(Whole::shards(&far).is_err());
    failed += usize::from(Whole::nodes(&far).is_err());
    failed += usize::from(Whole::edges(&far).is_err());
    failed += usize::from(Whole::neighbors(&far, &terms).is_err());
    failed += usize::from(Whole::ghosts(&far, &terms).is_err());
    failed
}

#[test]
fn a_mangled_ask_is_refused_or_answered() {
    let colony = grown(4);
    let whole = colony.state();
    let (driver, nodes) = (whole.part(&[]), Parted::new(whole, 2));
    let (asks, mangled) = (RefCell::default(), Cell::new(0));
    let between = Between { nodes: &nodes, asks, chance: RefCell::new(Chance(0)), one_in: u64::MAX, mangled };
    let mut chance = Chance(3);
    assert_eq!(everything(&driver, &between, &mut chance), 0);
    let asks = between.asks.take();
    assert!(asks.len() > 30, "{}", asks.len());
    let stamp = Stamp::of(whole.commons());
    let (mut answered, mut refused) = (0, 0);
    let mut buffers = Buffers::default();
    for round in 0..400 {
        let (node, ask) = &asks[round % asks.len()];
        for _ in 0..20 {
            let mut bytes = ask.encode().unwrap();
            mangle(&mut chance, &mut bytes);
            let Ok(mut ask) = Ask::decode(&bytes) else { continue };
            ask.stamp = stamp;
            let part = &nodes.parts[*node];
            match home::answer(part.view(), part.own(), &ask, &mut buffers) {
                Ok(_) => answered += 1,
                Err(_) => refused += 1,
            }
        }
        // What was refused half-way leaves nothing behind in the buffers.
        let part = &nodes.parts[*node];
        let again = home::answer(part.view(), part.own(), ask, &mut buffers).unwrap();
        assert_eq!(again, home::answer(part.view(), part.own(), ask, &mut Buffers::default()).unwrap());
    }
    println!("{answered} mangled asks answered, {refused} refused");
    assert!(answered > 500 && refused > 100, "{answered}, {refused}");
}

#[test]
fn a_mangled_reply_is_refused_or_taken() {
    let colony = grown(4);
    let whole = colony.state();
    let (driver, nodes) = (whole.part(&[]), Parted::new(whole, 2));
    let (asks, mangled) = (RefCell::default(), Cell::new(0));
    let between = Between { nodes: &nodes, asks, chance: RefCell::new(Chance(8)), one_in: 6, mangled };
    let mut chance = Chance(4);
    let failed: usize = (0..150).map(|_| everything(&driver, &between, &mut chance)).sum();
    println!("{} mangled replies, {failed} refused", between.mangled.get());
    assert!(between.mangled.get() > 500 && failed > 100, "{} {failed}", between.mangled.get());
}
