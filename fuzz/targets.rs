// What decodes bytes that may be anything. Each target returns whether it accepted them, and must never panic.
//
// The fuzzer and the test of `rust/engine/tests/decoders.rs` share this file.

use phago_core::cancel::Cancel;
use phago_core::checkpoint::{self, Section, Share};
use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::{Body, ThreadPlace, Vector};
use phago_core::input::Input;
use phago_core::message::{Batch, Header};
use phago_core::metadata::{Comparison, Filter, Metadata, Value, Values};
use phago_core::phase::Phase;
use phago_core::query::{Ranking, Wording};
use phago_core::reinforcement::Reinforcement;
use phago_core::ring::Ring;
use phago_core::shard::Seat;
use phago_core::text::{Lexicon, Session};
use phago_engine::store::{Files, Memory, Options, WitnessSync, verify};
use phago_engine::{Follower, Layout, OnError, World};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// A target: its name, what it does with bytes, and some that it accepts.
pub type Target = (&'static str, fn(&[u8]) -> bool, Vec<Vec<u8>>);

const LAYOUT: Layout = Layout { shards: 2, virtual_nodes: 20 };
const OPTIONS: Options = Options { witness: WitnessSync::Sealed, make: false, mutant: None };

fn bodies() -> Vec<Body> {
    let body = |number: usize, text: &str| {
        let one = |key: &str, value| (key.into(), Values::One(value));
        let metadata =
            Metadata::new(vec![one("number", Value::Int(number as i64)), one("lang", Value::Text("de".into()))]);
        Body {
            key: (number != 2).then(|| format!("d{number}").into()),
            title: format!("title {number}").into(),
            text: text.into(),
            metadata: metadata.expect("metadata"),
            expires: (number == 3).then_some(phago_core::documents::Lifetime::Tick(9)),
            thread: (number != 1).then(|| ThreadPlace { thread: "t".into(), place: number as i64 }),
            time: (number != 1).then_some(number as i64 * 1_000_000),
            vector: (number != 0).then(|| Vector::new(&[number as f64, 1.0, -0.5]).expect("a vector")),
        }
    };
    let texts =
        ["ions cross the membrane", "a pump moves ions", "the membrane holds a pump", "日本語 naïve don't 3.14"];
    texts.iter().enumerate().map(|(number, text)| body(number, text)).collect()
}

// A small colony in the midst of its life, and on disk.
struct Example {
    colony: Colony,
    world: Arc<World>,
    files: BTreeMap<String, Vec<u8>>,
    sections: Vec<(Section, Vec<u8>)>,
    batches: Vec<Vec<u8>>,
}

fn example() -> Example {
    let mut colony = Colony::new(ColonyConfig::default(), Ring::new(2, 20)).expect("a colony");
    colony.apply(Input::Ingest(bodies())).expect("documents");
    let mut batches = Vec::new();
    {
        let (state, cancel) = (colony.state(), Cancel::new());
        let plan = state.plan().expect("a plan");
        for shard in state.shards() {
            let mut seat = Seat::new();
            for phase in [Phase::Sense, Phase::Act] {
                seat.step(phase, shard, &plan, state.commons(), &cancel).expect("a phase");
            }
            batches.extend(seat.take_outbox().iter().map(|batch| batch.encode(state.commons().lexicon())));
        }
    }
    colony.tick().expect("a tick");
    assert!(colony.delete(bodies()[0].id()).unwrap());
    let mut sections = Vec::new();
    let put = |section, bytes: Vec<u8>| {
        sections.push((section, bytes));
        Ok::<(), phago_core::Error>(())
    };
    checkpoint::write(colony.state(), put).expect("columns");
    let memory = Memory::new();
    let world =
        World::open(Arc::new(memory.clone()), Options { make: true, ..OPTIONS }, Some(LAYOUT), None).expect("new");
    let ingest = |bodies: Vec<Body>| {
        world.ingest(bodies.into_iter().map(Ok).collect(), 0, OnError::Raise, None).expect("documents");
    };
    ingest(bodies()[..2].to_vec());
    world.checkpoint().expect("a checkpoint");
    ingest(bodies()[2..].to_vec());
    world.seal().expect("sealed");
    Example { colony, world, files: memory.contents(), sections, batches }
}

static EXAMPLE: LazyLock<Example> = LazyLock::new(example);

// Opens a directory of which one file is these bytes, to write and to read, and verifies it.
fn opens(name: &str, bytes: &[u8]) -> bool {
    let mut contents = EXAMPLE.files.clone();
    contents.insert(name.to_owned(), bytes.to_vec());
    let files = || -> Arc<dyn Files> { Arc::new(Memory::from_files(contents.clone())) };
    let _ = verify(&files());
    let _ = Follower::open(files(), None);
    World::open(files(), OPTIONS, Some(LAYOUT), None).and_then(|world| world.digest()).is_ok()
}

pub fn log(bytes: &[u8]) -> bool {
    opens("log-1", bytes)
}

pub fn checkpoint_file(bytes: &[u8]) -> bool {
    opens("checkpoint-1", bytes)
}

pub fn witness(bytes: &[u8]) -> bool {
    opens("witness", bytes)
}

/// The columns behind the checksums: the first byte says of which section these are.
pub fn columns(bytes: &[u8]) -> bool {
    let Some((which, bytes)) = bytes.split_first() else { return false };
    let sections = &EXAMPLE.sections;
    let damaged = sections[usize::from(*which) % sections.len()].0;
    let get = |section| {
        let whole = sections.iter().find(|(known, _)| *known == section);
        Ok(if section == damaged { bytes.to_vec() } else { whole.expect("a section").1.clone() })
    };
    let Ok(state) = checkpoint::read(ColonyConfig::default(), Ring::new(3, 20), Share::Whole, get) else {
        return false;
    };
    // What is accepted can be read, and makes ticks or refuses them. Hashes guard the columns, so that they say
    // together what a colony was is not asked.
    let mut colony = Colony::of(state);
    colony.digest();
    let found = colony.search("ions cross the membrane", 5);
    let made = (0..3).all(|_| colony.tick().is_ok());
    colony.digest();
    found.is_ok() && made
}

pub fn input(bytes: &[u8]) -> bool {
    let Ok(input) = Input::decode(bytes) else { return false };
    assert_eq!(Input::decode(&input.encode()).as_ref(), Ok(&input), "it is read as it is written");
    let mut colony = Colony::of(EXAMPLE.colony.state().clone());
    if !matches!(input, Input::Tick { .. }) {
        let _ = colony.apply(input);
        colony.tick().expect("a tick");
    }
    true
}

pub fn batch(bytes: &[u8]) -> bool {
    let _ = Header::read(bytes);
    Batch::decode(bytes, EXAMPLE.colony.state().commons().lexicon()).is_ok()
}

pub fn query(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let answer = EXAMPLE.world.answer(&*text, 3, &Ranking::default(), &Filter::default(), true, &Cancel::new());
    let explained = EXAMPLE.world.explain(&*text, "d1", &Ranking::default(), &Cancel::new());
    // The same with its operators, if it has any: an error is of the text, and no answer is.
    if let Ok(wording) = Wording::read(&text, Some(true)) {
        let answer = EXAMPLE.world.answer(&wording, 3, &Ranking::default(), &Filter::default(), true, &Cancel::new());
        return answer.is_ok() && explained.is_ok();
    }
    answer.is_ok() && explained.is_ok()
}

pub fn analyser(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let (title, text) = text.split_once('\n').unwrap_or(("", &text));
    let mut session = Session::new(Arc::new(Lexicon::new()));
    let first = format!("{:?}", session.analyse(title, text));
    assert_eq!(format!("{:?}", session.analyse(title, text)), first, "a text is always read in the same way");
    true
}

/// A filter: a chain of operators, each a byte with a value after it.
pub fn filter(bytes: &[u8]) -> bool {
    let metadata = bodies().swap_remove(0).metadata;
    let mut filters = vec![Filter::default()];
    let mut all = true;
    for piece in bytes.chunks(10) {
        let (operator, rest) = (piece[0], &piece[1..]);
        let mut number = [0; 8];
        number[..rest.len().min(8)].copy_from_slice(&rest[..rest.len().min(8)]);
        let value = match operator % 5 {
            0 => Value::Int(i64::from_le_bytes(number)),
            1 => Value::Float(f64::from_le_bytes(number)),
            2 => Value::from(u64::from_le_bytes(number)),
            3 => Value::Bool(number[0] % 2 == 0),
            _ => Value::Text(String::from_utf8_lossy(rest).into()),
        };
        let comparison = match operator / 5 % 8 {
            0 => Comparison::In(vec![value.clone(), value]),
            1 => Comparison::NotIn(vec![value]),
            2 => Comparison::Ne(value),
            3 => Comparison::Gt(value),
            4 => Comparison::Gte(value),
            5 => Comparison::Lt(value),
            6 => Comparison::Lte(value),
            _ => Comparison::Exists(number[1] % 2 == 0),
        };
        let key = ["number", "lang", "none", ""][usize::from(operator) / 40 % 4];
        let made = match operator / 160 {
            0 => Filter::new(vec![(key.into(), vec![comparison])]),
            _ if operator % 3 == 0 => Filter::all(std::mem::take(&mut filters)),
            _ if operator % 3 == 1 => Filter::any(std::mem::take(&mut filters)),
            _ => Filter::not(filters.pop().unwrap_or_default()),
        };
        all &= made.is_ok();
        filters.extend(made);
    }
    for filter in filters {
        filter.accepts(&metadata);
        let found = EXAMPLE.world.answer("ions", 3, &Ranking::default(), &filter, false, &Cancel::new());
        all &= found.is_ok();
    }
    all
}

/// All targets.
pub fn all() -> Vec<Target> {
    let file = |name: &str| vec![EXAMPLE.files[name].clone()];
    let texts = || -> Vec<Vec<u8>> {
        bodies().iter().map(|body| format!("{}\n{}", body.title, body.text).into_bytes()).collect()
    };
    let columns_of = |(at, (_, bytes)): (usize, &(Section, Vec<u8>))| [&[at as u8], &bytes[..]].concat();
    let words = ["ions".to_owned()];
    let path = Reinforcement::new([("membrane", &words[..])], |word| Some(word.to_owned())).expect("words");
    let id = bodies()[1].id();
    let inputs = [
        Input::Ingest(bodies()),
        Input::Update(bodies().swap_remove(1)),
        Input::Delete(id),
        Input::Reinforce { id, path, times: 2 },
        Input::Tick { tick: 1, attempt: 1, cut: 1 },
    ];
    vec![
        ("log", log, file("log-1")),
        ("checkpoint", checkpoint_file, file("checkpoint-1")),
        ("witness", witness, file("witness")),
        ("columns", columns, EXAMPLE.sections.iter().enumerate().map(columns_of).collect()),
        ("input", input, inputs.iter().map(Input::encode).collect()),
        ("batch", batch, EXAMPLE.batches.clone()),
        ("query", query, texts()),
        ("analyser", analyser, texts()),
        ("filter", filter, vec![vec![0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 4, b'd', b'e']]),
    ]
}
