//! What it costs to live on disk, beside the same colony in memory in the same run.
//!
//! `cargo run --release -p phago-engine --example on_disk -- [DOCUMENTS] [FOLDER]`: 64,512 documents of some 60 words
//! with words as unevenly used as real ones, ingested in batches of 1,000 and digested; then opened after a close, and
//! after an end without one with the longest tail. The folder must not hold a colony; without one, it is a temporary
//! folder.

use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ring::Ring;
use phago_engine::store::{Directory, Files, Open, Options};
use phago_engine::{OnError, Runner, RunnerConfig, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: usize = 1000;
const SINGLE: usize = 500;

fn documents(from: usize, count: usize) -> Vec<Body> {
    let mut state = from as u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut word = move || {
        // Of rank r with a probability about proportional to 1 / r.
        let unit = (next() >> 11) as f64 / (1u64 << 53) as f64;
        let mut rank = 60_000f64.powf(unit) as u64 + 60;
        let mut word = String::new();
        while rank > 0 {
            word.push(char::from(b"bdfgklmnprtz"[(rank % 12) as usize]));
            word.push(char::from(b"aeiou"[(rank / 12 % 5) as usize]));
            rank /= 60;
        }
        word + "k"
    };
    let mut body = |number: usize| {
        let text: Vec<String> = (0..60).map(|_| word()).collect();
        Body { key: Some(format!("document-{number}").into()), text: text.join(" ").into(), ..Body::default() }
    };
    (from..from + count).map(&mut body).collect()
}

fn grow(world: &Arc<World>, runner: &Runner, all: &[Body]) -> Duration {
    let begun = Instant::now();
    for batch in all.chunks(BATCH) {
        let batch = batch.iter().cloned().map(Ok).collect();
        world.ingest(batch, 0, OnError::Raise, Some(runner.pool())).expect("taken");
    }
    runner.run_until_quiet_blocking(None, || false).expect("digested");
    begun.elapsed()
}

fn bytes_in(folder: &Path) -> u64 {
    let files = Directory::new(folder);
    let length = |name: String| files.open(&name, Open::Read).expect("there").length().expect("its length");
    files.list().expect("its files").into_iter().map(length).sum()
}

fn open(folder: &Path) -> Arc<World> {
    World::open(Arc::new(Directory::new(folder)), Options::default(), None, None).expect("opened")
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().map_or(64_512, |count| count.parse().expect("a number of documents"));
    let folder = arguments.next().map_or_else(|| std::env::temp_dir().join("phago-on-disk"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let _inside = runtime.enter();
    let runner_of = |world: &Arc<World>| {
        Runner::new(world.clone(), RunnerConfig::default(), runtime.handle().clone()).expect("a runner")
    };
    let all = documents(0, count);
    let text: u64 = all.iter().map(Body::text_bytes).sum();

    let memory = World::new(ColonyConfig::default(), Ring::new(1, 150)).expect("a colony");
    let in_memory = grow(&memory, &runner_of(&memory), &all);

    let disk = open(&folder);
    let runner = runner_of(&disk);
    let on_disk = grow(&disk, &runner, &all);
    println!("{count} documents, {:.1} MB of text", text as f64 / 1e6);
    println!(
        "ingest and digest: memory {in_memory:.2?}, disk {on_disk:.2?}, {:.2}x",
        on_disk.as_secs_f64() / in_memory.as_secs_f64()
    );
    assert_eq!(disk.digest().expect("a digest"), memory.digest().expect("a digest"));

    let begun = Instant::now();
    for document in documents(count, SINGLE) {
        disk.ingest(vec![Ok(document)], 0, OnError::Raise, None).expect("kept");
    }
    println!("single documents, each kept: {:.0} a second", SINGLE as f64 / begun.elapsed().as_secs_f64());
    runner.run_until_quiet_blocking(None, || false).expect("digested");

    let begun = Instant::now();
    disk.checkpoint().expect("written");
    println!(
        "checkpoint: {:.2?}, {:.2} bytes on disk for each of text",
        begun.elapsed(),
        bytes_in(&folder) as f64 / text as f64
    );
    let digest = disk.digest().expect("a digest");
    drop(runner);
    disk.close().expect("closed");
    drop(disk);
    let begun = Instant::now();
    let disk = open(&folder);
    println!("open after a close: {:.2?}", begun.elapsed());
    assert_eq!(disk.digest().expect("a digest"), digest);

    // The longest tail there can be before a checkpoint is written on its own, digested.
    let runner = runner_of(&disk);
    let longest = (count / 4).max(4096) - 1;
    grow(&disk, &runner, &documents(2 * count, longest));
    let digest = disk.digest().expect("a digest");
    drop((runner, disk));
    let begun = Instant::now();
    let disk = open(&folder);
    println!("open after an end without a close, {longest} documents in the log: {:.2?}", begun.elapsed());
    assert_eq!(disk.digest().expect("a digest"), digest);
    println!("peak of bytes on disk for each of text: {:.2}", bytes_in(&folder) as f64 / text as f64);
}
