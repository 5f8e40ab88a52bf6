//! A colony over several nodes in one process: each has the shards of its own seats alone, and hears and says bytes.
#![allow(dead_code, unreachable_pub)]

use crate::common::{Chance, colony};
use phago_core::Result;
use phago_core::cluster::{Ask, Nodes, Reply, home};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, ThreadPlace, Vector};
use phago_core::ids::DocumentId;
use phago_core::input::Input;
use phago_core::metadata::{Metadata, Value, Values};
use phago_core::query::Buffers;
use phago_core::replica::Replica;
use std::cell::{Cell, RefCell};

pub const VOCABULARY: u64 = 300;
pub const DOCUMENTS: u64 = 260;
pub const DAY: i64 = 86_400_000_000;

pub fn words(chance: &mut Chance, count: u64) -> String {
    let word = |chance: &mut Chance| match chance.below(6) {
        0 => ["the", "of", "is", "and", "what", "in"][chance.below(6) as usize].to_owned(),
        _ => chance.word(VOCABULARY),
    };
    (0..count).map(|_| word(chance)).collect::<Vec<_>>().join(" ")
}

pub fn vector(chance: &mut Chance) -> Vector {
    let values: Vec<f64> = (0..20).map(|_| chance.below(2001) as f64 - 1000.0).collect();
    Vector::new(&values).unwrap()
}

// Documents with titles that others mention, some of several passages, some without a name, filed under numbers and
// colours, some with vectors and some with times; ticks between them, deletes, and what was found reinforced.
pub fn grown(shards: u32) -> Colony {
    grown_with(shards, |_| None)
}

// The same in a few threads of different lengths, some without a neighbour, with places that repeat.
pub fn grown_in_threads(shards: u32) -> Colony {
    grown_with(shards, |number| {
        let thread = match number % 5 {
            0 => return None,
            1 => format!("alone {number}"),
            2 => format!("short {}", number / 25),
            _ => "long".to_owned(),
        };
        Some(ThreadPlace { thread: thread.into(), place: (number as i64 * 37 - 900) / 3 })
    })
}

fn grown_with(shards: u32, thread: impl Fn(u64) -> Option<ThreadPlace>) -> Colony {
    let mut colony = colony(&ColonyConfig::default(), shards);
    let (mut chance, mut beside) = (Chance(41), Chance(42));
    let mut titles: Vec<String> = (0..DOCUMENTS).map(|number| words(&mut chance, 1 + number % 3)).collect();
    // Namesakes: more than a title that names anything may have, at most as many, and both on one shard or many.
    (0..40).for_each(|number| titles[6 * number] = "zeppelin".to_owned());
    (0..20).for_each(|number| titles[6 * number + 1] = "great airship".to_owned());
    for (number, title) in (0..).zip(&titles) {
        let other = &titles[chance.below(DOCUMENTS) as usize];
        let length = if number % 10 == 0 { 600 } else { 5 + chance.below(120) };
        let (head, tail) = (words(&mut chance, length), words(&mut chance, 20));
        // Turns say who speaks, by words that questions have.
        let speaker = thread(number).map_or_else(String::new, |_| format!("{}: ", Chance(number % 7).word(9)));
        let text = format!("{speaker}{head}. {other}. {tail}");
        let entries = vec![
            ("number".into(), Values::One(Value::Int(number as i64))),
            ("colour".into(), Values::One(Value::Text(["red", "green", "blue"][number as usize % 3].into()))),
        ];
        let metadata = Metadata::new(entries).unwrap();
        let key = format!("doc-{number}");
        let body = Body {
            key: (number % 9 != 4).then(|| key.as_str().into()),
            title: title.as_str().into(),
            text: text.into(),
            metadata,
            thread: thread(number),
            time: (number % 4 > 0).then(|| beside.below(1000) as i64 * DAY),
            vector: (number % 5 > 0).then(|| vector(&mut beside)),
            ..Body::default()
        };
        colony.apply(Input::Ingest(vec![body])).unwrap();
        if number % 50 == 49 {
            (0..3).for_each(|_| drop(colony.tick().unwrap()));
        }
    }
    for number in [3, 60, 119, 250] {
        assert!(colony.delete(DocumentId::from_key(&format!("doc-{number}"))).unwrap());
    }
    (0..3).for_each(|_| drop(colony.tick().unwrap()));
    let labels = colony.state().view().nodes().unwrap().rows.into_iter().map(|row| row.data.label.to_string());
    let labels: Vec<String> = labels.collect();
    for number in [1, 2, 5] {
        let path = [(labels[number].clone(), vec![labels[number + 7].clone()])];
        assert!(colony.reinforce(DocumentId::from_key(&format!("doc-{number}")), &path).unwrap());
    }
    (0..2).for_each(|_| drop(colony.tick().unwrap()));
    colony
}

// Nodes that are asked and reply in bytes.
pub struct Parted {
    pub parts: Vec<Replica>,
    pub bytes: Cell<usize>,
    pub scatters: Cell<usize>,
    nodes: Vec<usize>,
    buffers: RefCell<Vec<Buffers>>,
}

impl Parted {
    // The seats are dealt to the nodes in turn; some nodes may have none.
    pub fn new(whole: &Replica, count: usize) -> Parted {
        let seats = whole.shards().len();
        let of = |node: usize| (0..seats).filter(|seat| (seat * 7 + 3) % count == node).collect::<Vec<_>>();
        let parts: Vec<Replica> = (0..count).map(|node| whole.part(&of(node))).collect();
        let nodes = (0..seats).map(|seat| (seat * 7 + 3) % count).collect();
        let buffers = RefCell::new((0..count).map(|_| Buffers::default()).collect());
        Parted { parts, nodes, buffers, bytes: Cell::new(0), scatters: Cell::new(0) }
    }

    fn crossed(&self, bytes: Result<Vec<u8>>) -> Vec<u8> {
        let bytes = bytes.unwrap();
        self.bytes.set(self.bytes.get() + bytes.len());
        bytes
    }
}

impl Nodes for Parted {
    fn node_of(&self, seat: usize) -> usize {
        self.nodes[seat]
    }

    fn count(&self) -> usize {
        self.parts.len()
    }

    fn ask(&self, requests: Vec<(usize, Ask)>) -> Result<Vec<Reply>> {
        self.scatters.set(self.scatters.get() + 1);
        let mut asked = vec![false; self.count()];
        let mut reply = |(node, ask): (usize, Ask)| {
            assert!(!std::mem::replace(&mut asked[node], true), "a node is asked once in a round");
            let ask = Ask::decode(&self.crossed(ask.encode()))?;
            let (part, buffers) = (&self.parts[node], &mut self.buffers.borrow_mut()[node]);
            let reply = home::answer(part.view(), part.own(), &ask, buffers)?;
            Reply::decode(&self.crossed(reply.encode()))
        };
        requests.into_iter().map(&mut reply).collect()
    }
}
