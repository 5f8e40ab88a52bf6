//! What a tick costs beyond its work: empty ticks, then full ones, through the runner and in the plain loop, in turn.
//!
//! `cargo run --release -p phago-engine --example tick_cost`

use phago_core::colony::Colony;
use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ring::Ring;
use phago_engine::{OnError, Pool, Runner, RunnerConfig, World};
use std::sync::mpsc;
use std::time::Instant;

const TICKS: usize = 2000;

fn quantiles(mut micros: Vec<f64>) -> String {
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
    format!("p50 {:.1} us, p5 {:.1}, p95 {:.1}", at(0.5), at(0.05), at(0.95))
}

fn measure(mut step: impl FnMut()) -> String {
    (0..200).for_each(|_| step());
    let timed = (0..TICKS).map(|_| {
        let start = Instant::now();
        step();
        start.elapsed().as_secs_f64() * 1e6
    });
    quantiles(timed.collect())
}

// A corpus from a seed: 20,000 documents of 60 words, of rank r about as often as 1 / r.
fn corpus() -> Vec<Body> {
    let mut state = 1u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let unit = (state >> 11) as f64 / (1u64 << 53) as f64;
        format!("w{}x", 30_000f64.powf(unit) as u64)
    };
    let text = |word: &mut dyn FnMut() -> String| (0..60).map(|_| word()).collect::<Vec<_>>().join(" ");
    let document =
        |number| Body { key: Some(format!("{number}").into()), text: text(&mut word).into(), ..Body::default() };
    (0..20_000).map(document).collect()
}

fn full(runtime: &tokio::runtime::Runtime) {
    let corpus = corpus();
    let seconds = |start: Instant| start.elapsed().as_secs_f64();
    for round in 0..3 {
        let mut colony = Colony::new(ColonyConfig::default(), Ring::new(1, 150)).unwrap();
        let start = Instant::now();
        for document in &corpus {
            colony.ingest(document.key.as_deref(), &document.title, &document.text).unwrap();
        }
        let ingest = seconds(start);
        while !colony.state().is_quiet() {
            colony.tick().unwrap();
        }
        println!("round {round}, plain loop: ingest {ingest:.2} s, ticks {:.2} s", seconds(start) - ingest);
        let digest = colony.digest();
        drop(colony);
        for (shards, max_parallelism) in [(1, 1), (1, 2), (2, 1), (2, 2), (16, 2)] {
            let world = World::new(ColonyConfig::default(), Ring::new(shards, 150)).unwrap();
            let config = RunnerConfig { max_parallelism, ..RunnerConfig::default() };
            let runner = Runner::new(world.clone(), config, runtime.handle().clone()).unwrap();
            let start = Instant::now();
            for chunk in corpus.chunks(1000) {
                let chunk = chunk.iter().cloned().map(Ok).collect();
                world.ingest(chunk, 0, OnError::Raise, Some(runner.pool())).unwrap();
            }
            let ingest = seconds(start);
            runner.run_until_quiet_blocking(None, || false).unwrap();
            let ticks = seconds(start) - ingest;
            assert_eq!(world.digest().unwrap(), digest);
            println!(
                "round {round}, {shards} shards, {max_parallelism} workers: ingest {ingest:.2} s, ticks {ticks:.2} s"
            );
        }
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for workers in [1, 2] {
        let pool = Pool::new(workers);
        let phase = measure(|| {
            let (send, receive) = mpsc::channel();
            pool.run_phase(workers, |_| (), move || send.send(()).unwrap()).unwrap();
            receive.recv().unwrap();
        });
        println!("empty phase, {workers} workers, woken and waited for: {phase}");
    }
    for shards in [1, 2, 8] {
        let mut colony = Colony::new(ColonyConfig::default(), Ring::new(shards, 150)).unwrap();
        println!("{shards} shards, plain loop:      {}", measure(|| drop(colony.tick().unwrap())));
        for max_parallelism in [1, 2, 8] {
            let world = World::new(ColonyConfig::default(), Ring::new(shards, 150)).unwrap();
            let config = RunnerConfig { max_parallelism, ..RunnerConfig::default() };
            let runner = Runner::new(world, config, runtime.handle().clone()).unwrap();
            let blocking = measure(|| drop(runner.tick_blocking(|| false).unwrap()));
            let awaited = measure(|| drop(runtime.block_on(runner.tick()).unwrap()));
            let spawned = runtime.block_on(async {
                let mut timed = Vec::new();
                let runner = std::sync::Arc::new(runner);
                for _ in 0..TICKS {
                    let runner = runner.clone();
                    let tick = tokio::spawn(async move {
                        let start = Instant::now();
                        runner.tick().await.unwrap();
                        start.elapsed().as_secs_f64() * 1e6
                    });
                    timed.push(tick.await.unwrap());
                }
                quantiles(timed)
            });
            println!("{shards} shards, {max_parallelism} workers, blocking: {blocking}");
            println!("{shards} shards, {max_parallelism} workers, block_on: {awaited}");
            println!("{shards} shards, {max_parallelism} workers, in a task: {spawned}");
        }
    }
    full(&runtime);
}
