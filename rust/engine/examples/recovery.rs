//! How long a colony takes to recover from a shard that dies or hangs, by `cargo run --release -p phago-engine
//! --example recovery`.
//!
//! A tick with a fault in it is timed beside the same tick of the same colony without one. What a hang takes is given
//! without the time until its deadline. In each round both ticks digest as many documents; the fault is in Decay, so
//! that the attempt before it is lost as a whole.

use phago_core::config::ColonyConfig;
use phago_core::documents::Body;
use phago_core::ids::ShardId;
use phago_core::phase::Phase;
use phago_core::ring::Ring;
use phago_engine::{Action, Fault, OnError, Runner, RunnerConfig, World};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const SHARDS: u32 = 4;
const NODES: u64 = 20_000;
const ROUNDS: usize = 15;
const TIMEOUT_MS: u64 = 2_000;
// Documents of 30 words that occur nowhere else: each makes as many concepts.
const DOCUMENTS: u64 = NODES * SHARDS as u64 / 30 + 200;

fn documents(first: u64, count: u64) -> Vec<phago_core::Result<Body>> {
    let text = |number: u64| (0..30).map(|word| format!("w{}q", number * 30 + word)).collect::<Vec<_>>().join(" ");
    (first..first + count).map(|number| Ok(Body { text: text(number).into(), ..Body::default() })).collect()
}

fn colony(runtime: &tokio::runtime::Runtime) -> Result<(Arc<World>, Runner), Box<dyn Error>> {
    let world = World::new(ColonyConfig::default(), Ring::new(SHARDS, 150))?;
    let config = RunnerConfig { phase_timeout_ms: TIMEOUT_MS, max_parallelism: 2, ..RunnerConfig::default() };
    let runner = Runner::new(world.clone(), config, runtime.handle().clone())?;
    world.ingest(documents(0, DOCUMENTS), 0, OnError::Raise, None)?;
    runner.run_until_quiet_blocking(None, || false)?;
    Ok((world, runner))
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    let (world, runner) = colony(&runtime)?;
    let nodes = world.read(|state| state.shards().iter().map(|shard| shard.node_count()).collect::<Vec<_>>())?;
    println!("{SHARDS} shards of {nodes:?} nodes; medians of {ROUNDS} ticks in ms");
    println!("{:28}{:>12}{:>12}{:>12}", "", "no fault", "fault", "recovery");
    let mut next = DOCUMENTS;
    for (documents_per_tick, what) in [(0, "idle"), (100, "100 documents")] {
        // The last worker never looks whether it was given up, so the commit copies the shard that it reads.
        let kinds =
            [("dies", Action::Panic), ("hangs", Action::Hang), ("never returns", Action::HangDeaf { ms: 600_000 })];
        for (kind, action) in kinds {
            let (mut calm, mut faulty, mut recovery) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..if action == Action::Panic { ROUNDS } else { 5 } {
                let mut timed = |with_fault: bool| -> Result<f64, Box<dyn Error>> {
                    world.ingest(documents(next, documents_per_tick), 0, OnError::Raise, None)?;
                    next += documents_per_tick;
                    if with_fault {
                        let tick = Some(world.tick() + 1);
                        runner.inject(Fault {
                            action: action.clone(),
                            shard: ShardId(1),
                            phase: Phase::Decay,
                            tick,
                        })?;
                    }
                    let begun = Instant::now();
                    let report = runner.tick_blocking(|| false)?;
                    let took = begun.elapsed().as_secs_f64() * 1e3;
                    assert_eq!(report.recovered.len(), usize::from(with_fault));
                    Ok(if with_fault && action != Action::Panic { took - TIMEOUT_MS as f64 } else { took })
                };
                let (without, with) = (timed(false)?, timed(true)?);
                calm.push(without);
                faulty.push(with);
                recovery.push(with - without);
            }
            let name = format!("{what}, a shard {kind}");
            println!("{name:28}{:12.2}{:12.2}{:12.2}", median(calm), median(faulty), median(recovery));
        }
    }
    Ok(())
}
