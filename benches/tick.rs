//! Ticks of the plain loop: empty, idle over a million synapses, and full, where rows are delivered.
//!
//! `cargo bench -p phago-core --bench tick`

#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use phago_core::cancel::Cancel;
use phago_core::colony::{Colony, stage};
use phago_core::config::ColonyConfig;
use phago_core::ring::Ring;
use std::hint::black_box;

// Each has 30 words of its own and makes 870 synapses.
const STRANGERS: usize = 1150;

fn colony(shards: u32, texts: impl Iterator<Item = String>) -> Colony {
    // So slow that nothing of what is measured expires.
    let config = ColonyConfig { edge_decay_rate: 1e-9, ..ColonyConfig::default() };
    let mut colony = Colony::new(config, Ring::new(shards, 150)).expect("the config is accepted");
    for text in texts {
        colony.ingest(None, "", &text).expect("the document is new");
    }
    colony
}

fn strangers() -> impl Iterator<Item = String> {
    (0..STRANGERS).map(|at| (0..30).map(|word| format!("w{}", at * 30 + word)).collect::<Vec<_>>().join(" "))
}

// Words that return, small numbers more often: rows grow to the cap and beyond.
fn acquaintances(count: u32) -> impl Iterator<Item = String> {
    let mut state = 7u32;
    let mut word = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = f64::from(state >> 8) / f64::from(1 << 24);
        format!("w{}", (unit * unit * 10_000.0) as u32)
    };
    (0..count).map(move |_| (0..40).map(|_| word()).collect::<Vec<_>>().join(" "))
}

fn quiet(mut colony: Colony) -> Colony {
    while !colony.state().is_quiet() {
        colony.tick().expect("the tick is made");
    }
    colony
}

fn ticks(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("tick");
    for shards in [1, 2, 8] {
        let mut empty = colony(shards, std::iter::empty());
        group.bench_function(format!("empty, {shards} shards"), |b| b.iter(|| black_box(empty.tick())));
        let mut full = quiet(colony(shards, strangers()));
        assert_eq!(full.state().edge_count(), STRANGERS as u64 * 870);
        group.bench_function(format!("idle, {shards} shards, a million synapses"), |b| {
            b.iter(|| black_box(full.tick()))
        });
    }
}

fn delivery(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("delivery");
    group.sample_size(20);
    for shards in [1, 16] {
        // One tick's worth digested, so that rows have something to lose; a second one waits.
        let mut colony = colony(shards, acquaintances(8192));
        colony.tick().expect("the tick is made");
        let plan = colony.state().plan().expect("ticks can be counted");
        let lists = plan.grants.iter().map(Vec::len).sum::<usize>() as u64;
        group.throughput(Throughput::Elements(lists));
        let state = colony.state();
        group.bench_function(format!("a tick staged, {shards} shards, documents"), |b| {
            b.iter_batched(Cancel::new, |cancel| black_box(stage(state, &plan, &cancel)), BatchSize::PerIteration);
        });
    }
}

criterion_group!(benches, ticks, delivery);
criterion_main!(benches);
