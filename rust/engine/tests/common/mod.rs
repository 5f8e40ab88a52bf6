//! Seeded text and the small steps that tests share.
#![allow(dead_code, unreachable_pub)]

use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::metadata::{Metadata, Value, Values};
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_core::{Error, Result};
use phago_engine::{Action, Fault, OnError, Recover, Runner, RunnerConfig, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// As long as anything may take on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);
/// Longer: who waits for this in vain is found.
pub const FOREVER_MS: u64 = 600_000;

/// A counter-based generator (SplitMix64): a test's text is its seed.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A word of a vocabulary, of rank r with a probability about proportional to 1 / r (Zipf).
    pub fn word(&mut self, vocabulary: f64) -> String {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        let mut rank = vocabulary.powf(unit) as u64 + 60;
        let mut word = String::new();
        while rank > 0 {
            word.push(char::from(b"bdfgklmnprtz"[(rank % 12) as usize]));
            word.push(char::from(b"aeiou"[(rank / 12 % 5) as usize]));
            rank /= 60;
        }
        word + "k"
    }
}

/// The metadata of a document of this number: none for every third.
pub fn metadata(number: u64) -> Metadata {
    let one = |key: &str, value| (key.into(), Values::One(value));
    let tags = (0..number % 4).map(|tag| Value::Text(format!("tag-{}", number / 3 % 5 + tag).into())).collect();
    let entries = vec![
        one("number", Value::Int(number as i64)),
        one("half", Value::Float(number as f64 / 2.0)),
        one("odd", Value::Bool(number % 2 == 1)),
        ("tags".into(), Values::Many(tags)),
    ];
    if number.is_multiple_of(3) { Metadata::default() } else { Metadata::new(entries).unwrap() }
}

/// `count` documents of 5 to 60 words, every seventh without a key, most with metadata.
pub fn documents(seed: u64, count: usize) -> Vec<Body> {
    let mut chance = Chance(seed);
    let document = |number| {
        let words = 5 + chance.below(56);
        let text: Vec<String> = (0..words).map(|_| chance.word(900.0)).collect();
        let key = (number % 7 != 3).then(|| format!("doc-{number}").into());
        let title = chance.word(50.0).into();
        Body { key, title, text: text.join(" ").into(), metadata: metadata(number as u64), ..Body::default() }
    };
    (0..count).map(document).collect()
}

pub fn world(shards: u32) -> Arc<World> {
    world_with(shards, ColonyConfig { documents_per_tick: 64, ..ColonyConfig::default() })
}

pub fn world_with(shards: u32, config: ColonyConfig) -> Arc<World> {
    World::new(config, Ring::new(shards, 150)).unwrap()
}

pub fn runner(world: &Arc<World>, max_parallelism: u32, phase_timeout_ms: u64) -> Runner {
    let config = RunnerConfig { max_parallelism, phase_timeout_ms, ..RunnerConfig::default() };
    Runner::new(world.clone(), config, Handle::current()).unwrap()
}

/// A runner that redoes no tick: a fault is its caller's error at once.
pub fn manual(world: &Arc<World>, max_parallelism: u32, phase_timeout_ms: u64) -> Runner {
    let recover = Recover::Manual;
    let config = RunnerConfig { max_parallelism, phase_timeout_ms, recover, ..RunnerConfig::default() };
    Runner::new(world.clone(), config, Handle::current()).unwrap()
}

pub fn ingest(world: &World, documents: &[Body]) {
    let chunk = documents.iter().cloned().map(Ok).collect();
    world.ingest(chunk, 0, OnError::Raise, None).unwrap();
}

/// Ingests documents in batches, with two ticks after each.
pub async fn grow(world: &World, runner: &Runner, documents: &[Body]) {
    for batch in documents.chunks(40) {
        ingest(world, batch);
        runner.tick().await.unwrap();
        runner.tick().await.unwrap();
    }
}

pub fn fault(action: Action, shard: u32, phase: Phase, tick: u64) -> Fault {
    Fault { action, shard: ShardId(shard), phase, tick: Some(tick) }
}

pub fn never() -> bool {
    false
}

/// What does not hang.
pub async fn ends<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, work).await.expect("it hangs")
}

/// Until every fault has begun: the tick is in the midst of its phase.
pub async fn faults_began(runner: &Runner) {
    let begun = async {
        while runner.faults().count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    ends(begun).await;
}

/// The digest of a run without faults over the same inputs: three batches, two ticks after each, then until quiet.
pub fn reference(documents: &[Body]) -> String {
    let config = ColonyConfig { documents_per_tick: 64, ..ColonyConfig::default() };
    let mut colony = phago_core::colony::Colony::new(config, Ring::new(1, 150)).unwrap();
    for batch in documents.chunks(documents.len().div_ceil(3)) {
        for document in batch {
            let Body { key, title, text, metadata, .. } = document;
            colony.ingest_with(key.as_deref(), title, text, metadata.clone()).unwrap();
        }
        colony.tick().unwrap();
        colony.tick().unwrap();
    }
    while !colony.state().is_quiet() {
        colony.tick().unwrap();
    }
    colony.digest()
}

/// The same inputs through a runner.
pub async fn run(runner: &Runner, documents: &[Body]) -> Result<String> {
    for batch in documents.chunks(documents.len().div_ceil(3)) {
        ingest(runner.world(), batch);
        runner.tick().await?;
        runner.tick().await?;
    }
    runner.run_until_quiet(None).await?;
    runner.world().digest()
}

pub fn timeout_shards(error: &Error) -> Vec<u32> {
    match error {
        Error::PhaseTimeout { shards, .. } | Error::ShardDied { shards, .. } => shards.iter().map(|id| id.0).collect(),
        other => panic!("{other:?}"),
    }
}
