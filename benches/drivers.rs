//! The tokio runner beside the plain loop over the same shard code, in turn: a corpus digested, and empty ticks.
//!
//! `cargo bench -p phago-engine --bench drivers -- [FILE] [TURNS]`; FILE holds id, title and text of each document,
//! each followed by a zero byte. Without one the documents are made up. A line of JSON for each contender and turn.
//! `test_bench_drivers.py` calls it; Python cannot, because the plain loop is not exposed.

use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ring::Ring;
use phago_engine::{OnError, Runner, RunnerConfig, World};
use std::hint::black_box;
use std::time::Instant;
use tokio::runtime::Runtime;

const VIRTUAL_NODES: u32 = 150;
const CHUNK: usize = 1000;
// The median of this many is a turn's figure.
const TICKS: usize = 500;

fn main() {
    // Cargo itself adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let documents = arguments.next().map_or_else(made_up, |file| read(&file));
    let turns = arguments.next().map_or(5, |turns| turns.parse().expect("TURNS is a number"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
    for _ in 0..turns {
        let digest = plain(&documents);
        assert_eq!(digest, driven(&documents, &runtime), "both drivers make one colony");
        for shards in [1, 2, 8] {
            empty_ticks(shards, &runtime);
        }
    }
}

fn read(file: &str) -> Vec<Body> {
    let bytes = std::fs::read(file).expect("FILE can be read");
    let fields: Vec<&str> = std::str::from_utf8(&bytes).expect("FILE is UTF-8").split_terminator('\0').collect();
    assert_eq!(fields.len() % 3, 0, "a document has three fields");
    fields
        .chunks(3)
        .map(|field| {
            let (key, title, text) = (Some(field[0].into()), field[1].into(), field[2].into());
            Body { key, title, text, ..Body::default() }
        })
        .collect()
}

// Documents of 40 words, small numbers more often than large ones.
fn made_up() -> Vec<Body> {
    let mut state = 7u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(state >> 8) / f64::from(1 << 24);
        format!("w{}", (unit * unit * unit * 20_000.0) as u32)
    };
    let text = |number: u32| (0..40).map(|_| word()).collect::<Vec<_>>().join(" ") + &format!(" n{number}");
    let texts: Vec<String> = (0..10_000).map(text).collect();
    texts.into_iter().map(|text| Body { text: text.into(), ..Body::default() }).collect()
}

fn line(name: &str, ingested: f64, seconds: f64) {
    let run = seconds - ingested;
    println!(r#"{{"name": "{name}", "seconds": {seconds}, "ingest": {ingested}, "run": {run}}}"#);
}

fn plain(documents: &[Body]) -> String {
    let begun = Instant::now();
    let mut colony =
        Colony::new(ColonyConfig::default(), Ring::new(1, VIRTUAL_NODES)).expect("the defaults are accepted");
    for document in documents {
        colony.ingest(document.key.as_deref(), &document.title, &document.text).expect("the document is new");
    }
    let ingested = begun.elapsed().as_secs_f64();
    while !colony.state().is_quiet() {
        colony.tick().expect("the tick is made");
    }
    line("plain loop", ingested, begun.elapsed().as_secs_f64());
    colony.digest()
}

fn driven(documents: &[Body], runtime: &Runtime) -> String {
    let chunks: Vec<Vec<_>> = documents.chunks(CHUNK).map(|chunk| chunk.iter().cloned().map(Ok).collect()).collect();
    let begun = Instant::now();
    let (world, runner) = runner(1, runtime);
    for chunk in chunks {
        world.ingest(chunk, 0, OnError::Raise, Some(runner.pool())).expect("the documents are new");
    }
    let ingested = begun.elapsed().as_secs_f64();
    runner.run_until_quiet_blocking(None, || false).expect("the ticks are made");
    line("runner", ingested, begun.elapsed().as_secs_f64());
    world.digest().expect("the state is whole")
}

fn runner(shards: u32, runtime: &Runtime) -> (std::sync::Arc<World>, Runner) {
    let world =
        World::new(ColonyConfig::default(), Ring::new(shards, VIRTUAL_NODES)).expect("the defaults are accepted");
    let config = RunnerConfig { max_parallelism: 1, ..RunnerConfig::default() };
    let runner = Runner::new(world.clone(), config, runtime.handle().clone()).expect("the runner starts");
    (world, runner)
}

fn empty_ticks(shards: u32, runtime: &Runtime) {
    let mut colony =
        Colony::new(ColonyConfig::default(), Ring::new(shards, VIRTUAL_NODES)).expect("the defaults are accepted");
    timed(&format!("plain loop, shards={shards}"), || {
        black_box(colony.tick().expect("the tick is made"));
    });
    let (_world, runner) = runner(shards, runtime);
    timed(&format!("runner, shards={shards}"), || {
        black_box(runner.tick_blocking(|| false).expect("the tick is made"));
    });
}

fn timed(name: &str, mut tick: impl FnMut()) {
    (0..TICKS / 10).for_each(|_| tick());
    let mut taken: Vec<f64> = (0..TICKS)
        .map(|_| {
            let begun = Instant::now();
            tick();
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    let us = taken[taken.len() / 2];
    println!(r#"{{"name": "{name}", "us": {us}}}"#);
}
